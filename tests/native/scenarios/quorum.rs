//! Changes that would leave a shard without a live quorum, and those that would not.

use crate::world::{A, N1, N2, N3, N4, World};
use shardscope_core::{Command, CommandError, EventKind, NodeId, Refusal, Step};

/// A shard on three nodes of which the third has been down for long enough to be missed.
fn one_of_three_down() -> World {
    let mut world = World::quiet();
    world.crash(N3);
    world.pass(3_000);
    world
}

fn move_of(voters: &[NodeId]) -> Command {
    Command::Move { shard: A, voters: voters.to_vec(), learners: vec![] }
}

/// Such a step of `shard_a` was refused for want of a quorum.
fn refused(is: impl Fn(&Step) -> bool, wanted: (u16, u16)) -> impl Fn(&EventKind) -> bool {
    move |kind| {
        matches!(kind, EventKind::StepRefused { shard: A, step, why: Refusal::NoQuorum { live, voters } }
            if is(step) && (*live, *voters) == wanted)
    }
}

/// Scenario 66. Given one of three nodes down, then to remove a healthy one is refused, with a word
/// on who is missing, and nothing has changed.
#[test]
fn with_one_of_three_down_a_healthy_one_is_not_removed() {
    let mut world = one_of_three_down();
    let before = world.sim.digest();
    let error = world.sim.submit(move_of(&[N1, N3])).expect_err("n1 alone is no quorum of two");
    assert!(matches!(error, CommandError::NoQuorum { shard: A, voters: 2, .. }), "{error}");
    assert!(error.to_string().contains("n3 cannot be heard of"), "{error}");
    assert_eq!(world.sim.digest(), before);
    world.write(50, 5);
    world.ends_well();
}

/// Scenario 66. Given one of three nodes down, then that one can be removed, and a healthy one added
/// in its place.
#[test]
fn with_one_of_three_down_the_dead_one_is_removed_or_replaced() {
    for (voters, row) in [(&[N1, N2][..], "L F – – –"), (&[N1, N2, N4][..], "L F – F –")]
    {
        let mut world = one_of_three_down();
        world.move_to(A, voters, &[]);
        world.pass(3_000);
        assert_eq!(world.row(A), row);
        world.write(50, 5);
        world.restart(N3);
        world.settle();
        world.pass(1_500);
        assert_eq!(world.row(A), row, "n3 has learned that it is out");
        world.ends_well();
    }
}

/// Scenario 66. Given a node that died this instant, or a second ago, so that placement does not
/// know, when a healthy one shall go, then that step is refused, for the leader asks the voters
/// first: the shard stays as it is and serves, and when the node is back, the step is taken.
#[test]
fn a_removal_waits_though_only_the_leader_can_know_that_a_voter_died() {
    for dead_ms in [0, 1_000] {
        let mut world = World::quiet();
        world.crash(N3);
        world.pass(dead_ms);
        world.has(move_of(&[N1, N3]));
        let is_removal = |step: &Step| *step == Step::Remove { nodes: vec![N2] };
        world.until("the removal is refused", refused(is_removal, (1, 2)));
        let note = world.sim.view().placement_note;
        assert!(note.contains("remove n2") && note.contains("no quorum"), "it says: {note}");
        world.pass(5_000);
        assert!(world.sim.descriptors().iter().all(|d| !d.joint && d.members.len() == 3));
        world.write(50, 5);
        world.restart(N3);
        world.settle();
        assert_eq!(world.row(A), "L – F – –");
        world.ends_well();
    }
}

/// Scenario 66. Given one of three nodes down and a learner that has caught up and dies, then the
/// learner is not made a fourth voter: two of four would be no quorum. When it is back, it is.
#[test]
fn a_learner_that_is_dead_is_not_promoted_where_that_would_cost_the_quorum() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.settle();
    world.crash(N3);
    world.crash(N4);
    world.pass(1_000);
    world.has(move_of(&[N1, N2, N3, N4]));
    let is_promotion = |step: &Step| *step == Step::Promote { nodes: vec![N4] };
    world.until("the promotion is refused", refused(is_promotion, (2, 4)));
    world.pass(2_000);
    world.write(50, 5);
    world.restart(N4);
    world.settle();
    assert_eq!(world.sim.descriptors()[0].members.iter().filter(|m| m.voter).count(), 4);
    world.write(51, 5);
    world.ends_well();
}

/// Scenario 66. A shard that has no live quorum is asked for no change at all, and moves on when it
/// has one again.
#[test]
fn without_a_live_quorum_nothing_is_changed() {
    let mut world = World::quiet();
    world.crash(N2);
    world.crash(N3);
    world.pass(1_000);
    let place = world.now();
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.pass(3_000);
    let added = |k: &&EventKind| matches!(k, EventKind::PlacementStep { .. });
    assert_eq!(world.since(place).filter(added).count(), 0);
    world.restart(N2);
    world.settle();
    assert_eq!(world.sim.descriptors()[0].member_on(N4).map(|m| m.voter), Some(false));
    world.ends_well();
}
