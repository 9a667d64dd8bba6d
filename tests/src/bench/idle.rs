//! Virtual seconds a wall second of a cluster of five nodes in which nothing is asked for.
//!
//! What remains is what OpenRaft does by itself: ticks, heartbeats, and their messages.

use std::time::{Duration, Instant};

use shardscope_core::{Budget, Options, Simulation};

use super::report::{Figure, Target};

/// Shards, and virtual seconds a run: some tenths of a wall second each.
const SIZES: [(u16, u64); 3] = [(2, 1_000), (16, 120), (128, 12)];
/// By then every shard has its leader.
const ELECTED: Duration = Duration::from_secs(5);
/// Virtual seconds a second, with two shards.
const TARGET: f64 = 500.0;

/// Measures all sizes.
pub(crate) fn measure(runs: u32) -> Vec<Figure> {
    SIZES.into_iter().map(|(shards, seconds)| measure_size(shards, seconds, runs)).collect()
}

fn measure_size(shards: u16, seconds: u64, runs: u32) -> Figure {
    let options = Options { clients: 0, initial_shards: shards, ..Options::default() };
    let mut simulation = Simulation::new(&options).expect("the options are within their limits");
    simulation.advance(ELECTED, Budget::UNBOUNDED);
    let leaders = simulation.view().shards.iter().filter(|shard| shard.leader.is_some()).count();
    assert_eq!(leaders, usize::from(shards), "a shard has no leader yet");

    let duration = Duration::from_secs(seconds);
    let mut run = || {
        let started = Instant::now();
        simulation.advance(duration, Budget::UNBOUNDED);
        seconds as f64 / started.elapsed().as_secs_f64()
    };
    run();
    let rates = (0..runs).map(|_| run()).collect();
    let figure = Figure::new(format!("{shards} shards, idle"), "virtual s/s", rates);
    if shards == SIZES[0].0 { figure.held_to(Target::AtLeast(TARGET)) } else { figure }
}
