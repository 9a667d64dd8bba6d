//! `cargo xtask replay`: a recording run again, compared at each checkpoint, told event by event.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use shardscope_core::{Checkpoint, Event, Recording, Replay};

/// Runs a recording again and compares it with what was recorded.
#[derive(Parser)]
#[command(name = "replay")]
struct Arguments {
    /// The recording
    file: PathBuf,
    /// It has a planted bug: `cargo xtask replay` then builds what has them all
    #[arg(long)]
    planted: bool,
    /// Tell messages, single entries and operations too
    #[arg(long)]
    all: bool,
    /// Tell nothing but the result
    #[arg(long)]
    quiet: bool,
}

/// How many timers are fired between two looks at the trace, which keeps only its newest events.
const LOOK_EVERY: u64 = 64;
/// Exit code for a violation or a digest that differs.
const DIFFERS: u8 = 1;
/// Exit code for a recording that cannot be read.
const UNREADABLE: u8 = 2;

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(DIFFERS),
        Err(text) => {
            eprintln!("error: {}: {text}", arguments.file.display());
            ExitCode::from(UNREADABLE)
        }
    }
}

/// Replays; true if the run is the one that was recorded and nothing was found false in it.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let text = fs::read_to_string(&arguments.file).map_err(|e| e.to_string())?;
    let recording = Recording::from_text(&text).map_err(|e| e.to_string())?;
    let mut teller = Teller { seen: 0, nodes: recording.options.nodes, arguments };
    let mut replay = Replay::new(&recording).map_err(|e| e.to_string())?;
    let mut last: Option<Checkpoint> = None;
    for checkpoint in recording.checkpoints.iter().chain([&recording.end]) {
        let began = teller.seen;
        let events = teller.follow(&mut replay, last, checkpoint, &recording)?;
        let now = replay.simulation().digest();
        if now != checkpoint.digest {
            tell_difference(checkpoint, last, &events, began);
            return Ok(false);
        }
        last = Some(*checkpoint);
    }
    let checkpoints = recording.checkpoints.len() + 1;
    println!("the same run: {checkpoints} checkpoints are equal, digest {}", recording.end.digest);
    let violations = replay.simulation().violations();
    for v in violations {
        println!("{} {}, event {}: {}", v.id, v.name, v.event.seq, v.text);
    }
    Ok(violations.is_empty())
}

/// Tells where a run has left the recorded one.
fn tell_difference(at: &Checkpoint, last: Option<Checkpoint>, events: &[Event], began: u64) {
    let from = last.map_or(0, |last| last.fired);
    let (recorded, fired) = (at.digest, at.fired);
    println!("another run: after {fired} timers the digest is not {recorded} any more.");
    println!("The first event that differs is one of those after timer {from} and event {began}:");
    for event in events.iter().take(20) {
        println!("  {:>8} {} {}", event.seq, event.time, event.kind);
    }
}

struct Teller<'a> {
    /// The newest event that was told.
    seen: u64,
    nodes: u16,
    arguments: &'a Arguments,
}

impl Teller<'_> {
    /// Goes on to `checkpoint`, and tells what happens on the way; returns the first events.
    fn follow(
        &mut self,
        replay: &mut Replay<'_>,
        last: Option<Checkpoint>,
        checkpoint: &Checkpoint,
        recording: &Recording,
    ) -> Result<Vec<Event>, String> {
        let mut first = Vec::new();
        let mut fired = last.map_or(0, |last| last.fired);
        while fired < checkpoint.fired {
            fired = (fired + LOOK_EVERY).min(checkpoint.fired);
            let place = Checkpoint { fired, ..*checkpoint };
            let goes_on = replay.reach(&place).map_err(|e| e.to_string())?;
            self.tell(replay, &mut first);
            if !goes_on {
                break;
            }
        }
        if *checkpoint == recording.end {
            replay.finish(u64::MAX).map_err(|e| e.to_string())?;
            self.tell(replay, &mut first);
        }
        Ok(first)
    }

    fn tell(&mut self, replay: &Replay<'_>, first: &mut Vec<Event>) {
        loop {
            let events = replay.simulation().events_since(self.seen);
            let Some(newest) = events.last() else {
                return;
            };
            self.seen = newest.seq;
            for event in events {
                if !self.arguments.quiet && (self.arguments.all || event.kind.is_major()) {
                    println!("{}", self.line(&event));
                }
                if first.len() < 64 {
                    first.push(event);
                }
            }
        }
    }

    /// One line: time, a column for each node, and what happened.
    fn line(&self, event: &Event) -> String {
        let here = event.kind.node().map(|n| n.0);
        let columns = (1..=self.nodes).map(|n| if here == Some(n) { " ●" } else { " ·" });
        let columns: String = columns.collect();
        format!("{:>8} {} │{columns} │ {}", event.seq, event.time, event.kind)
    }
}
