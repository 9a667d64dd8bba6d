//! Leadership handed over, lost, and left alone.

use crate::world::{A, N1, N2, N3, N4, World, leads, request};
use shardscope_core::{
    Command, CommandError, EventKind, Key, MessageKind, NodeId, Refusal, Step, Traffic,
};

fn transfer_to(node: NodeId) -> Command {
    Command::TransferLeader { shard: A, node }
}

/// Scenario 71. A healthy follower takes over at once: within four round trips, and without an
/// election timeout.
#[test]
fn a_healthy_follower_takes_over_at_once() {
    let mut world = World::quiet();
    world.has(transfer_to(N2));
    let started = world.until("it begins", |k| matches!(k, EventKind::TransferStarted { .. }));
    let led = world.until("n2 leads", leads(A, N2));
    let took_ms = (led.time.as_nanos() - started.time.as_nanos()) / 1_000_000;
    assert!(took_ms <= 28, "it took {took_ms} ms");
    world.ends_well();
}

/// Scenario 71. Given a transfer whose message is lost, then the shard can be written again, under
/// whichever leader, without anybody's help.
#[test]
fn a_transfer_that_is_lost_does_not_block_the_shard() {
    let mut world = World::quiet();
    world.has(transfer_to(N2));
    let lost = world.until_in_flight(request(MessageKind::Transfer, A, N1, N2));
    world.has(Command::DropMessage { id: lost.id });
    world.write(50, 5);
    assert_eq!(world.read(50), Some(5));
    world.ends_well();
}

/// Scenario 71. Given a target that has not applied what it has, when it takes over, then nothing
/// is served from before that.
#[test]
fn a_target_that_is_slow_to_apply_serves_nothing_from_before() {
    let mut world = World::quiet();
    world.has(Command::HoldApply { node: N2, shard: A });
    world.write(50, 5);
    world.has(transfer_to(N2));
    world.until("n2 leads", leads(A, N2));
    world.has(Command::Read { key: Key(50) });
    world.pass(200);
    world.has(Command::ReleaseApply { node: N2, shard: A });
    assert_eq!(world.completes(50), Some(5));
    world.ends_well();
}

/// Scenario 72. Given a leader that is cut off with a client that still believes in it, then it
/// answers no read that a new leader's write has overtaken.
#[test]
fn a_leader_that_is_cut_off_answers_no_read() {
    let mut world = World::quiet();
    world.has(Command::Isolate { node: N1 });
    let place = world.now();
    world.has(Command::Read { key: Key(50) });
    world.pass(100);
    assert_eq!(world.since(place).filter(|k| k.name() == "completed").count(), 0);
    assert!(world.completes(50).is_some());
    assert_ne!(world.leader(A), Some(N1));
    world.ends_well();
}

/// Scenario 72. Given a follower that was cut off for long, when it is back, then it disturbs
/// nobody: it has asked around before it campaigned, and its term has not grown.
#[test]
fn a_follower_that_was_cut_off_disturbs_nobody_when_it_is_back() {
    let mut world = World::quiet();
    let term = world.replica(N1, A).map(|r| r.term);
    let place = world.now();
    world.has(Command::Isolate { node: N3 });
    world.pass(5_000);
    world.has(Command::Heal);
    world.pass(3_000);
    assert_eq!((world.leader(A), world.elections(A, place)), (Some(N1), 0));
    assert_eq!(world.replica(N3, A).map(|r| r.term), term);
    world.ends_well();
}

/// Scenario 71. Given a transfer to a node that dies, then the shard is led again soon.
#[test]
fn a_transfer_to_a_node_that_dies_ends_with_a_leader() {
    let mut world = World::quiet();
    world.has(transfer_to(N2));
    world.until_in_flight(request(MessageKind::Transfer, A, N1, N2));
    world.crash(N2);
    world.write(50, 5);
    let other = if world.leader(A) == Some(N1) { N3 } else { N1 };
    world.has(transfer_to(other));
    world.until("another transfer works", leads(A, other));
    world.ends_well();
}

/// The leader, asked to hand over to that node, refused.
fn refused(wanted: NodeId, is: impl Fn(&Refusal) -> bool) -> impl Fn(&EventKind) -> bool {
    move |kind| {
        matches!(kind, EventKind::StepRefused { shard: A, step: Step::Transfer { to }, why }
            if *to == wanted && is(why))
    }
}

/// A refused transfer has cost nothing: nobody began to hand over, `n1` leads on, in its term, and
/// the shard is written at once.
fn led_on(world: &mut World, place: usize) {
    let begun = |k: &&EventKind| matches!(k, EventKind::TransferStarted { .. });
    assert_eq!(world.since(place).filter(begun).count(), 0);
    assert_eq!((world.leader(A), world.elections(A, place)), (Some(N1), 0));
    let asked = world.sim.time();
    world.write(50, 5);
    let took = world.sim.time().since(asked);
    assert!(took.as_millis() < 100, "a write took {took:?}");
}

/// Scenario 71. Given a target that died this instant or a second ago, then the leader, which asks it
/// first, refuses to hand over, and goes on to serve; and once placement misses it too, the command
/// is refused.
#[test]
fn a_transfer_to_a_dead_node_is_refused_and_costs_nothing() {
    for dead_ms in [0, 1_000] {
        let mut world = World::quiet();
        world.crash(N2);
        world.pass(dead_ms);
        let place = world.now();
        world.has(transfer_to(N2));
        world.until("the leader refuses", refused(N2, |why| *why == Refusal::Silent));
        led_on(&mut world, place);
        world.pass(2_500);
        let error = world.sim.submit(transfer_to(N2));
        assert_eq!(error, Err(CommandError::NotLive(A, N2)));
        world.restart(N2);
        world.pass(1_000);
        world.has(transfer_to(N2));
        world.until("n2 leads", leads(A, N2));
        world.ends_well();
    }
}

/// Scenario 71. Given a target that answers, but lacks many entries, then the leader refuses to hand
/// over until it has caught up.
#[test]
fn a_transfer_to_a_node_that_is_far_behind_is_refused_until_it_has_caught_up() {
    let mut world = World::quiet();
    for kind in [MessageKind::Append, MessageKind::Snapshot] {
        world.has(Command::Cut(Traffic::between(N1, N3).of_shard(A).of_kind(kind)));
    }
    (0..70).for_each(|value| world.write(50, value));
    let place = world.now();
    world.has(transfer_to(N3));
    world.until(
        "the leader refuses",
        refused(N3, |why| matches!(why, Refusal::Behind { entries } if *entries >= 70)),
    );
    led_on(&mut world, place);
    world.has(Command::Heal);
    // The snapshot that was lost is sent again when its time is up.
    world.pass(3_000);
    world.has(transfer_to(N3));
    world.until("n3 leads", leads(A, N3));
    world.ends_well();
}

/// Scenario 71. Given a transfer that is still on its way to the leader while its target is removed,
/// then the leader refuses it when it arrives.
#[test]
fn a_transfer_to_a_replica_that_was_removed_is_refused() {
    let mut world = World::quiet();
    world.has(transfer_to(N2));
    let order = world.until_in_flight(|m| m.to == "n1" && m.summary.starts_with("Transfer"));
    world.has(Command::DelayMessage { id: order.id, by_ns: 800_000_000 });
    let place = world.now();
    world.move_to(A, &[N1, N3], &[]);
    world.until("the leader refuses", refused(N2, |why| *why == Refusal::NotAMember));
    assert_eq!(world.row(A), "L – F – –");
    led_on(&mut world, place);
    world.ends_well();
}

/// Scenario 71. Given a leader that has not applied a membership change yet, then it does not hand
/// over before it has.
#[test]
fn a_transfer_in_the_middle_of_a_membership_change_is_refused() {
    let mut world = World::quiet();
    world.has(Command::HoldApply { node: N1, shard: A });
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.pass(100);
    world.has(transfer_to(N2));
    world.until("the leader refuses", refused(N2, |why| *why == Refusal::ChangePending));
    world.has(Command::ReleaseApply { node: N1, shard: A });
    world.settle();
    assert_eq!(world.row(A), "L F F N –");
    world.has(transfer_to(N2));
    world.until("n2 leads", leads(A, N2));
    world.ends_well();
}

/// Scenario 71. Given a snapshot on its way to a learner, then leadership is handed to a voter all
/// the same, and the learner comes under the new leader.
#[test]
fn a_transfer_while_a_snapshot_is_sent_to_another_works() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.until_in_flight(|m| m.kind == MessageKind::Snapshot && m.to == "n4");
    world.pass(20);
    world.has(transfer_to(N2));
    world.until("n2 leads", leads(A, N2));
    world.settle();
    assert_eq!(world.row(A), "F L F N –");
    world.ends_well();
}
