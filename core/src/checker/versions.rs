//! The values that one key has had, in the order in which they took effect, and which of them a
//! read may still see.
//!
//! Positions count a key's fresh writes from 1; 0 is "nothing yet". Used by `client_histories`.

use std::collections::VecDeque;

/// Most values of a key that are kept while reads of it are under way: far more than are written in
/// the time that an operation is tried for.
const VALUES_MAX: usize = 4_096;
/// How many values are kept that no read may see any more, to tell a stale one from one that nobody
/// wrote.
const STALE_KEPT: u64 = 8;

/// See the module.
pub(super) struct Versions {
    /// The position of the first of `values`.
    first: u64,
    values: VecDeque<Option<u64>>,
    /// What a client knows to be written: no read that begins now may return an older one.
    known: u64,
    /// Reads under way.
    reads: u32,
}

impl Default for Versions {
    fn default() -> Self {
        Self { first: 0, values: VecDeque::from([None]), known: 0, reads: 0 }
    }
}

impl Versions {
    /// A write took effect, and left that behind; returns its position.
    pub(super) fn push(&mut self, value: Option<u64>) -> u64 {
        self.values.push_back(value);
        while self.values.len() > VALUES_MAX {
            self.pop();
        }
        self.last()
    }

    /// What the last write left behind, and where.
    pub(super) fn latest(&self) -> (Option<u64>, u64) {
        (self.at(self.last()), self.last())
    }

    /// Somebody was told of what is at `position`: later reads must not return an older one.
    pub(super) fn learn(&mut self, position: u64) {
        self.known = self.known.max(position);
    }

    /// The oldest position that an operation which begins now may see.
    pub(super) fn known(&self) -> u64 {
        self.known
    }

    /// A read begins; each is followed by an end.
    pub(super) fn begin_read(&mut self) {
        self.reads += 1;
    }

    /// A read has ended.
    pub(super) fn end_read(&mut self) {
        self.reads = self.reads.saturating_sub(1);
    }

    /// Where a read that began when `oldest` was known may have found `value`: the first such
    /// place, which asks the least of the reads to come. Values may have been written twice.
    pub(super) fn find(&self, value: Option<u64>, oldest: u64) -> Result<u64, String> {
        let from = oldest.max(self.first);
        if let Some(position) = (from..=self.last()).find(|at| self.at(*at) == value) {
            return Ok(position);
        }
        if oldest < self.first {
            // It may be one that was forgotten for want of room.
            return Ok(oldest);
        }
        let named = value.map_or("nothing".into(), |value| format!("{value:#x}"));
        let stale = (self.first..from).any(|at| self.at(at) == value);
        let why = if stale { "which was overwritten before it began" } else { "never written" };
        Err(format!("read {named}, {why}"))
    }

    fn at(&self, position: u64) -> Option<u64> {
        let at = usize::try_from(position.checked_sub(self.first)?).ok()?;
        *self.values.get(at)?
    }

    fn last(&self) -> u64 {
        self.first + self.values.len() as u64 - 1
    }

    /// Forgets what no read may see any more, now that no scan is under way.
    pub(super) fn forget(&mut self) {
        while self.reads == 0 && self.first + STALE_KEPT < self.known {
            self.pop();
        }
    }

    fn pop(&mut self) {
        self.values.pop_front();
        self.first += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_sees_what_was_known_when_it_began_or_anything_newer() {
        let mut versions = Versions::default();
        assert_eq!(versions.find(None, 0), Ok(0));
        let positions: Vec<u64> = [10, 20, 10, 30].map(|value| versions.push(Some(value))).into();
        assert_eq!(positions, [1, 2, 3, 4]);
        versions.learn(2);
        assert_eq!(versions.find(Some(10), 0), Ok(1));
        assert_eq!(versions.find(Some(10), versions.known()), Ok(3));
        let stale = versions.find(None, 2).expect_err("it was written meanwhile");
        assert!(stale.contains("overwritten before it began"), "{stale}");
        let phantom = versions.find(Some(40), 0).expect_err("nobody wrote it");
        assert!(phantom.contains("never written"), "{phantom}");
    }

    #[test]
    fn what_no_read_may_see_any_more_is_forgotten_once_the_reads_have_ended() {
        let mut versions = Versions::default();
        versions.begin_read();
        for value in 1..=100 {
            let position = versions.push(Some(value));
            versions.learn(position);
            versions.forget();
        }
        assert_eq!(versions.find(Some(1), 0), Ok(1), "a read from the beginning is under way");
        versions.end_read();
        versions.forget();
        assert_eq!((versions.first, versions.last()), (92, 100));
    }

    #[test]
    fn for_want_of_room_a_read_is_given_the_benefit_of_the_doubt() {
        let mut versions = Versions::default();
        versions.begin_read();
        for value in 1..=VALUES_MAX as u64 * 2 {
            versions.push(Some(value));
        }
        assert_eq!(versions.values.len(), VALUES_MAX);
        assert_eq!(versions.find(Some(1), 0), Ok(0));
    }
}
