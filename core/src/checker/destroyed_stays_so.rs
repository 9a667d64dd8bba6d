//! S11, a destroyed replica never comes back: nothing, neither a message nor a late split nor a
//! restart, makes it again, in the catalog or otherwise (TiKV: `PeerState::Tombstone`, and why it is kept, in
//! `components/raftstore/src/store/fsm/store.rs`).

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use super::tombstones::Tombstones;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::options::Options;
use crate::probe::{Fact, RowFact};

/// See the module.
pub(crate) struct DestroyedStaysSo {
    tombstones: Tombstones,
    /// The newest replica of each shard whose tombstone is durable on a node. One small row each.
    durable: LiteMap<(NodeId, ShardId), ReplicaId>,
}

impl DestroyedStaysSo {
    pub(crate) fn new(options: &Options) -> Self {
        Self { tombstones: Tombstones::new(options), durable: LiteMap::new() }
    }
}

impl Property for DestroyedStaysSo {
    fn id(&self) -> &'static str {
        "S11"
    }

    fn name(&self) -> &'static str {
        "destroyed stays destroyed"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        self.tombstones.follow(event);
        let EventKind::ReplicaStarted { node, shard, replica, origin, .. } = event.kind else {
            return Ok(());
        };
        *compared += 1;
        if self.tombstones.contain(node, replica) {
            return Err(format!("{replica} of {shard} is back on {node} ({origin:?}), destroyed"));
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        let (Fact::Written { node, rows, .. } | Fact::Durable { node, rows }) = fact else {
            return Ok(());
        };
        let is_durable = matches!(fact, Fact::Durable { .. });
        for row in rows.iter() {
            let RowFact::Record { replica, shard, destroyed } = *row else { continue };
            let newest = self.durable.get(&(*node, shard)).copied();
            if destroyed && is_durable {
                self.durable.insert((*node, shard), newest.unwrap_or(replica).max(replica));
            } else if !destroyed && !is_durable {
                *compared += 1;
                if let Some(newest) = newest.filter(|newest| *newest >= replica) {
                    return Err(format!(
                        "the catalog of {node} gets {replica} of {shard}, with a durable tombstone \
                         of {newest}"
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{disk_crashed, durable, record, written};
    use super::super::story::{Story, crashed, destroyed, started};
    use super::*;
    use crate::event::Origin;

    fn story() -> Story<DestroyedStaysSo> {
        let mut story = Story::new(DestroyedStaysSo::new(&Options::default()));
        story.fine(started((1, 2, 4), Origin::Split, Some((101, 200))));
        story.fine(destroyed((1, 2, 4)));
        story
    }

    #[test]
    fn newer_ones_and_one_whose_tombstone_was_not_durable_may_start() {
        let mut story = story();
        story.fine(started((1, 2, 9), Origin::Message, None));
        story.fine(destroyed((1, 2, 9)));
        story.fine(crashed(1));
        story.fine(started((1, 2, 9), Origin::Restart, None));
        assert_eq!(story.compared, 3);
    }

    #[test]
    fn a_record_below_a_durable_tombstone_is_found() {
        let tombstone = || vec![record((1, 2, 4), true)];
        let mut lost = Story::new(DestroyedStaysSo::new(&Options::default()));
        lost.fine_fact(&written(1, tombstone()));
        lost.fine_fact(&disk_crashed(1));
        lost.fine_fact(&written(1, vec![record((1, 2, 4), false)]));
        assert_eq!(lost.compared, 1);
        let mut kept = Story::new(DestroyedStaysSo::new(&Options::default()));
        kept.fine_fact(&durable(1, tombstone()));
        kept.fine_fact(&written(1, vec![record((1, 2, 5), false)]));
        kept.wrong_fact(&written(1, vec![record((1, 2, 4), false)]), "durable tombstone of r4");
    }

    #[test]
    fn a_destroyed_replica_that_comes_back_is_found() {
        story().wrong(started((1, 2, 4), Origin::Message, None), "r4 of shard_b is back on n1");
        let mut late = story();
        late.at(1_000);
        late.fine(crashed(1));
        late.wrong(started((1, 2, 4), Origin::Restart, Some((101, 200))), "is back on n1");
    }
}
