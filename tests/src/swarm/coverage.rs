//! What runs have reached, so that a batch in which nothing happened does not pass for a good one.

use std::collections::BTreeMap;

use shardscope_core::{Command, EventKind, Simulation};

use super::fault::FaultKind;

/// What must happen in a batch that is worth its name, as events that a person reads.
const EVENTS: [&str; 15] = [
    "role_changed",
    "split_applied",
    "membership_applied",
    "snapshot_installed",
    "replica_destroyed",
    "replica_started",
    "transfer_started",
    "node_started",
    "placement_step",
    "placement_reached",
    "placement_restarted",
    "stale_refused",
    "route_repaired",
    "leader_transferred_by_command",
    "learner_added",
];

/// How often things happened.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    events: BTreeMap<&'static str, u64>,
    commands: BTreeMap<String, u64>,
    properties: BTreeMap<&'static str, u64>,
    operations: u64,
}

/// The stable name of a command.
pub(super) fn name_of(command: &Command) -> String {
    let value = serde_json::to_value(command).expect("plain data always has a JSON form");
    value["type"].as_str().unwrap_or_default().to_owned()
}

impl Coverage {
    /// Takes note of a command that was carried out.
    pub(super) fn note_command(&mut self, command: &Command) {
        *self.commands.entry(name_of(command)).or_default() += 1;
        if matches!(command, Command::TransferLeader { .. }) {
            *self.events.entry("leader_transferred_by_command").or_default() += 1;
        }
    }

    /// Takes note of what has happened since the event `seen`; returns the newest.
    pub(super) fn note_events(&mut self, simulation: &Simulation, mut seen: u64) -> u64 {
        for event in simulation.major_events_since(seen) {
            seen = event.seq;
            *self.events.entry(event.kind.name()).or_default() += 1;
            if let EventKind::PlacementStep { step, .. } = &event.kind
                && matches!(step, shardscope_core::Step::AddLearner { .. })
            {
                *self.events.entry("learner_added").or_default() += 1;
            }
        }
        seen
    }

    /// Takes note of what the properties compared, and of what the clients did.
    pub(super) fn note_end(&mut self, simulation: &Simulation) {
        for (id, _, compared) in simulation.property_counts() {
            *self.properties.entry(id).or_default() += compared;
        }
        self.operations += simulation.view().clients.iter().map(|c| c.ok).sum::<u64>();
    }

    /// Adds what another run has reached.
    pub fn add(&mut self, other: &Self) {
        fn add<K: Ord + Clone>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            from.iter().for_each(|(key, count)| *to.entry(key.clone()).or_default() += count);
        }
        add(&mut self.events, &other.events);
        add(&mut self.commands, &other.commands);
        add(&mut self.properties, &other.properties);
        self.operations += other.operations;
    }

    /// How much of what must be reached was.
    #[must_use]
    pub fn reached(&self) -> (usize, usize) {
        let all = EVENTS.len() + FaultKind::ALL.len() + self.properties.len() + 1;
        (all - self.missing().len(), all)
    }

    /// What must be reached and was not, in words.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let events = EVENTS.iter().filter(|e| !self.events.contains_key(*e));
        let faults = FaultKind::ALL.iter().filter(|f| !self.commands.contains_key(f.name()));
        let idle = self.properties.iter().filter(|(_, compared)| **compared == 0);
        events
            .map(|e| format!("no {e} happened"))
            .chain(faults.map(|f| format!("no {} was carried out", f.name())))
            .chain(idle.map(|(id, _)| format!("{id} compared nothing")))
            .chain((self.operations == 0).then(|| "no operation was done".to_owned()))
            .collect()
    }

    /// How much each property has compared, by id.
    pub fn properties(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.properties.iter().map(|(id, compared)| (*id, *compared))
    }

    /// How many operations clients were told are done.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Everything that was counted, a line each.
    #[must_use]
    pub fn table(&self) -> String {
        let line = |name: &dyn std::fmt::Display, count: &u64| format!("{count:>12} {name}\n");
        let commands = self.commands.iter().map(|(name, count)| line(name, count));
        let events = self.events.iter().map(|(name, count)| line(name, count));
        let properties = self.properties.iter().map(|(id, count)| line(id, count));
        let operations = line(&"operations acknowledged", &self.operations);
        commands.chain(events).chain(properties).chain([operations]).collect()
    }
}
