//! S12, a restart brings back exactly what was durable: a node that starts has the live replicas
//! that its durable catalog named at the crash, the children of applied splits included, each with
//! the vote, the log and the snapshot that were durable, and nothing besides (Raft, figure 2,
//! "persistent state on all servers"; TiKV: `RaftPollerBuilder::init` in
//! `components/raftstore/src/store/fsm/store.rs`, which scans all region states).

use std::collections::BTreeMap;

use super::Property;
use super::disks::{Disks, Image};
use crate::event::Event;
use crate::id::ReplicaId;
use crate::probe::{Fact, Found};

/// See the module.
pub(crate) struct StartedWhole;

/// The live replicas of an image, as a start must find them.
fn live(image: &Image) -> BTreeMap<ReplicaId, Found> {
    let live = image.iter().filter_map(|(replica, rows)| {
        let shard = rows.shard.filter(|_| !rows.destroyed)?;
        let snapshot = rows.snapshot.as_ref().map(|snapshot| snapshot.at);
        let last = rows.log.last_key_value().map_or(0, |(index, _)| *index);
        Some((*replica, Found { replica: *replica, shard, vote: rows.vote, snapshot, last }))
    });
    live.collect()
}

impl Property for StartedWhole {
    fn id(&self) -> &'static str {
        "S12"
    }

    fn name(&self) -> &'static str {
        "a restart brings back what was durable"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::NodeStarted { node, found } = fact else { return Ok(()) };
        let mut durable = disks.durable_on(*node).map(live).unwrap_or_default();
        for found in found {
            *compared += 1;
            let Some(was) = durable.remove(&found.replica) else {
                let Found { replica, shard, .. } = found;
                return Err(format!("{node} starts with {replica} of {shard}, never made durable"));
            };
            if was != *found {
                return Err(format!("{node} starts with {found:?}, and {was:?} was durable"));
            }
        }
        match durable.pop_first() {
            None => Ok(()),
            Some((replica, Found { shard, .. })) => {
                Err(format!("{node} starts without {replica} of {shard}, which was durable"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{
        disk_crashed, durable, entry, first_rows, record, vote, written,
    };
    use super::super::story::Story;
    use super::*;
    use crate::id::{NodeId, ShardId};
    use crate::probe::{LogPoint, VoteFact};

    /// `n1` had r1 of shard_a, which has voted for r2 and has entry 6, and r4 of shard_b, which was
    /// destroyed; an entry more was lost with a crash.
    fn story() -> Story<StartedWhole> {
        let mut story = Story::new(StartedWhole);
        for rows in [
            first_rows((1, 1, 1)),
            vec![vote(1, 6, 2, true), entry(1, 6, 6), record((1, 2, 4), true)],
        ] {
            story.fine_fact(&written(1, rows.clone()));
            story.fine_fact(&durable(1, rows));
        }
        story.fine_fact(&written(1, vec![entry(1, 7, 6)]));
        story.fine_fact(&disk_crashed(1));
        story
    }

    fn found(last: u64) -> Found {
        let vote = VoteFact { term: 6, candidate: ReplicaId(2), won: true };
        Found {
            replica: ReplicaId(1),
            shard: ShardId(1),
            vote: Some(vote),
            snapshot: Some(LogPoint { term: 5, index: 5 }),
            last,
        }
    }

    fn starts(found: Vec<Found>) -> Fact {
        Fact::NodeStarted { node: NodeId(1), found }
    }

    #[test]
    fn a_node_starts_with_what_was_durable() {
        let mut story = story();
        story.fine_fact(&starts(vec![found(6)]));
        assert_eq!(story.compared, 1);
    }

    #[test]
    fn what_is_missing_what_was_lost_and_what_was_destroyed_is_found() {
        story().wrong_fact(&starts(vec![]), "without r1 of shard_a");
        story().wrong_fact(&starts(vec![found(7)]), "was durable");
        let back = Found { replica: ReplicaId(4), shard: ShardId(2), ..found(0) };
        story().wrong_fact(&starts(vec![found(6), back]), "r4 of shard_b, never made durable");
    }
}
