//! What a split costs: nothing of the data crosses the network, however much there is.

use std::collections::BTreeMap;
use std::time::Duration;

use shardscope_core::{Budget, Command, Condition, Key, MessageKind, Options, ShardId, Simulation};

use crate::asking::{LIMIT, assert_safe, submit};

/// Bytes sent so far, by kind.
fn sent(simulation: &Simulation) -> BTreeMap<MessageKind, u64> {
    simulation.view().traffic.iter().map(|t| (t.kind, t.bytes)).collect()
}

/// Splits a shard with so many keys in the middle. Returns the bytes that were sent for it and in
/// the second after it, by kind.
fn bytes_of_a_split(keys: u64) -> BTreeMap<MessageKind, u64> {
    let (clients, think_ns, node_capacity) = (64, 0, 0);
    let options =
        Options { last_key: keys, clients, think_ns, node_capacity, ..Options::seeded(7) };
    let mut simulation = Simulation::new(&options).expect("valid");
    submit(&mut simulation, Command::NextPhase);
    simulation.run_until(Condition::Phase(1), LIMIT).expect("every key is written");
    submit(&mut simulation, Command::Load { on: false });
    simulation.advance(Duration::from_secs(2), Budget::UNBOUNDED);
    let before = sent(&simulation);
    submit(&mut simulation, Command::Split { shard: ShardId(1), key: Key(keys / 2 + 1) });
    simulation.run_until(Condition::Settled, LIMIT).expect("both halves have leaders");
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    let halves: Vec<u64> = simulation.view().replicas.iter().map(|r| r.keys).collect();
    assert_eq!(halves, [keys / 2; 6], "each node has both halves");
    assert_safe(&simulation);
    let since = |(kind, bytes)| (kind, bytes - before.get(&kind).copied().unwrap_or(0));
    sent(&simulation).into_iter().map(since).collect()
}

/// Given a shard with twenty times as many keys, when it is split, then no snapshot is sent, and as
/// many bytes of anything else as for the small one.
#[test]
fn a_split_sends_no_data_however_many_keys_there_are() {
    let (small, large) = (bytes_of_a_split(200), bytes_of_a_split(4_000));
    println!("200 keys: {small:?}\n4,000 keys: {large:?}");
    let snapshots = |bytes: &BTreeMap<_, u64>| bytes.get(&MessageKind::Snapshot).copied();
    assert_eq!((snapshots(&small).unwrap_or(0), snapshots(&large).unwrap_or(0)), (0, 0));
    let all = |bytes: &BTreeMap<_, u64>| bytes.values().sum::<u64>();
    let (small, large) = (all(&small), all(&large));
    // 2,000 pairs of 16 bytes are 32 kB; a heartbeat more or less is a few dozen.
    assert!(large.abs_diff(small) < 1_000, "{small} bytes, and {large} with more keys");
}
