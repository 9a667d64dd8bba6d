//! A client: issues operations one after the other, retries them through its router, keeps its
//! session.
//!
//! An operation keeps its serial however often it is tried, so a retried write is applied once,
//! also across a split. It must not look into nodes: what it knows it has from answers. What it
//! does by itself is in `load`, a single attempt in `attempt`. Owned by `cluster`.

mod attempt;
mod load;
mod round_trips;
mod setback;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

use attempt::{Attempt, UnderWay};
use load::{Load, Want};
pub(crate) use load::{LoadOptions, Task};
use round_trips::RoundTrips;
use setback::Setback;

use crate::event::{EventKind, Outcome};
use crate::id::ClientId;
use crate::key::Key;
use crate::message::{Located, Message};
use crate::network::Network;
use crate::operation::{Answer, Change, Operation};
use crate::plant::{self, Plant};
use crate::router::{Repair, Router};
use crate::sim::{Owner, Sim, Time};
use crate::trace::Trace;

/// How long an operation is tried for; a scan, from each part to the next.
const OPERATION_BUDGET: Duration = Duration::from_secs(30);
/// First and last pause before an attempt that no answer has shown a better way for.
const PAUSE_NS: (u64, u64) = (2_000_000, 64_000_000);
/// Most operations that wait in a client: what a person or a fill asks for at once.
pub(crate) const QUEUE_MAX: usize = 1 << 16;

/// A client: a handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Client(Rc<Shared>);

struct Shared {
    id: ClientId,
    sim: Sim,
    network: Network<Message>,
    trace: Trace,
    load: Load,
    wake: UnboundedSender<()>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    router: Router,
    serial: u64,
    queue: VecDeque<Task>,
    /// Whether it does something that it was asked for.
    at_work: bool,
    round_trips: RoundTrips,
    loading: bool,
    facts: ClientFacts,
}

/// How a client stands, for observers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientFacts {
    pub(crate) pending: Option<(Key, Operation)>,
    pub(crate) attempts: u32,
    /// What came of the pending operation's last attempt, if nothing did.
    pub(crate) setback: Option<Setback>,
    pub(crate) last_repair: Option<(Time, Repair)>,
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
}

impl Client {
    pub(crate) fn new(
        id: ClientId,
        sim: Sim,
        network: Network<Message>,
        trace: Trace,
        load: LoadOptions,
        known: &[Located],
    ) -> Self {
        let (wake, woken) = unbounded();
        let load = Load::new(&sim, load);
        let mut state = State::default();
        state.router.repair(known);
        let state = RefCell::new(state);
        let client = Self(Rc::new(Shared { id, sim, network, trace, load, wake, state }));
        let owner = Owner { scope: u64::from(id.0), ..Owner::WORLD };
        client.0.sim.spawn(owner, client.clone().run(woken));
        client
    }

    pub(crate) fn id(&self) -> ClientId {
        self.0.id
    }

    /// Has the client do these after what it has to do already; false if its queue is full.
    pub(crate) fn enqueue(&self, tasks: impl IntoIterator<Item = Task>) -> bool {
        let mut state = self.0.state.borrow_mut();
        for task in tasks {
            if state.queue.len() >= QUEUE_MAX {
                return false;
            }
            state.queue.push_back(task);
        }
        drop(state);
        self.wake();
        true
    }

    /// Starts or stops its own load.
    pub(crate) fn set_loading(&self, on: bool) {
        self.0.state.borrow_mut().loading = on;
        self.wake();
    }

    fn wake(&self) {
        // Fails only when the client's task is gone with the whole simulation.
        drop(self.0.wake.unbounded_send(()));
    }

    /// How much of what it was asked for is not done.
    pub(crate) fn queued(&self) -> usize {
        let state = self.0.state.borrow();
        state.queue.len() + usize::from(state.at_work)
    }

    pub(crate) fn facts(&self) -> ClientFacts {
        self.0.state.borrow().facts.clone()
    }

    /// What `read` makes of what it believes.
    pub(crate) fn routes<T>(&self, read: impl FnOnce(&Router) -> T) -> T {
        read(&self.0.state.borrow().router)
    }

    async fn run(self, mut woken: UnboundedReceiver<()>) {
        loop {
            let next = {
                let mut state = self.0.state.borrow_mut();
                let asked = state.queue.pop_front().map(|task| (task, false));
                state.at_work = asked.is_some();
                asked.or_else(|| state.loading.then(|| (self.0.load.draw(), true)))
            };
            match next {
                Some((task, own)) => {
                    self.do_task(task).await;
                    if own {
                        self.think().await;
                    }
                }
                None => {
                    if woken.next().await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    async fn think(&self) {
        let Load { options, rng, .. } = &self.0.load;
        let think_ns = options.think_ns / 2 + rng.below(options.think_ns + 1);
        self.0.sim.sleep(Duration::from_nanos(think_ns)).await;
    }

    async fn do_task(&self, Task { key, want }: Task) {
        let serial = self.next_serial();
        match want {
            Want::Exactly(operation) => {
                self.perform(serial, key, operation).await;
            }
            Want::FreshPut => {
                let change = Change::Put { value: self.fresh_value(serial) };
                self.perform(serial, key, Operation::Write(change)).await;
            }
            Want::Delete => {
                self.perform(serial, key, Operation::Write(Change::Delete)).await;
            }
            Want::Scan { end } => {
                self.perform(serial, key, Operation::Scan { end }).await;
            }
            Want::Update => {
                let found = self.perform(serial, key, Operation::Read).await;
                if let Some(Answer::Value(expected)) = found {
                    let serial = self.next_serial();
                    let value = self.fresh_value(serial);
                    let change = Change::CompareAndSet { expected, value };
                    self.perform(serial, key, Operation::Write(change)).await;
                }
            }
        }
    }

    fn next_serial(&self) -> u64 {
        let mut state = self.0.state.borrow_mut();
        state.serial += 1;
        state.serial
    }

    /// A value that nobody has written yet.
    fn fresh_value(&self, serial: u64) -> u64 {
        (u64::from(self.0.id.0) << 32) | serial
    }

    /// Tries an operation until it is done or its budget is used up; returns the answer if it is
    /// done.
    async fn perform(&self, serial: u64, key: Key, operation: Operation) -> Option<Answer> {
        self.begin(serial, key, operation);
        let mut under_way = UnderWay { serial, key, operation, pairs: 0, tries: 0 };
        let mut deadline = self.0.sim.now() + OPERATION_BUDGET;
        let (mut pause_ns, mut perhaps) = (PAUSE_NS.0, false);
        let outcome = loop {
            self.0.state.borrow_mut().facts.attempts += 1;
            match self.attempt(&mut under_way).await {
                Attempt::Done(answer) => break Ok(answer),
                Attempt::Onward => {
                    deadline = self.0.sim.now() + OPERATION_BUDGET;
                    pause_ns = PAUSE_NS.0;
                    under_way.tries = 0;
                    continue;
                }
                Attempt::Pause { perhaps: true } if plant::is(Plant::UnknownTakenForFailed) => {
                    break Err(Outcome::Failed);
                }
                Attempt::Again => {}
                Attempt::Pause { perhaps: now } => {
                    perhaps |= now;
                    let pause = pause_ns + self.0.load.rng.below(pause_ns);
                    self.0.sim.sleep(Duration::from_nanos(pause)).await;
                    pause_ns = (pause_ns * 2).min(PAUSE_NS.1);
                }
            }
            under_way.tries += 1;
            if self.0.sim.now() >= deadline {
                // A read that may have been answered has changed nothing.
                let unknown = operation.is_write() && perhaps;
                break Err(if unknown { Outcome::Unknown } else { Outcome::Failed });
            }
        };
        self.end(serial, key, operation, outcome);
        outcome.ok()
    }

    fn begin(&self, serial: u64, key: Key, operation: Operation) {
        let mut state = self.0.state.borrow_mut();
        state.facts.pending = Some((key, operation));
        state.facts.attempts = 0;
        state.facts.setback = None;
        let client = self.0.id;
        self.0.trace.record(EventKind::Invoked { client, serial, key, operation });
    }

    fn end(&self, serial: u64, key: Key, operation: Operation, ended: Result<Answer, Outcome>) {
        let mut state = self.0.state.borrow_mut();
        let attempts = state.facts.attempts;
        state.facts.pending = None;
        let outcome = ended.err().unwrap_or(Outcome::Ok);
        match outcome {
            Outcome::Ok => state.facts.ok += 1,
            Outcome::Failed => state.facts.failed += 1,
            Outcome::Unknown => state.facts.unknown += 1,
        }
        let (client, answer) = (self.0.id, ended.ok());
        self.0.trace.record(EventKind::Completed {
            client,
            serial,
            key,
            operation,
            outcome,
            answer,
            attempts,
        });
    }
}
