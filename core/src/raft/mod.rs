//! Everything that names OpenRaft's types, beside `sim::raft_runtime`.
//!
//! [`Group`] is one replica's `openraft::Raft` with its storage, and speaks the glossary's words to
//! `replica` and `node`. The types take the runtime as a parameter, so that a benchmark can run the
//! same group on another one.

pub(crate) mod at_rest;
pub mod birth;
mod compaction;
pub mod config;
pub mod entry;
mod error;
pub(crate) mod gate;
pub(crate) mod group;
pub mod log_store;
pub(crate) mod message;
mod peers;
pub(crate) mod row_facts;
pub mod seat;
pub mod state;
pub mod state_machine;
pub(crate) mod transport;
pub mod types;

pub(crate) use error::{ReadError, WriteError};
pub(crate) use group::{Group, GroupStatus};
pub(crate) use message::{RaftMessage, RaftReply};
