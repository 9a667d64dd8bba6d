//! How many operations each shard and each part of the key space served in the last second, and how
//! long those took.

use std::collections::VecDeque;
use std::time::Duration;

use litemap::LiteMap;

use super::figures::{Answered, Latency};
use crate::event::{Event, EventKind};
use crate::id::{ClientId, ShardId};
use crate::key::KeyRange;
use crate::placement::hot::HOT_OPERATIONS;
use crate::sim::Time;

/// Parts into which the key space is cut for the picture.
pub(crate) const BUCKETS: u64 = 50;
/// Rates are over this window.
const WINDOW: Duration = Duration::from_secs(1);
/// Most operations remembered: more than the cluster can serve in one window.
const REMEMBERED_MAX: usize = 1 << 16;

/// See the module.
pub(crate) struct Heat {
    space: KeyRange,
    served: VecDeque<Answered>,
    /// The newest range of each shard, as splits and starts told it.
    ranges: LiteMap<ShardId, KeyRange>,
}

impl Heat {
    pub(crate) fn new(space: KeyRange) -> Self {
        Self { space, served: VecDeque::new(), ranges: LiteMap::new() }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        match &event.kind {
            EventKind::ReplicaStarted { shard, range: Some(range), .. } => {
                self.ranges.entry(*shard).or_insert(*range);
            }
            EventKind::SplitApplied { parent, child, .. } => {
                for d in [parent, child] {
                    let known = self.ranges.entry(d.shard).or_insert(d.range);
                    if d.range.width() < known.width() {
                        *known = d.range;
                    }
                }
            }
            _ => {}
        }
    }

    /// A client was answered.
    pub(crate) fn answered(&mut self, answered: Answered) {
        if self.served.len() == REMEMBERED_MAX {
            self.served.pop_front();
        }
        let now = answered.at;
        self.served.push_back(answered);
        while self.served.front().is_some_and(|first| now.since(first.at) > WINDOW) {
            self.served.pop_front();
        }
    }

    fn recent(&self, now: Time) -> impl Iterator<Item = &Answered> {
        self.served.iter().filter(move |answered| now.since(answered.at) <= WINDOW)
    }

    /// How long operations on the shard's keys took.
    pub(crate) fn latency(&self, shard: ShardId, now: Time) -> Latency {
        let Some(range) = self.ranges.get(&shard) else {
            return Latency::default();
        };
        let of = self.recent(now).filter(|answered| range.contains(answered.key));
        Latency::of(of.map(|answered| answered.took_ns))
    }

    /// How long a client's operations took.
    pub(crate) fn latency_of(&self, client: ClientId, now: Time) -> Latency {
        let of = self.recent(now).filter(|answered| answered.client == client);
        Latency::of(of.map(|answered| answered.took_ns))
    }

    pub(crate) fn operations(&self, shard: ShardId, now: Time) -> u32 {
        let Some(range) = self.ranges.get(&shard) else {
            return 0;
        };
        u32::try_from(self.recent(now).filter(|a| range.contains(a.key)).count())
            .unwrap_or(u32::MAX)
    }

    pub(crate) fn is_hot(&self, shard: ShardId, now: Time) -> bool {
        self.operations(shard, now) >= HOT_OPERATIONS
    }

    /// Operations in equal parts of the key space.
    pub(crate) fn buckets(&self, now: Time) -> Vec<u32> {
        let (start, width) = (self.space.start.0, self.space.width());
        let count = BUCKETS.min(width);
        let mut buckets = vec![0u32; usize::try_from(count).unwrap_or(1)];
        for answered in self.recent(now) {
            let at = usize::try_from((answered.key.0 - start) * count / width).unwrap_or(0);
            if let Some(bucket) = buckets.get_mut(at) {
                *bucket += 1;
            }
        }
        buckets
    }
}
