//! Leadership handed over, lost, and left alone.

use super::world::{A, N1, N2, N3, World, leads, request};
use shardscope_core::{Command, EventKind, Key, MessageKind, NodeId};

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
