//! S15, a split never lowers a vote that the child already gave: a replica that a message made
//! before its node applied the split may have voted, and goes on from that vote when the split
//! gives it its range (TiKV: `write_peer_state` and `check_new_peer_state` keep the raft local state
//! of an uninitialized peer).

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::Event;
use crate::id::{NodeId, ReplicaId};
use crate::probe::{Fact, RowFact, VoteFact, births};

/// See the module.
#[derive(Default)]
pub(crate) struct SplitKeepsVotes {
    /// The last vote of each replica. One small row for each that is not destroyed.
    votes: LiteMap<(NodeId, ReplicaId), VoteFact>,
}

impl SplitKeepsVotes {
    fn write(&mut self, node: NodeId, rows: &[RowFact], compared: &mut u64) -> Result<(), String> {
        let mut found = Ok(());
        for row in rows {
            match *row {
                RowFact::Vote { replica, vote } => {
                    let before = self.votes.insert((node, replica), vote);
                    let Some(before) = before else { continue };
                    let born = births(rows).into_iter().find(|(born, _)| *born == replica);
                    let Some((_, shard)) = born else { continue };
                    *compared += 1;
                    if !vote.may_follow(&before) {
                        found = Err(format!(
                            "{replica} of {shard} on {node} had voted for {} in term {}, and \
                             begins with a vote for {} in term {}",
                            before.candidate, before.term, vote.candidate, vote.term
                        ));
                    }
                }
                RowFact::Deleted { replica } => _ = self.votes.remove(&(node, replica)),
                _ => {}
            }
        }
        found
    }
}

impl Property for SplitKeepsVotes {
    fn id(&self) -> &'static str {
        "S15"
    }

    fn name(&self) -> &'static str {
        "a split keeps votes"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        match fact {
            Fact::Written { node, rows, .. } => self.write(*node, rows, compared),
            Fact::Crashed { node } | Fact::DiskLost { node } => {
                self.votes.retain(|(at, _), _| at != node);
                let rows = disks.written_on(*node).into_iter().flatten();
                let votes = rows.filter_map(|(id, rows)| Some(((*node, *id), rows.vote?)));
                self.votes.extend(votes);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{disk_crashed, first_rows, record, vote, written};
    use super::super::story::Story;
    use super::*;

    /// r4 of shard_b on `n1` was made by a message, and has voted for r5 in term 6.
    fn story() -> Story<SplitKeepsVotes> {
        let mut story = Story::new(SplitKeepsVotes::default());
        story.fine_fact(&written(1, vec![record((1, 2, 4), false)]));
        story.fine_fact(&written(1, vec![vote(4, 6, 5, false)]));
        story
    }

    /// The rows with which r4 begins, with that vote.
    fn born(given: RowFact) -> Fact {
        let mut rows = first_rows((1, 2, 4));
        rows[1] = given;
        written(1, rows)
    }

    #[test]
    fn a_vote_is_kept_unless_a_crash_has_taken_it_back() {
        let mut kept = story();
        kept.fine_fact(&born(vote(4, 6, 5, false)));
        assert_eq!(kept.compared, 1);
        let mut lost = story();
        lost.fine_fact(&disk_crashed(1));
        lost.fine_fact(&born(vote(4, 5, 4, false)));
        assert_eq!(lost.compared, 0);
    }

    #[test]
    fn a_lower_vote_and_another_one_in_the_same_term_are_found() {
        story().wrong_fact(&born(vote(4, 5, 4, false)), "had voted for r5 in term 6");
        story().wrong_fact(&born(vote(4, 6, 4, false)), "begins with a vote for r4 in term 6");
    }
}
