//! The latest value of something, and word of its changes.
//!
//! Owns the value. Receivers that are slow see the latest only. Whoever waits is woken in the order
//! of the receivers' places, never by chance; a place keeps its waker from one wait to the next, so
//! that waiting again costs nothing. openraft publishes its metrics and its progress by these.

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::Closed;
use super::waiter::Waiter;

/// Changes the value; when the last one is dropped, receivers learn that it will not change again.
pub struct Sender<T>(Rc<Shared<T>>);

/// Sees the value, and waits for changes.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// The latest version it has seen.
    seen: u64,
    /// Its place among those who wait, once it had to.
    place: Option<usize>,
}

struct Shared<T> {
    value: RefCell<T>,
    /// How often the value was changed.
    version: Cell<u64>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    places: RefCell<Vec<Place>>,
}

/// Where one receiver waits.
#[derive(Default)]
struct Place {
    taken: bool,
    waiter: Waiter,
}

/// What a receiver that is held while the value changes would mean: tokio's would deadlock.
const HELD: &str = "a reference to a watched value is held while the value is being changed";

/// A channel whose value is `initial`, which its receiver has seen.
pub(crate) fn channel<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        value: RefCell::new(initial),
        version: Cell::new(0),
        senders: Cell::new(1),
        receivers: Cell::new(1),
        places: RefCell::default(),
    });
    let receiver = Receiver { shared: shared.clone(), seen: 0, place: None };
    (Sender(shared), receiver)
}

impl<T> Sender<T> {
    /// Changes the value, or gives it back if nobody is there to see it.
    pub(crate) fn send(&self, value: T) -> Result<(), T> {
        if self.0.receivers.get() == 0 {
            return Err(value);
        }
        let old = mem::replace(&mut *self.0.value.try_borrow_mut().expect(HELD), value);
        self.0.changed();
        drop(old);
        Ok(())
    }

    /// Lets `modify` change the value in place, and tells the receivers if it says that it did.
    pub(crate) fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let modified = modify(&mut *self.0.value.try_borrow_mut().expect(HELD));
        if modified {
            self.0.changed();
        }
        modified
    }

    /// The value; not to be held while it may change.
    pub(crate) fn borrow(&self) -> Ref<'_, T> {
        self.0.value.borrow()
    }

    /// A receiver that has seen the value as it is now.
    pub(crate) fn subscribe(&self) -> Receiver<T> {
        Receiver::new(&self.0, self.0.version.get())
    }
}

impl<T> Shared<T> {
    fn changed(&self) {
        self.version.set(self.version.get() + 1);
        self.wake_waiting();
    }

    fn wake_waiting(&self) {
        // The table is not borrowed while a waker runs.
        let places = self.places.borrow().len();
        for place in 0..places {
            let waker = self.places.borrow()[place].waiter.take();
            if let Some(waker) = waker {
                waker.wake_by_ref();
                self.places.borrow()[place].waiter.keep(waker);
            }
        }
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
            self.0.wake_waiting();
        }
    }
}

impl<T> Receiver<T> {
    fn new(shared: &Rc<Shared<T>>, seen: u64) -> Receiver<T> {
        shared.receivers.set(shared.receivers.get() + 1);
        Receiver { shared: shared.clone(), seen, place: None }
    }

    /// Waits for a value it has not seen, which then counts as seen; or for the last sender to go.
    pub(crate) fn changed(&mut self) -> Changed<'_, T> {
        Changed { receiver: self }
    }

    /// The value; not to be held while it may change.
    pub(crate) fn borrow(&self) -> Ref<'_, T> {
        self.shared.value.borrow()
    }

    /// The value, which then counts as seen.
    pub(crate) fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.seen = self.shared.version.get();
        self.shared.value.borrow()
    }

    fn wait(&mut self, waker: &Waker) {
        let mut places = self.shared.places.borrow_mut();
        let place = *self.place.get_or_insert_with(|| {
            places.iter().position(|place| !place.taken).unwrap_or_else(|| {
                places.push(Place::default());
                places.len() - 1
            })
        });
        places[place].taken = true;
        places[place].waiter.wait(waker);
    }

    fn stop_waiting(&self) {
        if let Some(place) = self.place {
            self.shared.places.borrow()[place].waiter.stop();
        }
    }
}

/// The clone has seen what the original has.
impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver::new(&self.shared, self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receivers.set(self.shared.receivers.get() - 1);
        if let Some(place) = self.place {
            let left = mem::take(&mut self.shared.places.borrow_mut()[place]);
            drop(left);
        }
    }
}

/// See [`Receiver::changed`].
#[must_use = "it only waits when it is polled"]
pub(crate) struct Changed<'a, T> {
    receiver: &'a mut Receiver<T>,
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let receiver = &mut *self.receiver;
        let version = receiver.shared.version.get();
        if receiver.seen != version {
            receiver.seen = version;
            return Poll::Ready(Ok(()));
        }
        if receiver.shared.senders.get() == 0 {
            return Poll::Ready(Err(Closed));
        }
        receiver.wait(cx.waker());
        Poll::Pending
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        self.receiver.stop_waiting();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Receiver").field("seen", &self.seen).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{Bell, poll};
    use super::*;

    #[test]
    fn a_receiver_sees_the_latest_value_once() {
        let (sender, mut receiver) = channel(0);
        assert!(poll(&mut receiver.changed()).is_pending(), "it has seen the first");
        sender.send(1).expect("somebody sees it");
        sender.send(2).expect("somebody sees it");
        assert_eq!(poll(&mut receiver.changed()), Poll::Ready(Ok(())));
        assert_eq!(*receiver.borrow(), 2);
        assert!(poll(&mut receiver.changed()).is_pending());
        sender.send(3).expect("somebody sees it");
        assert_eq!(*receiver.borrow_and_update(), 3);
        assert!(poll(&mut receiver.changed()).is_pending());
    }

    #[test]
    fn every_receiver_that_waits_is_woken_once_and_one_that_stopped_is_not() {
        let bells = [(); 3].map(|()| Arc::new(Bell::default()));
        let (sender, first) = channel(0);
        let mut receivers = [first.clone(), sender.subscribe(), first];
        for (receiver, bell) in receivers.iter_mut().zip(&bells) {
            assert!(bell.poll(&mut receiver.changed()).is_pending());
        }
        sender.send(1).expect("somebody sees it");
        assert_eq!(bells.each_ref().map(|bell| bell.rung()), [0, 0, 0], "none waits any more");

        let [one, two, three] = &mut receivers;
        one.borrow_and_update();
        two.borrow_and_update();
        let (mut waiting, mut also_waiting) = (one.changed(), two.changed());
        assert!(bells[0].poll(&mut waiting).is_pending());
        assert!(bells[1].poll(&mut also_waiting).is_pending());
        assert!(sender.send_if_modified(|_| true));
        assert!(!sender.send_if_modified(|_| false));
        assert_eq!(bells.each_ref().map(|bell| bell.rung()), [1, 1, 0]);
        assert!(poll(&mut three.changed()).is_ready());
    }

    #[test]
    fn the_last_sender_to_go_ends_the_wait_but_not_before_the_value_is_seen() {
        let bell = Arc::new(Bell::default());
        let (sender, mut receiver) = channel(0);
        let mut unseen = receiver.clone();
        let other = sender.clone();
        sender.send(1).expect("somebody sees it");
        receiver.borrow_and_update();
        drop(sender);
        let mut waiting = receiver.changed();
        assert!(bell.poll(&mut waiting).is_pending());
        drop(other);
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(&mut waiting), Poll::Ready(Err(Closed)));
        assert_eq!(poll(&mut unseen.changed()), Poll::Ready(Ok(())));
        assert_eq!(poll(&mut unseen.changed()), Poll::Ready(Err(Closed)));
    }

    #[test]
    fn a_value_that_nobody_sees_comes_back() {
        let (sender, receiver) = channel(0);
        drop(receiver);
        assert_eq!(sender.send(1), Err(1));
        assert_eq!(*sender.borrow(), 0);
        let receiver = sender.subscribe();
        assert_eq!(sender.send(2), Ok(()));
        assert_eq!(*receiver.borrow(), 2);
    }

    #[test]
    fn places_are_used_again() {
        let (sender, receiver) = channel(0);
        for _ in 0..1_000 {
            let mut passing = receiver.clone();
            assert!(poll(&mut passing.changed()).is_pending());
        }
        assert_eq!(sender.0.places.borrow().len(), 1);
    }

    #[test]
    #[should_panic(expected = "is held while the value is being changed")]
    fn holding_the_value_while_it_changes_is_a_bug_and_says_so() {
        let (sender, receiver) = channel(0);
        let _held = receiver.borrow();
        sender.send(1).expect("somebody sees it");
    }
}
