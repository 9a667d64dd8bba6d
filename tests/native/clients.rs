//! Clients: what they ask for is done once and answered right, on every replica that serves reads,
//! while shards split and move.

use std::collections::BTreeSet;
use std::time::Duration;

use shardscope_core::view::ClientView;
use shardscope_core::{
    Answer, Budget, Command, Condition, Event, EventKind, Key, MessageKind, NodeId, Options,
    Outcome, ReadFrom, ReadPolicy, ShardId, Simulation, WriteAnswer,
};

use crate::asking::{
    A, B, DONE, LIMIT, NOTHING, answer, ask, assert_safe, delete, events_since, finish, last_seq,
    quiet, read, readers, scan, scanned, set, split, submit, value, write,
};

/// Given a key, when it is deleted, then it reads as absent, no replica keeps a pair of it, and it
/// can be written again.
#[test]
fn a_deleted_key_is_gone_from_every_replica_and_can_be_written_again() {
    let mut simulation = quiet(&Options::seeded(1));
    let keys = |s: &Simulation| s.view().replicas.iter().map(|r| r.keys).collect::<Vec<_>>();
    assert_eq!(answer(&mut simulation, write(50, 1)), DONE);
    assert_eq!(answer(&mut simulation, write(60, 2)), DONE);
    assert_eq!(answer(&mut simulation, delete(50)), DONE);
    assert_eq!(answer(&mut simulation, read(50)), NOTHING);
    assert_eq!(answer(&mut simulation, delete(50)), DONE, "there is nothing to delete");
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    assert_eq!(keys(&simulation), [1, 1, 1]);
    assert_eq!(answer(&mut simulation, write(50, 3)), DONE);
    assert_eq!(answer(&mut simulation, read(50)), value(3));
    split(&mut simulation, A, 55);
    assert_eq!(answer(&mut simulation, read(50)), value(3));
    assert_safe(&simulation);
}

/// Given a key with a value, a compare-and-set that expects another one changes nothing and says
/// what it found; one that expects this one sets it. Both are done: neither outcome is in doubt.
#[test]
fn a_compare_and_set_sets_what_it_expects_and_nothing_else() {
    let mut simulation = quiet(&Options::seeded(2));
    let unequal = |found| Answer::Written(WriteAnswer::Unequal { found });
    assert_eq!(answer(&mut simulation, set(50, Some(9), 1)), unequal(None));
    assert_eq!(answer(&mut simulation, set(50, None, 1)), DONE);
    assert_eq!(answer(&mut simulation, set(50, None, 2)), unequal(Some(1)));
    assert_eq!(answer(&mut simulation, set(50, Some(1), 2)), DONE);
    assert_eq!(answer(&mut simulation, read(50)), value(2));
    let view = simulation.view();
    assert_eq!((view.clients[0].ok, view.clients[0].failed, view.clients[0].unknown), (5, 0, 0));
    assert_safe(&simulation);
}

/// Given a client that knows the shard as it was before a split, each operation, on either side of
/// the split, is refused with the shards as they are now, has no effect where it was asked, and is
/// done right at the second attempt.
///
/// Scenario 3.
#[test]
fn an_operation_with_the_epoch_of_before_the_split_is_refused_and_done_at_the_second_attempt() {
    let operations: [fn(u64) -> Command; 5] =
        [|k| write(k, 1), delete, |k| set(k, None, 1), read, |k| scan(k, k + 1)];
    for key in [50, 150] {
        for (n, operation) in operations.iter().enumerate() {
            let mut simulation = quiet(&Options::seeded(6));
            split(&mut simulation, A, 101);
            simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
            let from = last_seq(&simulation);
            let ended = ask(&mut simulation, operation(key));
            assert_eq!((ended.outcome, ended.attempts), (Outcome::Ok, 2), "operation {n} on {key}");
            let repaired: Vec<ShardId> = events_since(&simulation, from)
                .iter()
                .filter_map(|event| match event.kind {
                    EventKind::RouteRepaired { shard, to: 2, .. } => Some(shard),
                    _ => None,
                })
                .collect();
            assert!(repaired.contains(if key == 50 { &A } else { &B }), "{repaired:?}");
            assert_safe(&simulation);
        }
    }
}

/// Given 2,000 keys, when the shard is split while a scan of all of them is under way, then the
/// scan goes on in the new shard and returns every pair, each once.
#[test]
fn a_scan_goes_on_across_a_split_that_happens_in_the_middle() {
    // Nodes that serve at once: the first page is to come before the split.
    let options = Options { last_key: 2_000, think_ns: 0, node_capacity: 0, ..Options::seeded(7) };
    let mut simulation = Simulation::new(&options).expect("valid");
    submit(&mut simulation, Command::NextPhase);
    simulation.run_until(Condition::Phase(1), LIMIT).expect("every key is written");
    submit(&mut simulation, Command::Load { on: false });
    simulation.advance(Duration::from_secs(2), Budget::UNBOUNDED);
    let from = last_seq(&simulation);
    submit(&mut simulation, scan(1, 2_001));
    submit(&mut simulation, Command::Split { shard: A, key: Key(1_500) });
    let ended = finish(&mut simulation);
    assert_eq!(ended.answer, Some(Answer::Scanned { pairs: 2_000 }));
    let keys: Vec<u64> = scanned(&simulation, from).iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, (1..=2_000).collect::<Vec<_>>());
    let events = events_since(&simulation, from);
    let at = |is: &dyn Fn(&EventKind) -> bool| events.iter().position(|event| is(&event.kind));
    let first = at(&|kind| matches!(kind, EventKind::Scanned { .. }));
    let split = at(&|kind| matches!(kind, EventKind::SplitApplied { .. }));
    let last = at(&|kind| matches!(kind, EventKind::Scanned { next: Key(2_001), .. }));
    assert!(first < split && split < last, "{first:?}, {split:?}, {last:?}");
    assert_safe(&simulation);
}

/// Given four shards and keys that are written and deleted, a scan over some of them returns what
/// lies in its range, in order, and nothing from beyond.
#[test]
fn a_scan_returns_what_lies_in_its_range_over_all_shards() {
    let mut simulation = quiet(&Options { initial_shards: 4, ..Options::seeded(8) });
    for key in [10, 50, 51, 99, 100, 150, 180] {
        assert_eq!(answer(&mut simulation, write(key, key * 2)), DONE);
    }
    assert_eq!(answer(&mut simulation, delete(99)), DONE);
    let from = last_seq(&simulation);
    assert_eq!(answer(&mut simulation, scan(11, 151)), Answer::Scanned { pairs: 4 });
    assert_eq!(scanned(&simulation, from), [(50, 100), (51, 102), (100, 200), (150, 300)]);
    let from = last_seq(&simulation);
    assert_eq!(answer(&mut simulation, scan(20, 30)), Answer::Scanned { pairs: 0 });
    assert_eq!(scanned(&simulation, from), []);
    assert_safe(&simulation);
}

/// Given a leader that is cut off and still believes to lead, a client that knows no other one turns
/// to the others after a while: the majority has a leader that serves it.
#[test]
fn a_client_does_not_wait_for_ever_for_a_leader_that_has_lost_its_quorum() {
    let mut simulation = quiet(&Options::seeded(14));
    submit(&mut simulation, Command::Isolate { node: NodeId(1) });
    simulation.advance(Duration::from_secs(4), Budget::UNBOUNDED);
    let before = simulation.time();
    assert_eq!(answer(&mut simulation, write(50, 1)), DONE);
    assert_eq!(answer(&mut simulation, read(50)), value(1));
    let took = simulation.time().since(before);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_safe(&simulation);
}

/// Given a client that reads from followers, when it writes and then reads, then a follower
/// answers with what was written, having asked its leader from where on it may.
#[test]
fn a_follower_reads_what_was_acknowledged_last() {
    let mut simulation = quiet(&Options { read_from: ReadFrom::Follower, ..Options::seeded(9) });
    let from = last_seq(&simulation);
    for n in 1..=40 {
        assert_eq!(answer(&mut simulation, write(50, n)), DONE);
        assert_eq!(answer(&mut simulation, read(50)), value(n));
    }
    assert_eq!(answer(&mut simulation, scan(1, 201)), Answer::Scanned { pairs: 1 });
    let readers = readers(&simulation, from);
    assert_eq!(readers.len(), 41, "each at the first attempt");
    assert!(!readers.contains(&NodeId(1)), "the leader answered none");
    let asked = |event: &&Event| {
        matches!(event.kind, EventKind::MessageDelivered { kind: MessageKind::ReadIndex, .. })
    };
    let asked = events_since(&simulation, from).iter().filter(asked).count();
    assert_eq!(asked, 2 * 41, "there and back");
    assert_safe(&simulation);
}

/// Given a follower that is cut off, reads that prefer it go on elsewhere, and none is stale.
#[test]
fn a_follower_that_cannot_ask_its_leader_leaves_the_read_to_others() {
    let mut simulation = quiet(&Options { read_from: ReadFrom::Follower, ..Options::seeded(9) });
    let from = last_seq(&simulation);
    answer(&mut simulation, write(50, 1));
    answer(&mut simulation, read(50));
    let own = readers(&simulation, from)[0];
    submit(&mut simulation, Command::Isolate { node: own });
    for n in 2..=10 {
        assert_eq!(answer(&mut simulation, write(50, n)), DONE);
        let from = last_seq(&simulation);
        assert_eq!(answer(&mut simulation, read(50)), value(n));
        assert_ne!(readers(&simulation, from).last(), Some(&own));
    }
    assert_safe(&simulation);
}

/// Given clients that read from the nearest replica, reads are faster than from the leader if that
/// one is not near, and they are answered right.
#[test]
fn reads_from_the_nearest_replica_end_up_where_answers_come_fastest() {
    // Nodes that serve at once: what answers take is the way alone.
    let (read_from, node_capacity) = (ReadFrom::Nearest, 0);
    let mut simulation = quiet(&Options { read_from, node_capacity, ..Options::seeded(10) });
    answer(&mut simulation, write(50, 1));
    for _ in 0..60 {
        assert_eq!(answer(&mut simulation, read(50)), value(1));
    }
    let from = last_seq(&simulation);
    for _ in 0..20 {
        assert_eq!(answer(&mut simulation, read(50)), value(1));
    }
    let readers = readers(&simulation, from);
    let most = readers.iter().filter(|node| **node == readers[0]).count();
    assert!(most >= 18, "{readers:?}");
    submit(&mut simulation, Command::Crash { node: readers[0] });
    for _ in 0..20 {
        assert_eq!(ask(&mut simulation, read(50)).outcome, Outcome::Ok);
    }
    assert_safe(&simulation);
}

/// Given a quiet cluster, a read on a lease returns what was written last, and asks no quorum: it
/// takes one round trip where ReadIndex takes another one.
#[test]
fn a_read_on_a_lease_is_right_in_a_quiet_cluster_and_asks_nobody() {
    let took = |read_policy| {
        // Nodes that serve at once: round trips are compared, and nothing else.
        let options = Options { read_policy, node_capacity: 0, ..Options::seeded(11) };
        let mut simulation = quiet(&options);
        let mut took = Duration::ZERO;
        for n in 1..=20 {
            assert_eq!(answer(&mut simulation, write(50, n)), DONE);
            simulation.advance(Duration::from_millis(70), Budget::UNBOUNDED);
            let before = simulation.time();
            assert_eq!(answer(&mut simulation, read(50)), value(n));
            took += simulation.time().since(before);
        }
        assert_safe(&simulation);
        took
    };
    let (asked, trusted) = (took(ReadPolicy::ReadIndex), took(ReadPolicy::Lease));
    assert!(trusted * 3 < asked * 2, "on a lease {trusted:?}, by read index {asked:?}");
}

/// Given a load of everything that clients can ask for, on followers too, while a shard is split
/// and moved, then every operation is done and the histories are linearizable.
#[test]
fn a_load_of_all_operations_goes_on_while_shards_split_and_move() {
    let all = [ReadFrom::Leader, ReadFrom::Follower, ReadFrom::Nearest];
    for (seed, read_from) in (1..).zip(all) {
        let options = Options {
            delete_percent: 20,
            update_percent: 30,
            scan_percent: 30,
            scan_keys: 60,
            read_from,
            ..Options::seeded(seed)
        };
        let mut simulation = Simulation::new(&options).expect("valid");
        submit(&mut simulation, Command::Load { on: true });
        simulation.advance(Duration::from_secs(2), Budget::UNBOUNDED);
        let from = last_seq(&simulation);
        split(&mut simulation, A, 101);
        let voters = [3, 4, 5].map(NodeId).to_vec();
        submit(&mut simulation, Command::Move { shard: B, voters, learners: vec![] });
        simulation.run_until(Condition::Settled, LIMIT).expect("it has moved");
        simulation.advance(Duration::from_secs(2), Budget::UNBOUNDED);
        let mut asked = BTreeSet::new();
        for event in events_since(&simulation, from) {
            if let EventKind::Completed { operation, outcome, .. } = event.kind {
                assert_eq!(outcome, Outcome::Ok);
                asked.insert(operation.verb());
            }
        }
        let all = ["compare and set", "delete", "read", "scan", "write"];
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), all, "{read_from:?}");
        let client = |c: &ClientView| (c.failed, c.unknown);
        assert!(simulation.view().clients.iter().all(|c| client(c) == (0, 0)));
        assert_safe(&simulation);
    }
}
