//! S2, on one node the ranges of live replicas never overlap (TiKV: `meta.region_ranges` in
//! `components/raftstore/src/store/fsm/store.rs`, and the overlap check before a snapshot is
//! applied).
//!
//! The order of a split's events: it is applied and the parent shrinks, then the child starts.
//! After a restart a node's replicas are looked at again as they start.

use std::collections::BTreeMap;

use litemap::LiteMap;

use super::Property;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Key, KeyRange};

/// See the module.
#[derive(Default)]
pub(crate) struct NoOverlap {
    nodes: LiteMap<NodeId, Held>,
}

/// What one node holds. One small row for each live replica that has a range.
#[derive(Default)]
struct Held {
    replicas: LiteMap<ShardId, (ReplicaId, KeyRange)>,
    /// First key of each range, so that only its neighbours are looked at.
    starts: BTreeMap<Key, ShardId>,
}

impl Held {
    fn remove(&mut self, shard: ShardId) {
        if let Some((_, range)) = self.replicas.remove(&shard)
            && self.starts.get(&range.start) == Some(&shard)
        {
            self.starts.remove(&range.start);
        }
    }

    /// Puts in what `replica` holds now; returns a shard that overlaps it.
    fn put(&mut self, shard: ShardId, replica: ReplicaId, range: KeyRange) -> Option<ShardId> {
        self.remove(shard);
        // The ones before do not overlap each other, so the last that begins before the end is the
        // one that may.
        let neighbour = self.starts.range(..range.end).next_back().map(|(_, shard)| *shard);
        let overlaps = neighbour.filter(|neighbour| {
            let held = self.replicas.get(neighbour).map(|(_, held)| held);
            held.is_some_and(|held| held.overlaps(&range))
        });
        self.replicas.insert(shard, (replica, range));
        self.starts.insert(range.start, shard);
        overlaps
    }
}

impl Property for NoOverlap {
    fn id(&self) -> &'static str {
        "S2"
    }

    fn name(&self) -> &'static str {
        "no overlap on a node"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        let (node, shard, replica, range) = match event.kind {
            EventKind::ReplicaStarted { node, shard, replica, range: Some(range), .. }
            | EventKind::SnapshotInstalled { node, shard, replica, range, .. } => {
                (node, shard, replica, range)
            }
            EventKind::SplitApplied { node, ref parent, replica, .. } => {
                let held = self.nodes.entry(node).or_default();
                if !held.replicas.contains_key(&parent.shard) {
                    // Applied again while it comes back: it is looked at when it has.
                    return Ok(());
                }
                (node, parent.shard, replica, parent.range)
            }
            EventKind::ReplicaDestroyed { node, shard, replica, .. } => {
                let held = self.nodes.entry(node).or_default();
                if held.replicas.get(&shard).is_some_and(|(id, _)| *id == replica) {
                    held.remove(shard);
                }
                return Ok(());
            }
            EventKind::NodeCrashed { node, .. } => {
                self.nodes.remove(&node);
                return Ok(());
            }
            _ => return Ok(()),
        };
        *compared += 1;
        match self.nodes.entry(node).or_default().put(shard, replica, range) {
            None => Ok(()),
            Some(other) => Err(format!("{node} holds {range} of {shard}, which overlaps {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, crashed, destroyed, installed, split, started};
    use super::*;
    use crate::event::Origin;

    /// `n1` holds keys 1..=200 of shard_a, and 201..=300 of shard_c.
    fn story() -> Story<NoOverlap> {
        let mut story = Story::new(NoOverlap::default());
        story.fine(started((1, 1, 1), Origin::Bootstrap, Some((1, 200))));
        story.fine(started((1, 3, 9), Origin::Bootstrap, Some((201, 300))));
        story
    }

    #[test]
    fn a_split_a_snapshot_a_destruction_and_a_restart_leave_ranges_apart() {
        let mut story = story();
        story.fine(split(1));
        story.fine(started((1, 2, 4), Origin::Split, Some((101, 200))));
        story.fine(destroyed((1, 2, 4)));
        story.fine(started((1, 2, 12), Origin::Message, None));
        story.fine(installed((1, 2, 12), 40, (101, 200), 0));
        story.fine(started((2, 4, 7), Origin::Message, Some((1, 200))));
        story.fine(crashed(1));
        story.fine(split(1));
        story.fine(started((1, 2, 12), Origin::Restart, Some((101, 200))));
        story.fine(started((1, 1, 1), Origin::Restart, Some((1, 100))));
        assert_eq!(story.compared, 8);
    }

    #[test]
    fn a_child_or_a_snapshot_over_a_live_range_is_found() {
        story().wrong(started((1, 2, 4), Origin::Split, Some((101, 200))), "overlaps shard_a");
        story().wrong(installed((1, 2, 4), 8, (150, 160), 0), "overlaps shard_a");
        story().wrong(installed((1, 2, 4), 8, (200, 250), 0), "overlaps shard_c");
        story().wrong(installed((1, 2, 4), 8, (1, 500), 0), "overlaps shard_c");
        let mut late = story();
        late.fine(destroyed((1, 1, 99)));
        late.wrong(installed((1, 2, 4), 8, (1, 50), 0), "overlaps shard_a");
    }
}
