//! How many operations each shard and each part of the key space served in the last second.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::event::{Event, EventKind, Outcome};
use crate::id::ShardId;
use crate::key::{Key, KeyRange};
use crate::sim::Time;

/// Parts into which the key space is cut for the picture.
pub(crate) const BUCKETS: u64 = 50;
/// Rates are over this window.
const WINDOW: Duration = Duration::from_secs(1);
/// Operations a second above which a shard is hot (TiKV's load-based split: `split.qps-threshold`,
/// scaled to this cluster's few closed-loop clients).
const HOT_OPERATIONS: u32 = 120;
/// Most operations remembered: more than the cluster can serve in one window.
const REMEMBERED_MAX: usize = 1 << 16;

/// See the module.
pub(crate) struct Heat {
    space: KeyRange,
    served: VecDeque<(Time, Key)>,
    /// The newest range of each shard, as splits and starts told it.
    ranges: BTreeMap<ShardId, KeyRange>,
}

impl Heat {
    pub(crate) fn new(space: KeyRange) -> Self {
        Self { space, served: VecDeque::new(), ranges: BTreeMap::new() }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Completed { outcome: Outcome::Ok, key, .. } => {
                if self.served.len() == REMEMBERED_MAX {
                    self.served.pop_front();
                }
                self.served.push_back((event.time, *key));
                while self.served.front().is_some_and(|(at, _)| event.time.since(*at) > WINDOW) {
                    self.served.pop_front();
                }
            }
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

    fn recent(&self, now: Time) -> impl Iterator<Item = Key> {
        self.served.iter().filter(move |(at, _)| now.since(*at) <= WINDOW).map(|(_, key)| *key)
    }

    pub(crate) fn operations(&self, shard: ShardId, now: Time) -> u32 {
        let Some(range) = self.ranges.get(&shard) else {
            return 0;
        };
        u32::try_from(self.recent(now).filter(|key| range.contains(*key)).count())
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
        for key in self.recent(now) {
            let at = usize::try_from((key.0 - start) * count / width).unwrap_or(0);
            if let Some(bucket) = buckets.get_mut(at) {
                *bucket += 1;
            }
        }
        buckets
    }
}
