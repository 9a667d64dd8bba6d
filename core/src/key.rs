//! Keys, ranges of keys, epochs, and the descriptor that binds them to replicas.
//!
//! Plain data, used by every module. The rules for changing them live in `raft::state`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, ReplicaId, ShardId};

/// A key. Ranges are ordered by it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Key(pub u64);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The keys from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyRange {
    /// First key.
    pub start: Key,
    /// First key that is no longer in it.
    pub end: Key,
}

impl KeyRange {
    /// The keys from `first` to `last`, both in it.
    #[must_use]
    pub const fn inclusive(first: u64, last: u64) -> Self {
        Self { start: Key(first), end: Key(last + 1) }
    }

    /// Whether `key` is in it.
    #[must_use]
    pub fn contains(&self, key: Key) -> bool {
        self.start <= key && key < self.end
    }

    /// Whether any key is in both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Last key, inclusive.
    #[must_use]
    pub fn last(&self) -> Key {
        Key(self.end.0.saturating_sub(1))
    }

    /// How many keys it has room for.
    #[must_use]
    pub fn width(&self) -> u64 {
        self.end.0.saturating_sub(self.start.0)
    }

    /// The two halves on either side of `at`, the first key of the right one; `None` if a half
    /// would be empty.
    #[must_use]
    pub fn split_at(&self, at: Key) -> Option<(Self, Self)> {
        (self.start < at && at < self.end)
            .then_some((Self { end: at, ..*self }, Self { start: at, ..*self }))
    }
}

impl fmt::Display for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}..{}]", self.start, self.last())
    }
}

/// How often a shard has changed its shape (TiKV: `RegionEpoch`). Only ever grows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch {
    /// Counts splits.
    pub version: u64,
    /// Counts membership changes, entering and leaving a joint configuration each as one.
    pub conf_ver: u64,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.version, self.conf_ver)
    }
}

/// One replica in a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Member {
    /// Which incarnation.
    pub replica: ReplicaId,
    /// On which node.
    pub node: NodeId,
    /// Whether it votes (in either half of a joint configuration); a learner does not.
    pub voter: bool,
}

/// What a shard is: its range, epoch and replicas (TiKV: `metapb::Region`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Descriptor {
    /// Which shard.
    pub shard: ShardId,
    /// The keys that it holds.
    pub range: KeyRange,
    /// How often that and `members` have changed.
    pub epoch: Epoch,
    /// Its replicas, by id.
    pub members: Vec<Member>,
    /// Whether its membership is a joint configuration, to be left as soon as possible.
    pub joint: bool,
}

impl Descriptor {
    /// The replica on `node`, if it has one there.
    #[must_use]
    pub fn member_on(&self, node: NodeId) -> Option<Member> {
        self.members.iter().copied().find(|m| m.node == node)
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} epoch {} on", self.shard, self.range, self.epoch)?;
        for m in &self.members {
            write!(f, " {}{}", m.node, if m.voter { "" } else { "(learner)" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_leaves_two_adjacent_halves_and_never_an_empty_one() {
        let all = KeyRange::inclusive(1, 200);
        let (left, right) = all.split_at(Key(101)).expect("101 is inside");
        assert_eq!((left, right), (KeyRange::inclusive(1, 100), KeyRange::inclusive(101, 200)));
        assert!(!left.overlaps(&right) && left.end == right.start);
        assert_eq!(all.split_at(Key(1)), None);
        assert_eq!(all.split_at(Key(201)), None);
    }
}
