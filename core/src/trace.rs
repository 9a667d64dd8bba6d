//! The ordered events with a rolling digest, kept once and read where they lie.
//!
//! The lowest module that knows events: all others record through a [`Trace`] handle. It must not
//! know who records. Bounded: the newest [`KEPT`] events are kept for reading, and whatever the
//! observer has not read yet; the digest is over all of them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::event::{Event, EventKind};
use crate::sim::Time;

/// How many events are kept: at a few thousand a virtual second, the last seconds, in about two
/// megabytes.
pub(crate) const KEPT: usize = 16_384;
/// How many of the events that a person reads are kept beside those, for much longer.
pub(crate) const KEPT_MAJOR: usize = 4_096;

/// The fingerprint of all that happened so far. Equal digests: equal runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A handle on the trace of one run. The default is one that nobody observes.
#[derive(Clone, Default)]
pub(crate) struct Trace(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    time: Time,
    seq: u64,
    digest: Digest,
    kept: VecDeque<Event>,
    major: VecDeque<Event>,
    /// The last event that the observer has read; `None` if there is no observer to wait for.
    observed: Option<u64>,
    bytes: LittleEndian,
}

impl Trace {
    /// A trace whose events are all read by [`observe`](Self::observe): none is dropped before.
    pub(crate) fn observed() -> Self {
        Self(Rc::new(RefCell::new(Inner { observed: Some(0), ..Inner::default() })))
    }

    /// Sets the time that events recorded from now on carry.
    pub(crate) fn set_time(&self, time: Time) {
        self.0.borrow_mut().time = time;
    }

    /// Appends an event.
    pub(crate) fn record(&self, kind: EventKind) {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        inner.seq += 1;
        inner.bytes.0.clear();
        inner.time.as_nanos().hash(&mut inner.bytes);
        kind.hash(&mut inner.bytes);
        inner.digest = Digest(xxh3_64_with_seed(&inner.bytes.0, inner.digest.0));
        let event = Event { seq: inner.seq, time: inner.time, kind };
        if event.kind.is_major() {
            keep(&mut inner.major, KEPT_MAJOR, u64::MAX, event.clone());
        }
        keep(&mut inner.kept, KEPT, inner.observed.unwrap_or(u64::MAX), event);
    }

    /// Has `read` look at each event since the last call, oldest first, where it lies. Called after
    /// every step by the one observer, which records nothing meanwhile.
    pub(crate) fn observe(&self, read: impl FnMut(&Event)) {
        let from = self.0.borrow().observed.unwrap_or_default();
        self.each_since(from, read);
        let mut inner = self.0.borrow_mut();
        inner.observed = Some(inner.seq);
    }

    /// Has `read` look at each kept event after `seq`, oldest first. It must record nothing.
    pub(crate) fn each_since(&self, seq: u64, read: impl FnMut(&Event)) {
        let inner = self.0.borrow();
        inner.kept.range(inner.first_after(seq)..).for_each(read);
    }

    pub(crate) fn seq(&self) -> u64 {
        self.0.borrow().seq
    }

    pub(crate) fn digest(&self) -> Digest {
        self.0.borrow().digest
    }

    /// The kept events after `seq`, oldest first, at most `limit`.
    pub(crate) fn since(&self, seq: u64, limit: usize) -> Vec<Event> {
        let inner = self.0.borrow();
        inner.kept.range(inner.first_after(seq)..).take(limit).cloned().collect()
    }

    /// The newest events after `seq` that a person reads, oldest first, at most `limit`. They are
    /// kept for longer.
    pub(crate) fn major_since(&self, seq: u64, limit: usize) -> Vec<Event> {
        let inner = self.0.borrow();
        let from = inner.major.partition_point(|e| e.seq <= seq);
        let from = from.max(inner.major.len().saturating_sub(limit));
        inner.major.range(from..).cloned().collect()
    }
}

impl Inner {
    /// Where the first kept event after `seq` lies: they are numbered without a gap.
    fn first_after(&self, seq: u64) -> usize {
        let dropped = self.seq - self.kept.len() as u64;
        usize::try_from(seq.saturating_sub(dropped)).unwrap_or(usize::MAX).min(self.kept.len())
    }
}

/// Keeps `event` and drops what is more than `most`, but nothing after `observed`.
fn keep(kept: &mut VecDeque<Event>, most: usize, observed: u64, event: Event) {
    kept.push_back(event);
    while kept.len() > most && kept.front().is_some_and(|oldest| oldest.seq <= observed) {
        kept.pop_front();
    }
}

/// A [`Hasher`] that only writes down what it is given, in fixed-width little-endian, so that
/// derived `Hash` is a codec whose bytes are the same on every target (`isize`, which stands for an
/// enum's variant, and lengths as 64 bits).
#[derive(Default)]
pub(crate) struct LittleEndian(pub(crate) Vec<u8>);

impl Hasher for LittleEndian {
    fn finish(&self) -> u64 {
        xxh3_64_with_seed(&self.0, 0)
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    fn write_u16(&mut self, i: u16) {
        self.write(&i.to_le_bytes());
    }
    fn write_u32(&mut self, i: u32) {
        self.write(&i.to_le_bytes());
    }
    fn write_u64(&mut self, i: u64) {
        self.write(&i.to_le_bytes());
    }
    fn write_usize(&mut self, i: usize) {
        self.write_u64(i as u64);
    }
    fn write_isize(&mut self, i: isize) {
        self.write(&(i as i64).to_le_bytes());
    }
}

/// Room for most values that are digested.
const DIGESTED_BYTES: usize = 128;

/// A digest of any value that can be hashed, the same on every target.
pub(crate) fn digest_of(value: &impl Hash) -> u64 {
    // At once: it would grow field by field, for every key and value that is applied.
    let mut bytes = LittleEndian(Vec::with_capacity(DIGESTED_BYTES));
    value.hash(&mut bytes);
    bytes.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;

    fn record(trace: &Trace, at: u64, node: u16) {
        trace.set_time(Time::from_nanos(at));
        trace.record(EventKind::NodePaused { node: NodeId(node) });
    }

    #[test]
    fn the_digest_tells_order_time_and_content_apart() {
        let digest = |events: &[(u64, u16)]| {
            let trace = Trace::default();
            events.iter().for_each(|&(at, node)| record(&trace, at, node));
            trace.digest()
        };
        let base = digest(&[(1, 1), (2, 2)]);
        assert_eq!(base, digest(&[(1, 1), (2, 2)]));
        for other in [&[(2, 2), (1, 1)][..], &[(1, 1), (3, 2)], &[(1, 1), (2, 3)], &[(1, 1)]] {
            assert_ne!(base, digest(other), "{other:?}");
        }
    }

    #[test]
    fn what_is_hashed_has_the_same_width_on_every_target() {
        let mut bytes = LittleEndian::default();
        (7u16, Some(1u64), vec![3u8]).hash(&mut bytes);
        let expected = [
            &[7, 0][..],
            &[1, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 0, 0, 0, 0],
            &[3],
        ];
        assert_eq!(bytes.0, expected.concat());
    }

    #[test]
    fn the_trace_is_bounded_and_read_in_pages() {
        let trace = Trace::default();
        (0..KEPT as u64 + 10).for_each(|i| record(&trace, i, 1));
        assert_eq!(trace.since(0, usize::MAX).len(), KEPT);
        let seqs = |events: Vec<Event>| events.iter().map(|e| e.seq).collect::<Vec<_>>();
        assert_eq!(seqs(trace.since(0, 3)), [11, 12, 13], "the oldest kept");
        assert_eq!(seqs(trace.since(16_392, 3)), [16_393, 16_394]);
        assert_eq!(seqs(trace.major_since(0, 2)), [16_393, 16_394], "the newest");
        assert_eq!(trace.major_since(0, usize::MAX).len(), KEPT_MAJOR);
        assert!(trace.since(u64::MAX, 1).is_empty(), "what is still to come");
    }

    /// Given a step with more events than are kept, when it is observed, then none is missed, and
    /// with the next event the trace is as short as ever.
    #[test]
    fn the_observer_sees_every_event_once_however_many_a_step_has() {
        let trace = Trace::observed();
        let mut seen = 0;
        let mut observe = || {
            trace.observe(|event| {
                assert_eq!(event.seq, seen + 1);
                seen += 1;
            });
            seen
        };
        record(&trace, 1, 1);
        assert_eq!(observe(), 1);
        let many = KEPT as u64 + 10;
        (0..many).for_each(|i| record(&trace, i, 1));
        assert_eq!(observe(), many + 1);
        assert_eq!(observe(), many + 1, "nothing new");
        record(&trace, many, 1);
        assert_eq!(trace.since(0, usize::MAX).len(), KEPT);
        assert_eq!(observe(), many + 2);
    }
}
