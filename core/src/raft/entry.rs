//! What a shard's log stores, and what applying it answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::types::{Entry, EntryPayload};
use crate::event::EntryKind;
use crate::id::{ClientId, NodeId, ReplicaId, ShardId};
use crate::key::{Epoch, Key};
use crate::operation::{Change, WriteAnswer};
use crate::trace::digest_of;

/// What a log entry asks of the state machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Proposal {
    /// A client's write.
    Write(Write),
    /// A split (TiKV: `AdminCmdType::BatchSplit`).
    Split(Split),
}

/// A client's write. Applied once for each `(client, serial)`, however often it is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Write {
    /// Whose.
    pub client: ClientId,
    /// The client's count of its operations; grows.
    pub serial: u64,
    /// Which key.
    pub key: Key,
    /// What to do to it.
    pub change: Change,
    /// The epoch version under which the client found the shard.
    pub version: u64,
}

/// A split: one entry that makes the new shard on every replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Split {
    /// The whole epoch under which it was proposed.
    pub epoch: Epoch,
    /// First key of the new shard.
    pub key: Key,
    /// Id of the new shard.
    pub child: ShardId,
    /// One new replica id for each node that holds the parent.
    pub replicas: Vec<(NodeId, ReplicaId)>,
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(w) => write!(f, "{}#{} {} {}", w.client, w.serial, w.key, w.change),
            Self::Split(s) => write!(f, "split at {} into {}", s.key, s.child),
        }
    }
}

/// What applying an entry answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    /// A blank or a membership.
    Nothing,
    /// The write is done; `fresh` unless it was done before and is answered from the session.
    Written {
        /// At which log index it took effect.
        index: u64,
        /// What it answered there.
        answer: WriteAnswer,
        /// Whether it took effect now.
        fresh: bool,
    },
    /// The operation named a stale epoch or a key that is elsewhere now: no effect.
    Stale,
    /// The split is done.
    Split,
    /// The split key is not inside the range, or a node has no id: no effect.
    Refused,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A digest of all that an entry says, and of where it stands.
pub(crate) fn digest(entry: &Entry) -> u64 {
    let at = (entry.log_id.leader_id.term, entry.log_id.index);
    match &entry.payload {
        EntryPayload::Blank => digest_of(&(at, 0u8)),
        EntryPayload::Normal(proposal) => digest_of(&(at, 1u8, proposal)),
        EntryPayload::Membership(membership) => {
            let nodes: Vec<_> = membership.nodes().map(|(id, at)| (*id, at.node)).collect();
            digest_of(&(at, 2u8, membership.get_joint_config(), nodes))
        }
    }
}

/// What an entry stores, in the glossary's words.
pub(crate) fn entry_kind(entry: &Entry) -> EntryKind {
    match &entry.payload {
        EntryPayload::Blank => EntryKind::Blank,
        EntryPayload::Membership(_) => EntryKind::Membership,
        EntryPayload::Normal(Proposal::Write(_)) => EntryKind::Data,
        EntryPayload::Normal(Proposal::Split(_)) => EntryKind::Split,
    }
}
