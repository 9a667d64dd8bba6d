//! The properties hold through the four phases, undisturbed and under faults, while shards split
//! and move, and each has compared something. What they have found is kept, each with its story.

use std::time::Duration;

use crate::reference::{SEED, run};
use shardscope_core::{
    Budget, Command, Condition, Endpoint, EventKind, Key, MessageKind, NodeId, Options, ShardId,
    Simulation, Traffic, WakeOrder,
};

/// Far more than anything takes once all faults have ended.
const LIMIT: Duration = Duration::from_secs(120);
const A: ShardId = ShardId(1);

/// Asserts that no property was found false.
fn assert_safe(simulation: &Simulation, what: &str) {
    if let Some(v) = simulation.violations().first() {
        panic!("{what}: {} ({}), at event {}: {}", v.id, v.name, v.event.seq, v.text);
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What only reads on a lease put to the test; `lease_reads` does.
const NEEDS_LEASES: [&str; 1] = ["S6"];

/// Given the reference scenario, when all four phases are done, then every property has compared
/// something.
#[test]
fn every_property_is_put_to_the_test_by_the_four_phases() {
    let simulation = run(&Options::seeded(SEED), |phase, simulation| {
        assert_safe(simulation, &format!("phase {phase}"));
    });
    for (id, name, compared) in simulation.property_counts() {
        println!("{id:>4} {name:<32} {compared:>8}");
        assert!(compared > 0 || NEEDS_LEASES.contains(&id), "{id}, {name}, compared nothing");
    }
}

/// Small random numbers for the choice of faults (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let at = self.below(choices.len() as u64);
        choices[usize::try_from(at).unwrap_or(0)].clone()
    }

    fn node(&mut self) -> NodeId {
        self.one_of(&[1, 2, 3, 4, 5].map(NodeId))
    }

    fn key(&mut self) -> Key {
        Key(1 + self.below(200))
    }

    fn fault(&mut self) -> Command {
        let node = self.node();
        match self.below(12) {
            0..=2 => Command::Crash { node },
            3..=6 => Command::Restart { node },
            7 => Command::Pause { node },
            8 => Command::Resume { node },
            9 => Command::Isolate { node },
            10 => Command::Cut(Traffic::between(node, self.node())),
            _ => Command::Heal,
        }
    }

    /// Something to do with a shard or a key.
    fn change(&mut self, simulation: &Simulation) -> Command {
        let shards: Vec<u64> = simulation.view().shards.iter().map(|shard| shard.id).collect();
        let shard = ShardId(if shards.is_empty() { 1 } else { self.one_of(&shards) });
        match self.below(10) {
            0 | 1 => Command::Split { shard, key: self.key() },
            2..=4 => {
                let mut nodes = [1, 2, 3, 4, 5].map(NodeId).to_vec();
                nodes.sort_by_cached_key(|_| self.below(1 << 32));
                let voters = nodes.split_off(usize::try_from(self.below(4)).unwrap_or(0) + 1);
                nodes.truncate(usize::try_from(self.below(3)).unwrap_or(0));
                Command::Move { shard, voters, learners: nodes }
            }
            5 => Command::TransferLeader { shard, node: self.node() },
            6 => Command::Write { key: self.key(), value: self.below(5) },
            7 => Command::Read { key: self.key() },
            _ => Command::Heal,
        }
    }

    /// Has the simulation do it, unless it refuses because that makes no sense now, such as to
    /// crash a node that is down; and lets some time pass.
    fn submit(&mut self, simulation: &mut Simulation, command: Command) {
        drop(simulation.submit(command));
        let pause = Duration::from_micros(200 + self.below(1_000) * self.below(600));
        simulation.advance(pause, Budget::UNBOUNDED);
    }
}

/// Ends all faults.
fn mend(simulation: &mut Simulation) {
    simulation.submit(Command::Heal).expect("links can always be healed");
    for node in (1..=5).map(NodeId) {
        // Refused for a node that runs.
        drop(simulation.submit(Command::Resume { node }));
        drop(simulation.submit(Command::Restart { node }));
    }
}

/// How many seeds to try: a few, or as many as `SEEDS` says.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}

/// Given faults in every phase, when they end, then the phase comes to its end, and nothing was
/// found false.
#[test]
fn all_properties_hold_through_the_phases_under_faults() {
    for seed in seeds() {
        let mut dice = Dice(seed);
        let mut simulation = Simulation::new(&Options::seeded(seed)).expect("valid");
        for phase in 1..=4 {
            simulation.submit(Command::NextPhase).expect("it is the next phase");
            for _ in 0..16 {
                let fault = dice.fault();
                dice.submit(&mut simulation, fault);
            }
            mend(&mut simulation);
            let done = simulation.run_until(Condition::Phase(phase), LIMIT);
            assert_safe(&simulation, &format!("seed {seed}, phase {phase}"));
            done.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        }
    }
}

/// Given shards that split, move and change leaders under faults and load, with logs compacted
/// now and then or all the time, when the faults end, then placement comes to rest, and nothing
/// was found false.
#[test]
fn all_properties_hold_while_shards_split_and_move_under_faults() {
    for seed in seeds() {
        let mut dice = Dice(seed * 7_919);
        let options = Options {
            initial_shards: dice.one_of(&[1, 2, 3]),
            snapshot_every: dice.one_of(&[4, 8, 16, 64]),
            log_kept: dice.one_of(&[0, 1, 4, 16]),
            wake_order: dice.one_of(&[WakeOrder::Fifo, WakeOrder::Seeded]),
            flush_latency_ns: dice.one_of(&[20_000, 200_000, 2_000_000]),
            ..Options::seeded(seed)
        };
        let mut simulation = Simulation::new(&options).expect("valid");
        simulation.submit(Command::Load { on: true }).expect("there are clients");
        for round in 1..=3 {
            for _ in 0..24 {
                let faulty = dice.below(2) == 0;
                let command = if faulty { dice.fault() } else { dice.change(&simulation) };
                dice.submit(&mut simulation, command);
            }
            mend(&mut simulation);
            let done = simulation.run_until(Condition::Settled, LIMIT);
            assert_safe(&simulation, &format!("seed {seed}, round {round}"));
            done.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        }
    }
}

/// Lets time pass until that node sends a message of that kind.
fn until_sent(simulation: &mut Simulation, node: NodeId, sent: MessageKind) {
    let mut seen = 0;
    while let Some(last) = simulation.events_since(seen).last() {
        seen = last.seq;
    }
    for _ in 0..10_000 {
        simulation.step();
        for event in simulation.events_since(seen) {
            seen = event.seq;
            if let EventKind::MessageSent { kind, reply: false, from, .. } = event.kind
                && (kind, from) == (sent, Endpoint::Node(node))
            {
                return;
            }
        }
    }
    panic!("{node} sends no {sent}");
}

fn first_phase() -> Simulation {
    let mut simulation = Simulation::new(&Options::seeded(SEED)).expect("valid");
    simulation.submit(Command::NextPhase).expect("it is the next phase");
    simulation.run_until(Condition::Phase(1), LIMIT).expect("it completes");
    simulation
}

/// Given a leader that crashes when a write is on its way to the others and not yet on its own
/// disk, when it is back before anyone has missed it, then the log id of that write is not given
/// to another entry. By default OpenRaft would: it lets a leader go on as one, in the same
/// term, unless `enable_leader_restore` is off.
#[test]
fn a_leader_that_lost_what_it_sent_does_not_lead_on_in_its_term() {
    let mut simulation = first_phase();
    let [n1, n2, n3, n4] = [1, 2, 3, 4].map(NodeId);
    simulation.submit(Command::Load { on: false }).expect("there are clients");
    simulation.advance(ms(500), Budget::UNBOUNDED);
    simulation.submit(Command::Write { key: Key(50), value: 7 }).expect("it is a key");
    until_sent(&mut simulation, n1, MessageKind::Append);
    simulation.submit(Command::Crash { node: n1 }).expect("it is up");
    simulation.advance(ms(10), Budget::UNBOUNDED);
    simulation.submit(Command::Restart { node: n1 }).expect("it is down");
    let (voters, learners) = (vec![n1, n2, n3], vec![n4]);
    simulation.submit(Command::Move { shard: A, voters, learners }).expect("there are such nodes");
    simulation.run_until(Condition::Settled, LIMIT).expect("a learner is added");
    assert_safe(&simulation, "the leader was back at once");
}

/// Given a learner that hears only from the leader, and whose answers are lost, when leadership
/// moves on, then the old leader stops sending it snapshots. A transport that does not heed the
/// cancel would try again, with its old vote and a snapshot from after its time, on which the
/// learner panics.
#[test]
fn an_old_leader_sends_no_snapshot_from_after_its_time() {
    let mut simulation = first_phase();
    let [n1, n2, n3, n4] = [1, 2, 3, 4].map(NodeId);
    for (from, to) in [(n2, n4), (n3, n4), (n4, n1), (n4, n2), (n4, n3)] {
        simulation.submit(Command::Cut(Traffic::between(from, to))).expect("there is such a link");
    }
    let (voters, learners) = (vec![n1, n2, n3], vec![n4]);
    simulation.submit(Command::Move { shard: A, voters, learners }).expect("there are such nodes");
    until_sent(&mut simulation, n1, MessageKind::Snapshot);
    simulation.submit(Command::TransferLeader { shard: A, node: n2 }).expect("it votes");
    simulation.advance(ms(10_000), Budget::UNBOUNDED);
    assert_safe(&simulation, "leadership moved on");
    mend(&mut simulation);
    simulation.run_until(Condition::Settled, LIMIT).expect("the learner is caught up");
}
