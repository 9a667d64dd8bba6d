//! Polls the tasks that are ready, one after the other, until none is; and kills those that are to
//! die.
//!
//! Owns the order in which they run. It must not know what time it is. Called by the façade
//! between timers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};

use super::context::{self, Entered};
use super::ready::TaskId;
use super::tasks::{BoxTask, Polled};
use super::{Owner, Sim};

/// Polls at one instant of virtual time, after which the run is stuck in a livelock.
///
/// A busy instant of a large cluster takes some thousands.
const POLLS_PER_INSTANT_MAX: u64 = 1_000_000;

/// Of those, the last ones whose tasks are counted, to be named in the panic.
const POLLS_SAMPLED: u64 = 10_000;

/// How many of the busiest tasks the panic names.
const BUSIEST_NAMED: usize = 5;

/// How often killing an owner's tasks may spawn new ones for that owner.
const KILL_ROUNDS_MAX: usize = 1_000;

/// Which of the tasks that are ready at the same instant runs next.
#[derive(Copy, Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WakeOrder {
    /// The one that was woken first.
    #[default]
    Fifo,
    /// One drawn from the seed: how schedules are explored.
    Seeded,
}

impl Sim {
    /// Runs `future` as a task of `owner`, from the next [`Sim::run_ready`] on.
    ///
    /// After [`Sim::shutdown`] it is dropped instead.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        owner: Owner,
        future: F,
    ) -> TaskId {
        self.spawn_named(owner, std::any::type_name::<F>(), Box::pin(future))
    }

    /// The same, under another name than the future's own type.
    pub(super) fn spawn_named(&self, owner: Owner, name: &'static str, future: BoxTask) -> TaskId {
        if self.0.closed.get() {
            drop(future);
            return TaskId::NOBODY;
        }
        self.0.nodes.borrow_mut().get_mut(owner.node).tasks += 1;
        let mut tasks = self.0.tasks.borrow_mut();
        let id = tasks.insert(owner, name, future, self.0.ready.inbox());
        self.0.ready.push(id);
        id
    }

    /// Polls tasks until none is ready at this instant, and returns how many polls that took.
    ///
    /// Panics if they never stop waking each other: see [`POLLS_PER_INSTANT_MAX`].
    pub(crate) fn run_ready(&self) -> u64 {
        self.start_running().run_ready()
    }

    /// Makes this simulation the one that is running.
    pub(super) fn start_running(&self) -> Running<'_> {
        let from_within = self.0.running.replace(true);
        assert!(!from_within, "a task or a timer asked for tasks to be run: they are already");
        Running { sim: self, _entered: context::enter(self.clone(), Owner::WORLD) }
    }

    /// Drops all tasks and timers of a node at once; returns how many tasks that were.
    ///
    /// What their drops spawn for the same node is dropped too. May be called from any task; if
    /// from one of the node itself, that one is dropped when its poll returns.
    pub(crate) fn kill_node(&self, node: u16) -> usize {
        self.kill(|owner| owner.node == node)
    }

    /// Drops all tasks and timers of exactly this owner at once; returns how many tasks that were.
    pub(crate) fn kill_scope(&self, owner: Owner) -> usize {
        self.kill(|other| other == owner)
    }

    pub(super) fn kill(&self, doomed: impl Fn(Owner) -> bool) -> usize {
        let mut killed = 0;
        for _ in 0..KILL_ROUNDS_MAX {
            let tasks = self.0.tasks.borrow_mut().remove_all(&doomed);
            let timers = self.0.timers.borrow_mut().remove_all(&doomed);
            if tasks.is_empty() && timers.is_empty() {
                return killed;
            }
            killed += tasks.len();
            let mut nodes = self.0.nodes.borrow_mut();
            for (owner, _) in &tasks {
                nodes.get_mut(owner.node).tasks -= 1;
            }
            for (owner, _) in &timers {
                nodes.get_mut(owner.node).timers -= 1;
            }
            drop(nodes);
            for (owner, task) in tasks {
                self.enter(owner, || drop(task));
            }
            for (owner, timer) in timers {
                self.enter(owner, || drop(timer));
            }
        }
        panic!("what is killed keeps spawning: {KILL_ROUNDS_MAX} rounds did not end it");
    }

    fn describe_livelock(&self, busiest: &BTreeMap<TaskId, u64>) -> String {
        let mut by_polls: Vec<_> = busiest.iter().map(|(&id, &polls)| (polls, id)).collect();
        by_polls.sort_unstable_by(|a, b| b.cmp(a));
        let mut text = format!(
            "livelock at {}: {POLLS_PER_INSTANT_MAX} polls and tasks still wake each other; \
             of the last {POLLS_SAMPLED}",
            self.now()
        );
        let tasks = self.0.tasks.borrow();
        for (polls, id) in by_polls.into_iter().take(BUSIEST_NAMED) {
            let name = tasks.name(id).unwrap_or("a task that is done");
            let owner = tasks.owner(id).unwrap_or_default();
            let (node, scope) = (owner.node, owner.scope);
            write!(text, ", {polls} by {name} (node {node}, scope {scope})")
                .expect("a string takes what is written to it");
        }
        text
    }
}

/// A simulation that is polling its tasks, and is the context until this is dropped.
pub(super) struct Running<'a> {
    sim: &'a Sim,
    _entered: Entered,
}

impl Running<'_> {
    /// See [`Sim::run_ready`].
    pub(super) fn run_ready(&self) -> u64 {
        let mut busiest = BTreeMap::new();
        let mut polls = 0;
        while let Some((id, task)) = self.next_task() {
            self.poll(id, task);
            polls += 1;
            let polls_now = self.sim.0.polls_now.get() + 1;
            self.sim.0.polls_now.set(polls_now);
            if polls_now > POLLS_PER_INSTANT_MAX - POLLS_SAMPLED {
                *busiest.entry(id).or_insert(0_u64) += 1;
                let livelock = polls_now == POLLS_PER_INSTANT_MAX;
                assert!(!livelock, "{}", self.sim.describe_livelock(&busiest));
            }
        }
        polls
    }

    /// Runs `f` as `owner`.
    pub(super) fn act_as<R>(&self, owner: Owner, f: impl FnOnce() -> R) -> R {
        context::set_owner(owner);
        f()
    }

    /// Takes the next task that is ready and may run.
    fn next_task(&self) -> Option<(TaskId, Polled)> {
        let core = &self.sim.0;
        loop {
            let id = match core.order {
                WakeOrder::Fifo => core.ready.pop()?,
                WakeOrder::Seeded => core.ready.pop_drawn(&core.schedule)?,
            };
            let mut tasks = core.tasks.borrow_mut();
            let Some(owner) = tasks.owner(id) else {
                continue;
            };
            if core.nodes.borrow().get(owner.node).is_some_and(|node| node.paused) {
                core.nodes.borrow_mut().get_mut(owner.node).parked.push(id);
                continue;
            }
            if let Some(task) = tasks.begin(id) {
                return Some((id, task));
            }
        }
    }

    fn poll(&self, id: TaskId, mut task: Polled) {
        let owner = task.owner;
        self.act_as(owner, || {
            let poll = task.future.as_mut().poll(&mut Context::from_waker(&task.waker.1));
            let over = match poll {
                Poll::Pending => self.sim.0.tasks.borrow_mut().put_back(id, task),
                Poll::Ready(()) => {
                    let lived = self.sim.0.tasks.borrow_mut().finish(id, task.waker);
                    if lived {
                        self.sim.0.nodes.borrow_mut().get_mut(owner.node).tasks -= 1;
                    }
                    Some(task.future)
                }
            };
            drop(over);
        });
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.sim.0.running.set(false);
    }
}
