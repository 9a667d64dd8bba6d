//! R11, nothing is purged that no durable snapshot covers: at no moment would a crash leave a log
//! that begins behind the snapshot from which the replica comes back (Raft, section 7: "once a
//! server completes writing a snapshot, it may delete all log entries up through the last included
//! index"; TiKV: `compact_raft_log` up to the truncated state that the apply state holds).

use super::Property;
use super::disks::Disks;
use crate::event::Event;
use crate::probe::{Fact, RowFact};

/// See the module.
pub(crate) struct PurgeCovered;

impl Property for PurgeCovered {
    fn id(&self) -> &'static str {
        "R11"
    }

    fn name(&self) -> &'static str {
        "a snapshot covers what is purged"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Durable { node, rows } = fact else { return Ok(()) };
        for row in rows.iter() {
            let (RowFact::Purged { replica, .. } | RowFact::Snapshot { replica, .. }) = row else {
                continue;
            };
            let Some(rows) = disks.durable(*node, *replica) else { continue };
            *compared += 1;
            let purged = rows.purged.index;
            let covered = rows.snapshot.as_ref().map_or(0, |snapshot| snapshot.at.index);
            if purged > covered {
                return Err(format!(
                    "{replica} on {node} has purged its log up to {purged}, and its durable \
                     snapshot ends at {covered}"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{config, durable, first_rows, purged, snapshot, written};
    use super::super::story::Story;
    use super::*;

    #[test]
    fn a_log_is_dropped_up_to_what_a_snapshot_covers_and_no_further() {
        let mut story = Story::new(PurgeCovered);
        story.fine_fact(&durable(1, first_rows((1, 1, 1))));
        let taken = snapshot(1, 6, 9, config(&[&[1, 2, 3]], &[]));
        story.fine_fact(&written(1, vec![taken.clone()]));
        story.fine_fact(&durable(1, vec![taken]));
        story.fine_fact(&durable(1, vec![purged(1, 6, 9)]));
        assert_eq!(story.compared, 4);
        story.wrong_fact(&durable(1, vec![purged(1, 6, 10)]), "its durable snapshot ends at 9");
    }

    #[test]
    fn a_snapshot_that_is_only_written_covers_nothing() {
        let mut story = Story::new(PurgeCovered);
        story.fine_fact(&durable(1, first_rows((1, 1, 1))));
        story.fine_fact(&written(1, vec![snapshot(1, 6, 9, config(&[&[1, 2, 3]], &[]))]));
        story.wrong_fact(&durable(1, vec![purged(1, 6, 9)]), "its durable snapshot ends at 5");
    }
}
