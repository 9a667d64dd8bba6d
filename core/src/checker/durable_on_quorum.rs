//! R6, committed means durable on a quorum: when an entry of a shard is applied for the first time,
//! it is durable on a majority of the voters, of both configurations while they are joint; learners
//! never count (Raft, sections 5.3 and 6; Ongaro's thesis, sections 4.2.1 and 10.2.1, where a leader
//! counts itself only once its own write is durable).
//!
//! Looks at the disks of all nodes, also of those that are down, and at what was durable on a disk
//! that was lost since: it was acknowledged, and the others go by that. A snapshot stands for the entries
//! in it. A configuration is in force as soon as it is appended, so an entry may rightly be
//! committed by one that stands behind it in the leader's log: any that stands at or behind the
//! entry in a log that has the entry will do.

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::Event;
use crate::id::ShardId;
use crate::probe::{Config, Fact, LogPoint};
use crate::raft::seat::Seat;

/// See the module.
#[derive(Default)]
pub(crate) struct DurableOnQuorum {
    /// Index of each shard's last entry that was applied anywhere. One row a shard.
    applied: LiteMap<ShardId, u64>,
}

impl DurableOnQuorum {
    /// Whether `at` is new, and now applied.
    fn is_first(&mut self, shard: ShardId, at: LogPoint) -> bool {
        let applied = self.applied.entry(shard).or_default();
        let is_first = at.index > *applied;
        *applied = at.index.max(*applied);
        is_first
    }
}

impl Property for DurableOnQuorum {
    fn id(&self) -> &'static str {
        "R6"
    }

    fn name(&self) -> &'static str {
        "committed is durable on a quorum"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Applied { seat: Seat { node, shard, replica }, at, .. } = *fact else {
            return Ok(());
        };
        if !self.is_first(shard, at) {
            return Ok(());
        }
        let Some(config) = disks.written(node, replica).and_then(|rows| rows.config_at(at.index))
        else {
            return Ok(());
        };
        *compared += 1;
        let durable = |config: &Config| {
            config.has_quorum(|replica, node| {
                disks.once_durable(node, replica).is_some_and(|rows| rows.has(at))
            })
        };
        if durable(config) {
            return Ok(());
        }
        let logs = config.nodes.iter().filter_map(|(replica, node)| disks.written(*node, *replica));
        let mut later = logs.filter(|rows| rows.has(at)).flat_map(|r| r.configs_behind(at.index));
        if later.any(|config| durable(config)) {
            return Ok(());
        }
        let held = config.nodes.iter().filter(|(replica, node)| {
            disks.once_durable(*node, *replica).is_some_and(|rows| rows.has(at))
        });
        let held: Vec<String> = held.map(|(replica, _)| replica.to_string()).collect();
        let LogPoint { term, index } = at;
        Err(format!(
            "{node} applies entry {index} of {shard}, term {term}, which is durable on [{}] alone, \
             no quorum of {:?}",
            held.join(" "),
            config.voters
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{
        config, config_entry, disk_crashed, durable, entry, entry_applied, first_rows, written,
    };
    use super::super::story::Story;
    use super::*;
    use crate::probe::RowFact;

    const AT: (u16, u64, u64) = (1, 1, 1);

    fn both(story: &mut Story<DurableOnQuorum>, node: u16, rows: Vec<RowFact>) {
        story.fine_fact(&written(node, rows.clone()));
        story.fine_fact(&durable(node, rows));
    }

    /// Replicas 1, 2 and 3 of shard_a, and 4, a learner since entry 6, which is committed.
    fn story() -> Story<DurableOnQuorum> {
        let mut story = Story::new(DurableOnQuorum::default());
        let added = config(&[&[1, 2, 3]], &[4]);
        for n in 1..=4 {
            let replica = u64::from(n);
            both(&mut story, n, first_rows((n, 1, replica)));
            both(&mut story, n, vec![config_entry(replica, 6, 6, added.clone())]);
        }
        story.fine_fact(&entry_applied(AT, 6, 6));
        story
    }

    #[test]
    fn two_disks_of_three_are_enough_also_while_one_is_down() {
        let mut story = story();
        both(&mut story, 1, vec![entry(1, 7, 6)]);
        both(&mut story, 2, vec![entry(2, 7, 6)]);
        story.fine_fact(&disk_crashed(2));
        story.fine_fact(&entry_applied(AT, 7, 6));
        story.fine_fact(&entry_applied((2, 1, 2), 7, 6));
        assert_eq!(story.compared, 2, "each entry once");
    }

    /// Given an entry that two of three acknowledged, when one of them loses its disk before anybody
    /// applies it, then it is committed all the same; what was only written there never was.
    #[test]
    fn what_was_durable_on_a_disk_that_is_lost_was_acknowledged() {
        for acknowledged in [true, false] {
            let mut story = story();
            both(&mut story, 1, vec![entry(1, 7, 6)]);
            story.fine_fact(&written(2, vec![entry(2, 7, 6)]));
            if acknowledged {
                story.fine_fact(&durable(2, vec![entry(2, 7, 6)]));
            }
            story.fine_fact(&Fact::DiskLost { node: crate::id::NodeId(2) });
            let applied = entry_applied(AT, 7, 6);
            if acknowledged {
                story.fine_fact(&applied);
            } else {
                story.wrong_fact(&applied, "durable on [r1] alone");
            }
        }
    }

    #[test]
    fn a_learner_a_write_that_is_not_durable_and_another_entry_do_not_count() {
        let mut learner = story();
        both(&mut learner, 1, vec![entry(1, 7, 6)]);
        both(&mut learner, 4, vec![entry(4, 7, 6)]);
        learner.wrong_fact(&entry_applied(AT, 7, 6), "durable on [r1 r4] alone");
        let mut unflushed = story();
        both(&mut unflushed, 1, vec![entry(1, 7, 6)]);
        unflushed.fine_fact(&written(2, vec![entry(2, 7, 6)]));
        unflushed.wrong_fact(&entry_applied(AT, 7, 6), "durable on [r1] alone");
        let mut other = story();
        both(&mut other, 1, vec![entry(1, 7, 6)]);
        both(&mut other, 2, vec![entry(2, 7, 5)]);
        other.wrong_fact(&entry_applied(AT, 7, 6), "durable on [r1] alone");
    }

    /// Given a joint configuration of three and one, when an entry is on two of the three alone,
    /// then that is no quorum.
    #[test]
    fn both_halves_of_a_joint_configuration_count() {
        let mut story = story();
        let joint = config(&[&[1, 2, 3], &[4]], &[]);
        for n in 1..=2 {
            both(&mut story, n, vec![config_entry(u64::from(n), 7, 6, joint.clone())]);
        }
        story.wrong_fact(&entry_applied(AT, 7, 6), "durable on [r1 r2] alone");
    }

    /// Given an entry between a joint configuration and the one that leaves it, when it is
    /// committed by the latter, then that is right.
    #[test]
    fn a_configuration_that_stands_behind_an_entry_may_commit_it() {
        let mut story = story();
        let joint = config(&[&[1, 2, 3], &[4]], &[]);
        for n in 1..=4 {
            both(&mut story, n, vec![config_entry(u64::from(n), 7, 6, joint.clone())]);
        }
        story.fine_fact(&entry_applied(AT, 7, 6));
        let left = config(&[&[4]], &[1]);
        both(&mut story, 4, vec![entry(4, 8, 6), config_entry(4, 9, 6, left)]);
        story.fine_fact(&entry_applied((4, 1, 4), 8, 6));
    }
}
