//! The only reader of raft metrics: turns what happened into heat, availability, checks and the
//! page's view.
//!
//! Reads events after every step and hands them to the checkers. It must not change anything that
//! it observes. Owned by `simulation`.

mod availability;
mod ballots;
mod figures;
mod heat;
mod incidents;
mod quorum;
mod traffic;
mod view;

use litemap::LiteMap;

use crate::checker::Checkers;
pub use crate::checker::Violation;
use crate::cluster::Cluster;
use crate::event::{Event, EventKind};
use crate::id::ShardId;
use crate::key::KeyRange;
use crate::probe::{Fact, Timed};
use crate::raft::seat::Seat;
use crate::scenario::Phases;
use crate::sim::{Owner, Time};
use crate::trace::Trace;
use crate::view::AvailabilityChange;

pub(crate) use quorum::shard_without_quorum;

use availability::Availability;
use ballots::Ballots;
use figures::Figures;
use heat::Heat;
use incidents::Incidents;
use traffic::Traffic;

/// What is known of a run from its events.
pub(crate) struct Observer {
    heat: Heat,
    figures: Figures,
    availability: Availability,
    incidents: Incidents,
    ballots: Ballots,
    traffic: Traffic,
    /// Of which shard, and at which index of its log, each shard that a split made was cut off.
    origins: LiteMap<ShardId, (ShardId, u64)>,
    checkers: Checkers,
    /// Empty between two calls; kept for its memory.
    facts: Vec<Timed>,
}

impl Observer {
    pub(crate) fn new(cluster: &Cluster, checked: bool) -> Self {
        let space = cluster.options.key_space();
        Self {
            heat: Heat::new(space),
            figures: Figures::default(),
            availability: Availability::new(space),
            incidents: Incidents::default(),
            ballots: Ballots::default(),
            traffic: Traffic::default(),
            origins: LiteMap::new(),
            checkers: if checked { Checkers::new(&cluster.options) } else { Checkers::default() },
            facts: Vec::new(),
        }
    }

    /// Takes note of what happened since the last call.
    pub(crate) fn observe(&mut self, cluster: &Cluster, phases: &mut Phases) {
        cluster.probe.take(&mut self.facts);
        let mut facts = self.facts.drain(..).peekable();
        cluster.trace.observe(|event| {
            while let Some((after, fact)) = facts.next_if(|(after, _)| *after < event.seq) {
                self.checkers.note_fact(&fact, || event_at(&cluster.trace, after));
            }
            self.heat.note(event);
            if let Some(answered) = self.figures.note(event) {
                self.heat.answered(answered);
            }
            self.availability.note(event);
            self.incidents.note(event);
            self.ballots.note(event);
            self.traffic.note(event);
            if let EventKind::SplitApplied { ref parent, ref child, index, .. } = event.kind {
                self.origins.insert(child.shard, (parent.shard, index));
            }
            self.checkers.note(event);
            phases.note(&event.kind);
        });
        for (after, fact) in facts {
            self.checkers.note_fact(&fact, || event_at(&cluster.trace, after));
        }
        self.look_for_remains(cluster);
        self.availability.update(cluster);
        self.incidents.update(self.availability.unwritable().is_none(), cluster.sim.now());
    }

    /// Asks what is left of the replicas that were destroyed since the last call.
    fn look_for_remains(&mut self, cluster: &Cluster) {
        for seat in self.checkers.destroyed() {
            let Seat { node, replica, .. } = seat;
            let owner = Owner { node: node.0, scope: replica.0 };
            let tasks = cluster.sim.scope_task_count(owner);
            let timers = cluster.sim.scope_timer_count(owner);
            let at = cluster.nodes.iter().find(|n| n.id() == node);
            let held = at.is_some_and(|at| at.facts().iter().any(|r| r.seat.replica == replica));
            let remains = Fact::Remains { seat, tasks, timers, held };
            self.checkers.note_fact(&remains, || event_at(&cluster.trace, cluster.trace.seq()));
        }
    }

    /// What could be done with which keys, since when: the changes from number `from` on.
    pub(crate) fn availability_since(&self, from: u64) -> Vec<AvailabilityChange> {
        self.availability.changes_since(from)
    }

    pub(crate) fn violations(&self) -> &[Violation] {
        self.checkers.violations()
    }

    /// Each property's id and name, and how much it has compared.
    pub(crate) fn property_counts(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        self.checkers.counts()
    }

    /// Whether the shard's load is above what calls for a split.
    pub(crate) fn is_hot(&self, shard: ShardId, now: Time) -> bool {
        self.heat.is_hot(shard, now)
    }

    /// Starts to look for the longest gap anew.
    pub(crate) fn forget_gaps(&mut self) {
        self.availability.forget_gaps();
    }

    /// The longest time, since the last [`forget_gaps`](Self::forget_gaps), for which some key
    /// could not be written.
    pub(crate) fn longest_gap(&self, now: Time) -> u64 {
        self.availability.longest_recent_gap(now)
    }

    /// A range of keys that cannot be written now.
    pub(crate) fn unwritable(&self) -> Option<KeyRange> {
        self.availability.unwritable()
    }
}

/// The event of that number, or the oldest one that is kept.
fn event_at(trace: &Trace, seq: u64) -> Event {
    let event = trace.since(seq.saturating_sub(1), 1).pop();
    event.expect("a run begins with the starts of its nodes, and the newest events are kept")
}
