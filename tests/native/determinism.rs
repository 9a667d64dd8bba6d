//! Same seed, options and commands: the same run, in any process, after any other run, from its own
//! recording.

use std::time::Duration;

use crate::reference::{self, SEED, run};
use shardscope_core::{Budget, Command, NodeId, Options, Recording, Simulation, WakeOrder};

/// A run with faults: a leader crashes in the middle of the split and comes back.
fn troubled(options: &Options) -> Simulation {
    trouble(Simulation::new(options).expect("the options are within their limits"))
}

fn trouble(mut simulation: Simulation) -> Simulation {
    let mut ask = |command: Command, ms: u64| {
        simulation.submit(command).expect("possible at this point");
        simulation.advance(Duration::from_millis(ms), Budget::UNBOUNDED);
    };
    let (n1, n3) = (NodeId(1), NodeId(3));
    ask(Command::NextPhase, 1_500);
    ask(Command::NextPhase, 12);
    ask(Command::Crash { node: n1 }, 2_500);
    ask(Command::Isolate { node: n3 }, 400);
    ask(Command::Restart { node: n1 }, 1_000);
    ask(Command::Heal, 2_000);
    simulation
}

#[test]
fn a_run_is_the_same_twice_and_after_another_seed() {
    let first = troubled(&Options::seeded(3)).digest();
    let other = troubled(&Options::seeded(4)).digest();
    assert_ne!(first, other, "another seed is another run");
    assert_eq!(first, troubled(&Options::seeded(3)).digest());
}

/// Given a run without checkers, then it is the same one, event by event, and finds nothing.
#[test]
fn a_run_is_the_same_with_and_without_checkers() {
    let options = Options::seeded(3);
    let checked = troubled(&options);
    let unchecked = Simulation::unchecked(&options).expect("the options are within their limits");
    let unchecked = trouble(unchecked);
    assert_eq!(checked.digest(), unchecked.digest());
    assert_eq!(checked.recording(), unchecked.recording());
    assert!(unchecked.property_counts().is_empty());
}

#[test]
fn a_run_is_the_same_in_another_process() {
    // The test that holds the reference run to its constants, in a process of its own.
    let exe = std::env::current_exe().expect("a running test has a file");
    let filter = ["--exact", "determinism::the_reference_run_has_its_digests"];
    let output = std::process::Command::new(exe).args(filter).output().expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
fn the_reference_run_has_its_digests() {
    assert_eq!(reference::digests(), reference::expected_digests());
}

#[test]
fn a_recording_replays_to_the_same_digest_and_survives_as_text() {
    let run = troubled(&Options::seeded(5));
    let text = run.recording().to_text();
    let recording = Recording::from_text(&text).expect("it was written by this build");
    assert_eq!(recording, run.recording());
    let again = Simulation::replay(&recording, None).expect("it ran once");
    assert_eq!(
        (again.digest(), again.time(), again.steps()),
        (run.digest(), run.time(), run.steps())
    );
    assert_eq!(again.digest(), recording.end.digest);
}

#[test]
fn one_step_back_and_forward_again_is_the_same_place() {
    let mut run = troubled(&Options::seeded(6));
    let before = (run.digest(), run.steps());
    run.step().expect("something is left to happen");
    assert_eq!(run.steps(), before.1 + 1);
    let mut back =
        Simulation::replay(&run.recording(), Some(run.steps() - 1)).expect("it ran once");
    assert_eq!((back.digest(), back.steps()), before);
    back.step().expect("something is left to happen");
    assert_eq!(back.digest(), run.digest());
}

#[test]
fn tasks_in_an_order_drawn_from_the_seed_make_another_run_that_also_completes() {
    let options = Options { wake_order: WakeOrder::Seeded, ..Options::seeded(SEED) };
    let drawn = run(&options, |_, _| {});
    assert_ne!(drawn.digest().to_string(), reference::expected_digests()[3]);
    assert_eq!(drawn.digest(), run(&options, |_, _| {}).digest());
    assert_eq!(drawn.violations(), []);
}

#[test]
fn looking_changes_nothing() {
    let run = |look: bool| {
        let mut simulation = Simulation::new(&Options::seeded(9)).expect("valid");
        simulation.submit(Command::NextPhase).expect("it is the next phase");
        for _ in 0..2_000 {
            if look {
                let _ = (simulation.view(), simulation.usage(), simulation.recording());
            }
            simulation.step().expect("something is left to happen");
        }
        simulation.digest()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn time_passes_alike_in_one_piece_and_in_many() {
    let start = || {
        let mut simulation = Simulation::new(&Options::seeded(8)).expect("valid");
        simulation.submit(Command::NextPhase).expect("it is the next phase");
        simulation
    };
    let (mut whole, mut pieces) = (start(), start());
    whole.advance(Duration::from_millis(700), Budget::UNBOUNDED);
    while pieces.time() < whole.time() {
        let left = whole.time().since(pieces.time());
        pieces
            .advance(left.min(Duration::from_millis(3)), Budget { timers: 7, ..Budget::UNBOUNDED });
    }
    assert_eq!(pieces.digest(), whole.digest());
}
