//! What is done to links and to single messages from outside. Asked for by `cluster`, which has
//! checked that the nodes exist.
//!
//! A link keeps the order of its messages through all of this, as one connection does, unless it is
//! asked not to: by a lossy link that reorders, or by a single message that is delayed.

use std::time::Duration;

use super::{Lossy, Network, Payload, Traffic};
use crate::event::{DropReason, EventKind};
use crate::few;
use crate::id::NodeId;
use crate::network::Endpoint;

/// What stops messages on a link, for the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkFault {
    pub(crate) traffic: Traffic,
    pub(crate) cut: bool,
    pub(crate) held: bool,
    pub(crate) slow_ns: u64,
    pub(crate) lossy: Lossy,
}

impl<P: Payload> Network<P> {
    /// Loses that traffic from now on, and what of it is in flight. False if just that is lost
    /// already.
    pub(crate) fn cut(&self, traffic: Traffic) -> bool {
        if !self.0.inner.borrow_mut().links.cuts.insert(traffic) {
            return false;
        }
        self.0.trace.record(EventKind::LinkCut { traffic });
        let caught = self.flights(|flight| traffic.covers(&flight.envelope));
        caught.into_iter().for_each(|id| self.lose(id, DropReason::LinkCut));
        true
    }

    /// Keeps that traffic in flight, and what of it is in flight already. False if just that is
    /// held already.
    pub(crate) fn hold(&self, traffic: Traffic) -> bool {
        if !self.0.inner.borrow_mut().links.holds.insert(traffic) {
            return false;
        }
        self.0.trace.record(EventKind::LinkHeld { traffic });
        for id in self.flights(|flight| traffic.covers(&flight.envelope)) {
            let mut inner = self.0.inner.borrow_mut();
            let timer = inner.in_flight.get_mut(&id).and_then(|flight| flight.timer.take());
            drop(inner);
            if let Some(timer) = timer {
                self.0.sim.cancel(timer);
            }
        }
        true
    }

    /// Lets go what a hold of just that traffic keeps. False if there is none.
    pub(crate) fn release(&self, traffic: Traffic) -> bool {
        if !self.0.inner.borrow_mut().links.holds.remove(&traffic) {
            return false;
        }
        self.0.trace.record(EventKind::LinkReleased { traffic });
        self.let_go(|message| traffic.includes(message));
        true
    }

    /// Makes one link clean again, or what was done to just that part of it. False if it was.
    pub(crate) fn heal_link(&self, traffic: Traffic) -> bool {
        if !self.0.inner.borrow_mut().links.heal(&traffic) {
            return false;
        }
        self.0.trace.record(EventKind::LinkHealed { traffic });
        self.let_go(|message| traffic.includes(message));
        true
    }

    /// Makes every link clean again.
    pub(crate) fn heal(&self) {
        self.0.inner.borrow_mut().links.heal_all();
        self.0.trace.record(EventKind::LinksHealed {});
        self.let_go(|_| true);
    }

    /// Has every message from `from` to `to` take that much longer from now on.
    pub(crate) fn slow(&self, from: NodeId, to: NodeId, by_ns: u64) {
        let mut inner = self.0.inner.borrow_mut();
        inner.links.between(Endpoint::Node(from), Endpoint::Node(to)).slow_ns = by_ns;
        drop(inner);
        self.0.trace.record(EventKind::LinkSlowed { from, to, by_ns });
    }

    /// Has the link lose, double and reorder messages from now on.
    pub(crate) fn spoil(&self, from: NodeId, to: NodeId, lossy: Lossy) {
        let mut inner = self.0.inner.borrow_mut();
        inner.links.between(Endpoint::Node(from), Endpoint::Node(to)).lossy = lossy;
        drop(inner);
        self.0.trace.record(EventKind::LinkSpoiled { from, to, lossy });
    }

    /// Whether that message is in flight, and if so, whether it is held.
    pub(crate) fn find(&self, id: u64) -> Option<bool> {
        self.0.inner.borrow().in_flight.get(&id).map(|flight| flight.timer.is_none())
    }

    /// Loses that message, if it is in flight.
    pub(crate) fn lose(&self, id: u64, reason: DropReason) {
        let flight = self.0.inner.borrow_mut().in_flight.remove(&id);
        let Some(flight) = flight else {
            return;
        };
        if let Some(timer) = flight.timer {
            self.0.sim.cancel(timer);
        }
        self.0.trace.record(EventKind::MessageDropped { id, reason });
    }

    /// Has that message, if it is in flight, arrive that much later; others may overtake it.
    pub(crate) fn delay(&self, id: u64, by_ns: u64) {
        let mut inner = self.0.inner.borrow_mut();
        let Some(flight) = inner.in_flight.get_mut(&id) else {
            return;
        };
        flight.envelope.due = flight.envelope.due + Duration::from_nanos(by_ns);
        if let Some(timer) = flight.timer.take() {
            self.0.sim.cancel(timer);
            flight.timer = Some(self.due_timer(id, flight.envelope.due));
        }
        drop(inner);
        self.0.trace.record(EventKind::MessageDelayed { id, by_ns });
    }

    /// Has that message, if it is in flight, arrive a second time right after.
    pub(crate) fn double(&self, id: u64) {
        let mut inner = self.0.inner.borrow_mut();
        let Some(flight) = inner.in_flight.get(&id) else {
            return;
        };
        let (envelope, held) = (flight.envelope.clone(), flight.timer.is_none());
        self.launch_copy(&mut inner, envelope, held);
    }

    /// Lets go that message, if it is held, whatever holds it.
    pub(crate) fn release_message(&self, id: u64) {
        if self.find(id) == Some(true) {
            self.0.trace.record(EventKind::MessageReleased { id });
            self.fly(id);
        }
    }

    /// Lets go, in order, the messages of the `released` traffic that nothing holds any more.
    fn let_go(&self, released: impl Fn(&Traffic) -> bool) {
        let inner = self.0.inner.borrow();
        let free = inner.in_flight.iter().filter(|(_, flight)| {
            let envelope = &flight.envelope;
            let (Endpoint::Node(from), Endpoint::Node(to)) = (envelope.from, envelope.to) else {
                return false;
            };
            let (shard, kind) = (envelope.shard, Some(envelope.payload.kind()));
            flight.timer.is_none()
                && released(&Traffic { from, to, shard, kind })
                && !inner.links.holds_back(envelope)
        });
        let free: Vec<u64> = free.map(|(id, _)| *id).collect();
        drop(inner);
        free.into_iter().for_each(|id| self.fly(id));
    }

    /// A held message goes on: it arrives when it would have, or now.
    fn fly(&self, id: u64) {
        let mut inner = self.0.inner.borrow_mut();
        if let Some(flight) = inner.in_flight.get_mut(&id) {
            flight.envelope.due = flight.envelope.due.max(self.0.sim.now());
            flight.timer = Some(self.due_timer(id, flight.envelope.due));
        }
    }

    /// What is wrong with links, by link.
    pub(crate) fn link_faults(&self) -> Vec<LinkFault> {
        let inner = self.0.inner.borrow();
        let links = &inner.links;
        let clean = |traffic| {
            let lossy = Lossy::default();
            LinkFault { traffic, cut: false, held: false, slow_ns: 0, lossy }
        };
        let stopped = links.cuts.union(&links.holds).map(|traffic| LinkFault {
            cut: links.cuts.contains(traffic),
            held: links.holds.contains(traffic),
            ..clean(*traffic)
        });
        let mut faults: Vec<LinkFault> = stopped.collect();
        for (from, to, link) in links.bad() {
            let whole = Traffic::between(from, to);
            let at = faults.iter().position(|fault| fault.traffic == whole);
            let at = at.unwrap_or_else(|| {
                faults.push(clean(whole));
                faults.len() - 1
            });
            (faults[at].slow_ns, faults[at].lossy) = (link.slow_ns, link.lossy);
        }
        few::sort_by_key(&mut faults, |fault| fault.traffic);
        faults
    }

    /// The ids of the messages in flight that are `wanted`, oldest first.
    fn flights(&self, wanted: impl Fn(&super::Flight<P>) -> bool) -> Vec<u64> {
        let inner = self.0.inner.borrow();
        inner.in_flight.iter().filter(|(_, flight)| wanted(flight)).map(|(id, _)| *id).collect()
    }
}
