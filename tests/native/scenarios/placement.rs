//! Placement crashes, drives several shards at once, and gives up what does not come.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::world::{A, B, N1, N2, N3, N4, N5, World, leads, split_applied};
use shardscope_core::{
    Command, CommandError, Condition, EventKind, Key, MessageKind, NodeId, Options, ShardId, Step,
};

/// Placement orders a step.
fn ordered(kind: &EventKind) -> bool {
    matches!(kind, EventKind::PlacementStep { .. })
}

impl World {
    fn crash_placement(&mut self) {
        self.has(Command::CrashPlacement);
    }

    fn restart_placement(&mut self) {
        self.has(Command::RestartPlacement);
    }

    /// `shard` is on just these nodes, all of them voters.
    fn is_on(&self, shard: ShardId, nodes: &[NodeId]) {
        let found = self.sim.descriptors().into_iter().find(|d| d.shard == shard);
        let members = found.map(|d| d.members).unwrap_or_default();
        assert!(members.iter().all(|m| m.voter), "{members:?}");
        let on: BTreeSet<NodeId> = members.iter().map(|m| m.node).collect();
        assert_eq!(on, nodes.iter().copied().collect(), "{}", self.row(shard));
    }
}

/// Scenario 46. Given a move in four steps, when placement crashes at or soon after any of them,
/// before or after the answer, and is back a while later, then the wanted layout is reached all the
/// same, and nothing is left behind.
#[test]
fn a_move_is_finished_although_placement_crashes_at_any_of_its_steps() {
    for step in 1..=6 {
        for later_ms in [0, 2, 5, 9, 14] {
            let mut world = World::quiet();
            world.move_to(A, &[N4, N5], &[]);
            (0..step).for_each(|_| drop(world.until("a step", ordered)));
            world.pass(later_ms);
            world.crash_placement();
            world.pass(700);
            world.restart_placement();
            world.settle();
            world.pass(1_500);
            world.is_on(A, &[N4, N5]);
            let held: Vec<u16> = world.sim.view().replicas.iter().map(|r| r.node).collect();
            assert_eq!(held, [4, 5], "after a crash {later_ms} ms after step {step}");
            world.ends_well();
        }
    }
}

/// Scenario 46. Given a joint configuration whose leader is lost together with placement, when
/// placement is back, then the joint configuration is left and the move finishes.
#[test]
fn a_joint_configuration_left_behind_is_finished_after_a_crash_of_placement() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N4, N5], &[]);
    world.until(
        "the configuration is joint",
        |k| matches!(k, EventKind::MembershipApplied { descriptor, .. } if descriptor.joint),
    );
    world.crash_placement();
    world.crash(N1);
    world.pass(3_000);
    let joint = |world: &World| world.sim.descriptors().iter().any(|d| d.joint);
    assert!(joint(&world), "nobody but placement finishes it");
    world.restart(N1);
    world.restart_placement();
    world.settle();
    world.is_on(A, &[N1, N4, N5]);
    assert!(!joint(&world));
    world.ends_well();
}

/// Scenario 46. Given a split that is wanted just before placement crashes, once that is durable, then it is
/// done after the restart, once; and one that was not durable is not done at all.
#[test]
fn a_split_wanted_just_before_the_crash_is_done_after_the_restart() {
    for durable in [true, false] {
        let mut world = World::quiet();
        let place = world.now();
        world.split(A, 101);
        if durable {
            world.sim.advance(Duration::from_micros(250), shardscope_core::Budget::UNBOUNDED);
        }
        world.crash_placement();
        world.pass(500);
        assert_eq!(world.since(place).filter(|k| split_applied(A, N1)(k)).count(), 0);
        world.restart_placement();
        world.pass(1_000);
        world.settle();
        let splits = world.since(place).filter(|k| split_applied(A, N1)(k)).count();
        assert_eq!(splits, usize::from(durable));
        world.ends_well();
    }
}

/// Scenario 46. Given a split that is ordered and done while placement is down, when it is back,
/// then it learns of it and splits nothing twice.
#[test]
fn a_split_that_was_done_while_placement_was_down_is_not_done_again() {
    let mut world = World::quiet();
    world.split(A, 101);
    world.until_in_flight(|m| m.to == "n1" && m.summary.starts_with("Split"));
    world.crash_placement();
    world.until("shard_b has a leader", leads(B, N1));
    world.pass(600);
    world.restart_placement();
    world.settle();
    assert_eq!(world.sim.descriptors().len(), 2);
    world.move_to(B, &[N3, N4, N5], &[]);
    world.settle();
    world.is_on(B, &[N3, N4, N5]);
    world.ends_well();
}

/// Given splits and moves between which placement crashes again and again, then no id of a replica
/// or a shard is ever given out twice.
#[test]
fn ids_are_never_given_out_twice_over_crashes_of_placement() {
    let mut world = World::quiet();
    let layouts: [&[NodeId]; 3] = [&[N3, N4, N5], &[N1, N2, N3], &[N2, N4, N5]];
    for round in 0..12_u64 {
        world.split_when_settled(A, 190 - round * 10);
        world.move_to(A, layouts[(round % 3) as usize], &[]);
        world.pass(round * 3);
        world.crash_placement();
        world.pass(5);
        world.restart_placement();
        world.settle();
    }
    let mut homes: BTreeMap<_, BTreeSet<(ShardId, NodeId)>> = BTreeMap::new();
    let mut children: Vec<ShardId> = Vec::new();
    for kind in world.since(0) {
        match kind {
            EventKind::PlacementStep { shard, step: Step::AddLearner { node, replica } } => {
                homes.entry(*replica).or_default().insert((*shard, *node));
            }
            EventKind::SplitApplied { node: N1 | N3, child, born: true, .. } => {
                for m in &child.members {
                    homes.entry(m.replica).or_default().insert((child.shard, m.node));
                }
                children.push(child.shard);
            }
            _ => {}
        }
    }
    children.sort_unstable();
    children.dedup();
    assert!(children.len() >= 8, "only {} splits say little", children.len());
    for (replica, homes) in &homes {
        assert_eq!(homes.len(), 1, "{replica} is of {homes:?}");
    }
    world.ends_well();
}

/// While placement is down, what it would have to do is refused with a word on how to go on, a
/// client that knows no route gets no answer, and all goes on when it is back.
#[test]
fn what_needs_placement_is_refused_while_it_is_down() {
    let mut world = World::quiet_and_split();
    let refused = world.sim.submit(Command::RestartPlacement);
    assert_eq!(refused, Err(CommandError::PlacementUp));
    world.crash_placement();
    assert!(world.sim.view().placement_down);
    let (voters, learners) = (vec![N1, N2, N3], vec![N4]);
    for command in [
        Command::CrashPlacement,
        Command::Split { shard: A, key: Key(51) },
        Command::Move { shard: A, voters, learners },
        Command::TransferLeader { shard: A, node: N2 },
        Command::NextPhase,
    ] {
        let before = world.sim.digest();
        let refused = world.sim.submit(command.clone());
        assert_eq!(refused, Err(CommandError::PlacementDown), "{command:?}");
        assert_eq!(world.sim.digest(), before);
    }
    // What does not need it goes on.
    world.write(50, 5);
    world.restart_placement();
    assert!(!world.sim.view().placement_down);
    world.split(A, 51);
    world.settle();
    assert_eq!(world.sim.descriptors().len(), 3);
    world.ends_well();
}

/// How long it takes to move these shards, begun at the same instant.
fn moving(shards: &[u64]) -> Duration {
    let options = Options { initial_shards: 3, ..Options::seeded(7) };
    let mut world = World::untouched(&options);
    world.pass(1_000);
    let begun = world.sim.time();
    for shard in shards {
        world.move_to(ShardId(*shard), &[N3, N4, N5], &[]);
    }
    world.sim.run_until(Condition::Settled, Duration::from_secs(20)).expect("they move");
    for shard in shards {
        world.is_on(ShardId(*shard), &[N3, N4, N5]);
    }
    world.sim.time().since(begun)
}

/// Given three shards to move, then they move side by side: that takes about as long as the slowest
/// of them alone, and far less than one after another.
#[test]
fn three_shards_move_side_by_side() {
    let alone = [1, 2, 3].map(|shard| moving(&[shard]));
    let (together, slowest) = (moving(&[1, 2, 3]), alone.into_iter().max().unwrap_or_default());
    let sum: Duration = alone.into_iter().sum();
    assert!(together * 10 <= sum * 6, "{together:?} together, {sum:?} one after another");
    assert!(together <= slowest * 2, "{together:?} together, the slowest alone {slowest:?}");
}

/// A shard that cannot go on, as its leader's node is down and nobody has taken over, keeps no other
/// from moving.
#[test]
fn a_shard_that_waits_keeps_no_other_from_moving() {
    let mut world = World::quiet_and_split();
    world.crash(N4);
    world.pass(3_000);
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.move_to(B, &[N2, N3, N5], &[]);
    world.pass(1_000);
    world.is_on(B, &[N2, N3, N5]);
    let note = world.sim.view().placement_note;
    assert!(note.contains("n4"), "placement says: {note}");
    world.restart(N4);
    world.settle();
    assert_eq!(world.row(A), "L F F N –");
    world.ends_well();
}

/// Scenario 61. Given a learner whose node dies while its snapshot is on its way, when ten seconds
/// have passed without progress, then it is taken out of the membership again and nothing else is
/// tried, and when the node is back, another one comes with another id.
#[test]
fn a_learner_whose_node_dies_is_given_up_and_another_comes_when_the_node_is_back() {
    let mut world = World::quiet();
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.until_in_flight(|m| m.kind == MessageKind::Snapshot && m.to == "n4");
    world.crash(N4);
    let place = world.now();
    world.pass(9_000);
    let member = |world: &World| world.sim.descriptors()[0].member_on(N4).map(|m| m.replica);
    let first = member(&world).expect("it has not had its time");
    world.pass(2_000);
    assert_eq!(member(&world), None);
    world.pass(5_000);
    let steps = |k: &&EventKind| {
        matches!(
            k,
            EventKind::PlacementStep { step: Step::AddLearner { .. } | Step::RollBack { .. }, .. }
        )
    };
    assert_eq!(world.since(place).filter(steps).count(), 1, "given up once, and tried no more");
    world.restart(N4);
    world.settle();
    assert_eq!(world.row(A), "L F F N –");
    assert!(member(&world) > Some(first));
    world.ends_well();
}

/// Scenario 61. Given a learner whose snapshots are all lost, though its node is live, then another
/// one with another id is tried every ten seconds, and the one that is there when the link is whole
/// again comes.
#[test]
fn a_learner_whose_snapshot_fails_is_tried_again_with_another_id() {
    let mut world = World::quiet();
    let late = shardscope_core::Traffic::between(N1, N4).of_kind(MessageKind::Snapshot);
    world.has(Command::Cut(late));
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.until("the first is given up", |k| {
        matches!(k, EventKind::PlacementStep { step: Step::RollBack { .. }, .. })
    });
    world.until("another one is tried", |k| {
        matches!(k, EventKind::PlacementStep { step: Step::AddLearner { node: N4, .. }, .. })
    });
    world.has(Command::Heal);
    world.settle();
    assert_eq!(world.row(A), "L F F N –");
    world.ends_well();
}

/// Scenario 39. Given a client whose route names nodes that are all down, while the shard has moved to
/// others, then it asks placement, and has its answer; and while placement is down too, it has it as
/// soon as placement is back.
#[test]
fn a_client_whose_nodes_are_all_gone_asks_placement() {
    for placement_down in [false, true] {
        let mut world = World::quiet_and_split();
        world.move_to(B, &[N4], &[]);
        world.settle();
        assert!(world.read(150).is_some(), "the client knows its way now");
        world.move_to(B, &[N1, N3, N5], &[]);
        world.settle();
        world.crash(N4);
        if placement_down {
            world.crash_placement();
        }
        let place = world.now();
        world.has(Command::Read { key: Key(150) });
        if placement_down {
            world.pass(3_000);
            assert_eq!(world.since(place).filter(|k| k.name() == "completed").count(), 0);
            world.restart_placement();
        }
        assert!(world.completes(150).is_some());
        world.ends_well();
    }
}

/// Given a learner that was added under one leader, when another takes over that has not applied
/// that yet, then placement, which knows, does not plan with what that one says: no second learner
/// is ordered on the same node, and the first goes on to vote.
#[test]
fn a_leader_that_knows_less_than_placement_is_not_planned_with() {
    let mut world = World::quiet();
    world.has(Command::HoldApply { node: N1, shard: A });
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.pass(50);
    world.has(Command::Elect { shard: A, node: N2 });
    world.until("n2 leads", leads(A, N2));
    world.pass(1_000);
    world.has(Command::Elect { shard: A, node: N1 });
    world.until("n1 leads, and has not applied that n4 learns", leads(A, N1));
    world.move_to(A, &[N1, N2, N3, N4], &[]);
    world.pass(1_000);
    world.has(Command::ReleaseApply { node: N1, shard: A });
    world.settle();
    let ids: BTreeSet<_> = world
        .since(0)
        .filter_map(|k| match k {
            EventKind::PlacementStep { step: Step::AddLearner { node: N4, replica }, .. } => {
                Some(*replica)
            }
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    world.is_on(A, &[N1, N2, N3, N4]);
    world.ends_well();
}

/// Given a split after which the shard changes again before placement hears of it, then the new
/// shard is known as the split made it, and can be moved.
#[test]
fn a_new_shard_is_known_as_the_split_made_it() {
    let mut world = World::quiet();
    world.split(A, 101);
    world.until("the split is applied", split_applied(A, N1));
    world.move_to(A, &[N1, N2, N3], &[N4]);
    world.settle();
    world.move_to(B, &[N1, N2, N5], &[]);
    world.settle();
    world.is_on(B, &[N1, N2, N5]);
    world.ends_well();
}

/// Given a move each of whose orders is lost, doubled, or arrives when nobody waits for it any more,
/// then the layout is reached all the same, and each replica comes once.
#[test]
fn orders_that_are_lost_doubled_or_late_do_no_harm() {
    type Fault = fn(u64) -> Command;
    let faults: [Fault; 3] = [
        |id| Command::DropMessage { id },
        |id| Command::DuplicateMessage { id },
        |id| Command::DelayMessage { id, by_ns: 2_500_000_000 },
    ];
    for fault in faults {
        let mut world = World::quiet();
        world.move_to(A, &[N4, N5], &[]);
        for step in ["AddLearner", "AddLearner", "Promote", "Transfer", "Remove", "Destroy"] {
            let order =
                world.until_in_flight(|m| m.to != "placement" && m.summary.starts_with(step));
            let name = format!("{:?} of {step}", fault(0));
            world.has(fault(order.id));
            assert!(world.step(), "{name}");
        }
        world.settle();
        world.pass(3_000);
        world.is_on(A, &[N4, N5]);
        let came =
            |k: &&EventKind| matches!(k, EventKind::ReplicaStarted { node: N4 | N5, shard: A, .. });
        assert_eq!(world.since(0).filter(came).count(), 2);
        world.ends_well();
    }
}
