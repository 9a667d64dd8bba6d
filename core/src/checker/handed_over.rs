//! S19, who has handed over serves no more: once leadership was transferred, the old leader answers
//! no read that arrives later, neither on its lease nor otherwise (Ongaro's thesis, section 6.4.1,
//! on leases and leadership transfer; TiKV: `maybe_renew_leader_lease` suspends the lease before
//! `MsgTransferLeader` is sent).
//!
//! A transfer counts as done when the replica that it was meant for leads before an election could
//! have come by itself.

use std::time::Duration;

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::{Event, EventKind, Role};
use crate::id::{NodeId, ShardId};
use crate::options::Options;
use crate::probe::{Basis, Fact};
use crate::sim::Time;

/// See the module.
pub(crate) struct HandedOver {
    /// The shortest election timeout.
    within: Duration,
    /// Transfers under way: to where, since when. At most one a shard.
    started: LiteMap<ShardId, (NodeId, Time)>,
    /// The last transfer that came true: the new leader's term, and when. At most one a shard.
    done: LiteMap<ShardId, (u64, Time)>,
}

impl HandedOver {
    pub(crate) fn new(options: &Options) -> Self {
        let within = Duration::from_millis(options.election_timeout_ms.0);
        Self { within, started: LiteMap::new(), done: LiteMap::new() }
    }
}

impl Property for HandedOver {
    fn id(&self) -> &'static str {
        "S19"
    }

    fn name(&self) -> &'static str {
        "who has handed over serves no more"
    }

    fn check(&mut self, event: &Event, _: &mut u64) -> Result<(), String> {
        match event.kind {
            EventKind::TransferStarted { shard, to, .. } => {
                self.started.insert(shard, (to, event.time));
            }
            EventKind::RoleChanged { node, shard, role: Role::Leader, term, .. } => {
                if let Some((to, since)) = self.started.remove(&shard)
                    && to == node
                    && event.time < since + self.within
                {
                    self.done.insert(shard, (term, event.time));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Answered { seat, answered } = fact else { return Ok(()) };
        let Some((term, since)) = self.done.get(&seat.shard) else { return Ok(()) };
        let led = matches!(answered.grounds.basis, Basis::Lease | Basis::Quorum);
        if !led || answered.arrived <= *since {
            return Ok(());
        }
        *compared += 1;
        if answered.grounds.term >= *term {
            return Ok(());
        }
        Err(format!(
            "{} on {} answers a read of {} as its leader of term {}, asked after it had handed over \
             to the one of term {term}",
            seat.replica, seat.node, seat.shard, answered.grounds.term
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{Asked, answered};
    use super::super::story::{Story, role};
    use super::*;

    fn read(term: u64, basis: Basis) -> Asked {
        Asked { term, basis, ..Asked::default() }
    }

    /// At 100 µs, r1 of shard_a on `n1`, leader of term 6, begins to hand over to `n2`, which leads
    /// in term 7 that much later.
    fn story(later_us: u64) -> Story<HandedOver> {
        let mut story = Story::new(HandedOver::new(&Options::default()));
        story.at(100);
        let (node, shard, to) = (NodeId(1), ShardId(1), NodeId(2));
        story.fine(EventKind::TransferStarted { node, shard, to });
        story.at(100 + later_us);
        story.fine(role((2, 1, 2), Role::Leader, 7));
        story
    }

    #[test]
    fn the_new_leader_answers_and_the_old_one_what_it_was_asked_before() {
        let mut story = story(50);
        story.fine_fact(&answered((1, 1, 1), (149, 160), read(6, Basis::Lease)));
        story.fine_fact(&answered((2, 1, 2), (160, 161), read(7, Basis::Lease)));
        assert_eq!(story.compared, 1);
    }

    #[test]
    fn the_old_leader_that_still_answers_is_found() {
        for basis in [Basis::Lease, Basis::Quorum] {
            let late = answered((1, 1, 1), (151, 160), read(6, basis));
            story(50).wrong_fact(&late, "had handed over to the one of term 7");
        }
    }

    #[test]
    fn an_election_that_came_by_itself_is_no_transfer() {
        let mut story = story(600_000);
        let late = answered((1, 1, 1), (700_000, 700_001), read(6, Basis::Lease));
        story.fine_fact(&late);
        assert_eq!(story.compared, 0);
    }
}
