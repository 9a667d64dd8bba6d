//! One direction from an endpoint to another, and the table of all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Endpoint;
use crate::id::NodeId;
use crate::sim::{Rng, Time};

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
    rng: Rng,
    latency_ns: (u64, u64),
}

impl Links {
    pub(crate) fn new(rng: Rng, latency_ns: (u64, u64)) -> Self {
        Self { table: BTreeMap::new(), rng, latency_ns }
    }

    pub(crate) fn between(&mut self, from: Endpoint, to: Endpoint) -> &mut Link {
        let Self { table, rng, latency_ns: (low, high) } = self;
        table.entry((from, to)).or_insert_with(|| Link {
            latency_ns: *low + rng.below(*high - *low + 1),
            cut: false,
            busy_until: Time::ZERO,
        })
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

    pub(crate) fn mean_round_trip(&mut self, nodes: u16) -> Duration {
        let pairs =
            (1..=nodes).flat_map(|a| (1..=nodes).map(move |b| (a, b))).filter(|(a, b)| a < b);
        let (mut sum, mut count) = (0u64, 0);
        for (a, b) in pairs {
            let (a, b) = (Endpoint::Node(NodeId(a)), Endpoint::Node(NodeId(b)));
            sum += self.between(a, b).latency_ns + self.between(b, a).latency_ns;
            count += 1;
        }
        Duration::from_nanos(sum.checked_div(count).unwrap_or(0))
    }
}
