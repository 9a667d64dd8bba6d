//! Writes a wall second of the whole cluster: routers, links, disks, trace, checkers and all.
//!
//! For information. Clients that do not pause show what it can do; the others are the page's own.

use std::time::{Duration, Instant};

use shardscope_core::{Budget, Command, Options, Simulation};

use super::load::Load;
use super::report::Figure;

const LOADS: [Load; 3] =
    [Load::AsOnThePage, Load::WithoutPause { clients: 64 }, Load::WithoutPause { clients: 1_024 }];
/// By then the shard has its leader and every client has found it.
const SETTLED: Duration = Duration::from_secs(3);

/// Measures all loads.
pub(crate) fn measure(runs: u32) -> Vec<Figure> {
    LOADS.into_iter().flat_map(|load| measure_load(load, runs)).collect()
}

fn measure_load(load: Load, runs: u32) -> [Figure; 2] {
    let options = Options { write_percent: 100, node_capacity: 0, ..load.options() };
    let mut simulation = Simulation::new(&options).expect("the options are within their limits");
    simulation.submit(Command::Load { on: true }).expect("load can always be started");
    simulation.advance(SETTLED, Budget::UNBOUNDED);
    let (mut writes, mut speeds) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let before = applied(&simulation);
        let started = Instant::now();
        simulation.advance(load.length(), Budget::UNBOUNDED);
        let took = started.elapsed().as_secs_f64();
        writes.push((applied(&simulation) - before) as f64 / took);
        speeds.push(load.length().as_secs_f64() / took);
    }
    let name = format!("whole cluster, {load}");
    [Figure::new(&name, "writes/s", writes), Figure::new(&name, "virtual s/s", speeds)]
}

/// Entries of the one shard that are applied somewhere: nearly all are writes, some retried ones.
fn applied(simulation: &Simulation) -> u64 {
    simulation.view().replicas.iter().map(|replica| replica.applied).max().unwrap_or(0)
}
