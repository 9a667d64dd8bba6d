//! S7, a stale epoch never has an effect: every write that is applied lies in what its shard holds
//! at that log index, and named the version that the shard has there (TiKV: `check_region_epoch`
//! when a command is applied; CockroachDB: `checkForcedErr` on a lease or descriptor that has
//! changed).
//!
//! A shard's range and version are a matter of the log index alone, so this looks at the splits in
//! the log, not at what any replica believes: a replica that forgot to shrink is found by its first
//! write.

use std::collections::VecDeque;

use litemap::LiteMap;

use super::Property;
use crate::event::{Event, EventKind, Origin};
use crate::id::ShardId;
use crate::key::{Descriptor, KeyRange};

/// How many of a shard's last splits are remembered, for replicas that apply old entries again: the
/// log that is kept is rarely longer than two.
const SPLITS_MAX: usize = 16;

/// See the module.
#[derive(Default)]
pub(crate) struct StaleEpoch {
    /// What each shard was, from which index on, oldest first.
    shards: LiteMap<ShardId, VecDeque<Shape>>,
}

#[derive(Clone, Copy)]
struct Shape {
    /// It is this behind that index.
    index: u64,
    range: KeyRange,
    version: u64,
}

impl StaleEpoch {
    /// The shard begins like this, if it has not begun.
    fn begin(&mut self, shard: ShardId, range: KeyRange, version: u64) {
        let shapes = self.shards.entry(shard).or_default();
        if shapes.is_empty() {
            shapes.push_back(Shape { index: 0, range, version });
        }
    }

    fn split(&mut self, parent: &Descriptor, child: &Descriptor, index: u64) {
        self.begin(child.shard, child.range, child.epoch.version);
        let shapes = self.shards.entry(parent.shard).or_default();
        if shapes.back().is_none_or(|last| last.index < index) {
            let (range, version) = (parent.range, parent.epoch.version);
            shapes.push_back(Shape { index, range, version });
        }
        if shapes.len() > SPLITS_MAX {
            shapes.pop_front();
        }
    }
}

impl Property for StaleEpoch {
    fn id(&self) -> &'static str {
        "S7"
    }

    fn name(&self) -> &'static str {
        "a stale epoch has no effect"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match &event.kind {
            EventKind::ReplicaStarted {
                shard,
                origin: Origin::Bootstrap,
                range: Some(range),
                epoch,
                ..
            } => self.begin(*shard, *range, epoch.version),
            EventKind::SplitApplied { parent, child, index, .. } => {
                self.split(parent, child, *index);
            }
            EventKind::WriteApplied { node, shard, index, key, version, .. } => {
                let shapes = self.shards.get(shard).into_iter().flatten();
                let Some(now) = shapes.rev().find(|shape| shape.index < *index) else {
                    return Ok(());
                };
                *compared += 1;
                if !now.range.contains(*key) {
                    return Err(format!(
                        "{node} applied a write of key {key} at {index} of {shard}, which holds {}",
                        now.range
                    ));
                }
                if *version != now.version {
                    return Err(format!(
                        "{node} applied a write that named version {version} at {index} of {shard}, \
                         which is at version {}",
                        now.version
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, split, started, wrote, wrote_at_version};
    use super::*;

    /// shard_a was split at index 9.
    fn story() -> Story<StaleEpoch> {
        let mut story = Story::new(StaleEpoch::default());
        story.fine(started((1, 1, 1), Origin::Bootstrap, Some((1, 200))));
        story.fine(wrote((1, 1, 1), 8, (1, 1), (150, 1)));
        story.fine(split(1));
        story
    }

    #[test]
    fn writes_name_what_the_shard_is_where_they_are_applied() {
        let mut story = story();
        story.fine(wrote_at_version(2, (1, 1, 1), 10, (1, 2), (100, 2)));
        story.fine(wrote_at_version(2, (1, 2, 4), 6, (1, 3), (101, 3)));
        story.fine(wrote((2, 1, 2), 8, (1, 1), (150, 1)));
        assert_eq!(story.compared, 4, "the last one by a replica that is still behind the split");
    }

    #[test]
    fn a_write_from_before_the_split_that_takes_effect_after_it_is_found() {
        story().wrong(wrote((1, 1, 1), 10, (1, 2), (150, 2)), "which holds [1..100]");
        story().wrong(wrote((1, 1, 1), 10, (1, 2), (50, 2)), "which is at version 2");
        story().wrong(wrote((1, 2, 4), 6, (1, 2), (100, 2)), "which holds [101..200]");
    }
}
