//! Facts by hand, for the checkers' tests. Compiled for tests only. It must not know any property.

use std::rc::Rc;

use super::story::At;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::KeyRange;
use crate::probe::{
    Answered, Basis, Config, EntryFact, Fact, Grounds, LogPoint, Promise, RowFact, SnapshotFact,
    VoteFact,
};
use crate::raft::seat::Seat;
use crate::sim::{Owner, Time};

pub(super) fn seat(at: At) -> Seat {
    Seat { node: NodeId(at.0), shard: ShardId(at.1), replica: ReplicaId(at.2) }
}

/// A batch that the node itself writes.
pub(super) fn written(node: u16, rows: Vec<RowFact>) -> Fact {
    written_by(node, 0, rows)
}

/// A batch that a part of the node writes.
pub(super) fn written_by(node: u16, scope: u64, rows: Vec<RowFact>) -> Fact {
    let by = Owner { node, scope };
    Fact::Written { node: NodeId(node), by, rows: Rc::new(rows) }
}

pub(super) fn durable(node: u16, rows: Vec<RowFact>) -> Fact {
    Fact::Durable { node: NodeId(node), rows: Rc::new(rows) }
}

pub(super) fn disk_crashed(node: u16) -> Fact {
    Fact::Crashed { node: NodeId(node) }
}

/// That replica `1` votes on `n1`, `2` on `n2`, and so on, and the learners just listen.
pub(super) fn config(voters: &[&[u64]], learners: &[u64]) -> Rc<Config> {
    let all = voters.iter().flat_map(|ids| ids.iter()).chain(learners);
    let mut ids: Vec<u64> = all.copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let node = |id: u64| (ReplicaId(id), NodeId(u16::try_from(id).unwrap_or(u16::MAX)));
    Rc::new(Config {
        voters: voters.iter().map(|ids| ids.iter().copied().map(ReplicaId).collect()).collect(),
        nodes: ids.into_iter().map(node).collect(),
    })
}

pub(super) fn record(at: At, destroyed: bool) -> RowFact {
    RowFact::Record { replica: ReplicaId(at.2), shard: ShardId(at.1), destroyed }
}

/// A vote of a replica for another one.
pub(super) fn vote(replica: u64, term: u64, candidate: u64, won: bool) -> RowFact {
    let candidate = ReplicaId(candidate);
    RowFact::Vote { replica: ReplicaId(replica), vote: VoteFact { term, candidate, won } }
}

/// An entry whose digest tells its term.
pub(super) fn entry(replica: u64, index: u64, term: u64) -> RowFact {
    let entry = EntryFact { term, digest: term, config: None };
    RowFact::Entry { replica: ReplicaId(replica), index, entry }
}

pub(super) fn config_entry(replica: u64, index: u64, term: u64, config: Rc<Config>) -> RowFact {
    let entry = EntryFact { term, digest: term, config: Some(config) };
    RowFact::Entry { replica: ReplicaId(replica), index, entry }
}

pub(super) fn purged(replica: u64, term: u64, index: u64) -> RowFact {
    RowFact::Purged { replica: ReplicaId(replica), at: LogPoint { term, index } }
}

pub(super) fn snapshot(replica: u64, term: u64, index: u64, config: Rc<Config>) -> RowFact {
    let at = LogPoint { term, index };
    let range = KeyRange::inclusive(1, 200);
    RowFact::Snapshot { replica: ReplicaId(replica), snapshot: SnapshotFact { at, range, config } }
}

/// The rows with which a replica of a shard with voters 1, 2 and 3 begins.
pub(super) fn first_rows(at: At) -> Vec<RowFact> {
    let replica = at.2;
    vec![
        record(at, false),
        vote(replica, 5, replica, false),
        RowFact::Committed { replica: ReplicaId(replica), at: LogPoint { term: 5, index: 5 } },
        purged(replica, 5, 5),
        snapshot(replica, 5, 5, config(&[&[1, 2, 3]], &[])),
    ]
}

/// An entry whose digest tells its term is applied.
pub(super) fn entry_applied(at: At, index: u64, term: u64) -> Fact {
    Fact::Applied { seat: seat(at), at: LogPoint { term, index }, digest: term }
}

pub(super) fn promised(at: At, promise: Promise) -> Fact {
    Fact::Promised { seat: seat(at), promise }
}

/// What a client asked, and how it was answered: a read of a key by a quorum in term 6, unless said
/// otherwise.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) start: u32,
    pub(super) key: u64,
    pub(super) version: u64,
    pub(super) range: Option<(u64, u64)>,
    pub(super) term: u64,
    pub(super) basis: Basis,
}

impl Default for Asked {
    fn default() -> Self {
        Self { start: 1, key: 1, version: 1, range: None, term: 6, basis: Basis::Quorum }
    }
}

/// A question that arrives and an answer that leaves at these microseconds.
pub(super) fn answered(at: At, (arrived, left): (u64, u64), asked: Asked) -> Fact {
    let time = |micros: u64| Time::from_nanos(micros * 1_000);
    let answered = Answered {
        start: asked.start,
        arrived: time(arrived),
        left: time(left),
        keys: KeyRange::inclusive(asked.key, asked.key),
        version: asked.version,
        range: asked.range.map(|(first, last)| KeyRange::inclusive(first, last)),
        grounds: Grounds { term: asked.term, basis: asked.basis },
    };
    Fact::Answered { seat: seat(at), answered }
}
