//! What two replicas of a shard say to each other, and how large it is on a link.

use std::rc::Rc;

use openraft::EntryPayload;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};

use super::row_facts::point;
use super::seat::Sender;
use super::state::ShardState;
use super::types::{Entry, SnapshotMeta, Types, Vote};
use crate::id::ReplicaId;
use crate::network::MessageKind;
use crate::probe::Promise;
use crate::sim::SimRuntime;

/// The type configuration of the cluster.
pub(crate) type C = Types<SimRuntime>;

/// A request from one replica to another.
#[derive(Clone, Debug)]
pub(crate) struct RaftMessage {
    /// Which incarnation it is meant for.
    pub(crate) to: ReplicaId,
    /// Whom it comes from, once that is a member.
    pub(crate) from: Option<Sender>,
    pub(crate) rpc: Rpc,
}

#[derive(Clone, Debug)]
pub(crate) enum Rpc {
    Append(AppendEntriesRequest<C>),
    Vote(VoteRequest<C>),
    PreVote(VoteRequest<C>),
    Snapshot { vote: Vote, meta: SnapshotMeta, state: Rc<ShardState> },
    Transfer(TransferLeaderRequest<C>),
}

/// The answer to it.
#[derive(Clone, Debug)]
pub(crate) enum RaftReply {
    Append(AppendEntriesResponse<C>),
    Vote {
        kind: MessageKind,
        response: VoteResponse<C>,
    },
    /// `taken`, unless the asker's term is over.
    Snapshot {
        response: SnapshotResponse<C>,
        taken: bool,
    },
    Transfer(TransferLeaderResponse<C>),
    /// That incarnation is destroyed, or a newer one has taken its place.
    Gone {
        kind: MessageKind,
    },
    /// The asker is no longer a member of the shard.
    Expelled {
        kind: MessageKind,
    },
    /// Not now: ask again later. A snapshot that overlaps a live range, a replica that is being
    /// started.
    NotNow {
        kind: MessageKind,
    },
}

/// Bytes of a message around its content: header, term, ids.
const HEADER_BYTES: u64 = 48;
/// Bytes of a vote or a log id.
const LOG_ID_BYTES: u64 = 16;
/// Bytes of a key and its value with their bookkeeping.
const PAIR_BYTES: u64 = 24;

impl RaftMessage {
    pub(crate) fn kind(&self) -> MessageKind {
        match &self.rpc {
            Rpc::Append(r) if r.entries.is_empty() => MessageKind::Heartbeat,
            Rpc::Append(_) => MessageKind::Append,
            Rpc::Vote(_) => MessageKind::Vote,
            Rpc::PreVote(_) => MessageKind::PreVote,
            Rpc::Snapshot { .. } => MessageKind::Snapshot,
            Rpc::Transfer(_) => MessageKind::Transfer,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        HEADER_BYTES
            + match &self.rpc {
                Rpc::Append(r) => r.entries.iter().map(entry_bytes).sum(),
                Rpc::Vote(_) | Rpc::PreVote(_) | Rpc::Transfer(_) => LOG_ID_BYTES,
                Rpc::Snapshot { state, .. } => {
                    (state.data.len() + state.sessions.len()) as u64 * PAIR_BYTES
                }
            }
    }

    pub(crate) fn summary(&self) -> String {
        let index = |id: &Option<super::types::LogId>| id.map_or(0, |id| id.index);
        match &self.rpc {
            Rpc::Append(r) => {
                let term = r.vote.leader_id.term;
                match (r.entries.first(), r.entries.last()) {
                    (Some(first), Some(last)) => format!(
                        "term {term}, entries {}..{}, commit {}",
                        first.log_id.index,
                        last.log_id.index,
                        index(&r.leader_commit)
                    ),
                    _ => format!("term {term}, commit {}", index(&r.leader_commit)),
                }
            }
            Rpc::Vote(r) | Rpc::PreVote(r) => {
                format!("term {}, last entry {}", r.vote.leader_id.term, index(&r.last_log_id))
            }
            Rpc::Snapshot { vote, meta, state } => format!(
                "term {}, {} keys of {} up to entry {}",
                vote.leader_id.term,
                state.data.len(),
                state.range,
                index(&meta.last_log_id)
            ),
            Rpc::Transfer(r) => {
                format!("term {}, lead in my place", r.from_leader().leader_id.term)
            }
        }
    }
}

impl Rpc {
    /// What a yes to it promises, if anything that must be durable.
    pub(crate) fn asks_to_promise(&self) -> Option<Promise> {
        match self {
            Self::Append(r) => {
                let last = r.entries.last().map(|entry| entry.log_id).or(r.prev_log_id);
                last.map(|last| Promise::Log(point(Some(&last))))
            }
            Self::Vote(r) => {
                let id = &r.vote.leader_id;
                Some(Promise::Vote { term: id.term, candidate: id.voted_for })
            }
            Self::Snapshot { meta, .. } => Some(Promise::Log(point(meta.last_log_id.as_ref()))),
            Self::PreVote(_) | Self::Transfer(_) => None,
        }
    }
}

impl RaftReply {
    /// Whether it promises what was asked for, and not less.
    pub(crate) fn promises(&self, asked: &Promise) -> bool {
        match (self, asked) {
            (Self::Append(AppendEntriesResponse::Success), Promise::Log(_)) => true,
            (Self::Snapshot { taken, .. }, Promise::Log(_)) => *taken,
            (Self::Vote { response, .. }, Promise::Vote { .. }) => response.vote_granted,
            _ => false,
        }
    }

    pub(crate) fn kind(&self) -> MessageKind {
        match self {
            Self::Append(_) => MessageKind::Append,
            Self::Snapshot { .. } => MessageKind::Snapshot,
            Self::Transfer(_) => MessageKind::Transfer,
            Self::Vote { kind, .. }
            | Self::Gone { kind }
            | Self::Expelled { kind }
            | Self::NotNow { kind } => *kind,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        HEADER_BYTES + LOG_ID_BYTES
    }

    pub(crate) fn ok(&self) -> bool {
        match self {
            Self::Append(
                AppendEntriesResponse::Success | AppendEntriesResponse::PartialSuccess(_),
            )
            | Self::Snapshot { .. }
            | Self::Transfer(Ok(())) => true,
            Self::Vote { response, .. } => response.vote_granted,
            _ => false,
        }
    }

    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Append(AppendEntriesResponse::Conflict) => {
                "conflict: send earlier entries".into()
            }
            Self::Append(AppendEntriesResponse::HigherVote(v)) => {
                format!("refused: term {} is newer", v.leader_id.term)
            }
            Self::Append(_) => "stored".into(),
            Self::Vote { response, .. } if response.vote_granted => {
                format!("granted in term {}", response.vote.leader_id.term)
            }
            Self::Vote { response, .. } => {
                format!("refused in term {}", response.vote.leader_id.term)
            }
            Self::Snapshot { .. } => "installed".into(),
            Self::Transfer(Ok(())) => "campaigning".into(),
            Self::Transfer(Err(e)) => e.to_string(),
            Self::Gone { .. } => "gone: that replica was destroyed".into(),
            Self::Expelled { .. } => "you are no longer a member".into(),
            Self::NotNow { .. } => "not now".into(),
        }
    }
}

fn entry_bytes(entry: &Entry) -> u64 {
    LOG_ID_BYTES
        + match &entry.payload {
            EntryPayload::Blank => 0,
            EntryPayload::Normal(_) => PAIR_BYTES,
            EntryPayload::Membership(m) => m.nodes().count() as u64 * LOG_ID_BYTES,
        }
}
