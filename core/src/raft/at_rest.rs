//! What a replica's rows say of it while its node is down: for those who look, never for those who
//! act.

use std::rc::Rc;

use super::birth;
use super::log_store::LogStore;
use super::types::{LogId, NodeDisk, Part, RecordState, Row, StoredSnapshot};
use crate::id::NodeId;
use crate::raft::seat::Seat;

/// A replica that does not run, as its rows on disk show it.
pub(crate) struct AtRest {
    pub(crate) seat: Seat,
    pub(crate) log: LogStore,
    /// Term of its vote; 0 if it has given none.
    pub(crate) term: u64,
    /// Index up to which it knew entries to be committed.
    pub(crate) committed: u64,
    /// Last index that it holds.
    pub(crate) last_log: u64,
    /// `None` while uninitialized.
    pub(crate) snapshot: Option<Rc<StoredSnapshot>>,
}

/// The live replicas on `disk`, the disk of `node`, by id.
pub(crate) fn at_rest(node: NodeId, disk: &NodeDisk) -> Vec<AtRest> {
    let live = birth::catalog(disk).into_iter().filter(|(_, r)| r.state == RecordState::Live);
    live.map(|(replica, record)| {
        let seat = Seat { node, shard: record.shard, replica };
        let log = LogStore::new(disk.clone(), replica);
        let committed = match disk.get(&replica.row(Part::Committed)) {
            Some(Row::LogId(id)) => id.map_or(0, index),
            _ => 0,
        };
        let snapshot = birth::snapshot(disk, replica);
        let last_log = log.last().map_or_else(|| log.purged(), index);
        let term = log.vote().map_or(0, |vote| vote.leader_id.term);
        AtRest { seat, log, term, committed, last_log, snapshot }
    })
    .collect()
}

fn index(id: LogId) -> u64 {
    id.index
}
