//! S10, a destroyed replica does nothing any more: it applies no entry, takes or installs no
//! snapshot, leads nobody. Whoever leads and applies serves clients, so one that does neither
//! serves none (TiKV: a destroyed peer's messages and its apply fsm are dropped, `destroy_peer` in
//! `components/raftstore/src/store/fsm/peer.rs`).

use super::Property;
use super::tombstones::Tombstones;
use crate::event::{Event, EventKind, Role};
use crate::options::Options;

/// See the module.
pub(crate) struct DestroyedIsSilent {
    tombstones: Tombstones,
}

impl DestroyedIsSilent {
    pub(crate) fn new(options: &Options) -> Self {
        Self { tombstones: Tombstones::new(options) }
    }
}

impl Property for DestroyedIsSilent {
    fn id(&self) -> &'static str {
        "S10"
    }

    fn name(&self) -> &'static str {
        "destroyed is silent"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        self.tombstones.follow(event);
        let (node, shard, replica, did) = match event.kind {
            EventKind::Applied { node, shard, replica, .. } => (node, shard, replica, "applies"),
            EventKind::RoleChanged { node, shard, replica, role: Role::Leader, .. } => {
                (node, shard, replica, "leads")
            }
            EventKind::SnapshotTaken { node, shard, replica, .. } => {
                (node, shard, replica, "takes a snapshot")
            }
            EventKind::SnapshotInstalled { node, shard, replica, .. } => {
                (node, shard, replica, "installs a snapshot")
            }
            _ => return Ok(()),
        };
        // Before the first destruction there is nothing to compare with.
        *compared += u64::from(!self.tombstones.is_empty());
        if self.tombstones.contain(node, replica) {
            return Err(format!("{replica} of {shard} on {node} is destroyed, and {did}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{
        Story, applied, crashed, destroyed, installed, role, snapshot_taken,
    };
    use super::*;

    /// r4 of shard_b on `n1` was destroyed.
    fn story() -> Story<DestroyedIsSilent> {
        let mut story = Story::new(DestroyedIsSilent::new(&Options::default()));
        story.fine(role((1, 2, 4), Role::Leader, 6));
        story.fine(applied((1, 2, 4), 6, 6, 0));
        story.fine(destroyed((1, 2, 4)));
        story
    }

    #[test]
    fn others_go_on_and_so_does_one_whose_tombstone_was_not_durable() {
        let mut story = story();
        story.fine(applied((2, 2, 5), 6, 6, 0));
        story.fine(role((1, 2, 4), Role::Learner, 6));
        story.fine(crashed(1));
        story.fine(applied((1, 2, 4), 6, 6, 0));
        assert_eq!(story.compared, 1);
    }

    #[test]
    fn a_destroyed_replica_that_still_acts_is_found() {
        story().wrong(applied((1, 2, 4), 7, 6, 0), "is destroyed, and applies");
        story().wrong(role((1, 2, 4), Role::Leader, 7), "is destroyed, and leads");
        story().wrong(snapshot_taken((1, 2, 4), 7), "is destroyed, and takes a snapshot");
        story().wrong(installed((1, 2, 4), 9, (101, 200), 0), "and installs a snapshot");
    }
}
