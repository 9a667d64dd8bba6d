//! `cargo xtask replay`: a recording run again, compared at each checkpoint, told event by event.

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::path::{Path, PathBuf};
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
    /// Write every event to a file, one a line, for a later run to be compared with
    #[arg(long, value_name = "TRACE")]
    keep: Option<PathBuf>,
    /// Compare every event with a file that another run kept, and name the first that differs
    #[arg(long, value_name = "TRACE")]
    compare: Option<PathBuf>,
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
    let mut teller = Teller::new(arguments, recording.options.nodes)?;
    let mut replay = Replay::new(&recording).map_err(|e| e.to_string())?;
    let mut last: Option<Checkpoint> = None;
    for checkpoint in recording.checkpoints.iter().chain([&recording.end]) {
        let began = teller.seen;
        let events = teller.follow(&mut replay, last, checkpoint, &recording)?;
        if let Some(difference) = &teller.difference {
            println!("{difference}");
            return Ok(false);
        }
        let now = replay.simulation().digest();
        if now != checkpoint.digest {
            tell_difference(checkpoint, last, &events, began);
            return Ok(false);
        }
        last = Some(*checkpoint);
    }
    let checkpoints = recording.checkpoints.len() + 1;
    if let Some(difference) = teller.end()? {
        println!("{difference}");
        return Ok(false);
    }
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
    println!(
        "The first event that differs is one of those after timer {from} and event {began}; \
         a trace that the other run kept (--keep) names it (--compare):"
    );
    for event in events.iter().take(20) {
        println!("  {:>8} {} {}", event.seq, event.time, event.kind);
    }
}

struct Teller<'a> {
    /// The newest event that was told.
    seen: u64,
    nodes: u16,
    arguments: &'a Arguments,
    keep: Option<BufWriter<File>>,
    compare: Option<Lines<BufReader<File>>>,
    /// The first event that is not the one that another run kept.
    difference: Option<String>,
}

fn cannot<'a>(path: &'a Path, what: &'a str) -> impl Fn(std::io::Error) -> String + 'a {
    move |e| format!("{} cannot be {what}: {e}", path.display())
}

impl<'a> Teller<'a> {
    fn new(arguments: &'a Arguments, nodes: u16) -> Result<Self, String> {
        let keep = arguments.keep.as_deref();
        let keep = keep.map(|path| File::create(path).map_err(cannot(path, "written")));
        let compare = arguments.compare.as_deref();
        let compare = compare.map(|path| File::open(path).map_err(cannot(path, "read")));
        Ok(Self {
            seen: 0,
            nodes,
            arguments,
            keep: keep.transpose()?.map(BufWriter::new),
            compare: compare.transpose()?.map(|file| BufReader::new(file).lines()),
            difference: None,
        })
    }

    /// Keeps an event, or compares it with the one that was kept.
    fn set_beside(&mut self, event: &Event) -> Result<(), String> {
        if self.keep.is_none() && self.compare.is_none() {
            return Ok(());
        }
        let line = serde_json::to_string(event).map_err(|e| e.to_string())?;
        if let Some(keep) = &mut self.keep {
            writeln!(keep, "{line}").map_err(|e| e.to_string())?;
        }
        let Some(compare) = &mut self.compare else {
            return Ok(());
        };
        let kept = compare.next().transpose().map_err(|e| e.to_string())?;
        if kept.as_ref() == Some(&line) || self.difference.is_some() {
            return Ok(());
        }
        let was = kept.as_deref().unwrap_or("nothing: the trace ends here");
        self.difference = Some(format!(
            "another run: event {} is the first that differs\n   it was {was}\n  it is now {line}\n            {}",
            event.seq, event.kind
        ));
        Ok(())
    }

    /// What is left to say of the comparison once the run is over.
    fn end(&mut self) -> Result<Option<String>, String> {
        if let Some(keep) = &mut self.keep {
            keep.flush().map_err(|e| e.to_string())?;
        }
        let left = self.compare.as_mut().and_then(Iterator::next).transpose();
        let left = left.map_err(|e| e.to_string())?;
        Ok(left.map(|line| format!("another run: it ends before this happened\n  {line}")))
    }

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
            self.tell(replay, &mut first)?;
            if !goes_on {
                break;
            }
        }
        if *checkpoint == recording.end {
            replay.finish(u64::MAX).map_err(|e| e.to_string())?;
            self.tell(replay, &mut first)?;
        }
        Ok(first)
    }

    fn tell(&mut self, replay: &Replay<'_>, first: &mut Vec<Event>) -> Result<(), String> {
        loop {
            let events = replay.simulation().events_since(self.seen);
            let Some(newest) = events.last() else {
                return Ok(());
            };
            self.seen = newest.seq;
            for event in events {
                self.set_beside(&event)?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::swarm::run_seed;

    /// Given a run whose every event was kept, when it is replayed, then it is the same; and when one
    /// kept event is another, then just that one is named.
    #[test]
    fn the_first_event_that_differs_is_named() {
        let folder = std::env::temp_dir().join(format!("shardscope-replay-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let [file, trace] = ["run.json", "run.trace"].map(|name| folder.join(name));
        let recording = run_seed(5, Duration::from_millis(300)).recording;
        fs::write(&file, recording.to_text()).expect("it can be written");
        let replay = |option: &str| {
            let words = ["replay".as_ref(), file.as_os_str(), "--quiet".as_ref(), option.as_ref()];
            let arguments = Arguments::parse_from(words.into_iter().chain([trace.as_os_str()]));
            run(&arguments).expect("it can be read")
        };
        assert!(replay("--keep"));
        assert!(replay("--compare"));

        let kept = fs::read_to_string(&trace).expect("it was kept");
        let at = kept.lines().count() / 2;
        let changed = |(i, line): (usize, &str)| {
            if i == at { line.replace("\"seq\":", "\"seq\":9") } else { line.to_owned() }
        };
        let lines: Vec<String> = kept.lines().enumerate().map(changed).collect();
        fs::write(&trace, lines.join("\n")).expect("it can be written");
        assert!(!replay("--compare"));
        let arguments = Arguments::parse_from([
            "replay".as_ref(),
            file.as_os_str(),
            "--compare".as_ref(),
            trace.as_os_str(),
        ]);
        let mut teller = Teller::new(&arguments, 5).expect("it can be read");
        let events: Vec<Event> = kept
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event is plain data"))
            .collect();
        for event in &events {
            teller.set_beside(event).expect("it can be compared");
        }
        let named = teller.difference.expect("one is another");
        assert!(named.contains(&format!("event {} is the first", at + 1)), "{named}");
        fs::remove_dir_all(&folder).expect("it was made here");
    }
}
