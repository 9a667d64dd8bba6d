//! Wasm beside native: the same run, timed in node with the module that the page ships.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

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

/// What it measures as `first`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct First {
    story_s: f64,
}

/// Measures native and wasm in turns.
pub(crate) fn measure(page: &Path, runs: u32) -> Result<Vec<Figure>, String> {
    let mut node = Node::start(page)?;
    // What a visitor sees of the first seconds: node compiles meanwhile, and optimises later.
    let first: First = node.ask("first")?;
    // Both sides once in vain: what is measured is what they are like in the long run.
    story::run();
    node.ask::<Speed>("speed")?;
    let (mut told, mut idle) = (Pair::default(), Pair::default());
    let mut first_figure = Vec::new();
    for _ in 0..runs {
        let (native, wasm) = (story::run(), node.ask::<Speed>("speed")?);
        if wasm.digest != native.digest {
            let (here, there) = (native.digest, wasm.digest);
            return Err(format!("the digests differ, {here} natively and {there} in wasm"));
        }
        let repeats = f64::from(story::REPEATS);
        told.add(native.virtual_s * repeats, native.story_s, wasm.story_s);
        idle.add(story::idle_virtual_s(), native.idle_s, wasm.idle_s);
        first_figure = vec![native.virtual_s / first.story_s];
    }
    let first = Figure::new("four phases and load, wasm, first time", "virtual s/s", first_figure);
    let figures = [told.figures("four phases and load"), idle.figures("2 shards, idle")];
    Ok(figures.into_iter().flatten().chain([first]).collect())
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

/// The script, running on the page's module; ends when this is dropped.
pub(crate) struct Node {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    /// Starts it on the page in this folder.
    pub(crate) fn start(page: &Path) -> Result<Self, String> {
        let script = serde_json::to_string(&Script::new()).map_err(|e| e.to_string())?;
        let mut process = Command::new("node")
            .arg(SCRIPT)
            .arg(page)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("node does not start: {e}"))?;
        let questions = process.stdin.take().ok_or("node has no input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("node has no output")?);
        Ok(Self { process, questions, answers })
    }

    /// Has it measure something, and waits for that.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, String> {
        let ended = |e| format!("the run in node ended ({e}); what it said is above");
        writeln!(self.questions, "{what}").map_err(ended)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(ended)?;
        serde_json::from_str(&answer).map_err(|e| format!("node answered {answer:?}: {e}"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end, and waiting returns at once.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
