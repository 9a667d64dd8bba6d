//! Which shard is hot, and where a split would balance it: pure rules from reported load.
//!
//! TiKV's load-based split (`components/raftstore/src/store/worker/split_controller.rs`): a shard is
//! hot whose rate stays above a threshold for some intervals in a row; a key is a good place for a
//! split if about as many sampled requests lie left of it as right of it, and few span it. Shares
//! are counted in thousandths. Used by `placement::load`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::key::{Key, KeyRange};
use crate::message::ShardLoad;

/// Operations a second above which a shard is hot (TiKV: `split.qps-threshold`, scaled to this
/// cluster's few clients).
pub(crate) const HOT_OPERATIONS: u32 = 120;
/// For how many reports in a row, half a second each, a shard must be that hot (TiKV:
/// `split.detect-times`).
const REPORTS: usize = 4;
/// Fewest sampled requests that say where a split should be (TiKV: `split.sample-threshold`).
const SAMPLES_MIN: usize = 20;
/// By how much the sides may differ, of a thousand requests on either (TiKV:
/// `split.split-balance-score`).
const UNEVEN_MAX: usize = 250;
/// How many of a thousand requests may span the key (TiKV: `split.split-contained-score`).
const SPANNING_MAX: usize = 500;

/// What placement does about a shard that stays hot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoSplit {
    /// Nothing.
    #[default]
    Off,
    /// It says so, and where a split would balance it.
    Propose,
    /// It splits it there.
    Split,
}

/// The last reports of a shard, in a row, that were hot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streak(VecDeque<Vec<KeyRange>>);

impl Streak {
    /// Takes in a report. Returns the samples of all reports once it has been hot for long enough.
    pub(crate) fn note(&mut self, report: &ShardLoad) -> Option<Vec<KeyRange>> {
        if report.operations_per_second < HOT_OPERATIONS {
            self.0.clear();
            return None;
        }
        if self.0.len() == REPORTS {
            self.0.pop_front();
        }
        self.0.push_back(report.samples.clone());
        (self.0.len() == REPORTS).then(|| self.0.iter().flatten().copied().collect())
    }

    pub(crate) fn is_hot(&self) -> bool {
        self.0.len() == REPORTS
    }
}

/// The key at which a split of `range` divides the sampled requests best, if one does well enough.
pub(crate) fn best_key(range: &KeyRange, samples: &[KeyRange]) -> Option<Key> {
    if samples.len() < SAMPLES_MIN {
        return None;
    }
    let mut keys: Vec<Key> = samples.iter().map(|s| s.start).collect();
    keys.sort();
    keys.dedup();
    let inside = keys.into_iter().filter(|key| range.split_at(*key).is_some());
    let scored = inside.filter_map(|key| Some((score(key, samples)?, key)));
    scored.min().map(|(_, key)| key)
}

/// How badly a split at `key` divides the samples; `None` if too badly.
fn score(key: Key, samples: &[KeyRange]) -> Option<usize> {
    let left = samples.iter().filter(|s| s.end <= key).count();
    let right = samples.iter().filter(|s| s.start >= key).count();
    let spanning = samples.len() - left - right;
    let uneven = (left.abs_diff(right) * 1_000).checked_div(left + right)?;
    let spanning = spanning * 1_000 / samples.len();
    (uneven < UNEVEN_MAX && spanning < SPANNING_MAX).then_some(uneven + spanning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ShardId;

    fn report(rate: u32, keys: &[u64]) -> ShardLoad {
        let samples = keys.iter().map(|k| KeyRange::inclusive(*k, *k)).collect();
        ShardLoad { shard: ShardId(1), operations_per_second: rate, samples }
    }

    fn points(keys: impl IntoIterator<Item = u64>) -> Vec<KeyRange> {
        keys.into_iter().map(|k| KeyRange::inclusive(k, k)).collect()
    }

    const ALL: KeyRange = KeyRange { start: Key(1), end: Key(201) };

    #[test]
    fn a_shard_is_hot_after_some_hot_reports_in_a_row_and_not_before() {
        let mut streak = Streak::default();
        let rates = [120, 150, 130, 119, 120, 120, 120, 400, 121];
        let hot: Vec<bool> =
            rates.iter().map(|r| streak.note(&report(*r, &[7])).is_some()).collect();
        assert_eq!(hot, [false, false, false, false, false, false, false, true, true]);
        assert!(streak.is_hot());
        assert_eq!(streak.note(&report(120, &[7])).map(|samples| samples.len()), Some(4));
        assert_eq!(streak.note(&report(0, &[])), None);
        assert!(!streak.is_hot());
    }

    #[test]
    fn the_key_that_divides_the_requests_evenly_is_chosen() {
        let cases: [(Vec<KeyRange>, Option<u64>); 6] = [
            (points(1..=200), Some(101)),
            (points(101..=200), Some(151)),
            // As many requests on either side, wherever the keys are.
            (points((0..40).map(|i| if i % 2 == 0 { 10 } else { 190 })), Some(190)),
            // One hot key cannot be divided, nor the first one be split off.
            (points([50; 60]), None),
            (points([1; 60]), None),
            // Too few to say.
            (points(1..=19), None),
        ];
        for (samples, key) in cases {
            assert_eq!(best_key(&ALL, &samples), key.map(Key), "{samples:?}");
        }
    }

    #[test]
    fn a_key_that_many_requests_span_is_no_place_for_a_split() {
        let wide = |n: usize| vec![KeyRange::inclusive(1, 200); n];
        let few: Vec<KeyRange> = points(1..=200).into_iter().chain(wide(100)).collect();
        assert_eq!(best_key(&ALL, &few), Some(Key(101)));
        let many: Vec<KeyRange> = points(1..=200).into_iter().chain(wide(200)).collect();
        assert_eq!(best_key(&ALL, &many), None);
        // The scans lie left of 151: a split there spans none of them.
        let scans = (0..30).map(|_| KeyRange::inclusive(101, 150));
        let beside: Vec<KeyRange> = points(151..=180).into_iter().chain(scans).collect();
        assert_eq!(best_key(&ALL, &beside), Some(Key(151)));
    }
}
