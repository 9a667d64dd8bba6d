//! Splits that race with destruction, removal and replicas from before their time.

use std::time::Duration;

use crate::world::{A, B, N1, N2, N3, N4, N5, World, leads, split_applied};
use shardscope_core::{
    Command, EventKind, MessageKind, Operation, Options, Outcome, ReadPolicy, Traffic,
};

/// Whether `n3`'s replica of `shard_a` applies the split, and whether that makes a child there.
fn born_on_n3(kind: &EventKind) -> Option<bool> {
    match kind {
        EventKind::SplitApplied { node, born, .. } if *node == N3 => Some(*born),
        _ => None,
    }
}

/// `shard_a` is split and `shard_b` led, but `n3` cannot apply the split.
fn split_but_on_n3() -> World {
    let mut world = World::quiet();
    world.has(Command::HoldApply { node: N3, shard: A });
    world.split(A, 101);
    world.until("shard_b has a leader", leads(B, N1));
    world.pass(500);
    world
}

/// `shard_a` is split, but its leader `n1` cannot apply that, so nothing of `shard_b` campaigns.
fn split_but_on_the_leader(world: &mut World) {
    world.has(Command::HoldApply { node: N1, shard: A });
    world.split(A, 101);
    world.until("the split is proposed", |k| k.name() == "split_proposed");
    world.pass(20);
    for node in [N2, N3] {
        assert_eq!(world.replica(node, A).and_then(|r| r.range), Some((1, 100)));
    }
}

/// Scenario 17. Given a child that was destroyed on a node before that node applied the split, when
/// it applies it, then the child is not made again.
#[test]
fn a_split_does_not_bring_back_a_child_that_was_destroyed_here() {
    let mut world = split_but_on_n3();
    world.move_to(B, &[N1, N2, N4], &[]);
    world.settle();
    world.pass(1_000);
    let place = world.now();
    world.has(Command::ReleaseApply { node: N3, shard: A });
    world.until("n3 applies the split", split_applied(A, N3));
    assert_eq!(world.since(place).find_map(born_on_n3), Some(false));
    world.pass(1_000);
    assert_eq!(world.row(B), "L F – F –");
    world.ends_well();
}

/// Scenario 18. Given a child that has moved away from a node and back while that node could not
/// apply the split, when it applies it, then the newer replica stays the only one.
#[test]
fn a_split_makes_no_second_replica_of_a_child_that_moved_away_and_back() {
    let mut world = split_but_on_n3();
    world.move_to(B, &[N1, N2], &[]);
    world.settle();
    world.move_to(B, &[N1, N2, N3], &[]);
    world.until(
        "the new replica's snapshot is refused",
        |k| matches!(k, EventKind::SnapshotRefused { node, .. } if *node == N3),
    );
    let newer = world.replica(N3, B).map(|r| r.id);
    let place = world.now();
    world.has(Command::ReleaseApply { node: N3, shard: A });
    world.settle();
    world.pass(1_000);
    assert_eq!(world.since(place).find_map(born_on_n3), Some(false));
    assert_eq!(world.replica(N3, B).map(|r| r.id), newer);
    assert_eq!(world.row(B), "L F F – –");
    world.ends_well();
}

/// Scenario 19. Whenever the order to destroy the child comes, a little before or after the split
/// is applied, nothing of the child is left there.
#[test]
fn a_child_destroyed_while_it_is_born_leaves_nothing() {
    for wait_ms in [0, 1, 2, 3, 4, 6, 8, 12, 20, 40] {
        let mut world = split_but_on_n3();
        world.move_to(B, &[N1, N2], &[]);
        world.until("placement orders the removal", |k| {
            k.name() == "placement_step" && k.to_string().contains("remove")
        });
        world.pass(wait_ms);
        world.has(Command::ReleaseApply { node: N3, shard: A });
        world.settle();
        world.pass(2_000);
        assert_eq!(world.row(B), "L F – – –", "released after {wait_ms} ms");
        world.ends_well();
    }
}

/// Scenario 21. Given a message of any kind on its way to the uninitialized child, when the split
/// has replaced that one and the child was removed and destroyed, then the message, arriving at
/// last, brings nothing back.
#[test]
fn a_message_for_a_child_that_is_gone_brings_nothing_back() {
    let kinds =
        [MessageKind::Snapshot, MessageKind::Vote, MessageKind::Append, MessageKind::Heartbeat];
    for kind in kinds {
        let mut world = World::quiet();
        let late = Traffic::between(N1, N3).of_shard(B).of_kind(kind);
        world.has(Command::Hold(late));
        world.has(Command::HoldApply { node: N3, shard: A });
        world.split(A, 101);
        world.until("shard_b has a leader", leads(B, N1));
        world.pass(1_000);
        world.has(Command::ReleaseApply { node: N3, shard: A });
        world.until("n3 applies the split", split_applied(A, N3));
        world.move_to(B, &[N1, N2], &[]);
        world.settle();
        world.pass(500);
        assert_eq!(world.row(B), "L F – – –", "{kind}");
        let place = world.now();
        world.has(Command::Release(late));
        world.pass(1_000);
        let back = |k: &&EventKind| matches!(k, EventKind::ReplicaStarted { node, shard, .. } if (*node, *shard) == (N3, B));
        assert_eq!(world.since(place).filter(back).count(), 0, "{kind}");
        world.ends_well();
    }
}

/// Scenario 22. Given a child that a message and the split both make at the very same instant, in
/// either order, then there is one, and it follows.
#[test]
fn a_message_and_the_split_at_the_same_instant_make_one_child() {
    for message_first in [false, true] {
        let mut world = World::quiet();
        let held = Traffic::between(N1, N3).of_shard(B);
        world.has(Command::Hold(held));
        world.has(Command::HoldApply { node: N3, shard: A });
        world.split(A, 101);
        world.until("shard_b has a leader", leads(B, N1));
        let release = Command::ReleaseApply { node: N3, shard: A };
        let both = [Command::Release(held), release];
        let order = if message_first { [0, 1] } else { [1, 0] };
        order.into_iter().for_each(|i: usize| world.has(both[i].clone()));
        world.settle();
        world.pass(1_000);
        assert_eq!(world.row(B), "L F F – –");
        world.ends_well();
    }
}

/// Scenarios 24 and 68. Given a node that was away while its replica was removed, the shard split,
/// and the child added there and removed again five times, when it is back, then its old replica
/// learns that it is gone, and no other shard is harmed.
#[test]
fn a_node_that_missed_a_split_and_five_new_children_comes_back_to_nothing() {
    let mut world = World::quiet();
    world.crash(N2);
    world.split(A, 101);
    world.until("the leader applies the split", split_applied(A, N1));
    world.until("shard_b has a leader", leads(B, N1));
    world.move_to(A, &[N1, N3], &[]);
    for _ in 0..5 {
        world.move_to(B, &[N1, N3], &[N2]);
        world.pass(400);
        world.move_to(B, &[N1, N3], &[]);
        world.pass(400);
    }
    world.restart(N2);
    world.settle();
    world.pass(2_000);
    assert_eq!((world.row(A), world.row(B)), ("L – F – –".into(), "L – F – –".into()));
    world.ends_well();
}

/// Scenario 30. Given a node whose replica was removed while it was down, when it is back, the shard
/// is split and the child moves to that node, then it gets there, beside nothing of the parent.
#[test]
fn a_child_can_move_to_a_node_that_its_parent_was_removed_from() {
    let mut world = World::quiet();
    world.crash(N3);
    world.move_to(A, &[N1, N2, N4], &[]);
    world.pass(2_000);
    world.restart(N3);
    world.settle();
    world.split(A, 101);
    world.settle();
    world.move_to(B, &[N1, N2, N3], &[]);
    world.settle();
    world.pass(1_000);
    assert_eq!((world.row(A), world.row(B)), ("L F – F –".into(), "L F F – –".into()));
    world.ends_well();
}

/// Scenario 33. Given a leader that cannot apply its split, when another one that has applied it takes
/// over, then it makes its replica of the child campaign, and nobody waits for an election timeout.
#[test]
fn a_new_leader_makes_the_child_campaign_that_the_old_one_could_not() {
    let mut world = World::quiet();
    split_but_on_the_leader(&mut world);
    assert_eq!(world.leader(B), None);
    world.has(Command::TransferLeader { shard: A, node: N2 });
    let parent = world.until("n2 leads shard_a", leads(A, N2)).time;
    let child = world.until("n2 leads shard_b", leads(B, N2)).time;
    let shortest = Duration::from_millis(Options::default().election_timeout_ms.0);
    assert!(child.since(parent) < shortest / 5, "it took {:?}", child.since(parent));
    world.has(Command::ReleaseApply { node: N1, shard: A });
    world.pass(1_000);
    assert_eq!((world.row(A), world.row(B)), ("F L F – –".into(), "F L F – –".into()));
    world.ends_well();
}

/// Scenario 34. Given a leader that cannot apply its split, while the others have applied it and
/// elected leaders of both shards, when it applies the split at last, then it deposes nobody.
#[test]
fn a_leader_that_applies_its_split_late_deposes_nobody() {
    let mut world = World::quiet();
    split_but_on_the_leader(&mut world);
    world.has(Command::Elect { shard: A, node: N2 });
    world.until("shard_b has a leader", |k| leads(B, N2)(k) || leads(B, N3)(k));
    world.pass(3_000);
    let (place, leader) = (world.now(), world.leader(B));
    world.has(Command::ReleaseApply { node: N1, shard: A });
    world.until("n1 applies the split", split_applied(A, N1));
    world.pass(2_000);
    assert_eq!((world.leader(B), world.elections(B, place)), (leader, 0));
    world.ends_well();
}

/// Scenario 36. Given a parent whose leader reads on its lease and cannot apply the split, when the
/// child has another leader that takes writes, then the old lease covers none of the child's keys: a
/// read that comes to the parent's leader waits until it has applied the split, and is sent on.
#[test]
fn a_lease_of_the_parent_does_not_cover_the_child() {
    let read_policy = ReadPolicy::Lease;
    let options = Options { clients: 16, write_percent: 10, read_policy, ..Options::seeded(7) };
    let mut world = World::loaded(&options);
    split_but_on_the_leader(&mut world);
    world.has(Command::Elect { shard: B, node: N2 });
    world.until("n2 leads shard_b", leads(B, N2));
    let place = world.now();
    world.pass(4_000);
    assert_eq!(world.leader(A), Some(N1), "its lease is not taken from it");
    let written = |k: &&EventKind| matches!(k, EventKind::Completed { key, operation: Operation::Write(_), outcome: Outcome::Ok, .. } if key.0 > 100);
    assert!(world.since(place).filter(written).count() > 0, "the child takes writes");
    world.has(Command::ReleaseApply { node: N1, shard: A });
    world.pass(1_000);
    world.ends_well();
}

/// Scenario 43. Given a node that was paused for so long that its buffers overflowed, when it goes
/// on, then the split that it missed takes effect there all the same.
#[test]
fn a_split_takes_effect_on_a_node_whose_buffers_overflowed() {
    let mut world = World::quiet();
    world.has(Command::Load { on: true });
    world.has(Command::Pause { node: N3 });
    world.split(A, 101);
    world.pass(5_000);
    world.has(Command::Resume { node: N3 });
    world.until("n3 applies the split, or is past it", |k| {
        split_applied(A, N3)(k)
            || matches!(k, EventKind::SnapshotInstalled { node, shard, .. }
                if (*node, *shard) == (N3, A))
    });
    world.pass(1_000);
    world.ends_well();
}

/// Scenario 70, in part: a whole shard moves to nodes that never held it, and back.
#[test]
fn a_shard_moves_away_whole_and_back_again() {
    let mut world = World::quiet_and_split();
    world.move_to(B, &[N4, N5], &[]);
    world.settle();
    assert_eq!(world.row(B), "– – – L F");
    world.move_to(B, &[N1, N2, N3], &[]);
    world.settle();
    world.pass(1_000);
    assert_eq!(world.row(B), "L F F – –");
    world.ends_well();
}
