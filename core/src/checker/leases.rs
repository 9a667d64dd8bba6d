//! S6, one lease at most: no leader answers on its lease what is asked after a leader of a newer
//! term has got an entry committed (Ongaro's thesis, section 6.4.1; TiKV: `Lease` in
//! `components/raftstore/src/store/util.rs`).
//!
//! A lease holds as long as those who granted it keep to it, and clocks run alike. OpenRaft's
//! follower forgets on a restart what it granted (`docs/findings/lease-read.md`), which `S16` finds;
//! so for two of the longest election timeouts after a restart or after a clock was set, nothing is
//! held against a lease here.

use std::time::Duration;

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::{Event, EventKind};
use crate::id::ShardId;
use crate::options::Options;
use crate::probe::{Basis, Fact};
use crate::sim::Time;

/// See the module.
pub(crate) struct Leases {
    /// Two of the longest election timeouts.
    excused_for: Duration,
    /// Until when nothing is held against a lease.
    excused_until: Time,
    /// The term of each shard's newest entry that was applied, and when the first of that term was.
    newest: LiteMap<ShardId, (u64, Time)>,
}

impl Leases {
    pub(crate) fn new(options: &Options) -> Self {
        let excused_for = Duration::from_millis(2 * options.election_timeout_ms.1);
        Self { excused_for, excused_until: Time::ZERO, newest: LiteMap::new() }
    }
}

impl Property for Leases {
    fn id(&self) -> &'static str {
        "S6"
    }

    fn name(&self) -> &'static str {
        "one lease at most"
    }

    fn check(&mut self, event: &Event, _: &mut u64) -> Result<(), String> {
        match event.kind {
            EventKind::NodeStarted { .. } | EventKind::ClockSet { .. } => {
                self.excused_until = event.time + self.excused_for;
            }
            EventKind::Applied { shard, term, .. } => {
                let newest = self.newest.entry(shard).or_default();
                if term > newest.0 {
                    *newest = (term, event.time);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Answered { seat, answered } = fact else { return Ok(()) };
        if answered.grounds.basis != Basis::Lease || answered.left <= self.excused_until {
            return Ok(());
        }
        let Some((term, since)) = self.newest.get(&seat.shard) else { return Ok(()) };
        *compared += 1;
        if answered.grounds.term >= *term || answered.arrived <= *since {
            return Ok(());
        }
        Err(format!(
            "{} on {} answers on a lease of {} from term {}, and an entry of term {term} was \
             committed before it was asked",
            seat.replica, seat.node, seat.shard, answered.grounds.term
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{Asked, answered};
    use super::super::story::{Story, applied};
    use super::*;
    use crate::id::NodeId;

    fn lease(term: u64) -> Asked {
        Asked { term, basis: Basis::Lease, ..Asked::default() }
    }

    fn started(node: u16) -> EventKind {
        EventKind::NodeStarted { node: NodeId(node), replicas: 1 }
    }

    /// Four seconds after the nodes have started, an entry of term 7 is applied.
    fn story() -> Story<Leases> {
        let mut story = Story::new(Leases::new(&Options::default()));
        (1..=3).for_each(|node| story.fine(started(node)));
        story.at(4_000_000);
        story.fine(applied((2, 1, 2), 8, 7, 0));
        story
    }

    #[test]
    fn the_newest_leader_answers_and_an_older_one_what_it_was_asked_before() {
        let mut story = story();
        story.fine_fact(&answered((2, 1, 2), (4_000_010, 4_000_011), lease(7)));
        story.fine_fact(&answered((1, 1, 1), (3_999_999, 4_000_011), lease(6)));
        assert_eq!(story.compared, 2);
    }

    #[test]
    fn an_older_lease_that_still_serves_is_found_but_not_right_after_a_restart() {
        let late = answered((1, 1, 1), (4_000_010, 4_000_011), lease(6));
        story().wrong_fact(&late, "an entry of term 7 was committed");
        let mut restarted = story();
        restarted.fine(started(3));
        restarted.fine_fact(&late);
        assert_eq!(restarted.compared, 0);
    }
}
