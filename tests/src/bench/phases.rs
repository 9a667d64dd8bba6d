//! What the four phases cost their clients, under a thousand seeds. Virtual time: the same on any
//! machine. `tests/native/four_phases.rs` asserts the same bounds under fewer seeds.

use std::time::Duration;

use shardscope_core::{Budget, Command, Condition, EventKind, NodeId, Options, Simulation, Step};

use super::report::{Figure, Target};

/// More than a phase takes, also while a leader is down.
const LIMIT: Duration = Duration::from_secs(10);
const SEEDS: u64 = 1_000;
/// How many of them are run again with a leader that crashes.
const CRASHES: u64 = 100;
/// For how long it is down: far longer than an election takes.
const DOWN: Duration = Duration::from_secs(3);
/// What happens in a phase, and for how many mean round trips a key may not be writable meanwhile.
const BOUNDS: [(usize, &str, f64); 3] =
    [(2, "in the split", 6.0), (3, "while learners join", 0.0), (4, "in the migration", 8.0)];

/// Measures each seed once: another time would be the same.
pub(crate) fn measure() -> Vec<Figure> {
    let costs: Vec<Cost> = (1..=SEEDS).map(|seed| Cost::of(&run(seed, false))).collect();
    let held = |name: String, unit, value, most| {
        Figure::new(name, unit, vec![value]).held_to(Target::AtMost(most))
    };
    let sum = |count: fn(&Cost) -> f64| costs.iter().map(count).sum();
    let mut figures = vec![
        held(format!("operations not done, {SEEDS} seeds"), "", sum(|cost| cost.not_done), 0.0),
        held(format!("found false, {SEEDS} seeds"), "", sum(|cost| cost.found_false), 0.0),
    ];
    for (phase, when, most) in BOUNDS {
        let gaps: Vec<f64> = costs.iter().map(|cost| cost.unwritable[phase - 1]).collect();
        let worst = gaps.iter().copied().fold(0.0, f64::max);
        let name = format!("unwritable {when}");
        figures.push(Figure::new(name.clone(), "round trips", gaps));
        figures.push(held(format!("{name}, worst"), "round trips", worst, most));
    }
    let crashed = (1..=CRASHES).map(|seed| Cost::of(&run(seed, true)).unwritable[3]).collect();
    let name = "in the migration, if the leader crashes instead of handing over";
    figures.push(Figure::new(name, "round trips", crashed));
    figures
}

/// What one run cost.
struct Cost {
    /// Operations that failed, or of which it is not known.
    not_done: f64,
    found_false: f64,
    /// By phase, the longest time for which a key was not writable, in mean round trips.
    unwritable: [f64; 4],
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "few operations, and less than an hour")]
    fn of(run: &Simulation) -> Self {
        let view = run.view();
        let not_done: u64 = view.clients.iter().map(|client| client.failed + client.unknown).sum();
        let unwritable = std::array::from_fn(|phase| {
            let cost = &view.phase.costs[phase];
            cost.unwritable_ns as f64 / cost.round_trip_ns as f64
        });
        let found_false = run.violations().len() as f64;
        Self { not_done: not_done as f64, found_false, unwritable }
    }
}

/// The four phases. On request the leader crashes at the moment at which it would be told to hand
/// leadership over.
fn run(seed: u64, leader_crashes: bool) -> Simulation {
    let mut simulation = Simulation::new(&Options::seeded(seed)).expect("the defaults are valid");
    for phase in 1..=4 {
        simulation.submit(Command::NextPhase).expect("the phase before is complete");
        if phase == 4 && leader_crashes {
            until_told_to_hand_over(&mut simulation);
            simulation.submit(Command::Crash { node: NodeId(1) }).expect("it leads, so it is up");
            simulation.advance(DOWN, Budget::UNBOUNDED);
            simulation.submit(Command::Restart { node: NodeId(1) }).expect("it is down");
        }
        let done = simulation.run_until(Condition::Phase(phase), LIMIT);
        done.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    }
    simulation
}

fn until_told_to_hand_over(simulation: &mut Simulation) {
    let told = |kind: &EventKind| {
        matches!(kind, EventKind::PlacementStep { step: Step::Transfer { .. }, .. })
    };
    let mut seen = simulation.view().event_seq;
    loop {
        let events = simulation.events_since(seen);
        if events.iter().any(|event| told(&event.kind)) {
            return;
        }
        seen = events.last().map_or(seen, |event| event.seq);
        simulation.step().expect("the migration is on its way");
    }
}
