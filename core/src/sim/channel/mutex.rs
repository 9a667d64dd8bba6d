//! One at a time, in the order in which they came.
//!
//! Owns the value. Only for what is held across an await; everything else on one thread needs no
//! lock.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::permits::Permits;

/// A value that one task at a time may use.
pub struct Mutex<T> {
    turn: Permits,
    value: RefCell<T>,
}

impl<T> Mutex<T> {
    /// Nobody has it.
    pub(crate) fn new(value: T) -> Mutex<T> {
        Mutex { turn: Permits::new(1), value: RefCell::new(value) }
    }

    /// Waits for its turn.
    pub(crate) async fn lock(&self) -> Guard<'_, T> {
        let turn = self.turn.acquire().await;
        assert!(turn, "nobody closes a mutex");
        let value = self.value.borrow_mut();
        Guard { value, turn: Turn(&self.turn) }
    }
}

/// The value, until it is dropped: then whoever waits longest has it.
pub struct Guard<'a, T> {
    // In this order: the value is free again before the next one is told.
    value: RefMut<'a, T>,
    #[expect(dead_code, reason = "held for its drop")]
    turn: Turn<'a>,
}

struct Turn<'a>(&'a Permits);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::Poll;

    use super::super::testing::{Bell, poll};
    use super::*;

    #[test]
    fn the_next_in_line_is_told_when_the_guard_is_dropped() {
        let bell = Arc::new(Bell::default());
        let mutex = Mutex::new(1);
        let Poll::Ready(mut guard) = poll(&mut pin!(mutex.lock())) else { panic!("it is free") };
        let mut waiting = Box::pin(mutex.lock());
        assert!(bell.poll(&mut waiting).is_pending());
        *guard += 1;
        assert_eq!(bell.rung(), 0);
        drop(guard);
        assert_eq!(bell.rung(), 1);
        assert!(poll(&mut pin!(mutex.lock())).is_pending(), "it is somebody else's turn");
        assert!(matches!(poll(&mut waiting), Poll::Ready(guard) if *guard == 2));
    }
}
