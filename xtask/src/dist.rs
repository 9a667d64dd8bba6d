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
use crate::{page, process, single_file, step};

/// Of the wasm module, gzipped.
const WASM_BYTES_MAX: usize = 650_000;

/// Of everything else that the page loads, each file minified and gzipped by itself: what a first
/// visit takes over a slow link within a second.
const PAGE_BYTES_MAX: usize = 60_000;

/// The scripts that the page asks for by name, relative to its folder: the page's own and the
/// worker's. All other modules are imported by these.
///
/// The sources stay as they are and are served as they are: a developer's browser shows them one by
/// one. What is put on a host is one script for each of the two, because a visitor would otherwise
/// ask for thirty modules, several deep, one after the other; and it is a fifth smaller, because names
/// can be shortened across modules and repetitions compress.
const ENTRIES: [&str; 2] = ["main.js", "engine/worker.js"];

/// What every folder has that `dist` wrote.
const MARK: &str = "pkg/shardscope_web_bg.wasm";

/// The page as one file, beside the folder's own.
const SINGLE: &str = "shardscope.html";

/// What the compiler may use; wasm-opt must allow exactly that.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// What wasm-opt does. Ordered by name, the functions that are made of one generic function lie side
/// by side: gzip looks back 32 KB, finds them alike, and there is 4 % less to load.
const WASM_PASSES: [&str; 2] = ["-O2", "--reorder-functions-by-name"];

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
    step::step("bundle", || bundle(project, &partial))?;
    step::step("minify", || minify(project, &partial))?;
    step::step("wasm-opt", || {
        let wasm = partial.join(MARK);
        let command = cmd!(project.npm_program("wasm-opt"), &wasm, "-o", &wasm);
        let arguments = [&WASM_FEATURES[..], &WASM_PASSES].concat();
        let command = command.before_spawn(move |process| {
            process.args(&arguments);
            Ok(())
        });
        process::run(&command, "wasm-opt")
    })?;
    step::replace_folder(&partial, &out)?;
    let sizes = Sizes::of(&out)?;
    println!("{}", sizes.table());
    let single = out.join(SINGLE);
    step::step("single file", || single_file::write(project, &out.join(MARK), &single))?;
    println!("The page is in {}; serve it from any static host.", out.display());
    println!("{} is the same in one file: open it from disk.", single.display());
    // Last: what was asked for is there, and is too large.
    sizes.check()
}

/// Makes one minified script of each entry and what it imports. The bindings of the wasm module are
/// loaded when the page runs, and stay a module of their own.
fn bundle(project: &Project, folder: &Path) -> Result<()> {
    let fixed = ["--bundle", "--format=esm"];
    let sources = ENTRIES.map(|entry| project.www().join(entry));
    esbuild(project, &fixed, &project.www(), folder, &sources)
}

/// Minifies what was copied where it lies: styles, and the bindings.
fn minify(project: &Project, folder: &Path) -> Result<()> {
    let mut files = files_below(folder)?;
    let is_entry = |file: &PathBuf| ENTRIES.iter().any(|entry| *file == folder.join(entry));
    files.retain(|file| file.extension().is_some_and(|end| end == "js" || end == "css"));
    files.retain(|file| !is_entry(file));
    esbuild(project, &["--allow-overwrite"], folder, folder, &files)
}

/// Lets esbuild write `files`, which lie in `from`, to the same places in `to`, minified.
fn esbuild(
    project: &Project,
    options: &[&str],
    from: &Path,
    to: &Path,
    files: &[PathBuf],
) -> Result<()> {
    let folder = |option: &str, folder: &Path| {
        let mut argument = std::ffi::OsString::from(option);
        argument.push(folder);
        argument
    };
    let fixed = ["--minify", "--log-level=warning"].iter().chain(options).map(Into::into);
    let arguments = fixed.chain([folder("--outbase=", from), folder("--outdir=", to)]);
    let arguments = arguments.chain(files.iter().map(|file| file.clone().into_os_string()));
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

/// Copies what the page loads as it is: not its own scripts, which are bundled, nor the types of the
/// bindings, and nothing hidden.
fn copy_page(from: &Path, to: &Path) -> Result<()> {
    for file in files_below(from)? {
        let path = file.strip_prefix(from)?;
        if !is_loaded_as_it_is(path) {
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

fn is_loaded_as_it_is(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = path.iter().any(|part| part.to_string_lossy().starts_with('.'));
    let is_bundled = name.ends_with(".js") && !path.starts_with("pkg");
    !(hidden
        || is_bundled
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
        ENTRIES, MARK, PAGE_BYTES_MAX, Sizes, WASM_BYTES_MAX, copy_page, files_below,
        is_loaded_as_it_is, refuse_a_folder_of_something_else,
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

    /// Given the page's sources, then each script that a tag or a worker names is bundled: no other
    /// would be there to be loaded.
    #[test]
    fn every_script_that_is_asked_for_by_name_is_an_entry() {
        let www = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../www"));
        let mut named = Vec::new();
        for file in files_below(www).expect("the page is here") {
            let starts: &[&str] = match file.extension().and_then(|end| end.to_str()) {
                Some("html") => &["<script type=\"module\" src=\""],
                Some("js") if !file.starts_with(www.join("pkg")) => {
                    &["url: new URL('", "new SharedWorker(new URL('", ".register(new URL('"]
                }
                _ => continue,
            };
            let text = fs::read_to_string(&file).expect("it is text");
            for start in starts {
                let names =
                    text.split(start).skip(1).filter_map(|rest| rest.split(['"', '\'']).next());
                named.extend(names.map(str::to_owned));
            }
        }
        named.sort();
        named.dedup();
        let mut entries = ENTRIES;
        entries.sort_unstable();
        assert_eq!(named, entries);
    }

    #[test]
    fn bundled_scripts_hidden_files_and_types_stay_behind() {
        assert!(is_loaded_as_it_is(Path::new("view/scene.css")));
        assert!(is_loaded_as_it_is(Path::new("pkg/shardscope_web.js")));
        assert!(!is_loaded_as_it_is(Path::new("view/scene.js")));
        assert!(!is_loaded_as_it_is(Path::new(".git/config")));
        assert!(!is_loaded_as_it_is(Path::new("pkg/shardscope_web_bg.wasm.d.ts")));
    }
}
