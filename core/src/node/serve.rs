//! Client operations on a node: checked early, proposed or read, and answered with what a router
//! needs.
//!
//! Reads are linearizable, on a leader and on a follower: a follower asks its leader for a read
//! index and waits until it has applied it (TiKV: `replica_read`). Range and epoch are checked
//! again when a read is answered: a split may have come in between.

use std::time::Duration;

use super::Node;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Key, KeyRange};
use crate::message::{Located, Message, PAGE_PAIRS_MAX, Reply, Request};
use crate::network::{Endpoint, Route};
use crate::operation::{ReadMode, ReadPolicy, WriteAnswer};
use crate::plant::{self, Plant};
use crate::probe::{Answered, Basis, Fact, Grounds};
use crate::raft::entry::{Applied, Proposal, Write};
use crate::raft::{Group, ReadError, WriteError};
use crate::sim::Time;

/// How long a read waits for its leader's answer, and then to apply what it must: its client has
/// given up by then.
const READ_TTL: Duration = Duration::from_millis(300);

impl Node {
    pub(super) async fn serve(self, route: Route, shard: ShardId, request: Request) {
        let arrived = self.0.sim.now();
        let (write, done) = match request {
            Request::Write(w) => (true, self.write(shard, w).await),
            Request::Read { key, version, mode } => {
                let group = self.ready_to_read(shard, key, version, mode).await;
                (false, group.map(|(group, grounds)| (value(&group, key), group, grounds)))
            }
            Request::Scan { start, end, version, mode } => {
                let group = self.ready_to_read(shard, start, version, mode).await;
                (false, group.map(|(group, grounds)| (page(&group, start, end), group, grounds)))
            }
        };
        let reply = match done {
            Ok((reply, group, grounds)) => {
                self.tell_answer(&group, arrived, (&request, &reply), grounds);
                reply
            }
            Err(refused) => refused,
        };
        self.0.network.reply(&route, Message::Reply { write, reply });
    }

    /// Tells of an answer that is about to leave.
    fn tell_answer(
        &self,
        group: &Group,
        arrived: Time,
        asked: (&Request, &Reply),
        grounds: Grounds,
    ) {
        self.0.probe.tell(|| {
            let one = |key: Key| KeyRange { start: key, end: Key(key.0 + 1) };
            let (keys, version) = match *asked.0 {
                Request::Write(w) => (one(w.key), w.version),
                Request::Read { key, version, .. } => (one(key), version),
                Request::Scan { start, end, version, .. } => {
                    let end = if let Reply::Page { next, .. } = asked.1 { *next } else { end };
                    (KeyRange { start, end }, version)
                }
            };
            let (start, left) = (self.starts(), self.0.sim.now());
            let state = group.machine().state(|s| (s.epoch.version, s.range));
            let range = state.filter(|(now, _)| *now == version).map(|(_, range)| range);
            let answered = Answered { start, arrived, left, keys, version, range, grounds };
            Fact::Answered { seat: group.seat(), answered }
        });
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

    async fn write(&self, shard: ShardId, write: Write) -> Result<(Reply, Group, Grounds), Reply> {
        let group = self.find(shard, write.key, write.version)?;
        if plant::is(Plant::WriteAnsweredBeforeCommit) {
            let proposed = group.clone();
            self.spawn(group.seat().replica.0, async move {
                drop(proposed.propose(Proposal::Write(write)).await);
            });
            let grounds = Grounds { term: group.status().term, basis: Basis::Entry };
            return Ok((Reply::Written(WriteAnswer::Done), group, grounds));
        }
        match group.propose(Proposal::Write(write)).await {
            Ok((term, Applied::Written { answer, .. })) => {
                Ok((Reply::Written(answer), group, Grounds { term, basis: Basis::Entry }))
            }
            Ok(_) => Err(self.stale(shard, write.key)),
            Err(WriteError::NotLeader(leader)) => Err(self.not_leader(&group, leader)),
            Err(_) => Err(Reply::Unknown),
        }
    }

    /// The group of `shard` once a read of its state is linearizable and still belongs here, and on
    /// what that rests.
    async fn ready_to_read(
        &self,
        shard: ShardId,
        key: Key,
        version: u64,
        mode: ReadMode,
    ) -> Result<(Group, Grounds), Reply> {
        let unchecked = plant::is(Plant::EpochCheckedOnlyForWrites);
        let group = match self.group(shard).filter(|_| unchecked) {
            Some(group) => group,
            None => self.find(shard, key, version)?,
        };
        let ready = if mode.anywhere && !group.is_leader() {
            let followed = self.follow_to_read(shard, &group, mode.policy).await;
            let basis = Basis::Follower { lease: mode.policy == ReadPolicy::Lease };
            followed.map(|()| Grounds { term: group.status().term, basis })
        } else {
            group.read_barrier(mode.policy, READ_TTL).await
        };
        match ready {
            Ok(grounds) if unchecked || plant::is(Plant::ReadNotRechecked) => Ok((group, grounds)),
            Ok(grounds) => Ok((self.find(shard, key, version)?, grounds)),
            Err(ReadError::NotLeader(leader)) => Err(self.not_leader(&group, leader)),
            Err(ReadError::NoQuorum | ReadError::Behind) => Err(Reply::NotNow),
        }
    }

    /// Asks the leader from which log index on a read here is linearizable, and returns once this
    /// replica has applied it.
    async fn follow_to_read(
        &self,
        shard: ShardId,
        group: &Group,
        policy: ReadPolicy,
    ) -> Result<(), ReadError> {
        let Some(leader) = group.status().leader else {
            return Err(ReadError::NoQuorum);
        };
        let Some(node) = node_of(group, leader) else {
            return Err(ReadError::NoQuorum);
        };
        let (from, to) = (Endpoint::Node(self.0.id), Endpoint::Node(node));
        let question = Message::ReadIndex { leader, policy };
        match self.0.network.call(from, to, Some(shard), question, READ_TTL).await {
            Ok(Message::ReadIndexIs(Some(_))) if plant::is(Plant::FollowerReadsTooEarly) => Ok(()),
            Ok(Message::ReadIndexIs(Some(index))) => group.applied(index, READ_TTL).await,
            _ => Err(ReadError::NoQuorum),
        }
    }

    /// Answers a follower that shall serve a read.
    pub(super) async fn tell_read_index(
        self,
        route: Route,
        shard: ShardId,
        leader: ReplicaId,
        policy: ReadPolicy,
    ) {
        let index = match self.group(shard).filter(|g| g.seat().replica == leader) {
            Some(group) => group.read_index(policy).await.ok(),
            None => None,
        };
        self.0.network.reply(&route, Message::ReadIndexIs(index));
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

fn value(group: &Group, key: Key) -> Reply {
    Reply::Value(group.machine().get(key).map(|v| v.value))
}

/// The pairs from `start` up to `end`, as far as this shard and a page go.
fn page(group: &Group, start: Key, end: Key) -> Reply {
    let page = group.machine().state(|state| {
        let goes_on = plant::is(Plant::ScanMissesBorder) && end > state.range.end;
        let end = end.min(state.range.end).max(start);
        let mut rest = state.data.range(start..end).map(|(key, v)| (*key, v.value));
        let pairs: Vec<(Key, u64)> = rest.by_ref().take(PAGE_PAIRS_MAX).collect();
        let behind = Key(end.0 + u64::from(goes_on));
        let next = rest.next().map_or(behind, |(key, _)| key);
        Reply::Page { pairs, next }
    });
    page.unwrap_or(Reply::NotNow)
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
