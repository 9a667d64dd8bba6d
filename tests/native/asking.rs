//! Asks a simulation's first client for things, and reads from the events how they went. For the
//! stories about clients.

use std::time::Duration;

use shardscope_core::{
    Answer, Budget, Command, Condition, Endpoint, Event, EventKind, Key, MessageKind, NodeId,
    Options, Outcome, ShardId, Simulation, WriteAnswer,
};

/// Far more than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
pub(crate) const A: ShardId = ShardId(1);
pub(crate) const B: ShardId = ShardId(2);
pub(crate) const DONE: Answer = Answer::Written(WriteAnswer::Done);

/// One client, idle; nodes have elected their leaders.
pub(crate) fn quiet(options: &Options) -> Simulation {
    let options = Options { clients: 1, ..options.clone() };
    let mut simulation = Simulation::new(&options).expect("valid");
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    simulation
}

pub(crate) fn submit(simulation: &mut Simulation, command: Command) {
    simulation.submit(command).expect("it makes sense now");
}

/// The events since `seq`, however many.
pub(crate) fn events_since(simulation: &Simulation, mut seq: u64) -> Vec<Event> {
    let mut all = Vec::new();
    loop {
        let some = simulation.events_since(seq);
        let Some(last) = some.last() else { return all };
        seq = last.seq;
        all.extend(some);
    }
}

pub(crate) fn last_seq(simulation: &Simulation) -> u64 {
    simulation.view().event_seq
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) answer: Option<Answer>,
    pub(crate) attempts: u32,
}

/// Asks the first client for something, and waits until it has ended.
pub(crate) fn ask(simulation: &mut Simulation, command: Command) -> Ended {
    submit(simulation, command);
    finish(simulation)
}

pub(crate) fn finish(simulation: &mut Simulation) -> Ended {
    let from = last_seq(simulation);
    simulation.run_until(Condition::NextCommit, LIMIT).expect("it ends");
    let ended = |event: &Event| match event.kind {
        EventKind::Completed { outcome, answer, attempts, .. } => {
            Some(Ended { outcome, answer, attempts })
        }
        _ => None,
    };
    events_since(simulation, from).iter().rev().find_map(ended).expect("it has just ended")
}

/// Asks, and expects to be answered at the first attempt or after some.
pub(crate) fn answer(simulation: &mut Simulation, command: Command) -> Answer {
    let Ended { outcome, answer, .. } = ask(simulation, command);
    assert_eq!(outcome, Outcome::Ok);
    answer.expect("it is done")
}

pub(crate) fn value(value: u64) -> Answer {
    Answer::Value(Some(value))
}

pub(crate) const NOTHING: Answer = Answer::Value(None);

pub(crate) fn write(key: u64, value: u64) -> Command {
    Command::Write { key: Key(key), value }
}

pub(crate) fn read(key: u64) -> Command {
    Command::Read { key: Key(key) }
}

pub(crate) fn delete(key: u64) -> Command {
    Command::Delete { key: Key(key) }
}

pub(crate) fn set(key: u64, expected: Option<u64>, value: u64) -> Command {
    Command::CompareAndSet { key: Key(key), expected, value }
}

pub(crate) fn scan(first: u64, end: u64) -> Command {
    Command::Scan { start: Key(first), end: Key(end) }
}

pub(crate) fn split(simulation: &mut Simulation, shard: ShardId, key: u64) {
    submit(simulation, Command::Split { shard, key: Key(key) });
    simulation.run_until(Condition::Settled, LIMIT).expect("it is split");
}

/// The pairs of the scan that has just ended, in the order of its parts.
pub(crate) fn scanned(simulation: &Simulation, from: u64) -> Vec<(u64, u64)> {
    let part = |event: &Event| match &event.kind {
        EventKind::Scanned { pairs, .. } => pairs.clone(),
        _ => Vec::new(),
    };
    let pairs = events_since(simulation, from).iter().flat_map(part).collect::<Vec<_>>();
    pairs.into_iter().map(|(key, value)| (key.0, value)).collect()
}

pub(crate) fn assert_safe(simulation: &Simulation) {
    assert_eq!(simulation.violations(), []);
}

/// Who answered reads, since `seq`.
pub(crate) fn readers(simulation: &Simulation, from: u64) -> Vec<NodeId> {
    let events = events_since(simulation, from);
    let reader = |event: &Event| match event.kind {
        EventKind::MessageSent {
            kind: MessageKind::Read,
            reply: true,
            from: Endpoint::Node(node),
            ..
        } => Some(node),
        _ => None,
    };
    events.iter().filter_map(reader).collect()
}
