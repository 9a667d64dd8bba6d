//! One direction from an endpoint to another, and the table of all of them with what is wrong with
//! them.

use std::collections::BTreeSet;
use std::time::Duration;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

use super::{Endpoint, Envelope, Payload, Places, Traffic};
use crate::id::NodeId;
use crate::sim::Time;
use crate::trace::digest_of;

/// One direction from an endpoint to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// What every message takes at least; drawn once from the seed.
    pub(crate) latency_ns: u64,
    /// What every message takes on top of that.
    pub(crate) slow_ns: u64,
    /// What becomes of some messages.
    pub(crate) lossy: Lossy,
    /// When the last message sent on it arrives.
    pub(crate) busy_until: Time,
}

/// From a client to the node that it sits beside: within a data centre.
const NEXT_DOOR_NS: u64 = 200_000;

/// What a bad link does to some of its messages, as UDP would show it. All zero: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lossy {
    /// Of a thousand messages, how many are lost.
    pub loss_permille: u16,
    /// Of a thousand messages, how many arrive twice.
    pub duplicate_permille: u16,
    /// How much longer a message may take, drawn for each: later ones may overtake it.
    pub reorder_ns: u64,
}

/// All links that were ever used; each is made at its first use.
pub(crate) struct Links {
    table: LiteMap<(Endpoint, Endpoint), Link>,
    /// What is lost. Few: a person or a swarm names them one by one.
    pub(super) cuts: BTreeSet<Traffic>,
    /// What waits.
    pub(super) holds: BTreeSet<Traffic>,
    seed: u64,
    latency_ns: (u64, u64),
    places: Places,
}

impl Links {
    pub(crate) fn new(seed: u64, latency_ns: (u64, u64), places: Places) -> Self {
        let (table, cuts, holds) = Default::default();
        Self { table, cuts, holds, seed, latency_ns, places }
    }

    pub(crate) fn between(&mut self, from: Endpoint, to: Endpoint) -> &mut Link {
        let latency_ns = self.latency_ns(from, to);
        let (slow_ns, lossy, busy_until) = Default::default();
        let fresh = || Link { latency_ns, slow_ns, lossy, busy_until };
        self.table.entry((from, to)).or_insert_with(fresh)
    }

    /// From the seed and the link's ends alone, so that it does not matter when a link is first
    /// used or looked at.
    fn latency_ns(&self, from: Endpoint, to: Endpoint) -> u64 {
        let (low, high) = self.latency_ns;
        let (from, to) = (self.places.of(from), self.places.of(to));
        if from == to {
            return NEXT_DOOR_NS;
        }
        let drawn = low + digest_of(&(self.seed, from, to)) % (high - low + 1);
        drawn + self.places.apart_ns(from, to)
    }

    /// Whether all of `traffic` is lost.
    pub(crate) fn is_cut(&self, traffic: &Traffic) -> bool {
        self.cuts.iter().any(|cut| cut.includes(traffic))
    }

    /// Whether nothing of `traffic` arrives: it is lost, or it waits.
    pub(crate) fn is_stopped(&self, traffic: &Traffic) -> bool {
        self.is_cut(traffic) || self.holds.iter().any(|hold| hold.includes(traffic))
    }

    pub(super) fn cuts_off<P: Payload>(&self, envelope: &Envelope<P>) -> bool {
        self.cuts.iter().any(|cut| cut.covers(envelope))
    }

    pub(super) fn holds_back<P: Payload>(&self, envelope: &Envelope<P>) -> bool {
        self.holds.iter().any(|hold| hold.covers(envelope))
    }

    /// Makes the link of `traffic` clean again, or that part of it. False if it was.
    pub(super) fn heal(&mut self, traffic: &Traffic) -> bool {
        if !traffic.is_whole() {
            return self.cuts.remove(traffic) | self.holds.remove(traffic);
        }
        let before = self.cuts.len() + self.holds.len();
        self.cuts.retain(|cut| !traffic.includes(cut));
        self.holds.retain(|hold| !traffic.includes(hold));
        let mut dirty = self.cuts.len() + self.holds.len() < before;
        let ends = (Endpoint::Node(traffic.from), Endpoint::Node(traffic.to));
        if let Some(link) = self.table.get_mut(&ends) {
            dirty |= link.slow_ns > 0 || link.lossy != Lossy::default();
            (link.slow_ns, link.lossy) = Default::default();
        }
        dirty
    }

    /// Makes every link clean again.
    pub(super) fn heal_all(&mut self) {
        self.cuts.clear();
        self.holds.clear();
        for (_, link) in &mut self.table {
            (link.slow_ns, link.lossy) = Default::default();
        }
    }

    /// The links between nodes that are slow or lossy.
    pub(super) fn bad(&self) -> impl Iterator<Item = (NodeId, NodeId, Link)> {
        let bad = |link: &Link| link.slow_ns > 0 || link.lossy != Lossy::default();
        self.table.iter().filter(move |(_, link)| bad(link)).filter_map(|(ends, link)| match ends {
            (Endpoint::Node(from), Endpoint::Node(to)) => Some((*from, *to, *link)),
            _ => None,
        })
    }

    pub(crate) fn mean_round_trip(&self, nodes: u16) -> Duration {
        let pairs =
            (1..=nodes).flat_map(|a| (1..=nodes).map(move |b| (a, b))).filter(|(a, b)| a < b);
        let (mut sum, mut count) = (0u64, 0);
        for (a, b) in pairs {
            let (a, b) = (Endpoint::Node(NodeId(a)), Endpoint::Node(NodeId(b)));
            sum += self.latency_ns(a, b) + self.latency_ns(b, a);
            count += 1;
        }
        Duration::from_nanos(sum.checked_div(count).unwrap_or(0))
    }
}
