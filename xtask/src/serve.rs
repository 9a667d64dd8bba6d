//! `cargo xtask serve`: builds the page and serves it.
//!
//! Must not know how either is done.

use anyhow::{Context, Result};

use crate::page;
use crate::project::Project;
use crate::setup::wasm_toolchain::WasmToolchain;
use crate::static_files::StaticFiles;

/// Serves until the program is ended.
pub(crate) fn run(project: &Project, port: u16, open: bool) -> Result<()> {
    // Before the build, so that a port in use is known at once.
    let server = StaticFiles::start(&project.www(), port)?;
    let toolchain = WasmToolchain::find_or_set_up(project)?;
    page::build(project, &toolchain)?;
    let url = server.url();
    println!("ShardScope is at {url} (Ctrl-C ends it)");
    if open {
        open::that_detached(&url).with_context(|| format!("open {url} in a browser yourself"))?;
    }
    server.serve_for_ever()
}
