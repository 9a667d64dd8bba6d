//! Whom a leader hands over to: checked where it is known best, at the leader, before it stops to
//! take writes (TiKV: `pre_transfer_leader` and `ready_to_transfer_leader` in `fsm/peer.rs`).
//!
//! A leader that has begun to hand over takes no write until there is a new one, and OpenRaft does
//! not take that back: towards one that is dead or far behind it would cost an election timeout.

use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use openraft::type_config::TypeConfigExt;

use super::group::Group;
use super::message::C;
use crate::event::Refusal;
use crate::id::ReplicaId;

/// How far behind its leader a replica may be to take over, in entries: what it lacks it gets in
/// the time of a round trip or two, and not by snapshot (TiKV: `leader_transfer_max_log_lag`, 128).
const LAG_MAX: u64 = 64;

impl Group {
    /// Why this leader would not hand over to that replica now; none if it would.
    pub(crate) fn refuses_to_hand_over(&self, to: ReplicaId) -> Option<Refusal> {
        let applied = self.machine.membership();
        let (effective, status) = (self.membership_log_id(), self.status());
        if applied.get_node(&to).is_none() {
            return Some(Refusal::NotAMember);
        }
        if !applied.voter_ids().any(|voter| voter == to) {
            return Some(Refusal::Learner);
        }
        if effective != *applied.log_id() {
            return Some(Refusal::ChangePending);
        }
        if to == self.seat.replica {
            return None;
        }
        if self.silent().contains(&to) {
            return Some(Refusal::Silent);
        }
        let matched = status.matched.iter().find(|(replica, _)| *replica == to);
        let entries = status.last_log.saturating_sub(matched.map_or(0, |(_, index)| *index));
        (entries > LAG_MAX).then_some(Refusal::Behind { entries })
    }

    /// The other members that have not answered this leader for the shortest election timeout, or
    /// never.
    pub(crate) fn silent(&self) -> Vec<ReplicaId> {
        let longest = Duration::from_millis(self.raft.config().election_timeout_min);
        let now = C::now();
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let answered = metrics.heartbeat.iter().flatten();
        let is_silent = |(replica, at): (&ReplicaId, &Option<_>)| {
            let at: &Option<openraft::metrics::SerdeInstant<_>> = at;
            let silent = at.as_ref().is_none_or(|at| now - **at > longest);
            (*replica != self.seat.replica && silent).then_some(*replica)
        };
        answered.filter_map(is_silent).collect()
    }

    /// The log id of the membership appended last, perhaps not committed.
    fn membership_log_id(&self) -> Option<super::types::LogId> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        *metrics.membership_config.log_id()
    }
}
