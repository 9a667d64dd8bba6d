//! Five nodes and five shards under every kind of fault, all checkers on: how fast, natively and in
//! wasm. The same recordings are run again on both sides.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use shardscope_core::{Recording, Replay};
use shardscope_tests::swarm::{Settings, Verdict, run};

use super::report::{Figure, Target};
use super::wasm::Node;

/// As many runs, each with other options and load.
const SEEDS: u64 = 20;
/// For how long faults happen in each.
const LENGTH: Duration = Duration::from_secs(10);
/// Virtual seconds a second.
const NATIVE_MIN: f64 = 100.0;
const WASM_MIN: f64 = 50.0;

/// What the script measures as `replay`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    took_s: f64,
    digests: Vec<String>,
}

/// Measures native and wasm in turns.
pub(crate) fn measure(page: &Path, runs: u32) -> Result<Vec<Figure>, String> {
    let recordings: Vec<Recording> = (1..=SEEDS).map(recorded).collect();
    let texts: Vec<String> = recordings.iter().map(Recording::to_text).collect();
    let file = std::env::temp_dir().join(format!("shardscope-bench-{}", std::process::id()));
    fs::write(&file, texts.join("\n")).map_err(|e| format!("{}: {e}", file.display()))?;
    let figures = measure_both(page, runs, &recordings, &file);
    // What is left in a folder for what may go is no reason to fail.
    drop(fs::remove_file(&file));
    figures
}

fn measure_both(
    page: &Path,
    runs: u32,
    recordings: &[Recording],
    file: &Path,
) -> Result<Vec<Figure>, String> {
    let mut node = Node::start(page)?;
    let question = format!("replay {}", file.display());
    let virtual_s: f64 =
        recordings.iter().map(|r| Duration::from_nanos(r.end.time_ns).as_secs_f64()).sum();
    let digests: Vec<String> = recordings.iter().map(|r| r.end.digest.to_string()).collect();
    // Once in vain: what is measured is what it is like in the long run.
    node.ask::<Replayed>(&question)?;
    let (mut native, mut wasm) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let started = Instant::now();
        recordings.iter().try_for_each(replay)?;
        native.push(virtual_s / started.elapsed().as_secs_f64());
        let replayed: Replayed = node.ask(&question)?;
        if replayed.digests != digests {
            return Err("a run has another digest in wasm than natively".into());
        }
        wasm.push(virtual_s / replayed.took_s);
    }
    let figure = |side: &str, speeds, least| {
        let name = format!("5 shards under all faults, {side}");
        Figure::new(name, "virtual s/s", speeds).held_to(Target::AtLeast(least))
    };
    Ok(vec![figure("native", native, NATIVE_MIN), figure("wasm", wasm, WASM_MIN)])
}

/// A run of the swarm with that seed.
fn recorded(seed: u64) -> Recording {
    let run = run(seed, &Settings { all_faults: true, ..Settings::of(LENGTH) });
    assert_eq!(run.verdict, Verdict::Passed, "seed {seed}");
    run.recording
}

fn replay(recording: &Recording) -> Result<(), String> {
    let mut replay = Replay::new(recording).map_err(|e| e.to_string())?;
    replay.finish(u64::MAX).map_err(|e| e.to_string())?;
    let digest = replay.simulation().digest();
    if digest == recording.end.digest { Ok(()) } else { Err("a replay has another digest".into()) }
}
