//! What a leader makes sure of before it does what cannot be taken back: that those answer who must
//! agree, and that the one that shall lead can (TiKV: `check_conf_change`, `pre_transfer_leader`
//! and `ready_to_transfer_leader` in `fsm/peer.rs`).
//!
//! A membership that is in the log is in force, committed or not, and a leader that has begun to
//! hand over takes no write until there is a new one. So it asks around first: a round trip against
//! a shard that stands still until a node is back.

use std::collections::BTreeSet;
use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use openraft::type_config::TypeConfigExt;

use super::error::WriteError;
use super::group::Group;
use super::message::C;
use super::types::LogId;
use crate::event::Refusal;
use crate::id::ReplicaId;
use crate::plant::{self, Plant};

/// How far behind its leader a replica may be to take over, in entries: what it lacks it gets in
/// the time of a round trip or two, and not by snapshot (TiKV: `leader_transfer_max_log_lag`, 128).
const LAG_MAX: u64 = 64;

impl Group {
    /// Returns once majorities of the voters and of those that there would be `after` a change have
    /// answered a heartbeat of this leader that it sends now; else why the change is refused.
    pub(super) async fn hear_quorums(&self, after: BTreeSet<ReplicaId>) -> Result<(), WriteError> {
        if plant::is(Plant::QuorumNotMinded) {
            return Ok(());
        }
        let now: BTreeSet<ReplicaId> = self.machine.membership().voter_ids().collect();
        let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let lacks = |answered: &BTreeSet<ReplicaId>| {
            [&now, &after].into_iter().find_map(|voters| {
                let live = voters.intersection(answered).count();
                let (live_count, voters_count) = (count(live), count(voters.len()));
                (live * 2 <= voters.len())
                    .then_some(Refusal::NoQuorum { live: live_count, voters: voters_count })
            })
        };
        self.hear(lacks).await.map_err(WriteError::Harmful)
    }

    /// Makes sure that this leader may hand over to that replica.
    ///
    /// # Errors
    /// Why not; nothing was begun.
    pub(crate) async fn check_heir(&self, to: ReplicaId) -> Result<(), Refusal> {
        let applied = self.machine.membership();
        if applied.get_node(&to).is_none() {
            return Err(Refusal::NotAMember);
        }
        if !applied.voter_ids().any(|voter| voter == to) {
            return Err(Refusal::Learner);
        }
        if self.membership_log_id() != *applied.log_id() {
            return Err(Refusal::ChangePending);
        }
        if to == self.seat.replica {
            return Ok(());
        }
        self.hear(|answered| (!answered.contains(&to)).then_some(Refusal::Silent)).await?;
        let status = self.status();
        let matched = status.matched.iter().find(|(replica, _)| *replica == to);
        let entries = status.last_log.saturating_sub(matched.map_or(0, |(_, index)| *index));
        if entries > LAG_MAX { Err(Refusal::Behind { entries }) } else { Ok(()) }
    }

    /// Sends a heartbeat and waits until nothing is lacking of those that answered it, itself
    /// included; what is lacking still after the shortest election timeout is the error.
    async fn hear<E>(&self, lacks: impl Fn(&BTreeSet<ReplicaId>) -> Option<E>) -> Result<(), E> {
        let asked = C::now();
        let deadline = asked + self.patience();
        let mut watch = self.raft.metrics();
        let mut answered = BTreeSet::from([self.seat.replica]);
        // Fails only if the replica has stopped, and then nobody answers.
        drop(self.raft.trigger().heartbeat().await);
        while let Some(lacking) = lacks(&answered) {
            if !matches!(C::timeout_at(deadline, watch.changed()).await, Ok(Ok(()))) {
                return Err(lacking);
            }
            let metrics = watch.borrow_and_update();
            let times = metrics.heartbeat.iter().flatten();
            let since = times.filter(|(_, at)| at.as_ref().is_some_and(|at| **at >= asked));
            answered.extend(since.map(|(replica, _)| *replica));
        }
        Ok(())
    }

    /// The other members that have not answered this leader for the shortest election timeout, or
    /// never.
    pub(crate) fn silent(&self) -> Vec<ReplicaId> {
        let (now, patience) = (C::now(), self.patience());
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let others = metrics.heartbeat.iter().flatten();
        let others = others.filter(|(replica, _)| **replica != self.seat.replica);
        let silent = others.filter(|(_, at)| at.as_ref().is_none_or(|at| now - **at > patience));
        silent.map(|(replica, _)| *replica).collect()
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.raft.config().election_timeout_min)
    }

    /// The log id of the membership appended last, perhaps not committed.
    fn membership_log_id(&self) -> Option<LogId> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        *metrics.membership_config.log_id()
    }
}
