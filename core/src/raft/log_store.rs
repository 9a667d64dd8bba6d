//! A replica's vote and log, as rows on its node's disk.
//!
//! Holds no state of its own: what is written is read back from the disk, so there is one truth.
//! All writes go through the disk's queue in order, which is what OpenRaft asks of vote and log
//! together. Votes and entries are acknowledged only when they are durable.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};

use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{AsyncRuntime, LogState, OptionalSend, RaftLogReader};

use super::birth;
use super::types::{Entry, LogId, NodeBatch, NodeDisk, Part, Row, RowKey, Types, Vote};
use crate::id::ReplicaId;
use crate::plant::{self, Plant};

/// A replica's vote and log.
#[derive(Clone)]
pub struct LogStore {
    disk: NodeDisk,
    replica: ReplicaId,
}

impl LogStore {
    /// The vote and log of `replica` on `disk`.
    #[must_use]
    pub fn new(disk: NodeDisk, replica: ReplicaId) -> Self {
        Self { disk, replica }
    }

    fn row(&self, part: Part) -> RowKey {
        self.replica.row(part)
    }

    fn read_log_id(&self, part: Part) -> Option<LogId> {
        match self.disk.get(&self.row(part)) {
            Some(Row::LogId(log_id)) => log_id,
            _ => None,
        }
    }

    fn entry_rows(&self, range: &impl RangeBounds<u64>) -> Option<(RowKey, RowKey)> {
        let first = match range.start_bound() {
            Bound::Included(i) => *i,
            Bound::Excluded(i) => i + 1,
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(i) => *i,
            Bound::Excluded(i) => i.checked_sub(1)?,
            Bound::Unbounded => u64::MAX,
        };
        (first <= last).then(|| (self.row(Part::Entry(first)), self.row(Part::Entry(last))))
    }

    /// What `each` makes of the last `most` entries, oldest first.
    pub(crate) fn tail<T>(&self, most: usize, each: impl FnMut(&Entry) -> T) -> Vec<T> {
        let Some((first, last)) = self.entry_rows(&(..)) else {
            return Vec::new();
        };
        let mut made: Vec<T> = self.disk.scan(first..=last, |rows| {
            rows.rev().take(most).filter_map(|(_, row)| as_entry(row)).map(each).collect()
        });
        made.reverse();
        made
    }

    /// The log id of the last entry; `None` if all are purged.
    pub(crate) fn last(&self) -> Option<LogId> {
        self.tail(1, |entry| entry.log_id).pop()
    }

    /// Returns once all that was written so far, by whomever on this disk, is durable.
    pub(crate) async fn synced(&self) {
        self.disk.write_durable(NodeBatch::default()).await;
    }

    /// For [`Plant::LeaderDropsLastEntry`].
    pub(crate) fn drop_last(&self) {
        let last = self.last().map(|id| self.row(Part::Entry(id.index)));
        if let Some(row) = last {
            let mut batch = NodeBatch::default();
            batch.delete_range(row..=self.row(Part::Entry(u64::MAX)));
            self.disk.write(batch, None);
        }
    }

    /// Index of the last entry that is no longer in the log; 0 if none.
    pub(crate) fn purged(&self) -> u64 {
        self.read_log_id(Part::Purged).map_or(0, |id| id.index)
    }

    /// The durable and not yet durable vote, as written last.
    pub(crate) fn vote(&self) -> Option<Vote> {
        match self.disk.get(&self.row(Part::Vote)) {
            Some(Row::Vote(vote)) => Some(vote),
            _ => None,
        }
    }
}

fn as_entry(row: &Row) -> Option<&Entry> {
    match row {
        Row::Entry(entry) => Some(entry),
        _ => None,
    }
}

impl<R: AsyncRuntime> RaftLogReader<Types<R>> for LogStore {
    async fn try_get_log_entries<RB>(&mut self, range: RB) -> io::Result<Vec<Entry>>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let Some((first, last)) = self.entry_rows(&range) else {
            return Ok(Vec::new());
        };
        Ok(self.disk.scan(first..=last, |rows| {
            rows.filter_map(|(_, row)| as_entry(row)).cloned().collect()
        }))
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        if plant::is(Plant::VoteGoesBack) {
            let before = |v: Vote| Vote::new(v.leader_id.term.saturating_sub(1), self.replica);
            return Ok(self.vote().map(before));
        }
        Ok(self.vote())
    }
}

impl<R: AsyncRuntime> RaftLogStorage<Types<R>> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types<R>>> {
        let last_purged_log_id = self.read_log_id(Part::Purged);
        let last_log_id = self.last().or(last_purged_log_id);
        Ok(LogState { last_purged_log_id, last_log_id })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let mut batch = NodeBatch::default();
        batch.put(self.row(Part::Vote), Row::Vote(*vote));
        if plant::is(Plant::VoteNotFlushed) {
            self.disk.write(batch, None);
            return Ok(());
        }
        self.disk.write_durable(batch).await;
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let mut batch = NodeBatch::default();
        batch.put(self.row(Part::Committed), Row::LogId(committed));
        self.disk.write(batch, None);
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.read_log_id(Part::Committed))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types<R>>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut batch = NodeBatch::default();
        for mut entry in entries {
            if plant::is(Plant::JointConfigurationSkipped) {
                birth::skip_joint(&mut entry);
            }
            batch.put(self.row(Part::Entry(entry.log_id.index)), Row::Entry(entry));
        }
        if plant::is(Plant::AcknowledgedBeforeFlush) {
            self.disk.write(batch, None);
            callback.io_completed(Ok(()));
            return Ok(());
        }
        self.disk.write(batch, Some(Box::new(move || callback.io_completed(Ok(())))));
        Ok(())
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> io::Result<()> {
        let kept = u64::from(!plant::is(Plant::TruncatesTooMuch));
        let from = last_log_id.map_or(0, |id| id.index + kept);
        if let Some((first, last)) = self.entry_rows(&(from..)) {
            let mut batch = NodeBatch::default();
            batch.delete_range(first..=last);
            self.disk.write(batch, None);
        }
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId) -> io::Result<()> {
        let mut batch = NodeBatch::default();
        let too_much = u64::from(plant::is(Plant::PurgesTooMuch));
        let log_id = LogId { index: log_id.index + too_much, ..log_id };
        batch.put(self.row(Part::Purged), Row::LogId(Some(log_id)));
        if let Some((first, last)) = self.entry_rows(&(..=log_id.index)) {
            batch.delete_range(first..=last);
        }
        self.disk.write(batch, None);
        Ok(())
    }
}
