//! Builds the page: the simulation as wasm, and its bindings, beside the files of `www/`.
//!
//! Must not serve or copy it. Called by `serve`, `dist`, `test` and `check`.

use anyhow::{Context, Result};

use crate::bindings;
use crate::process;
use crate::project::Project;
use crate::setup::wasm_toolchain::{TARGET, WasmToolchain};
use crate::step;

/// The profile in the root Cargo.toml for what is loaded over a network.
const PROFILE: &str = "page";

/// Brings `www/pkg` up to date.
pub(crate) fn build(project: &Project, toolchain: &WasmToolchain) -> Result<()> {
    step::step("wasm module", || {
        let arguments = ["build", "--profile", PROFILE, "--target", TARGET];
        let library = ["--package", "shardscope-web", "--lib"];
        let command = toolchain.cargo(&[&arguments[..], &library].concat())?.dir(&project.root);
        process::run(&command, "cargo build").context("the page's wasm module does not build")
    })?;
    let wasm = project.target.join(TARGET).join(PROFILE).join("shardscope_web.wasm");
    bindings::make(project, &wasm)
}
