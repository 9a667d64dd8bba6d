//! Whether some nodes alone could go on: what a tool asks before it leaves all others dead.
//!
//! Looks at disks, also those of crashed nodes. Called by `simulation`.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::raft::birth;
use crate::raft::log_store::LogStore;
use crate::raft::state::{has_quorum, members};
use crate::raft::types::{Entry, EntryPayload, Membership, NodeDisk, Part, RecordState, Row};

/// What is known of a shard's memberships.
#[derive(Default)]
struct Known {
    /// The replicas that some disk holds, by id, and where.
    held: BTreeMap<ReplicaId, NodeId>,
    /// The newest membership that a replica has applied, or that its snapshot covers.
    applied: u64,
    /// All that any log or snapshot holds, by index: two leaders may have appended different ones.
    found: Vec<(u64, Membership)>,
}

/// A shard of which the nodes `up` have no quorum in a membership that may be in force: the newest
/// one applied anywhere, a newer one that some log holds, or one that placement has asked for or is
/// about to, on its way to what is wanted.
pub(crate) fn shard_without_quorum(cluster: &Cluster, up: &[NodeId]) -> Option<ShardId> {
    let mut shards: BTreeMap<ShardId, Known> = BTreeMap::new();
    for node in &cluster.nodes {
        let live = birth::catalog(node.disk()).into_iter();
        for (replica, record) in live.filter(|(_, r)| r.state == RecordState::Live) {
            let known = shards.entry(record.shard).or_default();
            known.held.insert(replica, node.id());
            known.read(node.disk(), replica);
        }
        for fact in node.facts() {
            let Some(membership) = fact.group.map(|group| group.machine().membership()) else {
                continue;
            };
            let index = membership.log_id().map_or(0, |id| id.index);
            let known = shards.entry(fact.seat.shard).or_default();
            known.applied = known.applied.max(index);
            known.found.push((index, membership.membership().clone()));
        }
    }
    let lacks = |(shard, known): &(&ShardId, &Known)| {
        let live = known.held.iter().map(|(replica, node)| (*replica, up.contains(node))).collect();
        let mut in_force = known.found.iter().filter(|(index, _)| *index >= known.applied);
        in_force.any(|(_, membership)| {
            let now: BTreeSet<NodeId> = voters(membership);
            !has_quorum(membership, &live)
                || cluster.placement.voters_ahead(**shard).iter().any(|ahead| {
                    let both: BTreeSet<NodeId> = now.union(ahead).copied().collect();
                    !is_majority(up, &both) || !is_majority(up, ahead)
                })
        })
    };
    shards.iter().find(lacks).map(|(shard, _)| *shard)
}

fn voters(membership: &Membership) -> BTreeSet<NodeId> {
    members(membership).into_iter().filter(|m| m.voter).map(|m| m.node).collect()
}

fn is_majority(up: &[NodeId], voters: &BTreeSet<NodeId>) -> bool {
    voters.iter().filter(|node| up.contains(node)).count() * 2 > voters.len()
}

impl Known {
    /// Takes over what `replica`'s rows say. One without a snapshot is uninitialized: its log says
    /// all.
    fn read(&mut self, disk: &NodeDisk, replica: ReplicaId) {
        if let Some(Row::Snapshot(stored)) = disk.get(&replica.row(Part::Snapshot)) {
            let membership = &stored.meta.last_membership;
            let index = membership.log_id().map_or(0, |id| id.index);
            self.applied = self.applied.max(index);
            self.found.push((index, membership.membership().clone()));
        }
        let membership = |entry: &Entry| match &entry.payload {
            EntryPayload::Membership(membership) => Some((entry.log_id.index, membership.clone())),
            _ => None,
        };
        let log = LogStore::new(disk.clone(), replica);
        self.found.extend(log.tail(usize::MAX, membership).into_iter().flatten());
    }
}
