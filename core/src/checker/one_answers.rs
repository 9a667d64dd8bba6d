//! S3, one replica answers for a key: once a shard has answered for it under a newer version, no
//! other shard answers an operation on it that arrives later; and once a leader of a newer term has
//! answered, no leader of an older one does (TiKV: `inspect_lease` and the epoch check of a read
//! index, `components/raftstore/src/store/peer.rs`; Ongaro's thesis, section 6.4).
//!
//! Asking every replica at every instant whether it would answer would mean to carry the question
//! out: a deposed leader does not know that it is one until it has asked a quorum. So this looks at
//! the answers that leave nodes, each with when its question arrived. An answer from before a split
//! may leave late: it is right if its question came early enough. What rests on a lease is `S6`'s
//! and `S19`'s.

use std::collections::BTreeMap;

use super::Property;
use super::disks::Disks;
use crate::event::Event;
use crate::id::ShardId;
use crate::key::{Key, KeyRange};
use crate::probe::{Answered, Basis, Fact};
use crate::sim::Time;

/// How many terms of a shard are remembered: more than there are elections while an operation is
/// under way.
const TERMS_MAX: usize = 16;

/// See the module.
#[derive(Default)]
pub(crate) struct OneAnswers {
    /// Who has answered under the newest version, by first key; no two overlap.
    pieces: BTreeMap<Key, Piece>,
    /// When the leader of each term of a shard answered first.
    terms: BTreeMap<ShardId, BTreeMap<u64, Time>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    end: Key,
    shard: ShardId,
    version: u64,
    since: Time,
}

impl OneAnswers {
    /// The pieces that overlap `range`, with their first keys.
    fn over(&self, range: KeyRange) -> impl Iterator<Item = (Key, &Piece)> {
        let before = self.pieces.range(..range.start).next_back();
        let before = before.filter(|(_, piece)| piece.end > range.start);
        let within = self.pieces.range(range.start..range.end.max(range.start));
        before.into_iter().chain(within).map(|(start, piece)| (*start, piece))
    }

    /// Takes note that `shard` answers for `range`, unless another one does under a version that is
    /// not older.
    fn answers(&mut self, range: KeyRange, shard: ShardId, version: u64, since: Time) {
        let same = |piece: &Piece| piece.shard == shard && piece.version == version;
        if self.pieces.get(&range.start).is_some_and(|piece| piece.end == range.end && same(piece))
        {
            return;
        }
        let older = |piece: &Piece| piece.version < version || same(piece);
        if self.over(range).any(|(_, piece)| !older(piece)) {
            return;
        }
        let cut: Vec<(Key, Piece)> =
            self.over(range).map(|(start, piece)| (start, *piece)).collect();
        for (start, piece) in cut {
            self.pieces.remove(&start);
            if start < range.start {
                self.pieces.insert(start, Piece { end: range.start, ..piece });
            }
            if range.end < piece.end {
                self.pieces.insert(range.end, piece);
            }
        }
        self.pieces.insert(range.start, Piece { end: range.end, shard, version, since });
    }

    fn check_keys(&self, shard: ShardId, answered: &Answered) -> Result<(), String> {
        let Answered { keys, version, arrived, .. } = *answered;
        let other = |piece: &Piece| {
            piece.shard != shard && piece.version >= version && piece.since < arrived
        };
        match self.over(keys).find(|(_, piece)| other(piece)) {
            None => Ok(()),
            Some((_, newer)) => Err(format!(
                "{shard} answers for {keys} under version {version} what was asked after {} had \
                 answered under version {}",
                newer.shard, newer.version
            )),
        }
    }

    fn check_term(&mut self, shard: ShardId, answered: &Answered) -> Result<(), String> {
        let Answered { arrived, left, .. } = *answered;
        let term = answered.grounds.term;
        let terms = self.terms.entry(shard).or_default();
        let newer = terms.range(term + 1..).find(|(_, first)| **first < arrived);
        let newer = newer.map(|(newer, _)| *newer);
        terms.entry(term).or_insert(left);
        if terms.len() > TERMS_MAX {
            terms.pop_first();
        }
        match newer {
            None => Ok(()),
            Some(newer) => Err(format!(
                "a leader of {shard} of term {term} answers what was asked after one of term \
                 {newer} had answered"
            )),
        }
    }
}

impl Property for OneAnswers {
    fn id(&self) -> &'static str {
        "S3"
    }

    fn name(&self) -> &'static str {
        "one replica answers for a key"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Answered { seat, answered } = fact else { return Ok(()) };
        let mut found = Ok(());
        if !matches!(answered.grounds.basis, Basis::Lease | Basis::Follower { lease: true }) {
            *compared += u64::from(!self.pieces.is_empty());
            found = self.check_keys(seat.shard, answered);
        }
        if matches!(answered.grounds.basis, Basis::Entry | Basis::Quorum) {
            found = found.and(self.check_term(seat.shard, answered));
        }
        if let Some(range) = answered.range {
            self.answers(range, seat.shard, answered.version, answered.left);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{Asked, answered};
    use super::super::story::Story;
    use super::*;

    const PARENT: (u16, u64, u64) = (1, 1, 1);
    const CHILD: (u16, u64, u64) = (2, 2, 5);

    fn asked(key: u64, version: u64, range: (u64, u64)) -> Asked {
        Asked { key, version, range: Some(range), ..Asked::default() }
    }

    /// shard_a answered for keys 1..=200 under version 1 from 10 µs to 12 µs, and shard_b for
    /// 101..=200 under version 2 from 20 µs to 22 µs.
    fn story() -> Story<OneAnswers> {
        let mut story = Story::new(OneAnswers::default());
        story.fine_fact(&answered(PARENT, (10, 12), asked(150, 1, (1, 200))));
        story.fine_fact(&answered(CHILD, (20, 22), asked(150, 2, (101, 200))));
        story
    }

    #[test]
    fn each_shard_answers_for_its_half_and_what_was_asked_before_may_come_late() {
        let mut story = story();
        story.fine_fact(&answered(PARENT, (21, 30), asked(150, 1, (1, 200))));
        story.fine_fact(&answered(PARENT, (31, 32), asked(50, 1, (1, 200))));
        story.fine_fact(&answered(PARENT, (33, 34), asked(50, 2, (1, 100))));
        story.fine_fact(&answered(CHILD, (35, 36), asked(101, 2, (101, 200))));
        assert_eq!(story.compared, 5);
    }

    #[test]
    fn the_old_shard_that_answers_for_what_it_has_given_away_is_found() {
        let late = answered(PARENT, (23, 24), asked(150, 1, (1, 200)));
        story().wrong_fact(&late, "after shard_b had answered under version 2");
        let mut lease = asked(150, 1, (1, 200));
        lease.basis = Basis::Lease;
        story().fine_fact(&answered(PARENT, (23, 24), lease));
    }

    #[test]
    fn an_old_leader_that_answers_after_the_new_one_is_found() {
        let of = |term| Asked { term, ..asked(50, 1, (1, 200)) };
        let mut story = Story::new(OneAnswers::default());
        story.fine_fact(&answered((1, 1, 1), (10, 12), of(6)));
        story.fine_fact(&answered((2, 1, 2), (20, 22), of(7)));
        story.fine_fact(&answered((1, 1, 1), (22, 30), of(6)));
        story.wrong_fact(&answered((1, 1, 1), (23, 30), of(6)), "of term 7 had answered");
    }
}
