//! S18, a learner never leads, and its vote never counts: who leads a shard votes in its membership,
//! and was elected by a majority of the voters, of both configurations while they are joint (Raft,
//! section 4.2.1 of Ongaro's thesis; etcd/raft's learners; openraft's `Engine::elect`).
//!
//! That a learner's log does not count either is `R6`, and whose lease counts is `S6`.
//!
//! Votes are looked at where they become durable, and whom they have made leader where that one
//! writes that it has won: under the newest membership in its log then.
//!
//! A membership counts from when it is appended, so a replica may rightly lead before anyone has
//! applied the membership that made it a voter. But all that a leader had in its log when it was
//! elected is applied before the first entry of its own term. So this waits for that entry, and
//! then knows exactly under which membership it was elected. A learner that claims to lead and
//! never gets an entry committed has no effect.
//!
//! A voter whose removal is in its log and not applied there may lead once more, to finish that
//! change; its own vote does not count then (openraft's `is_voter_in_effective_or_committed`; Raft,
//! section 6: a leader may manage a cluster that does not include itself). So who voted in the
//! membership before the newest one may lead, unless it had applied its removal.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;

use super::Property;
use super::disks::{Disks, Rows};
use crate::event::{Event, EventKind, Origin, Role};
use crate::id::{ReplicaId, ShardId};
use crate::key::Descriptor;
use crate::probe::{Fact, RowFact, VoteFact};

/// Most elections of a shard that are waited for: those that are superseded before they commit
/// anything.
const ELECTIONS_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub(crate) struct LearnersNeverLead {
    shards: LiteMap<ShardId, Shard>,
    grants: LiteMap<ShardId, Grants>,
}

/// Who has voted for whom in a shard, by term and candidate.
type Grants = BTreeMap<(u64, ReplicaId), BTreeSet<ReplicaId>>;

impl LearnersNeverLead {
    fn grant(&mut self, shard: ShardId, voter: ReplicaId, vote: &VoteFact) {
        let grants = self.grants.entry(shard).or_default();
        grants.entry((vote.term, vote.candidate)).or_default().insert(voter);
        if grants.len() > ELECTIONS_MAX {
            grants.pop_first();
        }
    }

    /// `replica` has won in `term`: whether by voters.
    fn elected(&self, replica: ReplicaId, term: u64, rows: &Rows) -> Result<(), String> {
        let shard = rows.shard.unwrap_or_default();
        let Some(config) = rows.newest_config() else {
            return Err(format!("{replica} leads {shard}, and knows no membership of it"));
        };
        let given = self.grants.get(&shard).and_then(|grants| grants.get(&(term, replica)));
        let voted = |id| id == replica || given.is_some_and(|given| given.contains(&id));
        if config.has_quorum(|id, _| voted(id)) {
            return Ok(());
        }
        Err(format!(
            "{replica} leads {shard} in term {term}, elected by {:?}, no quorum of {:?}",
            given.into_iter().flatten().collect::<Vec<_>>(),
            config.voters
        ))
    }
}

#[derive(Default)]
struct Shard {
    /// Who votes in its newest membership, which was applied at `index`; 0 for the one that it
    /// began with.
    voters: BTreeSet<ReplicaId>,
    /// Who voted in the one before.
    voters_before: BTreeSet<ReplicaId>,
    index: u64,
    /// The term of the newest entry applied.
    term: u64,
    /// Those that have applied their own removal, since they started last.
    removed: BTreeSet<ReplicaId>,
    /// Leaders of later terms than that, and whether they had been removed.
    elected: BTreeMap<u64, (ReplicaId, bool)>,
}

impl Shard {
    fn change(&mut self, index: u64, descriptor: &Descriptor) {
        self.index = index;
        let voters = descriptor.members.iter().filter(|m| m.voter).map(|m| m.replica);
        self.voters_before = std::mem::replace(&mut self.voters, voters.collect());
    }

    /// The first entry of `term` is applied: who leads in it, if that is known.
    fn reach(&mut self, term: u64) -> Option<(ReplicaId, bool)> {
        self.term = term;
        let later = self.elected.split_off(&(term + 1));
        let mut now = std::mem::replace(&mut self.elected, later);
        now.remove(&term)
    }
}

impl Property for LearnersNeverLead {
    fn id(&self) -> &'static str {
        "S18"
    }

    fn name(&self) -> &'static str {
        "learners never lead"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match &event.kind {
            EventKind::ReplicaStarted { shard, replica, origin: Origin::Bootstrap, .. } => {
                self.shards.entry(*shard).or_default().voters.insert(*replica);
            }
            EventKind::ReplicaStarted { shard, replica, .. } => {
                self.shards.entry(*shard).or_default().removed.remove(replica);
            }
            EventKind::SplitApplied { child, .. } => {
                self.shards.entry(child.shard).or_insert_with(|| {
                    let mut shard = Shard::default();
                    shard.change(0, child);
                    shard
                });
            }
            EventKind::MembershipApplied { descriptor, index, replica, .. } => {
                let shard = self.shards.entry(descriptor.shard).or_default();
                if descriptor.members.iter().any(|m| m.voter && m.replica == *replica) {
                    shard.removed.remove(replica);
                } else {
                    shard.removed.insert(*replica);
                }
                if *index > shard.index {
                    shard.change(*index, descriptor);
                }
            }
            EventKind::RoleChanged { shard, replica, role: Role::Leader, term, .. } => {
                let shard = self.shards.entry(*shard).or_default();
                if *term > shard.term {
                    let removed = shard.removed.contains(replica);
                    shard.elected.insert(*term, (*replica, removed));
                }
                if shard.elected.len() > ELECTIONS_MAX {
                    shard.elected.pop_first();
                }
            }
            EventKind::Applied { shard, term, .. } => {
                let Some(known) = self.shards.get_mut(shard).filter(|known| *term > known.term)
                else {
                    return Ok(());
                };
                let Some((leader, removed)) = known.reach(*term) else { return Ok(()) };
                *compared += 1;
                let finishes = !removed && known.voters_before.contains(&leader);
                if !finishes && !known.voters.contains(&leader) {
                    return Err(format!(
                        "{leader} leads {shard} in term {term}, but the voters are {:?}",
                        known.voters
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let (Fact::Written { node, rows, .. } | Fact::Durable { node, rows }) = fact else {
            return Ok(());
        };
        for row in rows.iter() {
            let RowFact::Vote { replica, vote } = *row else { continue };
            let Some(known) = disks.written(*node, replica) else { continue };
            match fact {
                Fact::Durable { .. } if !vote.won => {
                    if let Some(shard) = known.shard {
                        self.grant(shard, replica, &vote);
                    }
                }
                Fact::Written { .. } if vote.is_won_by(replica) => {
                    *compared += 1;
                    self.elected(replica, vote.term, known)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{config, config_entry, durable, first_rows, vote, written};
    use super::super::story::{Story, applied, membership, role, split, started};
    use super::*;

    /// shard_a began with voters 1, 2, 3, led by 1 in term 6.
    fn story() -> Story<LearnersNeverLead> {
        let mut story = Story::new(LearnersNeverLead::default());
        for replica in 1..=3 {
            story.fine(started((1, 1, replica), Origin::Bootstrap, Some((1, 200))));
        }
        story.fine(role((1, 1, 1), Role::Leader, 6));
        story.fine(applied((1, 1, 1), 6, 6, 0));
        story.fine(membership(7, 2, &[1, 2, 3], &[4], false));
        story
    }

    #[test]
    fn a_replica_may_lead_before_its_promotion_is_applied_anywhere() {
        let mut story = story();
        story.fine(role((4, 1, 4), Role::Leader, 8));
        story.fine(membership(8, 3, &[1, 2, 3, 4], &[], true));
        story.fine(applied((4, 1, 4), 8, 6, 0));
        story.fine(applied((4, 1, 4), 9, 8, 0));
        story.fine(split(1));
        story.fine(role((2, 2, 5), Role::Leader, 6));
        story.fine(applied((2, 2, 5), 6, 6, 0));
        assert_eq!(story.compared, 3);
    }

    /// Given a membership that removes two voters, when one of them leads because it does not know
    /// that it is committed, then that is right; once another membership follows, it is not.
    #[test]
    fn a_voter_that_is_removed_may_lead_to_finish_its_removal_and_no_more() {
        let mut story = story();
        story.fine(role((3, 1, 3), Role::Leader, 7));
        story.fine(membership(8, 3, &[1, 2], &[], false));
        story.fine(applied((3, 1, 3), 8, 6, 0));
        story.fine(applied((3, 1, 3), 9, 7, 0));
        story.fine(role((3, 1, 3), Role::Leader, 8));
        story.fine(membership(10, 4, &[1], &[], false));
        story.wrong(applied((3, 1, 3), 11, 8, 0), "r3 leads shard_a in term 8");
    }

    #[test]
    fn a_learner_and_a_stranger_that_lead_are_found() {
        for replica in [4, 9] {
            let mut story = story();
            story.fine(role((4, 1, replica), Role::Leader, 7));
            story.fine(role((1, 1, 1), Role::Follower, 7));
            story.wrong(applied((4, 1, replica), 8, 7, 0), "in term 7, but the voters are");
        }
    }

    /// Replicas 1 to 5 of shard_a, of which 1, 2 and 3 vote, and 4 and 5 learn; those have a durable
    /// vote for 1 in term 6.
    fn election(voters: &[u16]) -> Story<LearnersNeverLead> {
        let mut story = Story::new(LearnersNeverLead::default());
        let added = config(&[&[1, 2, 3]], &[4, 5]);
        for n in 1..=5 {
            let replica = u64::from(n);
            story.fine_fact(&written(n, first_rows((n, 1, replica))));
            story.fine_fact(&written(n, vec![config_entry(replica, 6, 5, added.clone())]));
        }
        for n in voters {
            story.fine_fact(&durable(*n, vec![vote(u64::from(*n), 6, 1, false)]));
        }
        story
    }

    #[test]
    fn a_leader_is_elected_by_voters() {
        let mut story = election(&[1, 3]);
        story.fine_fact(&written(1, vec![vote(1, 6, 1, true)]));
        assert_eq!(story.compared, 1);
    }

    #[test]
    fn a_leader_that_learners_have_elected_is_found() {
        let mut story = election(&[1, 4, 5]);
        story.wrong_fact(&written(1, vec![vote(1, 6, 1, true)]), "no quorum of");
        let mut unflushed = election(&[1]);
        unflushed.fine_fact(&written(2, vec![vote(2, 6, 1, false)]));
        unflushed.wrong_fact(&written(1, vec![vote(1, 6, 1, true)]), "no quorum of");
    }

    #[test]
    fn a_removed_voter_that_leads_is_found() {
        let mut story = story();
        story.fine(membership(8, 3, &[1, 2, 3, 4], &[], true));
        story.fine(membership(9, 4, &[2, 3, 4], &[], false));
        story.fine(role((1, 1, 1), Role::Leader, 7));
        story.wrong(applied((2, 1, 2), 10, 7, 0), "r1 leads shard_a in term 7");
    }
}
