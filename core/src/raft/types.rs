//! The type configuration, short names for OpenRaft's types with it, and the rows that a replica
//! keeps on disk.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use openraft::impls::leader_id_std::LeaderId;
use openraft::vote::leader_id_std::CommittedLeaderId;
use openraft::{AsyncRuntime, OptionalSend, RaftTypeConfig};
use serde::{Deserialize, Serialize};

use super::entry::{Applied, Proposal};
use super::state::ShardState;
use crate::disk::{Batch, Disk};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::Epoch;

/// OpenRaft's type configuration on the runtime `R`. A raft "node id" is a [`ReplicaId`]: one
/// incarnation, never reused, because reuse can split a group into two quorums.
pub struct Types<R>(PhantomData<fn() -> R>);

// By hand: derives would ask the same of `R`, which is never held.
impl<R> Clone for Types<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Types<R> {}
impl<R> Default for Types<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}
impl<R> fmt::Debug for Types<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Types")
    }
}
impl<R> PartialEq for Types<R> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl<R> Eq for Types<R> {}
impl<R> PartialOrd for Types<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Types<R> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl<R: AsyncRuntime> RaftTypeConfig for Types<R> {
    type D = Proposal;
    type R = Applied;
    type NodeId = ReplicaId;
    type Node = ReplicaNode;
    type Term = u64;
    // One leader a term, as in the textbook; OpenRaft's default allows several.
    type LeaderId = LeaderId<u64, ReplicaId>;
    type Vote = Vote;
    type Payload = EntryPayload;
    type Entry = Entry;
    type AsyncRuntime = R;
    type Responder<T>
        = openraft::impls::ProgressResponder<Self, T>
    where
        T: OptionalSend + 'static;
    type Batch<T>
        = openraft::impls::InlineBatch<T>
    where
        T: OptionalSend + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}

/// Where a replica lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaNode {
    /// On which node.
    pub node: NodeId,
}

/// A term and whom it was given to.
pub type Vote = openraft::impls::Vote<LeaderId<u64, ReplicaId>>;
/// A term and an index.
pub type LogId = openraft::impls::LogId<CommittedLeaderId<u64>>;
/// What an entry carries.
pub type EntryPayload = openraft::EntryPayload<Proposal, ReplicaId, ReplicaNode>;
/// A log entry.
pub type Entry = openraft::Entry<CommittedLeaderId<u64>, EntryPayload>;
/// A configuration, or two while joint.
pub type Membership = openraft::Membership<ReplicaId, ReplicaNode>;
/// A configuration with the entry that made it.
pub type StoredMembership =
    openraft::StoredMembership<CommittedLeaderId<u64>, ReplicaId, ReplicaNode>;
/// What a snapshot covers.
pub type SnapshotMeta = openraft::SnapshotMeta<CommittedLeaderId<u64>, ReplicaId, ReplicaNode>;
/// A snapshot on its way.
pub type Snapshot =
    openraft::Snapshot<CommittedLeaderId<u64>, ReplicaId, ReplicaNode, Rc<ShardState>>;

/// A term and an index as a [`LogId`].
#[must_use]
pub fn log_id(term: u64, index: u64) -> LogId {
    LogId { leader_id: CommittedLeaderId::new(term), index }
}

/// The key of a row: whose it is, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// Of which replica.
    pub replica: ReplicaId,
    /// Which of its rows.
    pub part: Part,
}

/// Which of a replica's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The node's catalog entry for it.
    Record,
    /// Its vote.
    Vote,
    /// The last log id that it knows to be committed.
    Committed,
    /// The last log id that was purged.
    Purged,
    /// Its last snapshot.
    Snapshot,
    /// One log entry.
    Entry(u64),
    /// Of no replica: the id below which every replica is refused, as one of this node's that were
    /// lost with an older disk. An empty disk has none yet.
    Floor,
}

/// What a row holds.
#[derive(Clone, Debug)]
pub enum Row {
    /// See [`Part::Record`].
    Record(Record),
    /// See [`Part::Vote`].
    Vote(Vote),
    /// See [`Part::Committed`] and [`Part::Purged`].
    LogId(Option<LogId>),
    /// See [`Part::Snapshot`]. Shared, so that a copy costs nothing.
    Snapshot(Rc<StoredSnapshot>),
    /// See [`Part::Entry`].
    Entry(Entry),
    /// See [`Part::Floor`].
    Floor(ReplicaId),
}

/// What a node's catalog says of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Of which shard.
    pub shard: ShardId,
    /// Whether it lives.
    pub state: RecordState,
}

/// Whether a replica lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// It lives, perhaps uninitialized.
    Live,
    /// It was destroyed at this epoch; its id never comes back.
    Tombstone(Epoch),
}

/// A snapshot on disk.
#[derive(Clone, Debug)]
pub struct StoredSnapshot {
    /// What it covers.
    pub meta: SnapshotMeta,
    /// The state at that point.
    pub state: Rc<ShardState>,
}

/// A node's disk.
pub type NodeDisk = Disk<RowKey, Row>;
/// A batch for it.
pub type NodeBatch = Batch<RowKey, Row>;

impl ReplicaId {
    pub(crate) fn row(self, part: Part) -> RowKey {
        RowKey { replica: self, part }
    }

    /// The keys of all rows of this replica.
    pub(crate) fn rows(self) -> std::ops::RangeInclusive<RowKey> {
        self.row(Part::Record)..=self.row(Part::Entry(u64::MAX))
    }
}
