//! What survives a crash: rows written in atomic batches that become durable after a flush latency.
//!
//! Knows nothing of what the rows mean. `raft` writes through it; `cluster` owns one a node and
//! tells it of a crash. Writes queue up while a flush is under way and go out together with the
//! next one (group commit), in order: at every instant the durable image is a prefix of the
//! batches, never half of one.
//!
//! There is one map, of what is written. What would be left after a crash is kept as the way back
//! to it: each batch that is not durable yet remembers the rows that it replaced.

use std::cell::RefCell;
use std::collections::BTreeMap;
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
        })))
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
        let mut replaced = Vec::with_capacity(batch.0.len());
        batch.apply_to(&mut inner.rows, |key, row| replaced.push((key, row)));
        let count = inner.rows.len();
        inner.waiting.push(Unflushed { replaced, count, done });
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
        let flushed = std::mem::take(&mut inner.flushing);
        if let Some(last) = flushed.last() {
            inner.durable_count = last.count;
        }
        drop(inner);
        flushed.into_iter().filter_map(|batch| batch.done).for_each(|done| done());
        self.start_flush();
    }

    /// The node crashed: all that was not durable is lost. Returns how many batches that were.
    pub(crate) fn crash(&self) -> u32 {
        let mut guard = self.0.borrow_mut();
        let inner = &mut *guard;
        inner.life += 1;
        let mut lost = std::mem::take(&mut inner.flushing);
        lost.append(&mut inner.waiting);
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

    /// What `read` makes of the rows in `range`, in order.
    pub fn scan<T>(
        &self,
        range: impl RangeBounds<K>,
        read: impl FnOnce(&mut dyn DoubleEndedIterator<Item = (&K, &V)>) -> T,
    ) -> T {
        read(&mut self.0.borrow().rows.range(range))
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
    /// Writes what is durable at once.
    fn write_through(&mut self, batch: Batch<K, V>) {
        batch.apply_to(&mut self.rows, |_, _| {});
        self.durable_count = self.rows.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

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

    /// What can happen to a disk; keys from a small space, so that they meet.
    #[derive(Clone, Debug)]
    enum Happening {
        Write(Vec<Step>),
        /// Lets so much time pass.
        Wait(u64),
        Crash,
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u64, u64),
        Delete(Bound<u64>, Bound<u64>),
    }

    const KEYS: u64 = 12;
    const LATENCY_US: u64 = 100;

    /// A disk as it is defined: the batches, each whole, and how many of them are durable.
    #[derive(Default)]
    struct Model {
        batches: Vec<Vec<Step>>,
        durable: usize,
        /// When the flush that is under way ends, and how many batches are durable then.
        flush: Option<(u64, usize)>,
        now_us: u64,
    }

    impl Model {
        fn rows(&self, batches: usize) -> Vec<(u64, u64)> {
            let mut rows = BTreeMap::new();
            for step in self.batches[..batches].iter().flatten() {
                match *step {
                    Step::Put(key, value) => _ = rows.insert(key, value),
                    Step::Delete(from, to) => rows.retain(|key, _| !(from, to).contains(key)),
                }
            }
            rows.into_iter().collect()
        }

        fn start_flush(&mut self) {
            if self.flush.is_none() && self.batches.len() > self.durable {
                self.flush = Some((self.now_us + LATENCY_US, self.batches.len()));
            }
        }

        fn wait(&mut self, us: u64) {
            let end = self.now_us + us;
            while let Some((due, durable)) = self.flush.take_if(|(due, _)| *due <= end) {
                (self.now_us, self.durable) = (due, durable);
                self.start_flush();
            }
            self.now_us = end;
        }

        fn crash(&mut self) -> usize {
            self.flush = None;
            let lost = self.batches.len() - self.durable;
            self.batches.truncate(self.durable);
            lost
        }
    }

    fn bounds() -> impl Strategy<Value = (Bound<u64>, Bound<u64>)> {
        let bound = |at| {
            prop_oneof![
                Just(Bound::Unbounded),
                Just(Bound::Included(at)),
                Just(Bound::Excluded(at))
            ]
        };
        // From one key to a greater one: a map takes no range that ends before it begins.
        (0..KEYS, 1..=KEYS).prop_flat_map(move |(from, width)| (bound(from), bound(from + width)))
    }

    fn happening() -> impl Strategy<Value = Happening> {
        let step = prop_oneof![
            3 => (0..KEYS, any::<u64>()).prop_map(|(key, value)| Step::Put(key, value)),
            1 => bounds().prop_map(|(from, to)| Step::Delete(from, to)),
        ];
        prop_oneof![
            6 => vec(step, 0..6).prop_map(Happening::Write),
            4 => (0..2 * LATENCY_US).prop_map(Happening::Wait),
            1 => Just(Happening::Crash),
        ]
    }

    proptest! {
        /// Given any writes, waits and crashes, then at every moment the disk shows all that was
        /// written, counts what is durable, and a crash leaves exactly the durable batches.
        #[test]
        fn a_disk_is_its_batches_and_a_crash_leaves_the_durable_ones(
            happenings in vec(happening(), 0..60),
        ) {
            let sim = Sim::new(1, WakeOrder::Fifo);
            let owner = Owner { node: 1, scope: 0 };
            let disk = Disk::flushing(sim.clone(), owner, Duration::from_micros(LATENCY_US));
            let mut model = Model::default();
            for happening in happenings {
                match happening {
                    Happening::Write(steps) => {
                        let mut batch = Batch::default();
                        for step in &steps {
                            match *step {
                                Step::Put(key, value) => batch.put(key, value),
                                Step::Delete(from, to) => batch.delete_range((from, to)),
                            };
                        }
                        disk.write(batch, None);
                        model.batches.push(steps);
                        model.start_flush();
                    }
                    Happening::Wait(us) => {
                        let end = sim.now() + Duration::from_micros(us);
                        while sim.fire_next(end).is_some() {}
                        model.wait(us);
                    }
                    Happening::Crash => {
                        prop_assert_eq!(disk.crash() as usize, model.crash());
                    }
                }
                let (written, durable) =
                    (model.rows(model.batches.len()), model.rows(model.durable));
                prop_assert_eq!(disk.row_counts(), (written.len(), durable.len()));
                prop_assert_eq!(rows(&disk), written);
            }
            sim.shutdown();
        }
    }
}
