//! `cargo xtask check`: everything that can be said of the sources without running them.
//!
//! Owns which checks there are. Changes no source file. Goes on after a check that failed, so that
//! one run tells all of them.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use duct::{Expression, cmd};

use crate::project::Project;
use crate::setup::wasm_toolchain::{self, TARGET, WasmToolchain};
use crate::setup::{cargo_tools, npm};
use crate::{page, process, step};

/// The profile that `.cargo/config.toml` has for what need not run fast.
const PROFILE: &str = "quick";

const DENY_WARNINGS: [&str; 3] = ["--", "--deny", "warnings"];

/// The database is a small repository; longer than this, and something holds the download back.
const ADVISORIES_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs every check; the error names those that failed.
pub(crate) fn run(project: &Project) -> Result<()> {
    let mut failed = Vec::new();
    let mut check = |name: &'static str, outcome: &dyn Fn() -> Result<()>| {
        if let Err(error) = step::step(name, outcome) {
            println!("error: {name}: {error:#}");
            failed.push(name);
        }
    };
    check("format", &|| {
        let format = cmd!("cargo", "fmt", "--all", "--check").dir(&project.root);
        process::run(&format, "cargo fmt").context("type `cargo fmt --all`")
    });
    check("clippy", &|| clippy(project));
    check("clippy for wasm32", &|| clippy_for_wasm(project));
    check("documentation", &|| {
        let arguments = ["doc", "--profile", PROFILE, "--workspace", "--no-deps"];
        let document = cmd("cargo", arguments).env("RUSTDOCFLAGS", "-D warnings");
        process::run(&document.dir(&project.root), "cargo doc")
    });
    check("JavaScript types", &|| types(project));
    check("JavaScript format and lint", &|| {
        npm::set_up(project)?;
        let biome = cmd!(project.npm_program("biome"), "check", "--error-on-warnings");
        process::run(&biome.dir(&project.root), "biome")
            .context("type `npx biome check --write`, and mend the rest by hand")
    });
    check("dependencies", &|| dependencies(project));
    if failed.is_empty() {
        println!("All checks passed.");
        return Ok(());
    }
    bail!("mend what is said above of: {}", failed.join(", "))
}

fn clippy(project: &Project) -> Result<()> {
    wasm_toolchain::clippy_of_the_active_toolchain()?;
    let selections: [&[&str]; 2] =
        [&["--workspace"], &["--package", "shardscope-tests", "--features", "plants"]];
    for selection in selections {
        let fixed = ["clippy", "--profile", PROFILE, "--all-targets"];
        let clippy = cmd("cargo", [&fixed, selection, &DENY_WARNINGS].concat());
        process::run(&clippy.dir(&project.root), "cargo clippy")?;
    }
    Ok(())
}

fn clippy_for_wasm(project: &Project) -> Result<()> {
    let toolchain = WasmToolchain::find_or_set_up(project)?;
    toolchain.set_up_clippy()?;
    let selections: [&[&str]; 2] = [
        &["--package", "shardscope-core", "--package", "shardscope-web", "--lib"],
        &["--package", "shardscope-tests", "--tests"],
    ];
    for selection in selections {
        let fixed = ["--profile", PROFILE, "--target", TARGET];
        let arguments = [&fixed, selection, &DENY_WARNINGS].concat();
        let clippy = toolchain.clippy(&arguments)?.dir(&project.root);
        process::run(&clippy, "cargo clippy for wasm32")?;
    }
    Ok(())
}

/// The page's modules and its tests, each against the world they run in.
fn types(project: &Project) -> Result<()> {
    npm::set_up(project)?;
    // The page's types include those of its bindings.
    page::build(project, &WasmToolchain::find_or_set_up(project)?)?;
    for configuration in ["tsconfig.json", "tsconfig.tests.json"] {
        let tsc = cmd!(project.npm_program("tsc"), "--project", configuration);
        process::run(&tsc.dir(&project.root), "tsc")
            .with_context(|| format!("types do not fit ({configuration})"))?;
    }
    Ok(())
}

/// Licences, sources and bans always; known vulnerabilities where their list can be fetched.
fn dependencies(project: &Project) -> Result<()> {
    let program = cargo_tools::cargo_deny(project)?;
    let deny = |arguments: &[&str]| cmd(&program, arguments).dir(&project.root);
    let has_advisories = ends_well_within(&deny(&["fetch", "db"]), ADVISORIES_TIMEOUT)?;
    let mut arguments = vec!["check"];
    if has_advisories {
        arguments.extend(["--disable-fetch", "advisories"]);
    } else {
        println!("    the advisory database cannot be fetched here: advisories are not checked");
    }
    arguments.extend(["bans", "licenses", "sources"]);
    process::run(&deny(&arguments), "cargo deny").context("see deny.toml")
}

fn ends_well_within(command: &Expression, limit: Duration) -> Result<bool> {
    let handle = command.stdin_null().stdout_null().stderr_null().unchecked().start()?;
    if let Some(output) = handle.wait_timeout(limit)? {
        return Ok(output.status.success());
    }
    handle.kill()?;
    Ok(false)
}
