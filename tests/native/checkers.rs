//! The properties hold through the four phases, undisturbed and under faults, and each has compared something.

use std::time::Duration;

use crate::reference::{SEED, run};
use shardscope_core::{Budget, Command, Condition, NodeId, Options, Simulation};

/// Asserts that no property was found false.
fn assert_safe(simulation: &Simulation, what: &str) {
    let found = simulation.violations().first();
    if let Some(v) = found {
        panic!("{what}: {} ({}), at event {}: {}", v.id, v.name, v.event.seq, v.text);
    }
}

/// Given the reference scenario, when all four phases are done, then every property has compared something.
#[test]
fn every_property_is_put_to_the_test_by_the_four_phases() {
    let simulation = run(&Options::seeded(SEED), |phase, simulation| {
        assert_safe(simulation, &format!("phase {phase}"));
    });
    for (id, name, compared) in simulation.property_counts() {
        println!("{id:>4} {name:<32} {compared:>8}");
        assert!(compared > 0, "{id}, {name}, compared nothing");
    }
}

/// Small random numbers for the choice of faults (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn node(&mut self) -> NodeId {
        NodeId(u16::try_from(self.below(5)).unwrap_or(0) + 1)
    }

    pub(crate) fn fault(&mut self) -> Command {
        let node = self.node();
        match self.below(12) {
            0..=2 => Command::Crash { node },
            3..=6 => Command::Restart { node },
            7 => Command::Pause { node },
            8 => Command::Resume { node },
            9 => Command::Isolate { node },
            10 => Command::Cut { from: node, to: self.node() },
            _ => Command::Heal,
        }
    }
}

/// Ends all faults.
pub(crate) fn mend(simulation: &mut Simulation) {
    simulation.submit(Command::Heal).expect("links can always be healed");
    for node in (1..=5).map(NodeId) {
        // Refused for a node that runs.
        drop(simulation.submit(Command::Resume { node }));
        drop(simulation.submit(Command::Restart { node }));
    }
}

/// The four phases with faults in each of them; every phase ends once the faults have.
fn troubled(seed: u64) -> Simulation {
    let mut dice = Dice(seed);
    let mut simulation = Simulation::new(&Options::seeded(seed)).expect("valid");
    for phase in 1..=4 {
        simulation.submit(Command::NextPhase).expect("it is the next phase");
        for _ in 0..16 {
            // Refused if it makes no sense now, such as to crash a node that is down.
            drop(simulation.submit(dice.fault()));
            let pause = Duration::from_micros(200 + dice.below(1_000) * dice.below(600));
            simulation.advance(pause, Budget::UNBOUNDED);
        }
        mend(&mut simulation);
        let done = simulation.run_until(Condition::Phase(phase), Duration::from_secs(120));
        assert_safe(&simulation, &format!("seed {seed}, phase {phase}"));
        done.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
    simulation
}

/// Given faults in every phase, when they end, then every phase comes to its end, and nothing was found false.
#[test]
fn all_properties_hold_under_faults() {
    let seeds = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    for seed in 1..=seeds {
        troubled(seed);
    }
}
