//! What a run holds stays within bounds, however hard it is driven.

use std::time::Duration;

use shardscope_core::{Budget, Command, Options, Simulation, Usage};

/// Far more load than the page makes: every client asks again as soon as it is answered.
fn busy(clients: u16) -> Options {
    Options { clients, think_ns: 0, write_percent: 100, node_capacity: 0, ..Options::seeded(7) }
}

/// Rows that a node may hold beside its log: record, vote, commit, purge and snapshot.
const OTHER_ROWS: u64 = 5;
/// By how much the slowest follower's round trip may exceed the fastest one's: the bounds of a link's
/// latency are 1 to 2.3. Each client has one write under way in the time of the faster one.
const SLOWER_ROUND_TRIP: u64 = 3;

/// Round trips to the slowest follower that the log spans. From a snapshot to the moment at which that
/// follower is known to match it: the one that is under way without it, and the one that brings it.
/// As many again from there to the same moment of the next snapshot, which drops what is before the
/// first one.
const ROUND_TRIPS: u64 = 4;

/// The most rows that a leader may hold.
fn rows_max(options: &Options) -> u64 {
    let under_way = u64::from(options.clients) * SLOWER_ROUND_TRIP;
    ROUND_TRIPS * under_way + 2 * options.snapshot_every + options.log_kept + OTHER_ROWS
}

fn rows(usage: &Usage) -> u64 {
    usage.nodes.iter().map(|node| node.rows as u64).max().unwrap_or(0)
}

/// Given clients that never pause, when they have written far more than may be kept,
/// then at every moment no node's log holds more than what is under way and what snapshots leave.
#[test]
fn logs_stay_short_under_any_load() {
    for (clients, virtual_ms) in [(3, 2_000), (64, 1_000), (1_024, 600)] {
        let options = busy(clients);
        let mut simulation = Simulation::new(&options).expect("the options are valid");
        simulation.submit(Command::Load { on: true }).expect("load can always be started");
        // Every client finds the leader first.
        simulation.advance(Duration::from_secs(1), Budget::UNBOUNDED);
        let mut most = 0;
        for _ in 0..virtual_ms / 10 {
            simulation.advance(Duration::from_millis(10), Budget::UNBOUNDED);
            most = most.max(rows(&simulation.usage()));
        }
        let applied = simulation.view().replicas.iter().map(|r| r.applied).max().unwrap_or(0);
        let bound = rows_max(&options);
        assert!(applied > 2 * bound, "{clients} clients: only {applied} entries say little");
        assert!(most <= bound, "{clients} clients: {most} rows, and {bound} are allowed");
    }
}
