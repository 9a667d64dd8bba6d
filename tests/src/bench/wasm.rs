//! Wasm beside native: the same run, timed in node with the module that the page ships.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::report::{Figure, Target};
use super::story::{self, Script};

/// How much slower wasm may be.
const SLOWER_MAX: f64 = 2.0;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bench/wasm.mjs");

/// What the script measures as `speed`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Speed {
    story_s: f64,
    idle_s: f64,
    digest: String,
}

/// What the script measures as `memory`: its size after each of the agreed minutes.
#[derive(Deserialize)]
pub(crate) struct Memory {
    pub(crate) bytes: Vec<f64>,
}

/// Measures native and wasm in turns.
pub(crate) fn measure(page: &Path, runs: u32) -> Result<Vec<Figure>, String> {
    let (mut story, mut idle) = (Pair::default(), Pair::default());
    for _ in 0..runs {
        let native = story::run();
        let wasm: Speed = run_script(page, "speed")?;
        if wasm.digest != native.digest {
            let (here, there) = (native.digest, wasm.digest);
            return Err(format!("the digests differ, {here} natively and {there} in wasm"));
        }
        story.add(story::story_virtual_s(), native.story_s, wasm.story_s);
        idle.add(story::idle_virtual_s(), native.idle_s, wasm.idle_s);
    }
    let figures = [story.figures("four phases and load"), idle.figures("2 shards, idle")];
    Ok(figures.into_iter().flatten().collect())
}

/// Speeds of both sides, and how much faster native is.
#[derive(Default)]
struct Pair {
    native: Vec<f64>,
    wasm: Vec<f64>,
    ratio: Vec<f64>,
}

impl Pair {
    fn add(&mut self, virtual_s: f64, native_s: f64, wasm_s: f64) {
        self.native.push(virtual_s / native_s);
        self.wasm.push(virtual_s / wasm_s);
        self.ratio.push(wasm_s / native_s);
    }

    fn figures(self, what: &str) -> [Figure; 3] {
        let name = |side: &str| format!("{what}, {side}");
        [
            Figure::new(name("native"), "virtual s/s", self.native),
            Figure::new(name("wasm"), "virtual s/s", self.wasm),
            Figure::new(name("native : wasm"), "x", self.ratio).held_to(Target::AtMost(SLOWER_MAX)),
        ]
    }
}

/// Runs the script on the page in `page`, and reads what it says.
pub(crate) fn run_script<T: DeserializeOwned>(page: &Path, what: &str) -> Result<T, String> {
    let script = serde_json::to_string(&Script::new()).map_err(|e| e.to_string())?;
    let output = Command::new("node")
        .args([SCRIPT, what])
        .arg(page)
        .arg(script)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("node does not start: {e}"))?;
    if !output.status.success() {
        return Err(format!("the run in node failed ({}); what it says is above", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("node's answer: {e}"))
}
