//! What lease reads risk: OpenRaft's follower forgets on a restart the lease that it granted.
//! Described for its maintainers in docs/findings/lease-read.md.

use std::time::Duration;

use shardscope_core::view::RoleView;
use shardscope_core::{
    Budget, Command, Condition, Key, NodeId, Options, ReadFrom, ReadPolicy, Simulation, Violation,
};

const KEY: Key = Key(1);
/// Far more than the write and the read take.
const LIMIT: Duration = Duration::from_secs(60);

/// Three replicas on three nodes, and one client, which reads from another replica than the one
/// that it believes to lead.
fn options(seed: u64, read_policy: ReadPolicy) -> Options {
    let read_from = ReadFrom::Follower;
    Options { nodes: 3, clients: 1, read_policy, read_from, ..Options::seeded(seed) }
}

/// Eight commands: a leader is cut off, with a lease from both followers; if they `restart`, they
/// have forgotten that, and elect another one at once, which takes a write; then the old leader is
/// asked. Returns what was found false.
fn run(options: &Options, restart: bool) -> Vec<Violation> {
    let [n1, n2, n3] = [1, 2, 3].map(NodeId);
    let mut simulation = Simulation::new(options).expect("valid");
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    simulation.submit(Command::Write { key: KEY, value: 1 }).expect("it is a key");
    simulation.run_until(Condition::NextCommit, LIMIT).expect("it is written");
    simulation.submit(Command::Isolate { node: n1 }).expect("it exists");
    if restart {
        for node in [n2, n3] {
            simulation.submit(Command::Crash { node }).expect("it is up");
        }
        for node in [n2, n3] {
            simulation.submit(Command::Restart { node }).expect("it is down");
        }
    }
    simulation.submit(Command::Write { key: KEY, value: 2 }).expect("it is a key");
    simulation.submit(Command::Read { key: KEY }).expect("it is a key");
    assert!(simulation.recording().commands.len() <= 8);
    for _ in 0..2 {
        simulation.run_until(Condition::NextCommit, LIMIT).expect("a majority is up");
    }
    let view = simulation.view();
    let client = &view.clients[0];
    assert_eq!((client.ok, client.failed, client.unknown), (3, 0, 0), "seed {}", options.seed);
    simulation.violations().to_vec()
}

/// How many seeds to try: some, or as many as `SEEDS` says.
fn seeds() -> u64 {
    std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

/// Of so many seeds, in how many a stale read was found; it is the only thing that ever is.
fn stale(read_policy: ReadPolicy, restart: bool) -> u64 {
    let found = |seed: &u64| {
        let violations = run(&options(*seed, read_policy), restart);
        for violation in &violations {
            assert_eq!(violation.id, "S16", "seed {seed}: {}", violation.text);
        }
        let stale = |v: &Violation| v.text.contains("which was overwritten before it began");
        assert_eq!(violations.iter().any(stale), !violations.is_empty(), "{violations:?}");
        !violations.is_empty()
    };
    (1..=seeds()).filter(found).count() as u64
}

/// Given a leader with a lease that is cut off, when those who granted it restart and elect another
/// one, then the old one answers a read from its lease although a newer write was acknowledged.
/// Both properties of clients' histories find it.
#[test]
fn a_lease_read_is_stale_if_those_who_granted_the_lease_have_restarted() {
    let found = stale(ReadPolicy::Lease, true);
    println!("a stale read under {found} of {} seeds", seeds());
    assert!(found * 2 > seeds(), "{found} of {}", seeds());
    let violations = (1..).map(|seed| run(&options(seed, ReadPolicy::Lease), true));
    let first = violations.into_iter().find(|v| !v.is_empty()).expect("most seeds have it");
    let names: Vec<&str> = first.iter().map(|violation| violation.name).collect();
    assert_eq!(names, ["linearizable histories", "an order explains the histories"]);
}

/// Given the same commands without the restarts, the lease is honoured: no read is stale.
#[test]
fn a_lease_read_is_right_as_long_as_nobody_who_granted_the_lease_restarts() {
    assert_eq!(stale(ReadPolicy::Lease, false), 0);
}

/// Given clients that read on leases while leadership is handed around, then each lease is held to
/// those of later leaders, and whoever has handed over serves no more.
#[test]
fn leases_are_compared_while_leadership_is_handed_around() {
    let read_policy = ReadPolicy::Lease;
    let mut simulation =
        Simulation::new(&Options { read_policy, ..Options::seeded(7) }).expect("valid");
    simulation.submit(Command::Load { on: true }).expect("there are clients");
    // Until then a lease may be one that somebody has forgotten on the start.
    simulation.advance(Duration::from_secs(4), Budget::UNBOUNDED);
    for node in [2, 3, 1].map(NodeId) {
        let shard = shardscope_core::ShardId(1);
        simulation.submit(Command::TransferLeader { shard, node }).expect("it votes");
        simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    }
    assert_eq!(simulation.violations(), []);
    for (id, name, compared) in simulation.property_counts() {
        if ["S6", "S19"].contains(&id) {
            println!("{id:>4} {name:<32} {compared:>8}");
            assert!(compared > 100, "{id}, {name}, compared only {compared}");
        }
    }
}

/// Given the very same commands, a read by read index is never stale: the old leader asks a quorum
/// and gets no answer, and the read goes on to others.
#[test]
fn a_read_by_read_index_is_right_whoever_restarts() {
    assert_eq!(stale(ReadPolicy::ReadIndex, true), 0);
}

/// Given a leader that is cut off, then its lease runs out in the longest election timeout, while
/// that of the one elected in its place is fresh.
#[test]
fn the_lease_of_a_leader_that_is_cut_off_runs_out() {
    let options = options(1, ReadPolicy::Lease);
    let mut simulation = Simulation::new(&options).expect("valid");
    let leases = |simulation: &Simulation| -> Vec<(u16, Option<u32>)> {
        let replicas = simulation.view().replicas.into_iter();
        let leaders = replicas.filter(|r| r.role == RoleView::Leader);
        leaders.map(|r| (r.node, r.election_left_permille)).collect()
    };
    simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
    let [(1, Some(fresh))] = leases(&simulation)[..] else { panic!("{:?}", leases(&simulation)) };
    let longest = Duration::from_millis(options.election_timeout_ms.1);
    let heartbeats =
        u32::try_from(1_000 * 2 * options.heartbeat_ms / options.election_timeout_ms.1);
    assert!(1_000 - fresh <= heartbeats.expect("less than a thousand"), "{fresh} left");

    simulation.submit(Command::Isolate { node: NodeId(1) }).expect("it exists");
    simulation.advance(longest, Budget::UNBOUNDED);
    assert_eq!(leases(&simulation), [(1, Some(0))]);
    simulation.advance(2 * longest, Budget::UNBOUNDED);
    let [(1, Some(0)), (_, Some(1..))] = leases(&simulation)[..] else {
        panic!("{:?}", leases(&simulation))
    };
}
