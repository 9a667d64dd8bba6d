//! Named streams of random numbers, all from the one seed.
//!
//! Each consumer draws from a stream of its own name, so that one more draw in one place shifts
//! nothing elsewhere. Integers only: a probability is a fraction, never a float. Knows nothing of
//! what is drawn for. Handed out by [`Sim::rng`](super::Sim::rng).
//!
//! The generator is Xoshiro256++, named and portable: `rand`'s own small generator is a different
//! algorithm on 32-bit targets, so a native run and one in a browser would differ.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use rand::{SeedableRng, TryRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A handle on one stream; clones draw from the same one.
#[derive(Clone)]
pub struct Rng(Rc<RefCell<Xoshiro256PlusPlus>>);

impl Rng {
    /// The stream `name` of `seed`, at its beginning.
    pub(super) fn new(seed: u64, name: &str) -> Rng {
        let stream_seed = xxh3_64_with_seed(name.as_bytes(), seed);
        Rng(Rc::new(RefCell::new(Xoshiro256PlusPlus::seed_from_u64(stream_seed))))
    }

    /// Any number.
    pub(crate) fn next_u64(&self) -> u64 {
        rand::Rng::next_u64(&mut *self.0.borrow_mut())
    }

    /// A number below `bound`, each as likely as any other.
    ///
    /// Lemire's multiplication, with the few draws that would favour some numbers thrown away
    /// (*Fast Random Integer Generation in an Interval*, 2019).
    pub(crate) fn below(&self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below 0 to draw");
        loop {
            let product = u128::from(self.next_u64()) * u128::from(bound);
            // The low half says how fair the draw was, the high half is what was drawn.
            let fairness = low_half(product);
            if fairness >= bound || fairness >= bound.wrapping_neg() % bound {
                return low_half(product >> 64);
            }
        }
    }

    /// A number in `range`, which must not be empty.
    pub(crate) fn range(&self, range: Range<u64>) -> u64 {
        assert!(range.start < range.end, "there is no number in {range:?} to draw");
        range.start + self.below(range.end - range.start)
    }

    /// True `numerator` times out of `denominator`.
    pub(crate) fn chance(&self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// One of the items, which must not be none.
    pub(crate) fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }

    /// An index below `len`, drawn alike on targets of any pointer width.
    pub(crate) fn index(&self, len: usize) -> usize {
        let bound = u64::try_from(len).expect("no target has pointers wider than 64 bits");
        usize::try_from(self.below(bound)).expect("it is below len, which is a usize")
    }
}

/// The lower 64 bits.
fn low_half(value: u128) -> u64 {
    u64::try_from(value & u128::from(u64::MAX)).expect("masked to 64 bits")
}

/// Says nothing of its state: a stream is known by its name.
impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rng").finish_non_exhaustive()
    }
}

/// What makes it a `rand` generator too: openraft draws its election timeouts through this.
impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.borrow_mut().try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.borrow_mut().try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.borrow_mut().try_fill_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(rng: &Rng, count: usize) -> Vec<u64> {
        (0..count).map(|_| rng.next_u64()).collect()
    }

    #[test]
    fn a_stream_is_made_of_seed_and_name_and_nothing_else() {
        let drawn = first(&Rng::new(7, "network"), 8);
        assert_eq!(drawn, first(&Rng::new(7, "network"), 8));
        assert_ne!(drawn, first(&Rng::new(8, "network"), 8));
        assert_ne!(drawn, first(&Rng::new(7, "clients"), 8));
    }

    #[test]
    fn the_numbers_are_pinned_since_recordings_depend_on_them() {
        let rng = Rng::new(7, "network");
        assert_eq!(first(&rng, 2), [7_432_574_840_083_451_929, 10_058_485_978_983_499_775]);
        assert_eq!(rng.below(1_000), 902);
    }

    #[test]
    fn clones_draw_from_the_same_stream() {
        let one = Rng::new(7, "network");
        let other = one.clone();
        let interleaved = [one.next_u64(), other.next_u64(), one.next_u64()];
        assert_eq!(interleaved.to_vec(), first(&Rng::new(7, "network"), 3));
    }

    #[test]
    fn every_number_below_the_bound_is_about_as_likely() {
        let rng = Rng::new(7, "test");
        let mut drawn = [0_u32; 6];
        for _ in 0..60_000 {
            drawn[rng.index(6)] += 1;
        }
        assert!(drawn.iter().all(|&times| (9_500..10_500).contains(&times)), "{drawn:?}");
    }

    /// Three quarters of all numbers: by multiplication alone, every third number below it would
    /// come twice as often as the others.
    #[test]
    fn no_number_is_favoured_by_a_bound_that_does_not_divide_what_is_drawn() {
        let rng = Rng::new(7, "test");
        let thirds = (0..30_000).filter(|_| rng.below(3 << 62).is_multiple_of(3)).count();
        assert!((9_700..10_300).contains(&thirds), "{thirds}");
    }

    #[test]
    fn bounds_are_kept_also_where_multiplication_alone_would_be_unfair() {
        let rng = Rng::new(7, "test");
        for bound in [1, 2, 3, u64::MAX / 2 + 2, u64::MAX] {
            assert!((0..100).all(|_| rng.below(bound) < bound));
        }
        assert!((0..100).all(|_| (5..7).contains(&rng.range(5..7))));
        assert!((0..100).all(|_| rng.chance(1, 1) && !rng.chance(0, 1)));
        assert!((0..100).all(|_| [3, 5].contains(rng.pick(&[3, 5]))));
    }
}
