//! What each fault cost: how long until somebody noticed, and until every key could be written
//! again.
//!
//! From events and from availability alone, so that nothing which clients happen to try decides.
//! Noticed is the first campaign or new leader after the fault. Owned by the observer.

use std::collections::VecDeque;

use crate::event::{Event, EventKind, Role};
use crate::sim::Time;
use crate::view::IncidentView;

/// Incidents kept: more than a person compares.
const KEPT: usize = 12;

/// See the module.
#[derive(Default)]
pub(crate) struct Incidents(VecDeque<Incident>);

struct Incident {
    what: String,
    at: Time,
    noticed: Option<Time>,
    /// Whether it made keys unwritable.
    hit: bool,
    recovered: Option<Time>,
}

impl Incidents {
    pub(crate) fn note(&mut self, event: &Event) {
        match event.kind {
            EventKind::NodeCrashed { .. }
            | EventKind::PlacementCrashed { .. }
            | EventKind::NodePaused { .. }
            | EventKind::LinkCut { .. } => self.begin(event),
            EventKind::RoleChanged { role: Role::Candidate | Role::Leader, .. } => {
                for incident in self.0.iter_mut().filter(|i| i.recovered.is_none()) {
                    incident.noticed.get_or_insert(event.time);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, event: &Event) {
        // To isolate a node is to cut many links at once: one fault.
        if self.0.back().is_some_and(|last| last.at == event.time) {
            return;
        }
        // One that did no harm is over when the next begins.
        if let Some(last) = self.0.back_mut().filter(|i| !i.hit) {
            last.recovered.get_or_insert(event.time);
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Incident {
            what: event.kind.to_string(),
            at: event.time,
            noticed: None,
            hit: false,
            recovered: None,
        });
    }

    /// Takes note of whether every key can be written now.
    pub(crate) fn update(&mut self, writable: bool, now: Time) {
        for incident in self.0.iter_mut().filter(|i| i.recovered.is_none()) {
            incident.hit |= !writable;
            if writable && incident.hit {
                incident.recovered = Some(now);
            }
        }
    }

    pub(crate) fn views(&self) -> Vec<IncidentView> {
        let view = |i: &Incident| {
            let after = |t: Time| t.as_nanos() - i.at.as_nanos();
            IncidentView {
                what: i.what.clone(),
                at_ns: i.at.as_nanos(),
                hit: i.hit,
                noticed_ns: i.noticed.map(after),
                recovered_ns: i.recovered.filter(|_| i.hit).map(after),
            }
        };
        self.0.iter().map(view).collect()
    }
}
