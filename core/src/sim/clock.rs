//! Virtual time, and what each node's own clock makes of it.
//!
//! Owns the units (integer nanoseconds) and the arithmetic between the world's clock and a node's.
//! It must not know of tasks, timers or who asks. Called by the rest of `sim`; [`Time`] is used
//! all over the core.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Nanoseconds in a second.
const SECOND_NS: u64 = 1_000_000_000;

/// What a drift of one is a part of.
const MILLION: i128 = 1_000_000;

/// The fastest drift a clock can be given, either way. Real quartz stays within a few hundred;
/// this is far outside that, and still leaves every clock running forwards.
pub(crate) const DRIFT_PPM_MAX: i32 = 900_000;

/// Virtual time: nanoseconds since the simulation began.
#[derive(
    Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The beginning.
    pub const ZERO: Time = Time(0);

    /// 584 years after it: later than anything that happens.
    pub const MAX: Time = Time(u64::MAX);

    /// The time that many nanoseconds after the beginning.
    pub const fn from_nanos(nanos: u64) -> Time {
        Time(nanos)
    }

    /// Nanoseconds since the beginning.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was, or zero if it is still to come.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Saturating: a deadline that cannot be represented is [`Time::MAX`].
impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(saturating_nanos(duration)))
    }
}

/// Seconds, to the microsecond: `12.480431 s`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} s", self.0 / SECOND_NS, self.0 % SECOND_NS / 1_000)
    }
}

/// The nanoseconds of a duration, or as many as fit.
pub(crate) fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A node's own clock: where it stood at some moment of the world, and how fast it has run since.
///
/// Readings are `i64` nanoseconds, since a clock may be set behind the world's beginning.
#[derive(Copy, Clone, Debug)]
pub(crate) struct NodeClock {
    /// When the clock was last set.
    set_at: Time,
    /// What it was set to.
    set_to: i64,
    /// How much faster (or slower) than the world it runs, in millionths.
    drift_ppm: i32,
    /// It never shows less than this, so that it is monotone even when it is set back.
    floor: i64,
}

/// A clock that agrees with the world's.
impl Default for NodeClock {
    fn default() -> Self {
        NodeClock { set_at: Time::ZERO, set_to: 0, drift_ppm: 0, floor: i64::MIN }
    }
}

impl NodeClock {
    /// What it shows when the world's clock shows `world`.
    pub(crate) fn read(&self, world: Time) -> i64 {
        let elapsed = world.0.saturating_sub(self.set_at.0);
        let shown = if self.drift_ppm == 0 {
            self.set_to.saturating_add_unsigned(elapsed)
        } else {
            let run = i128::from(elapsed) * (MILLION + i128::from(self.drift_ppm)) / MILLION;
            saturating_i64(i128::from(self.set_to) + run)
        };
        shown.max(self.floor)
    }

    /// The first moment of the world at which it shows `reading` or more.
    pub(crate) fn when(&self, reading: i64) -> Time {
        let ahead = i128::from(reading) - i128::from(self.set_to);
        let elapsed = if ahead <= 0 || reading <= self.floor {
            0
        } else if self.drift_ppm == 0 {
            ahead
        } else {
            let rate = MILLION + i128::from(self.drift_ppm);
            (ahead * MILLION + rate - 1) / rate
        };
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        Time(self.set_at.0.saturating_add(elapsed))
    }

    /// Sets it to the world's time plus `offset_ns`, running `drift_ppm` faster from now on.
    ///
    /// With `monotone`, it does not go back: set back, it stands still until it has caught up.
    pub(crate) fn set(&mut self, world: Time, offset_ns: i64, drift_ppm: i32, monotone: bool) {
        assert!(
            drift_ppm.abs() <= DRIFT_PPM_MAX,
            "a drift of {drift_ppm} ppm is outside of ±{DRIFT_PPM_MAX}: options are checked before"
        );
        let floor = if monotone { self.read(world) } else { i64::MIN };
        let set_to = saturating_i64(i128::from(world.0) + i128::from(offset_ns));
        *self = NodeClock { set_at: world, set_to, drift_ppm, floor };
    }
}

/// The nearest `i64`.
fn saturating_i64(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Time = Time::from_nanos(SECOND_NS);

    #[test]
    fn time_is_shown_in_seconds_to_the_microsecond() {
        assert_eq!(Time::from_nanos(12_480_431_999).to_string(), "12.480431 s");
        assert_eq!(Time::ZERO.to_string(), "0.000000 s");
    }

    #[test]
    fn time_saturates_at_both_ends() {
        assert_eq!(Time::MAX + Duration::MAX, Time::MAX);
        assert_eq!(Time::ZERO.since(SECOND), Duration::ZERO);
        assert_eq!(SECOND.since(Time::ZERO), Duration::from_secs(1));
    }

    #[test]
    fn a_fast_clock_reaches_a_reading_earlier_and_never_a_nanosecond_too_early() {
        for drift_ppm in [-DRIFT_PPM_MAX, -333_333, -7, 0, 1, 50, 123_457, DRIFT_PPM_MAX] {
            let mut clock = NodeClock::default();
            clock.set(SECOND, 12_345, drift_ppm, false);
            for ahead in [1, 2, 999, 1_000, 1_000_003, 60_000_000_007] {
                let reading = clock.read(SECOND) + ahead;
                let due = clock.when(reading);
                assert!(clock.read(due) >= reading, "{drift_ppm} ppm, {ahead} ns ahead");
                let before = Time::from_nanos(due.as_nanos() - 1);
                assert!(clock.read(before) < reading, "{drift_ppm} ppm, {ahead} ns ahead");
            }
        }
    }

    #[test]
    fn a_clock_in_use_that_is_set_back_stands_still_until_it_has_caught_up() {
        let mut clock = NodeClock::default();
        clock.set(SECOND, -400, 0, true);
        let at = |ns| Time::from_nanos(SECOND_NS + ns);

        assert_eq!(clock.read(at(0)), 1_000_000_000);
        assert_eq!(clock.read(at(400)), 1_000_000_000);
        assert_eq!(clock.read(at(401)), 1_000_000_001);
        assert_eq!(clock.when(1_000_000_001), at(401));
    }

    #[test]
    fn a_clock_that_nobody_has_read_may_begin_before_the_world() {
        let mut clock = NodeClock::default();
        clock.set(Time::ZERO, -5_000, 0, false);
        assert_eq!(clock.read(Time::ZERO), -5_000);
        assert_eq!(clock.when(0), Time::from_nanos(5_000));
    }
}
