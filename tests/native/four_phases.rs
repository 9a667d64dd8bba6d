//! The reference scenario: the four phases.
#![cfg(not(target_arch = "wasm32"))]

use std::time::Duration;

use shardscope_core::{Command, Condition, Options, Simulation};

#[test]
fn four_phases() {
    let mut sim = Simulation::new(&Options::seeded(7)).expect("defaults are valid");
    let mut seen = 0;
    for phase in 1..=4 {
        sim.submit(Command::NextPhase).expect("in order");
        let r = sim.run_until(Condition::Phase(phase), Duration::from_secs(20));
        for e in sim.major_events_since(seen) {
            println!("{} {}", e.time, e.kind);
            seen = e.seq;
        }
        r.expect("completes");
        println!("{:?}", sim.view().phase.costs.last());
    }
    println!("{:?}", sim.violations());
    for row in sim.view().placement {
        println!("{row:?}");
    }
    for c in sim.view().clients {
        println!("{c:?}");
    }
}
