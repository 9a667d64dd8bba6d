//! Who is a member, as a replica has applied it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::KeyRange;
use crate::raft::seat::Sender;
use crate::raft::types::{ReplicaNode, log_id};

/// The state machine of that replica, on a node of its own.
fn machine(replica: u16) -> StateMachine {
    let (node, id) = (NodeId(replica), ReplicaId(u64::from(replica)));
    let seat = Seat { node, shard: ShardId(1), replica: id };
    let range = KeyRange::inclusive(1, 200);
    let state = ShardState::empty(seat.shard, range, Epoch { version: 1, conf_ver: 1 });
    StateMachine::detached(seat, NodeDisk::immediate(), state)
}

fn apply_members(machine: &StateMachine, index: u64, replicas: &[u16]) {
    let id = |replica: &u16| ReplicaId(u64::from(*replica));
    let at = |replica: &u16| (id(replica), ReplicaNode { node: NodeId(*replica) });
    let voters: BTreeSet<ReplicaId> = replicas.iter().map(id).collect();
    let nodes: BTreeMap<ReplicaId, ReplicaNode> = replicas.iter().map(at).collect();
    let payload = EntryPayload::Membership(birth::membership(vec![voters], nodes));
    machine.apply_entry(Entry { log_id: log_id(6, index), payload });
}

#[test]
fn a_peer_that_was_a_member_and_is_none_any_more_is_told_so() {
    let (stays, away) = (machine(1), machine(3));
    assert_eq!(away.as_sender(), None, "it has not applied that it is a member");
    for replica in [&stays, &away] {
        apply_members(replica, 6, &[1, 2, 3]);
    }
    let says = away.as_sender().expect("it is a member");
    assert!(!stays.has_removed(says));
    apply_members(&stays, 7, &[1, 2]);
    assert!(stays.has_removed(says), "it missed its removal");
    let newer = Sender { conf_ver: says.conf_ver + 1, ..says };
    assert!(!stays.has_removed(newer), "it may know of a membership that is still to come here");
    assert!(!away.has_removed(stays.as_sender().expect("it is a member")));
}

#[test]
fn a_replica_that_applies_its_own_removal_knows_that_it_is_removed() {
    let machine = machine(3);
    apply_members(&machine, 6, &[1, 2]);
    assert!(!machine.is_removed(), "a membership from before its time");
    apply_members(&machine, 7, &[1, 2, 3]);
    apply_members(&machine, 8, &[1, 2]);
    assert!(machine.is_removed());
    assert_eq!(machine.as_sender(), None);
}
