//! One direction from an endpoint to another, and the table of all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Endpoint;
use crate::id::NodeId;
use crate::sim::Time;
use crate::trace::digest_of;

/// One direction from an endpoint to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// What every message takes at least; drawn once from the seed.
    pub(crate) latency_ns: u64,
    /// Nothing passes.
    pub(crate) cut: bool,
    /// When the last message sent on it arrives.
    pub(crate) busy_until: Time,
}

/// All links that were ever used; each is made at its first use.
pub(crate) struct Links {
    table: BTreeMap<(Endpoint, Endpoint), Link>,
    seed: u64,
    latency_ns: (u64, u64),
}

impl Links {
    pub(crate) fn new(seed: u64, latency_ns: (u64, u64)) -> Self {
        Self { table: BTreeMap::new(), seed, latency_ns }
    }

    pub(crate) fn between(&mut self, from: Endpoint, to: Endpoint) -> &mut Link {
        let latency_ns = self.latency_ns(from, to);
        let fresh = || Link { latency_ns, cut: false, busy_until: Time::ZERO };
        self.table.entry((from, to)).or_insert_with(fresh)
    }

    /// From the seed and the link's ends alone, so that it does not matter when a link is first
    /// used or looked at.
    fn latency_ns(&self, from: Endpoint, to: Endpoint) -> u64 {
        let (low, high) = self.latency_ns;
        low + digest_of(&(self.seed, from, to)) % (high - low + 1)
    }

    pub(crate) fn is_cut(&self, from: Endpoint, to: Endpoint) -> bool {
        self.table.get(&(from, to)).is_some_and(|link| link.cut)
    }

    pub(crate) fn heal(&mut self) {
        self.table.values_mut().for_each(|link| link.cut = false);
    }

    pub(crate) fn cut_links(&self) -> Vec<(NodeId, NodeId)> {
        let cut = self.table.iter().filter(|(_, link)| link.cut);
        cut.filter_map(|((from, to), _)| match (from, to) {
            (Endpoint::Node(from), Endpoint::Node(to)) => Some((*from, *to)),
            _ => None,
        })
        .collect()
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
