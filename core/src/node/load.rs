//! What clients ask of a node: how much in the last second, and how much of each shard since the
//! last report, with some of the keys.
//!
//! The keys are a uniform sample (Vitter's algorithm R, *Random Sampling with a Reservoir*, 1985;
//! TiKV: `Recorder` in `raftstore/src/store/worker/split_controller.rs`), from a stream of their
//! own. Pure data.

use std::time::Duration;

use litemap::LiteMap;

use crate::id::ShardId;
use crate::key::KeyRange;
use crate::message::{SAMPLES_MAX, ShardLoad};
use crate::sim::{Rng, Time};

/// The last second is counted in so many slices: it ends up to one of them late.
const SLICES: u64 = 20;
const SLICE_NS: u64 = 1_000_000_000 / SLICES;

/// See the module.
pub(super) struct Load {
    /// Operations by slice of time, the newest one at `slice % SLICES`.
    slices: [u32; SLICES as usize],
    slice: u64,
    /// Since the last report.
    shards: LiteMap<ShardId, Counted>,
    reported: Time,
    draws: Rng,
}

#[derive(Default)]
struct Counted {
    operations: u32,
    samples: Vec<KeyRange>,
}

fn slice_of(now: Time) -> u64 {
    now.as_nanos() / SLICE_NS
}

impl Load {
    pub(super) fn new(now: Time, draws: Rng) -> Self {
        let (slices, shards) = Default::default();
        Self { slices, slice: slice_of(now), shards, reported: now, draws }
    }

    /// An operation on `keys` of `shard` is served.
    pub(super) fn note(&mut self, now: Time, shard: ShardId, keys: KeyRange) {
        let slice = slice_of(now);
        for passed in (self.slice + 1..=slice).take(self.slices.len()) {
            self.slices[at(passed)] = 0;
        }
        self.slice = slice;
        self.slices[at(slice)] += 1;
        let counted = self.shards.entry(shard).or_default();
        counted.operations += 1;
        if counted.samples.len() < SAMPLES_MAX {
            counted.samples.push(keys);
        } else {
            let drawn = self.draws.below(counted.operations.into());
            let kept = usize::try_from(drawn).ok().and_then(|i| counted.samples.get_mut(i));
            if let Some(kept) = kept {
                *kept = keys;
            }
        }
    }

    pub(super) fn operations_per_second(&self, now: Time) -> u32 {
        let oldest = slice_of(now).saturating_sub(SLICES - 1);
        (oldest..=self.slice).map(|slice| self.slices[at(slice)]).sum()
    }

    /// What was asked of the shards that the node `leads`, since the last time that this was asked.
    pub(super) fn report(&mut self, now: Time, leads: &[ShardId]) -> Vec<ShardLoad> {
        let over = now.since(self.reported).max(Duration::from_millis(1)).as_nanos();
        self.reported = now;
        let mut counted = std::mem::take(&mut self.shards);
        let load = |shard: &ShardId| {
            let Counted { operations, samples } = counted.remove(shard).unwrap_or_default();
            let rate = u128::from(operations) * 1_000_000_000 / over;
            let operations_per_second = u32::try_from(rate).unwrap_or(u32::MAX);
            ShardLoad { shard: *shard, operations_per_second, samples }
        };
        leads.iter().map(load).collect()
    }
}

fn at(slice: u64) -> usize {
    usize::try_from(slice % SLICES).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Sim, WakeOrder};

    const A: ShardId = ShardId(1);
    const B: ShardId = ShardId(2);

    fn ms(ms: u64) -> Time {
        Time::from_nanos(ms * 1_000_000)
    }

    fn fresh() -> Load {
        Load::new(ms(0), Sim::new(7, WakeOrder::Fifo).rng("load"))
    }

    #[test]
    fn what_was_served_in_the_last_second_is_counted_and_then_forgotten() {
        let mut load = fresh();
        (0..200).for_each(|i| load.note(ms(i * 10), A, KeyRange::inclusive(i, i)));
        assert_eq!(load.operations_per_second(ms(1_999)), 100);
        assert_eq!(load.operations_per_second(ms(2_499)), 50);
        assert_eq!(load.operations_per_second(ms(9_000)), 0);
        load.note(ms(9_000), A, KeyRange::inclusive(1, 1));
        assert_eq!(load.operations_per_second(ms(9_000)), 1);
    }

    #[test]
    fn a_report_names_the_rate_and_some_keys_of_each_shard_that_is_led() {
        let mut load = fresh();
        (0..1_000).for_each(|i| load.note(ms(i / 2), A, KeyRange::inclusive(i, i)));
        load.note(ms(499), B, KeyRange::inclusive(5, 5));
        let reports = load.report(ms(500), &[A]);
        assert_eq!((reports.len(), reports[0].operations_per_second), (1, 2_000));
        assert_eq!(reports[0].samples.len(), SAMPLES_MAX);
        // Uniform: about half of them are from the second half of the interval.
        let late = reports[0].samples.iter().filter(|keys| keys.start.0 >= 500).count();
        assert!((5..=15).contains(&late), "{late} of {SAMPLES_MAX}");
        let next = load.report(ms(1_000), &[A, B]);
        assert!(next.iter().all(|r| r.operations_per_second == 0 && r.samples.is_empty()));
    }
}
