//! S1, the shards tile the key space: at every committed epoch their ranges leave no gap and do not
//! overlap (what TiKV's PD checks of regions; CockroachDB's `keyranges` invariant of meta ranges).
//!
//! Ranges change by splits alone, so it is enough that the first shards tile the key space, and
//! that each split, where it is applied first, cuts just what its parent had in two.

use litemap::LiteMap;

use super::Property;
use crate::event::{Event, EventKind, Origin};
use crate::few;
use crate::id::ShardId;
use crate::key::{Descriptor, KeyRange};
use crate::options::Options;

/// See the module.
pub(crate) struct RangesTile {
    space: KeyRange,
    /// How many shards the run begins with.
    first: usize,
    /// Each shard's range and version, by the newest split of it that was applied anywhere. One
    /// small row a shard.
    shards: LiteMap<ShardId, (KeyRange, u64)>,
}

impl RangesTile {
    pub(crate) fn new(options: &Options) -> Self {
        let (space, first) = (options.key_space(), usize::from(options.initial_shards));
        Self { space, first, shards: LiteMap::new() }
    }

    /// Looks at all of the first shards, once the last of them has started.
    fn begin(&self, compared: &mut u64) -> Result<(), String> {
        let mut ranges: Vec<KeyRange> = self.shards.values().map(|(range, _)| *range).collect();
        few::sort_by_key(&mut ranges, |range| range.start);
        *compared += ranges.len() as u64;
        let mut next = self.space.start;
        for range in ranges {
            if range.start != next {
                return Err(format!("the first shards: {next} follows, but {range} is next"));
            }
            next = range.end;
        }
        if next == self.space.end {
            return Ok(());
        }
        Err(format!("the first shards end before {next}, the key space is {}", self.space))
    }

    fn split(
        &mut self,
        parent: &Descriptor,
        child: &Descriptor,
        compared: &mut u64,
    ) -> Result<(), String> {
        let version = parent.epoch.version;
        let known = self.shards.get(&parent.shard).copied();
        if known.is_some_and(|(_, known)| known >= version) {
            return Ok(());
        }
        *compared += 1;
        self.shards.insert(parent.shard, (parent.range, version));
        let twin = self.shards.insert(child.shard, (child.range, child.epoch.version));
        let Some((whole, _)) = known else {
            return Err(format!("{} was split, but never began", parent.shard));
        };
        if let Some((range, _)) = twin {
            return Err(format!("{} has {range}, and gets {}", child.shard, child.range));
        }
        if whole.split_at(child.range.start) == Some((parent.range, child.range)) {
            return Ok(());
        }
        Err(format!(
            "{} had {whole}, and was split into {} and {}",
            parent.shard, parent.range, child.range
        ))
    }
}

impl Property for RangesTile {
    fn id(&self) -> &'static str {
        "S1"
    }

    fn name(&self) -> &'static str {
        "ranges tile the key space"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match &event.kind {
            EventKind::ReplicaStarted {
                shard,
                origin: Origin::Bootstrap,
                range: Some(range),
                epoch,
                ..
            } if !self.shards.contains_key(shard) => {
                self.shards.insert(*shard, (*range, epoch.version));
                if self.shards.len() == self.first { self.begin(compared) } else { Ok(()) }
            }
            EventKind::SplitApplied { parent, child, .. } => self.split(parent, child, compared),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, split, started};
    use super::*;

    /// Two shards that begin with these keys of 1..=400.
    fn two(first: (u64, u64), second: (u64, u64)) -> (Story<RangesTile>, EventKind) {
        let options = Options { last_key: 400, initial_shards: 2, ..Options::default() };
        let mut story = Story::new(RangesTile::new(&options));
        story.fine(started((1, 1, 1), Origin::Bootstrap, Some(first)));
        story.fine(started((2, 1, 2), Origin::Bootstrap, Some(first)));
        (story, started((1, 3, 7), Origin::Bootstrap, Some(second)))
    }

    #[test]
    fn the_first_shards_and_each_split_leave_no_gap_and_no_overlap() {
        let (mut story, last) = two((1, 200), (201, 400));
        story.fine(last);
        (1..=3).for_each(|node| story.fine(split(node)));
        assert_eq!(story.compared, 3, "two shards, and one split where it was applied first");
    }

    #[test]
    fn a_gap_or_an_overlap_at_the_beginning_is_found() {
        for second in [(202, 400), (200, 400), (201, 399)] {
            let (mut story, last) = two((1, 200), second);
            story.wrong(last, "the first shards");
        }
    }

    #[test]
    fn a_split_of_something_else_than_the_parent_had_is_found() {
        for whole in [(1, 199), (1, 201), (2, 200)] {
            let (mut story, last) = two(whole, (201, 400));
            drop(story.tell(last));
            story.wrong(split(1), "was split into [1..100] and [101..200]");
        }
        let (mut story, _) = two((1, 200), (201, 400));
        story.fine(started((1, 2, 9), Origin::Bootstrap, Some((201, 400))));
        story.wrong(split(1), "shard_b has [201..400], and gets [101..200]");
    }
}
