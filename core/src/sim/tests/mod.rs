//! Stories of the runtime as a whole, and what they share.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use super::*;

mod order;
mod owners;
mod time;

const N1: Owner = Owner::node(1);
const N2: Owner = Owner::node(2);

/// What happened, in order.
struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T: 'static> Log<T> {
    fn new() -> Log<T> {
        Log(Rc::default())
    }

    fn add(&self, what: T) {
        self.0.borrow_mut().push(what);
    }

    /// A callback that adds `what`.
    fn adding(&self, what: T) -> impl FnOnce() + 'static {
        let log = self.clone();
        move || log.add(what)
    }

    fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Log(self.0.clone())
    }
}

/// Calls back when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn sim() -> Sim {
    Sim::new(7, WakeOrder::Fifo)
}

fn at_ms(ms: u64) -> Time {
    Time::from_nanos(ms * 1_000_000)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Runs until nothing more will happen.
fn run(sim: &Sim) {
    while sim.fire_next(at_ms(1_000_000)).is_some() {}
}

/// The message of the panic in `f`.
fn panic_of(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it should have panicked");
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| {
        (*payload.downcast_ref::<&str>().expect("panics carry text")).to_string()
    })
}
