//! A deterministic runtime: one thread, one virtual clock, one seed.
//!
//! Owns time, tasks, timers, channels and randomness: all that could make two runs differ. Same
//! seed and same calls, same order of everything, on every target. It must not know of raft,
//! nodes' duties or the network; `raft_runtime` alone names openraft, whose `AsyncRuntime` it
//! implements. Driven by the façade, used by everything else in the core.
//!
//! Ideas taken from: FoundationDB's Flow (one thread, simulated time, one seed), TigerBeetle's
//! simulator (everything from the seed, bounds that panic), turmoil (hosts that own their tasks).
//!
//! How the parts lie:
//!
//! ```text
//! Sim ─┬─ executor ── tasks (who owns which future), ready (woken, in order)
//!      ├─ timers ──── at, Sleep
//!      ├─ nodes ───── clock, paused, counts
//!      ├─ rng ─────── named streams of the seed
//!      └─ context ─── the one thread-local: which Sim and Owner is running
//! ```
//!
//! One rule holds throughout: foreign code (a future, a drop, a callback, a waker) never runs while
//! a table is borrowed, so it may call back into [`Sim`] as it likes.

// The interface is whole, whether or not somebody needs all of it yet; its tests do.
#![cfg_attr(not(test), allow(dead_code, unused_imports))]

mod clock;
mod context;
mod executor;
mod nodes;
mod raft_runtime;
mod ready;
mod rng;
mod sleep;
mod tasks;
mod timers;

#[cfg(test)]
mod tests;

pub(crate) mod channel;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

pub(crate) use clock::DRIFT_PPM_MAX;
pub use clock::Time;
pub(crate) use context::Owner;
pub use executor::WakeOrder;
pub use raft_runtime::SimRuntime;
pub(crate) use raft_runtime::{SimInstant, run_runtime_suites};
pub(crate) use rng::Rng;
pub(crate) use sleep::Sleep;
pub(crate) use timers::TimerId;

use clock::NodeClock;
use nodes::Nodes;
use ready::ReadyQueue;
use tasks::Tasks;
use timers::{Action, Timers};

/// A handle on one simulation; clones are the same one.
///
/// Tasks hold handles too, so dropping the last one outside does not free them: whoever made the
/// simulation calls [`Sim::shutdown`] when it is done with it.
#[derive(Clone)]
pub(crate) struct Sim(Rc<Core>);

/// What all handles share. Each part is borrowed for itself and never across foreign code.
struct Core {
    seed: u64,
    order: WakeOrder,
    now: Cell<Time>,
    /// Whether it was shut down: nothing is spawned or registered any more.
    closed: Cell<bool>,
    /// Whether tasks are being polled, which must not be asked for again from within.
    running: Cell<bool>,
    /// Polls at this instant.
    polls_now: Cell<u64>,
    /// Woken tasks.
    ready: ReadyQueue,
    tasks: RefCell<Tasks>,
    timers: RefCell<Timers>,
    nodes: RefCell<Nodes>,
    streams: RefCell<BTreeMap<&'static str, Rng>>,
    /// Draws the next task, if the order is [`WakeOrder::Seeded`].
    schedule: Rng,
    #[cfg(feature = "plants")]
    sown: crate::plant::Sown,
}

/// What a run has cost so far.
#[derive(Copy, Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct SimStats {
    /// Polls of tasks.
    pub(crate) polls: u64,
    /// Tasks spawned.
    pub(crate) tasks_spawned: u64,
    /// Timers registered.
    pub(crate) timers_registered: u64,
    /// Timers that came due; the others were cancelled, or are pending.
    pub(crate) timers_fired: u64,
}

impl Sim {
    /// A world at its beginning, with nothing in it.
    pub(crate) fn new(seed: u64, order: WakeOrder) -> Sim {
        let schedule = Rng::new(seed, "schedule");
        Sim(Rc::new(Core {
            seed,
            order,
            now: Cell::new(Time::ZERO),
            closed: Cell::new(false),
            running: Cell::new(false),
            polls_now: Cell::new(0),
            ready: ReadyQueue::default(),
            tasks: RefCell::default(),
            timers: RefCell::default(),
            nodes: RefCell::default(),
            streams: RefCell::new(BTreeMap::from([("schedule", schedule.clone())])),
            schedule,
            #[cfg(feature = "plants")]
            sown: crate::plant::Sown::default(),
        }))
    }

    /// The simulation that is running.
    ///
    /// Panics outside of one: code that needs it belongs into a task or [`Sim::enter`].
    pub(crate) fn current() -> Sim {
        context::sim().expect("no simulation is running here: call it from a task or Sim::enter")
    }

    /// The bug that is planted in this run.
    #[cfg(feature = "plants")]
    pub(crate) fn sown(&self) -> &crate::plant::Sown {
        &self.0.sown
    }

    /// What `read` makes of the simulation that is running, if one is.
    #[cfg(feature = "plants")]
    pub(crate) fn with_current<R>(read: impl FnOnce(&Sim) -> R) -> Option<R> {
        context::with(|sim, _| read(sim))
    }

    /// Runs `f` with this simulation and `owner` as the context. May be nested.
    pub(crate) fn enter<R>(&self, owner: Owner, f: impl FnOnce() -> R) -> R {
        let _entered = context::enter(self.clone(), owner);
        f()
    }

    /// The world's clock.
    pub(crate) fn now(&self) -> Time {
        self.0.now.get()
    }

    /// The clock of a node, at zero if it was set to before the beginning.
    pub(crate) fn node_now(&self, node: u16) -> Time {
        Time::from_nanos(u64::try_from(self.reading(node)).unwrap_or(0))
    }

    /// Sets the clock of a node to the world's plus `offset_ns`, and lets it run `drift_ppm`
    /// faster from now on (see [`clock::DRIFT_PPM_MAX`]).
    ///
    /// Its sleeps go by that clock: set forwards, it wakes them early. While the node has tasks it
    /// never goes back: set backwards, it stands still until it has caught up. Of a node without
    /// tasks, one that is down or has not started, nothing remembers what it showed.
    pub(crate) fn set_clock(&self, node: u16, offset_ns: i64, drift_ppm: i32) {
        let mut nodes = self.0.nodes.borrow_mut();
        let node_state = nodes.get_mut(node);
        let in_use = node_state.tasks > 0;
        node_state.clock.set(self.now(), offset_ns, drift_ppm, in_use);
        let clock = node_state.clock;
        self.0.timers.borrow_mut().reschedule(node, |reading| clock.when(reading));
    }

    /// Stops polling the tasks of a node, until [`Sim::resume_node`]: also tasks that are spawned
    /// there later. Wakes and timers that come due are kept for the resume.
    pub(crate) fn pause_node(&self, node: u16) {
        let mut nodes = self.0.nodes.borrow_mut();
        nodes.get_mut(node).paused = true;
        self.0.timers.borrow_mut().hold(node);
    }

    /// Lets a paused node go on: first what was woken meanwhile, then what has come due.
    pub(crate) fn resume_node(&self, node: u16) {
        let mut nodes = self.0.nodes.borrow_mut();
        let node_state = nodes.get_mut(node);
        node_state.paused = false;
        for task in node_state.parked.drain(..) {
            self.0.ready.push(task);
        }
        self.0.timers.borrow_mut().release(node);
    }

    /// Calls `f`, as `owner`, when the world's clock shows `time`; at once if that is past.
    pub(crate) fn at(&self, time: Time, owner: Owner, f: impl FnOnce() + 'static) -> TimerId {
        self.register(owner, time.max(self.now()), None, Action::Call(Box::new(f)))
    }

    /// Takes a timer back. Of no effect if it has fired.
    pub(crate) fn cancel(&self, id: TimerId) {
        let removed = self.0.timers.borrow_mut().remove(id);
        if let Some((owner, action)) = removed {
            self.0.nodes.borrow_mut().get_mut(owner.node).timers -= 1;
            drop(action);
        }
    }

    /// Waits for `duration`, by the clock of the node that is running.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        let owner = context::owner();
        let nanos = clock::saturating_nanos(duration);
        Sleep::new(self.clone(), owner, self.reading(owner.node).saturating_add_unsigned(nanos))
    }

    /// Waits until the clock of the node that is running shows `time`.
    pub(crate) fn sleep_until(&self, time: Time) -> Sleep {
        let reading = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        Sleep::new(self.clone(), context::owner(), reading)
    }

    /// When the next timer fires, leaving out nodes that are paused.
    pub(crate) fn next_due(&self) -> Option<Time> {
        let due = self.0.timers.borrow().next_due();
        due.map(|due| due.max(self.now()))
    }

    /// Fires the next timer, if one is due at or before `limit`: moves the clock there, fires that
    /// one timer, runs what it made ready, and returns the time. Else moves the clock to `limit`.
    pub(crate) fn fire_next(&self, limit: Time) -> Option<Time> {
        let running = self.start_running();
        running.run_ready();
        let Some(due) = self.next_due().filter(|&due| due <= limit) else {
            self.move_clock(limit);
            return None;
        };
        self.move_clock(due);
        let popped = self.0.timers.borrow_mut().pop();
        let (owner, action) = popped.expect("next_due has just seen it");
        self.0.nodes.borrow_mut().get_mut(owner.node).timers -= 1;
        running.act_as(owner, || match action {
            Action::Wake(waker) => waker.wake(),
            Action::Call(f) => f(),
        });
        running.run_ready();
        Some(due)
    }

    /// The stream of random numbers of that name: the same name gives the same stream.
    pub(crate) fn rng(&self, stream: &'static str) -> Rng {
        let mut streams = self.0.streams.borrow_mut();
        streams.entry(stream).or_insert_with(|| Rng::new(self.0.seed, stream)).clone()
    }

    /// How many tasks a node has.
    pub(crate) fn task_count(&self, node: u16) -> usize {
        self.0.nodes.borrow().get(node).map_or(0, |node| node.tasks)
    }

    /// How many tasks exactly this owner has. Looks at every task.
    pub(crate) fn scope_task_count(&self, owner: Owner) -> usize {
        self.0.tasks.borrow().count(owner)
    }

    /// How many timers exactly this owner has pending. Looks at every timer.
    pub(crate) fn scope_timer_count(&self, owner: Owner) -> usize {
        self.0.timers.borrow().count(owner)
    }

    /// How many timers a node has pending.
    pub(crate) fn timer_count(&self, node: u16) -> usize {
        self.0.nodes.borrow().get(node).map_or(0, |node| node.timers)
    }

    /// What the run has cost so far.
    pub(crate) fn stats(&self) -> SimStats {
        let (tasks, timers) = (self.0.tasks.borrow(), self.0.timers.borrow());
        SimStats {
            polls: tasks.polls,
            tasks_spawned: tasks.spawned,
            timers_registered: timers.registered,
            timers_fired: timers.fired,
        }
    }

    /// Drops all tasks and timers, for good: from now on, what is spawned is dropped at once.
    pub(crate) fn shutdown(&self) {
        self.0.closed.set(true);
        self.kill(|_| true);
        self.0.ready.clear();
    }

    /// The woken tasks.
    fn ready(&self) -> &ReadyQueue {
        &self.0.ready
    }

    /// The clock of a node.
    fn clock(&self, node: u16) -> NodeClock {
        self.0.nodes.borrow().get(node).map_or_else(NodeClock::default, |node| node.clock)
    }

    /// What the clock of a node shows.
    fn reading(&self, node: u16) -> i64 {
        self.clock(node).read(self.now())
    }

    /// How much time has passed on `node`'s clock since it showed `instant`.
    pub(crate) fn elapsed_on(&self, node: u16, instant: SimInstant) -> Duration {
        SimInstant::of(self.reading(node)) - instant
    }

    /// Lets a pending timer wake `waker`; false if it is no longer pending.
    fn rearm(&self, id: TimerId, waker: &Waker) -> bool {
        let replaced = self.0.timers.borrow_mut().rearm(id, waker);
        replaced.is_ok()
    }

    /// Registers a timer; after the shutdown, one that is no longer pending.
    fn register(&self, owner: Owner, due: Time, reading: Option<i64>, action: Action) -> TimerId {
        let mut nodes = self.0.nodes.borrow_mut();
        let node = nodes.get_mut(owner.node);
        node.timers += 1;
        let held = node.paused;
        drop(nodes);
        let id = self.0.timers.borrow_mut().insert(owner, due, reading, action, held);
        if self.0.closed.get() {
            self.cancel(id);
        }
        id
    }

    fn move_clock(&self, to: Time) {
        if to > self.now() {
            self.0.now.set(to);
            self.0.polls_now.set(0);
        }
    }
}
