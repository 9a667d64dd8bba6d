//! Many senders, one receiver, and room for so many messages.
//!
//! Owns the messages in order of sending. A sender that finds no room waits in line.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::permits::Permits;
use super::waiter::Waiter;

/// Sends messages; the channel is closed when the last one is dropped.
pub struct Sender<T>(Rc<Shared<T>>);

/// Becomes a [`Sender`] again as long as there is one.
pub struct WeakSender<T>(Rc<Shared<T>>);

/// Receives messages.
pub struct Receiver<T>(Rc<Shared<T>>);

struct Shared<T> {
    messages: RefCell<VecDeque<T>>,
    /// One for each message that there is room for.
    room: Permits,
    senders: Cell<usize>,
    receiver: Waiter,
}

/// Why there was nothing to receive.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum TryRecvError {
    /// Nothing is there now.
    #[error("the channel is empty")]
    Empty,
    /// Nothing will come any more.
    #[error("the channel is empty and has no senders")]
    Closed,
}

/// Why a message could not be sent at once; it is given back.
#[derive(Copy, Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum TrySendError<T> {
    /// There is no room for it now.
    #[error("the channel is full")]
    Full(T),
    /// The receiver is gone.
    #[error("the channel has no receiver")]
    Closed(T),
}

/// A channel with room for `capacity` messages, at least one.
pub(crate) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel without room could never pass a message");
    let shared = Rc::new(Shared {
        messages: RefCell::default(),
        room: Permits::new(capacity),
        senders: Cell::new(1),
        receiver: Waiter::default(),
    });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Sends a message, when there is room; gives it back if the receiver is gone.
    pub(crate) async fn send(&self, message: T) -> Result<(), T> {
        if !self.0.room.acquire().await {
            return Err(message);
        }
        self.0.push(message);
        Ok(())
    }

    /// Sends a message if there is room now.
    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match self.0.room.try_acquire() {
            None => Err(TrySendError::Closed(message)),
            Some(false) => Err(TrySendError::Full(message)),
            Some(true) => {
                self.0.push(message);
                Ok(())
            }
        }
    }

    /// A sender that does not keep the channel open.
    pub(crate) fn downgrade(&self) -> WeakSender<T> {
        WeakSender(self.0.clone())
    }
}

impl<T> Shared<T> {
    fn push(&self, message: T) {
        self.messages.borrow_mut().push_back(message);
        self.receiver.wake();
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.set(self.0.senders.get() + 1);
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let senders = self.0.senders.get() - 1;
        self.0.senders.set(senders);
        if senders == 0 {
            self.0.receiver.wake();
        }
    }
}

impl<T> WeakSender<T> {
    /// A sender, unless the last one was dropped.
    pub(crate) fn upgrade(&self) -> Option<Sender<T>> {
        let senders = self.0.senders.get();
        (senders > 0).then(|| {
            self.0.senders.set(senders + 1);
            Sender(self.0.clone())
        })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        WeakSender(self.0.clone())
    }
}

impl<T> Receiver<T> {
    /// The next message, or none once all were received and all senders are gone.
    pub(crate) async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The next message if there is one now.
    pub(crate) fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let message = self.0.messages.borrow_mut().pop_front();
        match message {
            Some(message) => {
                self.0.room.release();
                Ok(message)
            }
            None if self.0.senders.get() == 0 => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.try_recv() {
            Ok(message) => Poll::Ready(Some(message)),
            Err(TryRecvError::Closed) => Poll::Ready(None),
            Err(TryRecvError::Empty) => {
                self.0.receiver.wait(cx.waker());
                Poll::Pending
            }
        }
    }
}

/// Turns all senders away, and drops what nobody will receive.
impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.room.close();
        let unread = self.0.messages.take();
        drop(unread);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("mpsc::Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("mpsc::Receiver").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;

    use super::super::testing::{Bell, poll};
    use super::*;

    #[test]
    fn messages_arrive_in_order_and_the_receiver_is_woken_once_for_each_wait() {
        let bell = Arc::new(Bell::default());
        let (sender, mut receiver) = channel(3);
        assert!(bell.poll(&mut pin!(receiver.recv())).is_pending());
        for message in [1, 2, 3] {
            sender.try_send(message).expect("there is room");
        }
        assert_eq!(bell.rung(), 1);
        assert_eq!(sender.try_send(4), Err(TrySendError::Full(4)));
        for message in [1, 2, 3] {
            assert_eq!(poll(&mut pin!(receiver.recv())), Poll::Ready(Some(message)));
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        drop(sender);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }

    #[test]
    fn a_sender_without_room_waits_in_line_and_a_later_one_does_not_overtake() {
        let bell = Arc::new(Bell::default());
        let (sender, mut receiver) = channel(1);
        sender.try_send("first").expect("there is room");
        let mut waiting = Box::pin(sender.send("second"));
        assert!(bell.poll(&mut waiting).is_pending());

        assert_eq!(receiver.try_recv(), Ok("first"));
        assert_eq!(bell.rung(), 1);
        assert_eq!(sender.try_send("third"), Err(TrySendError::Full("third")));
        assert_eq!(bell.poll(&mut waiting), Poll::Ready(Ok(())));
        assert_eq!(receiver.try_recv(), Ok("second"));
    }

    #[test]
    fn a_send_that_is_given_up_leaves_its_room_to_others() {
        let (sender, mut receiver) = channel(1);
        sender.try_send(1).expect("there is room");
        let mut given_up = Box::pin(sender.send(2));
        assert!(poll(&mut given_up).is_pending());
        assert_eq!(receiver.try_recv(), Ok(1));
        drop(given_up);
        assert_eq!(sender.try_send(3), Ok(()));
    }

    #[test]
    fn a_receiver_that_goes_gives_messages_back_and_drops_the_unread_ones() {
        let bell = Arc::new(Bell::default());
        let (sender, receiver) = channel(1);
        let unread = Rc::new(());
        sender.try_send(unread.clone()).expect("there is room");
        let mut waiting = Box::pin(sender.send(Rc::new(())));
        assert!(bell.poll(&mut waiting).is_pending());
        drop(receiver);
        assert_eq!(bell.rung(), 1);
        assert!(matches!(poll(&mut waiting), Poll::Ready(Err(_))));
        assert!(matches!(sender.try_send(Rc::new(())), Err(TrySendError::Closed(_))));
        assert_eq!(Rc::strong_count(&unread), 1);
    }

    #[test]
    fn a_weak_sender_becomes_one_again_only_while_there_is_one() {
        let bell = Arc::new(Bell::default());
        let (sender, mut receiver) = channel::<u32>(1);
        let weak = sender.downgrade().clone();
        drop(sender);
        assert!(weak.upgrade().is_none());
        assert_eq!(bell.poll(&mut pin!(receiver.recv())), Poll::Ready(None));

        let (sender, mut receiver) = channel::<u32>(1);
        assert!(bell.poll(&mut pin!(receiver.recv())).is_pending());
        let upgraded = sender.downgrade().upgrade().expect("there is a sender");
        drop(sender);
        assert_eq!(bell.rung(), 0);
        drop(upgraded);
        assert_eq!(bell.rung(), 1, "the last sender is gone");
    }
}
