//! When a replica takes its next snapshot: not while OpenRaft still works towards what the last one
//! let it drop.
//!
//! A snapshot sets the goal up to which OpenRaft drops the log, and a leader does that only once
//! nobody is being sent entries from before it. Under load, OpenRaft asks for the next snapshot,
//! and with it moves the goal, sooner than the slowest follower reaches it: every time, so that
//! nothing is ever dropped (`docs/findings/purge-goal.md`). So while the log is being sent to
//! others, the goal stays where it is until it is reached.
//!
//! Owned by `state_machine`, which says what happened. It must not know what is in a snapshot, nor
//! why the log is being sent.

use std::cell::Cell;

/// See the module.
pub(crate) struct Compaction {
    /// How many entries before a snapshot OpenRaft keeps in the log.
    log_kept: u64,
    /// Up to which index the last snapshot lets OpenRaft drop the log.
    goal: Cell<u64>,
    /// Whether the log is being sent to others.
    log_is_sent: Cell<bool>,
}

impl Compaction {
    pub(crate) fn new(log_kept: u64) -> Self {
        Self { log_kept, goal: Cell::new(0), log_is_sent: Cell::new(false) }
    }

    /// Whether the log is being sent to others, from now on.
    pub(crate) fn set_log_is_sent(&self, is_sent: bool) {
        self.log_is_sent.set(is_sent);
    }

    /// OpenRaft has a snapshot up to `index` that it asked for.
    pub(crate) fn taken(&self, index: u64) {
        self.goal.set(index.saturating_sub(self.log_kept));
    }

    /// Whether the next snapshot has to wait, when the log has been dropped up to `purged`.
    pub(crate) fn is_held_up(&self, purged: u64) -> bool {
        self.log_is_sent.get() && purged < self.goal.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_the_log_is_sent_a_snapshot_waits_until_the_last_goal_is_reached() {
        let compaction = Compaction::new(16);
        compaction.set_log_is_sent(true);
        assert!(!compaction.is_held_up(0), "nothing is to be dropped yet");
        compaction.taken(100);
        assert!(compaction.is_held_up(83));
        assert!(!compaction.is_held_up(84));
    }

    #[test]
    fn whoever_sends_the_log_to_nobody_never_waits() {
        let compaction = Compaction::new(16);
        compaction.taken(100);
        assert!(!compaction.is_held_up(0));
        compaction.set_log_is_sent(true);
        assert!(compaction.is_held_up(0));
        compaction.set_log_is_sent(false);
        assert!(!compaction.is_held_up(0), "nobody would come back to its goal");
    }

    #[test]
    fn a_log_that_is_kept_whole_has_no_goal() {
        let compaction = Compaction::new(u64::MAX);
        compaction.set_log_is_sent(true);
        compaction.taken(100);
        assert!(!compaction.is_held_up(0));
    }
}
