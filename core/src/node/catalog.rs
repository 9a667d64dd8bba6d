//! Which replicas a node holds: starting, making room, taking over, destroying.
//!
//! The rules for a message to a replica that is not here are TiKV's (`Peer::replicate`,
//! `maybe_create_peer` and the tombstone checks in `components/raftstore/src/store/fsm/store.rs`).

use super::Node;
use crate::event::{EventKind, Origin, Role};
use crate::id::{ReplicaId, ShardId};
use crate::key::{Epoch, KeyRange};
use crate::raft::group::Parts;
use crate::raft::state_machine::Seat;
use crate::raft::transport::Transport;
use crate::raft::types::{NodeBatch, Part, Record, RecordState, Row};
use crate::raft::{Group, birth};
use crate::replica::{Replica, Stage};

impl Node {
    /// Starts a replica from its rows. What arrives for it meanwhile waits.
    pub(super) fn start_replica(&self, seat: Seat, origin: Origin, campaign: bool) {
        let replica = Replica::starting(seat, campaign);
        let before = self.0.replicas.borrow_mut().insert(seat.shard, replica);
        drop(before);
        let node = self.clone();
        self.spawn(seat.replica.0, async move {
            let parts = Parts {
                config: node.0.config.clone(),
                disk: node.0.disk.clone(),
                transport: Transport::new(node.0.network.clone(), node.0.id),
                trace: node.0.trace.clone(),
                effects: node.0.effects.borrow().clone(),
            };
            let group = Group::start(seat, parts).await;
            let group = group.unwrap_or_else(|fatal| {
                panic!("{seat:?} cannot start from rows that this program wrote: {fatal}")
            });
            node.run_replica(seat, group, origin);
        });
    }

    fn run_replica(&self, seat: Seat, group: Group, origin: Origin) {
        let descriptor = group.machine().descriptor();
        self.0.trace.record(EventKind::ReplicaStarted {
            node: seat.node,
            shard: seat.shard,
            replica: seat.replica,
            origin,
            range: descriptor.as_ref().map(|d| d.range),
            epoch: descriptor.map_or_else(Epoch::default, |d| d.epoch),
        });
        let (trace, machine) = (self.0.trace.clone(), group.machine().clone());
        let mut last = None;
        let watch = group.clone().watch_role(move |role, term, _| {
            let Seat { node, shard, replica } = seat;
            // To OpenRaft whoever has no membership yet is a learner; to everybody else it is
            // nothing yet.
            let uninitialized = role == Role::Learner && !machine.is_initialized();
            // Term 0 stands in OpenRaft's metrics until it has read the vote; nobody is ever in it.
            if term > 0 && !uninitialized && last.replace((role, term)) != Some((role, term)) {
                trace.record(EventKind::RoleChanged { node, shard, replica, role, term });
            }
        });
        self.spawn(seat.replica.0, watch);
        let stage = {
            let mut replicas = self.0.replicas.borrow_mut();
            let Some(replica) = replicas.get_mut(&seat.shard) else {
                return;
            };
            std::mem::replace(&mut replica.stage, Stage::Running(group.clone()))
        };
        let Stage::Starting { waiting, campaign } = stage else {
            return;
        };
        if campaign {
            self.spawn(seat.replica.0, async move {
                // Fails only if the replica has stopped meanwhile, and then nobody waits for its
                // leadership.
                drop(group.campaign().await);
            });
        }
        for envelope in waiting {
            self.receive(envelope);
        }
    }

    /// Makes sure that `replica` of `shard` is here and may be spoken to; false if it is gone for
    /// good.
    pub(super) fn admit(&self, shard: ShardId, replica: ReplicaId) -> bool {
        let here = self.0.replicas.borrow().get(&shard).map(|r| r.seat);
        if let Some(here) = here {
            if here.replica >= replica {
                return here.replica == replica;
            }
            // The world has moved on: a newer incarnation is meant to be here.
            drop(self.destroy(here));
        }
        let known: Vec<(ReplicaId, Record)> =
            birth::catalog(&self.0.disk).into_iter().filter(|(_, r)| r.shard == shard).collect();
        if known.iter().any(|(id, r)| *id >= replica && r.state != RecordState::Live) {
            return false;
        }
        let seat = self.seat(shard, replica);
        if !known.iter().any(|(id, _)| *id == replica) {
            let record = Record { shard, state: RecordState::Live };
            let mut batch = NodeBatch::default();
            batch.put(replica.row(Part::Record), Row::Record(record));
            self.0.disk.write(batch, None);
        }
        self.start_replica(seat, Origin::Message, false);
        true
    }

    /// A split wrote `child`'s first rows: run it, in the place of an uninitialized one if a
    /// message was faster.
    pub(super) fn take_over_child(&self, child: Seat, parent: ShardId) {
        let campaign = self.group(parent).is_some_and(|group| group.is_leader());
        let here = self
            .0
            .replicas
            .borrow()
            .get(&child.shard)
            .map(|r| (r.seat, r.group().is_some_and(|group| group.machine().is_initialized())));
        match here {
            Some((seat, true)) if seat == child => return,
            Some((seat, _)) => {
                self.0.sim.kill_scope(self.owner(seat.replica.0));
                let old = self.0.replicas.borrow_mut().remove(&seat.shard);
                drop(old);
            }
            None => {}
        }
        self.start_replica(child, Origin::Split, campaign);
    }

    /// A live replica of another shard whose range overlaps `range`.
    pub(super) fn live_overlap(&self, shard: ShardId, range: &KeyRange) -> Option<ShardId> {
        let replicas = self.0.replicas.borrow();
        let overlapping = replicas.values().find(|r| {
            let held = r.group().and_then(|g| g.machine().state(|s| s.range));
            r.seat.shard != shard && held.is_some_and(|held| held.overlaps(range))
        })?;
        Some(overlapping.seat.shard)
    }

    /// The replica is out of the membership: it goes, unless it leads and has to hand over first.
    pub(super) async fn leave(&self, seat: Seat) {
        if self.group(seat.shard).is_some_and(|group| !group.is_leader()) {
            self.destroy(seat).await;
        }
    }

    /// Destroys a replica in one batch: tombstone, and all its rows gone. Returns a future that
    /// waits until that is durable. A replica that was never here gets its tombstone all the same,
    /// so that no late message makes it.
    pub(super) fn destroy(&self, seat: Seat) -> impl Future<Output = ()> + use<> {
        let Seat { node, shard, replica } = seat;
        let here = self.0.replicas.borrow().get(&shard).is_some_and(|r| r.seat == seat);
        let epoch = self.group(shard).filter(|_| here).and_then(|g| g.machine().state(|s| s.epoch));
        let epoch = epoch.unwrap_or_default();
        let known = match self.0.disk.get(&replica.row(Part::Record)) {
            Some(Row::Record(record)) => Some(record.state),
            _ => None,
        };
        let mut batch = NodeBatch::default();
        if known.is_none_or(|state| state == RecordState::Live) {
            if here {
                self.0.sim.kill_scope(self.owner(replica.0));
                let gone = self.0.replicas.borrow_mut().remove(&shard);
                drop(gone);
                self.remember_destroyed(seat);
            }
            let record = Record { shard, state: RecordState::Tombstone(epoch) };
            batch.delete_range(replica.rows()).put(replica.row(Part::Record), Row::Record(record));
            self.0.trace.record(EventKind::ReplicaDestroyed { node, shard, replica, epoch });
        }
        self.0.disk.write_durable(batch)
    }
}
