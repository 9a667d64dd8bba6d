//! What is seen of an election that only who looks at all nodes at once can see.

use crate::world::{A, N1, N2, N3, World, leads};
use shardscope_core::{Command, EventKind, MessageKind, Role, Traffic};

fn campaigns(kind: &EventKind) -> bool {
    matches!(kind, EventKind::RoleChanged { node: N3, shard: A, role: Role::Candidate, .. })
}

/// The votes for n3: those on disk, and those that have answered it.
fn votes(world: &World) -> (Vec<u16>, Vec<u16>) {
    let n3 = world.replica(N3, A).expect("it holds one");
    (n3.votes_granted, n3.votes_heard)
}

/// Given a candidate whose voters' answers are held on their way, then their votes are seen to be
/// given and not heard of; once they are, it leads.
#[test]
fn a_vote_is_given_before_its_candidate_hears_of_it() {
    let mut world = World::quiet();
    let answers = [N1, N2].map(|from| Traffic::between(from, N3).of_kind(MessageKind::Vote));
    for traffic in answers {
        world.has(Command::Hold(traffic));
    }
    world.has(Command::TransferLeader { shard: A, node: N3 });
    world.until("it campaigns", campaigns);
    world.pass(50);
    assert_eq!(votes(&world), (vec![1, 2, 3], vec![3]));
    world.has(Command::Release(answers[1]));
    world.until("it leads", leads(A, N3));
    assert_eq!(votes(&world), (vec![], vec![]), "it is no candidate any more");
    world.ends_well();
}

/// Given a candidate that lacks a committed entry, then both others answer, and neither has voted.
#[test]
fn a_refusal_is_an_answer_without_a_vote() {
    let mut world = World::quiet();
    let appends = Traffic::between(N1, N3).of_shard(A).of_kind(MessageKind::Append);
    world.has(Command::Cut(appends));
    world.write(50, 5);
    world.has(Command::Elect { shard: A, node: N3 });
    world.until("it campaigns", campaigns);
    world.pass(50);
    assert_eq!(votes(&world), (vec![3], vec![1, 2, 3]));
    world.ends_well();
}
