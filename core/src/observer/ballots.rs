//! Which votes a candidate has heard of: what it counts, as against what is on the voters' disks.
//!
//! For the page alone. An answer to an earlier campaign of the same replica that arrives in this
//! one is taken for one to this.

use std::collections::BTreeSet;

use litemap::LiteMap;

use crate::event::{Event, EventKind, Role};
use crate::id::{NodeId, ShardId};
use crate::network::{Endpoint, MessageKind};

/// Of each candidate, the nodes that have answered it. One small row a campaign under way.
#[derive(Default)]
pub(super) struct Ballots(LiteMap<(NodeId, ShardId), BTreeSet<NodeId>>);

impl Ballots {
    pub(super) fn note(&mut self, event: &Event) {
        match event.kind {
            EventKind::RoleChanged { node, shard, role: Role::Candidate, .. } => {
                self.0.insert((node, shard), BTreeSet::from([node]));
            }
            EventKind::RoleChanged { node, shard, .. }
            | EventKind::ReplicaDestroyed { node, shard, .. } => _ = self.0.remove(&(node, shard)),
            EventKind::NodeCrashed { node, .. } => self.0.retain(|(at, _), _| *at != node),
            EventKind::MessageDelivered {
                kind: MessageKind::Vote,
                reply: true,
                shard: Some(shard),
                from: Endpoint::Node(voter),
                to: Endpoint::Node(candidate),
                ..
            } => {
                if let Some(heard) = self.0.get_mut(&(candidate, shard)) {
                    heard.insert(voter);
                }
            }
            _ => {}
        }
    }

    /// The nodes that have answered the candidate, itself among them; none if it is none.
    pub(super) fn heard(&self, node: NodeId, shard: ShardId) -> Vec<u16> {
        self.0.get(&(node, shard)).into_iter().flatten().map(|voter| voter.0).collect()
    }
}
