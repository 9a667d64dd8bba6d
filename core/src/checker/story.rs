//! Short stories for the checkers' tests: events by hand, told one after the other.
//!
//! Compiled for tests only. It must not know any property.

use super::Property;
use super::disks::Disks;
use crate::event::{EntryKind, Event, EventKind, Origin, Outcome, Role};
use crate::id::{ClientId, NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch, Key, KeyRange, Member};
use crate::operation::{Answer, Change, Operation, WriteAnswer};
use crate::probe::Fact;
use crate::sim::Time;

/// What a property is told, and what it has compared.
pub(super) struct Story<P> {
    property: P,
    disks: Disks,
    seq: u64,
    time: Time,
    /// What the property counted so far.
    pub(super) compared: u64,
}

impl<P: Property> Story<P> {
    pub(super) fn new(property: P) -> Self {
        let disks = Disks::default();
        Self { property, disks, seq: 0, time: Time::ZERO, compared: 0 }
    }

    /// Tells all that follows as of that time.
    pub(super) fn at(&mut self, micros: u64) {
        self.time = Time::from_nanos(micros * 1_000);
    }

    /// Tells one event; what the property says to it.
    pub(super) fn tell(&mut self, kind: EventKind) -> Result<(), String> {
        self.seq += 1;
        let event = Event { seq: self.seq, time: self.time, kind };
        self.property.check(&event, &mut self.compared)
    }

    /// Tells one event that is as it should be.
    pub(super) fn fine(&mut self, kind: EventKind) {
        let told = format!("{kind:?}");
        let said = self.tell(kind);
        assert_eq!(said, Ok(()), "{told}");
    }

    /// Tells a fact; what the property says to it.
    pub(super) fn tell_fact(&mut self, fact: &Fact) -> Result<(), String> {
        self.disks.follow(fact);
        self.property.fact(fact, &self.disks, &mut self.compared)
    }

    /// Tells a fact that is as it should be.
    pub(super) fn fine_fact(&mut self, fact: &Fact) {
        let said = self.tell_fact(fact);
        assert_eq!(said, Ok(()), "{fact:?}");
    }

    /// Tells a fact that must be found wrong, for a reason that names `what`.
    pub(super) fn wrong_fact(&mut self, fact: &Fact, what: &str) {
        match self.tell_fact(fact) {
            Err(text) => assert!(text.contains(what), "found, but: {text}"),
            Ok(()) => panic!("not found: {fact:?}"),
        }
    }

    /// Tells one event that must be found wrong, for a reason that names `what`.
    pub(super) fn wrong(&mut self, kind: EventKind, what: &str) {
        let told = format!("{kind:?}");
        match self.tell(kind) {
            Err(text) => assert!(text.contains(what), "found, but: {text}"),
            Ok(()) => panic!("not found: {told}"),
        }
    }
}

/// Node, shard and replica, in that order.
pub(super) type At = (u16, u64, u64);

pub(super) fn started(at: At, origin: Origin, range: Option<(u64, u64)>) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    let range = range.map(|(first, last)| KeyRange::inclusive(first, last));
    let epoch = range.map_or_else(Epoch::default, |_| epoch(1, 1));
    EventKind::ReplicaStarted { node, shard, replica, origin, range, epoch }
}

pub(super) fn destroyed(at: At) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    EventKind::ReplicaDestroyed { node, shard, replica, epoch: epoch(1, 1) }
}

pub(super) fn crashed(node: u16) -> EventKind {
    EventKind::NodeCrashed { node: NodeId(node), unflushed: 1 }
}

pub(super) fn role(at: At, role: Role, term: u64) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    EventKind::RoleChanged { node, shard, replica, role, term }
}

pub(super) fn applied(at: At, index: u64, term: u64, digest: u64) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    EventKind::Applied { node, shard, replica, index, term, kind: EntryKind::Data, digest }
}

pub(super) fn snapshot_taken(at: At, index: u64) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    EventKind::SnapshotTaken { node, shard, replica, index }
}

/// Installs a snapshot of keys `range` at epoch 1.1, whose last entry is of term 6.
pub(super) fn installed(at: At, index: u64, range: (u64, u64), digest: u64) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    let range = KeyRange::inclusive(range.0, range.1);
    let epoch = epoch(1, 1);
    let (term, keys) = (6, range.width());
    EventKind::SnapshotInstalled { node, shard, replica, index, term, range, epoch, keys, digest }
}

pub(super) fn epoch(version: u64, conf_ver: u64) -> Epoch {
    Epoch { version, conf_ver }
}

/// A shard of these keys, at that epoch, with voters `replica` on `n1`, `replica` + 1 on `n2`, …
pub(super) fn descriptor(shard: u64, range: (u64, u64), epoch: Epoch, replica: u64) -> Descriptor {
    let member = |n: u16| Member {
        replica: ReplicaId(replica + u64::from(n) - 1),
        node: NodeId(n),
        voter: true,
    };
    Descriptor {
        shard: ShardId(shard),
        range: KeyRange::inclusive(range.0, range.1),
        epoch,
        members: (1..=3).map(member).collect(),
        joint: false,
    }
}

/// On that node, shard_a's keys 1..=200 split at 101 into shard_b, at index 9, to version 2.
pub(super) fn split(node: u16) -> EventKind {
    EventKind::SplitApplied {
        node: NodeId(node),
        parent: descriptor(1, (1, 100), epoch(2, 1), 1),
        child: descriptor(2, (101, 200), epoch(2, 1), 4),
        replica: ReplicaId(u64::from(node)),
        index: 9,
        born: true,
        before: 30,
        left: 10,
        right: 20,
    }
}

/// A membership of shard_a's keys 1..=200 by conf_ver, its voters and its learners, as replica 1 on
/// `n1` applies it.
pub(super) fn membership(
    index: u64,
    conf_ver: u64,
    voters: &[u64],
    learners: &[u64],
    joint: bool,
) -> EventKind {
    let member = |voter| {
        move |id: &u64| Member {
            replica: ReplicaId(*id),
            node: NodeId(u16::try_from(*id).unwrap_or(u16::MAX)),
            voter,
        }
    };
    let members = voters.iter().map(member(true)).chain(learners.iter().map(member(false)));
    let descriptor = Descriptor {
        shard: ShardId(1),
        range: KeyRange::inclusive(1, 200),
        epoch: epoch(1, conf_ver),
        members: members.collect(),
        joint,
    };
    EventKind::MembershipApplied { node: NodeId(1), descriptor, replica: ReplicaId(1), index }
}

/// A fresh write that named version 1: by `(client, serial)`, of `(key, value)`.
pub(super) fn wrote(at: At, index: u64, who: (u16, u64), what: (u64, u64)) -> EventKind {
    wrote_at_version(1, at, index, who, what)
}

pub(super) fn wrote_at_version(
    version: u64,
    at: At,
    index: u64,
    who: (u16, u64),
    what: (u64, u64),
) -> EventKind {
    let (node, shard, replica) = (NodeId(at.0), ShardId(at.1), ReplicaId(at.2));
    let (client, serial) = (ClientId(who.0), who.1);
    let (key, change, fresh) = (Key(what.0), Change::Put { value: what.1 }, true);
    let answer = WriteAnswer::Done;
    EventKind::WriteApplied {
        node,
        shard,
        replica,
        index,
        client,
        serial,
        key,
        change,
        answer,
        version,
        fresh,
    }
}

/// A fresh change of `key` at that index of shard_a, as replica 1 on `n1` applies and answers it.
pub(super) fn at_key(
    index: u64,
    who: (u16, u64),
    key: u64,
    change: Change,
    answer: WriteAnswer,
) -> EventKind {
    EventKind::WriteApplied {
        node: NodeId(1),
        shard: ShardId(1),
        replica: ReplicaId(1),
        index,
        client: ClientId(who.0),
        serial: who.1,
        key: Key(key),
        change,
        answer,
        version: 1,
        fresh: true,
    }
}

pub(super) fn invoked(client: u16, serial: u64, key: u64, operation: Operation) -> EventKind {
    EventKind::Invoked { client: ClientId(client), serial, key: Key(key), operation }
}

/// A part of a scan, from a key up to, not including, the next.
pub(super) fn scanned(
    client: u16,
    serial: u64,
    part: (u64, u64),
    pairs: &[(u64, u64)],
) -> EventKind {
    let (client, start, next) = (ClientId(client), Key(part.0), Key(part.1));
    let pairs = pairs.iter().map(|(key, value)| (Key(*key), *value)).collect();
    EventKind::Scanned { client, serial, start, next, pairs }
}

pub(super) fn ended(
    client: u16,
    serial: u64,
    key: u64,
    operation: Operation,
    outcome: Outcome,
    answer: Option<Answer>,
) -> EventKind {
    let (client, key, attempts) = (ClientId(client), Key(key), 1);
    EventKind::Completed { client, serial, key, operation, outcome, answer, attempts }
}
