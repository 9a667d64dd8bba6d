//! Which replica sits where, and how it reaches the node that holds it.
//!
//! Plain data and two ends of a wire: made by `node` and `state_machine`, with no rules of their own.

use std::rc::Rc;

use futures::channel::mpsc::UnboundedSender;

use crate::id::{NodeId, ReplicaId, ShardId};

/// Which replica, of what, where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    /// On which node.
    pub node: NodeId,
    /// Of which shard.
    pub shard: ShardId,
    /// Which incarnation.
    pub replica: ReplicaId,
}

/// What follows from an applied entry, for the node to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A split wrote a new replica's first rows: start it.
    ChildBorn {
        /// The new replica.
        child: Seat,
        /// The shard that was split.
        parent: ShardId,
    },
    /// A replica that had no range has one now.
    Initialized(Seat),
    /// A replica applied a membership that it is no longer part of.
    Removed(Seat),
    /// A peer that has applied a newer membership says that the replica is no longer part of it.
    Expelled(Seat),
}

/// How a state machine reaches its node.
#[derive(Clone)]
pub(crate) struct NodeSide {
    /// Takes what follows from applied entries, in order.
    pub(crate) effects: UnboundedSender<Effect>,
    /// Stops an uninitialized replica at once: a split is about to write its first rows, and
    /// nothing that it does may come after them.
    pub(crate) make_way: Rc<dyn Fn(Seat)>,
}

/// Whom a message comes from: the sender's id and how many membership changes it has applied since
/// it became a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) replica: ReplicaId,
    pub(crate) conf_ver: u64,
}
