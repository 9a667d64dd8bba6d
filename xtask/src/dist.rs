//! `cargo xtask dist`: the page as a folder for any static host, small enough to load at once.
//!
//! Owns the size budgets. Must not change the sources in `www/`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use duct::cmd;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::project::Project;
use crate::setup::npm;
use crate::setup::wasm_toolchain::WasmToolchain;
use crate::{page, process, step};

/// Of the wasm module, gzipped.
const WASM_BYTES_MAX: usize = 600_000;

/// Of everything else that the page loads, each file minified and gzipped by itself.
const PAGE_BYTES_MAX: usize = 60_000;

/// What every folder has that `dist` wrote.
const MARK: &str = "pkg/shardscope_web_bg.wasm";

/// What the compiler may use; wasm-opt must allow exactly that.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Gzipped sizes, in bytes.
#[derive(Debug, Default, PartialEq)]
struct Sizes {
    wasm: usize,
    page: usize,
}

/// Writes the folder `out`, prints the sizes, and fails if they are over budget.
pub(crate) fn run(project: &Project, out: &Path) -> Result<()> {
    let out = std::env::current_dir()?.join(out);
    refuse_a_folder_of_something_else(&out)?;
    npm::set_up(project)?;
    let toolchain = WasmToolchain::find_or_set_up(project)?;
    page::build(project, &toolchain)?;

    let partial = out.with_extension("partial");
    step::step("copy", || {
        step::remove_folder(&partial)?;
        copy_page(&project.www(), &partial)
    })?;
    step::step("minify", || minify(project, &partial))?;
    step::step("wasm-opt -O3", || {
        let wasm = partial.join(MARK);
        let command = cmd!(project.npm_program("wasm-opt"), "-O3", &wasm, "-o", &wasm);
        let features = WASM_FEATURES.map(str::to_owned);
        let command = command.before_spawn(move |process| {
            process.args(&features);
            Ok(())
        });
        process::run(&command, "wasm-opt")
    })?;
    step::replace_folder(&partial, &out)?;
    let sizes = Sizes::of(&out)?;
    println!("{}", sizes.table());
    sizes.check()?;
    println!("The page is in {}; serve it from any static host.", out.display());
    Ok(())
}

/// Minifies scripts and styles where they lie; each stays a file of its own.
fn minify(project: &Project, folder: &Path) -> Result<()> {
    let mut files = files_below(folder)?;
    files.retain(|file| file.extension().is_some_and(|end| end == "js" || end == "css"));
    files.sort();
    let mut out = std::ffi::OsString::from("--outdir=");
    out.push(folder);
    let mut base = std::ffi::OsString::from("--outbase=");
    base.push(folder);
    let fixed = ["--minify", "--allow-overwrite", "--log-level=warning"].map(Into::into);
    let arguments = fixed.into_iter().chain([out, base]);
    let arguments = arguments.chain(files.into_iter().map(PathBuf::into_os_string));
    process::run(&cmd(project.npm_program("esbuild"), arguments), "esbuild")
}

fn refuse_a_folder_of_something_else(out: &Path) -> Result<()> {
    let is_empty = match out.read_dir() {
        Ok(mut files) => files.next().is_none(),
        Err(_) => !out.exists(),
    };
    if is_empty || out.join(MARK).is_file() {
        return Ok(());
    }
    bail!("{} holds something else: name another folder with --out, or empty it", out.display())
}

/// Copies what the page loads: not the types of the bindings, and nothing hidden.
fn copy_page(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        let path = file.strip_prefix(from)?;
        if !is_loaded_by_the_page(path) {
            continue;
        }
        let copy = to.join(path);
        let folder = copy.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::copy(&file, &copy))
            .with_context(|| format!("cannot write {}", copy.display()))?;
    }
    Ok(())
}

fn is_loaded_by_the_page(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = path.iter().any(|part| part.to_string_lossy().starts_with('.'));
    !(hidden
        || name.ends_with(".d.ts")
        || name.ends_with(".stamp")
        || path.ends_with("pkg.partial"))
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Sizes {
    fn of(folder: &Path) -> Result<Self> {
        let mut sizes = Self::default();
        for file in files_below(folder)? {
            let bytes = gzipped_size(&fs::read(&file)?)?;
            if file.extension().is_some_and(|extension| extension == "wasm") {
                sizes.wasm += bytes;
            } else {
                sizes.page += bytes;
            }
        }
        Ok(sizes)
    }

    fn table(&self) -> String {
        let row = |name: &str, bytes: usize, budget: usize| {
            let (bytes, budget) = (kilobytes(bytes), kilobytes(budget));
            format!("{name:<24} {bytes:>8} KB gzipped of {budget:>6} KB")
        };
        let wasm = row("wasm", self.wasm, WASM_BYTES_MAX);
        let page = row("page without wasm", self.page, PAGE_BYTES_MAX);
        format!("{wasm}\n{page}")
    }

    fn check(&self) -> Result<()> {
        for (name, bytes, budget) in [
            ("the wasm module", self.wasm, WASM_BYTES_MAX),
            ("the page without wasm", self.page, PAGE_BYTES_MAX),
        ] {
            if bytes > budget {
                let over = kilobytes(bytes - budget);
                bail!("{name} is {over} KB over its budget: make it smaller before it ships");
            }
        }
        Ok(())
    }
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{}", bytes / 1000, bytes % 1000 / 100)
}

fn gzipped_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{
        MARK, PAGE_BYTES_MAX, Sizes, WASM_BYTES_MAX, copy_page, is_loaded_by_the_page,
        refuse_a_folder_of_something_else,
    };

    #[test]
    fn the_budget_itself_is_allowed_and_a_byte_more_is_not() {
        let full = Sizes { wasm: WASM_BYTES_MAX, page: PAGE_BYTES_MAX };
        full.check().expect("within budget");
        let over = Sizes { wasm: WASM_BYTES_MAX + 1, page: 0 };
        let error = over.check().expect_err("over budget").to_string();
        assert!(error.contains("wasm module"), "{error}");
        let over = Sizes { wasm: 0, page: PAGE_BYTES_MAX + 1 };
        let error = over.check().expect_err("over budget").to_string();
        assert!(error.contains("page without wasm"), "{error}");
    }

    #[test]
    fn copies_what_the_page_loads_and_counts_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (www, out) = (folder.path().join("www"), folder.path().join("out"));
        fs::create_dir_all(www.join("pkg")).expect("a folder");
        for name in ["index.html", "pkg/shardscope_web.d.ts", "pkg/made-from.stamp", MARK] {
            fs::write(www.join(name), "x".repeat(100_000)).expect("a file");
        }
        copy_page(&www, &out).expect("the copy");
        assert!(out.join(MARK).is_file() && out.join("index.html").is_file());
        assert!(!out.join("pkg/shardscope_web.d.ts").exists());
        let sizes = Sizes::of(&out).expect("the sizes");
        assert_eq!(sizes.wasm, sizes.page);
        assert!((50..1000).contains(&sizes.page), "{sizes:?}");
    }

    #[test]
    fn leaves_a_folder_of_something_else_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path();
        refuse_a_folder_of_something_else(&out.join("new")).expect("a new folder");
        refuse_a_folder_of_something_else(out).expect("an empty folder");
        fs::write(out.join("thesis.txt"), "years of work").expect("a file");
        refuse_a_folder_of_something_else(out).expect_err("somebody's work");
        fs::create_dir(out.join("pkg")).expect("a folder");
        fs::write(out.join(MARK), "").expect("a file");
        refuse_a_folder_of_something_else(out).expect("what dist wrote");
    }

    #[test]
    fn hidden_files_and_types_stay_behind() {
        assert!(is_loaded_by_the_page(Path::new("view/scene.js")));
        assert!(!is_loaded_by_the_page(Path::new(".git/config")));
        assert!(!is_loaded_by_the_page(Path::new("pkg/shardscope_web_bg.wasm.d.ts")));
    }
}
