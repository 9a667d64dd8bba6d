//! The properties hold through the four phases, and each has compared something; `swarm` has them
//! hold under every fault. What they have found is kept, each with its story.

use std::time::Duration;

use crate::reference::{SEED, run};
use shardscope_core::{
    Budget, Command, Condition, Endpoint, Event, EventKind, Key, MessageKind, NodeId, Options,
    ShardId, Simulation, Traffic,
};

/// Far more than anything takes once all faults have ended.
const LIMIT: Duration = Duration::from_secs(120);
const A: ShardId = ShardId(1);

/// Asserts that no property was found false.
fn assert_safe(simulation: &Simulation, what: &str) {
    if let Some(v) = simulation.violations().first() {
        panic!("{what}: {} ({}), at event {}: {}", v.id, v.name, v.event.seq, v.text);
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What only reads on a lease put to the test, or votes that come before the split: the runs that
/// `swarm` draws do.
const NEEDS_MORE: [&str; 3] = ["S6", "S15", "S19"];

/// Given the reference scenario, when all four phases are done, then every property has compared
/// something.
#[test]
fn every_property_is_put_to_the_test_by_the_four_phases() {
    let simulation = run(&Options::seeded(SEED), |phase, simulation| {
        assert_safe(simulation, &format!("phase {phase}"));
    });
    for (id, name, compared) in simulation.property_counts() {
        println!("{id:>4} {name:<32} {compared:>8}");
        assert!(compared > 0 || NEEDS_MORE.contains(&id), "{id}, {name}, compared nothing");
    }
}

/// The number of the last event.
fn last_event(simulation: &Simulation) -> u64 {
    let mut seen = 0;
    while let Some(last) = simulation.events_since(seen).last() {
        seen = last.seq;
    }
    seen
}

/// Lets time pass until that node sends a message of that kind.
fn until_sent(simulation: &mut Simulation, node: NodeId, sent: MessageKind) {
    let mut seen = last_event(simulation);
    for _ in 0..10_000 {
        simulation.step();
        for event in simulation.events_since(seen) {
            seen = event.seq;
            if let EventKind::MessageSent { kind, reply: false, from, .. } = event.kind
                && (kind, from) == (sent, Endpoint::Node(node))
            {
                return;
            }
        }
    }
    panic!("{node} sends no {sent}");
}

fn first_phase() -> Simulation {
    let mut simulation = Simulation::new(&Options::seeded(SEED)).expect("valid");
    simulation.submit(Command::NextPhase).expect("it is the next phase");
    simulation.run_until(Condition::Phase(1), LIMIT).expect("it completes");
    simulation
}

/// Given a leader that crashes when a write is on its way to the others and not yet on its own
/// disk, when it is back before anyone has missed it, then the log id of that write is not given
/// to another entry. By default OpenRaft would: it lets a leader go on as one, in the same
/// term, unless `enable_leader_restore` is off.
#[test]
fn a_leader_that_lost_what_it_sent_does_not_lead_on_in_its_term() {
    let mut simulation = first_phase();
    let [n1, n2, n3, n4] = [1, 2, 3, 4].map(NodeId);
    simulation.submit(Command::Load { on: false }).expect("there are clients");
    simulation.advance(ms(500), Budget::UNBOUNDED);
    simulation.submit(Command::Write { key: Key(50), value: 7 }).expect("it is a key");
    until_sent(&mut simulation, n1, MessageKind::Append);
    simulation.submit(Command::Crash { node: n1 }).expect("it is up");
    simulation.advance(ms(10), Budget::UNBOUNDED);
    simulation.submit(Command::Restart { node: n1 }).expect("it is down");
    let (voters, learners) = (vec![n1, n2, n3], vec![n4]);
    simulation.submit(Command::Move { shard: A, voters, learners }).expect("there are such nodes");
    simulation.run_until(Condition::Settled, LIMIT).expect("a learner is added");
    assert_safe(&simulation, "the leader was back at once");
}

/// Given a learner that hears only from the leader, and whose answers are lost, when leadership
/// moves on, then the old leader stops sending it snapshots. A transport that does not heed the
/// cancel would try again, with its old vote and a snapshot from after its time, on which the
/// learner panics.
#[test]
fn an_old_leader_sends_no_snapshot_from_after_its_time() {
    let mut simulation = first_phase();
    let [n1, n2, n3, n4] = [1, 2, 3, 4].map(NodeId);
    for (from, to) in [(n2, n4), (n3, n4), (n4, n1), (n4, n2), (n4, n3)] {
        simulation.submit(Command::Cut(Traffic::between(from, to))).expect("there is such a link");
    }
    let (voters, learners) = (vec![n1, n2, n3], vec![n4]);
    simulation.submit(Command::Move { shard: A, voters, learners }).expect("there are such nodes");
    until_sent(&mut simulation, n1, MessageKind::Snapshot);
    simulation.submit(Command::TransferLeader { shard: A, node: n2 }).expect("it votes");
    simulation.advance(ms(10_000), Budget::UNBOUNDED);
    assert_safe(&simulation, "leadership moved on");
    simulation.submit(Command::Heal).expect("links can always be healed");
    simulation.run_until(Condition::Settled, LIMIT).expect("the learner is caught up");
}

/// Given a leader that has handed over while its applying was held, and stands again at the moment
/// when it applies at last, when it answers the writes that it had taken as a leader, then those are
/// answers of its old term: the new leader, which it has not beaten, goes on to answer reads.
#[test]
fn a_write_that_is_answered_late_is_of_the_term_in_which_it_was_taken() {
    let mut simulation = first_phase();
    let [n1, n2] = [1, 2].map(NodeId);
    simulation.submit(Command::HoldApply { node: n1, shard: A }).expect("it lives there");
    // A write of each client is in its log, and not applied.
    simulation.advance(ms(100), Budget::UNBOUNDED);
    simulation.submit(Command::TransferLeader { shard: A, node: n2 }).expect("it votes");
    until_sent(&mut simulation, n2, MessageKind::Append);
    simulation.submit(Command::Cut(Traffic::between(n2, n1))).expect("there is such a link");
    simulation.advance(ms(500), Budget::UNBOUNDED);
    simulation.submit(Command::Elect { shard: A, node: n1 }).expect("it lives there");
    until_sent(&mut simulation, n1, MessageKind::Vote);
    let before = last_event(&simulation);
    simulation.submit(Command::ReleaseApply { node: n1, shard: A }).expect("it is held");
    let answers = |event: &Event| {
        let answer = (MessageKind::Write, true, Endpoint::Node(n1));
        matches!(event.kind, EventKind::MessageSent { kind, reply, from, .. } if (kind, reply, from) == answer)
    };
    assert!(simulation.events_since(before).iter().any(answers), "it has writes to answer");
    simulation.advance(ms(1_000), Budget::UNBOUNDED);
    assert_safe(&simulation, "answers of an old term");
}
