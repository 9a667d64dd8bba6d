//! R9, terms never go back: a replica never reports a lower term than before, across restarts too
//! (Raft, figure 2: `currentTerm` "increases monotonically" and is persistent; TLA+
//! `MonotonicCurrentTerm`).
//!
//! OpenRaft reports the vote that its disk has flushed, so what was reported once holds for as long
//! as the replica lives. Until it has looked at its disk it reports term 0, which says nothing.
//! That applied indices do not go back either is `R8`.

use std::collections::BTreeMap;

use super::Property;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId};

/// See the module.
#[derive(Default)]
pub(crate) struct TermsGrow {
    /// One small row for each replica that is not destroyed.
    terms: BTreeMap<(NodeId, ReplicaId), u64>,
}

impl Property for TermsGrow {
    fn id(&self) -> &'static str {
        "R9"
    }

    fn name(&self) -> &'static str {
        "terms never go back"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match event.kind {
            EventKind::RoleChanged { node, shard, replica, term, .. } if term > 0 => {
                let Some(before) = self.terms.insert((node, replica), term) else { return Ok(()) };
                *compared += 1;
                if term >= before {
                    return Ok(());
                }
                Err(format!("{replica} of {shard} went back from term {before} to {term}"))
            }
            EventKind::ReplicaDestroyed { node, replica, .. } => {
                self.terms.remove(&(node, replica));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, crashed, destroyed, role};
    use super::*;
    use crate::event::Role;

    #[test]
    fn a_term_that_went_back_is_found_also_across_a_restart() {
        let mut story = Story::new(TermsGrow::default());
        story.fine(role((1, 1, 1), Role::Follower, 6));
        story.fine(role((1, 1, 1), Role::Leader, 6));
        story.fine(role((2, 1, 2), Role::Follower, 5));
        story.fine(role((1, 1, 1), Role::Follower, 8));
        story.fine(crashed(1));
        story.fine(role((1, 1, 1), Role::Learner, 0));
        story.fine(role((1, 1, 1), Role::Follower, 8));
        assert_eq!(story.compared, 3);
        story.fine(crashed(1));
        story.wrong(role((1, 1, 1), Role::Follower, 7), "from term 8 to 7");
        story.fine(destroyed((2, 1, 2)));
        story.fine(role((2, 1, 7), Role::Learner, 0));
    }
}
