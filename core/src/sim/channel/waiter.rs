//! One who waits, and how to wake it.
//!
//! Owns its waker, and keeps it from one wait to the next: the same task waits again and again, and
//! cloning a waker is what costs most of a wait.

use std::cell::Cell;
use std::task::Waker;

/// Nobody, or one who waits.
#[derive(Default)]
pub(super) struct Waiter {
    waiting: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Waiter {
    /// Waits, to be woken by `waker`.
    pub(super) fn wait(&self, waker: &Waker) {
        let kept = self.waker.take().filter(|kept| kept.will_wake(waker));
        self.waker.set(Some(kept.unwrap_or_else(|| waker.clone())));
        self.waiting.set(true);
    }

    /// Waits no longer.
    pub(super) fn stop(&self) {
        self.waiting.set(false);
    }

    /// Wakes it, if it waits.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake_by_ref();
            self.keep(waker);
        }
    }

    /// What to wake if it waits, which it then does no longer.
    pub(super) fn take(&self) -> Option<Waker> {
        if self.waiting.replace(false) { self.waker.take() } else { None }
    }

    /// Takes a waker back for the next wait, unless there already was one.
    pub(super) fn keep(&self, waker: Waker) {
        let newer = self.waker.take();
        self.waker.set(newer.or(Some(waker)));
    }
}
