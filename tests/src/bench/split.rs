//! Wall time of splitting a shard with many keys: what applying the one entry takes on a node.
//!
//! Its cost grows with the data on the node alone, for none of it travels; that is asserted in
//! `tests/native/split_cost.rs` with fewer keys.

use std::time::{Duration, Instant};

use shardscope_core::{Budget, Command, Condition, Key, Options, ShardId, Simulation};

use super::report::{Figure, Target};

/// Keys in the shard.
const KEYS: u64 = 100_000;
/// Clients that write them all once.
const CLIENTS: u16 = 512;
/// As often a snapshot of the whole shard is taken; more often would be most of the filling.
const SNAPSHOT_EVERY: u64 = 20_000;
/// Virtual time for the filling, and for the split: far more than they take.
const LIMIT: Duration = Duration::from_secs(600);
/// Wall seconds.
const TARGET: f64 = 1.0;

/// Measures a split in the middle, on each of the three nodes, in a fresh run each time.
pub(crate) fn measure(runs: u32) -> Vec<Figure> {
    let (mut applies, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let mut simulation = filled();
        let started = Instant::now();
        let shard = ShardId(1);
        let split = Command::Split { shard, key: Key(KEYS / 2 + 1) };
        simulation.submit(split).expect("the key is within the shard");
        applies.push(slowest_apply(&mut simulation));
        simulation.run_until(Condition::Settled, LIMIT).expect("both halves have leaders");
        wholes.push(started.elapsed().as_secs_f64());
    }
    let name = format!("split of {KEYS} keys");
    vec![
        Figure::new(format!("{name}, applied on a node"), "s", applies)
            .held_to(Target::AtMost(TARGET)),
        Figure::new(format!("{name}, from the command to its end"), "s", wholes),
    ]
}

/// A shard with all keys written, at rest.
fn filled() -> Simulation {
    let options = Options {
        clients: CLIENTS,
        think_ns: 0,
        last_key: KEYS,
        node_capacity: 0,
        snapshot_every: SNAPSHOT_EVERY,
        ..Options::default()
    };
    let mut simulation = Simulation::new(&options).expect("the options are within their limits");
    simulation.submit(Command::NextPhase).expect("it is the first phase");
    simulation.run_until(Condition::Phase(1), LIMIT).expect("every key is written");
    simulation.submit(Command::Load { on: false }).expect("it can always be stopped");
    simulation.advance(Duration::from_secs(2), Budget::UNBOUNDED);
    simulation
}

/// Wall seconds of the longest step in which a replica applies the split, of all three.
fn slowest_apply(simulation: &mut Simulation) -> f64 {
    let (mut applied, mut slowest) = (0, 0.0_f64);
    let mut seen = simulation.view().event_seq;
    while applied < 3 {
        let started = Instant::now();
        simulation.step().expect("the split is on its way");
        let took = started.elapsed().as_secs_f64();
        let events = simulation.events_since(seen);
        seen = events.last().map_or(seen, |event| event.seq);
        let splits = events.iter().filter(|event| event.kind.name() == "split_applied").count();
        applied += splits;
        if splits > 0 {
            slowest = slowest.max(took);
        }
    }
    slowest
}
