//! What survives a crash: rows written in atomic batches that become durable after a flush latency.
//!
//! Knows nothing of what the rows mean. `raft` writes through it; `cluster` owns one a node and
//! tells it of a crash. Writes queue up while a flush is under way and go out together with the
//! next one (group commit), in order: at every instant the durable image is a prefix of the
//! batches, never half of one.
//!
//! There is one map, of what is written. What would be left after a crash is kept as the way back
//! to it: each batch that is not durable yet remembers the rows that it replaced.
//!
//! A disk can be slow, held or full. What is done to it outlasts its node's crash: it is the disk's
//! trouble, not the node's.

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;

use crate::plant::{self, Plant};
use crate::sim::{Owner, Sim};

/// Rows to write and rows to delete, all or nothing.
pub struct Batch<K, V>(Vec<Change<K, V>>);

/// One change of a batch.
pub(crate) enum Change<K, V> {
    Put(K, V),
    DeleteRange(Bound<K>, Bound<K>),
}

/// Is told what becomes of batches, as it happens. It must not touch the disk.
pub(crate) trait Watcher<K, V> {
    /// These changes are made in one batch, behind all that are not durable yet.
    fn written(&self, changes: &[Change<K, V>]);
    /// So many batches are durable now, the oldest ones that were not.
    fn durable(&self, batches: usize);
    /// All batches that were not durable are lost.
    fn crashed(&self);
    /// So is all the rest.
    fn lost(&self);
}

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Copy, V> Batch<K, V> {
    /// Adds a row, or replaces it.
    pub fn put(&mut self, key: K, value: V) -> &mut Self {
        self.0.push(Change::Put(key, value));
        self
    }

    /// Deletes all rows in `range`.
    pub fn delete_range(&mut self, range: impl RangeBounds<K>) -> &mut Self {
        self.0.push(Change::DeleteRange(range.start_bound().cloned(), range.end_bound().cloned()));
        self
    }

    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Changes `rows`, and tells `replaced` of each row that is no longer what it was.
    fn apply_to(self, rows: &mut BTreeMap<K, V>, mut replaced: impl FnMut(K, Option<V>)) {
        for change in self.0 {
            match change {
                Change::Put(key, value) => replaced(key, rows.insert(key, value)),
                Change::DeleteRange(from, to) => {
                    let doomed = rows.extract_if((from, to), |_, _| true);
                    doomed.for_each(|(key, value)| replaced(key, Some(value)));
                }
            }
        }
    }
}

/// One node's disk: a handle, cheap to clone.
pub struct Disk<K, V>(Rc<RefCell<Inner<K, V>>>);

impl<K, V> Clone for Disk<K, V> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

type Done = Box<dyn FnOnce()>;

struct Inner<K, V> {
    /// What has been written: what a reader sees.
    rows: BTreeMap<K, V>,
    /// How many of them a crash would leave.
    durable_count: usize,
    flushing: Vec<Unflushed<K, V>>,
    waiting: Vec<Unflushed<K, V>>,
    timing: Option<Timing>,
    /// Counts crashes, so that a flush begun before one is not taken for one begun after.
    life: u64,
    stall: Stall,
    /// The flush under way has taken its time, but the disk is held.
    overdue: bool,
    watcher: Option<Rc<dyn Watcher<K, V>>>,
}

/// What keeps writes from becoming durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stall {
    /// Nothing becomes durable, not even the flush under way.
    pub(crate) held: bool,
    /// There is no room for more: the flush under way has its room already, later ones wait for it,
    /// as they do on a file system that makes writers wait. One that fails them would end the
    /// process: that is a crash.
    pub(crate) full: bool,
}

/// A batch that is written and not durable.
struct Unflushed<K, V> {
    /// The rows that it replaced, in order; `None` where there was none.
    replaced: Vec<(K, Option<V>)>,
    /// How many rows there were after it.
    count: usize,
    done: Option<Done>,
}

struct Timing {
    sim: Sim,
    owner: Owner,
    latency: Duration,
}

impl<K: Ord + Copy + 'static, V: 'static> Disk<K, V> {
    /// A disk on which every write is durable at once.
    #[must_use]
    pub fn immediate() -> Self {
        Self::with_timing(None)
    }

    /// A disk that takes `latency` for a flush; its timers belong to `owner`.
    pub(crate) fn flushing(sim: Sim, owner: Owner, latency: Duration) -> Self {
        Self::with_timing(Some(Timing { sim, owner, latency }))
    }

    fn with_timing(timing: Option<Timing>) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            rows: BTreeMap::new(),
            durable_count: 0,
            flushing: Vec::new(),
            waiting: Vec::new(),
            timing,
            life: 0,
            stall: Stall::default(),
            overdue: false,
            watcher: None,
        })))
    }

    /// Tells `watcher` from now on what becomes of batches.
    pub(crate) fn watch(&self, watcher: Rc<dyn Watcher<K, V>>) {
        self.0.borrow_mut().watcher = Some(watcher);
    }

    /// Puts a batch on a disk that nobody uses yet, durable at once.
    pub fn format(&self, batch: Batch<K, V>) {
        self.0.borrow_mut().write_through(batch);
    }

    /// Writes a batch; readers see it at once. `done` is called when it is durable, never if a
    /// crash comes first.
    pub fn write(&self, batch: Batch<K, V>, done: Option<Done>) {
        let mut inner = self.0.borrow_mut();
        if inner.timing.is_none() {
            inner.write_through(batch);
            drop(inner);
            if let Some(done) = done {
                done();
            }
            return;
        }
        inner.tell(|watcher| watcher.written(&batch.0));
        let mut replaced = Vec::with_capacity(batch.0.len());
        batch.apply_to(&mut inner.rows, |key, row| replaced.push((key, row)));
        let count = inner.rows.len();
        inner.waiting.push(Unflushed { replaced, count, done });
        drop(inner);
        self.start_flush();
    }

    /// Writes a batch at once, and returns a future that waits until it is durable.
    pub fn write_durable(&self, batch: Batch<K, V>) -> impl Future<Output = ()> + use<K, V> {
        self.write_durable_telling(batch, || ())
    }

    /// Like [`Self::write_durable`], and calls `durable` when it is, in the order of the disk:
    /// those who wait go on in any order. Neither if a crash comes first, or who waits is dropped.
    pub(crate) fn write_durable_telling<F: FnOnce() + 'static>(
        &self,
        batch: Batch<K, V>,
        durable: F,
    ) -> impl Future<Output = ()> + use<K, V, F> {
        let (tx, rx) = oneshot::channel();
        let done = move || {
            if !tx.is_canceled() {
                durable();
                _ = tx.send(());
            }
        };
        self.write(batch, Some(Box::new(done)));
        async move {
            if rx.await.is_err() {
                // The node crashed before the flush: this task is about to be dropped with it.
                std::future::pending::<()>().await;
            }
        }
    }

    fn start_flush(&self) {
        let mut guard = self.0.borrow_mut();
        let inner = &mut *guard;
        let stalled = inner.stall != Stall::default();
        if stalled || !inner.flushing.is_empty() || inner.waiting.is_empty() {
            return;
        }
        std::mem::swap(&mut inner.flushing, &mut inner.waiting);
        let life = inner.life;
        if let Some(timing) = &inner.timing {
            let disk = self.clone();
            let due = timing.sim.now() + timing.latency;
            timing.sim.at(due, timing.owner, move || disk.finish_flush(life));
        }
    }

    fn finish_flush(&self, life: u64) {
        let mut inner = self.0.borrow_mut();
        if inner.life != life {
            return;
        }
        if inner.stall.held {
            inner.overdue = true;
            return;
        }
        let flushed = std::mem::take(&mut inner.flushing);
        if let Some(last) = flushed.last() {
            inner.durable_count = last.count;
        }
        inner.tell(|watcher| watcher.durable(flushed.len()));
        drop(inner);
        flushed.into_iter().filter_map(|batch| batch.done).for_each(|done| done());
        self.start_flush();
    }

    /// How long a flush takes, from the next one on.
    pub(crate) fn set_latency(&self, latency: Duration) {
        if let Some(timing) = &mut self.0.borrow_mut().timing {
            timing.latency = latency;
        }
    }

    /// How long a flush takes.
    pub(crate) fn latency(&self) -> Duration {
        self.0.borrow().timing.as_ref().map_or(Duration::ZERO, |timing| timing.latency)
    }

    /// What keeps writes from becoming durable now.
    pub(crate) fn stall(&self) -> Stall {
        self.0.borrow().stall
    }

    /// Lets `stall` keep writes from becoming durable from now on.
    pub(crate) fn set_stall(&self, stall: Stall) {
        let mut guard = self.0.borrow_mut();
        let inner = &mut *guard;
        inner.stall = stall;
        let overdue = !stall.held && std::mem::take(&mut inner.overdue);
        if let Some(timing) = inner.timing.as_ref().filter(|_| overdue) {
            // By a timer of its owner: a node that is paused goes on pausing.
            let (disk, life) = (self.clone(), inner.life);
            timing.sim.at(timing.sim.now(), timing.owner, move || disk.finish_flush(life));
        }
        drop(guard);
        self.start_flush();
    }

    /// The node crashed: all that was not durable is lost. Returns how many batches that were.
    pub(crate) fn crash(&self) -> u32 {
        let mut guard = self.0.borrow_mut();
        let inner = &mut *guard;
        inner.life += 1;
        let mut lost = std::mem::take(&mut inner.flushing);
        lost.append(&mut inner.waiting);
        inner.overdue = false;
        if plant::is(Plant::HalfABatchSurvives)
            && let Some(torn) = lost.first_mut()
        {
            let half = torn.replaced.len() / 2;
            drop(torn.replaced.drain(..half));
        }
        inner.tell(|watcher| watcher.crashed());
        // Back in time, the last change first.
        for (key, row) in lost.iter_mut().rev().flat_map(|batch| batch.replaced.drain(..).rev()) {
            match row {
                Some(row) => inner.rows.insert(key, row),
                None => inner.rows.remove(&key),
            };
        }
        drop(guard);
        u32::try_from(lost.len()).unwrap_or(u32::MAX)
    }

    /// All that is on it is gone, as after [`Self::crash`] and a new disk in its place; what was
    /// done to it stays.
    pub(crate) fn lose(&self) {
        self.crash();
        let mut inner = self.0.borrow_mut();
        inner.rows.clear();
        inner.durable_count = 0;
        inner.tell(|watcher| watcher.lost());
    }

    /// What `read` makes of the rows in `range`, in order.
    pub fn scan<T>(
        &self,
        range: impl RangeBounds<K>,
        read: impl FnOnce(&mut dyn DoubleEndedIterator<Item = (&K, &V)>) -> T,
    ) -> T {
        read(&mut self.0.borrow().rows.range(range))
    }

    /// Whether all that is written is durable.
    pub(crate) fn is_flushed(&self) -> bool {
        let inner = self.0.borrow();
        inner.flushing.is_empty() && inner.waiting.is_empty()
    }

    /// How many rows are written and how many are durable.
    pub(crate) fn row_counts(&self) -> (usize, usize) {
        let inner = self.0.borrow();
        (inner.rows.len(), inner.durable_count)
    }
}

impl<K: Ord + Copy + 'static, V: Clone + 'static> Disk<K, V> {
    /// The row at `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        self.0.borrow().rows.get(key).cloned()
    }
}

impl<K: Ord + Copy, V> Inner<K, V> {
    fn tell(&self, what: impl FnOnce(&dyn Watcher<K, V>)) {
        if let Some(watcher) = &self.watcher {
            what(&**watcher);
        }
    }

    /// Writes what is durable at once.
    fn write_through(&mut self, batch: Batch<K, V>) {
        self.tell(|watcher| {
            watcher.written(&batch.0);
            watcher.durable(1);
        });
        batch.apply_to(&mut self.rows, |_, _| {});
        self.durable_count = self.rows.len();
    }
}
