//! Learners, moves and removals, with nodes that die or are away in between.

use crate::world::{A, B, N1, N2, N3, N4, N5, World, leads};
use shardscope_core::{
    Command, CommandError, EventKind, Key, MessageKind, NodeId, Options, Role, ShardId,
};

/// Scenario 54. Given a learner, then it neither campaigns nor leads before it is promoted, and it
/// comes by snapshot.
#[test]
fn a_learner_comes_by_snapshot_and_never_campaigns_before_its_promotion() {
    let mut world = World::quiet();
    let place = world.now();
    world.move_to(A, &[N1, N2, N3, N4], &[]);
    world.settle();
    let story: Vec<&str> = world
        .since(place)
        .filter_map(|k| match k {
            EventKind::SnapshotInstalled { node, .. } if *node == N4 => Some("snapshot"),
            EventKind::MembershipApplied { node, descriptor, .. } if *node == N1 => {
                let voter = descriptor.member_on(N4).map(|m| m.voter);
                Some(if voter == Some(true) { "voter" } else { "learner" })
            }
            EventKind::RoleChanged { node, role: Role::Candidate | Role::Leader, .. }
                if *node == N4 =>
            {
                Some("campaign")
            }
            _ => None,
        })
        .collect();
    assert_eq!(story.first(), Some(&"learner"));
    assert!(!story.contains(&"campaign"), "{story:?}");
    let (came, promoted) =
        (story.iter().position(|s| *s == "snapshot"), story.iter().position(|s| *s == "voter"));
    assert!(came.is_some() && came < promoted, "{story:?}");
    assert_eq!(world.row(A), "L F F F –");
    world.ends_well();
}

/// Scenario 56. Given a learner that is no longer wanted before it has come, then it goes, whatever
/// was under way.
#[test]
fn a_learner_that_is_unwanted_while_it_is_added_leaves_no_half_state() {
    for wait_ms in [0, 3, 6, 9, 12, 15, 20, 30] {
        let mut world = World::quiet();
        world.move_to(A, &[N1, N2, N3, N4], &[]);
        world.pass(wait_ms);
        world.move_to(A, &[N1, N2, N3], &[]);
        world.settle();
        world.pass(1_500);
        assert_eq!(world.row(A), "L F F – –", "unwanted after {wait_ms} ms");
        world.ends_well();
    }
}

/// Scenario 57. A learner is refused leadership, and an election.
#[test]
fn a_learner_is_refused_leadership() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.settle();
    let refused = world.sim.submit(Command::TransferLeader { shard: A, node: N4 });
    assert_eq!(refused, Err(CommandError::NotAVoter(A, N4)));
    assert!(world.sim.submit(Command::Elect { shard: A, node: N4 }).is_err());
    world.ends_well();
}

/// Scenario 59. Given a learner that is cut off when it is added, while the log goes on and is
/// compacted, when the links heal, then it catches up by snapshot.
#[test]
fn a_learner_cut_off_from_the_first_moment_catches_up_by_snapshot() {
    let mut world =
        World::loaded(&Options { snapshot_every: 8, log_kept: 0, ..Options::seeded(7) });
    world.has(Command::Isolate { node: N4 });
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.pass(3_000);
    world.has(Command::Heal);
    world.settle();
    assert_eq!(world.row(A), "L F F N –");
    assert_eq!(world.replica(N4, A).map(|r| r.keys), Some(200));
    world.ends_well();
}

/// Scenario 61. Given two learners to come, when one dies while its snapshot is on its way and the
/// leader is replaced, then the other comes in all the same, and the first when it is back.
#[test]
fn a_snapshot_target_that_dies_does_not_keep_the_other_from_coming() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N2, N3], &[N4, N5]);
    world.until_in_flight(|m| m.kind == MessageKind::Snapshot && m.to == "n4");
    world.crash(N4);
    // Until n2 has the entry that made them learners: without it, it would not win.
    world.pass(20);
    world.has(Command::Elect { shard: A, node: N2 });
    world.until("n2 leads", leads(A, N2));
    world.pass(4_000);
    assert!(world.replica(N5, A).is_some_and(|r| r.keys == 200), "{}", world.row(A));
    world.restart(N4);
    world.settle();
    assert_eq!(world.row(A), "F L F N N");
    world.ends_well();
}

/// Scenario 65. Given a joint configuration, when something else is wanted, then it is left first,
/// and one change follows the other.
#[test]
fn another_wish_while_joint_comes_true_one_change_at_a_time() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N4, N5], &[]);
    world.until(
        "the configuration is joint",
        |k| matches!(k, EventKind::MembershipApplied { descriptor, .. } if descriptor.joint),
    );
    world.move_to(A, &[N1, N2, N3], &[]);
    world.settle();
    world.pass(1_500);
    assert_eq!(world.row(A), "L F F – –");
    world.ends_well();
}

/// Scenario 68. Given a node that is down while its shard moves to other nodes altogether, when it
/// wakes up and knows only strangers, then it learns that its replica is gone and destroys it,
/// and the shard beside it is not harmed.
#[test]
fn a_node_that_wakes_up_among_strangers_destroys_what_is_gone() {
    let mut world = World::quiet_and_split();
    world.crash(N3);
    world.move_to(B, &[N4, N5], &[]);
    world.pass(5_000);
    assert_eq!(world.leader(B), Some(N4));
    world.restart(N3);
    world.settle();
    world.pass(1_500);
    assert_eq!((world.row(A), world.row(B)), ("L F F – –".into(), "– – – L F".into()));
    world.ends_well();
}

/// Scenario 70. Given nodes that miss several changes, then keys that are not concerned are served
/// all the while, a shard is served where it arrives before the whole move ends, and what has moved
/// is deleted where it was.
#[test]
fn keys_that_are_not_concerned_are_served_while_nodes_miss_several_changes() {
    let mut world = World::loaded(&Options::seeded(13));
    world.split_when_settled(A, 101);
    world.until("shard_b has a leader", leads(B, N1));
    world.crash(N5);
    let moves: [&[NodeId]; 3] = [&[N2, N3, N4], &[N1, N2, N4], &[N3, N4]];
    for voters in moves {
        let place = world.now();
        world.move_to(B, voters, &[]);
        world.settle();
        world.pass(300);
        let served = |range: std::ops::Range<u64>| {
            let is = |k: &&EventKind| matches!(k, EventKind::Completed { key: Key(key), .. } if range.contains(key));
            world.since(place).filter(is).count()
        };
        let (left, right) = (served(1..101), served(101..201));
        assert!(left > 0 && right > 0, "served while it moves to {voters:?}: {left}, {right}");
    }
    world.restart(N5);
    world.settle();
    world.pass(1_500);
    let holds = |node: NodeId, shard: ShardId| world.replica(node, shard).map(|r| r.keys);
    assert_eq!((holds(N1, B), holds(N2, B), holds(N5, B)), (None, None, None));
    assert_eq!((holds(N3, B), holds(N4, B)), (Some(100), Some(100)));
    world.ends_well();
}
