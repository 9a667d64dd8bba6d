//! What a fault of a link takes hold of: all that travels on it, or one shard's, or one kind's.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Endpoint, Envelope, MessageKind, Payload};
use crate::id::{NodeId, ShardId};

/// The messages from one node to another: all of them, or those of one shard, of one kind, or both.
///
/// An answer is of the kind of its question, except that a heartbeat is answered as an append is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// From which node.
    pub from: NodeId,
    /// To which node.
    pub to: NodeId,
    /// Of this shard only.
    #[serde(default)]
    pub shard: Option<ShardId>,
    /// Of this kind only.
    #[serde(default)]
    pub kind: Option<MessageKind>,
}

impl Traffic {
    /// All that travels from a node to another.
    #[must_use]
    pub fn between(from: NodeId, to: NodeId) -> Self {
        Self { from, to, shard: None, kind: None }
    }

    /// The part of it that is about `shard`.
    #[must_use]
    pub fn of_shard(self, shard: ShardId) -> Self {
        Self { shard: Some(shard), ..self }
    }

    /// The part of it that is of `kind`.
    #[must_use]
    pub fn of_kind(self, kind: MessageKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Whether it is all that travels on its link.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.shard.is_none() && self.kind.is_none()
    }

    /// Whether all of `other` is part of it.
    pub(super) fn includes(&self, other: &Self) -> bool {
        (self.from, self.to) == (other.from, other.to)
            && self.shard.is_none_or(|shard| other.shard == Some(shard))
            && self.kind.is_none_or(|kind| other.kind == Some(kind))
    }

    /// Whether that message is part of it.
    pub(super) fn covers<P: Payload>(&self, envelope: &Envelope<P>) -> bool {
        envelope.from == Endpoint::Node(self.from)
            && envelope.to == Endpoint::Node(self.to)
            && self.shard.is_none_or(|shard| envelope.shard == Some(shard))
            && self.kind.is_none_or(|kind| envelope.payload.kind() == kind)
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)?;
        if let Some(shard) = self.shard {
            write!(f, ", {shard}")?;
        }
        if let Some(kind) = self.kind {
            write!(f, ", {kind}")?;
        }
        Ok(())
    }
}
