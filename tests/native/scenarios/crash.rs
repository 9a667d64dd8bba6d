//! Crashes and restarts at every point of a split, a snapshot, a membership change, a destruction.

use crate::world::{A, B, N1, N2, N3, N4, N5, NODES, World, leads};
use shardscope_core::{Command, EventKind, MessageKind, NodeId, Options, Traffic};

/// How far apart the points are at which nodes crash, in steps: coprime to what repeats.
const STRIDE: usize = 7;

/// Scenarios 42 and 44. Whichever step of the split the leader, a follower or every node crashes
/// at, after the restart the shard is split once, and whole.
#[test]
fn a_split_survives_a_crash_at_any_step() {
    for victims in [&[N1][..], &[N2], &[N1, N2, N3]] {
        for point in (0..126).step_by(STRIDE) {
            let mut world = World::quiet();
            world.split(A, 101);
            (0..point).for_each(|_| _ = world.step());
            victims.iter().for_each(|node| world.crash(*node));
            world.pass(50);
            victims.iter().for_each(|node| world.restart(*node));
            world.settle();
            world.pass(1_500);
            let view = world.sim.view();
            assert_eq!(view.shards.len(), 2, "crash of {victims:?} at step {point}");
            world.ends_well();
        }
    }
}

/// Scenario 44. Given a child whose raft has voted for nobody yet, when its node restarts, then the
/// child is brought back from what the split wrote, and can lead.
#[test]
fn a_child_that_never_voted_is_brought_back_and_can_lead() {
    let mut world = World::quiet();
    for (from, to) in [(N1, N2), (N1, N3)] {
        let votes = Traffic::between(from, to).of_shard(B);
        world.has(Command::Cut(votes));
    }
    world.split(A, 101);
    world.until("n2 holds the child", |k| {
        matches!(k, EventKind::ReplicaStarted { node, shard, .. } if (*node, *shard) == (N2, B))
    });
    world.pass(5);
    world.crash(N2);
    world.restart(N2);
    world.until("n2's child is back", |k| {
        matches!(k, EventKind::ReplicaStarted { node, shard, .. } if (*node, *shard) == (N2, B))
    });
    world.has(Command::Heal);
    world.has(Command::Elect { shard: B, node: N2 });
    world.until("n2 leads the child", leads(B, N2));
    world.ends_well();
}

/// Scenario 46. Whichever of its first steps the whole cluster crashes at, it comes up.
#[test]
fn a_cluster_that_crashes_while_it_begins_comes_up() {
    for point in 0..24 {
        let mut world = World::untouched(&Options::seeded(7));
        (0..point).for_each(|_| _ = world.step());
        NODES.into_iter().for_each(|node| world.crash(node));
        NODES.into_iter().for_each(|node| world.restart(node));
        world.has(Command::NextPhase);
        world.pass(5_000);
        world.settle();
        assert_eq!(world.sim.phase(), 1, "crash at step {point}");
        world.ends_well();
    }
}

/// Scenario 48. Whichever step of installing a snapshot a learner crashes at, it has all the data
/// in the end.
#[test]
fn a_snapshot_survives_a_crash_at_any_step_of_its_installation() {
    for point in 0..16 {
        let mut world = World::quiet();
        world.move_to(A, &[N1, N2, N3], &[N4]);
        let arrives = |k: &EventKind| {
            matches!(
                k,
                EventKind::MessageDelivered { kind: MessageKind::Snapshot, reply: false, .. }
            )
        };
        world.until("the snapshot arrives", arrives);
        (0..point).for_each(|_| _ = world.step());
        world.crash(N4);
        world.pass(20);
        world.restart(N4);
        world.settle();
        // A learner counts as there when it is a few entries behind.
        world.pass(500);
        assert_eq!(world.replica(N4, A).map(|r| r.keys), Some(200), "crash at step {point}");
        world.ends_well();
    }
}

/// Scenario 48, with a longer log that nobody committed: a leader that was cut off with entries of
/// its own is overtaken by a snapshot, and crashes while that is installed.
#[test]
fn a_snapshot_replaces_a_log_that_nobody_committed_across_a_crash() {
    for point in 0..12 {
        let mut world =
            World::loaded(&Options { snapshot_every: 8, log_kept: 0, ..Options::seeded(7) });
        world.has(Command::Isolate { node: N1 });
        world.pass(4_000);
        world.has(Command::Heal);
        world.until("n1 is overtaken", |k| {
            matches!(
                k,
                EventKind::MessageDelivered { kind: MessageKind::Snapshot, reply: false, .. }
            )
        });
        (0..point).for_each(|_| _ = world.step());
        world.crash(N1);
        world.restart(N1);
        world.pass(2_000);
        world.ends_well();
    }
}

/// Scenario 50. Given a removed replica whose node crashes before its tombstone is durable, when
/// the node is back, then the replica is destroyed after all, and serves nobody in between.
#[test]
fn a_removed_replica_whose_tombstone_was_lost_is_destroyed_after_the_restart() {
    let mut world = World::quiet_and_split();
    world.has(Command::HoldDisk { node: N3 });
    world.move_to(B, &[N1, N2], &[]);
    world.until("the replica is destroyed", |k| {
        matches!(k, EventKind::ReplicaDestroyed { node, shard, .. } if (*node, *shard) == (N3, B))
    });
    world.crash(N3);
    world.has(Command::ReleaseDisk { node: N3 });
    let place = world.now();
    world.restart(N3);
    world.settle();
    world.pass(2_000);
    assert_eq!((world.row(A), world.row(B)), ("L F F – –".into(), "L F – – –".into()));
    let again = |k: &&EventKind| matches!(k, EventKind::ReplicaDestroyed { node, shard, .. } if (*node, *shard) == (N3, B));
    assert_eq!(world.since(place).filter(again).count(), 1);
    world.ends_well();
}

/// The leader of the moving shard has applied a joint configuration.
fn joint_on(wanted: NodeId) -> impl Fn(&EventKind) -> bool {
    move |k| {
        matches!(k, EventKind::MembershipApplied { node, descriptor, .. }
            if *node == wanted && descriptor.joint)
    }
}

/// Scenarios 51 and 64. Given a leader that crashes in a joint configuration, whether it is back at
/// once or the others elect one first, then the joint configuration is left and the move finishes.
#[test]
fn a_joint_configuration_is_left_whoever_leads_after_the_crash() {
    for back_at_once in [true, false] {
        let mut world = World::quiet();
        world.move_to(A, &[N1, N4, N5], &[]);
        world.until("the configuration is joint", joint_on(N1));
        world.crash(N1);
        if !back_at_once {
            world.pass(3_000);
        }
        world.restart(N1);
        world.settle();
        world.pass(1_000);
        let held = world.row(A);
        assert!(!held.contains('N') && held.contains('L'), "{held}");
        assert_eq!(held.matches('–').count(), 2, "{held}");
        world.ends_well();
    }
}

/// Scenario 53. Under load, while a shard moves round, every node crashes again and again: every
/// acknowledged write is kept, and the move finishes.
#[test]
fn every_node_crashes_again_and_again_while_a_shard_moves() {
    let mut world = World::loaded(&Options::seeded(11));
    world.split_when_settled(A, 101);
    world.until("shard_b has a leader", leads(B, N1));
    let layouts: [&[NodeId]; 3] = [&[N4, N5], &[N2, N3, N4], &[N1, N2, N5]];
    for round in 0..9 {
        world.move_to(B, layouts[round % 3], &[]);
        world.pass(40 + 30 * round as u64);
        NODES.into_iter().for_each(|node| world.crash(node));
        world.pass(5);
        NODES.into_iter().for_each(|node| world.restart(node));
        world.pass(1_500);
    }
    world.ends_well();
}
