//! S14, a split applied again changes nothing: no first rows are ever written over a replica that is
//! initialized or destroyed, nor where a newer one of its shard is known (TiKV: `check_need_skip`
//! and `NewSplitPeer` in `components/raftstore/src/store/fsm/apply.rs`; CockroachDB:
//! `splitPreApply` on a right-hand side that is already there).
//!
//! Looks at the rows that are written, so it knows what a crash has taken back.

use litemap::LiteMap;

use super::Property;
use super::disks::Disks;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::probe::{Fact, RowFact, births};

/// See the module.
#[derive(Default)]
pub(crate) struct SplitAgain {
    /// The newest replica of each shard on each node. One small row each.
    newest: LiteMap<(NodeId, ShardId), Newest>,
}

#[derive(Clone, Copy)]
struct Newest {
    replica: ReplicaId,
    /// It is initialized or destroyed.
    settled: bool,
}

impl SplitAgain {
    fn note(&mut self, node: NodeId, shard: ShardId, replica: ReplicaId, settled: bool) {
        let newest = self.newest.entry((node, shard)).or_insert(Newest { replica, settled });
        if newest.replica < replica {
            *newest = Newest { replica, settled };
        } else if newest.replica == replica {
            newest.settled |= settled;
        }
    }

    fn write(&mut self, node: NodeId, rows: &[RowFact], disks: &Disks) -> Result<(), String> {
        let mut found = Ok(());
        for (replica, shard) in births(rows) {
            let newest = self.newest.get(&(node, shard));
            let clash = |n: &&Newest| n.replica > replica || (n.replica == replica && n.settled);
            if let Some(newest) = newest.filter(clash) {
                found = Err(format!(
                    "{node} begins {replica} of {shard} anew, where {} is{}",
                    newest.replica,
                    if newest.settled { " initialized or destroyed" } else { "" }
                ));
            }
        }
        for row in rows {
            let (RowFact::Record { replica, .. } | RowFact::Snapshot { replica, .. }) = row else {
                continue;
            };
            if let Some(rows) = disks.written(node, *replica)
                && let Some(shard) = rows.shard
            {
                self.note(node, shard, *replica, rows.destroyed || rows.is_initialized());
            }
        }
        found
    }
}

impl Property for SplitAgain {
    fn id(&self) -> &'static str {
        "S14"
    }

    fn name(&self) -> &'static str {
        "a split applied again changes nothing"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        *compared += u64::from(matches!(event.kind, EventKind::SplitApplied { .. }));
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, _: &mut u64) -> Result<(), String> {
        match fact {
            Fact::Written { node, rows, .. } => self.write(*node, rows, disks),
            Fact::Crashed { node } | Fact::DiskLost { node } => {
                self.newest.retain(|(at, _), _| at != node);
                for (replica, rows) in disks.written_on(*node).into_iter().flatten() {
                    if let Some(shard) = rows.shard {
                        self.note(*node, shard, *replica, rows.destroyed || rows.is_initialized());
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{disk_crashed, durable, first_rows, record, written};
    use super::super::story::{Story, split};
    use super::*;

    fn child() -> Vec<RowFact> {
        first_rows((1, 2, 4))
    }

    fn story() -> Story<SplitAgain> {
        Story::new(SplitAgain::default())
    }

    #[test]
    fn a_split_makes_its_child_once_or_takes_over_one_that_a_message_made() {
        let mut story = story();
        story.fine_fact(&written(1, vec![record((1, 2, 4), false)]));
        story.fine_fact(&written(1, child()));
        story.fine(split(1));
        story.fine_fact(&disk_crashed(1));
        story.fine_fact(&written(1, child()));
        story.fine_fact(&durable(1, child()));
        story.fine_fact(&disk_crashed(1));
        story.fine(split(1));
        assert_eq!(story.compared, 2, "one of which a crash had taken back");
    }

    #[test]
    fn a_child_that_begins_again_is_found_whether_it_lives_is_destroyed_or_replaced() {
        let mut lives = story();
        lives.fine_fact(&written(1, child()));
        lives.wrong_fact(&written(1, child()), "begins r4 of shard_b anew");
        let mut destroyed = story();
        destroyed.fine_fact(&written(1, vec![record((1, 2, 4), true)]));
        destroyed.wrong_fact(&written(1, child()), "where r4 is initialized or destroyed");
        let mut replaced = story();
        replaced.fine_fact(&written(1, vec![record((1, 2, 9), false)]));
        replaced.wrong_fact(&written(1, child()), "where r9 is");
    }
}
