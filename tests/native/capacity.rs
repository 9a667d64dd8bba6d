//! A node's capacity: what it serves, who waits, and what becomes of them.

use std::time::Duration;

use shardscope_core::{Budget, Command, NodeId, Options, Simulation};

use crate::asking::{assert_safe, submit};

/// Clients that never pause, and nodes that serve a hundred operations a second each.
fn loaded(clients: u16) -> Simulation {
    let options = Options {
        clients,
        think_ns: 0,
        node_capacity: 100,
        initial_shards: 3,
        ..Options::seeded(7)
    };
    let mut simulation = Simulation::new(&options).expect("valid");
    submit(&mut simulation, Command::Load { on: true });
    simulation
}

fn wait(simulation: &mut Simulation, ms: u64) {
    simulation.advance(Duration::from_millis(ms), Budget::UNBOUNDED);
}

/// What each node served in the last second, and how many wait on it.
fn nodes(simulation: &Simulation) -> Vec<(u32, u32)> {
    simulation.view().nodes.iter().map(|n| (n.ops_per_second, n.queued)).collect()
}

fn answered(simulation: &Simulation) -> u64 {
    simulation.view().clients.iter().map(|c| c.ok).sum()
}

/// Given more clients than may wait on a node, then it serves its capacity and no more, the queue
/// stays within its bound (20 operations wait 200 ms), and those that are told "busy" ask again
/// until they are served: none fails.
#[test]
fn a_node_serves_its_capacity_and_turns_away_what_would_wait_for_too_long() {
    let mut simulation = loaded(100);
    wait(&mut simulation, 2_000);
    let (mut busy, mut longest) = (false, 0);
    for _ in 0..200 {
        wait(&mut simulation, 10);
        let view = simulation.view();
        busy |= view.messages.iter().any(|m| m.summary == "busy, ask again");
        longest = view.nodes.iter().map(|n| n.queued).max().unwrap_or(0).max(longest);
        for node in &view.nodes {
            assert!(node.ops_per_second <= 101, "{} serves {}", node.name, node.ops_per_second);
        }
    }
    assert!(busy, "nobody was turned away");
    assert_eq!(longest, 20, "as many wait as may");
    let leading = nodes(&simulation).into_iter().filter(|(served, _)| *served >= 95).count();
    assert!(leading >= 1, "{:?}", nodes(&simulation));
    submit(&mut simulation, Command::Load { on: false });
    wait(&mut simulation, 3_000);
    for client in simulation.view().clients {
        assert_eq!((client.failed, client.unknown, client.pending.as_str()), (0, 0, ""));
    }
    assert_safe(&simulation);
}

/// Given clients that wait on n2, which leads the shard that most keys asked for are in, when it is
/// paused it serves nothing and forgets nobody; when it crashes, nobody waits any more.
#[test]
fn a_paused_node_serves_nothing_and_a_crashed_one_has_no_queue() {
    let mut simulation = loaded(60);
    wait(&mut simulation, 2_000);
    let node = NodeId(2);
    let n2 = |s: &Simulation| nodes(s)[1];
    let waiting = n2(&simulation).1;
    assert!(waiting > 0, "{:?}", nodes(&simulation));
    submit(&mut simulation, Command::Pause { node });
    wait(&mut simulation, 1_500);
    assert_eq!(n2(&simulation), (0, waiting));
    submit(&mut simulation, Command::Resume { node });
    wait(&mut simulation, 3_000);
    submit(&mut simulation, Command::Crash { node });
    assert_eq!(n2(&simulation).1, 0);
    submit(&mut simulation, Command::Restart { node });
    wait(&mut simulation, 3_000);
    let before = answered(&simulation);
    wait(&mut simulation, 1_000);
    assert!(answered(&simulation) > before, "clients go on");
    assert_safe(&simulation);
}

/// Given a node whose queue is full, then what its replicas send each other does not wait: it keeps
/// its leadership, and followers keep up.
#[test]
fn raft_does_not_wait_behind_clients() {
    let mut simulation = loaded(100);
    wait(&mut simulation, 2_000);
    let leaders = |s: &Simulation| s.view().shards.iter().map(|s| s.leader).collect::<Vec<_>>();
    let gaps =
        |s: &Simulation| -> Vec<u64> { s.view().shards.iter().map(|s| s.longest_gap_ns).collect() };
    let before = (leaders(&simulation), gaps(&simulation));
    wait(&mut simulation, 5_000);
    assert_eq!((leaders(&simulation), gaps(&simulation)), before);
}
