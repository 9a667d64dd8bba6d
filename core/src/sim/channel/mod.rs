//! Channels between tasks of one thread.
//!
//! They own what is in transit and who waits for it, and know neither tasks nor time: they work
//! with any waker. Same meaning as tokio's, which openraft is made for, but nobody is ever woken
//! in an order that chance decides, and there is no lock or atomic in them. Used by openraft
//! through `raft_runtime`, and by the core's own code.

pub(crate) mod mpsc;
pub(crate) mod mutex;
pub(crate) mod oneshot;
mod permits;
#[cfg(test)]
mod testing;
mod waiter;
pub(crate) mod watch;

/// The other side is gone, and what was asked for will never come.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the sending side of the channel is gone")]
pub struct Closed;
