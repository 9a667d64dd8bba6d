//! Tells the probe what is written on a node's disk, and when it is durable, as plain data.
//!
//! Sits between the disk, which does not know what its rows mean, and the checkers, which must not
//! know OpenRaft's types. Made by `cluster` for each disk.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Bound;
use std::rc::Rc;

use super::entry::digest;
use super::log_store::LogStore;
use super::seat::Seat;
use super::types::{
    LogId, Membership, NodeDisk, Part, RecordState, Row, RowKey, StoredSnapshot, Vote,
};
use crate::disk::{Change, Watcher};
use crate::id::NodeId;
use crate::probe::{
    Config, EntryFact, Fact, Found, LogPoint, Probe, RowFact, SnapshotFact, VoteFact,
};
use crate::sim::Owner;

/// See the module.
pub(crate) struct RowFacts {
    node: NodeId,
    probe: Probe,
    /// What is written and not durable, batch by batch.
    unflushed: RefCell<VecDeque<Rc<Vec<RowFact>>>>,
}

impl RowFacts {
    /// Tells `probe` of the disk of `node`.
    pub(crate) fn new(node: NodeId, probe: Probe) -> Self {
        Self { node, probe, unflushed: RefCell::default() }
    }
}

impl Watcher<RowKey, Row> for RowFacts {
    fn written(&self, changes: &[Change<RowKey, Row>]) {
        self.probe.tell(|| {
            let rows = Rc::new(changes.iter().filter_map(row_fact).collect::<Vec<_>>());
            self.unflushed.borrow_mut().push_back(Rc::clone(&rows));
            Fact::Written { node: self.node, by: Owner::running(), rows }
        });
    }

    fn durable(&self, batches: usize) {
        for rows in self.unflushed.borrow_mut().drain(..batches) {
            self.probe.tell(|| Fact::Durable { node: self.node, rows });
        }
    }

    fn crashed(&self) {
        self.unflushed.borrow_mut().clear();
        self.probe.tell(|| Fact::Crashed { node: self.node });
    }

    fn lost(&self) {
        self.probe.tell(|| Fact::DiskLost { node: self.node });
    }
}

/// What a node that starts finds on its disk of these replicas.
pub(crate) fn found(disk: &NodeDisk, seats: &[Seat]) -> Vec<Found> {
    let of = |seat: &Seat| {
        let replica = seat.replica;
        let vote = match disk.get(&replica.row(Part::Vote)) {
            Some(Row::Vote(vote)) => Some(vote_fact(&vote)),
            _ => None,
        };
        let snapshot = match disk.get(&replica.row(Part::Snapshot)) {
            Some(Row::Snapshot(stored)) => Some(point(stored.meta.last_log_id.as_ref())),
            _ => None,
        };
        let last = LogStore::new(disk.clone(), replica).last().map_or(0, |id| id.index);
        Found { replica, shard: seat.shard, vote, snapshot, last }
    };
    seats.iter().map(of).collect()
}

fn row_fact(change: &Change<RowKey, Row>) -> Option<RowFact> {
    let (key, row) = match change {
        Change::Put(key, row) => (key, row),
        Change::DeleteRange(from, to) => return deletion(from, to),
    };
    let replica = key.replica;
    Some(match (key.part, row) {
        (_, Row::Record(record)) => RowFact::Record {
            replica,
            shard: record.shard,
            destroyed: matches!(record.state, RecordState::Tombstone(_)),
        },
        (_, Row::Vote(vote)) => RowFact::Vote { replica, vote: vote_fact(vote) },
        (Part::Committed, Row::LogId(at)) => RowFact::Committed { replica, at: point(at.as_ref()) },
        (Part::Purged, Row::LogId(at)) => RowFact::Purged { replica, at: point(at.as_ref()) },
        (_, Row::Snapshot(stored)) => {
            RowFact::Snapshot { replica, snapshot: snapshot_fact(stored) }
        }
        (Part::Entry(index), Row::Entry(entry)) => {
            let config = match &entry.payload {
                openraft::EntryPayload::Membership(membership) => Some(config(membership)),
                _ => None,
            };
            let (term, digest) = (entry.log_id.leader_id.term, digest(entry));
            RowFact::Entry { replica, index, entry: EntryFact { term, digest, config } }
        }
        // No row lies at a key of another part.
        _ => return None,
    })
}

fn deletion(from: &Bound<RowKey>, to: &Bound<RowKey>) -> Option<RowFact> {
    let (Bound::Included(from), Bound::Included(to)) = (from, to) else {
        return None;
    };
    let replica = from.replica;
    match (from.part, to.part) {
        (Part::Entry(from), Part::Entry(to)) => Some(RowFact::EntriesDeleted { replica, from, to }),
        _ => Some(RowFact::Deleted { replica }),
    }
}

/// A log id as plain data; zeros for none.
pub(crate) fn point(at: Option<&LogId>) -> LogPoint {
    at.map_or_else(LogPoint::default, |at| LogPoint { term: at.leader_id.term, index: at.index })
}

fn vote_fact(vote: &Vote) -> VoteFact {
    let id = &vote.leader_id;
    VoteFact { term: id.term, candidate: id.voted_for, won: vote.committed }
}

fn snapshot_fact(stored: &StoredSnapshot) -> SnapshotFact {
    SnapshotFact {
        at: point(stored.meta.last_log_id.as_ref()),
        range: stored.state.range,
        config: config(stored.meta.last_membership.membership()),
    }
}

fn config(membership: &Membership) -> Rc<Config> {
    let voters = membership.get_joint_config().iter();
    Rc::new(Config {
        voters: voters.map(|voters| voters.iter().copied().collect()).collect(),
        nodes: membership.nodes().map(|(replica, at)| (*replica, at.node)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ReplicaId, ShardId};
    use crate::key::{Epoch, KeyRange};
    use crate::raft::birth;
    use crate::raft::state::ShardState;
    use crate::raft::types::{Entry, EntryPayload, NodeBatch, log_id};
    use crate::trace::Trace;

    const R: ReplicaId = ReplicaId(4);

    fn told(probe: &Probe) -> Vec<Fact> {
        let mut facts = Vec::new();
        probe.take(&mut facts);
        facts.into_iter().map(|(_, fact)| fact).collect()
    }

    /// Given a replica's first rows, an entry, a purge and its end, then each is told as what it
    /// is, once when it is written and once when it is durable.
    #[test]
    fn rows_are_told_as_what_they_mean() {
        let probe = Probe::beside(&Trace::default());
        let disk = NodeDisk::immediate();
        disk.watch(Rc::new(RowFacts::new(NodeId(2), probe.clone())));
        let state = ShardState::empty(ShardId(7), KeyRange::inclusive(1, 9), Epoch::default());
        let mut batch = NodeBatch::default();
        birth::put_first_rows(&mut batch, R, state, Membership::default(), None);
        disk.format(batch);
        let [Fact::Written { node, rows, .. }, Fact::Durable { rows: durable, .. }] =
            &told(&probe)[..]
        else {
            panic!("written, then durable");
        };
        let initial = LogPoint { term: birth::INITIAL_TERM, index: birth::INITIAL_INDEX };
        assert_eq!((*node, rows.len()), (NodeId(2), 5));
        assert_eq!(rows, durable);
        assert_eq!(rows[0], RowFact::Record { replica: R, shard: ShardId(7), destroyed: false });
        let vote = VoteFact { term: initial.term, candidate: R, won: false };
        assert_eq!(rows[1], RowFact::Vote { replica: R, vote });
        assert_eq!(rows[3], RowFact::Purged { replica: R, at: initial });

        let mut batch = NodeBatch::default();
        let entry = Entry { log_id: log_id(6, 8), payload: EntryPayload::Blank };
        batch.put(R.row(Part::Entry(8)), Row::Entry(entry.clone()));
        batch.delete_range(R.row(Part::Entry(9))..=R.row(Part::Entry(u64::MAX)));
        batch.delete_range(R.rows());
        disk.write(batch, None);
        let Fact::Written { rows, .. } = &told(&probe)[0] else { panic!("it is written") };
        let fact = EntryFact { term: 6, digest: digest(&entry), config: None };
        assert_eq!(rows[0], RowFact::Entry { replica: R, index: 8, entry: fact });
        assert_eq!(rows[1], RowFact::EntriesDeleted { replica: R, from: 9, to: u64::MAX });
        assert_eq!(rows[2], RowFact::Deleted { replica: R });
        assert_eq!(LogStore::new(disk, R).purged(), 0);
    }
}
