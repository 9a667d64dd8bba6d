//! The page as it is shipped, built once when a figure needs it.
//!
//! `cargo xtask dist` builds it; how, is that command's business.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::report::Figure;

/// The page's module, within its folder.
pub(crate) const WASM: &str = "pkg/shardscope_web_bg.wasm";

/// A folder with the page, or why there is none.
pub(crate) struct Page {
    built: Option<Result<PathBuf, String>>,
}

impl Page {
    /// The page in `given`, else one that is built when it is first needed.
    pub(crate) fn new(given: Option<PathBuf>) -> Self {
        let look = |folder: PathBuf| {
            let there = folder.join(WASM).is_file();
            there.then_some(folder.clone()).ok_or(format!("{} holds no page", folder.display()))
        };
        Self { built: given.map(look) }
    }

    /// What `measure` makes of the page.
    pub(crate) fn with(
        &mut self,
        measure: impl FnOnce(&Path) -> Result<Vec<Figure>, String>,
    ) -> Result<Vec<Figure>, String> {
        match self.built.get_or_insert_with(build) {
            Ok(folder) => measure(folder),
            Err(why) => Err(why.clone()),
        }
    }
}

fn build() -> Result<PathBuf, String> {
    let program = env::current_exe().map_err(|e| e.to_string())?;
    // target/release/bench
    let target = program.ancestors().nth(2).ok_or("this program lies in no target folder")?;
    let folder = target.join("bench-page");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    eprintln!("building the page ...");
    let status = Command::new("cargo")
        .args(["xtask", "dist", "--out"])
        .arg(&folder)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .map_err(|e| format!("cargo does not start: {e}"))?;
    // A page over its budgets is there all the same, and is to be measured.
    if folder.join(WASM).is_file() {
        return Ok(folder);
    }
    Err(format!("`cargo xtask dist` made no page ({status}); what it says is above"))
}
