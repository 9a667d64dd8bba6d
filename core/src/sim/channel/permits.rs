//! A number of permits, handed out in the order in which they were asked for.
//!
//! Owns who waits. It must not know what a permit is for: room in a channel, or the turn at a
//! mutex. The idea is tokio's batch semaphore: a permit that comes back goes straight to whoever
//! waits longest, so that nobody who comes later overtakes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// The permits, and who waits for one.
pub(super) struct Permits(RefCell<State>);

struct State {
    free: usize,
    /// No permit will ever come back: everybody who asks is turned away.
    closed: bool,
    /// Those who wait, by the number they drew, ascending.
    waiting: VecDeque<(u64, Waker)>,
    /// Numbers whose permit is there, but who have not come for it yet.
    granted: VecDeque<u64>,
    next_number: u64,
}

impl Permits {
    pub(super) fn new(free: usize) -> Permits {
        Permits(RefCell::new(State {
            free,
            closed: false,
            waiting: VecDeque::new(),
            granted: VecDeque::new(),
            next_number: 0,
        }))
    }

    /// Takes a permit if one is free now; those who wait come first. `None` once closed.
    pub(super) fn try_acquire(&self) -> Option<bool> {
        let mut state = self.0.borrow_mut();
        if state.closed {
            return None;
        }
        let free = state.free > 0;
        state.free -= usize::from(free);
        Some(free)
    }

    /// Waits for a permit.
    pub(super) fn acquire(&self) -> Acquire<'_> {
        Acquire { permits: self, number: None }
    }

    /// Brings a permit back.
    pub(super) fn release(&self) {
        let mut state = self.0.borrow_mut();
        let Some((number, waker)) = state.waiting.pop_front() else {
            state.free += 1;
            return;
        };
        state.granted.push_back(number);
        drop(state);
        waker.wake();
    }

    /// Turns everybody away, those who wait and those who will come.
    pub(super) fn close(&self) {
        let mut state = self.0.borrow_mut();
        state.closed = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for (_, waker) in waiting {
            waker.wake();
        }
    }
}

/// Ready with true once a permit was acquired, with false once there are no more to come.
pub(super) struct Acquire<'a> {
    permits: &'a Permits,
    /// Drawn when it first had to wait, given up when it is ready.
    number: Option<u64>,
}

impl Future for Acquire<'_> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let mut state = self.permits.0.borrow_mut();
        if state.closed {
            return Poll::Ready(false);
        }
        let Some(number) = self.number else {
            if state.free > 0 {
                state.free -= 1;
                return Poll::Ready(true);
            }
            let number = state.next_number;
            state.next_number += 1;
            state.waiting.push_back((number, cx.waker().clone()));
            drop(state);
            self.number = Some(number);
            return Poll::Pending;
        };
        if let Some(granted) = state.granted.iter().position(|&other| other == number) {
            state.granted.remove(granted);
            drop(state);
            self.number = None;
            return Poll::Ready(true);
        }
        if let Ok(place) = state.waiting.binary_search_by_key(&number, |&(other, _)| other) {
            state.waiting[place].1.clone_from(cx.waker());
        }
        Poll::Pending
    }
}

/// Who stops waiting leaves the line; a permit that was already granted goes to the next.
impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.permits.0.borrow_mut();
        if let Some(granted) = state.granted.iter().position(|&other| other == number) {
            state.granted.remove(granted);
            drop(state);
            self.permits.release();
        } else if let Ok(place) = state.waiting.binary_search_by_key(&number, |&(other, _)| other) {
            let left = state.waiting.remove(place);
            drop(state);
            drop(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{Bell, poll};
    use super::*;

    #[test]
    fn who_waits_longest_is_served_first_and_nobody_overtakes() {
        let permits = Permits::new(1);
        assert_eq!(poll(&mut permits.acquire()), Poll::Ready(true));
        let bells = [(); 3].map(|()| Arc::new(Bell::default()));
        let mut waiting = [(); 3].map(|()| permits.acquire());
        for (acquire, bell) in waiting.iter_mut().zip(&bells) {
            assert!(bell.poll(acquire).is_pending());
        }

        permits.release();
        assert_eq!(bells.each_ref().map(|bell| bell.rung()), [1, 0, 0]);
        assert_eq!(permits.try_acquire(), Some(false), "the permit is spoken for");
        assert!(poll(&mut waiting[1]).is_pending(), "it is not its turn");
        assert_eq!(poll(&mut waiting[0]), Poll::Ready(true));
    }

    #[test]
    fn who_leaves_the_line_passes_a_granted_permit_on() {
        let permits = Permits::new(0);
        let bell = Arc::new(Bell::default());
        let (mut first, mut second, mut third) =
            (permits.acquire(), permits.acquire(), permits.acquire());
        assert!(poll(&mut first).is_pending());
        assert!(poll(&mut second).is_pending());
        assert!(bell.poll(&mut third).is_pending());
        drop(second);
        permits.release();
        assert_eq!(bell.rung(), 0, "the first one has it");
        drop(first);
        assert_eq!(bell.rung(), 1, "nobody is left before the third");
        assert_eq!(poll(&mut third), Poll::Ready(true));

        drop(third);
        permits.release();
        assert_eq!(permits.try_acquire(), Some(true));
        assert_eq!(permits.try_acquire(), Some(false));
    }

    #[test]
    fn the_task_that_polled_last_is_the_one_that_is_woken() {
        let (first, last) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let permits = Permits::new(0);
        let mut waiting = permits.acquire();
        assert!(first.poll(&mut waiting).is_pending());
        assert!(last.poll(&mut waiting).is_pending());
        permits.release();
        assert_eq!((first.rung(), last.rung()), (0, 1));
    }

    #[test]
    fn closing_turns_everybody_away() {
        let permits = Permits::new(0);
        let bell = Arc::new(Bell::default());
        let mut waiting = permits.acquire();
        assert!(bell.poll(&mut waiting).is_pending());
        permits.close();
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(&mut waiting), Poll::Ready(false));
        assert_eq!(permits.try_acquire(), None);
    }
}
