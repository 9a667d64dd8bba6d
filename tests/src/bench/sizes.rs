//! What a visitor downloads, gzipped.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::report::{Figure, Target};

/// Of the wasm module.
const WASM_KB_MAX: f64 = 650.0;
/// Of everything else that the page loads, each file by itself.
const PAGE_KB_MAX: f64 = 60.0;

const KB: f64 = 1e3;

/// The same page in one file, which a visitor of the folder does not load.
const SINGLE_FILE: &str = "shardscope.html";

/// Measures the page in this folder.
pub(crate) fn measure(page: &Path) -> Result<Vec<Figure>, String> {
    let (mut wasm, mut rest) = (0, 0);
    let files = files_below(page).map_err(|e| e.to_string())?;
    for file in files.into_iter().filter(|file| !file.ends_with(SINGLE_FILE)) {
        let bytes = fs::read(&file).and_then(|bytes| gzipped(&bytes));
        let bytes = bytes.map_err(|e| format!("{}: {e}", file.display()))?;
        let is_wasm = file.extension().is_some_and(|extension| extension == "wasm");
        *(if is_wasm { &mut wasm } else { &mut rest }) += bytes;
    }
    let figure = |name: &str, bytes: usize, most| {
        Figure::new(name, "kB", vec![bytes as f64 / KB]).held_to(Target::AtMost(most))
    };
    Ok(vec![
        figure("wasm, gzipped", wasm, WASM_KB_MAX),
        figure("page without wasm, gzipped", rest, PAGE_KB_MAX),
    ])
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    Ok(files)
}

fn gzipped(bytes: &[u8]) -> io::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
