//! Committed writes a wall second through one shard, on this runtime and on tokio, in pairs.
//!
//! The two take turns, so that whatever else the machine does meanwhile meets both.

use std::time::Duration;

use openraft::AsyncRuntime;
use openraft_rt_tokio::TokioRuntime;
use shardscope_core::conformance::parts::SimRuntime;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use super::group::write_all;
use super::report::{Figure, Target};

/// Closed-loop clients, and how often each writes in one run: some tenths of a second each.
const LOADS: [(u16, u64); 4] = [(1, 10_000), (64, 1_500), (1_024, 150), (4_096, 40)];

/// Measures all loads.
pub(crate) fn measure(runs: u32) -> Vec<Figure> {
    LOADS.into_iter().flat_map(|(clients, writes)| measure_load(clients, writes, runs)).collect()
}

fn measure_load(clients: u16, writes: u64, runs: u32) -> [Figure; 3] {
    let rate = |took: Duration| (u64::from(clients) * writes) as f64 / took.as_secs_f64();
    // The first of each is thrown away: it finds caches and the heap cold.
    on_sim(clients, writes);
    on_tokio(clients, writes);
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let (sim, tokio) = (rate(on_sim(clients, writes)), rate(on_tokio(clients, writes)));
        ours.push(sim);
        theirs.push(tokio);
        ratios.push(sim / tokio);
    }
    let name = |what: &str| format!("{clients} clients, {what}");
    [
        Figure::new(name("here"), "writes/s", ours),
        Figure::new(name("on tokio"), "writes/s", theirs),
        Figure::new(name("here : tokio"), "x", ratios).held_to(Target::AtLeast(1.0)),
    ]
}

fn on_sim(clients: u16, writes: u64) -> Duration {
    SimRuntime::new(1).block_on(write_all::<SimRuntime>(clients, writes))
}

/// On one thread, with a clock that jumps to whatever is due next, as ours does.
fn on_tokio(clients: u16, writes: u64) -> Duration {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("one thread is enough for it");
    LocalSet::new().block_on(&runtime, write_all::<TokioRuntime>(clients, writes))
}
