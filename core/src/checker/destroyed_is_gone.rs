//! S21, destroyed means gone: of a destroyed replica its tombstone is left on the disk and nothing
//! else, then and later; and at the end of the step in which it was destroyed it has no task and no
//! timer, and its node does not hold it (TiKV: `destroy_peer` in
//! `components/raftstore/src/store/fsm/peer.rs`, and `PeerStorage::clear_meta`).

use super::Property;
use super::disks::{Disks, Rows};
use crate::event::Event;
use crate::id::NodeId;
use crate::probe::{Fact, RowFact};
use crate::raft::seat::Seat;

/// See the module.
pub(crate) struct DestroyedIsGone;

/// What is left of a destroyed replica beside its tombstone.
fn left(rows: &Rows) -> Option<&'static str> {
    if !rows.destroyed {
        return None;
    }
    let bare = Rows { shard: rows.shard, destroyed: true, ..Rows::default() };
    match rows {
        rows if *rows == bare => None,
        Rows { snapshot: Some(_), .. } => Some("a snapshot"),
        Rows { vote: Some(_), .. } => Some("a vote"),
        rows if !rows.log.is_empty() => Some("entries"),
        _ => Some("log ids"),
    }
}

/// Whether its tombstone is there, or a newer replica of its shard in its place.
fn is_buried(seat: &Seat, disks: &Disks) -> bool {
    disks.written_on(seat.node).into_iter().flatten().any(|(replica, rows)| {
        rows.shard == Some(seat.shard)
            && (*replica > seat.replica || (*replica == seat.replica && rows.destroyed))
    })
}

impl Property for DestroyedIsGone {
    fn id(&self) -> &'static str {
        "S21"
    }

    fn name(&self) -> &'static str {
        "destroyed means gone"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        match fact {
            Fact::Written { node, rows, .. } => written(*node, rows, disks),
            Fact::Remains { seat, tasks, timers, held } => {
                *compared += 1;
                let Seat { node, replica, .. } = seat;
                if !is_buried(seat, disks) {
                    return Err(format!("{replica} on {node} is destroyed without a tombstone"));
                }
                if (*tasks, *timers, *held) == (0, 0, false) {
                    return Ok(());
                }
                let held = if *held { ", and its node holds it" } else { "" };
                Err(format!(
                    "{replica} on {node} is destroyed, and has {tasks} tasks and {timers} timers{held}"
                ))
            }
            _ => Ok(()),
        }
    }
}

fn written(node: NodeId, batch: &[RowFact], disks: &Disks) -> Result<(), String> {
    for row in batch {
        let replica = row.replica();
        if let Some(left) = disks.written(node, replica).and_then(left) {
            return Err(format!("{replica} on {node} is destroyed, and {left} of it is stored"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{entry, first_rows, record, seat, vote, written};
    use super::super::story::Story;
    use super::*;
    use crate::id::ReplicaId;

    fn gone() -> Vec<RowFact> {
        vec![RowFact::Deleted { replica: ReplicaId(4) }, record((1, 2, 4), true)]
    }

    fn remains(tasks: usize, timers: usize, held: bool) -> Fact {
        Fact::Remains { seat: seat((1, 2, 4)), tasks, timers, held }
    }

    /// r4 of shard_b on `n1` was destroyed.
    fn story() -> Story<DestroyedIsGone> {
        let mut story = Story::new(DestroyedIsGone);
        story.fine_fact(&written(1, first_rows((1, 2, 4))));
        story.fine_fact(&written(1, gone()));
        story
    }

    #[test]
    fn a_tombstone_is_all_that_is_left() {
        let mut story = story();
        story.fine_fact(&remains(0, 0, false));
        story.fine_fact(&written(1, gone()));
        story.fine_fact(&written(1, first_rows((1, 2, 9))));
        assert_eq!(story.compared, 1);
    }

    #[test]
    fn a_row_that_is_left_or_written_later_is_found() {
        let mut story = Story::new(DestroyedIsGone);
        story.fine_fact(&written(1, first_rows((1, 2, 4))));
        story.wrong_fact(&written(1, vec![record((1, 2, 4), true)]), "a snapshot of it is stored");
        let late = |row| vec![row];
        self::story().wrong_fact(&written(1, late(entry(4, 6, 6))), "entries of it is stored");
        self::story().wrong_fact(&written(1, late(vote(4, 6, 4, false))), "a vote of it is stored");
    }

    #[test]
    fn one_that_is_destroyed_without_a_tombstone_is_found() {
        let mut story = Story::new(DestroyedIsGone);
        story.fine_fact(&written(1, first_rows((1, 2, 4))));
        story.fine_fact(&written(1, vec![RowFact::Deleted { replica: ReplicaId(4) }]));
        story.wrong_fact(&remains(0, 0, false), "without a tombstone");
        story.fine_fact(&written(1, vec![record((1, 2, 9), false)]));
        story.fine_fact(&remains(0, 0, false));
    }

    #[test]
    fn a_task_a_timer_and_a_replica_that_is_still_held_are_found() {
        story().wrong_fact(&remains(1, 0, false), "has 1 tasks");
        story().wrong_fact(&remains(0, 2, false), "and 2 timers");
        story().wrong_fact(&remains(0, 0, true), "its node holds it");
    }
}
