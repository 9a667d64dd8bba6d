//! Splits: what they leave, and what is under way while they happen.

use crate::world::{A, B, C, N1, N2, N3, N4, N5, World, leads, request, split_applied};
use shardscope_core::{Command, EventKind, Key, MessageKind, Options, Origin, ShardId, Traffic};

/// Scenario 1. When a shard is split, then the leader of the whole leads both halves, their ranges
/// meet exactly, and both are served.
#[test]
fn both_halves_of_a_split_are_served_and_meet_exactly() {
    let mut world = World::quiet_and_split();
    assert_eq!((world.row(A), world.row(B)), ("L F F – –".into(), "L F F – –".into()));
    for node in [N1, N2, N3] {
        let range = |shard| world.replica(node, shard).and_then(|r| r.range);
        assert_eq!((range(A), range(B)), (Some((1, 100)), Some((101, 200))));
    }
    world.write(100, 7);
    world.write(101, 8);
    assert_eq!((world.read(100), world.read(101)), (Some(7), Some(8)));
    world.ends_well();
}

/// Scenario 2. When a shard is split and the new one at once again, then three ranges meet.
#[test]
fn a_new_shard_can_be_split_at_once() {
    let mut world = World::quiet();
    world.split(A, 101);
    world.until("shard_b has a leader", leads(B, N1));
    world.split_when_settled(B, 151);
    world.settle();
    let ranges: Vec<_> = [A, B, C].map(|s| world.replica(N2, s).and_then(|r| r.range)).into();
    assert_eq!(ranges, [Some((1, 100)), Some((101, 150)), Some((151, 200))]);
    world.ends_well();
}

/// Scenario 4. Given a split order that is late, and was given again in the meantime, when it
/// arrives, then its epoch is stale and it has no effect.
#[test]
fn a_split_order_with_a_stale_epoch_has_no_effect() {
    let mut world = World::quiet();
    world.split(A, 101);
    let late = world.until_in_flight(|m| m.to == "n1" && m.summary.starts_with("Split"));
    world.has(Command::DelayMessage { id: late.id, by_ns: 3_000_000_000 });
    world.settle();
    let place = world.now();
    let arrives = move |kind: &EventKind| matches!(kind, EventKind::MessageDelivered { id, .. } if *id == late.id);
    world.until("the late order arrives", arrives);
    world.pass(500);
    let split = |kind: &&EventKind| {
        matches!(kind, EventKind::SplitProposed { .. } | EventKind::SplitApplied { .. })
    };
    assert_eq!(world.since(place).filter(split).count(), 0);
    world.ends_well();
}

/// Scenario 5. Given a split that is committed and not yet applied, when a write to the right half
/// is proposed behind it, then it has no effect there, and its retry lands in the new shard.
#[test]
fn a_write_behind_a_split_is_refused_when_applied_and_lands_in_the_new_shard() {
    let mut world = World::quiet();
    let place = world.now();
    world.has(Command::HoldApply { node: N1, shard: A });
    world.split(A, 101);
    world.until("the split is proposed", |k| matches!(k, EventKind::SplitProposed { .. }));
    world.has(Command::Write { key: Key(150), value: 99 });
    world.pass(50);
    world.has(Command::ReleaseApply { node: N1, shard: A });
    world.completes(150);
    let refused = |k: &&EventKind| matches!(k, EventKind::StaleRefused { node, .. } if *node == N1);
    assert_eq!(world.since(place).filter(refused).count(), 1);
    let wrote = world.since(place).find_map(|k| match k {
        EventKind::WriteApplied { shard, key: Key(150), fresh: true, .. } => Some(*shard),
        _ => None,
    });
    assert_eq!(wrote, Some(B));
    assert_eq!(world.read(150), Some(99));
    world.ends_well();
}

/// Scenario 7. Given a read of the right half whose read index lies behind a split, when the split
/// is applied, then it is not answered with the old bounds, but by the new shard.
#[test]
fn a_read_that_began_before_a_split_is_not_answered_with_the_old_bounds() {
    let mut world = World::quiet();
    world.has(Command::HoldApply { node: N1, shard: A });
    world.split(A, 101);
    world.until("the split is proposed", |k| matches!(k, EventKind::SplitProposed { .. }));
    world.pass(20);
    let place = world.now();
    world.has(Command::Read { key: Key(150) });
    world.pass(50);
    world.has(Command::ReleaseApply { node: N1, shard: A });
    assert!(world.completes(150).is_some());
    let repaired =
        |k: &&EventKind| matches!(k, EventKind::RouteRepaired { shard, .. } if *shard == B);
    assert_eq!(world.since(place).filter(repaired).count(), 1);
    world.ends_well();
}

/// Scenarios 8 and 15. Given a follower that has not applied the split, when the new shard's leader
/// campaigns, then the follower's uninitialized replica, made by that message, votes; and when the
/// follower applies the split, then that same replica is taken over, and no election is lost.
#[test]
fn a_follower_that_is_slow_to_split_votes_and_its_replica_is_taken_over() {
    let mut world = World::quiet();
    let place = world.now();
    world.has(Command::HoldApply { node: N3, shard: A });
    world.split(A, 101);
    world.until("shard_b has a leader", leads(B, N1));
    world.pass(20);
    assert_eq!(world.row(B), "L F U – –");
    let early = world.replica(N3, B).map(|r| r.id);
    world.has(Command::ReleaseApply { node: N3, shard: A });
    world.settle();
    world.pass(500);
    let started: Vec<(Option<u64>, Origin)> = world
        .since(place)
        .filter_map(|k| match k {
            EventKind::ReplicaStarted { node, shard, replica, origin, .. }
                if (*node, *shard) == (N3, B) =>
            {
                Some((Some(replica.0), *origin))
            }
            _ => None,
        })
        .collect();
    assert_eq!(started, [(early, Origin::Message), (early, Origin::Split)]);
    assert_eq!((world.row(B), world.elections(B, place)), ("L F F – –".into(), 1));
    world.ends_well();
}

/// Scenario 11. Given followers that do not apply the split, then the new shard elects a leader all
/// the same, with the votes of their uninitialized replicas.
#[test]
fn a_split_applied_on_the_leader_alone_still_gives_the_new_shard_a_leader() {
    let mut world = World::quiet();
    for node in [N2, N3] {
        world.has(Command::HoldApply { node, shard: A });
    }
    world.split(A, 101);
    world.until("shard_b has a leader", leads(B, N1));
    assert_eq!(world.row(B), "L U U – –");
    world.ends_well();
}

/// Scenario 12. Given a follower that missed the split, when a snapshot of the new shard reaches
/// it, then it is refused while the old range covers its keys; after the heal both come in.
#[test]
fn a_snapshot_is_refused_while_the_old_range_still_covers_it() {
    let mut world = World::quiet();
    world.starve(N3, A);
    world.split(A, 101);
    let refused =
        world.until("a snapshot is refused", |k| matches!(k, EventKind::SnapshotRefused { .. }));
    assert_eq!(refused.kind, EventKind::SnapshotRefused { node: N3, shard: B, overlaps: A });
    world.has(Command::Heal);
    world.until("the follower applies the split", split_applied(A, N3));
    world.pass(1_000);
    assert_eq!((world.row(A), world.row(B)), ("L F F – –".into(), "L F F – –".into()));
    world.ends_well();
}

/// Scenario 13. The same, but the follower's log arrives before the snapshot: then none is needed.
#[test]
fn no_snapshot_is_installed_when_the_split_itself_arrives_first() {
    let mut world = World::quiet();
    let place = world.now();
    let snapshots = Traffic::between(N1, N3).of_shard(B).of_kind(MessageKind::Snapshot);
    world.has(Command::Hold(snapshots));
    world.starve(N3, A);
    world.split(A, 101);
    world.until_in_flight(request(MessageKind::Snapshot, B, N1, N3));
    for from in [N1, N2, N4, N5] {
        world.has(Command::HealLink(Traffic::between(from, N3).of_shard(A)));
    }
    world.until("the follower applies the split", split_applied(A, N3));
    world.has(Command::Release(snapshots));
    world.pass(1_000);
    let installed = |k: &&EventKind| matches!(k, EventKind::SnapshotInstalled { node, shard, .. } if (*node, *shard) == (N3, B));
    assert_eq!(world.since(place).filter(installed).count(), 0);
    world.ends_well();
}

/// Scenario 14. Given a follower that was down while its shard was split and the log compacted,
/// when it is back, then both shards come to it by snapshot, with all their data.
#[test]
fn a_follower_behind_a_compacted_split_gets_both_shards_by_snapshot() {
    let mut world =
        World::loaded(&Options { snapshot_every: 8, log_kept: 0, ..Options::seeded(7) });
    world.crash(N3);
    world.split(A, 101);
    world.settle();
    world.pass(1_000);
    let place = world.now();
    world.restart(N3);
    world.pass(3_000);
    let mut shards: Vec<_> = world
        .since(place)
        .filter_map(|k| match k {
            EventKind::SnapshotInstalled { node, shard, .. } if *node == N3 => Some(*shard),
            _ => None,
        })
        .collect();
    shards.sort_unstable();
    shards.dedup();
    assert_eq!(shards, [A, B]);
    let keys = |shard| world.replica(N3, shard).map(|r| r.keys);
    assert_eq!((keys(A), keys(B)), (Some(100), Some(100)));
    world.ends_well();
}

/// Scenario 31. Given a split order on its way to a leader that is none any more when it arrives,
/// then placement finds the new one, and the shard is split once.
#[test]
fn a_split_order_follows_the_leader() {
    let mut world = World::quiet();
    let place = world.now();
    world.split(A, 101);
    let order = world.until_in_flight(|m| m.to == "n1" && m.summary.starts_with("Split"));
    world.has(Command::DelayMessage { id: order.id, by_ns: 200_000_000 });
    world.has(Command::Elect { shard: A, node: N2 });
    world.until("n2 leads", leads(A, N2));
    world.settle();
    assert_eq!(world.since(place).filter(|k| split_applied(A, N2)(k)).count(), 1);
    assert_eq!(world.leader(B), Some(N2));
    world.ends_well();
}

/// Scenario 32. The new shard has a leader, on the node of the old one's, three round trips after
/// its birth at the latest.
#[test]
fn a_new_shard_has_its_leader_at_once_and_where_the_old_one_leads() {
    let mut world = World::quiet();
    world.split(A, 101);
    let born = world.until("the leader applies the split", split_applied(A, N1));
    let led = world.until("shard_b has a leader", leads(B, N1));
    let took_ns = led.time.as_nanos() - born.time.as_nanos();
    let round_trip_ns = 2 * Options::default().link_latency_ns.1;
    assert!(took_ns <= 3 * round_trip_ns, "it took {took_ns} ns");
    world.ends_well();
}

/// Scenario 37. Given a new shard that has no leader yet, then the keys of the old one can be read
/// and written, and those of the new one wait.
#[test]
fn a_pending_new_shard_keeps_nobody_from_the_old_one() {
    let mut world = World::quiet();
    let votes = |to| Traffic::between(N1, to).of_shard(B).of_kind(MessageKind::Vote);
    for to in [N2, N3] {
        world.has(Command::Hold(votes(to)));
    }
    world.split(A, 101);
    world.until("the leader applies the split", split_applied(A, N1));
    world.write(50, 5);
    assert_eq!(world.read(50), Some(5));
    let place = world.now();
    world.has(Command::Read { key: Key(150) });
    world.pass(100);
    assert_eq!(world.since(place).filter(|k| k.name() == "completed").count(), 0);
    for to in [N2, N3] {
        world.has(Command::Release(votes(to)));
    }
    assert!(world.completes(150).is_some());
    world.ends_well();
}

/// Scenario 38. While a hundred splits happen, at no moment is a key in no shard, or in two.
#[test]
fn no_key_is_ever_without_a_shard_while_a_hundred_splits_happen() {
    let mut world = World::quiet();
    for key in 2..=101 {
        let last = world.sim.view().shards.last().map(|s| s.id).expect("there are shards");
        world.split(ShardId(last), key);
        for _ in 0..STEPS_PER_SPLIT {
            world.step();
            let shards = world.sim.view().shards;
            let next = shards.iter().fold(1, |next, s| {
                assert_eq!(s.first, next, "{} begins where the last one ends", s.name);
                s.last + 1
            });
            assert_eq!(next, 201);
            if shards.len() as u64 == key && shards.iter().all(|s| s.leader.is_some()) {
                break;
            }
        }
        world.settle();
    }
    assert_eq!(world.sim.view().shards.len(), 101);
    world.is_safe();
}

/// More than lead from one split to the next.
const STEPS_PER_SPLIT: usize = 400;

/// Scenario 39. Given a client that asks placement for a route while the shard is split once more,
/// when the answer is stale by then, then it repairs itself and gets its answer.
#[test]
fn a_route_that_is_stale_when_it_arrives_is_repaired() {
    let mut world = World::quiet_and_split();
    world.move_to(B, &[N4, N5], &[]);
    world.settle();
    world.has(Command::Write { key: Key(180), value: 3 });
    let answer = world.until_in_flight(|m| m.from == "placement" && m.to == "c1" && m.reply);
    world.has(Command::DelayMessage { id: answer.id, by_ns: 200_000_000 });
    world.split(B, 151);
    world.until("the split is applied", split_applied(B, N4));
    world.completes(180);
    assert_eq!(world.read(180), Some(3));
    world.ends_well();
}

/// Scenario 40. While a new replica's node is away, placement says that it waits for it.
#[test]
fn a_replica_that_is_not_there_yet_is_reported_as_pending() {
    let mut world = World::quiet();
    world.crash(N4);
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.pass(500);
    let note = world.sim.view().placement_note;
    assert!(note.contains("n4"), "placement says: {note}");
    world.restart(N4);
    world.settle();
    assert_eq!(world.row(A), "L F F N –");
    world.ends_well();
}

/// Scenario 41. When a shard with a learner is split, also while that learner is away, then each
/// half has a learner there.
#[test]
fn a_learner_on_board_learns_both_halves() {
    for away in [false, true] {
        let mut world = World::quiet();
        world.move_to(A, &[N1, N2, N3], &[N4]);
        world.settle();
        if away {
            world.crash(N4);
        }
        world.split(A, 101);
        world.until("the leader applies the split", split_applied(A, N1));
        if away {
            world.restart(N4);
        }
        world.settle();
        world.pass(2_000);
        assert_eq!((world.row(A), world.row(B)), ("L F F N –".into(), "L F F N –".into()));
        world.ends_well();
    }
}
