//! R4, leader completeness: what was committed before a leader was elected is in its log or in its
//! snapshot (Raft, figure 3 and section 5.4.3; TLA+ `LeaderCompleteness`).
//!
//! Looked at when a replica writes that it has won. An entry counts for the leaders of terms that
//! are greater than any that a replica of the shard had written when the entry was applied first:
//! those are elected after it was committed for sure, however late it is heard that somebody won.

use std::collections::BTreeMap;

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::Event;
use crate::id::ShardId;
use crate::probe::{Fact, LogPoint, RowFact};

/// How many terms of a shard are remembered: those of candidates that may still be heard to have
/// won.
const TERMS_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub(crate) struct LeaderCompleteness {
    shards: LiteMap<ShardId, Shard>,
}

#[derive(Default)]
struct Shard {
    /// The greatest term that any replica has written.
    term: u64,
    /// The last entry applied while that was the greatest term.
    committed: BTreeMap<u64, LogPoint>,
    /// Index of the last entry applied.
    last: u64,
}

impl Shard {
    fn commit(&mut self, at: LogPoint) {
        if at.index > self.last {
            self.last = at.index;
            self.committed.insert(self.term, at);
        }
        if self.committed.len() > TERMS_MAX {
            self.committed.pop_first();
        }
    }
}

impl Property for LeaderCompleteness {
    fn id(&self) -> &'static str {
        "R4"
    }

    fn name(&self) -> &'static str {
        "leader completeness"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        match fact {
            Fact::Applied { seat, at, .. } => {
                self.shards.entry(seat.shard).or_default().commit(*at);
            }
            Fact::Written { node, rows, .. } => {
                for row in rows.iter() {
                    let RowFact::Vote { replica, vote } = *row else { continue };
                    let Some(rows) = disks.written(*node, replica) else { continue };
                    let Some(shard) = rows.shard else { continue };
                    let known = self.shards.entry(shard).or_default();
                    known.term = known.term.max(vote.term);
                    if !vote.is_won_by(replica) {
                        continue;
                    }
                    let before = known.committed.range(..vote.term).next_back();
                    let Some((_, at)) = before else { continue };
                    *compared += 1;
                    if !rows.has(*at) {
                        return Err(format!(
                            "{replica} on {node} leads {shard} in term {}, and does not have entry \
                             {} of term {}, which was committed before",
                            vote.term, at.index, at.term
                        ));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{entry, entry_applied, first_rows, vote, written};
    use super::super::story::Story;
    use super::*;

    /// Replica 1 leads shard_a in term 6, and entry 7 is committed; 2 has it too, 3 has only 6.
    fn story() -> Story<LeaderCompleteness> {
        let mut story = Story::new(LeaderCompleteness::default());
        for n in 1..=3 {
            let replica = u64::from(n);
            story.fine_fact(&written(n, first_rows((n, 1, replica))));
            story.fine_fact(&written(n, vec![vote(replica, 6, 1, true), entry(replica, 6, 6)]));
        }
        for n in 1..=2 {
            story.fine_fact(&written(n, vec![entry(u64::from(n), 7, 6)]));
        }
        story.fine_fact(&entry_applied((1, 1, 1), 6, 6));
        story.fine_fact(&entry_applied((1, 1, 1), 7, 6));
        story
    }

    #[test]
    fn a_new_leader_has_what_was_committed() {
        let mut story = story();
        story.fine_fact(&written(2, vec![vote(2, 7, 2, false)]));
        story.fine_fact(&written(2, vec![vote(2, 7, 2, true)]));
        assert_eq!(story.compared, 1);
    }

    #[test]
    fn a_new_leader_without_it_is_found() {
        story().wrong_fact(&written(3, vec![vote(3, 7, 3, true)]), "does not have entry 7");
    }

    /// Given a candidate that won term 7 before a leader of term 8 committed entry 8, when it is
    /// heard of only afterwards, then nobody asks it for that entry.
    #[test]
    fn a_leader_that_is_heard_of_late_need_not_have_what_came_after_it() {
        let mut story = story();
        story.fine_fact(&written(2, vec![vote(2, 8, 2, true), entry(2, 8, 8)]));
        story.fine_fact(&entry_applied((2, 1, 2), 8, 8));
        story.fine_fact(&written(1, vec![vote(1, 7, 1, true)]));
        assert_eq!(story.compared, 2);
    }
}
