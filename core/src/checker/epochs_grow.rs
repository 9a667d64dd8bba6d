//! S8, epochs only grow and shard ids are never used twice (TiKV: `RegionEpoch`, "strictly
//! increasing" in `metapb.proto`; ids are PD's `alloc_id`).
//!
//! A replica's epoch grows with each entry that changes its shard, until a crash takes it back
//! behind a snapshot. Over all replicas a shard's epochs are one chain: of any two, one is not
//! behind the other in either number.

use litemap::LiteMap;

use super::Property;
use crate::event::{Event, EventKind, Origin};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch};

/// See the module.
#[derive(Default)]
pub(crate) struct EpochsGrow {
    /// The last epoch of each live replica, as of this start of it.
    replicas: LiteMap<(NodeId, ReplicaId), Epoch>,
    /// Each shard: its newest epoch, and which split made it. One small row a shard.
    shards: LiteMap<ShardId, (Epoch, Birth)>,
}

/// What made a shard: the parent and its version after the split; `None` for those that the run
/// began with.
type Birth = Option<(ShardId, u64)>;

impl EpochsGrow {
    /// The replica of `shard` is at `epoch` now, which must be above what it was, or `at_least`
    /// that.
    fn replica(
        &mut self,
        at: (NodeId, ShardId, ReplicaId),
        epoch: Epoch,
        at_least: bool,
    ) -> Result<(), String> {
        let (node, shard, replica) = at;
        let before = self.replicas.insert((node, replica), epoch);
        if let Some(before) = before
            && !(not_behind(epoch, before) && (at_least || epoch != before))
        {
            return Err(format!("{replica} of {shard} went from epoch {before} to {epoch}"));
        }
        let (newest, _) = self.shards.entry(shard).or_insert((epoch, None));
        if not_behind(epoch, *newest) {
            *newest = epoch;
        } else if !not_behind(*newest, epoch) {
            return Err(format!("{shard} has been at epoch {newest}, and is at {epoch} on {node}"));
        }
        Ok(())
    }

    fn birth(&mut self, parent: &Descriptor, child: &Descriptor) -> Result<(), String> {
        let birth = Some((parent.shard, parent.epoch.version));
        let (_, first) = *self.shards.entry(child.shard).or_insert((child.epoch, birth));
        if first == birth {
            return Ok(());
        }
        let (id, version) = (child.shard, parent.epoch.version);
        Err(format!("{id} was born of {} at version {version}, but that id is taken", parent.shard))
    }
}

/// Whether `epoch` is not behind `other` in either number.
fn not_behind(epoch: Epoch, other: Epoch) -> bool {
    epoch.version >= other.version && epoch.conf_ver >= other.conf_ver
}

impl Property for EpochsGrow {
    fn id(&self) -> &'static str {
        "S8"
    }

    fn name(&self) -> &'static str {
        "epochs grow"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match &event.kind {
            EventKind::ReplicaStarted { node, shard, replica, range: Some(_), epoch, origin } => {
                *compared += 1;
                let born = *origin == Origin::Bootstrap;
                if born && self.shards.get(shard).is_some_and(|(_, birth)| birth.is_some()) {
                    return Err(format!("{shard} began twice"));
                }
                self.replica((*node, *shard, *replica), *epoch, true)
            }
            EventKind::SnapshotInstalled { node, shard, replica, epoch, .. } => {
                *compared += 1;
                self.replica((*node, *shard, *replica), *epoch, true)
            }
            EventKind::MembershipApplied { node, descriptor, replica, .. } => {
                *compared += 1;
                self.replica((*node, descriptor.shard, *replica), descriptor.epoch, false)
            }
            EventKind::SplitApplied { node, parent, child, replica, .. } => {
                *compared += 1;
                self.replica((*node, parent.shard, *replica), parent.epoch, false)?;
                self.birth(parent, child)
            }
            EventKind::ReplicaDestroyed { node, replica, .. } => {
                self.replicas.remove(&(*node, *replica));
                Ok(())
            }
            EventKind::NodeCrashed { node, .. } => {
                self.replicas.retain(|(on, _), _| on != node);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::started;
    use super::super::story::{Story, crashed, descriptor, epoch, installed, membership, split};
    use super::*;

    fn story() -> Story<EpochsGrow> {
        let mut story = Story::new(EpochsGrow::default());
        for node in 1..=3 {
            let at = (node, 1, u64::from(node));
            story.fine(started(at, Origin::Bootstrap, Some((1, 200))));
        }
        story
    }

    #[test]
    fn every_replica_goes_through_the_same_epochs_and_again_after_a_crash() {
        let mut told = story();
        told.fine(membership(7, 2, &[1, 2, 3], &[9], false));
        told.fine(installed((3, 1, 3), 6, (1, 200), 0));
        told.fine(crashed(1));
        told.fine(membership(7, 2, &[1, 2, 3], &[9], false));
        assert_eq!(told.compared, 6);
        let mut told = story();
        told.fine(split(1));
        told.fine(split(2));
        told.fine(crashed(1));
        told.fine(split(1));
        assert_eq!(told.compared, 6);
    }

    #[test]
    fn an_epoch_that_stands_still_goes_back_or_branches_is_found() {
        let mut told = story();
        told.fine(membership(7, 2, &[1, 2, 3], &[9], false));
        told.wrong(membership(8, 2, &[1, 2, 3], &[], false), "from epoch 1.2 to 1.2");
        let mut told = story();
        told.fine(membership(7, 2, &[1, 2, 3], &[9], false));
        told.wrong(installed((1, 1, 1), 8, (1, 200), 0), "from epoch 1.2 to 1.1");
        let mut told = story();
        told.fine(membership(7, 2, &[1, 2, 3], &[9], false));
        told.wrong(split(2), "shard_a has been at epoch 1.2, and is at 2.1");
    }

    #[test]
    fn a_shard_id_that_is_used_twice_is_found() {
        let mut told = story();
        told.fine(split(1));
        let mut again = split(2);
        if let EventKind::SplitApplied { parent, .. } = &mut again {
            *parent = descriptor(1, (1, 50), epoch(3, 1), 1);
        }
        told.wrong(again, "shard_b was born of shard_a at version 3");
    }
}
