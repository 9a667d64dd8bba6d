//! S13, a parent past a split has left its child: in every durable image, a replica that was a
//! member when its shard was split and has the split in its snapshot stands beside the child that
//! the split named for its node, initialized, or a tombstone of that one, or a newer replica of the
//! child's shard (TiKV: `apply_batch_split` writes the child's region state in the same batch as the
//! parent's; CockroachDB: `splitPreApply`).
//!
//! A crash may come between any two batches, so the image is looked at behind each one that becomes
//! durable, not only where a crash happened to come.

use std::collections::BTreeMap;

use super::Property;
use super::disks::{Disks, Image};
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::probe::{Fact, RowFact};

/// See the module.
#[derive(Default)]
pub(crate) struct SplitLeavesChild {
    /// What each node owes, by parent and index of the split. One small row for each split that a
    /// live replica has applied.
    owed: BTreeMap<(NodeId, ReplicaId, u64), Child>,
}

#[derive(Clone, Copy)]
struct Child {
    shard: ShardId,
    replica: ReplicaId,
    /// The parent's durable snapshot is past the split.
    is_due: bool,
}

impl Child {
    fn is_there(&self, image: &Image) -> bool {
        image.iter().any(|(replica, rows)| {
            rows.shard == Some(self.shard)
                && (*replica > self.replica
                    || (*replica == self.replica && (rows.destroyed || rows.is_initialized())))
        })
    }
}

impl Property for SplitLeavesChild {
    fn id(&self) -> &'static str {
        "S13"
    }

    fn name(&self) -> &'static str {
        "a split leaves its child"
    }

    fn check(&mut self, event: &Event, _: &mut u64) -> Result<(), String> {
        if let EventKind::SplitApplied { node, parent, child, replica, index, .. } = &event.kind
            && parent.members.iter().any(|m| m.replica == *replica)
            && let Some(here) = child.member_on(*node)
        {
            let child = Child { shard: child.shard, replica: here.replica, is_due: false };
            self.owed.entry((*node, *replica, *index)).or_insert(child);
        }
        if let EventKind::NodeCrashed { node, .. } = event.kind {
            // What was applied and not durable has not happened: it is applied again, or the parent
            // comes past it by a snapshot, and the child by one of its own.
            self.owed.retain(|(at, ..), child| *at != node || child.is_due);
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        if let Fact::DiskLost { node } = fact {
            self.owed.retain(|(at, ..), _| at != node);
        }
        let Fact::Durable { node, rows } = fact else { return Ok(()) };
        let Some(image) = disks.durable_on(*node) else { return Ok(()) };
        for row in rows.iter() {
            let touched = match *row {
                RowFact::Snapshot { replica, .. }
                | RowFact::Record { replica, .. }
                | RowFact::Deleted { replica } => replica,
                _ => continue,
            };
            if image.get(&touched).is_none_or(|rows| rows.destroyed) {
                let gone = (*node, touched, 0)..=(*node, touched, u64::MAX);
                self.owed.extract_if(gone, |_, _| true).for_each(drop);
            }
            let shard = image.get(&touched).and_then(|rows| rows.shard);
            let here = (*node, ReplicaId(0), 0)..=(*node, ReplicaId(u64::MAX), u64::MAX);
            for (&(_, parent, index), child) in self.owed.range_mut(here) {
                let passed = parent == touched
                    && !child.is_due
                    && image.get(&parent).is_some_and(|rows| rows.covered() >= index);
                child.is_due |= passed;
                let affected = Some(child.shard) == shard || child.replica == touched;
                if passed || (child.is_due && affected) {
                    *compared += 1;
                    if !child.is_there(image) {
                        return Err(format!(
                            "a crash of {node} would leave {parent} past the split at {index}, \
                             without {} of {}",
                            child.replica, child.shard
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{config, durable, first_rows, record, snapshot, written};
    use super::super::story::{Story, split};
    use super::*;

    fn both(story: &mut Story<SplitLeavesChild>, rows: Vec<RowFact>) {
        story.fine_fact(&written(1, rows.clone()));
        story.fine_fact(&durable(1, rows));
    }

    fn parent() -> RowFact {
        snapshot(1, 6, 9, config(&[&[1, 2, 3]], &[]))
    }

    /// r1 of shard_a on `n1` has applied the split at 9, which names r4 of shard_b for `n1`.
    fn story() -> Story<SplitLeavesChild> {
        let mut story = Story::new(SplitLeavesChild::default());
        both(&mut story, first_rows((1, 1, 1)));
        story.fine(split(1));
        story
    }

    #[test]
    fn parent_and_child_become_durable_together_and_the_child_goes_with_a_tombstone() {
        let mut story = story();
        let mut rows = first_rows((1, 2, 4));
        rows.push(parent());
        both(&mut story, rows);
        let gone = RowFact::Deleted { replica: ReplicaId(4) };
        both(&mut story, vec![gone.clone(), record((1, 2, 4), true)]);
        both(&mut story, vec![gone, record((1, 2, 9), false)]);
        assert!(story.compared >= 3);
    }

    #[test]
    fn a_split_that_a_crash_took_back_leaves_nothing_to_answer_for() {
        let mut story = story();
        story.fine(EventKind::NodeCrashed { node: NodeId(1), unflushed: 1 });
        both(&mut story, vec![record((1, 2, 4), false)]);
        story.fine_fact(&durable(1, vec![parent()]));
    }

    #[test]
    fn a_child_in_another_batch_and_one_that_goes_without_a_tombstone_are_found() {
        let mut late = story();
        late.fine_fact(&written(1, vec![parent()]));
        late.fine_fact(&written(1, first_rows((1, 2, 4))));
        late.wrong_fact(&durable(1, vec![parent()]), "past the split at 9, without r4 of shard_b");
        let mut lost = story();
        let mut rows = first_rows((1, 2, 4));
        rows.push(parent());
        both(&mut lost, rows);
        let gone = vec![RowFact::Deleted { replica: ReplicaId(4) }];
        lost.wrong_fact(&durable(1, gone), "without r4 of shard_b");
        let mut uninitialized = story();
        both(&mut uninitialized, vec![record((1, 2, 4), false)]);
        uninitialized.wrong_fact(&durable(1, vec![parent()]), "without r4 of shard_b");
    }
}
