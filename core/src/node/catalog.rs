//! Which replicas a node holds: starting, making room, taking over, destroying.
//!
//! The rules for a message to a replica that is not here are TiKV's (`Peer::replicate`,
//! `maybe_create_peer` and the tombstone checks in `components/raftstore/src/store/fsm/store.rs`).

use std::rc::Rc;

use super::Node;
use crate::event::{EventKind, Origin, Role};
use crate::id::{ReplicaId, ShardId};
use crate::key::{Epoch, KeyRange};
use crate::plant::{self, Plant};
use crate::raft::group::Parts;
use crate::raft::seat::{NodeSide, Seat, Sender};
use crate::raft::transport::Transport;
use crate::raft::types::{NodeBatch, Part, Record, RecordState, Row};
use crate::raft::{Group, birth};
use crate::replica::{Replica, Stage};

/// What becomes of a message for a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may be spoken to.
    Here,
    /// It is gone for good.
    Gone,
    /// An older one is here, and as far as is known still a member; or the node has not joined yet.
    NotNow,
}

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
                probe: node.0.probe.clone(),
                node: node.side(),
            };
            if !matches!(origin, Origin::Bootstrap | Origin::Restart) {
                // It takes what it begins with for promises that it has given: they are durable
                // before it gives others.
                node.0.disk.write_durable(NodeBatch::default()).await;
            }
            let group = Group::start(seat, parts).await;
            let group = group.unwrap_or_else(|fatal| {
                panic!("{seat:?} cannot start from rows that this program wrote: {fatal}")
            });
            node.run_replica(seat, group, origin);
        });
    }

    /// What a replica's state machine knows of this node. Weak: the node owns the replica.
    fn side(&self) -> NodeSide {
        let node = Rc::downgrade(&self.0);
        let make_way = move |child| {
            if let Some(node) = node.upgrade() {
                Node(node).make_way(child);
            }
        };
        NodeSide { effects: self.0.effects.borrow().clone(), make_way: Rc::new(make_way) }
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
        group.machine().tell_what_it_holds();
        let (node, machine) = (self.clone(), group.machine().clone());
        let mut last = None;
        let watch = group.clone().watch_role(move |role, term, _| {
            machine.compaction().set_log_is_sent(role == Role::Leader);
            let Seat { node: at, shard, replica } = seat;
            // To OpenRaft whoever has no membership yet is a learner; to everybody else it is
            // nothing yet.
            let uninitialized = role == Role::Learner && !machine.is_initialized();
            // Term 0 stands in OpenRaft's metrics until it has read the vote; nobody is ever in it.
            if term > 0 && !uninitialized && last.replace((role, term)) != Some((role, term)) {
                let changed = EventKind::RoleChanged { node: at, shard, replica, role, term };
                node.0.trace.record(changed);
                if role == Role::Leader {
                    machine.tell_what_it_holds();
                }
                node.role_changed(seat, role, machine.is_removed());
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
            self.campaign(seat, group);
        }
        for envelope in waiting {
            self.receive(envelope);
        }
    }

    fn role_changed(&self, seat: Seat, role: Role, removed: bool) {
        if role == Role::Leader {
            self.campaign_for_children(seat.shard);
        } else if removed {
            // It led when it applied its own removal, and has handed over since.
            let node = self.clone();
            self.spawn(0, async move { node.leave(seat) });
        }
    }

    /// The parent's leader could not make its child replica campaign, for it had not applied the
    /// split; the new one, which has, finishes that (TiKV: `uncampaigned_new_regions` in
    /// `fsm/peer.rs`).
    fn campaign_for_children(&self, parent: ShardId) {
        let children: Vec<(Seat, Group)> = {
            let replicas = self.0.replicas.borrow();
            let born = replicas.values().filter(|r| r.parent == Some(parent));
            born.filter_map(|r| Some((r.seat, r.group()?.clone()))).collect()
        };
        for (seat, group) in children {
            if birth::is_untouched(&self.0.disk, seat.replica) {
                self.campaign(seat, group);
            }
        }
    }

    fn campaign(&self, seat: Seat, group: Group) {
        self.spawn(seat.replica.0, async move {
            // Fails only if the replica has stopped meanwhile, and then nobody waits for its
            // leadership.
            drop(group.campaign().await);
        });
    }

    /// Makes sure that `replica` of `shard` is here and may be spoken to by `sender`.
    ///
    /// An older incarnation with data that is still here goes only for a sender that has applied a
    /// newer membership than is in the older one's log: it was removed then. OpenRaft sends to new
    /// members before their membership is committed, so a leader of the past could otherwise have a
    /// voter's data destroyed for the sake of a replica that never comes to be. (TiKV destroys the
    /// older peer for any greater id: there a membership is in force only once it is applied.)
    pub(super) fn admit(
        &self,
        shard: ShardId,
        replica: ReplicaId,
        sender: Option<Sender>,
    ) -> Admission {
        match birth::floor(&self.0.disk) {
            None => return Admission::NotNow,
            Some(floor) if replica < floor => return Admission::Gone,
            Some(_) => {}
        }
        let here = self.0.replicas.borrow().get(&shard).map(|r| r.seat);
        if let Some(here) = here.filter(|here| here.replica >= replica) {
            return if here.replica == replica { Admission::Here } else { Admission::Gone };
        }
        let known = self.known(shard);
        let gone = known.iter().any(|(id, r)| *id >= replica && r.state != RecordState::Live);
        if gone && !plant::is(Plant::TombstoneIgnored) {
            return Admission::Gone;
        }
        if let Some(older) = here {
            if !self.is_outdated(older, sender) {
                return Admission::NotNow;
            }
            drop(self.destroy(older));
        }
        let seat = self.seat(shard, replica);
        let is_known = known.iter().any(|(id, _)| *id == replica);
        if !is_known && !plant::is(Plant::CatalogRowNotWritten) {
            let record = Record { shard, state: RecordState::Live };
            let mut batch = NodeBatch::default();
            batch.put(replica.row(Part::Record), Row::Record(record));
            self.0.disk.write(batch, None);
        }
        self.start_replica(seat, Origin::Message, false);
        Admission::Here
    }

    /// Whether the replica here has nothing to lose, or `sender` knows of its removal.
    fn is_outdated(&self, here: Seat, sender: Option<Sender>) -> bool {
        if !birth::is_initialized(&self.0.disk, here.replica) {
            return true;
        }
        let group = self.group(here.shard).filter(|group| group.seat() == here);
        let known = group.and_then(|group| group.machine().conf_ver_in_log());
        sender.zip(known).is_some_and(|(sender, known)| sender.conf_ver > known)
    }

    /// Whether it has joined, and `replica` is none of those that were lost with an older disk.
    pub(crate) fn may_hold(&self, replica: ReplicaId) -> bool {
        birth::floor(&self.0.disk).is_some_and(|floor| replica >= floor)
    }

    /// What the catalog knows of `shard`'s replicas here, by id.
    fn known(&self, shard: ShardId) -> Vec<(ReplicaId, Record)> {
        birth::catalog(&self.0.disk).into_iter().filter(|(_, r)| r.shard == shard).collect()
    }

    /// A split is about to write `child`'s first rows: the uninitialized replica that a message
    /// made before stops at this instant, so that it writes nothing after them. What it wrote
    /// before stays: the split keeps its vote.
    fn make_way(&self, child: Seat) {
        let here = self.0.replicas.borrow().get(&child.shard).is_some_and(|r| r.seat == child);
        if here && !birth::is_initialized(&self.0.disk, child.replica) {
            self.0.sim.kill_scope(self.owner(child.replica.0));
            let gone = self.0.replicas.borrow_mut().remove(&child.shard);
            drop(gone);
        }
    }

    /// A split wrote `child`'s first rows: run it. It campaigns at once where the parent leads,
    /// unless another has been faster: then a campaign would depose a leader.
    pub(super) fn take_over_child(&self, child: Seat, parent: ShardId) {
        let leads = self.group(parent).is_some_and(|group| group.is_leader());
        let campaign = leads && birth::is_untouched(&self.0.disk, child.replica);
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
        if let Some(replica) = self.0.replicas.borrow_mut().get_mut(&child.shard) {
            replica.parent = Some(parent);
        }
    }

    /// Another shard whose range here overlaps `range`: of a live replica, also one that is being
    /// started, or of a snapshot that is being installed (TiKV: `check_snapshot` and
    /// `pending_snapshot_regions`).
    pub(super) fn overlap(&self, shard: ShardId, range: &KeyRange) -> Option<ShardId> {
        let replicas = self.0.replicas.borrow();
        let held = replicas.values().filter_map(|r| {
            let range = match r.group() {
                Some(group) => group.machine().state(|s| s.range),
                None => birth::range(&self.0.disk, r.seat.replica),
            };
            Some((r.seat.shard, range?))
        });
        let arriving = self.0.arriving.borrow();
        let arriving = arriving.values().copied();
        let mut others = held.chain(arriving).filter(|(other, _)| *other != shard);
        others.find(|(_, held)| held.overlaps(range)).map(|(other, _)| other)
    }

    /// The replica is out of the membership: it goes, unless it leads and has to hand over first.
    pub(super) fn leave(&self, seat: Seat) {
        let here = self.group(seat.shard).filter(|group| group.seat() == seat);
        if here.is_some_and(|group| !group.is_leader()) {
            drop(self.destroy(seat));
        }
    }

    /// Destroys a replica in one batch: tombstone, and all its rows gone. Returns a future that
    /// waits until that is durable. A replica that was never here gets its tombstone all the same,
    /// so that no late message makes it, unless a newer one is or was here, or the disk is a newer
    /// one, which says as much; and an older one that lives here lives on.
    pub(super) fn destroy(&self, seat: Seat) -> impl Future<Output = ()> + use<> {
        let Seat { node, shard, replica } = seat;
        let here = self.0.replicas.borrow().get(&shard).is_some_and(|r| r.seat == seat);
        let epoch = self.group(shard).filter(|_| here).and_then(|g| g.machine().state(|s| s.epoch));
        let epoch = epoch.unwrap_or_default();
        let known = self.known(shard);
        let is_due = match known.iter().find(|(id, _)| *id == replica) {
            Some((_, record)) => record.state == RecordState::Live,
            None => self.may_hold(replica) && known.iter().all(|(id, _)| *id < replica),
        };
        let mut batch = NodeBatch::default();
        let older_lives =
            self.0.replicas.borrow().get(&shard).is_some_and(|r| r.seat.replica < replica);
        if is_due && !plant::is(Plant::RemovedReplicaStays) {
            if here && !plant::is(Plant::DestroyedGoesOn) {
                self.0.sim.kill_scope(self.owner(replica.0));
                let gone = self.0.replicas.borrow_mut().remove(&shard);
                drop(gone);
                self.remember_destroyed(seat);
            }
            // One tombstone a shard is enough: that of the newest, once all before it are gone.
            let older = known.into_iter().filter(|(id, _)| *id < replica);
            for (older, _) in older.filter(|_| !older_lives) {
                batch.delete_range(older.rows());
            }
            let record = Record { shard, state: RecordState::Tombstone(epoch) };
            if !plant::is(Plant::DestroyLeavesRows) {
                batch.delete_range(replica.rows());
            }
            if !plant::is(Plant::NoTombstone) {
                batch.put(replica.row(Part::Record), Row::Record(record));
            }
            self.0.trace.record(EventKind::ReplicaDestroyed { node, shard, replica, epoch });
        }
        self.0.disk.write_durable(batch)
    }
}
