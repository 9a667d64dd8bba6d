//! The reference run: the four phases with seed 7, and its digest at the end of each. The same on
//! every target.

use std::time::Duration;

use shardscope_core::{Command, Condition, Options, Simulation};

/// The seed of the reference run.
pub(crate) const SEED: u64 = 7;
/// Digest of the reference run at the end of each phase, one a line, natively, in Chrome and in
/// Firefox. They change whenever the run does: with OpenRaft's version, with what is an event, with
/// what a node does. A change that was not meant is a bug; one that was is judged by the golden
/// trace, which shows what is different.
const DIGESTS: &str = include_str!("../golden/digests.txt");
/// Far more than a phase takes.
pub(crate) const PHASE_LIMIT: Duration = Duration::from_secs(20);

/// Runs the four phases with `options` and calls `at_end` at the end of each.
pub(crate) fn run(options: &Options, mut at_end: impl FnMut(u8, &mut Simulation)) -> Simulation {
    let mut simulation = Simulation::new(options).expect("the options are within their limits");
    for phase in 1..=4 {
        simulation.submit(Command::NextPhase).expect("it is the next phase");
        let done = simulation.run_until(Condition::Phase(phase), PHASE_LIMIT);
        done.unwrap_or_else(|e| panic!("seed {}: {e}", options.seed));
        at_end(phase, &mut simulation);
    }
    simulation
}

/// What the digests have to be, phase by phase.
pub(crate) fn expected_digests() -> Vec<&'static str> {
    DIGESTS.lines().collect()
}

/// The digests of the reference run, phase by phase.
pub(crate) fn digests() -> Vec<String> {
    let mut digests = Vec::new();
    run(&Options::seeded(SEED), |_, simulation| digests.push(simulation.digest().to_string()));
    digests
}
