//! Client operations on a node: checked early, proposed or read, and answered with what a router
//! needs.

use super::Node;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Key};
use crate::message::{Located, Message, Reply, Request};
use crate::network::Route;
use crate::raft::entry::{Applied, Operation, Write};
use crate::raft::{Group, ReadError, WriteError};

impl Node {
    pub(super) async fn serve(self, route: Route, shard: ShardId, request: Request) {
        let (write, reply) = match request {
            Request::Write(w) => (true, self.write(shard, w).await),
            Request::Read { key, version } => (false, self.read(shard, key, version).await),
        };
        self.0.network.reply(&route, Message::Reply { write, reply });
    }

    /// The group of `shard`, if `key` is in its range and `version` its epoch's.
    fn find(&self, shard: ShardId, key: Key, version: u64) -> Result<Group, Reply> {
        let group = self.group(shard).filter(|g| g.machine().is_initialized());
        let fits = |g: &Group| {
            g.machine().state(|s| s.epoch.version == version && s.range.contains(key)) == Some(true)
        };
        match group {
            Some(group) if fits(&group) => Ok(group),
            Some(_) => Err(self.stale(shard, key)),
            None if self.holder_of(key).is_some() => Err(self.stale(shard, key)),
            None => Err(Reply::NotHere),
        }
    }

    async fn write(&self, shard: ShardId, write: Write) -> Reply {
        let group = match self.find(shard, write.key, write.version) {
            Ok(group) => group,
            Err(reply) => return reply,
        };
        match group.propose(Operation::Write(write)).await {
            Ok(Applied::Written { .. }) => Reply::Written,
            Ok(_) => self.stale(shard, write.key),
            Err(WriteError::NotLeader(leader)) => self.not_leader(&group, leader),
            Err(_) => Reply::Unknown,
        }
    }

    /// A linearizable read. Range and epoch are checked again when it is answered: a split may have
    /// come in between.
    async fn read(&self, shard: ShardId, key: Key, version: u64) -> Reply {
        let group = match self.find(shard, key, version) {
            Ok(group) => group,
            Err(reply) => return reply,
        };
        match group.read_barrier().await {
            Ok(()) => match self.find(shard, key, version) {
                Ok(group) => Reply::Value(group.machine().get(key)),
                Err(reply) => reply,
            },
            Err(ReadError::NotLeader(leader)) => self.not_leader(&group, leader),
            Err(ReadError::NoQuorum) => Reply::NotNow,
        }
    }

    fn not_leader(&self, group: &Group, leader: Option<ReplicaId>) -> Reply {
        match leader {
            // It leads, but cannot say so for sure yet: the lease of a fresh leader.
            None if group.is_leader() => Reply::NotNow,
            leader => Reply::NotLeader(leader.and_then(|r| node_of(group, r))),
        }
    }

    /// What the router needs to repair its route: the shard as it is here, and the one that holds
    /// the key now.
    fn stale(&self, shard: ShardId, key: Key) -> Reply {
        let mut located: Vec<Located> = self.group(shard).iter().filter_map(locate).collect();
        if !located.iter().any(|l| l.descriptor.range.contains(key)) {
            located.extend(self.holder_of(key).as_ref().and_then(locate));
        }
        Reply::EpochNotMatch(located)
    }

    fn holder_of(&self, key: Key) -> Option<Group> {
        let replicas = self.0.replicas.borrow();
        let holds = |g: &&Group| g.machine().state(|s| s.range.contains(key)) == Some(true);
        replicas.values().filter_map(|r| r.group()).find(holds).cloned()
    }
}

fn locate(group: &Group) -> Option<Located> {
    let descriptor = group.machine().descriptor()?;
    let leader = group.status().leader.and_then(|leader| member_node(&descriptor, leader));
    Some(Located { descriptor, leader })
}

/// The node on which `replica` lives, as the group's applied membership says.
pub(super) fn node_of(group: &Group, replica: ReplicaId) -> Option<NodeId> {
    member_node(&group.machine().descriptor()?, replica)
}

fn member_node(descriptor: &Descriptor, replica: ReplicaId) -> Option<NodeId> {
    descriptor.members.iter().find(|m| m.replica == replica).map(|m| m.node)
}
