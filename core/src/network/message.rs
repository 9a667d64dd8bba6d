//! One message in flight: who, to whom, when, and a payload that says what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NOT_SENT;
use crate::id::{ClientId, NodeId, ShardId};
use crate::sim::Time;

/// Where messages come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// A node.
    Node(NodeId),
    /// A client.
    Client(ClientId),
    /// Placement.
    Placement,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            Self::Client(client) => client.fmt(f),
            Self::Placement => f.write_str("placement"),
        }
    }
}

/// What a message is about, with its letter in the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// `V`: a candidate asks for a vote.
    Vote,
    /// `P`: a follower asks whether it would get one.
    PreVote,
    /// `A`: a leader sends entries.
    Append,
    /// `H`: a leader says that it is there: an append without entries.
    Heartbeat,
    /// `S`: a leader sends its state.
    Snapshot,
    /// `T`: a leader hands over.
    Transfer,
    /// `W`: a client writes.
    Write,
    /// `R`: a client reads.
    Read,
    /// `I`: a follower asks its leader from which entry on it may answer a read.
    ReadIndex,
    /// `D`: placement asks or orders, or a node reports to it.
    Placement,
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vote => "vote",
            Self::PreVote => "pre-vote",
            Self::Append => "append",
            Self::Heartbeat => "heartbeat",
            Self::Snapshot => "snapshot",
            Self::Transfer => "transfer",
            Self::Write => "write",
            Self::Read => "read",
            Self::ReadIndex => "read index",
            Self::Placement => "placement",
        })
    }
}

/// What the network must know of what it carries.
pub(crate) trait Payload: Clone + 'static {
    /// What it is about.
    fn kind(&self) -> MessageKind;
    /// Its size on the link.
    fn bytes(&self) -> u64;
    /// Its content in a few words.
    fn summary(&self) -> String;
    /// For a reply: whether it says yes.
    fn ok(&self) -> bool;
}

/// Names a question that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallId(pub(crate) u64);

/// One message with all that the network knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<P> {
    pub(crate) id: u64,
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
    /// The shard in whose lane it travels.
    pub(crate) shard: Option<ShardId>,
    pub(crate) sent: Time,
    pub(crate) due: Time,
    /// Set on a request that waits for an answer.
    pub(crate) call: Option<CallId>,
    /// Set on an answer.
    pub(crate) answers: Option<CallId>,
    pub(crate) payload: P,
}

impl<P> Envelope<P> {
    pub(crate) fn new(from: Endpoint, to: Endpoint, shard: Option<ShardId>, payload: P) -> Self {
        Self {
            id: 0,
            from,
            to,
            shard,
            sent: NOT_SENT,
            due: NOT_SENT,
            call: None,
            answers: None,
            payload,
        }
    }

    pub(super) fn answering(self, call: Option<CallId>) -> Self {
        Self { answers: call, ..self }
    }
}
