//! Disks that are held, full or slow, clocks that are wrong, replicas that are kept from applying, and
//! timers fired by hand.

use std::time::Duration;

use shardscope_core::view::RoleView;
use shardscope_core::{Command, Condition, EventKind, NodeId};

use super::{clock, one_shard_of_writes, two_shards};
use crate::world::{A, B, N1, N2, N3, N4};

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn an_election_timeout_fires_by_hand() {
    let mut world = two_shards(3);
    let term = world.on(N1, A).term;
    world.pass(2_000);
    world.has(Command::Elect { shard: A, node: N3 });
    world.pass(3_000);
    assert!(world.on(N3, A).term > term);
    assert!(world.leader(A).is_some());
    world.ends_with_all_done();
}

/// Given a learner, when its election timeout is to fire, then that is refused: it has none.
#[test]
fn a_learner_cannot_be_elected() {
    let mut world = two_shards(3);
    let (voters, learners) = (vec![N1, N2, N3], vec![N4]);
    world.has(Command::Move { shard: A, voters, learners });
    world.sim.run_until(Condition::Event("placement_reached"), LIMIT).expect("a learner is added");
    assert_eq!(world.on(N4, A).role, RoleView::Learner);
    let error = world.sim.submit(Command::Elect { shard: A, node: N4 }).expect_err("it learns");
    assert!(error.to_string().contains("n4 holds no voting replica of shard_a"), "{error}");
}

/// Given a follower that applies nothing, when clients write, then it takes the entries and its
/// state stands still; released, or crashed and restarted, it catches up.
#[test]
fn a_replica_that_is_kept_from_applying_still_takes_entries() {
    for crash in [false, true] {
        let mut world = two_shards(3);
        world.has(Command::HoldApply { node: N3, shard: A });
        let before = world.on(N3, A);
        assert!(before.apply_held);
        world.pass(2_000);
        let after = world.on(N3, A);
        assert!(after.applied <= before.applied + 1, "{} {}", before.applied, after.applied);
        assert!(after.last_log > before.last_log + 10, "{} {}", before.last_log, after.last_log);
        assert!(world.on(N3, B).applied > 0 && !world.on(N3, B).apply_held);
        if crash {
            world.has(Command::Crash { node: N3 });
            world.has(Command::Restart { node: N3 });
        } else {
            world.has(Command::ReleaseApply { node: N3, shard: A });
        }
        world.pass(3_000);
        assert!(world.on(N3, A).applied >= after.last_log);
        assert!(!world.on(N3, A).apply_held);
        world.ends_with_all_done();
    }
}

/// Given that the disks of both followers are held or full, when clients write, then nothing is
/// acknowledged, for an entry on the leader's disk alone is no quorum; on the leader's disk alone
/// it does not matter.
#[test]
fn what_no_quorum_has_flushed_is_not_acknowledged() {
    type OnNode = fn(NodeId) -> Command;
    let faults: [(OnNode, OnNode); 2] = [
        (|node| Command::HoldDisk { node }, |node| Command::ReleaseDisk { node }),
        (|node| Command::FillDisk { node }, |node| Command::FreeDisk { node }),
    ];
    for (stall, end) in faults {
        let mut world = one_shard_of_writes();
        world.has(stall(N3));
        assert!(world.acknowledged_in(500) > 10, "two of three flush");
        world.has(stall(N2));
        world.pass(10);
        assert_eq!(world.acknowledged_in(400), 0);
        assert!(world.node(N2).disk_held || world.node(N2).disk_full);
        world.has(end(N2));
        assert!(world.acknowledged_in(2_000) > 10);
        world.has(end(N3));
        world.ends_with_all_done();
    }
}

/// Given a node whose disk is held in the middle of its flushes, when it crashes, then it has lost
/// just what it had not flushed, and comes back behind the others.
#[test]
fn a_node_crashes_at_a_point_of_a_flush_that_a_test_chooses() {
    let mut world = two_shards(3);
    world.has(Command::HoldDisk { node: N3 });
    let durable = world.sim.usage().nodes[2].rows;
    world.pass(200);
    assert_eq!(world.sim.usage().nodes[2].rows, durable);
    let seq = world.sim.view().event_seq;
    world.has(Command::Crash { node: N3 });
    let events = world.sim.events_since(seq);
    let lost = events.iter().find_map(|e| match e.kind {
        EventKind::NodeCrashed { unflushed, .. } => Some(unflushed),
        _ => None,
    });
    assert!(lost.is_some_and(|lost| lost > 0), "{lost:?}");
    world.has(Command::ReleaseDisk { node: N3 });
    world.has(Command::Restart { node: N3 });
    world.ends_with_all_done();
}

#[test]
fn slow_disks_make_writes_slow() {
    let mut world = two_shards(3);
    let before = world.acknowledged_in(1_000);
    for node in [N1, N2, N3] {
        world.has(Command::SlowDisk { node, flush_latency_ns: 40_000_000 });
    }
    let slowed = world.acknowledged_in(1_000);
    assert!(slowed < before / 2, "{before}, then {slowed}");
    assert_eq!(world.node(N2).flush_latency_ns, 40_000_000);
    for node in [N1, N2, N3] {
        world.has(Command::SlowDisk { node, flush_latency_ns: 200_000 });
    }
    world.ends_with_all_done();
}

/// Given a follower whose clock jumps ahead or runs fast, when its election timeout fires again and
/// again, then asking around first keeps the leader where it is.
#[test]
fn a_clock_that_is_wrong_does_not_disturb_a_leader() {
    for (offset_ns, drift_ppm) in [(30_000_000_000, 0), (0, 500_000), (-30_000_000_000, 0)] {
        let mut world = two_shards(3);
        let term = world.on(N1, A).term;
        world.has(clock(N3, offset_ns, drift_ppm));
        world.pass(4_000);
        assert_eq!((world.leader(A), world.on(N1, A).term), (Some(N1), term));
        if offset_ns > 0 {
            assert!(world.node(N3).clock_offset_ns > 29_000_000_000);
        }
        world.has(clock(N3, 0, 0));
        world.pass(30_000);
        world.ends_with_all_done();
    }
}
