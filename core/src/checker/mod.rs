//! What must hold, always: one property a file, each with its source, each counting what it
//! compared.
//!
//! Checkers read events, and facts from the probe that the trace must not hold, and nothing else: so
//! they see a run as it was told, and cost in proportion to what happened. A property that compared
//! nothing has not been passed. `observer` feeds them.

mod applied_in_order;
mod client_histories;
mod client_sessions;
mod committed_history;
mod contents;
mod destroyed_is_gone;
mod destroyed_is_silent;
mod destroyed_stays_so;
mod disks;
mod durable_on_quorum;
mod election_safety;
mod epochs_grow;
#[cfg(test)]
mod fact_story;
mod handed_over;
mod history;
mod leader_appends;
mod leader_completeness;
mod learners_never_lead;
mod leases;
mod linear_order;
mod live_quorum;
mod log_matching;
mod no_overlap;
mod one_answers;
mod one_membership_change;
mod order_search;
mod own_rows;
mod promise_first;
mod purge_covered;
mod ranges_tile;
mod replica_ids;
mod scans;
mod split_again;
mod split_conserves;
mod split_keeps_votes;
mod split_leaves_child;
mod stale_epoch;
mod started_whole;
mod state_machine_safety;
#[cfg(test)]
mod story;
mod terms_grow;
mod tombstones;
mod unsettled;
mod versions;

use serde::{Deserialize, Serialize};

use crate::event::{Event, EventKind};
use crate::options::Options;
use crate::probe::Fact;
use crate::raft::seat::Seat;

use disks::Disks;

/// A property found false.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Its short id, such as `R1`.
    pub id: &'static str,
    /// Its name, such as `election safety`.
    pub name: &'static str,
    /// What was seen, in a sentence.
    pub text: String,
    /// At which event.
    pub event: Event,
}

/// One property.
pub(crate) trait Property {
    /// Its short id, as in the table of properties.
    fn id(&self) -> &'static str;
    /// Its name.
    fn name(&self) -> &'static str;
    /// Looks at an event; says what is wrong if that makes the property false. Counts in `compared`
    /// what it compared.
    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String>;
    /// Looks at a fact in the same way; `disks` are as they are right behind it.
    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let _ = (fact, disks, compared);
        Ok(())
    }
}

/// All properties, and what they found. The default has none.
#[derive(Default)]
pub(crate) struct Checkers {
    properties: Vec<(Box<dyn Property>, u64)>,
    disks: Disks,
    /// Destroyed since they were asked for.
    destroyed: Vec<Seat>,
    violations: Vec<Violation>,
}

/// Most violations kept: the first is what matters, the next few help to understand it.
const VIOLATIONS_MAX: usize = 16;

impl Checkers {
    pub(crate) fn new(options: &Options) -> Self {
        let properties: Vec<Box<dyn Property>> = vec![
            Box::new(election_safety::ElectionSafety::default()),
            Box::new(leader_appends::LeaderAppends::default()),
            Box::new(log_matching::LogMatching::default()),
            Box::new(leader_completeness::LeaderCompleteness::default()),
            Box::new(state_machine_safety::StateMachineSafety::default()),
            Box::new(durable_on_quorum::DurableOnQuorum::default()),
            Box::new(committed_history::CommittedHistory::default()),
            Box::new(applied_in_order::AppliedInOrder::default()),
            Box::new(terms_grow::TermsGrow::default()),
            Box::new(promise_first::PromiseFirst),
            Box::new(purge_covered::PurgeCovered),
            Box::new(ranges_tile::RangesTile::new(options)),
            Box::new(no_overlap::NoOverlap::default()),
            Box::new(one_answers::OneAnswers::default()),
            Box::new(split_conserves::SplitConserves::default()),
            Box::new(contents::Contents::default()),
            Box::new(leases::Leases::new(options)),
            Box::new(stale_epoch::StaleEpoch::default()),
            Box::new(epochs_grow::EpochsGrow::default()),
            Box::new(replica_ids::ReplicaIds::new(options)),
            Box::new(destroyed_is_silent::DestroyedIsSilent::new(options)),
            Box::new(destroyed_stays_so::DestroyedStaysSo::new(options)),
            Box::new(started_whole::StartedWhole),
            Box::new(split_leaves_child::SplitLeavesChild::default()),
            Box::new(split_again::SplitAgain::default()),
            Box::new(split_keeps_votes::SplitKeepsVotes::default()),
            Box::new(client_histories::ClientHistories::default()),
            Box::new(linear_order::LinearOrder::default()),
            Box::new(one_membership_change::OneMembershipChange::default()),
            Box::new(learners_never_lead::LearnersNeverLead::default()),
            Box::new(handed_over::HandedOver::new(options)),
            Box::new(own_rows::OwnRows::default()),
            Box::new(destroyed_is_gone::DestroyedIsGone),
            Box::new(live_quorum::LiveQuorum::default()),
        ];
        Self {
            properties: properties.into_iter().map(|p| (p, 0)).collect(),
            disks: Disks::default(),
            destroyed: Vec::new(),
            violations: Vec::new(),
        }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        if let EventKind::ReplicaDestroyed { node, shard, replica, .. } = event.kind {
            self.destroyed.push(Seat { node, shard, replica });
        }
        for (property, compared) in &mut self.properties {
            if let Err(text) = property.check(event, compared)
                && self.violations.len() < VIOLATIONS_MAX
            {
                let (id, name) = (property.id(), property.name());
                self.violations.push(Violation { id, name, text, event: event.clone() });
            }
        }
    }

    /// Takes note of a fact, told right behind the event that `at` gives.
    pub(crate) fn note_fact(&mut self, fact: &Fact, at: impl Fn() -> Event) {
        self.disks.follow(fact);
        for (property, compared) in &mut self.properties {
            if let Err(text) = property.fact(fact, &self.disks, compared)
                && self.violations.len() < VIOLATIONS_MAX
            {
                let (id, name) = (property.id(), property.name());
                self.violations.push(Violation { id, name, text, event: at() });
            }
        }
    }

    /// Takes the replicas that were destroyed since the last call: the observer says what is left
    /// of them.
    pub(crate) fn destroyed(&mut self) -> Vec<Seat> {
        std::mem::take(&mut self.destroyed)
    }

    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Each property with how much it has compared.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.properties.iter().map(|(p, compared)| (p.id(), p.name(), *compared))
    }
}
