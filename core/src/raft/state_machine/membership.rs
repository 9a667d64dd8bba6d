//! What a replica knows of its own place in the shard's membership, and of its peers'.

use super::StateMachine;
use crate::raft::log_store::LogStore;
use crate::raft::seat::{Effect, Sender};
use crate::raft::types::{Entry, EntryPayload};

impl StateMachine {
    /// Who it is to a peer; `None` before it has applied a membership that it is part of.
    pub(crate) fn as_sender(&self) -> Option<Sender> {
        let machine = self.0.machine.borrow();
        let (replica, state) = (self.0.seat.replica, machine.state.as_ref()?);
        machine.membership.get_node(&replica)?;
        Some(Sender { replica, conf_ver: state.epoch.conf_ver })
    }

    /// Whether `peer` was a member once and is none any more, as far as is applied here (TiKV:
    /// `handle_stale_msg` in `fsm/store.rs`). It says of itself that it was one at its `conf_ver`.
    pub(crate) fn has_removed(&self, peer: Sender) -> bool {
        let machine = self.0.machine.borrow();
        let newer = machine.state.as_ref().is_some_and(|s| s.epoch.conf_ver > peer.conf_ver);
        newer && machine.membership.get_node(&peer.replica).is_none()
    }

    /// How many membership changes it knows of, those in its log that it has not applied included;
    /// `None` while uninitialized.
    pub(crate) fn conf_ver_in_log(&self) -> Option<u64> {
        let machine = self.0.machine.borrow();
        let conf_ver = machine.state.as_ref()?.epoch.conf_ver;
        let applied = machine.applied.map_or(0, |id| id.index);
        let is_ahead = |entry: &Entry| {
            let is_membership = matches!(entry.payload, EntryPayload::Membership(_));
            u64::from(is_membership && entry.log_id.index > applied)
        };
        let log = LogStore::new(self.0.disk.clone(), self.0.seat.replica);
        Some(conf_ver + log.tail(usize::MAX, is_ahead).iter().sum::<u64>())
    }

    /// Whether it has applied its own removal.
    pub(crate) fn is_removed(&self) -> bool {
        self.0.machine.borrow().removed
    }

    /// A peer says that this replica is no longer a member.
    pub(crate) fn expelled(&self) {
        self.effect(Effect::Expelled(self.0.seat));
    }
}
