//! What the bugs planted in a state machine do. Without the feature `plants`, nothing.

use std::rc::Rc;

use super::{LogId, LogStore, ShardState, StateMachine};
use crate::id::{NodeId, ReplicaId};
use crate::key::KeyRange;
use crate::plant::{self, Plant};

impl StateMachine {
    /// For [`Plant::EntrySkipped`].
    pub(super) fn skips(&self, log_id: LogId) -> bool {
        let place = log_id.index + self.0.seat.replica.0;
        plant::is(Plant::EntrySkipped) && place.is_multiple_of(64)
    }

    /// For [`Plant::AppliedTwiceAfterRestart`]: what a replica says that it has applied.
    pub(super) fn applied_before(&self, applied: Option<LogId>) -> Option<LogId> {
        if !plant::is(Plant::AppliedTwiceAfterRestart) {
            return applied;
        }
        let log = LogStore::new(self.0.disk.clone(), self.0.seat.replica);
        let before = |id: LogId| {
            let again = u64::from(id.index > log.purged());
            LogId { index: id.index - again, ..id }
        };
        applied.map(before)
    }

    /// For [`Plant::LearnerCountedInQuorum`]: a learner, and where it is.
    pub(crate) fn learner(&self) -> Option<(ReplicaId, NodeId)> {
        let machine = self.0.machine.borrow();
        let membership = machine.membership.membership();
        let learner = membership.learner_ids().next()?;
        Some((learner, membership.get_node(&learner)?.node))
    }
}

/// For [`Plant::SnapshotWithoutRange`].
pub(super) fn range_forgotten(snapshot: Rc<ShardState>) -> Rc<ShardState> {
    if !plant::is(Plant::SnapshotWithoutRange) {
        return snapshot;
    }
    Rc::new(ShardState { range: KeyRange::inclusive(0, 1 << 32), ..(*snapshot).clone() })
}
