//! What was seen at each log index of each shard, for as long as some replica may still come by.
//!
//! A replica comes back, at the earliest, right behind its last durable snapshot, and a new one
//! gets a snapshot of one that lives. So what lies at or below the oldest snapshot of a shard's
//! replicas is never compared again, and goes. A replica that never comes back would hold that up
//! for ever, so there is a bound as well. Used by `R5` and `R7`.

use std::collections::BTreeMap;

use litemap::LiteMap;

use crate::event::EventKind;
use crate::id::{ReplicaId, ShardId};

/// Most indices remembered, shared out among the shards: some tens of megabytes if nodes stay down
/// for hours.
const INDICES_MAX: usize = 1 << 18;
/// Fewest that a shard may keep, however many shards there are: more than the log that OpenRaft
/// keeps by default.
const INDICES_MIN: usize = 256;

/// See the module.
pub(super) struct History<T> {
    shards: LiteMap<ShardId, Shard<T>>,
}

struct Shard<T> {
    seen: BTreeMap<u64, T>,
    /// Nothing at or below this index is remembered, nor will be.
    forgotten: u64,
    /// Each replica's last durable snapshot, 0 before its first.
    snapshots: LiteMap<ReplicaId, u64>,
}

impl<T> Default for Shard<T> {
    fn default() -> Self {
        Self { seen: BTreeMap::new(), forgotten: 0, snapshots: LiteMap::new() }
    }
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { shards: LiteMap::new() }
    }
}

impl<T: Copy> History<T> {
    /// Takes note of replicas that come and go, and of their snapshots.
    pub(super) fn follow(&mut self, kind: &EventKind) {
        match *kind {
            EventKind::ReplicaStarted { shard, replica, .. } => {
                self.shards.entry(shard).or_default().snapshots.entry(replica).or_insert(0);
            }
            EventKind::SnapshotTaken { shard, replica, index, .. }
            | EventKind::SnapshotInstalled { shard, replica, index, .. } => {
                let known = self.shards.entry(shard).or_default();
                let snapshot = known.snapshots.entry(replica).or_insert(0);
                *snapshot = index.max(*snapshot);
                known.forget_covered();
            }
            EventKind::ReplicaDestroyed { shard, replica, .. } => {
                if let Some(known) = self.shards.get_mut(&shard) {
                    known.snapshots.remove(&replica);
                    known.forget_covered();
                }
            }
            _ => {}
        }
    }

    /// What was seen at `index` of `shard` earlier; if nothing, remembers `now` for those who come
    /// later.
    pub(super) fn earlier(&mut self, shard: ShardId, index: u64, now: T) -> Option<T> {
        let most = (INDICES_MAX / self.shards.len().max(1)).max(INDICES_MIN);
        let known = self.shards.entry(shard).or_default();
        if index <= known.forgotten {
            return None;
        }
        if let Some(earlier) = known.seen.get(&index) {
            return Some(*earlier);
        }
        known.seen.insert(index, now);
        while known.seen.len() > most {
            let oldest = known.seen.pop_first();
            known.forgotten = oldest.map_or(known.forgotten, |(index, _)| index);
        }
        None
    }

    /// What was seen at `index` of `shard`.
    pub(super) fn seen(&self, shard: ShardId, index: u64) -> Option<T> {
        self.shards.get(&shard)?.seen.get(&index).copied()
    }
}

impl<T> Shard<T> {
    fn forget_covered(&mut self) {
        let covered = self.snapshots.values().min().copied().unwrap_or(0);
        while let Some(oldest) = self.seen.first_entry().filter(|oldest| *oldest.key() < covered) {
            oldest.remove();
        }
        // The entry at the snapshot itself stays: that is what an installed one is compared with.
        self.forgotten = self.forgotten.max(covered.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{destroyed, installed, snapshot_taken, started};
    use super::*;
    use crate::event::Origin;

    const SHARD: ShardId = ShardId(1);

    #[test]
    fn what_every_replica_has_in_a_snapshot_is_forgotten_and_not_taken_up_again() {
        let mut history = History::default();
        for replica in 1..=2 {
            history.follow(&started((1, 1, replica), Origin::Bootstrap, Some((1, 9))));
        }
        (6..=20).for_each(|index| assert_eq!(history.earlier(SHARD, index, index), None));
        history.follow(&snapshot_taken((1, 1, 1), 15));
        assert_eq!(history.earlier(SHARD, 6, 99), Some(6), "the other one may still come by");
        history.follow(&installed((2, 1, 2), 12, (1, 9), 0));
        assert_eq!((history.seen(SHARD, 11), history.seen(SHARD, 12)), (None, Some(12)));
        assert_eq!(history.earlier(SHARD, 8, 99), None);
        assert_eq!(history.seen(SHARD, 8), None);
        history.follow(&destroyed((2, 1, 2)));
        assert_eq!((history.seen(SHARD, 14), history.seen(SHARD, 15)), (None, Some(15)));
    }

    #[test]
    fn a_replica_that_never_comes_back_holds_up_only_so_much() {
        let mut history = History::default();
        history.follow(&started((1, 1, 1), Origin::Bootstrap, Some((1, 9))));
        let many = INDICES_MAX as u64 + 10;
        (1..=many).for_each(|index| assert_eq!(history.earlier(SHARD, index, ()), None));
        assert_eq!((history.seen(SHARD, 10), history.seen(SHARD, 11)), (None, Some(())));
    }
}
