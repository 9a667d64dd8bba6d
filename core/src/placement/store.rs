//! What survives placement's own crash: rows on a disk of its own.
//!
//! Everything that must not be forgotten is a row: which ids are taken, what is wanted, what the
//! shards were when they were last heard of, and which replicas are still to be destroyed. Writes
//! are seen at once and durable a flush later; whoever orders something from a node waits for
//! [`Store::synced`] first, so that nothing is ordered that a crash could take back. Knows no node
//! and sends nothing. Owned by `placement`.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use super::OWNER;
use super::plan::Layout;
use crate::disk::{Batch, Disk};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Key};
use crate::plant::{self, Plant};
use crate::sim::Sim;

/// How many ids are reserved by one write (TiKV's PD: `allocStep`, 1,000). A crash skips what is
/// left of them: few, so that the names that people read do not leap.
const IDS_RESERVED: u64 = 8;

/// The key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RowKey {
    /// The first shard id that is not reserved.
    ShardIds,
    /// The first replica id that is not reserved.
    ReplicaIds,
    /// What the shard was when it was last heard of (TiKV's PD keeps them too).
    Shard(ShardId),
    /// Where the shard is wanted.
    Layout(ShardId),
    /// A split of the shard that was asked for and is not known to be done.
    Split(ShardId),
    /// A learner that was ordered and has not been heard of.
    Ordered(ReplicaId),
    /// A replica that is out of its shard's membership, and not known to be destroyed.
    Removed(ReplicaId),
}

#[derive(Clone, Debug)]
enum Row {
    Ids(u64),
    Shard(Rc<Descriptor>),
    Layout(Rc<Layout>),
    Split(Key, ShardId),
    Ordered(Ordered),
    Removed(Home),
}

/// Where a replica was meant to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) shard: ShardId,
    pub(super) node: NodeId,
}

/// A learner that was ordered under the `conf_ver` at which its shard then was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ordered {
    pub(super) home: Home,
    pub(super) conf_ver: u64,
}

/// See the module.
pub(super) struct Store {
    disk: Disk<RowKey, Row>,
    shards: Ids,
    replicas: Ids,
}

/// Ids from a window that is reserved on disk.
struct Ids {
    window: RowKey,
    next: Cell<u64>,
}

impl Ids {
    /// The next id. One beyond the window adds to `batch` that the next window is reserved: it is
    /// told to nobody before that is durable.
    fn allocate(&self, disk: &Disk<RowKey, Row>, batch: &mut Batch<RowKey, Row>) -> u64 {
        let id = self.next.get();
        self.next.set(id + 1);
        if id >= self.reserved(disk) {
            batch.put(self.window, Row::Ids(id + IDS_RESERVED));
        }
        id
    }

    /// The first id that is not reserved.
    fn reserved(&self, disk: &Disk<RowKey, Row>) -> u64 {
        match disk.get(&self.window) {
            Some(Row::Ids(end)) => end,
            _ => 1,
        }
    }

    /// Goes on after the window: what was handed out of it is not known any more.
    fn recover(&self, disk: &Disk<RowKey, Row>) {
        let forgotten = match self.window {
            RowKey::ReplicaIds => plant::is(Plant::ReplicaIdReused),
            _ => plant::is(Plant::ShardIdReused),
        };
        let again = if forgotten { IDS_RESERVED } else { 0 };
        self.next.set(self.reserved(disk).saturating_sub(again).max(1));
    }
}

impl Store {
    /// The disk of a cluster that begins with these shards; ids from `next_replica` on are free.
    pub(super) fn new(
        sim: Sim,
        flush_latency: Duration,
        known: impl Iterator<Item = Descriptor>,
        next_replica: u64,
    ) -> Self {
        let disk = Disk::flushing(sim, OWNER, flush_latency);
        let (mut batch, mut next_shard) = (Batch::default(), 1);
        for descriptor in known {
            next_shard = next_shard.max(descriptor.shard.0 + 1);
            batch.put(RowKey::Shard(descriptor.shard), Row::Shard(Rc::new(descriptor)));
        }
        batch.put(RowKey::ShardIds, Row::Ids(next_shard));
        batch.put(RowKey::ReplicaIds, Row::Ids(next_replica));
        disk.format(batch);
        let ids = |window| Ids { window, next: Cell::default() };
        let store = Self { disk, shards: ids(RowKey::ShardIds), replicas: ids(RowKey::ReplicaIds) };
        store.recover();
        store
    }

    /// Loses what is not durable. Returns how many batches that were.
    pub(super) fn crash(&self) -> u32 {
        self.disk.crash()
    }

    /// Takes up where the rows end, after a crash.
    pub(super) fn recover(&self) {
        self.shards.recover(&self.disk);
        self.replicas.recover(&self.disk);
    }

    /// Returns once all that was written before is durable.
    pub(super) async fn synced(&self) {
        if !self.disk.is_flushed() {
            self.disk.write_durable(Batch::default()).await;
        }
    }

    /// How many rows there are.
    pub(super) fn row_count(&self) -> usize {
        self.disk.row_counts().0
    }

    pub(super) fn allocate_replica(&self) -> ReplicaId {
        let mut batch = Batch::default();
        let replica = ReplicaId(self.replicas.allocate(&self.disk, &mut batch));
        if !batch.is_empty() {
            self.disk.write(batch, None);
        }
        replica
    }

    /// What the shard was when it was last heard of.
    pub(super) fn shard(&self, shard: ShardId) -> Option<Rc<Descriptor>> {
        match self.disk.get(&RowKey::Shard(shard)) {
            Some(Row::Shard(descriptor)) => Some(descriptor),
            _ => None,
        }
    }

    /// All of them, by id.
    pub(super) fn shards(&self) -> Vec<Rc<Descriptor>> {
        self.rows(
            RowKey::Shard(ShardId(0))..=RowKey::Shard(ShardId(u64::MAX)),
            |(_, row)| match row {
                Row::Shard(descriptor) => Some(descriptor.clone()),
                _ => None,
            },
        )
    }

    /// Takes over what a shard is now: members that it no longer names are to be destroyed, and so
    /// are learners that were ordered under an older `conf_ver` and cannot come any more. Returns
    /// those.
    pub(super) fn learn(&self, descriptor: &Descriptor) -> Vec<ReplicaId> {
        let (shard, mut batch) = (descriptor.shard, Batch::default());
        let is_member = |replica| descriptor.members.iter().any(|m| m.replica == replica);
        let mut gone = Vec::new();
        for m in self.shard(shard).iter().flat_map(|old| &old.members) {
            if !is_member(m.replica) {
                gone.push((m.replica, Home { shard, node: m.node }));
            }
        }
        for (replica, Ordered { home, conf_ver }) in self.ordered(shard) {
            let came = is_member(replica);
            if came || descriptor.epoch.conf_ver > conf_ver {
                let key = RowKey::Ordered(replica);
                batch.delete_range(key..=key);
                gone.extend((!came).then_some((replica, home)));
            }
        }
        for (replica, home) in &gone {
            batch.put(RowKey::Removed(*replica), Row::Removed(*home));
        }
        batch.put(RowKey::Shard(shard), Row::Shard(Rc::new(descriptor.clone())));
        self.disk.write(batch, None);
        gone.into_iter().map(|(replica, _)| replica).collect()
    }

    /// Where the shard is wanted.
    pub(super) fn layout(&self, shard: ShardId) -> Option<Rc<Layout>> {
        match self.disk.get(&RowKey::Layout(shard)) {
            Some(Row::Layout(layout)) => Some(layout),
            _ => None,
        }
    }

    pub(super) fn want_layout(&self, shard: ShardId, layout: Layout) {
        let mut batch = Batch::default();
        batch.put(RowKey::Layout(shard), Row::Layout(Rc::new(layout)));
        self.disk.write(batch, None);
    }

    /// The split of the shard that is wanted: its key, and the new shard.
    pub(super) fn split(&self, shard: ShardId) -> Option<(Key, ShardId)> {
        match self.disk.get(&RowKey::Split(shard)) {
            Some(Row::Split(key, child)) => Some((key, child)),
            _ => None,
        }
    }

    pub(super) fn want_split(&self, shard: ShardId, key: Key) -> ShardId {
        let mut batch = Batch::default();
        let child = ShardId(self.shards.allocate(&self.disk, &mut batch));
        batch.put(RowKey::Split(shard), Row::Split(key, child));
        self.disk.write(batch, None);
        child
    }

    /// The split is done: the new shard is wanted where its parent is, until it is wanted
    /// elsewhere.
    pub(super) fn finish_split(&self, parent: ShardId, child: ShardId) {
        let mut batch = Batch::default();
        batch.delete_range(RowKey::Split(parent)..=RowKey::Split(parent));
        if let Some(layout) = self.layout(parent).filter(|_| self.layout(child).is_none()) {
            batch.put(RowKey::Layout(child), Row::Layout(layout));
        }
        self.disk.write(batch, None);
    }

    /// The id of a learner to order on `node`: one that was ordered there before under the same
    /// `conf_ver`, so that an order that is repeated is the same order; else a new one.
    pub(super) fn order_learner(&self, home: Home, conf_ver: u64) -> ReplicaId {
        let order = Ordered { home, conf_ver };
        let mut before = self.ordered(home.shard).into_iter().filter(|(_, o)| *o == order);
        before.next().map_or_else(
            || {
                let mut batch = Batch::default();
                let replica = ReplicaId(self.replicas.allocate(&self.disk, &mut batch));
                batch.put(RowKey::Ordered(replica), Row::Ordered(order));
                self.disk.write(batch, None);
                replica
            },
            |(replica, _)| replica,
        )
    }

    /// The shard's learners that were ordered and have not been heard of.
    pub(super) fn ordered(&self, shard: ShardId) -> Vec<(ReplicaId, Ordered)> {
        let all = RowKey::Ordered(ReplicaId(0))..=RowKey::Ordered(ReplicaId(u64::MAX));
        self.rows(all, |row| match row {
            (RowKey::Ordered(replica), Row::Ordered(order)) if order.home.shard == shard => {
                Some((*replica, *order))
            }
            _ => None,
        })
    }

    /// Where a replica is to be destroyed; none if it is not.
    pub(super) fn is_removed(&self, replica: ReplicaId) -> Option<Home> {
        match self.disk.get(&RowKey::Removed(replica)) {
            Some(Row::Removed(home)) => Some(home),
            _ => None,
        }
    }

    /// All replicas that are to be destroyed, by id.
    pub(super) fn removed(&self) -> Vec<(ReplicaId, Home)> {
        let all = RowKey::Removed(ReplicaId(0))..=RowKey::Removed(ReplicaId(u64::MAX));
        self.rows(all, |row| match row {
            (RowKey::Removed(replica), Row::Removed(home)) => Some((*replica, *home)),
            _ => None,
        })
    }

    /// It is destroyed.
    pub(super) fn forget_removed(&self, replica: ReplicaId) {
        let (key, mut batch) = (RowKey::Removed(replica), Batch::default());
        batch.delete_range(key..=key);
        self.disk.write(batch, None);
    }

    fn rows<T>(
        &self,
        range: RangeInclusive<RowKey>,
        read: impl FnMut((&RowKey, &Row)) -> Option<T>,
    ) -> Vec<T> {
        self.disk.scan(range, |rows| rows.filter_map(read).collect())
    }
}
