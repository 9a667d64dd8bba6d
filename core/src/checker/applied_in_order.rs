//! R8, applied in order: a replica applies every index once, in order, and its snapshots are of
//! what it has applied (`purged ≤ snapshot ≤ applied`; Raft, section 5.3, "lastApplied"; openraft's
//! own `valid_raft_state`).
//!
//! From one start to the next: after a crash a replica goes on behind a snapshot, so it may apply
//! again what it had applied, but never from below its last durable snapshot, and never from beyond
//! what it had applied. And at each entry, what is written on its disk keeps the whole order:
//! `purged ≤ snapshot ≤ applied ≤ committed ≤ last log`.

use std::collections::BTreeMap;

use super::Property;
use super::disks::{Disks, Rows};
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId};
use crate::probe::Fact;
use crate::raft::seat::Seat;

/// See the module.
#[derive(Default)]
pub(crate) struct AppliedInOrder {
    replicas: BTreeMap<(NodeId, ReplicaId), Progress>,
}

/// How far a replica has come. One small row for each that is not destroyed.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// The index and term that this start of it applied last, or got by snapshot; `None` before the
    /// first.
    applied: Option<(u64, u64)>,
    /// The highest index that any start of it applied; 0 before the first.
    highest: u64,
    /// Its last durable snapshot; 0 before the first.
    snapshot: u64,
}

impl Progress {
    fn apply(&mut self, index: u64, term: u64) -> Result<(), String> {
        let Self { applied, highest, snapshot } = *self;
        self.applied = Some((index, term));
        self.highest = highest.max(index);
        match applied {
            Some((last, _)) if index != last + 1 => {
                Err(format!("applied index {index} right after {last}"))
            }
            Some((last, _)) if index <= snapshot => {
                Err(format!("has a snapshot at {snapshot}, and had applied only up to {last}"))
            }
            Some((last, before)) if term < before => {
                Err(format!("applied term {term} at {index} after term {before} at {last}"))
            }
            None if index <= snapshot => {
                Err(format!("began to apply at {index}, below its snapshot at {snapshot}"))
            }
            None if highest > 0 && index > highest + 1 => {
                Err(format!("began to apply at {index}, having applied only up to {highest}"))
            }
            _ => Ok(()),
        }
    }

    /// The next entry that it applies shows whether it had applied what it took a snapshot of: if
    /// that was got by an installed one, both are durable, and told of, at once, in either order.
    fn take_snapshot(&mut self, index: u64) {
        self.snapshot = self.snapshot.max(index);
    }

    fn install(&mut self, index: u64, term: u64) -> Result<(), String> {
        let before = self.applied.map_or(self.snapshot, |(applied, _)| applied);
        self.applied = Some((index, term));
        self.highest = self.highest.max(index);
        self.snapshot = self.snapshot.max(index);
        if index < before {
            return Err(format!("went back from {before} to a snapshot at {index}"));
        }
        Ok(())
    }
}

impl Property for AppliedInOrder {
    fn id(&self) -> &'static str {
        "R8"
    }

    fn name(&self) -> &'static str {
        "applied in order"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        let (shard, replica, done) = match event.kind {
            EventKind::Applied { node, shard, replica, index, term, .. } => {
                (shard, replica, self.replica(node, replica).apply(index, term))
            }
            EventKind::SnapshotTaken { node, replica, index, .. } => {
                self.replica(node, replica).take_snapshot(index);
                return Ok(());
            }
            EventKind::SnapshotInstalled { node, shard, replica, index, term, .. } => {
                (shard, replica, self.replica(node, replica).install(index, term))
            }
            EventKind::NodeCrashed { node, .. } => {
                let here = (node, ReplicaId(0))..=(node, ReplicaId(u64::MAX));
                self.replicas.range_mut(here).for_each(|(_, progress)| progress.applied = None);
                return Ok(());
            }
            EventKind::ReplicaDestroyed { node, replica, .. } => {
                self.replicas.remove(&(node, replica));
                return Ok(());
            }
            _ => return Ok(()),
        };
        *compared += 1;
        done.map_err(|why| format!("{replica} of {shard} {why}"))
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Applied { seat: Seat { node, shard, replica }, at, .. } = *fact else {
            return Ok(());
        };
        let Some(rows) = disks.written(node, replica) else { return Ok(()) };
        *compared += 1;
        match disorder(rows, at.index) {
            None => Ok(()),
            Some(why) => Err(format!("{replica} of {shard} on {node} {why}")),
        }
    }
}

/// What is out of order when the entry at `applied` is applied.
fn disorder(rows: &Rows, applied: u64) -> Option<String> {
    let snapshot = rows.snapshot.as_ref().map_or(0, |snapshot| snapshot.at.index);
    let places = [
        ("purged", rows.purged.index),
        ("snapshot", snapshot),
        ("applied", applied),
        ("committed", rows.committed.index),
        ("last log", rows.last()),
    ];
    let falls = places.windows(2).find(|pair| pair[0].1 > pair[1].1)?;
    Some(format!("has {} at {}, and {} at {}", falls[0].0, falls[0].1, falls[1].0, falls[1].1))
}

impl AppliedInOrder {
    fn replica(&mut self, node: NodeId, replica: ReplicaId) -> &mut Progress {
        self.replicas.entry((node, replica)).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{
        config, entry, entry_applied, first_rows, purged, snapshot, written,
    };
    use super::super::story::{Story, applied, crashed, destroyed, installed, snapshot_taken};
    use super::*;
    use crate::probe::{LogPoint, RowFact};

    const AT: (u16, u64, u64) = (1, 1, 1);

    /// Applied up to 9, with a snapshot at 7.
    fn story() -> Story<AppliedInOrder> {
        let mut story = Story::new(AppliedInOrder::default());
        (6..=9).for_each(|index| story.fine(applied(AT, index, 6, 0)));
        story.fine(snapshot_taken(AT, 7));
        story
    }

    #[test]
    fn a_replica_goes_on_step_by_step_leaps_by_snapshot_and_comes_back_behind_one() {
        let mut told = story();
        told.fine(applied(AT, 10, 7, 0));
        told.fine(snapshot_taken(AT, 30));
        told.fine(installed(AT, 30, (1, 200), 0));
        told.fine(applied(AT, 31, 7, 0));
        told.fine(crashed(1));
        told.fine(applied(AT, 31, 7, 0));
        told.fine(destroyed(AT));
        told.fine(applied((1, 1, 2), 40, 8, 0));
        assert_eq!(told.compared, 9);
        let mut told = story();
        told.fine(crashed(1));
        told.fine(applied(AT, 9, 6, 0));
    }

    #[test]
    fn a_gap_a_step_back_and_a_term_that_falls_are_found() {
        story().wrong(applied(AT, 11, 6, 0), "applied index 11 right after 9");
        story().wrong(applied(AT, 9, 6, 0), "applied index 9 right after 9");
        story().wrong(applied(AT, 10, 5, 0), "term 5 at 10 after term 6");
        story().wrong(installed(AT, 8, (1, 200), 0), "went back from 9");
        let mut ahead = story();
        ahead.fine(snapshot_taken(AT, 12));
        ahead.wrong(applied(AT, 10, 6, 0), "has a snapshot at 12");
    }

    fn committed(term: u64, index: u64) -> RowFact {
        RowFact::Committed { replica: ReplicaId(1), at: LogPoint { term, index } }
    }

    #[test]
    fn purged_snapshot_applied_committed_and_last_log_stand_in_that_order() {
        let story = |rows: Vec<RowFact>| {
            let mut story = Story::new(AppliedInOrder::default());
            story.fine_fact(&written(1, first_rows(AT)));
            let log = vec![entry(1, 6, 6), entry(1, 7, 6), committed(6, 6)];
            story.fine_fact(&written(1, log));
            story.fine_fact(&written(1, rows));
            story
        };
        let mut right = story(vec![]);
        right.fine_fact(&entry_applied(AT, 6, 6));
        assert_eq!(right.compared, 1);
        right.wrong_fact(&entry_applied(AT, 7, 6), "applied at 7, and committed at 6");
        let taken = |index| snapshot(1, 6, index, config(&[&[1, 2, 3]], &[]));
        let mut ahead = story(vec![taken(7)]);
        ahead.wrong_fact(&entry_applied(AT, 6, 6), "snapshot at 7, and applied at 6");
        let mut dropped = story(vec![purged(1, 6, 6)]);
        dropped.wrong_fact(&entry_applied(AT, 6, 6), "purged at 6, and snapshot at 5");
        let mut beyond = story(vec![committed(6, 8)]);
        beyond.wrong_fact(&entry_applied(AT, 6, 6), "committed at 8, and last log at 7");
    }

    #[test]
    fn a_start_below_the_snapshot_or_beyond_the_log_is_found() {
        for (index, what) in [(7, "below its snapshot at 7"), (11, "only up to 9")] {
            let mut told = story();
            told.fine(crashed(1));
            told.wrong(applied(AT, index, 6, 0), what);
        }
    }
}
