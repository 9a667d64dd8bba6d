//! One raft group's replica as its node holds it: where it is, whether it runs yet, when it last
//! heard of a leader.
//!
//! Owned by `node`. The raft itself is in [`Group`].

use crate::id::ShardId;
use crate::message::Message;
use crate::network::Envelope;
use crate::raft::seat::Seat;
use crate::raft::{Group, GroupStatus};
use crate::sim::Time;

/// A live replica on a node.
pub(crate) struct Replica {
    pub(crate) seat: Seat,
    pub(crate) stage: Stage,
    /// When a leader's message last reached it.
    pub(crate) heard: Option<Time>,
    /// The shard whose split made it, if it was made since the node started.
    pub(crate) parent: Option<ShardId>,
}

/// How far a replica has come.
pub(crate) enum Stage {
    /// Its raft is being started; what arrives meanwhile is answered after.
    Starting {
        /// What has arrived, at most [`WAITING_MAX`].
        waiting: Vec<Envelope<Message>>,
        /// Campaign as soon as it runs.
        campaign: bool,
    },
    /// It runs.
    Running(Group),
}

/// Most messages that wait for a replica to start: more than its peers send in that instant.
pub(crate) const WAITING_MAX: usize = 64;

impl Replica {
    pub(crate) fn starting(seat: Seat, campaign: bool) -> Self {
        let stage = Stage::Starting { waiting: Vec::new(), campaign };
        Self { seat, stage, heard: None, parent: None }
    }

    pub(crate) fn group(&self) -> Option<&Group> {
        match &self.stage {
            Stage::Running(group) => Some(group),
            Stage::Starting { .. } => None,
        }
    }

    pub(crate) fn status(&self) -> Option<GroupStatus> {
        self.group().map(Group::status)
    }
}
