//! `cargo xtask swarm`: many seeds on all cores, what they came to, and how that is told.

use std::fs;
use std::io::{IsTerminal, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use shardscope_core::{Plant, Recording};

use super::coverage::Coverage;
use super::guard::silence_panics_of_runs;
use super::minimise::minimise;
use super::run::{Run, Settings, run};
use super::script::Script;
use super::verdict::Verdict;

/// Runs drawn from seeds, under faults.
#[derive(Parser)]
#[command(name = "swarm")]
struct Arguments {
    /// The seeds, the last one left out: 1..201
    #[arg(long, value_parser = seeds, default_value = "1..201")]
    seeds: Range<u64>,
    /// Stop after so many minutes
    #[arg(long)]
    minutes: Option<u64>,
    /// For how many virtual seconds faults happen in each run
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How many runs go on at the same time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
    /// The most runs that a failing one is cut down in; 0 keeps it as it is
    #[arg(long, default_value_t = 300)]
    minimise: u32,
    /// Where the recordings of failing runs are written
    #[arg(long, default_value = "target/swarm", value_name = "FOLDER")]
    out: PathBuf,
    /// Plant this bug in every run
    #[arg(long, value_name = "NAME")]
    plant: Option<Plant>,
    /// Name the bugs that can be planted, and run nothing
    #[arg(long)]
    list_plants: bool,
    /// Read on leases, on three nodes that crash and are cut off
    #[arg(long)]
    lease_reads: bool,
    /// Tell everything that was counted
    #[arg(long)]
    table: bool,
}

impl Arguments {
    fn orders(&self) -> Orders {
        let (plant, lease_reads) = (self.plant, self.lease_reads);
        let length = Duration::from_secs(self.seconds);
        let settings = Settings { plant, lease_reads, ..Settings::of(length) };
        let limit = self.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        Orders { settings, jobs: self.jobs, limit, minimise: self.minimise }
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|e| format!("{text:?}: {e}"));
    match text.split_once("..") {
        Some((from, to)) => match to.strip_prefix('=') {
            Some(last) => Ok(number(from)?..number(last)?.saturating_add(1)),
            None => Ok(number(from)?..number(to)?),
        },
        None => number(text).map(|seed| seed..seed.saturating_add(1)),
    }
}

/// Fewer seeds than this need not reach everything: a single one that failed is run alone.
const GATED_FROM: u64 = 100;
/// How often the progress is told.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Exit codes, so that a script can tell failures apart. 2 is a wrong command line.
const SAFETY: u8 = 1;
const LIVENESS: u8 = 3;
const CRASH: u8 = 4;
const UNREACHED: u8 = 5;

/// What a batch of seeds has come to so far.
#[derive(Default)]
pub struct Batch {
    /// Runs that passed.
    pub passed: u64,
    /// What the others came to.
    pub failed: Vec<(u64, Verdict)>,
    /// What they all reached.
    pub coverage: Coverage,
    /// How much virtual time they took.
    pub virtual_ns: u64,
}

/// How a batch is run.
#[derive(Clone, Debug)]
pub struct Orders {
    /// What each run is told.
    pub settings: Settings,
    /// How many runs go on at the same time.
    pub jobs: u64,
    /// When to stop at the latest.
    pub limit: Option<Duration>,
    /// The most runs that a failing one is cut down in.
    pub minimise: u32,
}

/// What a worker tells.
struct Told {
    run: Run,
    minimised: Option<(Script, Recording)>,
}

impl Batch {
    /// Runs `seeds` as ordered. Hands each failing run to `failed`, with what it was cut down to.
    pub fn run(
        seeds: Range<u64>,
        orders: &Orders,
        mut failed: impl FnMut(&Run, Option<&(Script, Recording)>),
    ) -> Self {
        let &Orders { ref settings, jobs, limit, minimise: minimise_runs } = orders;
        let (begun, next, over) =
            (Instant::now(), AtomicU64::new(seeds.start), AtomicBool::new(false));
        let (tell, told) = mpsc::channel::<Told>();
        let mut batch = Self::default();
        let mut last_told = Instant::now();
        thread::scope(|scope| {
            for _ in 0..jobs {
                let (tell, next, over) = (tell.clone(), &next, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= seeds.end {
                            return;
                        }
                        let run = run(seed, settings);
                        let minimised = match run.verdict {
                            Verdict::Passed => None,
                            _ => minimise(&run.script, &run.verdict, minimise_runs),
                        };
                        if tell.send(Told { run, minimised }).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(tell);
            for Told { run, minimised } in told {
                batch.note(&run);
                if run.verdict != Verdict::Passed {
                    failed(&run, minimised.as_ref());
                }
                if limit.is_some_and(|limit| begun.elapsed() >= limit) {
                    over.store(true, Ordering::Relaxed);
                }
                if last_told.elapsed() >= TELL_EVERY {
                    last_told = Instant::now();
                    batch.tell(seeds.end - seeds.start, begun.elapsed());
                }
            }
        });
        batch.tell(seeds.end - seeds.start, begun.elapsed());
        batch
    }

    fn note(&mut self, run: &Run) {
        self.coverage.add(&run.coverage);
        self.virtual_ns += run.recording.end.time_ns;
        match run.verdict {
            Verdict::Passed => self.passed += 1,
            ref verdict => self.failed.push((run.seed, verdict.clone())),
        }
    }

    /// A line of progress; on a terminal each over the last one.
    fn tell(&self, seeds: u64, elapsed: Duration) {
        let done = self.passed + self.failed.len() as u64;
        let seconds = elapsed.as_secs_f64().max(0.001);
        let virtual_seconds = Duration::from_nanos(self.virtual_ns).as_secs_f64();
        let (reached, all) = self.coverage.reached();
        let mut out = std::io::stderr();
        let (before, after) = if out.is_terminal() { ("\r", "  ") } else { ("", "\n") };
        // Progress that cannot be told stops nothing.
        drop(write!(
            out,
            "{before}{done}/{seeds} seeds, {:.1} a second, {:.0} virtual seconds a second, \
             {} failed, reached {reached} of {all}{after}",
            done as f64 / seconds,
            virtual_seconds / seconds,
            self.failed.len(),
        ));
        drop(out.flush());
    }

    /// What the whole batch comes to, as an exit code.
    fn exit_code(&self, missing: &[String]) -> u8 {
        let any = |is: fn(&Verdict) -> bool| self.failed.iter().any(|(_, v)| is(v));
        if any(|v| matches!(v, Verdict::Safety { .. })) {
            SAFETY
        } else if any(|v| matches!(v, Verdict::Crash { .. })) {
            CRASH
        } else if any(|v| matches!(v, Verdict::Liveness { .. })) {
            LIVENESS
        } else if missing.is_empty() {
            0
        } else {
            UNREACHED
        }
    }
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list_plants {
        list_plants();
        return ExitCode::SUCCESS;
    }
    silence_panics_of_runs();
    let batch = Batch::run(arguments.seeds.clone(), &arguments.orders(), |run, minimised| {
        report(run, minimised, &arguments);
    });
    eprintln!();
    if arguments.table {
        print!("{}", batch.coverage.table());
    }
    let as_meant = arguments.plant.is_none() && !arguments.lease_reads;
    let gated = as_meant && batch.passed + batch.failed.len() as u64 >= GATED_FROM;
    let missing = if gated { batch.coverage.missing() } else { Vec::new() };
    for what in &missing {
        println!("not reached: {what}");
    }
    // What was not reached fails the batch as a run would.
    let failed = batch.failed.len() + usize::from(!missing.is_empty());
    println!("{} passed, {failed} failed", batch.passed);
    ExitCode::from(batch.exit_code(&missing))
}

fn list_plants() {
    for plant in Plant::ALL {
        println!("{:<32} {} {:?}", plant.name(), plant.breaks(), plant.makes_false());
    }
}

/// Tells of a failing run, and writes its recordings.
fn report(run: &Run, minimised: Option<&(Script, Recording)>, arguments: &Arguments) {
    println!("\nseed {} failed: {}", run.seed, run.verdict);
    let seconds = arguments.seconds;
    let planted = arguments.plant.map(|plant| format!(" --plant {}", plant.name()));
    let planted = planted.unwrap_or_default();
    let leases = if arguments.lease_reads { " --lease-reads" } else { "" };
    let seed = run.seed;
    println!("  again:  cargo xtask swarm --seeds {seed} --seconds {seconds}{planted}{leases}");
    let name =
        |kind: &str| arguments.out.join(format!("{}-{}{kind}.json", run.verdict.name(), run.seed));
    let planted = arguments.plant.is_some();
    write_recording(&name(""), &run.recording, planted);
    match minimised {
        Some((script, recording)) => {
            println!("  minimised to {} commands:", script.commands.len());
            for (time_ns, command) in &script.commands {
                println!(
                    "    {:>12.6} s  {command:?}",
                    Duration::from_nanos(*time_ns).as_secs_f64()
                );
            }
            println!("    {:?}", script.options);
            write_recording(&name("-minimised"), recording, planted);
        }
        None if arguments.minimise > 0 => println!("  it does not fail again from its commands"),
        None => {}
    }
}

/// Writes a recording, and tells how to see it again.
pub fn write_recording(path: &Path, recording: &Recording, planted: bool) {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    match written.and_then(|()| fs::write(path, recording.to_text())) {
        Ok(()) => {
            let planted = if planted { "--planted " } else { "" };
            println!("  replay: cargo xtask replay {planted}{}", path.display());
        }
        Err(e) => println!("  its recording cannot be written to {}: {e}", path.display()),
    }
}
