//! A client: issues operations one after the other, retries them through its router, keeps its
//! session.
//!
//! An operation keeps its serial however often it is tried, so a retried write is applied once,
//! also across a split. It must not look into nodes: what it knows it has from answers. Owned by
//! `cluster`.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

use crate::event::{EventKind, Outcome};
use crate::id::{ClientId, NodeId};
use crate::key::{Key, KeyRange};
use crate::message::{Located, Message, Reply, Request};
use crate::network::{Endpoint, Network};
use crate::raft::entry::Write;
use crate::router::{Repair, Router};
use crate::sim::{Owner, Rng, Sim, Time};
use crate::trace::Trace;

/// How long an operation is tried for.
const OPERATION_BUDGET: Duration = Duration::from_secs(30);
/// How long an attempt waits for its answer.
const ATTEMPT_TTL: Duration = Duration::from_millis(300);
/// First and last pause before an attempt that no answer has shown a better way for.
const PAUSE_NS: (u64, u64) = (2_000_000, 64_000_000);
/// Most operations that wait in a client: what a person or a fill asks for at once.
pub(crate) const QUEUE_MAX: usize = 1 << 16;

/// How clients load the cluster by themselves.
#[derive(Clone, Debug)]
pub(crate) struct LoadOptions {
    pub(crate) key_space: KeyRange,
    pub(crate) think_ns: u64,
    pub(crate) write_percent: u8,
}

/// An operation to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) key: Key,
    /// What to write; `None` reads. `Some(None)` writes a value of the client's own, never used
    /// before.
    pub(crate) write: Option<Option<u64>>,
}

/// A client: a handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Client(Rc<Shared>);

struct Shared {
    id: ClientId,
    sim: Sim,
    network: Network<Message>,
    trace: Trace,
    rng: Rng,
    load: LoadOptions,
    wake: UnboundedSender<()>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    router: Router,
    serial: u64,
    queue: VecDeque<Operation>,
    loading: bool,
    facts: ClientFacts,
}

/// How a client stands, for observers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientFacts {
    pub(crate) pending: Option<Operation>,
    pub(crate) attempts: u32,
    pub(crate) last_repair: Option<(Time, Repair)>,
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
}

/// What an attempt came to.
enum Attempt {
    /// Done; what was read.
    Done(Option<u64>),
    /// Not done, and the way is clear for another one.
    Again,
    /// Not done, or perhaps done: pause first.
    Pause { perhaps: bool },
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
        let rng = sim.rng("clients");
        let mut state = State::default();
        state.router.repair(known);
        let state = RefCell::new(state);
        let client = Self(Rc::new(Shared { id, sim, network, trace, rng, load, wake, state }));
        let owner = Owner { scope: u64::from(id.0), ..Owner::WORLD };
        client.0.sim.spawn(owner, client.clone().run(woken));
        client
    }

    pub(crate) fn id(&self) -> ClientId {
        self.0.id
    }

    /// Has the client do these after what it has to do already; false if its queue is full.
    pub(crate) fn enqueue(&self, operations: impl IntoIterator<Item = Operation>) -> bool {
        let mut state = self.0.state.borrow_mut();
        for operation in operations {
            if state.queue.len() >= QUEUE_MAX {
                return false;
            }
            state.queue.push_back(operation);
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

    /// How many operations wait in its queue.
    pub(crate) fn queued(&self) -> usize {
        self.0.state.borrow().queue.len()
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
                state
                    .queue
                    .pop_front()
                    .map(|op| (op, false))
                    .or_else(|| state.loading.then(|| (self.draw(), true)))
            };
            match next {
                Some((operation, own)) => {
                    self.perform(operation).await;
                    if own {
                        let think =
                            self.0.load.think_ns / 2 + self.0.rng.below(self.0.load.think_ns + 1);
                        self.0.sim.sleep(Duration::from_nanos(think)).await;
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

    /// The next operation of its own load: one in four on any key, the others around two thirds of
    /// the key space.
    fn draw(&self) -> Operation {
        let LoadOptions { key_space, write_percent, .. } = &self.0.load;
        let rng = &self.0.rng;
        let width = key_space.width();
        let at = if rng.chance(1, 4) {
            rng.below(width)
        } else {
            // The sum of three draws is bell-shaped.
            let third = (width / 5).max(1);
            (width * 2 / 5 + (0..3).map(|_| rng.below(third)).sum::<u64>()).min(width - 1)
        };
        let write = rng.chance(u64::from(*write_percent), 100).then_some(None);
        Operation { key: Key(key_space.start.0 + at), write }
    }

    async fn perform(&self, operation: Operation) {
        let key = operation.key;
        let serial = {
            let mut state = self.0.state.borrow_mut();
            state.serial += 1;
            state.facts.pending = Some(operation);
            state.facts.attempts = 0;
            state.serial
        };
        let value = operation.write.map(|v| v.unwrap_or((u64::from(self.0.id.0) << 32) | serial));
        let (client, write) = (self.0.id, value.is_some());
        let invoked = EventKind::Invoked { client, serial, write, key, value: value.unwrap_or(0) };
        self.0.trace.record(invoked);
        let deadline = self.0.sim.now() + OPERATION_BUDGET;
        let (mut pause_ns, mut perhaps) = (PAUSE_NS.0, false);
        let (outcome, read) = loop {
            self.0.state.borrow_mut().facts.attempts += 1;
            match self.attempt(key, serial, value).await {
                Attempt::Done(read) => break (Outcome::Ok, read),
                Attempt::Again => {}
                Attempt::Pause { perhaps: now } => {
                    perhaps |= now;
                    self.0
                        .sim
                        .sleep(Duration::from_nanos(pause_ns + self.0.rng.below(pause_ns)))
                        .await;
                    pause_ns = (pause_ns * 2).min(PAUSE_NS.1);
                }
            }
            if self.0.sim.now() >= deadline {
                break (if write && perhaps { Outcome::Unknown } else { Outcome::Failed }, None);
            }
        };
        let mut state = self.0.state.borrow_mut();
        let attempts = state.facts.attempts;
        state.facts.pending = None;
        match outcome {
            Outcome::Ok => state.facts.ok += 1,
            Outcome::Failed => state.facts.failed += 1,
            Outcome::Unknown => state.facts.unknown += 1,
        }
        let value = if write { value } else { read };
        self.0.trace.record(EventKind::Completed {
            client,
            serial,
            write,
            key,
            value,
            outcome,
            attempts,
        });
    }

    async fn attempt(&self, key: Key, serial: u64, value: Option<u64>) -> Attempt {
        let route = {
            let state = self.0.state.borrow();
            state
                .router
                .locate(key)
                .and_then(|r| Some((r.descriptor.shard, r.descriptor.epoch.version, r.target()?)))
        };
        let Some((shard, version, target)) = route else {
            return self.ask_placement(key).await;
        };
        let request = match value {
            Some(value) => Request::Write(Write { client: self.0.id, serial, key, value, version }),
            None => Request::Read { key, version },
        };
        let (from, to) = (Endpoint::Client(self.0.id), Endpoint::Node(target));
        let message = Message::Request(request);
        let answer = self.0.network.call(from, to, Some(shard), message, ATTEMPT_TTL).await;
        match answer {
            Ok(Message::Reply { reply, .. }) => self.learn(key, target, reply),
            _ => {
                self.0.state.borrow_mut().router.doubt_leader(key, target);
                Attempt::Pause { perhaps: true }
            }
        }
    }

    fn learn(&self, key: Key, target: NodeId, reply: Reply) -> Attempt {
        match reply {
            Reply::Written => return Attempt::Done(None),
            Reply::Value(value) => return Attempt::Done(value.map(|v| v.value)),
            Reply::EpochNotMatch(located) => {
                let repairs = self.0.state.borrow_mut().router.repair(&located);
                for repair in &repairs {
                    self.note(*repair);
                }
                // The same shard at the same version: it cannot be served there yet.
                return if repairs.is_empty() {
                    Attempt::Pause { perhaps: false }
                } else {
                    Attempt::Again
                };
            }
            Reply::NotLeader(Some(leader)) if leader != target => {
                self.0.state.borrow_mut().router.believe_leader(key, leader);
                return Attempt::Again;
            }
            Reply::NotHere => {
                // Its node holds nothing of it any more: perhaps all its members have changed.
                let mut state = self.0.state.borrow_mut();
                state.router.doubt_leader(key, target);
                if state.facts.attempts.is_multiple_of(4) {
                    state.router.forget(key);
                }
            }
            Reply::NotLeader(_) => self.0.state.borrow_mut().router.doubt_leader(key, target),
            Reply::Unknown => {
                self.0.state.borrow_mut().router.doubt_leader(key, target);
                return Attempt::Pause { perhaps: true };
            }
            Reply::NotNow => {}
        }
        Attempt::Pause { perhaps: false }
    }

    /// No route is left, or none at all: placement knows where shards are, if not always the
    /// newest.
    async fn ask_placement(&self, key: Key) -> Attempt {
        let from = Endpoint::Client(self.0.id);
        let question = Message::Locate(key);
        let answer =
            self.0.network.call(from, Endpoint::Placement, None, question, ATTEMPT_TTL).await;
        if let Ok(Message::LocatedAt(Some(located))) = answer {
            let repairs = self.0.state.borrow_mut().router.repair(&[located]);
            repairs.into_iter().for_each(|repair| self.note(repair));
            return Attempt::Again;
        }
        Attempt::Pause { perhaps: false }
    }

    fn note(&self, repair: Repair) {
        let Repair { shard, from, to } = repair;
        self.0.state.borrow_mut().facts.last_repair = Some((self.0.sim.now(), repair));
        self.0.trace.record(EventKind::RouteRepaired { client: self.0.id, shard, from, to });
    }
}
