//! R9, nothing durable goes back: a replica never reports a lower term than before, and neither its
//! durable vote, nor what it durably knows to be committed, nor its durable snapshot ever goes back,
//! across restarts too (Raft, figure 2: `currentTerm`, `commitIndex` and `lastApplied` "increase
//! monotonically"; TLA+ `MonotonicCurrentTerm`).
//!
//! OpenRaft reports the vote that its disk has flushed, so what was reported once holds for as long
//! as the replica lives. Until it has looked at its disk it reports term 0, which says nothing. A
//! state machine is its snapshot and the committed log, so those two say what is durably applied.

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId};
use crate::probe::{Fact, RowFact, VoteFact};

/// See the module.
#[derive(Default)]
pub(crate) struct TermsGrow {
    /// The term that each replica reported last. One small row for each that is not destroyed.
    terms: LiteMap<(NodeId, ReplicaId), u64>,
    /// What is durable of each. One small row as well.
    durable: LiteMap<(NodeId, ReplicaId), Durable>,
}

#[derive(Default)]
struct Durable {
    vote: Option<VoteFact>,
    committed: u64,
    snapshot: u64,
}

impl Durable {
    /// Takes over a row; says what goes back.
    fn follow(&mut self, row: &RowFact, compared: &mut u64) -> Result<(), String> {
        let (what, before, now) = match *row {
            RowFact::Vote { vote, .. } => {
                let Some(before) = self.vote.replace(vote) else { return Ok(()) };
                *compared += 1;
                if vote.may_follow(&before) {
                    return Ok(());
                }
                return Err(format!(
                    "from a vote for {} in term {} to one for {} in term {}",
                    before.candidate, before.term, vote.candidate, vote.term
                ));
            }
            RowFact::Committed { at, .. } => {
                ("commit index", std::mem::replace(&mut self.committed, at.index), at.index)
            }
            RowFact::Snapshot { ref snapshot, .. } => {
                let index = snapshot.at.index;
                ("snapshot at", std::mem::replace(&mut self.snapshot, index), index)
            }
            _ => return Ok(()),
        };
        *compared += 1;
        if now >= before { Ok(()) } else { Err(format!("from {what} {before} to {now}")) }
    }
}

impl Property for TermsGrow {
    fn id(&self) -> &'static str {
        "R9"
    }

    fn name(&self) -> &'static str {
        "nothing durable goes back"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match event.kind {
            EventKind::RoleChanged { node, shard, replica, term, .. } if term > 0 => {
                let Some(before) = self.terms.insert((node, replica), term) else { return Ok(()) };
                *compared += 1;
                if term >= before {
                    return Ok(());
                }
                Err(format!("{replica} of {shard} went back from term {before} to {term}"))
            }
            EventKind::ReplicaDestroyed { node, replica, .. } => {
                self.terms.remove(&(node, replica));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Durable { node, rows } = fact else { return Ok(()) };
        for row in rows.iter() {
            let at = (*node, row.replica());
            if let RowFact::Deleted { .. } = row {
                self.durable.remove(&at);
                continue;
            }
            let followed = self.durable.entry(at).or_default().follow(row, compared);
            followed.map_err(|why| format!("what is durable of {} on {node} went {why}", at.1))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{config, disk_crashed, durable, first_rows, snapshot, vote};
    use super::super::story::{Story, crashed, destroyed, role};
    use super::*;
    use crate::event::Role;
    use crate::probe::LogPoint;

    #[test]
    fn a_term_that_went_back_is_found_also_across_a_restart() {
        let mut story = Story::new(TermsGrow::default());
        story.fine(role((1, 1, 1), Role::Follower, 6));
        story.fine(role((1, 1, 1), Role::Leader, 6));
        story.fine(role((2, 1, 2), Role::Follower, 5));
        story.fine(role((1, 1, 1), Role::Follower, 8));
        story.fine(crashed(1));
        story.fine(role((1, 1, 1), Role::Learner, 0));
        story.fine(role((1, 1, 1), Role::Follower, 8));
        assert_eq!(story.compared, 3);
        story.fine(crashed(1));
        story.wrong(role((1, 1, 1), Role::Follower, 7), "from term 8 to 7");
        story.fine(destroyed((2, 1, 2)));
        story.fine(role((2, 1, 7), Role::Learner, 0));
    }

    #[test]
    fn a_durable_vote_a_commit_index_and_a_snapshot_that_went_back_are_found() {
        let replica = ReplicaId(1);
        let committed = |index| RowFact::Committed { replica, at: LogPoint { term: 6, index } };
        let taken = |index| snapshot(1, 6, index, config(&[&[1, 2, 3]], &[]));
        let story = || {
            let mut story = Story::new(TermsGrow::default());
            story.fine_fact(&durable(1, first_rows((1, 1, 1))));
            story.fine_fact(&durable(1, vec![vote(1, 6, 2, false), committed(8), taken(8)]));
            story.fine_fact(&disk_crashed(1));
            story
        };
        let mut right = story();
        right.fine_fact(&durable(1, vec![vote(1, 6, 3, true), committed(8), taken(9)]));
        assert_eq!(right.compared, 8, "it had voted for another one than has won");
        right.wrong_fact(&durable(1, vec![vote(1, 6, 2, true)]), "to one for r2 in term 6");
        story().wrong_fact(&durable(1, vec![vote(1, 5, 1, false)]), "from a vote for r2 in term 6");
        story().wrong_fact(&durable(1, vec![vote(1, 6, 3, false)]), "to one for r3 in term 6");
        story().wrong_fact(&durable(1, vec![committed(7)]), "from commit index 8 to 7");
        story().wrong_fact(&durable(1, vec![taken(7)]), "from snapshot at 8 to 7");
        let mut destroyed = story();
        destroyed.fine_fact(&durable(1, vec![RowFact::Deleted { replica }]));
        destroyed.fine_fact(&durable(1, first_rows((1, 1, 1))));
    }
}
