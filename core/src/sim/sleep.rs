//! Waiting for a moment.
//!
//! Owns one timer at most, which it registers when it is first polled and cancels when it is
//! dropped. Made by [`Sim::sleep`]; the base of openraft's sleeps and timeouts.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::timers::{Action, TimerId};
use super::{Owner, Sim};

/// Ready once the clock of its node shows its deadline; at once if it does already.
#[must_use = "it only waits when it is polled"]
pub struct Sleep {
    sim: Sim,
    owner: Owner,
    /// By the clock of the owner's node.
    deadline: i64,
    timer: Option<TimerId>,
}

impl Sleep {
    pub(super) fn new(sim: Sim, owner: Owner, deadline: i64) -> Sleep {
        Sleep { sim, owner, deadline, timer: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.sim.clock(self.owner.node);
        if clock.read(self.sim.now()) >= self.deadline {
            if let Some(timer) = self.timer.take() {
                self.sim.cancel(timer);
            }
            return Poll::Ready(());
        }
        let pending = self.timer.is_some_and(|timer| self.sim.rearm(timer, cx.waker()));
        if !pending {
            let due = clock.when(self.deadline);
            let action = Action::Wake(cx.waker().clone());
            let timer = self.sim.register(self.owner, due, Some(self.deadline), action);
            self.timer = Some(timer);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.sim.cancel(timer);
        }
    }
}
