//! The reference scenario: the four phases of a split and a migration, as a story and as figures.
//!
//! `cargo test -p shardscope-tests four_phases -- --nocapture` prints the story, with
//! `RUST_LOG=debug` in full detail.

use std::fmt::Write as _;
use std::time::Duration;

use crate::golden::compare_with_golden;
use crate::reference::{self, SEED, run};
use shardscope_core::view::PhaseCostView;
use shardscope_core::{Budget, Command, Condition, Event, Options, Simulation};

/// The placement table at the end of each phase, as the design document draws it.
const TABLES: [&[&str]; 4] = [
    &["shard_a L F F – –"],
    &["shard_a L F F – –", "shard_b L F F – –"],
    &["shard_a L F F – –", "shard_b L F F N N"],
    &["shard_a L F F – –", "shard_b – – – L F"],
];

/// After the last phase: until clients have felt for a while what it led to.
const AFTERWARDS: Duration = Duration::from_secs(2);

fn table(simulation: &Simulation) -> Vec<String> {
    let rows = simulation.view().placement.into_iter();
    rows.map(|row| format!("{} {}", row.name, row.cells.join(" "))).collect()
}

fn costs(cost: &PhaseCostView) -> String {
    let PhaseCostView { duration_ns, messages, bytes, unwritable_ns, round_trip_ns, .. } = cost;
    let ms = |ns: &u64| format!("{}.{} ms", ns / 1_000_000, ns / 100_000 % 10);
    format!(
        "took {}, {messages} messages, {bytes} bytes; longest unwritable {} (a round trip is {})",
        ms(duration_ns),
        ms(unwritable_ns),
        ms(round_trip_ns)
    )
}

/// What clients got in a phase, from its start to now or to the start of the next.
fn served(cost: &PhaseCostView) -> String {
    let PhaseCostView { operations, operations_per_second, latency_ns, latency_p99_ns, .. } = cost;
    let ms = |ns: &u64| format!("{}.{} ms", ns / 1_000_000, ns / 100_000 % 10);
    format!(
        "{operations} operations, {operations_per_second}/s; they took {}, 99 of a hundred at most {}",
        ms(latency_ns),
        ms(latency_p99_ns)
    )
}

fn line(event: &Event) -> String {
    format!("{:>10}  {}", event.time.to_string(), event.kind)
}

/// Given five nodes and one shard, when the four phases are run, then each ends as the design
/// document draws it, and the trace reads as the story that `tests/golden/four_phases.txt` tells.
#[test]
fn four_phases_read_as_a_story() {
    let detail = std::env::var("RUST_LOG").is_ok_and(|level| level == "debug" || level == "trace");
    let (mut story, mut seen, mut detail_seen) = (String::new(), 0, 0);
    let mut simulation = run(&Options::seeded(SEED), |phase, simulation| {
        let events = simulation.major_events_since(seen);
        seen = events.last().map_or(seen, |e| e.seq);
        for event in &events {
            writeln!(story, "{}", line(event)).expect("a string takes all");
        }
        assert_eq!(
            table(simulation),
            TABLES[usize::from(phase) - 1],
            "at the end of phase {phase}"
        );
        for row in table(simulation) {
            writeln!(story, "{:>10}  {row}", "").expect("a string takes all");
        }
        let cost = &simulation.view().phase.costs[usize::from(phase) - 1];
        writeln!(story, "{:>10}  {}", "", costs(cost)).expect("a string takes all");
        writeln!(story, "{:>10}  {}\n", "", served(cost)).expect("a string takes all");
        if detail {
            print_all(simulation, &mut detail_seen);
        }
    });
    simulation.advance(AFTERWARDS, Budget::UNBOUNDED);
    let after = &simulation.view().phase.costs[3];
    writeln!(story, "{}  phase 4 and two seconds more", simulation.time()).expect("a string takes");
    writeln!(story, "{:>10}  {}", "", served(after)).expect("a string takes all");
    println!("{story}");
    compare_with_golden("four_phases.txt", &story);
}

/// Prints every event after `seen`, messages and single entries included.
fn print_all(simulation: &Simulation, seen: &mut u64) {
    loop {
        let events = simulation.events_since(*seen);
        let Some(last) = events.last() else { return };
        *seen = last.seq;
        events.iter().for_each(|e| println!("{}", line(e)));
    }
}

/// The digest at the end of each phase is the constant that the browsers are held to as well.
#[test]
fn four_phases_have_the_digests_of_every_target() {
    let digests: String = reference::digests().iter().map(|digest| format!("{digest}\n")).collect();
    compare_with_golden("digests.txt", &digests);
    assert_eq!(reference::expected_digests().len(), 4);
}

/// Given any of a hundred seeds, then no operation fails, no outcome is unknown, no property is
/// violated, and no key is unwritable for longer than six mean round trips in the split, eight in
/// the migration, not at all for learners.
#[test]
fn four_phases_lose_nothing_and_pause_nobody_for_long_under_any_seed() {
    for seed in 1..=100 {
        let simulation = run(&Options::seeded(seed), |_, _| {});
        let view = simulation.view();
        for client in &view.clients {
            assert_eq!(
                (client.failed, client.unknown),
                (0, 0),
                "seed {seed}, client {}",
                client.id
            );
        }
        assert_eq!(simulation.violations(), [], "seed {seed}");
        let gap = |phase: usize| {
            let PhaseCostView { unwritable_ns, round_trip_ns, .. } = view.phase.costs[phase - 1];
            (unwritable_ns, round_trip_ns)
        };
        for (phase, round_trips) in [(2, 6), (3, 0), (4, 8)] {
            let (gap_ns, round_trip_ns) = gap(phase);
            assert!(
                gap_ns <= round_trips * round_trip_ns,
                "seed {seed}, phase {phase}: unwritable for {gap_ns} ns, allowed are {round_trips} \
                 round trips of {round_trip_ns} ns"
            );
        }
    }
}

/// The reason to split: one node that leads one hot shard is as fast as its capacity. Once each half
/// has a node of its own, the same clients get a quarter more done, and wait a quarter less.
#[test]
fn four_phases_win_back_throughput_and_latency_under_any_seed() {
    for seed in 1..=5 {
        let mut simulation = run(&Options::seeded(seed), |_, _| {});
        simulation.advance(AFTERWARDS, Budget::UNBOUNDED);
        let costs = simulation.view().phase.costs;
        let [before, after] = [&costs[0], &costs[3]];
        println!("seed {seed}, phase 1: {}; phase 4: {}", served(before), served(after));
        let rates = (before.operations_per_second, after.operations_per_second);
        assert!(rates.1 * 4 >= rates.0 * 5, "seed {seed}: {rates:?} operations/s");
        let latency = (before.latency_ns, after.latency_ns);
        assert!(latency.1 * 4 <= latency.0 * 3, "seed {seed}: {latency:?} ns");
    }
}

/// After the migration every key still has the value written last: all are read back, and the
/// checkers compare each read with the history of acknowledged writes.
#[test]
fn four_phases_leave_every_acknowledged_write_readable() {
    let mut simulation = run(&Options::seeded(SEED), |_, _| {});
    simulation.submit(Command::Load { on: false }).expect("always possible");
    let before = simulation.view().clients[0].ok;
    for key in 1..=200 {
        simulation
            .submit(Command::Read { key: shardscope_core::Key(key) })
            .expect("in the key space");
    }
    simulation.run_until(Condition::Settled, reference::PHASE_LIMIT).expect("reads end");
    simulation.advance(std::time::Duration::from_secs(1), Budget::UNBOUNDED);
    let view = simulation.view();
    assert!(view.clients[0].ok >= before + 200, "all reads succeed");
    assert_eq!(simulation.violations(), []);
    let keys = |shard: u64| -> Vec<u64> {
        view.replicas.iter().filter(|r| r.shard == shard).map(|r| r.keys).collect()
    };
    assert_eq!((keys(1), keys(2)), (vec![100, 100, 100], vec![100, 100]));
}

/// Learners come by snapshot: the log that they would need is compacted away.
#[test]
fn four_phases_bring_learners_in_by_snapshot() {
    let mut installed = Vec::new();
    run(&Options::seeded(SEED), |phase, simulation| {
        if phase == 3 {
            installed = simulation
                .major_events_since(0)
                .iter()
                .filter(|e| e.kind.name() == "snapshot_installed")
                .filter_map(|e| e.kind.node())
                .map(|n| n.0)
                .collect();
        }
    });
    installed.sort_unstable();
    installed.dedup();
    assert_eq!(installed, [4, 5]);
}
