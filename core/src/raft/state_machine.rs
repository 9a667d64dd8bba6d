//! A replica's state machine: its last durable snapshot plus the committed log.
//!
//! Feeds committed entries to `state`, writes what must be durable together in one batch, records
//! what happened, and tells its node by [`Effect`]s what follows from it. It must not know roles,
//! peers or the network.

mod inventory;
mod membership;
mod planted;
mod snapshot;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use futures::{Stream, StreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{AsyncRuntime, OptionalSend};

use super::birth;
use super::compaction::Compaction;
use super::entry::{self, Applied, Proposal, Split, Write};
use super::gate::Gate;
use super::log_store::LogStore;
use super::row_facts::point;
use super::seat::{Effect, NodeSide, Seat};
use super::state::{Halves, ShardState, members};
use super::types::{
    Entry, EntryPayload, LogId, Membership, NodeBatch, NodeDisk, Part, Row, Snapshot, SnapshotMeta,
    StoredMembership, StoredSnapshot, Types,
};
use crate::event::{EntryKind, EventKind};
use crate::key::{Descriptor, Epoch, Key};
use crate::plant::{self, Plant};
use crate::probe::{Fact, Probe};
use crate::raft::state::Value;
use crate::trace::Trace;

/// A replica's state machine: a handle, cheap to clone.
#[derive(Clone)]
pub struct StateMachine(Rc<Shared>);

struct Shared {
    seat: Seat,
    disk: NodeDisk,
    trace: Trace,
    probe: Probe,
    node: NodeSide,
    compaction: Compaction,
    /// What it applies waits before this. In memory only: a crash opens it.
    gate: Gate,
    machine: RefCell<Machine>,
}

#[derive(Default)]
struct Machine {
    applied: Option<LogId>,
    membership: StoredMembership,
    /// `None` while uninitialized.
    state: Option<ShardState>,
    /// Whether it has applied its own removal. Ids are never reused, so once out, out for good.
    removed: bool,
}

impl StateMachine {
    /// Brings back the state of `seat` from its last snapshot on `disk`; uninitialized without one.
    pub(crate) fn new(
        seat: Seat,
        disk: NodeDisk,
        (trace, probe): (Trace, Probe),
        node: NodeSide,
        compaction: Compaction,
    ) -> Self {
        let machine = match disk.get(&seat.replica.row(Part::Snapshot)) {
            Some(Row::Snapshot(stored)) => Machine::from_snapshot(&stored.meta, &stored.state),
            _ => Machine::default(),
        };
        let (gate, machine) = (Gate::default(), RefCell::new(machine));
        Self(Rc::new(Shared { seat, disk, trace, probe, node, compaction, gate, machine }))
    }

    /// A state machine that holds `state` and has applied nothing, alone: for conformance suites
    /// and benchmarks.
    #[must_use]
    pub fn detached(seat: Seat, disk: NodeDisk, state: ShardState) -> Self {
        let (effects, _) = futures::channel::mpsc::unbounded();
        let node = NodeSide { effects, make_way: Rc::new(|_| {}) };
        let machine = Self::new(seat, disk, Default::default(), node, Compaction::new(0));
        machine.0.machine.borrow_mut().state = Some(state);
        machine
    }

    /// What the shard is, as this replica has applied it; `None` while uninitialized.
    #[must_use]
    pub fn descriptor(&self) -> Option<Descriptor> {
        let machine = self.0.machine.borrow();
        let state = machine.state.as_ref()?;
        Some(state.descriptor(machine.membership.membership()))
    }

    /// Whether it has a range.
    pub(crate) fn is_initialized(&self) -> bool {
        self.0.machine.borrow().state.is_some()
    }

    /// The value of `key` in the state applied so far.
    pub(crate) fn get(&self, key: Key) -> Option<Value> {
        self.0.machine.borrow().state.as_ref()?.data.get(&key).copied()
    }

    /// What `read` makes of the state; `None` while uninitialized.
    pub(crate) fn state<T>(&self, read: impl FnOnce(&ShardState) -> T) -> Option<T> {
        self.0.machine.borrow().state.as_ref().map(read)
    }

    /// Keeps it from applying entries, while closed.
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// The log id of the membership applied last.
    pub(crate) fn membership(&self) -> StoredMembership {
        self.0.machine.borrow().membership.clone()
    }

    /// When it takes its snapshots.
    pub(crate) fn compaction(&self) -> &Compaction {
        &self.0.compaction
    }

    fn effect(&self, effect: Effect) {
        // Fails only when the node's task is gone, and then nobody is left to act on it.
        drop(self.0.node.effects.unbounded_send(effect));
    }

    fn apply_entry(&self, entry: Entry) -> Applied {
        self.0.probe.tell(|| Fact::Applied {
            seat: self.0.seat,
            at: point(Some(&entry.log_id)),
            digest: entry::digest(&entry),
        });
        let Entry { log_id, payload } = entry;
        let (kind, applied) = match payload {
            EntryPayload::Blank => (EntryKind::Blank, Applied::Nothing),
            EntryPayload::Membership(m) => {
                (EntryKind::Membership, self.apply_membership(log_id, m))
            }
            EntryPayload::Normal(Proposal::Write(_)) if self.skips(log_id) => {
                (EntryKind::Data, Applied::Stale)
            }
            EntryPayload::Normal(Proposal::Write(w)) => {
                (EntryKind::Data, self.apply_write(log_id, &w))
            }
            EntryPayload::Normal(Proposal::Split(s)) => {
                (EntryKind::Split, self.apply_split(log_id, &s))
            }
        };
        let mut machine = self.0.machine.borrow_mut();
        machine.applied = Some(log_id);
        let Seat { node, shard, replica } = self.0.seat;
        self.0.trace.record(EventKind::Applied {
            node,
            shard,
            replica,
            index: log_id.index,
            term: log_id.leader_id.term,
            kind,
            digest: machine.state.as_ref().map_or(0, ShardState::digest),
        });
        applied
    }

    fn apply_write(&self, log_id: LogId, write: &Write) -> Applied {
        let mut machine = self.0.machine.borrow_mut();
        let Some(state) = &mut machine.state else {
            return Applied::Stale;
        };
        let applied = state.write(write, log_id.index);
        let Seat { node, shard, replica } = self.0.seat;
        if let Applied::Written { fresh, answer, .. } = applied {
            self.0.trace.record(EventKind::WriteApplied {
                node,
                shard,
                replica,
                index: log_id.index,
                client: write.client,
                serial: write.serial,
                key: write.key,
                change: write.change,
                answer,
                version: write.version,
                fresh,
            });
        } else {
            let named = Epoch { version: write.version, ..state.epoch };
            self.record_stale(log_id.index, named, state.epoch);
        }
        applied
    }

    fn record_stale(&self, index: u64, epoch: Epoch, current: Epoch) {
        let Seat { node, shard, .. } = self.0.seat;
        self.0.trace.record(EventKind::StaleRefused { node, shard, index, epoch, current });
    }

    fn apply_membership(&self, log_id: LogId, membership: Membership) -> Applied {
        let mut machine = self.0.machine.borrow_mut();
        // Out of it only if it was in it: a newcomer applies memberships from before its time.
        let own = self.0.seat.replica;
        let was = machine.membership.get_node(&own).is_some();
        let removed = was && membership.get_node(&own).is_none();
        machine.removed |= removed;
        machine.membership = StoredMembership::new(Some(log_id), membership);
        let Machine { membership, state: Some(state), .. } = &mut *machine else {
            return Applied::Nothing;
        };
        state.epoch.conf_ver += u64::from(!plant::is(Plant::ConfVerNotBumped));
        let descriptor = state.descriptor(membership.membership());
        let Seat { node, replica, .. } = self.0.seat;
        let index = log_id.index;
        self.0.trace.record(EventKind::MembershipApplied { node, descriptor, replica, index });
        if removed {
            self.effect(Effect::Removed(self.0.seat));
        }
        Applied::Nothing
    }

    /// Applies a split: in one batch, the parent's state after it and the child's first rows. On a
    /// replica that must not have the child (any more), the parent alone: it is destroyed or newer
    /// here, or this replica was no member yet when the shard was split, and is told of it by a log
    /// that begins before its time (CockroachDB: a split trigger that meets an unexpected replica).
    fn apply_split(&self, log_id: LogId, split: &Split) -> Applied {
        let Seat { node, shard, replica } = self.0.seat;
        let mut machine = self.0.machine.borrow_mut();
        let Machine { membership, state: Some(state), .. } = &mut *machine else {
            return Applied::Refused;
        };
        let membership = membership.clone();
        let parent_members = members(membership.membership());
        let was = state.epoch;
        let Halves { child, before } = match state.split(split, &parent_members) {
            Ok(halves) => halves,
            Err(refused) => {
                if refused == Applied::Stale {
                    self.record_stale(log_id.index, split.epoch, was);
                }
                return refused;
            }
        };
        let child_members = birth::child_membership(membership.membership(), split);
        let parent = state.descriptor(membership.membership());
        let descriptor = child.descriptor(&child_members);
        let (left, right) = (state.summed_data_digest(), child.summed_data_digest());

        let mut batch = NodeBatch::default();
        let meta = SnapshotMeta { last_log_id: Some(log_id), last_membership: membership };
        let kept = StoredSnapshot { meta, state: Rc::new(state.clone()) };
        batch.put(replica.row(Part::Snapshot), Row::Snapshot(Rc::new(kept)));
        if plant::is(Plant::ChildNotInParentsBatch) {
            self.0.disk.write(std::mem::take(&mut batch), None);
        }
        let is_member = parent_members.iter().any(|m| m.replica == replica);
        let here = descriptor.member_on(node).filter(|_| is_member);
        let seat = here.map(|m| Seat { node, shard: split.child, replica: m.replica });
        let born = seat.filter(|seat| {
            (self.0.node.make_way)(*seat);
            let given = birth::may_be_born(&self.0.disk, seat.shard, seat.replica);
            given.is_some_and(|given| {
                birth::put_first_rows(&mut batch, seat.replica, child, child_members, given);
                true
            })
        });
        self.0.disk.write(batch, None);

        self.0.trace.record(EventKind::SplitApplied {
            node,
            parent,
            child: descriptor,
            replica,
            index: log_id.index,
            born: born.is_some(),
            before,
            left,
            right,
        });
        if let Some(child) = born {
            self.effect(Effect::ChildBorn { child, parent: shard });
        }
        Applied::Split
    }
}

impl Machine {
    fn from_snapshot(meta: &SnapshotMeta, state: &Rc<ShardState>) -> Self {
        Self {
            applied: meta.last_log_id,
            membership: meta.last_membership.clone(),
            state: Some((**state).clone()),
            removed: false,
        }
    }
}

impl<R: AsyncRuntime> RaftStateMachine<Types<R>> for StateMachine {
    type SnapshotData = Rc<ShardState>;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        let machine = self.0.machine.borrow();
        Ok((self.applied_before(machine.applied), machine.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types<R>>>> + Unpin + OptionalSend,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            self.0.gate.pass().await;
            let applied = self.apply_entry(entry);
            if let Some(responder) = responder {
                responder.send(applied);
            }
        }
        Ok(())
    }

    async fn try_create_snapshot_builder(&mut self, force: bool) -> Option<Self> {
        let log = LogStore::new(self.0.disk.clone(), self.0.seat.replica);
        (force || !self.0.compaction.is_held_up(log.purged())).then(|| self.clone())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Rc<ShardState>,
    ) -> io::Result<()> {
        let Seat { node, shard, replica } = self.0.seat;
        let snapshot = planted::range_forgotten(snapshot);
        let stored = StoredSnapshot { meta: meta.clone(), state: Rc::clone(&snapshot) };
        let mut batch = NodeBatch::default();
        if !plant::is(Plant::InstalledSnapshotNotWritten) {
            batch.put(replica.row(Part::Snapshot), Row::Snapshot(Rc::new(stored)));
        }
        let last = meta.last_log_id;
        let event = EventKind::SnapshotInstalled {
            node,
            shard,
            replica,
            index: last.map_or(0, |id| id.index),
            term: last.map_or(0, |id| id.leader_id.term),
            range: snapshot.range,
            epoch: snapshot.epoch,
            keys: snapshot.data.len() as u64,
            digest: snapshot.digest(),
        };
        // Written and taken over at the same instant: a snapshot being built meanwhile sees both or
        // neither. Recorded in the order of the disk: a child's may wait for its parent's.
        let trace = self.0.trace.clone();
        let durable = self.0.disk.write_durable_telling(batch, move || trace.record(event));
        let installed = Machine::from_snapshot(meta, &snapshot);
        let before = std::mem::replace(&mut *self.0.machine.borrow_mut(), installed);
        durable.await;
        self.tell_what_it_holds();
        if before.state.is_none() {
            self.effect(Effect::Initialized(self.0.seat));
        }
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let row = self.0.disk.get(&self.0.seat.replica.row(Part::Snapshot));
        let Some(Row::Snapshot(stored)) = row else {
            return Ok(None);
        };
        Ok(Some(Snapshot { meta: stored.meta.clone(), snapshot: Rc::clone(&stored.state) }))
    }
}
