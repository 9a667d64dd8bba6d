//! Seed after seed, until something is found false.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use shardscope_core::{Plant, Recording};

use crate::swarm::{Run, Script, Settings, Verdict, minimise, run, write_recording};

/// How far a hunt goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most seeds that are tried.
    pub seeds: u64,
    /// For how long faults happen in each run, in virtual time.
    pub length: Duration,
    /// The most time that it takes.
    pub limit: Duration,
    /// The most runs that a catch is cut down in.
    pub minimise: u32,
}

/// A hunt, and what it came to.
pub struct Hunt {
    /// What was planted.
    pub plant: Plant,
    /// How many seeds were tried.
    pub tried: u64,
    /// What found it; none if nothing did.
    pub catch: Option<Catch>,
}

/// What found a planted bug.
pub struct Catch {
    /// The seed whose run found it.
    pub seed: u64,
    /// What was found false first.
    pub verdict: Verdict,
    /// All that was found false by the end of that run.
    pub found_false: Vec<&'static str>,
    /// At which virtual time.
    pub at: Duration,
    /// For how many virtual seconds faults must happen for that.
    pub length: Duration,
    /// What the run was cut down to.
    pub minimised: Option<(Script, Recording)>,
}

impl Hunt {
    /// Hunts `plant`.
    #[must_use]
    pub fn of(plant: Plant, bounds: &Bounds) -> Self {
        let settings = Settings { plant: Some(plant), ..Settings::of(bounds.length) };
        let (tried, catch) = Catch::first(&settings, bounds);
        Self { plant, tried, catch }
    }

    /// Writes the recording of what the catch was cut down to.
    pub(super) fn keep_recording(&self, out: &Path) {
        let minimised = self.catch.as_ref().and_then(|catch| catch.minimised.as_ref());
        if let Some((_, recording)) = minimised {
            write_recording(&out.join(format!("{}.json", self.plant.name())), recording, true);
        }
    }
}

impl Catch {
    /// Tries seeds, as the settings say, until something is found; how many were tried. A property
    /// found false, or something that does not come true, ends it; a panic counts only if nothing
    /// better is found.
    #[must_use]
    pub fn first(settings: &Settings, bounds: &Bounds) -> (u64, Option<Self>) {
        let began = Instant::now();
        let (mut tried, mut crashed) = (0, None);
        for seed in 1..=bounds.seeds {
            if began.elapsed() >= bounds.limit {
                break;
            }
            tried = seed;
            let run = run(seed, settings);
            match run.verdict {
                Verdict::Passed => {}
                Verdict::Crash { .. } => crashed = crashed.or(Some(run)),
                Verdict::Safety { .. } | Verdict::Liveness { .. } => {
                    return (tried, Some(Self::of(run, bounds)));
                }
            }
        }
        (tried, crashed.map(|run| Self::of(run, bounds)))
    }

    fn of(run: Run, bounds: &Bounds) -> Self {
        let minimised = minimise(&run.script, &run.verdict, bounds.minimise);
        let Run { seed, verdict, found_false, recording, .. } = run;
        let at = Duration::from_nanos(recording.end.time_ns);
        // What is found while faults happen does not depend on how long they go on.
        let length = match verdict {
            Verdict::Safety { .. } if at < bounds.length => Duration::from_secs(at.as_secs() + 1),
            _ => bounds.length,
        };
        Self { seed, verdict, found_false, at, length, minimised }
    }

    /// How many commands it was cut down to.
    #[must_use]
    pub fn commands(&self) -> Option<usize> {
        self.minimised.as_ref().map(|(script, _)| script.commands.len())
    }
}

impl fmt::Display for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.plant.name();
        let Some(catch) = &self.catch else {
            return write!(f, "{name}: not found by {} seeds", self.tried);
        };
        let Catch { seed, verdict, found_false, at, .. } = catch;
        let commands = catch.commands().map_or("-".into(), |n| n.to_string());
        write!(f, "{name}: seed {seed}, {at:.1?}, {commands} commands, {found_false:?}: {verdict}")
    }
}
