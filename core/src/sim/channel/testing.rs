//! What the tests of the channels share: polling by hand.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it was woken.
#[derive(Default)]
pub(super) struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    /// How often it was woken since this was last asked.
    pub(super) fn rung(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }

    /// Polls `future` once, to be woken by this bell.
    pub(super) fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(self.clone());
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }
}

/// Polls `future` once, with nobody to wake.
pub(super) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Arc::new(Bell::default()).poll(future)
}
