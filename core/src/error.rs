//! What goes wrong, as values whose text a person can act on.
//!
//! Used by the façade and its callers. A bug is not an error: it panics with the reason it cannot
//! happen.

use crate::id::{NodeId, ShardId};
use crate::key::{Key, KeyRange};
use crate::scenario::ScriptError;

/// Why a run cannot be made or brought back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An option is out of its limits.
    #[error("these options cannot be run: {0}")]
    Options(String),
    /// A recording cannot be read.
    #[error("this recording cannot be read: {0}")]
    Recording(String),
    /// A recording was made by another build.
    #[error(
        "this recording was made with {recorded}, this build is {ours}: open it with that build"
    )]
    Version {
        /// What it was made with.
        recorded: String,
        /// What this is.
        ours: String,
    },
    /// A command in a recording was refused when it was replayed.
    #[error("the recording's command {position} at {time_ns} ns was refused: {reason}")]
    Replay {
        /// Which command, from 1.
        position: usize,
        /// Its time.
        time_ns: u64,
        /// Why.
        reason: CommandError,
    },
    /// A line of a script cannot be carried out.
    #[error("{0}")]
    Script(ScriptError),
    /// A condition did not come true in time.
    #[error("{what} did not happen within {limit_ms} ms of virtual time: {state}")]
    TimedOut {
        /// The condition.
        what: String,
        /// How long it was waited for.
        limit_ms: u64,
        /// How things stood.
        state: String,
    },
}

/// Why a command is refused. Nothing has changed, and it is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is no such node.
    #[error("there is no node {0}: the nodes are n1 to {1}")]
    NoSuchNode(NodeId, NodeId),
    /// There is no such shard.
    #[error("there is no shard {0}: the shards are {1}")]
    NoSuchShard(ShardId, String),
    /// A crash, pause or the like of a node that is not up.
    #[error("{0} is not up: restart or resume it first")]
    NotUp(NodeId),
    /// A restart of a node that is not down.
    #[error("{0} is not down: only a crashed node can be restarted")]
    NotDown(NodeId),
    /// A resume of a node that is not paused.
    #[error("{0} is not paused")]
    NotPaused(NodeId),
    /// There is no such message in flight.
    #[error("message {0} is not in flight: it has arrived, or was lost")]
    NoSuchMessage(u64),
    /// A number above its limit.
    #[error("{what} must be at most {limit}, not {value}")]
    TooMuch {
        /// What it is.
        what: String,
        /// What was asked for.
        value: u64,
        /// The most that is taken.
        limit: u64,
    },
    /// A link from a node to itself.
    #[error("{0} has no link to itself: name two nodes")]
    SameNode(NodeId),
    /// A split key that would leave one side empty.
    #[error(
        "{key} cannot split {shard} {range}: choose a key from {} to {}",
        range.start.0 + 1,
        range.last()
    )]
    SplitKey {
        /// The key asked for.
        key: Key,
        /// The shard.
        shard: ShardId,
        /// Its range.
        range: KeyRange,
    },
    /// A shard of a single key.
    #[error("{0} holds a single key and cannot be split")]
    TooSmall(ShardId),
    /// A key outside the key space.
    #[error("key {0} is outside the key space {1}")]
    KeyOutside(Key, KeyRange),
    /// A scan of no key.
    #[error("a scan from {start} up to {end} holds no key: name an end above the start")]
    ScanBackwards {
        /// First key asked for.
        start: Key,
        /// First key no longer asked for.
        end: Key,
    },
    /// The target of a transfer holds no voting replica.
    #[error("{1} holds no voting replica of {0}: only a voter can lead")]
    NotAVoter(ShardId, NodeId),
    /// A command that placement has to carry out, while it is down.
    #[error("placement is down: restart it first")]
    PlacementDown,
    /// A restart of placement while it runs.
    #[error("placement is not down: only after a crash can it be restarted")]
    PlacementUp,
    /// A move that would leave a shard without a quorum, as things stand.
    #[error(
        "{shard} would be left without a quorum: of the {voters} voters that it shall have, {lost} \
         cannot be heard of now: bring them back first, or name others"
    )]
    NoQuorum {
        /// The shard.
        shard: ShardId,
        /// How many voters it shall have.
        voters: usize,
        /// Those that are not live.
        lost: String,
    },
    /// The target of a transfer is not live.
    #[error("{1} has not been heard of lately: leadership of {0} goes to a live node only")]
    NotLive(ShardId, NodeId),
    /// There is no such phase.
    #[error("there is no phase {0}: the phases are 1 to 4")]
    NoSuchPhase(u8),
    /// A phase out of its order.
    #[error("phase {asked} cannot run now: {reason}")]
    PhaseOrder {
        /// The phase asked for.
        asked: u8,
        /// Why.
        reason: String,
    },
    /// The scenario's cluster was changed so that the phase makes no sense.
    #[error("{0}")]
    NotNow(String),
    /// The recording is full.
    #[error("this run has {0} commands, the most that a recording holds: start a new one")]
    TooManyCommands(usize),
}
