//! A gate in the way of what one task does: closed, the task waits before it.
//!
//! Knows nothing of what waits. `state_machine` has one before each entry that it applies.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Open at first.
#[derive(Default)]
pub(crate) struct Gate {
    closed: Cell<bool>,
    /// Who waits: one task at most goes through.
    waiting: RefCell<Option<Waker>>,
}

impl Gate {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    pub(crate) fn open(&self) {
        self.closed.set(false);
        let waiting = self.waiting.borrow_mut().take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Returns once it is open; at once if it is.
    pub(crate) fn pass(&self) -> impl Future<Output = ()> {
        poll_fn(|cx| {
            if !self.closed.get() {
                return Poll::Ready(());
            }
            let before = self.waiting.borrow_mut().replace(cx.waker().clone());
            drop(before);
            Poll::Pending
        })
    }
}
