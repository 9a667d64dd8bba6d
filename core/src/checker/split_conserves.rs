//! S4, a split conserves: the two halves together are what the parent had, nothing twice, and every
//! replica that applies it cuts in the same way (TiKV: `exec_batch_split`; CockroachDB:
//! `splitTrigger` and its stats check).
//!
//! The digests of data are sums over pairs, so they add up if and only if, but for a chance of
//! 2^-64, the data does.

use std::collections::BTreeMap;

use super::Property;
use crate::event::{Event, EventKind};
use crate::id::ShardId;
use crate::key::Descriptor;
use crate::trace::digest_of;

/// See the module.
#[derive(Default)]
pub(crate) struct SplitConserves {
    /// What each split was, by parent and version after it. One small row a split, as the cluster
    /// keeps a shard for it.
    splits: BTreeMap<(ShardId, u64), Halves>,
}

/// How the first replica split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Halves {
    left: u64,
    right: u64,
    /// Of both descriptors.
    shapes: u64,
}

impl Property for SplitConserves {
    fn id(&self) -> &'static str {
        "S4"
    }

    fn name(&self) -> &'static str {
        "a split conserves"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        let EventKind::SplitApplied { node, parent, child, before, left, right, .. } = &event.kind
        else {
            return Ok(());
        };
        *compared += 1;
        let Descriptor { shard, epoch, .. } = parent;
        if *before != left.wrapping_add(*right) {
            return Err(format!(
                "{node} split {shard} with data {before:016x} into {left:016x} and {right:016x}"
            ));
        }
        let now = Halves { left: *left, right: *right, shapes: digest_of(&(parent, child)) };
        let first = *self.splits.entry((*shard, epoch.version)).or_insert(now);
        if first == now {
            return Ok(());
        }
        let what = if first.shapes == now.shapes { "with other data" } else { "in another way" };
        Err(format!("{node} split {shard} {what} than the first, to {epoch}: {parent} and {child}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, split};
    use super::*;

    #[test]
    fn every_replica_splits_into_the_same_halves_also_again_after_a_restart() {
        let mut story = Story::new(SplitConserves::default());
        for node in [1, 2, 3, 1] {
            story.fine(split(node));
        }
        assert_eq!(story.compared, 4);
    }

    #[test]
    fn lost_data_other_data_and_other_shapes_are_found() {
        let mut story = Story::new(SplitConserves::default());
        story.fine(split(1));
        let change = |change: fn(&mut u64, &mut u64, &mut Descriptor)| {
            let mut kind = split(2);
            if let EventKind::SplitApplied { left, right, child, .. } = &mut kind {
                change(left, right, child);
            }
            kind
        };
        story.wrong(change(|left, _, _| *left -= 1), "into 0000000000000009");
        let moved = |left: &mut u64, right: &mut u64, _: &mut Descriptor| {
            *left -= 1;
            *right += 1;
        };
        story.wrong(change(moved), "with other data");
        story.wrong(change(|_, _, child| child.members[0].replica.0 += 10), "in another way");
    }
}
