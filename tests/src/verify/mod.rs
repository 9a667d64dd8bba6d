//! `cargo xtask verify`: shows that what checks this project can fail.
//!
//! Plants one bug at a time and hunts it with the swarm, until some property is found false; cuts
//! the first catch down; runs the same seeds without any bug; and writes what all that came to as
//! `docs/verification.md`, with the date of the run. What found which bug at which seed it keeps in
//! `tests/golden/plants.txt` as well, for a test that looks for it again.
//!
//! ```text
//! hunt ── one bug, seed after seed     catches ── what is kept of it, as text
//! properties ── what each one is and where it comes from, read from its file
//! document ── the three tables
//! ```
//!
//! The idea is that of mutation testing (DeMillo, Lipton and Sayward, 1978), with the swarm in the
//! place of the tests.

mod catches;
mod date;
mod document;
mod hunt;
mod properties;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use shardscope_core::Plant;

use crate::swarm::{Batch, Orders, Settings, Verdict, silence_panics_of_runs};
pub use catches::Kept;
pub use hunt::{Bounds, Catch, Hunt};

/// Hunts every planted bug, and writes down what finds it.
#[derive(Parser)]
#[command(name = "verify")]
struct Arguments {
    /// The most seeds that are tried for each bug
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// For how many virtual seconds faults happen in each run
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// The most minutes that one bug is hunted for
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// How many runs go on at the same time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
    /// The most runs that a catch is cut down in
    #[arg(long, default_value_t = 300)]
    minimise: u32,
    /// How many seeds are run with nothing planted
    #[arg(long, default_value_t = 200)]
    clean: u64,
    /// Others use this machine too: do not write down how fast it was
    #[arg(long)]
    loaded: bool,
    /// Only these bugs: what finds them is kept, but the document is not written
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    plants: Vec<Plant>,
    /// Where the catches' recordings are written
    #[arg(long, default_value = "target/plants", value_name = "FOLDER")]
    out: PathBuf,
}

impl Arguments {
    fn bounds(&self) -> Bounds {
        Bounds {
            seeds: self.seeds,
            length: Duration::from_secs(self.seconds),
            limit: Duration::from_secs(60 * self.minutes),
            minimise: self.minimise,
        }
    }
}

/// What was found with nothing planted.
struct Clean {
    batch: Batch,
    seeds: u64,
    elapsed: Duration,
}

/// All that was found.
struct Found<'a> {
    hunts: &'a [Hunt],
    clean: &'a Clean,
    /// With reads on leases: how many seeds were tried, and what was found.
    leases: &'a (u64, Option<Catch>),
    properties: &'a [properties::Property],
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    silence_panics_of_runs();
    let all = arguments.plants.is_empty();
    let plants = if all { Plant::ALL } else { &arguments.plants };
    let hunts = hunt_all(plants, &arguments);
    let missed = hunts.iter().filter(|hunt| hunt.catch.is_none()).count();
    let written = if all { write_down(&hunts, &arguments) } else { Ok(()) };
    if let Err(error) = written.and_then(|()| keep_catches(&hunts, all)) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    println!("{} of {} planted bugs were found", hunts.len() - missed, hunts.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Hunts them, several at the same time; told in their order.
fn hunt_all(plants: &[Plant], arguments: &Arguments) -> Vec<Hunt> {
    let bounds = arguments.bounds();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..arguments.jobs {
            scope.spawn(|| {
                while let Some(plant) = plants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let hunt = Hunt::of(*plant, &bounds);
                    println!("{hunt}");
                    hunt.keep_recording(&arguments.out);
                    done.lock().expect("nobody panics while it is locked").push(hunt);
                }
            });
        }
    });
    let mut hunts = done.into_inner().expect("nobody panics while it is locked");
    hunts.sort_by_key(|hunt| hunt.plant);
    hunts
}

/// Runs seeds with nothing planted, and writes the tables.
fn write_down(hunts: &[Hunt], arguments: &Arguments) -> Result<(), String> {
    let began = Instant::now();
    let orders = Orders {
        settings: Settings::of(Duration::from_secs(arguments.seconds)),
        jobs: arguments.jobs,
        limit: None,
        minimise: 0,
    };
    let seeds = arguments.clean;
    let batch = Batch::run(1..seeds + 1, &orders, |run, _| {
        println!("seed {} failed with nothing planted: {}", run.seed, run.verdict);
    });
    let clean = Clean { batch, seeds, elapsed: began.elapsed() };
    let properties = properties::read(&root().join("core/src/checker"))?;
    let length = Duration::from_secs(arguments.seconds);
    let leases = Settings { lease_reads: true, ..Settings::of(length) };
    let leases = Catch::first(&leases, &arguments.bounds());
    let found = Found { hunts, clean: &clean, leases: &leases, properties: &properties };
    let document = document::text(&found, arguments);
    write("docs/verification.md", &document)
}

/// Keeps what was found, so that it can be looked for again; of bugs that were not hunted, if it was
/// not for `all`, what is kept already.
fn keep_catches(hunts: &[Hunt], all: bool) -> Result<(), String> {
    let before = if all { String::new() } else { read(CATCHES)? };
    let before = Kept::all(&before)?;
    write(CATCHES, &catches::text(hunts, &before))
}

/// Where it is kept.
const CATCHES: &str = "tests/golden/plants.txt";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Result<String, String> {
    let path = root().join(path);
    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &str, text: &str) -> Result<(), String> {
    let path = root().join(path);
    fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// How many of them were safety's, liveness', crashes.
fn kinds(batch: &Batch) -> (usize, usize, usize) {
    let count = |is: fn(&Verdict) -> bool| batch.failed.iter().filter(|(_, v)| is(v)).count();
    (
        count(|v| matches!(v, Verdict::Safety { .. })),
        count(|v| matches!(v, Verdict::Liveness { .. })),
        count(|v| matches!(v, Verdict::Crash { .. })),
    )
}
