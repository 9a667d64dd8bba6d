//! The run that is measured as a whole, natively and in wasm: the four phases, then load.
//!
//! Owns how long each part takes in virtual time; `wasm.mjs` is told. Both sides do exactly this,
//! so they must end with the same digest.

use std::time::{Duration, Instant};

use serde::Serialize;
use shardscope_core::{Budget, Command, Options, Simulation};

/// Seed of the reference scenario.
const SEED: u64 = 7;
/// How often a run goes through the phases and the load: once is over too soon to be timed.
pub(crate) const REPEATS: u32 = 5;
/// Given to each phase: more than it needs; it goes on when the phase ends.
const PHASE: Duration = Duration::from_secs(5);
/// Load after the last phase.
const LOAD: Duration = Duration::from_secs(10);
/// How long the cluster settles once its clients are still.
const SETTLE: Duration = Duration::from_secs(5);
/// How long it is idle then.
const IDLE: Duration = Duration::from_secs(1_200);
/// Virtual minutes of full load at which memory is looked at.
pub(crate) const MINUTES: [u64; 3] = [1, 5, 10];

/// The same in a form that JavaScript reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Script {
    seed: String,
    repeats: u32,
    phase_ns: u128,
    load_ns: u128,
    settle_ns: u128,
    idle_ns: u128,
    minutes: [u64; 3],
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            seed: SEED.to_string(),
            repeats: REPEATS,
            phase_ns: PHASE.as_nanos(),
            load_ns: LOAD.as_nanos(),
            settle_ns: SETTLE.as_nanos(),
            idle_ns: IDLE.as_nanos(),
            minutes: MINUTES,
        }
    }
}

/// What one run took on the wall clock, in seconds.
pub(crate) struct Took {
    /// The four phases and the load after them, as often as they are repeated.
    pub(crate) story_s: f64,
    /// Being idle.
    pub(crate) idle_s: f64,
    /// Virtual seconds of the four phases and the load, once.
    pub(crate) virtual_s: f64,
    /// The digest at the end.
    pub(crate) digest: String,
}

/// Virtual seconds of being idle.
pub(crate) fn idle_virtual_s() -> f64 {
    IDLE.as_secs_f64()
}

/// A run that has gone through the four phases; its clients go on.
pub(crate) fn after_four_phases() -> Simulation {
    let mut simulation = Simulation::new(&Options::seeded(SEED)).expect("the defaults are valid");
    for phase in 1..=4 {
        simulation.submit(Command::NextPhase).expect("the phase before is complete");
        // As the page's engine does.
        simulation.advance(PHASE, Budget { stops_early: true, ..Budget::UNBOUNDED });
        assert_eq!(simulation.phase(), phase, "the phase needs longer than it is given");
    }
    simulation
}

/// Runs it natively.
pub(crate) fn run() -> Took {
    let started = Instant::now();
    let mut simulation = after_four_phases();
    simulation.advance(LOAD, Budget::UNBOUNDED);
    for _ in 1..REPEATS {
        simulation = after_four_phases();
        simulation.advance(LOAD, Budget::UNBOUNDED);
    }
    let story_s = started.elapsed().as_secs_f64();
    let virtual_s = Duration::from_nanos(simulation.time().as_nanos()).as_secs_f64();

    simulation.submit(Command::Load { on: false }).expect("it can always be stopped");
    simulation.advance(SETTLE, Budget::UNBOUNDED);
    let started = Instant::now();
    simulation.advance(IDLE, Budget::UNBOUNDED);
    let idle_s = started.elapsed().as_secs_f64();
    Took { story_s, idle_s, virtual_s, digest: simulation.digest().to_string() }
}
