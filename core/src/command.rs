//! Changes to the world asked for from outside: plain data, recorded with their time.
//!
//! Made by the page, the tests and the scenarios; carried out by `cluster`. A refused command
//! changes nothing.

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, ShardId};
use crate::key::Key;

/// A change to the world asked for from outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
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
    /// Cut one link, in one direction.
    Cut {
        /// From which node.
        from: NodeId,
        /// To which node.
        to: NodeId,
    },
    /// Make every link clean again.
    Heal,
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
