//! One value, once.
//!
//! Owns the value between sender and receiver. For replies: of requests, of joined tasks.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::Closed;

/// Sends the value.
pub struct Sender<T>(Rc<RefCell<State<T>>>);

/// A future of the value, or of [`Closed`] if the sender was dropped with it.
pub struct Receiver<T>(Rc<RefCell<State<T>>>);

struct State<T> {
    value: Option<T>,
    /// Whether the sender is gone, having sent or not.
    sender_gone: bool,
    receiver_gone: bool,
    receiver: Option<Waker>,
}

/// A channel for one value.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { value: None, sender_gone: false, receiver_gone: false, receiver: None };
    let state = Rc::new(RefCell::new(state));
    (Sender(state.clone()), Receiver(state))
}

impl<T> Sender<T> {
    /// Sends the value, or gives it back if nobody waits for it any more.
    pub(crate) fn send(self, value: T) -> Result<(), T> {
        let mut state = self.0.borrow_mut();
        if state.receiver_gone {
            return Err(value);
        }
        state.value = Some(value);
        Ok(())
        // Dropping the sender wakes the receiver.
    }

    /// Whether nobody waits for the value any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.borrow().receiver_gone
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.sender_gone = true;
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.borrow_mut();
        if let Some(value) = state.value.take() {
            return Poll::Ready(Ok(value));
        }
        if state.sender_gone {
            return Poll::Ready(Err(Closed));
        }
        match &mut state.receiver {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.borrow_mut();
        state.receiver_gone = true;
        let unread = (state.value.take(), state.receiver.take());
        drop(state);
        drop(unread);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Receiver").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{Bell, poll};
    use super::*;

    #[test]
    fn the_receiver_is_woken_once_by_a_value_and_once_by_a_sender_that_gives_up() {
        let bell = Arc::new(Bell::default());
        let (sender, mut receiver) = channel();
        assert_eq!(bell.poll(&mut receiver), Poll::Pending);
        sender.send(3).expect("somebody listens");
        assert_eq!(bell.rung(), 1);
        assert_eq!(bell.poll(&mut receiver), Poll::Ready(Ok(3)));

        let (sender, mut receiver) = channel::<u32>();
        assert_eq!(bell.poll(&mut receiver), Poll::Pending);
        drop(sender);
        assert_eq!(bell.rung(), 1);
        assert_eq!(bell.poll(&mut receiver), Poll::Ready(Err(Closed)));
    }

    #[test]
    fn the_task_that_polled_last_is_the_one_that_is_woken() {
        let (first, last) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let (sender, mut receiver) = channel();
        assert!(first.poll(&mut receiver).is_pending());
        assert!(last.poll(&mut receiver).is_pending());
        sender.send(()).expect("somebody listens");
        assert_eq!((first.rung(), last.rung()), (0, 1));
    }

    #[test]
    fn a_value_that_nobody_waits_for_comes_back_and_one_that_nobody_reads_is_dropped() {
        let (sender, receiver) = channel();
        drop(receiver);
        assert!(sender.is_closed());
        assert_eq!(sender.send("back"), Err("back"));

        // The value's own drop looks at the channel that it was in.
        let (outer, outer_receiver) = channel::<Receiver<u32>>();
        let (inner, mut inner_receiver) = channel::<u32>();
        assert!(poll(&mut inner_receiver).is_pending());
        outer.send(inner_receiver).expect("somebody listens");
        drop(outer_receiver);
        assert!(inner.is_closed());
    }
}
