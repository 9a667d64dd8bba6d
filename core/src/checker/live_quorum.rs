//! S22, no step leaves a shard without a live quorum: a leader proposes no membership that has no
//! majority on nodes that run, where the one before has (TiKV: `check_conf_change` in
//! `components/raftstore/src/store/peer.rs` refuses a change after which too few peers are healthy;
//! CockroachDB: the allocator does not remove a replica if that would leave no live quorum).
//!
//! Whoever plans a step hears of a crash only after a while, and a node may crash while the order is
//! on its way. So a node counts as gone only when it has been down for as long as that may take.

use std::rc::Rc;
use std::time::Duration;

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId};
use crate::probe::{Config, EntryFact, Fact, RowFact};
use crate::sim::Time;

/// For how long a node has to be down before it counts as gone: several of its heartbeats, and as
/// long as placement waits for an order.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Default)]
pub(crate) struct LiveQuorum {
    now: Time,
    /// The nodes that are down, and since when.
    down: LiteMap<NodeId, Time>,
}

impl LiveQuorum {
    fn lives(&self, node: NodeId) -> bool {
        self.down.get(&node).is_none_or(|since| *since + GONE_AFTER > self.now)
    }

    fn has_quorum(&self, config: &Config) -> bool {
        config.has_quorum(|_, node| self.lives(node))
    }

    /// `replica` appended `config` at `index` of its log.
    fn proposed(
        &self,
        (node, replica, index): (NodeId, ReplicaId, u64),
        config: &Rc<Config>,
        disks: &Disks,
    ) -> Result<bool, String> {
        let Some(rows) = disks.written(node, replica) else { return Ok(false) };
        let leads = rows.vote.is_some_and(|vote| vote.is_won_by(replica));
        let Some(before) = rows.config_at(index - 1).filter(|_| leads) else { return Ok(false) };
        if !self.has_quorum(before) || self.has_quorum(config) {
            return Ok(true);
        }
        let gone: Vec<String> = self.down.keys().map(ToString::to_string).collect();
        let shard = rows.shard.unwrap_or_default();
        Err(format!(
            "{replica} on {node} proposes voters {:?} of {shard} instead of {:?}, while [{}] are down",
            config.voters,
            before.voters,
            gone.join(" ")
        ))
    }
}

impl Property for LiveQuorum {
    fn id(&self) -> &'static str {
        "S22"
    }

    fn name(&self) -> &'static str {
        "every step leaves a live quorum"
    }

    fn check(&mut self, event: &Event, _: &mut u64) -> Result<(), String> {
        self.now = event.time;
        match event.kind {
            EventKind::NodeCrashed { node, .. } => _ = self.down.insert(node, event.time),
            EventKind::NodeStarted { node, .. } => _ = self.down.remove(&node),
            _ => {}
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Written { node, rows, .. } = fact else { return Ok(()) };
        for row in rows.iter() {
            if let RowFact::Entry { replica, index, entry } = row
                && let EntryFact { config: Some(config), .. } = entry
            {
                let led = self.proposed((*node, *replica, *index), config, disks)?;
                *compared += u64::from(led);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{config, config_entry, first_rows, vote, written};
    use super::super::story::{Story, crashed};
    use super::*;

    /// r1 on `n1` leads shard_a, voters 1, 2 and 3; `n4` has been down for that long.
    fn story(down_us: u64) -> Story<LiveQuorum> {
        let mut story = Story::new(LiveQuorum::default());
        story.fine_fact(&written(1, first_rows((1, 1, 1))));
        story.fine_fact(&written(1, vec![vote(1, 6, 1, true)]));
        story.fine(crashed(4));
        story.at(down_us);
        story.fine(EventKind::NodePaused { node: NodeId(5) });
        story
    }

    fn proposes(voters: &[&[u64]]) -> Fact {
        written(1, vec![config_entry(1, 6, 6, config(voters, &[]))])
    }

    #[test]
    fn a_step_may_count_on_nodes_that_run_or_have_just_gone_down() {
        let mut told = story(6_000_000);
        told.fine_fact(&proposes(&[&[1, 2, 3], &[1, 2, 4]]));
        assert_eq!(told.compared, 1);
        story(4_000_000).fine_fact(&proposes(&[&[1, 2, 3], &[1, 4]]));
    }

    #[test]
    fn a_step_that_needs_a_node_that_is_gone_is_found() {
        let step = proposes(&[&[1, 2, 3], &[1, 4]]);
        story(6_000_000).wrong_fact(&step, "while [n4] are down");
    }

    #[test]
    fn a_shard_that_has_lost_its_quorum_may_be_led_out_of_it() {
        let mut story = story(0);
        story.fine(crashed(2));
        story.fine(crashed(3));
        story.at(6_000_000);
        story.fine(EventKind::NodePaused { node: NodeId(5) });
        story.fine_fact(&proposes(&[&[1, 2, 3], &[1, 4]]));
    }
}
