//! Bad input is refused with a sentence and changes nothing; faults do what they say.

use std::time::Duration;

use shardscope_core::view::{NodeStatus, RoleView};
use shardscope_core::{
    Budget, Command, Condition, Error, Key, NodeId, Options, Recording, ShardId, Simulation,
    Traffic,
};

const LIMIT: Duration = Duration::from_secs(20);
const A: ShardId = ShardId(1);

fn started() -> Simulation {
    let mut simulation = Simulation::new(&Options::seeded(7)).expect("valid");
    simulation.submit(Command::NextPhase).expect("it is the next phase");
    simulation.run_until(Condition::Phase(1), LIMIT).expect("it completes");
    simulation
}

fn leader(simulation: &Simulation, shard: u64) -> Option<u16> {
    simulation.view().shards.iter().find(|s| s.id == shard).and_then(|s| s.leader)
}

#[test]
fn a_refused_command_says_why_and_changes_nothing() {
    let mut simulation = started();
    let before = (simulation.digest(), simulation.recording());
    let node = NodeId(9);
    let cases = [
        (Command::Crash { node }, "there is no node n9: the nodes are n1 to n5"),
        (Command::Restart { node: NodeId(1) }, "n1 is not down"),
        (Command::Resume { node: NodeId(1) }, "n1 is not paused"),
        (Command::Cut(Traffic::between(NodeId(1), NodeId(1))), "n1 has no link to itself"),
        (Command::Phase { phase: 4 }, "phase 2 comes next"),
        (Command::Phase { phase: 7 }, "there is no phase 7"),
        (
            Command::Split { shard: ShardId(5), key: Key(3) },
            "there is no shard shard_e: the shards are shard_a",
        ),
        (Command::Split { shard: A, key: Key(1) }, "choose a key from 2 to 200"),
        (Command::Split { shard: A, key: Key(201) }, "choose a key from 2 to 200"),
        (Command::Write { key: Key(0), value: 1 }, "key 0 is outside the key space [1..200]"),
        (Command::Read { key: Key(500) }, "key 500 is outside the key space"),
        (Command::Delete { key: Key(201) }, "key 201 is outside the key space"),
        (
            Command::CompareAndSet { key: Key(0), expected: None, value: 1 },
            "key 0 is outside the key space",
        ),
        (
            Command::Scan { start: Key(100), end: Key(50) },
            "a scan from 100 up to 50 holds no key: name an end above the start",
        ),
        (Command::Scan { start: Key(100), end: Key(100) }, "holds no key"),
        (Command::Scan { start: Key(0), end: Key(50) }, "key 0 is outside the key space"),
        (Command::Scan { start: Key(1), end: Key(202) }, "key 201 is outside the key space"),
        (
            Command::TransferLeader { shard: A, node: NodeId(4) },
            "n4 holds no voting replica of shard_a",
        ),
        (Command::Move { shard: A, voters: vec![], learners: vec![] }, "needs at least one voter"),
        (
            Command::Move { shard: A, voters: vec![NodeId(1), NodeId(1)], learners: vec![] },
            "n1 is named twice",
        ),
    ];
    for (command, says) in cases {
        let error = simulation.submit(command.clone()).expect_err("it makes no sense").to_string();
        assert!(error.contains(says), "{command:?}: {error}");
        assert_eq!((simulation.digest(), simulation.recording()), before, "{command:?}");
    }
    simulation.submit(Command::Crash { node: NodeId(2) }).expect("it is up");
    let error = simulation.submit(Command::Crash { node: NodeId(2) }).expect_err("it is down");
    assert!(error.to_string().contains("n2 is not up"));
}

#[test]
fn a_phase_cannot_run_while_another_does() {
    let mut simulation = Simulation::new(&Options::seeded(7)).expect("valid");
    simulation.submit(Command::NextPhase).expect("it is the next phase");
    let error = simulation.submit(Command::NextPhase).expect_err("one runs");
    assert!(error.to_string().contains("phase 1 is still running"), "{error}");
}

#[test]
fn options_out_of_their_limits_are_named() {
    let cases = [
        (Options { nodes: 0, ..Options::default() }, "nodes must be 1 to 9"),
        (Options { voters: 6, ..Options::default() }, "voters must be 1 to 5"),
        (Options { link_latency_ns: (5, 1), ..Options::default() }, "link_latency_ns"),
        (Options { election_timeout_ms: (300, 200), ..Options::default() }, "election_timeout_ms"),
        (Options { first_key: 9, last_key: 3, ..Options::default() }, "first_key"),
        (Options { write_percent: 101, ..Options::default() }, "write_percent"),
        (
            Options { delete_percent: 60, update_percent: 41, ..Options::default() },
            "delete_percent and update_percent together must be at most 100",
        ),
        (Options { scan_percent: 101, ..Options::default() }, "scan_percent"),
        (Options { scan_keys: 0, ..Options::default() }, "scan_keys must be at least 1"),
        (Options { node_capacity: 1_000_001, ..Options::default() }, "0 for no bound"),
        (
            Options { client_homes: vec![NodeId(1); 7], ..Options::default() },
            "must not name more clients than there are",
        ),
        (
            Options { client_homes: vec![NodeId(6)], ..Options::default() },
            "must name nodes that there are",
        ),
        (
            Options { far_nodes: vec![NodeId(0)], ..Options::default() },
            "must name nodes that there are",
        ),
        (
            Options { client_keys: vec![(Key(1), Key(201))], ..Options::default() },
            "client_keys must be (first, last) keys of the key space",
        ),
        (
            Options { client_keys: vec![(Key(9), Key(3))], ..Options::default() },
            "client_keys must be (first, last) keys of the key space",
        ),
        (
            Options { far_latency_ns: 100_000_001, ..Options::default() },
            "far_latency_ns must be at most",
        ),
    ];
    for (options, says) in cases {
        let error = Simulation::new(&options).err().expect("out of its limits").to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_damaged_recording_loads_nothing_and_says_what_is_wrong() {
    let recording = started().recording();
    let text = recording.to_text();
    let cut = &text[..text.len() / 2];
    let foreign = text.replace("shardscope 0", "shardscope 9");
    let edited = text.replace("next_phase", "next_face");
    let mut backwards = recording.clone();
    backwards.end.fired = 0;
    backwards.commands[0].fired = 10;
    for (damaged, says) in [
        (cut, "EOF"),
        (&foreign, "open it with that build"),
        (&edited, "next_face"),
        (&backwards.to_text(), "lies before it"),
        ("hello", "expected value"),
    ] {
        let error = Recording::from_text(damaged).expect_err("it is damaged").to_string();
        assert!(error.contains(says), "{error}");
    }
    let mut impossible = recording;
    impossible.commands[0].command = Command::Phase { phase: 3 };
    let error = Simulation::replay(&impossible, None).err().expect("out of order");
    assert!(matches!(error, Error::Replay { position: 1, .. }), "{error}");
}

#[test]
fn a_crashed_leader_is_replaced_and_comes_back_as_a_follower_with_its_data() {
    let mut simulation = started();
    assert_eq!(leader(&simulation, 1), Some(1));
    simulation.submit(Command::Crash { node: NodeId(1) }).expect("it is up");
    assert_eq!(simulation.view().nodes[0].status, NodeStatus::Down);
    simulation.run_until(Condition::Event("role_changed"), LIMIT).expect("somebody campaigns");
    simulation.advance(Duration::from_secs(3), Budget::UNBOUNDED);
    let new = leader(&simulation, 1).expect("a majority is up");
    assert!([2, 3].contains(&new), "n{new}");
    simulation.submit(Command::Restart { node: NodeId(1) }).expect("it is down");
    simulation.advance(Duration::from_secs(3), Budget::UNBOUNDED);
    let view = simulation.view();
    let back = view.replicas.iter().find(|r| r.node == 1).expect("its disk brought it back");
    assert_eq!((back.id, back.role, back.keys), (1, RoleView::Follower, 200));
    assert_eq!(simulation.violations(), []);
    assert!(view.clients.iter().all(|c| c.failed == 0));
}

#[test]
fn an_isolated_leader_loses_its_shard_and_a_heal_brings_one_history_back() {
    let mut simulation = started();
    simulation.submit(Command::Isolate { node: NodeId(1) }).expect("it exists");
    simulation.advance(Duration::from_secs(4), Budget::UNBOUNDED);
    let view = simulation.view();
    assert!(view.nodes[0].isolated);
    let new = leader(&simulation, 1).expect("the majority elects one");
    assert_ne!(new, 1);
    simulation.submit(Command::Heal).expect("always possible");
    simulation.submit(Command::Load { on: false }).expect("always possible");
    simulation.advance(Duration::from_secs(4), Budget::UNBOUNDED);
    let view = simulation.view();
    assert!(!view.nodes[0].isolated);
    let applied: Vec<u64> = view.replicas.iter().map(|r| r.applied).collect();
    assert!(applied.iter().all(|a| *a == applied[0]), "{applied:?}");
    assert_eq!(simulation.violations(), []);
}

#[test]
fn a_paused_node_misses_everything_and_catches_up() {
    let mut simulation = started();
    simulation.submit(Command::Pause { node: NodeId(3) }).expect("it is up");
    let at = |s: &Simulation| s.view().replicas.iter().find(|r| r.node == 3).map(|r| r.applied);
    let before = at(&simulation);
    simulation.advance(Duration::from_secs(2), Budget::UNBOUNDED);
    assert_eq!(at(&simulation), before);
    simulation.submit(Command::Resume { node: NodeId(3) }).expect("it is paused");
    simulation.submit(Command::Load { on: false }).expect("always possible");
    simulation.advance(Duration::from_secs(4), Budget::UNBOUNDED);
    assert!(at(&simulation) > before);
    assert_eq!(simulation.violations(), []);
}

#[test]
fn the_phases_complete_although_the_leader_crashes_in_the_middle_of_each() {
    for (phase, after_ms) in [(2, 8), (3, 20), (4, 15), (4, 40)] {
        let mut simulation = Simulation::new(&Options::seeded(11)).expect("valid");
        for now in 1..=4 {
            simulation.submit(Command::NextPhase).expect("it is the next phase");
            if now == phase {
                simulation.advance(Duration::from_millis(after_ms), Budget::UNBOUNDED);
                simulation.submit(Command::Crash { node: NodeId(1) }).expect("it is up");
                simulation.advance(Duration::from_secs(3), Budget::UNBOUNDED);
                simulation.submit(Command::Restart { node: NodeId(1) }).expect("it is down");
            }
            let done = simulation.run_until(Condition::Phase(now), LIMIT);
            done.unwrap_or_else(|e| {
                panic!("crash {after_ms} ms into phase {phase}, phase {now}: {e}")
            });
        }
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn what_a_run_holds_is_bounded_and_a_migrated_shard_leaves_nothing_behind() {
    let mut simulation = started();
    for phase in 2..=4 {
        simulation.submit(Command::NextPhase).expect("it is the next phase");
        simulation.run_until(Condition::Phase(phase), LIMIT).expect("it completes");
    }
    simulation.advance(Duration::from_secs(5), Budget::UNBOUNDED);
    let early = simulation.usage();
    simulation.advance(Duration::from_secs(60), Budget::UNBOUNDED);
    let late = simulation.usage();
    for (n, (early, late)) in (1..).zip(early.nodes.iter().zip(&late.nodes)) {
        assert!(late.rows < 200, "n{n} keeps {} rows", late.rows);
        assert!(late.tasks <= early.tasks + 8, "n{n}: {} tasks, then {}", early.tasks, late.tasks);
        assert!(
            late.timers <= early.timers + 16,
            "n{n}: {} timers, then {}",
            early.timers,
            late.timers
        );
    }
    assert!(late.in_flight < 100, "{} messages in flight", late.in_flight);
}
