//! What survives a crash: rows written in atomic batches that become durable after a flush latency.
//!
//! Knows nothing of what the rows mean. `raft` writes through it; `cluster` owns one a node and
//! tells it of a crash. Writes queue up while a flush is under way and go out together with the
//! next one (group commit), in order: at every instant the durable image is a prefix of the
//! batches, never half of one.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;

use crate::sim::{Owner, Sim};

/// Rows to write and rows to delete, all or nothing.
pub struct Batch<K, V>(Vec<Change<K, V>>);

enum Change<K, V> {
    Put(K, V),
    DeleteRange(Bound<K>, Bound<K>),
}

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Clone, V: Clone> Batch<K, V> {
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

    fn apply_to(&self, rows: &mut BTreeMap<K, V>) {
        for change in &self.0 {
            match change {
                Change::Put(key, value) => {
                    rows.insert(key.clone(), value.clone());
                }
                Change::DeleteRange(from, to) => {
                    let range = (from.as_ref(), to.as_ref());
                    let doomed: Vec<K> = rows.range(range).map(|(k, _)| k.clone()).collect();
                    for key in &doomed {
                        rows.remove(key);
                    }
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
    written: BTreeMap<K, V>,
    /// What would be left after a crash.
    durable: BTreeMap<K, V>,
    flushing: VecDeque<(Batch<K, V>, Option<Done>)>,
    waiting: VecDeque<(Batch<K, V>, Option<Done>)>,
    timing: Option<Timing>,
    /// Counts crashes, so that a flush begun before one is not taken for one begun after.
    life: u64,
    flushes: u64,
}

struct Timing {
    sim: Sim,
    owner: Owner,
    latency: Duration,
}

impl<K: Ord + Clone + 'static, V: Clone + 'static> Disk<K, V> {
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
            written: BTreeMap::new(),
            durable: BTreeMap::new(),
            flushing: VecDeque::new(),
            waiting: VecDeque::new(),
            timing,
            life: 0,
            flushes: 0,
        })))
    }

    /// Puts a batch on a disk that nobody uses yet, durable at once.
    pub fn format(&self, batch: &Batch<K, V>) {
        let mut inner = self.0.borrow_mut();
        batch.apply_to(&mut inner.written);
        batch.apply_to(&mut inner.durable);
    }

    /// Writes a batch; readers see it at once. `done` is called when it is durable, never if a
    /// crash comes first.
    pub fn write(&self, batch: Batch<K, V>, done: Option<Done>) {
        let mut inner = self.0.borrow_mut();
        batch.apply_to(&mut inner.written);
        if inner.timing.is_none() {
            batch.apply_to(&mut inner.durable);
            drop(inner);
            if let Some(done) = done {
                done();
            }
            return;
        }
        inner.waiting.push_back((batch, done));
        drop(inner);
        self.start_flush();
    }

    /// Writes a batch at once, and returns a future that waits until it is durable.
    pub fn write_durable(&self, batch: Batch<K, V>) -> impl Future<Output = ()> + use<K, V> {
        let (tx, rx) = oneshot::channel();
        self.write(batch, Some(Box::new(move || _ = tx.send(()))));
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
        if !inner.flushing.is_empty() || inner.waiting.is_empty() {
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
        inner.flushes += 1;
        let flushed = std::mem::take(&mut inner.flushing);
        for (batch, _) in &flushed {
            batch.apply_to(&mut inner.durable);
        }
        drop(inner);
        flushed.into_iter().filter_map(|(_, done)| done).for_each(|done| done());
        self.start_flush();
    }

    /// The node crashed: all that was not durable is lost. Returns how many batches that were.
    pub(crate) fn crash(&self) -> u32 {
        let mut inner = self.0.borrow_mut();
        inner.life += 1;
        let mut lost = std::mem::take(&mut inner.flushing);
        lost.append(&mut inner.waiting);
        inner.written = inner.durable.clone();
        drop(inner);
        u32::try_from(lost.len()).unwrap_or(u32::MAX)
    }

    /// The row at `key`.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        self.0.borrow().written.get(key).cloned()
    }

    /// What `read` makes of the rows in `range`, in order.
    pub fn scan<T>(
        &self,
        range: impl RangeBounds<K>,
        read: impl FnOnce(&mut dyn DoubleEndedIterator<Item = (&K, &V)>) -> T,
    ) -> T {
        read(&mut self.0.borrow().written.range(range))
    }

    /// How many rows are written and how many are durable.
    pub(crate) fn row_counts(&self) -> (usize, usize) {
        let inner = self.0.borrow();
        (inner.written.len(), inner.durable.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::WakeOrder;

    fn put(disk: &Disk<u64, u64>, rows: &[(u64, u64)]) {
        let mut batch = Batch::default();
        for &(key, value) in rows {
            batch.put(key, value);
        }
        disk.write(batch, None);
    }

    fn rows(disk: &Disk<u64, u64>) -> Vec<(u64, u64)> {
        disk.scan(.., |rows| rows.map(|(k, v)| (*k, *v)).collect())
    }

    #[test]
    fn a_crash_loses_what_was_not_flushed_and_never_half_a_batch() {
        let sim = Sim::new(1, WakeOrder::Fifo);
        let disk =
            Disk::flushing(sim.clone(), Owner { node: 1, scope: 0 }, Duration::from_micros(100));
        put(&disk, &[(1, 10), (2, 20)]);
        put(&disk, &[(3, 30)]);
        sim.fire_next(sim.now() + Duration::from_micros(100));
        // The first flush took the first batch alone; the second came in while it was under way.
        put(&disk, &[(4, 40)]);
        assert_eq!(rows(&disk), [(1, 10), (2, 20), (3, 30), (4, 40)]);
        assert_eq!(disk.crash(), 2);
        assert_eq!(rows(&disk), [(1, 10), (2, 20)]);
        sim.shutdown();
    }

    #[test]
    fn a_flush_begun_before_a_crash_brings_nothing_back_after_it() {
        let sim = Sim::new(1, WakeOrder::Fifo);
        let disk =
            Disk::flushing(sim.clone(), Owner { node: 1, scope: 0 }, Duration::from_micros(100));
        put(&disk, &[(1, 10)]);
        disk.crash();
        put(&disk, &[(2, 20)]);
        while sim.fire_next(sim.now() + Duration::from_secs(1)).is_some() {}
        assert_eq!(disk.crash(), 0);
        assert_eq!(rows(&disk), [(2, 20)]);
        sim.shutdown();
    }

    #[test]
    fn ranges_delete_just_what_their_bounds_say() {
        let cases: [(Bound<u64>, Bound<u64>, &[u64]); 4] = [
            (Bound::Included(2), Bound::Included(3), &[1, 4]),
            (Bound::Excluded(2), Bound::Excluded(4), &[1, 2, 4]),
            (Bound::Unbounded, Bound::Excluded(3), &[3, 4]),
            (Bound::Included(9), Bound::Unbounded, &[1, 2, 3, 4]),
        ];
        for (from, to, left) in cases {
            let disk = Disk::immediate();
            put(&disk, &[(1, 0), (2, 0), (3, 0), (4, 0)]);
            let mut batch = Batch::default();
            batch.delete_range((from, to));
            disk.write(batch, None);
            assert_eq!(rows(&disk).iter().map(|r| r.0).collect::<Vec<_>>(), left);
        }
    }
}
