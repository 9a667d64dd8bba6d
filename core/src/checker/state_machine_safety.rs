//! R5, state machine safety: no two replicas apply different entries at the same index of a shard,
//! and the same entries leave the same state (Raft, figure 3; TLA+ `StateMachineSafety`; TiKV's
//! consistency check, `ComputeHash`).
//!
//! The first replica to apply an index says what its term, kind and state are; every other one, the
//! same one after a restart, and every installed snapshot that ends there must say the same. So it
//! covers log matching (R3) on the applied prefix too.

use super::Property;
use super::history::History;
use crate::event::{EntryKind, Event, EventKind};

/// See the module.
#[derive(Default)]
pub(crate) struct StateMachineSafety {
    applied: History<Point>,
}

/// A shard right behind one log index.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Point {
    term: u64,
    kind: EntryKind,
    digest: u64,
}

impl Property for StateMachineSafety {
    fn id(&self) -> &'static str {
        "R5"
    }

    fn name(&self) -> &'static str {
        "state machine safety"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        self.applied.follow(&event.kind);
        let (node, shard, index, first, same) = match event.kind {
            EventKind::Applied { node, shard, index, term, kind, digest, .. } => {
                let now = Point { term, kind, digest };
                let Some(first) = self.applied.earlier(shard, index, now) else { return Ok(()) };
                (node, shard, index, first, first == now)
            }
            EventKind::SnapshotInstalled { node, shard, index, term, digest, .. } => {
                let Some(first) = self.applied.seen(shard, index) else { return Ok(()) };
                (node, shard, index, first, (first.term, first.digest) == (term, digest))
            }
            _ => return Ok(()),
        };
        *compared += 1;
        if same {
            return Ok(());
        }
        let Point { term, kind, digest } = first;
        Err(format!(
            "{shard} at index {index} was {kind:?} of term {term}, state {digest:016x}, \
             where it was applied first; on {node} it is something else"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, applied, crashed, installed};
    use super::*;

    #[test]
    fn replicas_that_apply_the_same_agree_also_after_a_restart_and_by_snapshot() {
        let mut story = Story::new(StateMachineSafety::default());
        story.fine(applied((1, 1, 1), 6, 6, 60));
        story.fine(applied((1, 1, 1), 7, 6, 70));
        story.fine(applied((2, 1, 2), 6, 6, 60));
        story.fine(crashed(2));
        story.fine(applied((2, 1, 2), 6, 6, 60));
        story.fine(installed((3, 1, 3), 7, (1, 200), 70));
        story.fine(applied((4, 2, 9), 6, 8, 61));
        assert_eq!(story.compared, 3);
    }

    #[test]
    fn another_state_another_term_and_another_snapshot_are_found() {
        let mut story = Story::new(StateMachineSafety::default());
        story.fine(applied((1, 1, 1), 6, 6, 60));
        story.wrong(applied((2, 1, 2), 6, 6, 61), "on n2 it is something else");
        story.wrong(applied((3, 1, 3), 6, 7, 60), "on n3 it is something else");
        story.wrong(installed((3, 1, 3), 6, (1, 200), 99), "on n3 it is something else");
    }
}
