//! S5, nothing lost or doubled: what a replica's state holds, counted key by key, is what the
//! entries up to there have left, and no key of it lies outside its range (TiKV: `ComputeHash` and
//! `VerifyHash` in `components/raftstore/src/store/worker/consistency_check.rs`; CockroachDB:
//! `replica_consistency.go`).
//!
//! A model of every shard is built from the writes and splits in the order in which they are applied
//! first. Each replica is held to it when it starts, when it has installed a snapshot, and when it
//! begins to lead: that is all of a migration, from the snapshot that brings the data to the leader
//! that serves it. `R5` compares the digests that replicas keep on the way; here the data itself is
//! added up.

use std::collections::BTreeMap;

use super::Property;
use super::disks::Disks;
use super::history::History;
use crate::event::{Event, EventKind, Origin};
use crate::id::ShardId;
use crate::key::Key;
use crate::operation::WriteAnswer;
use crate::probe::{Fact, Holds};
use crate::raft::birth::INITIAL_INDEX;
use crate::raft::state::{Value, pair_digest};

/// See the module.
#[derive(Default)]
pub(crate) struct Contents {
    /// What is in each shard. As large as the data of one replica of each.
    shards: BTreeMap<ShardId, Model>,
    /// How much was in it behind which index.
    points: History<Sum>,
}

#[derive(Default)]
struct Model {
    data: BTreeMap<Key, Value>,
    digest: u64,
    /// The last index that was applied anywhere.
    index: u64,
}

/// How many keys, and the sum of their pairs' digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    keys: u64,
    digest: u64,
}

impl Model {
    fn of(data: BTreeMap<Key, Value>) -> Self {
        let digest = data
            .iter()
            .fold(0, |sum: u64, (key, value)| sum.wrapping_add(pair_digest(*key, *value)));
        Self { data, digest, index: INITIAL_INDEX }
    }

    fn set(&mut self, key: Key, value: Option<Value>) {
        let old = match value {
            Some(value) => self.data.insert(key, value),
            None => self.data.remove(&key),
        };
        let digest = |value: Option<Value>| value.map_or(0, |value| pair_digest(key, value));
        self.digest = self.digest.wrapping_sub(digest(old)).wrapping_add(digest(value));
    }

    fn sum(&self) -> Sum {
        Sum { keys: self.data.len() as u64, digest: self.digest }
    }
}

impl Contents {
    fn begin(&mut self, shard: ShardId, data: BTreeMap<Key, Value>) {
        let model = Model::of(data);
        self.points.earlier(shard, INITIAL_INDEX, model.sum());
        self.shards.insert(shard, model);
    }
}

impl Property for Contents {
    fn id(&self) -> &'static str {
        "S5"
    }

    fn name(&self) -> &'static str {
        "nothing lost or doubled"
    }

    fn check(&mut self, event: &Event, _: &mut u64) -> Result<(), String> {
        self.points.follow(&event.kind);
        match event.kind {
            EventKind::ReplicaStarted { shard, origin: Origin::Bootstrap, .. }
                if !self.shards.contains_key(&shard) =>
            {
                self.begin(shard, BTreeMap::new());
            }
            EventKind::WriteApplied { shard, index, key, change, answer, fresh, .. } => {
                let model = self.shards.entry(shard).or_default();
                if fresh && index > model.index && answer == WriteAnswer::Done {
                    let found = model.data.get(&key).map(|v| v.value);
                    let value = change.applied_to(found).0;
                    model.set(key, value.map(|value| Value { value, index }));
                }
            }
            EventKind::SplitApplied { ref parent, ref child, index, .. } => {
                let model = self.shards.entry(parent.shard).or_default();
                if index > model.index {
                    let moved = model.data.split_off(&child.range.start);
                    let at = model.index;
                    *model = Model { index: at, ..Model::of(std::mem::take(&mut model.data)) };
                    self.begin(child.shard, moved);
                }
            }
            EventKind::Applied { shard, index, .. } => {
                let model = self.shards.entry(shard).or_default();
                if index > model.index {
                    model.index = index;
                    let sum = model.sum();
                    self.points.earlier(shard, index, sum);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Holds { seat, index, holds } = fact else { return Ok(()) };
        let Holds { range, keys, outermost, digest } = *holds;
        let who = format_args!("{} of {} on {}", seat.replica, seat.shard, seat.node);
        if let Some((first, last)) = outermost
            && !(range.contains(first) && range.contains(last))
        {
            return Err(format!(
                "{who} holds keys from {first} to {last}, and its range is {range}"
            ));
        }
        let Some(model) = self.points.seen(seat.shard, *index) else { return Ok(()) };
        *compared += 1;
        if model == (Sum { keys, digest }) {
            return Ok(());
        }
        Err(format!(
            "{who} holds {keys} keys behind entry {index}, digest {digest:016x}, and the entries up \
             to there leave {}, digest {:016x}",
            model.keys, model.digest
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::seat;
    use super::super::story::{Story, applied, split, started, wrote};
    use super::*;
    use crate::key::KeyRange;

    /// Keys 50 and 150 are written at 6 and 8 of shard_a, which is split at 9, key 101.
    fn story() -> Story<Contents> {
        let mut story = Story::new(Contents::default());
        for n in 1..=2 {
            story.fine(started((n, 1, u64::from(n)), Origin::Bootstrap, Some((1, 200))));
        }
        story.fine(wrote((1, 1, 1), 6, (1, 1), (50, 500)));
        story.fine(applied((1, 1, 1), 6, 6, 0));
        story.fine(wrote((1, 1, 1), 8, (1, 2), (150, 7)));
        story.fine(wrote((2, 1, 2), 8, (1, 2), (150, 7)));
        story.fine(applied((1, 1, 1), 8, 6, 0));
        story.fine(split(1));
        story.fine(applied((1, 1, 1), 9, 6, 0));
        story
    }

    fn holds(
        at: (u16, u64, u64),
        index: u64,
        range: (u64, u64),
        pairs: &[(u64, u64, u64)],
    ) -> Fact {
        let digest =
            pairs.iter().map(|&(key, value, index)| pair_digest(Key(key), Value { value, index }));
        let keys = pairs.iter().map(|(key, ..)| Key(*key));
        let holds = Holds {
            range: KeyRange::inclusive(range.0, range.1),
            keys: pairs.len() as u64,
            outermost: keys.clone().min().zip(keys.max()),
            digest: digest.fold(0, u64::wrapping_add),
        };
        Fact::Holds { seat: seat(at), index, holds }
    }

    #[test]
    fn replicas_hold_what_the_entries_have_left() {
        let mut story = story();
        let both = [(50, 500, 6), (150, 7, 8)];
        story.fine_fact(&holds((2, 1, 2), 8, (1, 200), &both));
        story.fine_fact(&holds((2, 1, 2), 5, (1, 200), &[]));
        story.fine_fact(&holds((1, 1, 1), 9, (1, 100), &both[..1]));
        story.fine_fact(&holds((1, 2, 4), 5, (101, 200), &both[1..]));
        assert_eq!(story.compared, 4);
    }

    #[test]
    fn a_lost_a_changed_and_a_foreign_key_are_found() {
        story().wrong_fact(&holds((1, 2, 4), 5, (101, 200), &[]), "holds 0 keys");
        let changed = [(150, 7, 9)];
        story().wrong_fact(&holds((1, 2, 4), 5, (101, 200), &changed), "holds 1 keys behind");
        let foreign = [(50, 500, 6), (150, 7, 8)];
        story().wrong_fact(&holds((1, 1, 1), 9, (1, 100), &foreign), "its range is [1..100]");
    }
}
