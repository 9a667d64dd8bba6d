//! What a node has written so recently that a crash may still take it back.
//!
//! Events tell of a replica's birth and destruction when they are written, not when they are
//! durable. A write waits at most for the flush that is under way and for its own, and for as long
//! as its node is paused or its disk is held or full. After that, what it says holds for ever. Used
//! by `S9`, `S10` and `S11`.

use std::time::Duration;

use litemap::LiteMap;

use crate::event::{Event, EventKind};
use crate::id::NodeId;
use crate::options::Options;
use crate::sim::Time;

/// What each node has written and perhaps not flushed.
pub(super) struct Unsettled<T> {
    /// How long a flush takes at the start.
    flush: Duration,
    nodes: LiteMap<NodeId, Recent<T>>,
}

struct Recent<T> {
    /// The longest that a flush may take: a slow one may be under way when a disk gets faster.
    flush: Duration,
    paused: bool,
    held: bool,
    full: bool,
    /// What was written, and until when it may be lost.
    written: Vec<(T, Time)>,
}

impl<T> Unsettled<T> {
    pub(super) fn new(options: &Options) -> Self {
        Self { flush: Duration::from_nanos(options.flush_latency_ns), nodes: LiteMap::new() }
    }

    /// Takes note of a write on `node`. Forgets what has settled meanwhile.
    pub(super) fn write(&mut self, node: NodeId, now: Time, what: T) {
        let recent = self.node(node);
        recent.written.retain(|(_, until)| *until >= now);
        let until = recent.settled(now);
        recent.written.push((what, until));
    }

    /// Takes note of pauses, disks and crashes; returns what a crash has perhaps taken back.
    pub(super) fn follow(&mut self, event: &Event) -> Vec<T> {
        let now = event.time;
        match event.kind {
            EventKind::NodePaused { node } => self.node(node).change(now, |r| r.paused = true),
            EventKind::NodeResumed { node } => self.node(node).change(now, |r| r.paused = false),
            EventKind::DiskHeld { node } => self.node(node).change(now, |r| r.held = true),
            EventKind::DiskReleased { node } => self.node(node).change(now, |r| r.held = false),
            EventKind::DiskFilled { node } => self.node(node).change(now, |r| r.full = true),
            EventKind::DiskFreed { node } => self.node(node).change(now, |r| r.full = false),
            EventKind::DiskSlowed { node, flush_latency_ns } => {
                let flush = Duration::from_nanos(flush_latency_ns);
                self.node(node).change(now, |r| r.flush = r.flush.max(flush));
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
        let flush = self.flush;
        let (paused, held, full) = (false, false, false);
        let fresh = || Recent { flush, paused, held, full, written: Vec::new() };
        self.nodes.entry(node).or_insert_with(fresh)
    }
}

impl<T> Recent<T> {
    /// Until when what is written now may be lost.
    fn settled(&self, now: Time) -> Time {
        if self.paused || self.held || self.full { Time::MAX } else { now + self.flush * 2 }
    }

    /// Something changes for what has not settled by now.
    fn change(&mut self, now: Time, change: impl FnOnce(&mut Self)) {
        change(self);
        let until = self.settled(now);
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

    #[test]
    fn nothing_settles_on_a_disk_that_is_held_or_full_and_later_on_a_slow_one() {
        let node = NODE;
        let held = [EventKind::DiskHeld { node }, EventKind::DiskReleased { node }];
        let full = [EventKind::DiskFilled { node }, EventKind::DiskFreed { node }];
        for [begun, ended] in [held, full] {
            let mut unsettled = written(100);
            unsettled.follow(&at(200, begun.clone()));
            assert_eq!(unsettled.follow(&at(9_000, crashed(1))), [7]);
            let mut unsettled = written(100);
            unsettled.follow(&at(200, begun));
            unsettled.follow(&at(300, ended));
            assert!(unsettled.follow(&at(701, crashed(1))).is_empty());
        }
        let mut unsettled = written(100);
        unsettled.follow(&at(200, EventKind::DiskSlowed { node, flush_latency_ns: 1_000_000 }));
        assert_eq!(unsettled.follow(&at(2_200, crashed(1))), [7]);
    }
}
