//! JavaScript bindings of the page's wasm module, by wasm-bindgen as a library.
//!
//! Must not build the module or know of the page's files. Called by `page`.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::project::Project;
use crate::step;

/// The version of wasm-bindgen that this program makes bindings for.
fn version() -> String {
    wasm_bindgen_shared::version()
}

/// Makes the bindings of `wasm` as a module for browsers in `www/pkg`, unless they are there.
pub(crate) fn make(project: &Project, wasm: &Path) -> Result<()> {
    let locked = project.locked_version("wasm-bindgen")?;
    if locked != version() {
        let ours = version();
        bail!(
            "wasm-bindgen is {locked}, its bindings are made for {ours}: \
             make the versions of wasm-bindgen and wasm-bindgen-cli-support equal in Cargo.toml"
        );
    }
    let pkg = project.www_pkg();
    let stamp = pkg.join("made-from.stamp");
    let content = describe(wasm, &locked)?;
    step::once(
        project,
        "bindings",
        || step::is_stamped(&stamp, &content),
        || {
            let partial = pkg.with_extension("partial");
            step::remove_folder(&partial)?;
            Bindgen::new()
                .input_path(wasm)
                .web(true)?
                .typescript(true)
                // The page calls `init()` and means the module that lies beside the bindings.
                .omit_default_module_path(false)
                .generate(&partial)
                .context("the bindings cannot be made: type `cargo clean -p shardscope-web`")?;
            step::replace_folder(&partial, &pkg)?;
            step::write_stamp(&stamp, &content)
        },
    )
}

/// What the bindings were made from, as far as it decides whether to make them again.
fn describe(wasm: &Path, version: &str) -> Result<String> {
    let metadata = fs::metadata(wasm)
        .with_context(|| format!("{} was not built: shardscope-web is a cdylib", wasm.display()))?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{version} {} {} bytes {modified:?}\n", wasm.display(), metadata.len()))
}
