//! Directed links with latency, and everything in flight on them.
//!
//! Knows nodes, clients and placement as [`Endpoint`]s, and messages as a [`Payload`] that can say
//! its kind and size; it knows no raft type. `raft::transport`, `node`, `client` and `placement`
//! send through it; `cluster` owns it, cuts and heals its links. One link from a node to another
//! carries the messages of all shards, in order (as TCP does).

mod call;
mod faults;
mod link;
mod message;
mod places;
#[cfg(test)]
mod tests;
mod traffic;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

pub(crate) use faults::LinkFault;
pub use link::Lossy;
pub(crate) use message::{CallId, Envelope, Payload};
pub use message::{Endpoint, MessageKind};
pub(crate) use places::Places;
pub use traffic::Traffic;

use link::Links;

use futures::channel::oneshot;

use crate::event::{DropReason, EventKind};
use crate::id::ShardId;
use crate::plant::{self, Plant};
use crate::sim::{Owner, Rng, Sim, Time, TimerId};
use crate::trace::Trace;

/// Where an endpoint's requests are handed in.
pub(crate) type Port<P> = Rc<dyn Fn(Envelope<P>)>;

/// How links behave, from the options.
#[derive(Clone, Debug)]
pub(crate) struct LinkOptions {
    pub(crate) seed: u64,
    pub(crate) latency_ns: (u64, u64),
    pub(crate) jitter_ns: u64,
    pub(crate) ns_per_byte: u64,
    pub(crate) places: Places,
}

/// The network: a handle, cheap to clone.
pub(crate) struct Network<P>(Rc<Shared<P>>);

impl<P> Clone for Network<P> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Shared<P> {
    sim: Sim,
    trace: Trace,
    options: LinkOptions,
    jitter: Rng,
    /// What lossy links do to messages; drawn from only while there are any.
    faults: Rng,
    inner: RefCell<Inner<P>>,
}

struct Inner<P> {
    ports: BTreeMap<Endpoint, Port<P>>,
    links: Links,
    in_flight: BTreeMap<u64, Flight<P>>,
    calls: BTreeMap<CallId, oneshot::Sender<P>>,
    next_message: u64,
    next_call: u64,
    sent: Sent,
}

/// A message on its way.
struct Flight<P> {
    envelope: Envelope<P>,
    /// What delivers it; none while it is held.
    timer: Option<TimerId>,
}

/// How much was sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl<P: Payload> Network<P> {
    pub(crate) fn new(sim: Sim, trace: Trace, options: LinkOptions) -> Self {
        let links = Links::new(options.seed, options.latency_ns, options.places.clone());
        let (jitter, faults) = (sim.rng("network"), sim.rng("links"));
        let inner = RefCell::new(Inner {
            ports: BTreeMap::new(),
            links,
            in_flight: BTreeMap::new(),
            calls: BTreeMap::new(),
            next_message: 1,
            next_call: 1,
            sent: Sent::default(),
        });
        Self(Rc::new(Shared { sim, trace, options, jitter, faults, inner }))
    }

    /// From now on, requests to `at` are handed to `port`. Replies need none: they go to the call
    /// that waits.
    pub(crate) fn attach(&self, at: Endpoint, port: Port<P>) {
        self.0.inner.borrow_mut().ports.insert(at, port);
    }

    /// From now on, nobody is at `at`.
    pub(crate) fn detach(&self, at: Endpoint) {
        let port = self.0.inner.borrow_mut().ports.remove(&at);
        drop(port);
    }

    /// Forgets all ports, calls and messages: they hold handles on whatever they belong to.
    pub(crate) fn shutdown(&self) {
        let mut inner = self.0.inner.borrow_mut();
        let ports = std::mem::take(&mut inner.ports);
        let in_flight = std::mem::take(&mut inner.in_flight);
        let calls = std::mem::take(&mut inner.calls);
        drop(inner);
        drop((ports, in_flight, calls));
    }

    /// Sends a message that needs no answer, or is one.
    pub(crate) fn send(&self, envelope: Envelope<P>) {
        let shared = &*self.0;
        let mut inner = shared.inner.borrow_mut();
        let bytes = envelope.payload.bytes();
        let id = inner.next_message;
        inner.next_message += 1;
        inner.sent.messages += 1;
        inner.sent.bytes += bytes;
        shared.trace.record(EventKind::MessageSent {
            id,
            kind: envelope.payload.kind(),
            reply: envelope.answers.is_some(),
            shard: envelope.shard,
            from: envelope.from,
            to: envelope.to,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        });
        let now = shared.sim.now();
        let travel = shared.jitter.below(shared.options.jitter_ns + 1)
            + bytes.saturating_mul(shared.options.ns_per_byte);
        if inner.links.cuts_off(&envelope) {
            shared.trace.record(EventKind::MessageDropped { id, reason: DropReason::LinkCut });
            return;
        }
        let held = inner.links.holds_back(&envelope);
        let link = inner.links.between(envelope.from, envelope.to);
        let (latency_ns, lossy) = (link.latency_ns, link.lossy);
        if shared.faults_happen(lossy.loss_permille) {
            shared.trace.record(EventKind::MessageDropped { id, reason: DropReason::Lost });
            return;
        }
        let mut due = now + Duration::from_nanos(latency_ns + link.slow_ns + travel);
        if lossy.reorder_ns > 0 {
            due = due + Duration::from_nanos(shared.faults.below(lossy.reorder_ns + 1));
        } else {
            // In order, as on one connection: nothing overtakes.
            due = due.max(link.busy_until);
            link.busy_until = due;
        }
        let envelope = Envelope { id, sent: now, due, ..envelope };
        let twice = shared.faults_happen(lossy.duplicate_permille).then(|| {
            // Never before the first: then that would be the copy.
            due + Duration::from_nanos(shared.faults.below(lossy.reorder_ns + 1))
        });
        let copy = twice.map(|due| Envelope { due, ..envelope.clone() });
        self.launch(&mut inner, envelope, held);
        if let Some(copy) = copy {
            self.launch_copy(&mut inner, copy, held);
        }
    }

    /// Puts a message in flight.
    fn launch(&self, inner: &mut Inner<P>, envelope: Envelope<P>, held: bool) {
        let (id, due) = (envelope.id, envelope.due);
        let timer = (!held).then(|| self.due_timer(id, due));
        inner.in_flight.insert(id, Flight { envelope, timer });
    }

    /// Puts the same message in flight once more.
    fn launch_copy(&self, inner: &mut Inner<P>, original: Envelope<P>, held: bool) {
        let (id, copy) = (original.id, inner.next_message);
        inner.next_message += 1;
        self.0.trace.record(EventKind::MessageDuplicated { id, copy });
        self.launch(inner, Envelope { id: copy, ..original }, held);
    }

    fn due_timer(&self, id: u64, due: Time) -> TimerId {
        let network = self.clone();
        self.0.sim.at(due, Owner::WORLD, move || network.deliver(id))
    }

    fn deliver(&self, id: u64) {
        let mut inner = self.0.inner.borrow_mut();
        let Some(Flight { envelope, .. }) = inner.in_flight.remove(&id) else {
            return;
        };
        let lost = |reason| {
            self.0.trace.record(EventKind::MessageDropped { id, reason });
        };
        if let Some(mut call) = envelope.answers {
            if plant::is(Plant::ReplyToWrongCall) && id.is_multiple_of(32) {
                call = inner.calls.keys().copied().find(|other| *other != call).unwrap_or(call);
            }
            let Some(waiting) = inner.calls.remove(&call) else {
                return lost(DropReason::TooLate);
            };
            drop(inner);
            self.record_delivery(&envelope);
            // The caller may have given up at this very instant; then the answer is too late and
            // nobody's loss.
            drop(waiting.send(envelope.payload));
            return;
        }
        let Some(port) = inner.ports.get(&envelope.to).cloned() else {
            return lost(DropReason::NobodyThere);
        };
        drop(inner);
        self.record_delivery(&envelope);
        port(envelope);
    }

    fn record_delivery(&self, envelope: &Envelope<P>) {
        self.0.trace.record(EventKind::MessageDelivered {
            id: envelope.id,
            kind: envelope.payload.kind(),
            reply: envelope.answers.is_some(),
            shard: envelope.shard,
            from: envelope.from,
            to: envelope.to,
        });
    }

    /// Whether anything of `traffic` arrives.
    pub(crate) fn passes(&self, traffic: &Traffic) -> bool {
        !self.0.inner.borrow().links.is_stopped(traffic)
    }

    /// Whether all of `traffic` is lost.
    pub(crate) fn is_cut(&self, traffic: &Traffic) -> bool {
        self.0.inner.borrow().links.is_cut(traffic)
    }

    /// The mean round trip over all pairs of the first `nodes` nodes, without jitter.
    pub(crate) fn mean_round_trip(&self, nodes: u16) -> Duration {
        self.0.inner.borrow().links.mean_round_trip(nodes)
    }

    /// What `read` makes of the messages in flight, oldest first, each with whether it is held.
    pub(crate) fn in_flight<T>(
        &self,
        read: impl FnOnce(&mut dyn ExactSizeIterator<Item = (&Envelope<P>, bool)>) -> T,
    ) -> T {
        let inner = self.0.inner.borrow();
        read(&mut inner.in_flight.values().map(|f| (&f.envelope, f.timer.is_none())))
    }

    pub(crate) fn sent(&self) -> Sent {
        self.0.inner.borrow().sent
    }

    /// Answers `request` with `payload`.
    pub(crate) fn reply(&self, request: &Route, payload: P) {
        self.send(
            Envelope::new(request.to, request.from, request.shard, payload).answering(request.call),
        );
    }
}

impl<P> Shared<P> {
    /// Whether what happens to so many of a thousand messages happens now. Draws nothing for what
    /// never does, so that runs without lossy links stay as they are.
    fn faults_happen(&self, permille: u16) -> bool {
        permille > 0 && self.faults.chance(u64::from(permille), 1_000)
    }
}

/// What is needed to answer a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    from: Endpoint,
    to: Endpoint,
    shard: Option<ShardId>,
    call: Option<CallId>,
}

impl<P> From<&Envelope<P>> for Route {
    fn from(e: &Envelope<P>) -> Self {
        Self { from: e.from, to: e.to, shard: e.shard, call: e.call }
    }
}

/// The time of a message that is not on its way yet.
const NOT_SENT: Time = Time::ZERO;
