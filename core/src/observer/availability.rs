//! For each key, whether a write to it could take effect now, and the longest time for which it
//! could not.
//!
//! Strict, from the state itself rather than from what clients happen to try: a range is writable
//! while a live leader that has committed in its own term holds it, reaches a quorum of each of its
//! configurations, and is neither handing over nor past a split that it has proposed and not
//! applied. Looked at again only after an event that may change it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use litemap::LiteMap;

use crate::cluster::Cluster;
use crate::disk::Stall;
use crate::event::{Event, EventKind, Role};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{KeyRange, Member};
use crate::network::{MessageKind, Traffic};
use crate::node::{Node, NodeStatus, ReplicaFacts};
use crate::raft::state::has_quorum;
use crate::sim::Time;
use crate::view::{Availability as View, AvailabilityChange};

/// See the module.
pub(crate) struct Availability {
    /// Adjacent, covering the key space; cut further at every split.
    segments: Vec<Segment>,
    /// Leaders that have applied an entry of their own term.
    ready: LiteMap<(NodeId, ShardId), u64>,
    leaders: LiteMap<(NodeId, ShardId), u64>,
    splitting: BTreeSet<(NodeId, ShardId)>,
    transferring: BTreeSet<(NodeId, ShardId)>,
    dirty: bool,
    seen_writable: bool,
    /// What changed, oldest first; the first [`dropped`](Self::dropped) are no longer kept.
    changes: VecDeque<AvailabilityChange>,
    dropped: u64,
}

/// Changes kept: hours of a run without faults, and what a screen can show of one with.
const CHANGES_KEPT: usize = 4_096;

/// Some adjacent keys with the same history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) range: KeyRange,
    pub(crate) writable: bool,
    /// A leader answers reads.
    readable: bool,
    /// Since when it is, or is not.
    pub(crate) since: Time,
    /// The longest gap so far that has ended, since the start.
    pub(crate) longest_ns: u64,
    /// The same since the last time gaps were forgotten.
    recent_ns: u64,
}

impl Segment {
    /// The longest gap so far, the one that is open included.
    pub(crate) fn longest(&self, now: Time) -> u64 {
        self.longest_ns.max(self.open_gap(now))
    }

    pub(crate) fn availability(&self) -> View {
        match (self.writable, self.readable) {
            (true, _) => View::Writable,
            (false, true) => View::Readable,
            (false, false) => View::Unavailable,
        }
    }

    fn open_gap(&self, now: Time) -> u64 {
        if self.writable { 0 } else { now.as_nanos() - self.since.as_nanos() }
    }
}

impl Availability {
    pub(crate) fn new(space: KeyRange) -> Self {
        let whole = Segment {
            range: space,
            writable: false,
            readable: false,
            since: Time::ZERO,
            longest_ns: 0,
            recent_ns: 0,
        };
        Self {
            segments: vec![whole],
            ready: LiteMap::new(),
            leaders: LiteMap::new(),
            splitting: BTreeSet::new(),
            transferring: BTreeSet::new(),
            dirty: true,
            seen_writable: false,
            changes: VecDeque::new(),
            dropped: 0,
        }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        match event.kind {
            EventKind::RoleChanged { node, shard, role, term, .. } => {
                self.forget(node, shard);
                if role == Role::Leader {
                    self.leaders.insert((node, shard), term);
                }
            }
            EventKind::Applied { node, shard, term, .. } => {
                let at = (node, shard);
                if self.leaders.get(&at) != Some(&term) || self.ready.get(&at) == Some(&term) {
                    return;
                }
                self.ready.insert(at, term);
            }
            EventKind::SplitProposed { node, shard, .. } => {
                self.splitting.insert((node, shard));
            }
            EventKind::SplitApplied { node, ref parent, .. } => {
                self.splitting.remove(&(node, parent.shard));
            }
            EventKind::StaleRefused { node, shard, .. } => {
                self.splitting.remove(&(node, shard));
            }
            EventKind::TransferStarted { node, shard, .. } => {
                self.transferring.insert((node, shard));
            }
            EventKind::ReplicaDestroyed { node, shard, .. } => self.forget(node, shard),
            EventKind::NodeCrashed { node, .. } => {
                let shards: Vec<ShardId> =
                    self.leaders.keys().filter(|(n, _)| *n == node).map(|(_, s)| *s).collect();
                shards.into_iter().for_each(|shard| self.forget(node, shard));
            }
            EventKind::NodeStarted { .. }
            | EventKind::NodePaused { .. }
            | EventKind::NodeResumed { .. }
            | EventKind::LinkCut { .. }
            | EventKind::LinkHealed { .. }
            | EventKind::LinkHeld { .. }
            | EventKind::LinkReleased { .. }
            | EventKind::LinksHealed {}
            | EventKind::DiskHeld { .. }
            | EventKind::DiskReleased { .. }
            | EventKind::DiskFilled { .. }
            | EventKind::DiskFreed { .. }
            | EventKind::DiskLost { .. }
            | EventKind::NodeJoined { .. }
            | EventKind::ApplyHeld { .. }
            | EventKind::ApplyReleased { .. }
            | EventKind::MembershipApplied { .. }
            | EventKind::ReplicaStarted { .. } => {}
            _ => return,
        }
        self.dirty = true;
    }

    fn forget(&mut self, node: NodeId, shard: ShardId) {
        let at = (node, shard);
        self.leaders.remove(&at);
        self.ready.remove(&at);
        self.splitting.remove(&at);
        self.transferring.remove(&at);
    }

    /// Looks again, if something has happened that may change the answer.
    pub(crate) fn update(&mut self, cluster: &Cluster) {
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let ready = self.leaders.keys().filter(|at| self.ready.contains_key(at));
        let ranges = ready.filter_map(|at| {
            let takes_writes = !self.splitting.contains(at) && !self.transferring.contains(at);
            Some((writable_range(cluster, at.0, at.1)?, takes_writes))
        });
        let ranges: Vec<(KeyRange, bool)> = ranges.collect();
        self.cut(&ranges);
        let now = cluster.sim.now();
        let seen = self.seen_writable || ranges.iter().any(|(_, writes)| *writes);
        for segment in &mut self.segments {
            let before = segment.availability();
            let here = ranges.iter().filter(|(r, _)| r.contains(segment.range.start));
            let (led, now_writable) = here.fold((false, false), |(_, w), (_, x)| (true, w | x));
            segment.readable = led;
            if now_writable != segment.writable {
                if now_writable && self.seen_writable {
                    let gap = segment.open_gap(now);
                    segment.longest_ns = segment.longest_ns.max(gap);
                    segment.recent_ns = segment.recent_ns.max(gap);
                }
                (segment.writable, segment.since) = (now_writable, now);
            }
            if segment.availability() == before {
                continue;
            }
            if self.changes.len() == CHANGES_KEPT {
                self.changes.pop_front();
                self.dropped += 1;
            }
            self.changes.push_back(AvailabilityChange {
                number: self.dropped + self.changes.len() as u64,
                time_ns: now.as_nanos(),
                first: segment.range.start.0,
                last: segment.range.last().0,
                availability: segment.availability(),
            });
        }
        // Before the first leader there is nothing that could be interrupted.
        self.seen_writable = seen;
    }

    /// The kept changes from number `from` on, oldest first.
    pub(crate) fn changes_since(&self, from: u64) -> Vec<AvailabilityChange> {
        self.changes.iter().filter(|change| change.number >= from).cloned().collect()
    }

    /// Cuts segments where a range begins or ends.
    fn cut(&mut self, ranges: &[(KeyRange, bool)]) {
        for key in ranges.iter().flat_map(|(r, _)| [r.start, r.end]) {
            let inside = self.segments.iter().position(|s| s.range.split_at(key).is_some());
            if let Some(i) = inside
                && let Some((left, right)) = self.segments[i].range.split_at(key)
            {
                let whole = self.segments[i];
                self.segments[i].range = left;
                self.segments.insert(i + 1, Segment { range: right, ..whole });
            }
        }
    }

    pub(crate) fn forget_gaps(&mut self) {
        self.segments.iter_mut().for_each(|s| s.recent_ns = 0);
    }

    pub(crate) fn longest_recent_gap(&self, now: Time) -> u64 {
        self.segments.iter().map(|s| s.recent_ns.max(s.open_gap(now))).max().unwrap_or(0)
    }

    /// The worst segment in `range`: one that cannot be written, if there is any.
    pub(crate) fn of(&self, range: KeyRange) -> Option<&Segment> {
        let inside = self.segments.iter().filter(|s| s.range.overlaps(&range));
        inside.min_by_key(|s| (s.writable, std::cmp::Reverse(s.longest_ns)))
    }

    pub(crate) fn unwritable(&self) -> Option<KeyRange> {
        self.segments.iter().find(|s| !s.writable).map(|s| s.range)
    }
}

/// The range whose leader on `node` reaches a quorum now, and applies: it can answer reads, and
/// commit writes if it takes any.
fn writable_range(cluster: &Cluster, node: NodeId, shard: ShardId) -> Option<KeyRange> {
    let home = cluster.node(node).ok().filter(|n| n.status() == NodeStatus::Up)?;
    let ReplicaFacts { descriptor, group, .. } = home.fact(shard)?;
    let group = group.filter(|g| g.is_leader() && !g.machine().gate().is_closed())?;
    let descriptor = descriptor?;
    let appends = |from: NodeId, to: NodeId| {
        let appends = Traffic::between(from, to).of_shard(shard).of_kind(MessageKind::Append);
        from == to || cluster.network.passes(&appends)
    };
    let flushes = |n: &Node| n.status() == NodeStatus::Up && n.disk().stall() == Stall::default();
    let reached = |m: &Member| {
        let there = cluster.node(m.node).is_ok_and(|n| flushes(n) && n.may_hold(m.replica));
        there && appends(node, m.node) && appends(m.node, node)
    };
    let live: BTreeMap<ReplicaId, bool> =
        descriptor.members.iter().map(|m| (m.replica, reached(m))).collect();
    has_quorum(group.machine().membership().membership(), &live).then_some(descriptor.range)
}
