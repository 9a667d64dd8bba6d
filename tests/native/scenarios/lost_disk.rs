//! A node loses its disk, and with it the promises of the replicas that were on it.

use crate::world::{A, B, N1, N2, N3, N4, N5, World, leads};
use shardscope_core::view::{Availability, RoleView};
use shardscope_core::{Command, EventKind, NodeId, ShardId, Step};

impl World {
    fn lose_disk(&mut self, node: NodeId) {
        self.has(Command::LoseDisk { node });
    }

    fn loses_disk_and_restarts(&mut self, node: NodeId) {
        self.lose_disk(node);
        self.restart(node);
    }

    /// The id of the replica of `shard` that `node` holds.
    fn id_on(&self, node: NodeId, shard: ShardId) -> Option<u64> {
        self.replica(node, shard).map(|r| r.id)
    }

    fn is_writable(&self, shard: ShardId) -> bool {
        let shards = self.sim.view().shards;
        shards.iter().any(|s| s.id == shard.0 && s.availability == Availability::Writable)
    }
}

fn joined(on: NodeId) -> impl Fn(&EventKind) -> bool {
    move |kind| matches!(kind, EventKind::NodeJoined { node, .. } if *node == on)
}

/// Given three replicas of which one loses its disk, when its node is back, then it is told that
/// every id up to now is old, its replica is taken out and replaced by one with a new id, by
/// ordinary steps, and all data is on three disks again; nothing was unavailable meanwhile.
#[test]
fn a_node_that_lost_its_disk_is_given_new_replicas_under_new_ids() {
    let mut world = World::quiet();
    world.write(50, 5);
    let place = world.now();
    world.loses_disk_and_restarts(N3);
    world.until("it joins", joined(N3));
    let steps: [fn(&Step) -> bool; 3] = [
        |step| *step == Step::Remove { nodes: vec![N3] },
        |step| matches!(step, Step::AddLearner { node: N3, .. }),
        |step| *step == Step::Promote { nodes: vec![N3] },
    ];
    for is_next in steps {
        world.until(
            "the next step",
            |kind| matches!(kind, EventKind::PlacementStep { shard: A, step } if is_next(step)),
        );
    }
    world.settle();
    world.pass(1_000);
    assert_eq!(world.row(A), "L F F – –");
    let floor = world.since(place).find_map(|kind| match kind {
        EventKind::NodeJoined { floor, .. } => Some(floor.0),
        _ => None,
    });
    assert!(floor > Some(3), "newer than all that were given out: {floor:?}");
    assert!(world.id_on(N3, A) > floor, "{:?} {floor:?}", world.id_on(N3, A));
    assert_eq!(world.elections(A, place), 0, "n1 led on");
    world.crash(N1);
    world.crash(N2);
    world.pass(100);
    world.restart(N2);
    world.until("n2 and n3 are a quorum", |kind| leads(A, N2)(kind) || leads(A, N3)(kind));
    assert_eq!(world.read(50), Some(5), "of what n3 was given");
    world.ends_well();
}

/// Given a write that is on n1 and n3 alone, when n1 crashes and n3 loses its disk, then n2, which
/// lacks the write, cannot be elected with the vote of a replica that has forgotten it; once n1 is
/// back the write is there.
#[test]
fn a_vote_is_not_had_from_a_replica_that_was_lost_with_its_disk() {
    let mut world = World::quiet();
    world.starve(N2, A);
    world.write(50, 5);
    assert!(
        world
            .replica(N2, A)
            .is_some_and(|r| r.last_log < world.replica(N1, A).map_or(0, |l| l.last_log))
    );
    world.crash(N1);
    world.lose_disk(N3);
    world.has(Command::Heal);
    world.restart(N3);
    let place = world.now();
    world.until("n3 joins", joined(N3));
    world.pass(8_000);
    assert_eq!(world.elections(A, place), 0, "one of three is no majority");
    assert_eq!(world.id_on(N3, A), None, "it holds nothing of the shard");
    world.restart(N1);
    world.until("n1 leads", leads(A, N1));
    world.settle();
    assert_eq!(world.read(50), Some(5));
    world.pass(1_000);
    assert_eq!(world.row(A), "L F F – –");
    world.ends_well();
}

/// Given placement down, when a node that lost its disk is back, then it takes part in nothing,
/// since nobody can tell it which ids are new, until placement is back.
#[test]
fn without_placement_an_empty_disk_takes_part_in_nothing() {
    let mut world = World::quiet();
    world.has(Command::CrashPlacement);
    world.loses_disk_and_restarts(N3);
    world.pass(5_000);
    assert_eq!(world.id_on(N3, A), None);
    world.write(50, 5);
    world.has(Command::RestartPlacement);
    world.until("it joins", joined(N3));
    world.settle();
    world.pass(1_000);
    assert_eq!(world.row(A), "L F F – –");
    world.ends_well();
}

/// Given a move to n4 and n5, when the node of a learner, of the old leader or of an old follower
/// loses its disk at any of its steps, then the move is finished all the same, and nothing is left
/// behind.
#[test]
fn a_move_is_finished_although_a_disk_is_lost_at_any_of_its_steps() {
    for victim in [N1, N3, N4] {
        for step in 1..=5 {
            let mut world = World::quiet();
            world.move_to(A, &[N4, N5, N2], &[]);
            for _ in 0..step {
                world.until("a step", |k| matches!(k, EventKind::PlacementStep { .. }));
            }
            world.pass(6);
            world.lose_disk(victim);
            world.pass(2_000);
            world.restart(victim);
            world.until("it joins", joined(victim));
            world.pass(2_000);
            world.settle();
            world.pass(1_000);
            let row = world.row(A);
            let held = row.replace('L', "F");
            assert_eq!(held, "– F – F F", "{victim} lost its disk after step {step}: {row}");
            world.ends_well();
        }
    }
}

/// Given a split that two of three have applied, when the third loses its disk, then both shards
/// get a new replica there, and the parent's log makes no child with an id from before.
#[test]
fn a_disk_that_is_lost_around_a_split_brings_back_neither_parent_nor_child() {
    for before_ms in [0, 4, 8, 20] {
        let mut world = World::quiet();
        world.has(Command::HoldApply { node: N3, shard: A });
        world.split(A, 101);
        world.pass(before_ms);
        world.loses_disk_and_restarts(N3);
        world.until("it joins", joined(N3));
        world.pass(3_000);
        world.settle();
        world.pass(1_000);
        for shard in [A, B] {
            let voters = |on| world.replica(on, shard).map(|r| r.role != RoleView::Learner);
            assert_eq!([N1, N2, N3].map(voters), [Some(true); 3], "{}", world.row(shard));
        }
        world.ends_well();
    }
}

/// Given two of three disks lost, then the shard is lost with them, and nobody makes another out of
/// what is left: it is never written again, and what is known of it stays true.
#[test]
fn a_shard_that_lost_its_majority_is_not_made_up() {
    let mut world = World::quiet();
    world.lose_disk(N2);
    world.lose_disk(N3);
    let again = world.sim.submit(Command::LoseDisk { node: N3 }).expect_err("it has none");
    assert!(again.to_string().contains("n3's disk is lost already: restart it"), "{again}");
    world.restart(N2);
    world.restart(N3);
    world.pass(20_000);
    assert!(!world.is_writable(A));
    assert_eq!((world.id_on(N2, A), world.id_on(N3, A)), (None, None));
    assert!(world.id_on(N1, A).is_some(), "what is left is kept");
    world.is_safe();
}
