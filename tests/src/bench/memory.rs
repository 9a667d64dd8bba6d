//! What virtual minutes of full load leave behind: nothing, or it would grow for ever.
//!
//! Natively every allocation is counted; in wasm there is only the size of its memory, which never
//! shrinks.

use std::path::Path;
use std::time::Duration;

use shardscope_core::{Budget, Command, Condition, NodeId, Options, ShardId, Simulation};

use super::allocations::Live;
use super::report::{Figure, Target};
use super::story::{MINUTES, after_four_phases};
use super::wasm::{Memory, Node};

/// Of the wasm memory.
const WASM_MB_MAX: f64 = 100.0;
/// How much more there may be at the last look than at the first: queues and heaps breathe.
const GROWTH_MAX: f64 = 1.1;

/// Clients that never pause, for the same look under far more load than the page makes.
const BUSY_CLIENTS: u16 = 1_024;
/// Virtual seconds of that load at which memory is looked at.
const BUSY_SECONDS: [u64; 2] = [2, 6];

/// Shards that move round the nodes and back again.
const MOVED_SHARDS: u16 = 10;
/// Rounds after which memory is looked at.
const MOVE_ROUNDS: [u16; 2] = [10, 100];
/// Far more than a round takes.
const ROUND_LIMIT: Duration = Duration::from_secs(60);

const MB: f64 = 1e6;

/// Live blocks and bytes in this process.
pub(crate) fn measure_native() -> Vec<Figure> {
    // What a process allocates once and keeps is no growth: OpenRaft's tables, 27 MB of them.
    drop(after_four_phases());
    let before = Live::now();
    let mut simulation = after_four_phases();
    let mut passed = 0;
    let mut looks = Vec::new();
    for minutes in MINUTES {
        simulation.advance(Duration::from_secs((minutes - passed) * 60), Budget::UNBOUNDED);
        passed = minutes;
        looks.push(Live::now().since(before));
    }
    let mut figures = Vec::new();
    for (minutes, live) in MINUTES.into_iter().zip(&looks) {
        let name = |what: &str| format!("native, {what} after {minutes} min");
        figures.push(Figure::new(name("live blocks"), "blocks", vec![live.blocks as f64]));
        figures.push(Figure::new(name("live bytes"), "MB", vec![live.bytes as f64 / MB]));
    }
    let name =
        format!("native, live bytes, {} min : {} min", MINUTES[MINUTES.len() - 1], MINUTES[0]);
    figures.push(growth(name, looks.iter().map(|live| live.bytes as f64)));
    drop(simulation);
    figures.extend(measure_busy());
    figures.extend(measure_moves());
    figures
}

/// Live bytes in this process while as many clients as the core can serve write without pause.
fn measure_busy() -> Vec<Figure> {
    let options = Options {
        clients: BUSY_CLIENTS,
        think_ns: 0,
        write_percent: 100,
        node_capacity: 0,
        ..Options::default()
    };
    let before = Live::now();
    let mut simulation = Simulation::new(&options).expect("the options are within their limits");
    simulation.submit(Command::Load { on: true }).expect("load can always be started");
    let mut passed = 0;
    let looks = BUSY_SECONDS.map(|seconds| {
        simulation.advance(Duration::from_secs(seconds - passed), Budget::UNBOUNDED);
        passed = seconds;
        Live::now().since(before).bytes as f64
    });
    let what = format!("native, {BUSY_CLIENTS} clients without pause, live bytes");
    let [from, to] = BUSY_SECONDS;
    vec![
        Figure::new(format!("{what} after {to} s"), "MB", vec![looks[1] / MB]),
        growth(format!("{what}, {to} s : {from} s"), looks.into_iter()),
    ]
}

/// Live bytes in this process while shards move round and back; `tests/native/leaks.rs` counts tasks,
/// timers and rows.
fn measure_moves() -> Vec<Figure> {
    let options = Options { initial_shards: MOVED_SHARDS, ..Options::default() };
    let before = Live::now();
    let mut simulation = Simulation::new(&options).expect("the options are within their limits");
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    let mut done = 0;
    let looks = MOVE_ROUNDS.map(|rounds| {
        for _ in done..rounds {
            for turns in [2, 0] {
                move_all(&mut simulation, turns);
            }
        }
        done = rounds;
        Live::now().since(before).bytes as f64
    });
    let what = format!("native, {MOVED_SHARDS} shards moved round and back, live bytes");
    let [from, to] = MOVE_ROUNDS;
    vec![
        Figure::new(format!("{what} after {to} rounds"), "MB", vec![looks[1] / MB]),
        growth(format!("{what}, {to} : {from} rounds"), looks.into_iter()),
    ]
}

/// Moves every shard to the nodes that follow its own by so many.
fn move_all(simulation: &mut Simulation, turns: u16) {
    for i in 0..MOVED_SHARDS {
        let voters = (0..3).map(|k| NodeId((i + turns + k) % 5 + 1)).collect();
        let shard = ShardId(u64::from(i) + 1);
        let command = Command::Move { shard, voters, learners: vec![] };
        simulation.submit(command).expect("all nodes are live");
    }
    simulation.run_until(Condition::Settled, ROUND_LIMIT).expect("they move");
}

/// The memory of the wasm module that is in `page`.
pub(crate) fn measure_wasm(page: &Path) -> Result<Vec<Figure>, String> {
    let Memory { bytes } = Node::start(page)?.ask("memory")?;
    let mut figures: Vec<Figure> = MINUTES
        .into_iter()
        .zip(&bytes)
        .map(|(minutes, bytes)| {
            let name = format!("wasm, memory after {minutes} min");
            Figure::new(name, "MB", vec![bytes / MB]).held_to(Target::AtMost(WASM_MB_MAX))
        })
        .collect();
    let name = format!("wasm, memory, {} min : {} min", MINUTES[MINUTES.len() - 1], MINUTES[0]);
    figures.push(growth(name, bytes.into_iter()));
    Ok(figures)
}

/// The last look beside the first.
fn growth(name: String, looks: impl DoubleEndedIterator<Item = f64>) -> Figure {
    let mut looks = looks;
    let first = looks.next().expect("there are several looks");
    let last = looks.next_back().unwrap_or(first);
    Figure::new(name, "x", vec![last / first]).held_to(Target::AtMost(GROWTH_MAX))
}
