//! S9, replica ids only grow: on each node, every new replica of a shard has a greater id than all
//! before it there, and an id belongs to one shard on one node (TiKV: `Peer::replicate` and
//! `maybe_create_peer` refuse an older peer id; ids are PD's `alloc_id`).
//!
//! A birth or a destruction that a crash took back does not count as one before. What a node lost
//! with its disk counts for ever: that very id is not new either. Looked at as replicas start, and
//! as the catalog is written.

use std::collections::BTreeMap;

use super::Property;
use super::disks::Disks;
use super::unsettled::Unsettled;
use crate::event::{Event, EventKind, Origin};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::options::Options;
use crate::probe::{Fact, RowFact};

/// How many ids are known to belong somewhere: the newest ones, as a clash is with one that was
/// given out lately.
const IDS_MAX: usize = 1 << 14;

/// See the module.
pub(crate) struct ReplicaIds {
    /// The greatest id that each node has had of each shard. One small row each.
    greatest: BTreeMap<(NodeId, ShardId), ReplicaId>,
    /// The greatest id that each node had of each shard when it lost its disk.
    lost: BTreeMap<(NodeId, ShardId), ReplicaId>,
    owners: BTreeMap<ReplicaId, (NodeId, ShardId)>,
    /// Which id was the greatest of which shard lately, and which one before it.
    unsettled: Unsettled<(ShardId, ReplicaId, ReplicaId)>,
}

impl ReplicaIds {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            greatest: BTreeMap::new(),
            lost: BTreeMap::new(),
            owners: BTreeMap::new(),
            unsettled: Unsettled::new(options),
        }
    }

    fn note(&mut self, event: &Event, node: NodeId, shard: ShardId, replica: ReplicaId) {
        let greatest = self.greatest.entry((node, shard)).or_default();
        if replica > *greatest {
            let before = std::mem::replace(greatest, replica);
            self.unsettled.write(node, event.time, (shard, replica, before));
        }
    }

    fn owner(&mut self, node: NodeId, shard: ShardId, replica: ReplicaId) -> Result<(), String> {
        let owner = *self.owners.entry(replica).or_insert((node, shard));
        if self.owners.len() > IDS_MAX {
            self.owners.pop_first();
        }
        if owner == (node, shard) {
            return Ok(());
        }
        Err(format!("{replica} is of {} on {}, and of {shard} on {node}", owner.1, owner.0))
    }
}

impl Property for ReplicaIds {
    fn id(&self) -> &'static str {
        "S9"
    }

    fn name(&self) -> &'static str {
        "replica ids grow"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        for (shard, replica, before) in self.unsettled.follow(event).into_iter().rev() {
            let Some(node) = event.kind.node() else { continue };
            let greatest = self.greatest.entry((node, shard)).or_default();
            if *greatest == replica {
                *greatest = before;
            }
        }
        match event.kind {
            EventKind::ReplicaStarted { node, shard, replica, origin, .. } => {
                *compared += 1;
                if self.lost.get(&(node, shard)).is_some_and(|lost| replica <= *lost) {
                    return Err(format!(
                        "{node} makes {replica} of {shard}, and had that or a newer one when it lost \
                         its disk"
                    ));
                }
                let greatest = self.greatest.get(&(node, shard)).copied();
                self.note(event, node, shard, replica);
                // What a node brings back from its disk is not new.
                if let Some(greatest) = greatest.filter(|g| replica < *g)
                    && origin != Origin::Restart
                {
                    return Err(format!(
                        "{node} has had {greatest} of {shard}, and makes {replica}"
                    ));
                }
                self.owner(node, shard, replica)
            }
            EventKind::ReplicaDestroyed { node, shard, replica, .. } => {
                self.note(event, node, shard, replica);
                Ok(())
            }
            EventKind::DiskLost { node } => {
                let here = (node, ShardId(0))..=(node, ShardId(u64::MAX));
                self.lost.extend(self.greatest.range(here).map(|(at, replica)| (*at, *replica)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Written { node, rows, .. } = fact else { return Ok(()) };
        for row in rows.iter() {
            let RowFact::Record { replica, shard, destroyed: false } = *row else { continue };
            *compared += 1;
            let here = disks.written_on(*node).into_iter().flatten();
            let mut newer = here.filter(|(id, rows)| **id > replica && rows.shard == Some(shard));
            if let Some((newer, _)) = newer.next() {
                return Err(format!(
                    "the catalog of {node} gets {replica} of {shard}, and knows {newer}"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{disk_crashed, record, written};
    use super::super::story::{Story, crashed, destroyed, started};
    use super::*;

    /// `n4` had r7 of shard_b, which was destroyed, and has r9.
    fn story() -> Story<ReplicaIds> {
        let mut story = Story::new(ReplicaIds::new(&Options::default()));
        story.fine(started((4, 2, 7), Origin::Message, None));
        story.at(1_000);
        story.fine(destroyed((4, 2, 7)));
        story.fine(started((4, 2, 9), Origin::Message, None));
        story
    }

    #[test]
    fn ids_grow_on_a_node_and_stay_across_restarts() {
        let mut story = story();
        story.fine(started((4, 2, 9), Origin::Split, Some((101, 200))));
        story.at(2_000);
        story.fine(crashed(4));
        story.fine(started((4, 2, 9), Origin::Restart, Some((101, 200))));
        story.fine(started((5, 2, 8), Origin::Message, None));
        assert_eq!(story.compared, 5);
    }

    #[test]
    fn a_birth_that_a_crash_took_back_does_not_count() {
        let mut story = story();
        story.fine(crashed(4));
        story.fine(started((4, 2, 7), Origin::Restart, Some((101, 200))));
        story.fine(started((4, 2, 8), Origin::Message, None));
    }

    #[test]
    fn what_was_lost_with_a_disk_is_not_brought_back() {
        let mut story = story();
        story.fine(crashed(4));
        story.fine(EventKind::DiskLost { node: NodeId(4) });
        story.fine(started((4, 2, 10), Origin::Message, None));
        story.wrong(started((4, 2, 7), Origin::Message, None), "when it lost its disk");
        let mut same = Story::new(ReplicaIds::new(&Options::default()));
        same.fine(started((4, 2, 7), Origin::Message, None));
        same.at(2_000);
        same.fine(EventKind::DiskLost { node: NodeId(4) });
        same.wrong(started((4, 2, 7), Origin::Message, None), "when it lost its disk");
    }

    #[test]
    fn an_older_id_in_the_catalog_is_found_unless_a_crash_took_the_newer_one_back() {
        let mut story = Story::new(ReplicaIds::new(&Options::default()));
        story.fine_fact(&written(4, vec![record((4, 2, 9), true)]));
        story.fine_fact(&written(4, vec![record((4, 2, 9), true), record((4, 3, 8), false)]));
        assert_eq!(story.compared, 1);
        story.wrong_fact(&written(4, vec![record((4, 2, 8), false)]), "and knows r9");
        story.fine_fact(&disk_crashed(4));
        story.fine_fact(&written(4, vec![record((4, 2, 8), false)]));
    }

    #[test]
    fn an_older_id_and_an_id_in_two_places_are_found() {
        story().wrong(started((4, 2, 8), Origin::Message, None), "has had r9 of shard_b");
        story().wrong(started((5, 2, 9), Origin::Message, None), "r9 is of shard_b on n4");
        let mut late = story();
        late.at(2_000);
        late.fine(crashed(4));
        late.wrong(started((4, 2, 8), Origin::Split, Some((101, 200))), "has had r9");
    }
}
