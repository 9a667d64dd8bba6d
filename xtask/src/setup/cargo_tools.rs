//! Tools that cargo builds: taken from `PATH` when they fit, else installed into the tools folder.
//!
//! Must not run them. Called by `test` and `check`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use duct::cmd;

use crate::process;
use crate::project::Project;
use crate::step;

/// A program that `cargo install` brings.
struct Tool<'a> {
    package: &'a str,
    program: &'a str,
    version: &'a str,
    /// With the versions that the package was released with. Not always possible: where one of
    /// those was withdrawn since, cargo refuses.
    locked: bool,
    /// Whether the program of another version on `PATH` will do.
    any_version: bool,
}

/// `wasm-pack`, which runs tests in headless browsers.
pub(crate) fn wasm_pack(project: &Project) -> Result<PathBuf> {
    Tool {
        package: "wasm-pack",
        program: "wasm-pack",
        version: "0.15.1",
        locked: true,
        any_version: true,
    }
    .find_or_install(project)
}

/// `geckodriver`, by which a program steers Firefox.
pub(crate) fn geckodriver(project: &Project) -> Result<PathBuf> {
    Tool {
        package: "geckodriver",
        program: "geckodriver",
        version: "0.37.1",
        locked: true,
        any_version: true,
    }
    .find_or_install(project)
}

/// `cargo-deny`, which checks licences and advisories of the dependencies.
pub(crate) fn cargo_deny(project: &Project) -> Result<PathBuf> {
    Tool {
        package: "cargo-deny",
        program: "cargo-deny",
        version: "0.20.2",
        locked: true,
        any_version: true,
    }
    .find_or_install(project)
}

/// The test runner of wasm-bindgen, which must be of exactly the version that the tests use.
pub(crate) fn test_runner(project: &Project) -> Result<PathBuf> {
    Tool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen-test-runner",
        version: &project.locked_version("wasm-bindgen")?,
        locked: false,
        any_version: false,
    }
    .find_or_install(project)
}

impl Tool<'_> {
    fn find_or_install(&self, project: &Project) -> Result<PathBuf> {
        if let Some(path) = process::on_path(self.program)
            && (self.any_version || self.is_of_version(&path))
        {
            return Ok(path);
        }
        let program = project.tools_bin().join(self.program);
        let stamp = project.tools.join(format!("{}.stamp", self.package));
        let done = || step::is_stamped(&stamp, self.version) && program.is_file();
        let name = format!("{} {}, built by cargo", self.package, self.version);
        step::once(project, &name, done, || {
            self.install(project)?;
            step::write_stamp(&stamp, self.version)
        })?;
        Ok(program)
    }

    fn is_of_version(&self, program: &PathBuf) -> bool {
        let text = process::read(&cmd!(program, "--version"));
        text.is_some_and(|text| text.split_whitespace().any(|word| word == self.version))
    }

    fn install(&self, project: &Project) -> Result<()> {
        let Self { package, version, .. } = self;
        let target = project.tools.join("build").join(package);
        let mut arguments = vec!["install", "--force", "--version", version, package];
        if self.locked {
            arguments.push("--locked");
        }
        // An interrupted build goes on where it was, because its folder stays. The tools run for
        // seconds, so building them fast beats making them fast.
        let install = cmd("cargo", &arguments)
            .env("CARGO_INSTALL_ROOT", &project.tools)
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .dir(&project.tools);
        process::run(&install, "cargo install").with_context(|| {
            let program = self.program;
            format!("{program} is missing: type `cargo install {package} --version {version}`")
        })?;
        step::remove_folder(&target)
    }
}
