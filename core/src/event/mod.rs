//! What happened, in the past tense, as plain data with stable names.
//!
//! Made by every module through `trace`; read by the checkers, the page and the tests. The digest
//! of a run is over these values, so they hold integers of fixed width only. It must not know who
//! makes or reads them.

mod about;
mod text;

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch, Key, KeyRange};
use crate::network::{Endpoint, Lossy, MessageKind, Traffic};
use crate::operation::{Answer, Change, Operation, WriteAnswer};
use crate::sim::Time;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the trace, from 1.
    pub seq: u64,
    /// When.
    pub time: Time,
    /// What.
    pub kind: EventKind,
}

/// What a log entry stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// A client's write.
    Data,
    /// A membership change.
    Membership,
    /// A split.
    Split,
    /// Nothing: a new leader's first entry.
    Blank,
}

/// A replica's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Serves its shard.
    Leader,
    /// Follows and votes.
    Follower,
    /// Asks for votes.
    Candidate,
    /// Follows and never votes.
    Learner,
}

/// Where a replica came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// The cluster began with it.
    Bootstrap,
    /// A split made it.
    Split,
    /// A first message made it, uninitialized.
    Message,
    /// It was on the disk when its node started.
    Restart,
}

/// Why a message did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DropReason {
    /// Its link was cut.
    LinkCut,
    /// Nobody was there.
    NobodyThere,
    /// It answered a question that nobody waits for any more.
    TooLate,
    /// Its link loses some.
    Lost,
    /// A command said so.
    Taken,
}

/// How a client's operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Done, and acknowledged.
    Ok,
    /// Certainly not done.
    Failed,
    /// Perhaps done.
    Unknown,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the glossary's words")]
pub enum EventKind {
    /// A phase of the reference scenario began.
    PhaseStarted { phase: u8 },
    /// A phase of the reference scenario came to its end.
    PhaseCompleted { phase: u8 },
    /// A node started from its disk.
    NodeStarted { node: NodeId, replicas: u32 },
    /// A node stopped at once.
    NodeCrashed { node: NodeId, unflushed: u32 },
    /// A node froze.
    NodePaused { node: NodeId },
    /// A frozen node went on.
    NodeResumed { node: NodeId },
    /// A link was cut, or a part of what travels on it.
    LinkCut { traffic: Traffic },
    /// Every link was made clean.
    LinksHealed {},
    /// A replica came to be, or back.
    ReplicaStarted {
        node: NodeId,
        shard: ShardId,
        replica: ReplicaId,
        origin: Origin,
        range: Option<KeyRange>,
        epoch: Epoch,
    },
    /// A replica was destroyed; its id never comes back.
    ReplicaDestroyed { node: NodeId, shard: ShardId, replica: ReplicaId, epoch: Epoch },
    /// A replica's role or term changed.
    RoleChanged { node: NodeId, shard: ShardId, replica: ReplicaId, role: Role, term: u64 },
    /// A replica applied an entry. `digest` is its state's, independent of order.
    Applied {
        node: NodeId,
        shard: ShardId,
        replica: ReplicaId,
        index: u64,
        term: u64,
        kind: EntryKind,
        digest: u64,
    },
    /// A replica applied a client's write, which named that epoch version, for the first time or
    /// again as a retry; that is what it answered.
    WriteApplied {
        node: NodeId,
        shard: ShardId,
        replica: ReplicaId,
        index: u64,
        client: ClientId,
        serial: u64,
        key: Key,
        change: Change,
        answer: WriteAnswer,
        version: u64,
        fresh: bool,
    },
    /// A replica applied an operation that named a stale epoch, without effect.
    StaleRefused { node: NodeId, shard: ShardId, index: u64, epoch: Epoch, current: Epoch },
    /// A leader proposes a split: until it is applied, no write to the shard can take effect any
    /// more.
    SplitProposed { node: NodeId, shard: ShardId, key: Key, child: ShardId },
    /// A leader begins to hand over: until there is a new one, no write is taken.
    TransferStarted { node: NodeId, shard: ShardId, to: NodeId },
    /// A replica applied a split. `before` is the digest of the parent's data, `left` and `right`
    /// the halves'.
    SplitApplied {
        node: NodeId,
        parent: Descriptor,
        child: Descriptor,
        replica: ReplicaId,
        index: u64,
        born: bool,
        before: u64,
        left: u64,
        right: u64,
    },
    /// A replica applied a membership.
    MembershipApplied { node: NodeId, descriptor: Descriptor, replica: ReplicaId, index: u64 },
    /// A replica took a snapshot, and it is durable.
    SnapshotTaken { node: NodeId, shard: ShardId, replica: ReplicaId, index: u64 },
    /// A replica installed a snapshot, and it is durable.
    SnapshotInstalled {
        node: NodeId,
        shard: ShardId,
        replica: ReplicaId,
        index: u64,
        term: u64,
        range: KeyRange,
        epoch: Epoch,
        keys: u64,
        digest: u64,
    },
    /// A node refused a snapshot whose range overlaps a live replica's.
    SnapshotRefused { node: NodeId, shard: ShardId, overlaps: ShardId },
    /// A message was sent.
    MessageSent {
        id: u64,
        kind: MessageKind,
        reply: bool,
        shard: Option<ShardId>,
        from: Endpoint,
        to: Endpoint,
        bytes: u32,
    },
    /// A message arrived.
    MessageDelivered {
        id: u64,
        kind: MessageKind,
        reply: bool,
        shard: Option<ShardId>,
        from: Endpoint,
        to: Endpoint,
    },
    /// A message did not arrive.
    MessageDropped { id: u64, reason: DropReason },
    /// A client began an operation; a scan begins at `key`.
    Invoked { client: ClientId, serial: u64, key: Key, operation: Operation },
    /// A client's scan got its next part: all pairs from `start` up to, not including, `next`.
    Scanned { client: ClientId, serial: u64, start: Key, next: Key, pairs: Vec<(Key, u64)> },
    /// A client's operation ended, with an answer if it is done.
    Completed {
        client: ClientId,
        serial: u64,
        key: Key,
        operation: Operation,
        outcome: Outcome,
        answer: Option<Answer>,
        attempts: u32,
    },
    /// A client's route was repaired from an answer.
    RouteRepaired { client: ClientId, shard: ShardId, from: u64, to: u64 },
    /// Placement took a step.
    PlacementStep { shard: ShardId, step: Step },
    /// A shard has been hot for long enough: a split at `key` would balance it.
    ShardHot { shard: ShardId, operations_per_second: u32, key: Key },
    /// Placement moves a replica, or leadership alone, so that nodes are even.
    BalanceMoves { shard: ShardId, from: NodeId, to: NodeId, replica: bool },
    /// What placement wants of a shard has come true.
    PlacementReached { shard: ShardId },
    /// One link was made clean, or a part of what travels on it.
    LinkHealed { traffic: Traffic },
    /// Messages on a link wait from now on, or a part of them.
    LinkHeld { traffic: Traffic },
    /// They go on.
    LinkReleased { traffic: Traffic },
    /// Messages on a link take that much longer from now on.
    LinkSlowed { from: NodeId, to: NodeId, by_ns: u64 },
    /// A link loses, doubles and reorders messages from now on.
    LinkSpoiled { from: NodeId, to: NodeId, lossy: Lossy },
    /// A message will arrive that much later.
    MessageDelayed { id: u64, by_ns: u64 },
    /// A message will arrive a second time, as `copy`.
    MessageDuplicated { id: u64, copy: u64 },
    /// A held message goes on.
    MessageReleased { id: u64 },
    /// A disk takes that long for a flush from now on.
    DiskSlowed { node: NodeId, flush_latency_ns: u64 },
    /// Nothing becomes durable on a disk from now on.
    DiskHeld { node: NodeId },
    /// It does again.
    DiskReleased { node: NodeId },
    /// A disk has no room for what is written from now on.
    DiskFilled { node: NodeId },
    /// It has room again.
    DiskFreed { node: NodeId },
    /// All that was on a disk is lost.
    DiskLost { node: NodeId },
    /// A node with an empty disk was told from which replica id on everything is new to it.
    NodeJoined { node: NodeId, floor: ReplicaId },
    /// A node's clock was set.
    ClockSet { node: NodeId, offset_ns: i64, drift_ppm: i32 },
    /// A replica's election timeout was made to fire.
    ElectionForced { node: NodeId, shard: ShardId, replica: ReplicaId },
    /// A replica takes entries and applies none from now on.
    ApplyHeld { node: NodeId, shard: ShardId, replica: ReplicaId },
    /// It applies them again.
    ApplyReleased { node: NodeId, shard: ShardId, replica: ReplicaId },
    /// Placement will not take a step, or a leader will not, as things stand.
    StepRefused { shard: ShardId, step: Step, why: Refusal },
    /// Placement stopped at once.
    PlacementCrashed { unflushed: u32 },
    /// Placement started again from its disk.
    PlacementRestarted {},
}

/// A step of placement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the glossary's words")]
pub enum Step {
    /// Propose a split.
    Split { key: Key, child: ShardId },
    /// Add a learner.
    AddLearner { node: NodeId, replica: ReplicaId },
    /// Make learners voters.
    Promote { nodes: Vec<NodeId> },
    /// Hand leadership over.
    Transfer { to: NodeId },
    /// Take replicas out of the membership.
    Remove { nodes: Vec<NodeId> },
    /// Leave a joint configuration that was left behind.
    LeaveJoint {},
    /// Destroy a replica that is out of the membership.
    Destroy { node: NodeId, replica: ReplicaId },
    /// Take a learner out of the membership again that does not catch up.
    RollBack { node: NodeId, replica: ReplicaId },
}

/// Why a step is refused: nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Too few of the voters that would have to agree are live (TiKV: `check_conf_change` in
    /// `fsm/peer.rs`).
    NoQuorum {
        /// How many are.
        live: u16,
        /// Of how many.
        voters: u16,
    },
    /// The one that shall lead has not been heard of for too long.
    Silent,
    /// It lacks that many of the leader's entries.
    Behind {
        /// How many.
        entries: u64,
    },
    /// It does not vote.
    Learner,
    /// It is no member of the shard.
    NotAMember,
    /// A membership change is under way.
    ChangePending,
}
