//! Why a replica did not do what it was asked, in the glossary's words instead of OpenRaft's.

use openraft::errors::{ClientWriteError, Fatal, LinearizableReadError, RaftError};

use super::message::C;
use crate::event::Refusal;
use crate::id::ReplicaId;

/// Why a write, a split or a membership change was not done here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// Nothing was appended; perhaps that replica leads.
    NotLeader(Option<ReplicaId>),
    /// It may be appended, and committed later.
    Unknown(String),
    /// A precondition did not hold: nothing was appended.
    Stale,
    /// OpenRaft refused it, for this reason.
    Refused(String),
    /// It would do harm as things stand: nothing was appended.
    Harmful(Refusal),
}

/// Why a read cannot be served here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// Perhaps that replica leads.
    NotLeader(Option<ReplicaId>),
    /// No quorum answered.
    NoQuorum,
    /// This replica has not applied in time what it must have.
    Behind,
}

pub(super) fn stopped(fatal: &Fatal<C>) -> WriteError {
    WriteError::Unknown(fatal.to_string())
}

pub(super) fn read_error(error: RaftError<C, LinearizableReadError<C>>) -> ReadError {
    match error {
        RaftError::APIError(LinearizableReadError::ForwardToLeader(f)) => {
            ReadError::NotLeader(f.leader_id)
        }
        RaftError::APIError(LinearizableReadError::QuorumNotEnough(_)) => ReadError::NoQuorum,
        RaftError::Fatal(_) => ReadError::NotLeader(None),
    }
}

pub(super) fn write_error(error: RaftError<C, ClientWriteError<C>>) -> WriteError {
    match error {
        RaftError::APIError(ClientWriteError::ForwardToLeader(f)) => {
            WriteError::NotLeader(f.leader_id)
        }
        RaftError::APIError(ClientWriteError::ChangeMembershipError(e)) => {
            WriteError::Refused(e.to_string())
        }
        RaftError::APIError(ClientWriteError::PreconditionFailed(_)) => WriteError::Stale,
        RaftError::APIError(e) => WriteError::Unknown(e.to_string()),
        RaftError::Fatal(e) => stopped(&e),
    }
}
