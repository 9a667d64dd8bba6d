//! Writes a wall second of the whole cluster: routers, links, disks, trace, checkers and all.
//!
//! For information. Clients that do not pause show what it can do; the others are the page's own.

use std::time::{Duration, Instant};

use shardscope_core::{Budget, Command, Options, Simulation};

use super::report::Figure;

/// Clients, their pause in nanoseconds, and virtual seconds a run.
const LOADS: [(u16, u64, u64); 3] = [(3, 8_000_000, 10), (64, 0, 2), (1_024, 0, 1)];
/// By then the shard has its leader and every client has found it.
const SETTLED: Duration = Duration::from_secs(3);

/// Measures all loads.
pub(crate) fn measure(runs: u32) -> Vec<Figure> {
    LOADS.into_iter().flat_map(|load| measure_load(load, runs)).collect()
}

fn measure_load((clients, think_ns, seconds): (u16, u64, u64), runs: u32) -> [Figure; 2] {
    let node_capacity = 0;
    let options =
        Options { clients, think_ns, write_percent: 100, node_capacity, ..Options::default() };
    let mut simulation = Simulation::new(&options).expect("the options are within their limits");
    simulation.submit(Command::Load { on: true }).expect("load can always be started");
    simulation.advance(SETTLED, Budget::UNBOUNDED);
    let (mut writes, mut speeds) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let before = applied(&simulation);
        let started = Instant::now();
        simulation.advance(Duration::from_secs(seconds), Budget::UNBOUNDED);
        let took = started.elapsed().as_secs_f64();
        writes.push((applied(&simulation) - before) as f64 / took);
        speeds.push(seconds as f64 / took);
    }
    let pause = if think_ns == 0 { "without pause" } else { "as on the page" };
    let name = format!("whole cluster, {clients} clients {pause}");
    [Figure::new(&name, "writes/s", writes), Figure::new(&name, "virtual s/s", speeds)]
}

/// Entries of the one shard that are applied somewhere: nearly all are writes, some retried ones.
fn applied(simulation: &Simulation) -> u64 {
    simulation.view().replicas.iter().map(|replica| replica.applied).max().unwrap_or(0)
}
