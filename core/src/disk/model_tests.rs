//! Whatever happens to a disk, it is what it is defined to be.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::sim::WakeOrder;

fn rows(disk: &Disk<u64, u64>) -> Vec<(u64, u64)> {
    disk.scan(.., |rows| rows.map(|(k, v)| (*k, *v)).collect())
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
        prop_oneof![Just(Bound::Unbounded), Just(Bound::Included(at)), Just(Bound::Excluded(at))]
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
