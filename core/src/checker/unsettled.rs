//! What a node has written so recently that a crash may still take it back.
//!
//! Events tell of a replica's birth and destruction when they are written, not when they are
//! durable. A write waits at most for the flush that is under way and for its own, and for as long
//! as its node is paused. After that, what it says holds for ever. Used by `S9`, `S10` and `S11`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::event::{Event, EventKind};
use crate::id::NodeId;
use crate::options::Options;
use crate::sim::Time;

/// What each node has written and perhaps not flushed.
pub(super) struct Unsettled<T> {
    /// The longest that a write may take.
    longest: Duration,
    nodes: BTreeMap<NodeId, Recent<T>>,
}

struct Recent<T> {
    paused: bool,
    /// What was written, and until when it may be lost.
    written: Vec<(T, Time)>,
}

impl<T> Unsettled<T> {
    pub(super) fn new(options: &Options) -> Self {
        let longest = Duration::from_nanos(options.flush_latency_ns.saturating_mul(2));
        Self { longest, nodes: BTreeMap::new() }
    }

    /// Takes note of a write on `node`. Forgets what has settled meanwhile.
    pub(super) fn write(&mut self, node: NodeId, now: Time, what: T) {
        let settled = now + self.longest;
        let recent = self.node(node);
        recent.written.retain(|(_, until)| *until >= now);
        recent.written.push((what, if recent.paused { Time::MAX } else { settled }));
    }

    /// Takes note of pauses and crashes; returns what a crash has perhaps taken back.
    pub(super) fn follow(&mut self, event: &Event) -> Vec<T> {
        let (now, longest) = (event.time, self.longest);
        match event.kind {
            EventKind::NodePaused { node } => {
                let recent = self.node(node);
                recent.paused = true;
                recent.hold(now, Time::MAX);
            }
            EventKind::NodeResumed { node } => {
                let recent = self.node(node);
                recent.paused = false;
                recent.hold(now, now + longest);
            }
            EventKind::NodeCrashed { node, .. } => {
                let recent = self.node(node);
                recent.paused = false;
                let written = std::mem::take(&mut recent.written).into_iter();
                return written.filter(|(_, until)| *until >= now).map(|(what, _)| what).collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn node(&mut self, node: NodeId) -> &mut Recent<T> {
        self.nodes.entry(node).or_insert(Recent { paused: false, written: Vec::new() })
    }
}

impl<T> Recent<T> {
    /// What has not settled by now may be lost until then.
    fn hold(&mut self, now: Time, until: Time) {
        for (_, lost_until) in self.written.iter_mut().filter(|(_, at)| *at >= now) {
            *lost_until = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::crashed;
    use super::*;

    const NODE: NodeId = NodeId(1);

    fn at(micros: u64, kind: EventKind) -> Event {
        Event { seq: 1, time: Time::from_nanos(micros * 1_000), kind }
    }

    fn written(at_micros: u64) -> Unsettled<u8> {
        let options = Options { flush_latency_ns: 200_000, ..Options::default() };
        let mut unsettled = Unsettled::new(&options);
        unsettled.write(NODE, Time::from_nanos(at_micros * 1_000), 7);
        unsettled
    }

    #[test]
    fn a_crash_takes_back_at_most_what_two_flushes_have_not_settled() {
        assert_eq!(written(100).follow(&at(500, crashed(1))), [7]);
        assert!(written(100).follow(&at(501, crashed(1))).is_empty());
        assert!(written(100).follow(&at(500, crashed(2))).is_empty(), "another node");
    }

    #[test]
    fn nothing_settles_while_a_node_is_paused() {
        let mut unsettled = written(100);
        unsettled.follow(&at(200, EventKind::NodePaused { node: NODE }));
        unsettled.follow(&at(9_000, EventKind::NodeResumed { node: NODE }));
        assert_eq!(unsettled.follow(&at(9_400, crashed(1))), [7]);
        let mut unsettled = written(100);
        unsettled.follow(&at(501, EventKind::NodePaused { node: NODE }));
        assert!(unsettled.follow(&at(600, crashed(1))).is_empty(), "it had settled before");
    }
}
