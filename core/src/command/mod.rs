//! Changes to the world asked for from outside: plain data, recorded with their time.
//!
//! Made by the page, the tests and the scenarios; carried out by `cluster`. A refused command
//! changes nothing.

mod wire;

use serde::Serialize;

use crate::id::{NodeId, ShardId};
use crate::key::Key;
use crate::network::Traffic;
use crate::sim::DRIFT_PPM_MAX;

/// A change to the world asked for from outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(remote = "Self")]
pub enum Command {
    /// Run the next of the four phases.
    NextPhase,
    /// Run this phase; refused unless it is the next one.
    Phase {
        /// 1 to 4.
        phase: u8,
    },
    /// The node stops at once; what its disk had not flushed is lost.
    Crash {
        /// Which node.
        node: NodeId,
    },
    /// A crashed node starts again from its disk.
    Restart {
        /// Which node.
        node: NodeId,
    },
    /// The node freezes, with all that it holds in memory.
    Pause {
        /// Which node.
        node: NodeId,
    },
    /// A paused node goes on.
    Resume {
        /// Which node.
        node: NodeId,
    },
    /// Cut every link to and from the node.
    Isolate {
        /// Which node.
        node: NodeId,
    },
    /// Cut every link between nodes that are together in none of these groups. Those named in none
    /// are one more group; a node in two of them is a bridge.
    Separate {
        /// Who can still talk.
        groups: Vec<Vec<NodeId>>,
        /// Cut only what goes from an earlier group to a later one.
        one_way: bool,
    },
    /// Lose what travels on one link, in one direction, from now on and what is in flight.
    Cut(Traffic),
    /// Keep it in flight.
    Hold(Traffic),
    /// Let go, in order, what a hold of just that traffic keeps.
    Release(Traffic),
    /// Make one link clean again, or just that part of it.
    HealLink(Traffic),
    /// Have every message on a link take longer from now on; 0 ends that.
    SlowLink {
        /// From which node.
        from: NodeId,
        /// To which node.
        to: NodeId,
        /// How much longer, at most [`DELAY_MAX_NS`](Self::DELAY_MAX_NS).
        by_ns: u64,
    },
    /// Have a link lose, double and reorder messages from now on; all 0 ends that.
    LossyLink {
        /// From which node.
        from: NodeId,
        /// To which node.
        to: NodeId,
        /// Of a thousand messages, how many are lost.
        loss_permille: u16,
        /// Of a thousand messages, how many arrive twice.
        duplicate_permille: u16,
        /// How much longer a message may take, so that later ones overtake it: at most
        /// [`DELAY_MAX_NS`](Self::DELAY_MAX_NS).
        reorder_ns: u64,
    },
    /// Make every link clean again, whatever was done to it.
    Heal,
    /// Lose one message in flight.
    DropMessage {
        /// Which message.
        id: u64,
    },
    /// Have one message in flight arrive later; others may overtake it.
    DelayMessage {
        /// Which message.
        id: u64,
        /// How much later, at most [`DELAY_MAX_NS`](Self::DELAY_MAX_NS).
        by_ns: u64,
    },
    /// Have one message in flight arrive twice.
    DuplicateMessage {
        /// Which message.
        id: u64,
    },
    /// Let go one message that is held, and only that.
    ReleaseMessage {
        /// Which message.
        id: u64,
    },
    /// A voter's election timeout fires now: it campaigns in the next term, without asking around
    /// first.
    Elect {
        /// Of which shard.
        shard: ShardId,
        /// On which node.
        node: NodeId,
    },
    /// A replica takes entries from now on, but applies none. Its crash ends that.
    HoldApply {
        /// On which node.
        node: NodeId,
        /// Of which shard.
        shard: ShardId,
    },
    /// It applies them again.
    ReleaseApply {
        /// On which node.
        node: NodeId,
        /// Of which shard.
        shard: ShardId,
    },
    /// A disk takes that long for a flush, from the next one on, also after a crash.
    SlowDisk {
        /// On which node.
        node: NodeId,
        /// How long, at most [`DELAY_MAX_NS`](Self::DELAY_MAX_NS).
        flush_latency_ns: u64,
    },
    /// Nothing becomes durable on a disk any more, not even the flush under way: a crash finds it
    /// in just this state.
    HoldDisk {
        /// On which node.
        node: NodeId,
    },
    /// It flushes again.
    ReleaseDisk {
        /// On which node.
        node: NodeId,
    },
    /// A disk has no room: the flush under way is the last, writers wait for the next one. (A file
    /// system that fails them instead would end the process: that is a crash.)
    FillDisk {
        /// On which node.
        node: NodeId,
    },
    /// It has room again.
    FreeDisk {
        /// On which node.
        node: NodeId,
    },
    /// A node's disk is lost with all that is on it, and its node stops with it. It starts again on an
    /// empty disk, under ids that it never had: what it had promised is lost, so nobody may take it
    /// for the one that promised.
    LoseDisk {
        /// On which node.
        node: NodeId,
    },
    /// Set a node's clock to the world's and that much more, running that much faster from now on.
    /// Set back while the node runs, it stands still until it has caught up.
    SetClock {
        /// Which node.
        node: NodeId,
        /// How far ahead, at most [`CLOCK_OFFSET_MAX_NS`](Self::CLOCK_OFFSET_MAX_NS) either way.
        offset_ns: i64,
        /// How much faster, in millionths, at most
        /// [`CLOCK_DRIFT_MAX_PPM`](Self::CLOCK_DRIFT_MAX_PPM) either way.
        drift_ppm: i32,
    },
    /// Split a shard.
    Split {
        /// Which shard.
        shard: ShardId,
        /// First key of the new shard.
        key: Key,
    },
    /// Hand leadership of a shard to its replica on a node.
    TransferLeader {
        /// Which shard.
        shard: ShardId,
        /// To which node.
        node: NodeId,
    },
    /// Move a shard: its voters and learners shall live on just these nodes.
    Move {
        /// Which shard.
        shard: ShardId,
        /// Where its voters shall be.
        voters: Vec<NodeId>,
        /// Where its learners shall be.
        learners: Vec<NodeId>,
    },
    /// Placement stops at once; what its disk had not flushed is lost, and all that it has learned.
    /// Splits, moves and transfers are refused while it is down.
    CrashPlacement,
    /// It starts again from its disk, and goes on with what is wanted.
    RestartPlacement,
    /// The first client writes a key.
    Write {
        /// Which key.
        key: Key,
        /// What to write.
        value: u64,
    },
    /// The first client reads a key.
    Read {
        /// Which key.
        key: Key,
    },
    /// The first client deletes a key.
    Delete {
        /// Which key.
        key: Key,
    },
    /// The first client sets a key, if its value is what is expected.
    CompareAndSet {
        /// Which key.
        key: Key,
        /// What is expected; none: that the key has no value.
        expected: Option<u64>,
        /// What to write.
        value: u64,
    },
    /// The first client reads all pairs of some keys, across shards.
    Scan {
        /// First key.
        start: Key,
        /// First key that is no longer asked for.
        end: Key,
    },
    /// Start or stop the clients' own load.
    Load {
        /// Whether it runs.
        on: bool,
    },
}

impl Command {
    /// The longest that a message, a link or a flush is made to take: longer than anything waits
    /// for it.
    pub const DELAY_MAX_NS: u64 = 60_000_000_000;
    /// The furthest that a clock is set from the world's: far beyond every timeout.
    pub const CLOCK_OFFSET_MAX_NS: u64 = 60_000_000_000;
    /// The fastest that a clock drifts.
    pub const CLOCK_DRIFT_MAX_PPM: u32 = DRIFT_PPM_MAX.unsigned_abs();
}
