//! Shards that move round and back again leave nothing behind.

use std::time::Duration;

use shardscope_core::{
    Budget, Command, Condition, NodeId, NodeUsage, Options, ShardId, Simulation, Usage,
};

/// Rows of one shard's log that depend on when its last snapshot was taken.
const SNAPSHOT_EVERY: u64 = 8;
const SHARDS: u16 = 10;
const LIMIT: Duration = Duration::from_secs(60);

/// How many rounds: a hundred, or as many as `ROUNDS` says.
fn rounds() -> u64 {
    std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

fn world() -> Simulation {
    let options = Options {
        initial_shards: SHARDS,
        snapshot_every: SNAPSHOT_EVERY,
        log_kept: 0,
        ..Options::seeded(7)
    };
    let mut simulation = Simulation::new(&options).expect("valid");
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    simulation
}

/// The nodes on which shard `i` is wanted after `turns` turns.
fn layout(i: u16, turns: u16) -> Vec<NodeId> {
    let node = |k: u16| NodeId((i + turns + k) % 5 + 1);
    (0..3).map(node).collect()
}

/// Wants all shards moved to where they shall be after `turns` turns, and waits until they are.
fn turn(simulation: &mut Simulation, turns: u16) {
    for i in 0..SHARDS {
        let (shard, voters) = (ShardId(u64::from(i) + 1), layout(i, turns));
        let command = Command::Move { shard, voters, learners: vec![] };
        simulation.submit(command).expect("all nodes are live");
    }
    simulation.run_until(Condition::Settled, LIMIT).expect("they move");
}

/// What is held once all is at rest: two heartbeats of the nodes later.
fn at_rest(simulation: &mut Simulation) -> Usage {
    simulation.advance(Duration::from_secs(5), Budget::UNBOUNDED);
    let violations: Vec<String> = simulation.violations().iter().map(|v| v.text.clone()).collect();
    assert!(violations.is_empty(), "{violations:?}");
    simulation.usage()
}

/// Given ten shards on five nodes, when all of them have moved round and back again and again, then
/// tasks, timers, rows on disk and messages in flight are what they were after the first round.
#[test]
fn shards_that_move_round_and_back_leave_nothing_behind() {
    let mut simulation = world();
    let round = |simulation: &mut Simulation| {
        for turns in [2, 0] {
            turn(simulation, turns);
        }
    };
    // The first round leaves a tombstone of each shard where it was: they are for good.
    round(&mut simulation);
    let before = at_rest(&mut simulation);
    for _ in 0..rounds() {
        round(&mut simulation);
    }
    let after = at_rest(&mut simulation);

    assert_eq!(after.placement_rows, before.placement_rows);
    assert_eq!(after.placement_tasks, 0, "all is as it is wanted");
    let rows = |usage: &Usage| usage.nodes.iter().map(|n| n.rows as u64).sum::<u64>();
    // A shard's replicas have taken their last snapshot at other points of their logs.
    let logs = u64::from(SHARDS) * 3 * SNAPSHOT_EVERY;
    assert!(rows(&after) <= rows(&before) + logs, "{} rows, then {}", rows(&before), rows(&after));
    for (n, (NodeUsage { tasks, timers, .. }, was)) in
        (1..).zip(after.nodes.iter().zip(&before.nodes))
    {
        assert!(*tasks <= was.tasks + 8, "n{n}: {} tasks, then {tasks}", was.tasks);
        assert!(*timers <= was.timers + 16, "n{n}: {} timers, then {timers}", was.timers);
    }
    assert!(after.in_flight <= before.in_flight + 50, "{} in flight", after.in_flight);
}
