//! How long clients' operations take: of each phase, from its start to the start of the next.
//!
//! From events alone. A phase itself is over as soon as it has reached its end, often within a few
//! round trips; what it did to the clients is seen for as long as it lasts. Owned by the observer.

use litemap::LiteMap;

use crate::event::{Event, EventKind, Outcome};
use crate::id::ClientId;
use crate::key::Key;
use crate::sim::Time;

/// Most operations of a phase of which each one's time is kept: hours of the page's clients. The
/// p99 is of the first ones, all else of all.
const KEPT_MAX: usize = 1 << 16;

/// See the module.
#[derive(Default)]
pub(crate) struct Figures {
    /// When each client began what it waits for.
    began: LiteMap<ClientId, Time>,
    phases: LiteMap<u8, Phase>,
}

/// An operation that was done, and answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) at: Time,
    pub(crate) client: ClientId,
    pub(crate) key: Key,
    pub(crate) took_ns: u64,
}

struct Phase {
    since: Time,
    until: Option<Time>,
    operations: u64,
    took_ns: u64,
    each_ns: Vec<u64>,
}

/// How long some operations took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Latency {
    pub(crate) mean_ns: u64,
    pub(crate) p99_ns: u64,
}

/// What clients got in a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PhaseFigures {
    pub(crate) operations: u64,
    pub(crate) operations_per_second: u64,
    pub(crate) latency: Latency,
}

impl Latency {
    /// All zero of none.
    pub(crate) fn of(took_ns: impl IntoIterator<Item = u64>) -> Self {
        let mut took_ns: Vec<u64> = took_ns.into_iter().collect();
        took_ns.sort_unstable();
        let count = took_ns.len() as u64;
        let mean_ns = took_ns.iter().sum::<u64>().checked_div(count).unwrap_or(0);
        // The smallest that is no less than 99 of a hundred.
        let at = (took_ns.len() * 99).div_ceil(100).saturating_sub(1);
        Self { mean_ns, p99_ns: took_ns.get(at).copied().unwrap_or(0) }
    }
}

impl Figures {
    /// Takes note of an event; returns the operation that it answered.
    pub(crate) fn note(&mut self, event: &Event) -> Option<Answered> {
        match event.kind {
            EventKind::Invoked { client, .. } => {
                self.began.insert(client, event.time);
                None
            }
            EventKind::Completed { client, key, outcome, .. } => {
                let began = self.began.remove(&client)?;
                let took = event.time.since(began).as_nanos();
                let took_ns = u64::try_from(took).unwrap_or(u64::MAX);
                let answered = Answered { at: event.time, client, key, took_ns };
                (outcome == Outcome::Ok).then(|| self.answered(answered))
            }
            EventKind::PhaseStarted { phase } => {
                if let Some(before) = self.phases.get_mut(&(phase - 1)) {
                    before.until = Some(event.time);
                }
                self.phases.insert(phase, Phase::since(event.time));
                None
            }
            _ => None,
        }
    }

    fn answered(&mut self, answered: Answered) -> Answered {
        if let Some((_, phase)) = self.phases.iter_mut().next_back() {
            phase.operations += 1;
            phase.took_ns += answered.took_ns;
            if phase.each_ns.len() < KEPT_MAX {
                phase.each_ns.push(answered.took_ns);
            }
        }
        answered
    }

    /// Of a phase from its start to the start of the next, or up to now.
    pub(crate) fn of_phase(&self, phase: u8, now: Time) -> PhaseFigures {
        let Some(phase) = self.phases.get(&phase) else {
            return PhaseFigures::default();
        };
        let over = phase.until.unwrap_or(now).since(phase.since).as_nanos();
        let rate = u128::from(phase.operations) * 1_000_000_000;
        let p99_ns = Latency::of(phase.each_ns.iter().copied()).p99_ns;
        let mean_ns = phase.took_ns.checked_div(phase.operations).unwrap_or(0);
        PhaseFigures {
            operations: phase.operations,
            operations_per_second: u64::try_from(rate.checked_div(over).unwrap_or(0)).unwrap_or(0),
            latency: Latency { mean_ns, p99_ns },
        }
    }
}

impl Phase {
    fn since(since: Time) -> Self {
        Self { since, until: None, operations: 0, took_ns: 0, each_ns: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninety_ninth_percentile_is_a_value_that_was_seen() {
        let of = |took: &[u64]| Latency::of(took.iter().copied());
        assert_eq!(of(&[]), Latency { mean_ns: 0, p99_ns: 0 });
        assert_eq!(of(&[7]), Latency { mean_ns: 7, p99_ns: 7 });
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(of(&hundred), Latency { mean_ns: 50, p99_ns: 99 });
        let more: Vec<u64> = (1..=101).collect();
        assert_eq!(of(&more).p99_ns, 100);
    }
}
