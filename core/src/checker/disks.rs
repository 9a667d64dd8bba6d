//! What is on every disk, also of nodes that are down: as written, and as a crash would leave it.
//!
//! Put together from facts alone, so it is a second account of what `disk` and `raft` believe. Kept
//! once, by `Checkers`, and shown to each property as it is right behind the fact at hand. As large
//! as the logs that replicas keep.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use litemap::LiteMap;

use crate::id::{NodeId, ReplicaId, ShardId};
use crate::probe::{Config, EntryFact, Fact, LogPoint, RowFact, SnapshotFact, VoteFact};

/// See the module.
#[derive(Default)]
pub(crate) struct Disks {
    nodes: LiteMap<NodeId, Images>,
}

/// One disk, twice, and the one before.
#[derive(Default)]
struct Images {
    written: Image,
    durable: Image,
    /// What was durable on the disk before, which is lost.
    lost: Image,
}

/// What is on one disk, by replica.
pub(super) type Image = LiteMap<ReplicaId, Rows>;

/// The rows of one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// Of which shard the catalog says that it is.
    pub(super) shard: Option<ShardId>,
    pub(super) destroyed: bool,
    pub(super) vote: Option<VoteFact>,
    pub(super) committed: LogPoint,
    pub(super) purged: LogPoint,
    pub(super) snapshot: Option<SnapshotFact>,
    pub(super) log: BTreeMap<u64, EntryFact>,
}

impl Disks {
    /// Takes over what a fact says.
    pub(super) fn follow(&mut self, fact: &Fact) {
        match fact {
            Fact::Written { node, rows, .. } => apply(&mut self.node(*node).written, rows),
            Fact::Durable { node, rows } => apply(&mut self.node(*node).durable, rows),
            Fact::Crashed { node } => {
                let images = self.node(*node);
                images.written = images.durable.clone();
            }
            Fact::DiskLost { node } => {
                let images = self.node(*node);
                let lost = std::mem::take(&mut images.durable);
                *images = Images { lost, ..Images::default() };
            }
            _ => {}
        }
    }

    fn node(&mut self, node: NodeId) -> &mut Images {
        self.nodes.entry(node).or_default()
    }

    /// What is written on a node's disk.
    pub(super) fn written_on(&self, node: NodeId) -> Option<&Image> {
        self.nodes.get(&node).map(|images| &images.written)
    }

    /// What a crash would leave of it.
    pub(super) fn durable_on(&self, node: NodeId) -> Option<&Image> {
        self.nodes.get(&node).map(|images| &images.durable)
    }

    /// A replica's rows as written.
    pub(super) fn written(&self, node: NodeId, replica: ReplicaId) -> Option<&Rows> {
        self.written_on(node)?.get(&replica)
    }

    /// A replica's rows as a crash would leave them, or as they were durable on a disk that is lost:
    /// what it has acknowledged counts, though it never will again.
    pub(super) fn once_durable(&self, node: NodeId, replica: ReplicaId) -> Option<&Rows> {
        let lost = || self.nodes.get(&node)?.lost.get(&replica);
        self.durable(node, replica).or_else(lost)
    }

    /// A replica's rows as a crash would leave them.
    pub(super) fn durable(&self, node: NodeId, replica: ReplicaId) -> Option<&Rows> {
        self.durable_on(node)?.get(&replica)
    }
}

impl Rows {
    /// The index up to which its snapshot stands for its log.
    pub(super) fn covered(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.at.index).max(self.purged.index)
    }

    /// The index of its last entry, whether that is in its log or in its snapshot.
    pub(super) fn last(&self) -> u64 {
        let last = self.log.last_key_value().map_or(0, |(index, _)| *index);
        last.max(self.covered())
    }

    /// Whether it has the entry at `at`, in its log or in its snapshot. A snapshot that came from
    /// another replica stands for its entries even where an older log is not purged yet: a restart
    /// drops that one.
    pub(super) fn has(&self, at: LogPoint) -> bool {
        match self.log.get(&at.index) {
            Some(entry) if entry.term == at.term => true,
            Some(_) => at.index <= self.covered() && !self.leads_to_snapshot(),
            None => at.index <= self.covered(),
        }
    }

    /// Whether its log has the last entry of its snapshot.
    fn leads_to_snapshot(&self) -> bool {
        let last = self.snapshot.as_ref().map(|snapshot| snapshot.at);
        last.is_none_or(|last| self.log.get(&last.index).is_some_and(|e| e.term == last.term))
    }

    /// Whether it has a range: it began with one, or got a snapshot.
    pub(super) fn is_initialized(&self) -> bool {
        self.snapshot.is_some()
    }

    /// The membership that is in force for the entry at `index`, as far as its log and its snapshot
    /// tell.
    pub(super) fn config_at(&self, index: u64) -> Option<&Rc<Config>> {
        let in_log = self.log.range(..=index).rev().find_map(|(_, entry)| entry.config.as_ref());
        in_log.or(self.snapshot.as_ref().map(|snapshot| &snapshot.config))
    }

    /// The memberships of its log behind `index`.
    pub(super) fn configs_behind(&self, index: u64) -> impl Iterator<Item = &Rc<Config>> {
        let behind = (Bound::Excluded(index), Bound::Unbounded);
        self.log.range(behind).filter_map(|(_, entry)| entry.config.as_ref())
    }

    /// The newest membership that it knows, committed or not: the one that is in force for it.
    pub(super) fn newest_config(&self) -> Option<&Rc<Config>> {
        self.config_at(u64::MAX)
    }
}

fn apply(image: &mut Image, rows: &[RowFact]) {
    for row in rows {
        if let RowFact::Deleted { replica } = row {
            image.remove(replica);
            continue;
        }
        let rows = image.entry(row.replica()).or_default();
        match row {
            RowFact::Record { shard, destroyed, .. } => {
                rows.shard = Some(*shard);
                rows.destroyed = *destroyed;
            }
            RowFact::Vote { vote, .. } => rows.vote = Some(*vote),
            RowFact::Committed { at, .. } => rows.committed = *at,
            RowFact::Purged { at, .. } => rows.purged = *at,
            RowFact::Snapshot { snapshot, .. } => rows.snapshot = Some(snapshot.clone()),
            RowFact::Entry { index, entry, .. } => _ = rows.log.insert(*index, entry.clone()),
            RowFact::EntriesDeleted { from, to, .. } => delete(&mut rows.log, *from, *to),
            RowFact::Deleted { .. } => {}
        }
    }
}

/// Deletes the entries from `from` to `to`: those at either end of the log, as a rule.
fn delete(log: &mut BTreeMap<u64, EntryFact>, from: u64, to: u64) {
    log.extract_if(from..=to, |_, _| true).for_each(drop);
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{config, durable, entry, first_rows, snapshot, written};
    use super::*;

    const NODE: NodeId = NodeId(1);
    const R: ReplicaId = ReplicaId(1);

    fn at(term: u64, index: u64) -> LogPoint {
        LogPoint { term, index }
    }

    /// Replica 1 of shard_a on `n1`, with entries 6 and 7 durable and 8 only written.
    fn disks() -> Disks {
        let mut disks = Disks::default();
        for rows in [first_rows((1, 1, 1)), vec![entry(1, 6, 6), entry(1, 7, 6)]] {
            disks.follow(&written(1, rows.clone()));
            disks.follow(&durable(1, rows));
        }
        disks.follow(&written(1, vec![entry(1, 8, 6)]));
        disks
    }

    #[test]
    fn a_crash_leaves_what_is_durable() {
        let mut disks = disks();
        let has = |disks: &Disks| {
            let rows = [disks.written(NODE, R), disks.durable(NODE, R)];
            rows.map(|rows| rows.is_some_and(|rows| rows.has(at(6, 8))))
        };
        assert_eq!(has(&disks), [true, false]);
        disks.follow(&Fact::Crashed { node: NODE });
        assert_eq!(has(&disks), [false, false]);
        assert_eq!(disks.written(NODE, R), disks.durable(NODE, R));
    }

    #[test]
    fn a_log_goes_on_behind_its_snapshot_is_cut_off_and_dropped() {
        let mut disks = disks();
        let rows = |disks: &Disks| disks.written(NODE, R).cloned().unwrap_or_default();
        assert!(rows(&disks).has(at(5, 5)), "it began there");
        assert!(!rows(&disks).has(at(5, 8)), "of another term");
        assert!(!rows(&disks).has(at(6, 9)));
        disks.follow(&written(1, vec![snapshot(1, 6, 8, config(&[&[1]], &[]))]));
        assert!(!rows(&disks).has(at(7, 7)), "the log is the snapshot's own");
        disks.follow(&written(1, vec![snapshot(1, 7, 8, config(&[&[1]], &[]))]));
        assert!(rows(&disks).has(at(7, 7)), "the snapshot has taken the place of the log");
        disks.follow(&written(1, vec![snapshot(1, 5, 5, config(&[&[1]], &[]))]));
        let cut = RowFact::EntriesDeleted { replica: R, from: 7, to: u64::MAX };
        disks.follow(&written(1, vec![cut]));
        assert_eq!(rows(&disks).last(), 6);
        let dropped = RowFact::EntriesDeleted { replica: R, from: 0, to: 6 };
        let purged = RowFact::Purged { replica: R, at: at(6, 6) };
        disks.follow(&written(1, vec![purged, dropped]));
        assert_eq!((rows(&disks).last(), rows(&disks).log.len()), (6, 0));
        disks.follow(&written(1, vec![RowFact::Deleted { replica: R }]));
        assert_eq!(disks.written(NODE, R), None);
    }
}
