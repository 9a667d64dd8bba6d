//! A private sysroot: Debian's Rust compiler with a wasm32 standard library that is built here.
//!
//! For machines where rustup cannot download. Touches nothing outside the tools folder but Debian's
//! own packages. Must not know that there is another route. Called by `wasm_toolchain`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use duct::cmd;

use crate::project::Project;
use crate::setup::apt;
use crate::setup::wasm_toolchain::TARGET;
use crate::{process, step};

/// The compiler, its standard library's source, and the linker of the same LLVM.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// clippy of the same compiler; only `check` needs it.
pub(crate) const CLIPPY_PACKAGE: &str = "rust-web-clippy";

/// The linker of [`PACKAGES`] for wasm.
pub(crate) const LINKER: &str = "wasm-ld-22";

const DEBIAN_BIN: &str = "/usr/bin";
const DEBIAN_RUSTLIB: &str = "/usr/lib/rustlib";
/// Counts up when the way in which a sysroot is made changes.
const RECIPE: u32 = 3;

const THROW_AWAY_CRATE: &str = "std_for_wasm32";

/// A complete sysroot.
pub(crate) struct Sysroot {
    folder: PathBuf,
    compiler: String,
}

impl Sysroot {
    /// The sysroot of this checkout, if it is complete and of the compiler that Debian has now.
    pub(crate) fn find(project: &Project) -> Option<Self> {
        if !apt::are_installed(&PACKAGES) {
            return None;
        }
        let compiler = process::read(&debian("rustc", &["--version"]))?;
        let sysroot = Self { folder: project.tools.join("sysroot"), compiler };
        step::is_stamped(&sysroot.stamp(), &sysroot.stamp_content()).then_some(sysroot)
    }

    /// Installs the packages, builds the standard library and puts the sysroot together.
    pub(crate) fn set_up(project: &Project) -> Result<Self> {
        let has_packages = || apt::are_installed(&PACKAGES);
        step::once(project, "Debian's Rust compiler", has_packages, || apt::install(&PACKAGES))?;
        let is_complete = || Self::find(project).is_some();
        step::once(project, "a wasm32 standard library for it", is_complete, || {
            let compiler = process::read(&debian("rustc", &["--version"]))
                .context("Debian's rustc does not run: type `apt-get install rustc-web`")?;
            let sysroot = Self { folder: project.tools.join("sysroot"), compiler };
            let build = project.tools.join("build").join(THROW_AWAY_CRATE);
            let libraries = sysroot.build_standard_library(&build)?;
            // What was built with an earlier one does not fit it, and cargo cannot know.
            step::remove_folder(&project.target.join(TARGET))?;
            sysroot.assemble(&libraries)?;
            step::remove_folder(&build)
        })?;
        Self::find(project).context("the sysroot is gone again: type the same command once more")
    }

    /// Where its programs are.
    pub(crate) fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// Its cargo.
    pub(crate) fn cargo(&self) -> PathBuf {
        self.bin().join("cargo")
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it is, for people.
    pub(crate) fn description(&self) -> String {
        format!("Debian's {}, with a standard library that was built here", self.compiler)
    }

    fn stamp(&self) -> PathBuf {
        self.folder.join("complete.stamp")
    }

    /// The compiler's programs name the folder, so a moved checkout needs a new sysroot too.
    fn stamp_content(&self) -> String {
        format!("{RECIPE}: {} in {}\n", self.compiler, self.folder.display())
    }

    /// Builds std from Debian's source of it, in an empty crate. Returns its libraries.
    fn build_standard_library(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
        let manifest = format!(
            "[package]\nname = \"{THROW_AWAY_CRATE}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [workspace]\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        // An interrupted build goes on where it was, unless it was of another compiler.
        let target = folder.join(format!("target {RECIPE} {}", self.compiler.replace('/', " ")));
        // `test` is among them because `wasm-pack test` needs it.
        let std = "build-std=std,panic_abort,panic_unwind,test";
        let build = debian("cargo", &["build", "--release", "-Z", std, "--target", TARGET])
            .dir(folder)
            .env("RUSTC", Path::new(DEBIAN_BIN).join("rustc"))
            .env("RUSTC_BOOTSTRAP", "1")
            // As in Rust's own releases: without it, link-time optimisation is not possible.
            .env("RUSTFLAGS", "-C embed-bitcode=yes")
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER);
        process::run(&build, "building the standard library")?;

        let mut libraries = Vec::new();
        for file in fs::read_dir(target.join(TARGET).join("release/deps"))? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            if name.ends_with(".rlib") && !name.contains(THROW_AWAY_CRATE) {
                libraries.push(file.path());
            }
        }
        if libraries.is_empty() {
            bail!(
                "the standard library is not there after its build: type the same command once more"
            );
        }
        Ok(libraries)
    }

    fn assemble(&self, libraries: &[PathBuf]) -> Result<()> {
        let partial = self.folder.with_extension("partial");
        step::remove_folder(&partial)?;
        let rustlib = partial.join("lib/rustlib");
        let wasm = rustlib.join(TARGET).join("lib");
        let bin = partial.join("bin");
        fs::create_dir_all(&wasm)?;
        fs::create_dir_all(&bin)?;
        for library in libraries {
            let name = library.file_name().context("a library has a file name")?;
            fs::copy(library, wasm.join(name))?;
        }
        let host = host_target()?;
        for name in [host.as_str(), "src"] {
            symlink(Path::new(DEBIAN_RUSTLIB).join(name), rustlib.join(name))?;
        }
        for name in ["cargo", "cargo-clippy", "clippy-driver"] {
            symlink(Path::new(DEBIAN_BIN).join(name), bin.join(name))?;
        }
        for name in ["rustc", "rustdoc"] {
            let program = bin.join(name);
            fs::write(&program, self.wrapper(name))?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        }
        step::replace_folder(&partial, &self.folder)?;
        step::write_stamp(&self.stamp(), &self.stamp_content())
    }

    /// A script that runs Debian's program of that name with this sysroot.
    fn wrapper(&self, name: &str) -> String {
        let folder = self.folder.display().to_string().replace('\'', r"'\''");
        format!("#!/bin/sh\nexec {DEBIAN_BIN}/{name} --sysroot '{folder}' \"$@\"\n")
    }
}

fn host_target() -> Result<String> {
    let text = process::read(&debian("rustc", &["-vV"])).context("Debian's rustc does not run")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("Debian's rustc does not say what it builds for")
}

/// One of Debian's programs, free of what the cargo that started us left for another compiler.
fn debian(program: &str, arguments: &[&str]) -> duct::Expression {
    cmd(Path::new(DEBIAN_BIN).join(program), arguments)
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
}
