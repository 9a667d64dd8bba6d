//! S10, a destroyed replica does nothing any more: it applies no entry, takes or installs no
//! snapshot, leads nobody, and answers no read; nor does one of before its node's last start (TiKV: a
//! destroyed peer's messages and its apply fsm are dropped, `destroy_peer` in
//! `components/raftstore/src/store/fsm/peer.rs`).
//!
//! A write that was applied before may still be answered afterwards: it is done.

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use super::tombstones::Tombstones;
use crate::event::{Event, EventKind, Role};
use crate::id::NodeId;
use crate::options::Options;
use crate::probe::{Basis, Fact};
use crate::raft::seat::Seat;

/// See the module.
pub(crate) struct DestroyedIsSilent {
    tombstones: Tombstones,
    /// How often each node has started.
    starts: LiteMap<NodeId, u32>,
}

impl DestroyedIsSilent {
    pub(crate) fn new(options: &Options) -> Self {
        Self { tombstones: Tombstones::new(options), starts: LiteMap::new() }
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
            EventKind::NodeStarted { node, .. } => {
                *self.starts.entry(node).or_default() += 1;
                return Ok(());
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

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Answered { seat: Seat { node, shard, replica }, answered } = *fact else {
            return Ok(());
        };
        if answered.grounds.basis == Basis::Entry {
            return Ok(());
        }
        *compared += 1;
        if disks.written(node, replica).is_none_or(|rows| rows.destroyed) {
            return Err(format!("{replica} of {shard} on {node} is destroyed, and answers a read"));
        }
        let starts = self.starts.get(&node).copied().unwrap_or_default();
        if answered.start != starts {
            return Err(format!(
                "{replica} of {shard} answers a read as of start {} of {node}, which has had {starts}",
                answered.start
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{Asked, answered, first_rows, record, written};
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
    fn a_destroyed_replica_and_one_of_an_earlier_start_that_answer_reads_are_found() {
        let at = (1, 2, 4);
        let read = |start| answered(at, (10, 11), Asked { start, ..Asked::default() });
        let mut story = Story::new(DestroyedIsSilent::new(&Options::default()));
        story.fine_fact(&written(1, first_rows(at)));
        story.fine(EventKind::NodeStarted { node: NodeId(1), replicas: 1 });
        story.fine_fact(&read(1));
        assert_eq!(story.compared, 1);
        story.fine(EventKind::NodeStarted { node: NodeId(1), replicas: 1 });
        story.wrong_fact(&read(1), "as of start 1 of n1, which has had 2");
        story.fine_fact(&written(1, vec![record(at, true)]));
        story.wrong_fact(&read(2), "is destroyed, and answers a read");
        let write = Asked { start: 2, basis: Basis::Entry, ..Asked::default() };
        story.fine_fact(&answered(at, (10, 11), write));
    }

    #[test]
    fn a_destroyed_replica_that_still_acts_is_found() {
        story().wrong(applied((1, 2, 4), 7, 6, 0), "is destroyed, and applies");
        story().wrong(role((1, 2, 4), Role::Leader, 7), "is destroyed, and leads");
        story().wrong(snapshot_taken((1, 2, 4), 7), "is destroyed, and takes a snapshot");
        story().wrong(installed((1, 2, 4), 9, (101, 200), 0), "and installs a snapshot");
    }
}
