//! Brings what the commands need, each tool only when a command asks for it and it is missing.
//!
//! Owns the ways in which a tool may come: found on `PATH`, by rustup, built by cargo into the
//! private tools folder, from Debian's packages, by npm. Must not build or test ShardScope. Never
//! asks a question; where no way works, the error says in one sentence what to type.

pub(crate) mod apt;
pub(crate) mod browsers;
pub(crate) mod cargo_tools;
pub(crate) mod npm;
pub(crate) mod sysroot;
pub(crate) mod wasm_toolchain;

use anyhow::Result;

use crate::project::Project;
use crate::setup::wasm_toolchain::WasmToolchain;

/// Brings every tool that any command needs.
pub(crate) fn everything(project: &Project) -> Result<()> {
    let toolchain = WasmToolchain::find_or_set_up(project)?;
    println!("wasm32: {}", toolchain.description());
    toolchain.set_up_clippy()?;
    npm::set_up(project)?;
    println!("chrome: {}", browsers::chrome(project)?.browser.display());
    println!("firefox: {}", browsers::firefox(project)?.browser.display());
    cargo_tools::test_runner(project)?;
    cargo_tools::wasm_pack(project)?;
    cargo_tools::cargo_deny(project)?;
    Ok(())
}
