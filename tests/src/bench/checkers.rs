//! What all checkers together take of the run time: the same run with them and without, in turns.
//!
//! Without them nothing is told to them either, so what it costs to tell is counted too.

use std::time::{Duration, Instant};

use shardscope_core::{Budget, Command, Digest, Error, Options, Simulation};

use super::load::Load;
use super::report::{Figure, Target};

/// How a run begins: with checkers or without.
type Begin = fn(&Options) -> Result<Simulation, Error>;

const LOADS: [Load; 2] = [Load::AsOnThePage, Load::WithoutPause { clients: 64 }];
/// Given to each phase: more than it needs; it goes on when the phase ends.
const PHASE: Duration = Duration::from_secs(5);
/// Most that the checkers may take of the run time, in per cent.
const TARGET: f64 = 30.0;

/// Measures all loads.
pub(crate) fn measure(runs: u32) -> Vec<Figure> {
    LOADS.into_iter().flat_map(|load| measure_load(load, runs)).collect()
}

fn measure_load(load: Load, runs: u32) -> [Figure; 2] {
    let (options, length) = (load.options(), load.length());
    // The first of each is thrown away: it finds caches and the heap cold.
    let (_, digest) = run(Simulation::new, &options, length);
    let (_, unchecked) = run(Simulation::unchecked, &options, length);
    assert_eq!(digest, unchecked, "checkers must change nothing");
    let (mut ratios, mut shares) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let with = run(Simulation::new, &options, length).0.as_secs_f64();
        let without = run(Simulation::unchecked, &options, length).0.as_secs_f64();
        ratios.push(with / without);
        shares.push((with - without) / with * 100.0);
    }
    let name = format!("checkers, {load}");
    [
        Figure::new(format!("{name}, with : without"), "x", ratios),
        Figure::new(format!("{name}, of the time"), "%", shares).held_to(Target::AtMost(TARGET)),
    ]
}

/// The four phases, then load; how long that took, and what it came to.
fn run(begin: Begin, options: &Options, load: Duration) -> (Duration, Digest) {
    let started = Instant::now();
    let mut simulation = begin(options).expect("the options are within their limits");
    for phase in 1..=4 {
        simulation.submit(Command::NextPhase).expect("the phase before is complete");
        simulation.advance(PHASE, Budget { stops_early: true, ..Budget::UNBOUNDED });
        assert_eq!(simulation.phase(), phase, "the phase needs longer than it is given");
    }
    simulation.advance(load, Budget::UNBOUNDED);
    (started.elapsed(), simulation.digest())
}
