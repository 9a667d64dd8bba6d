//! What sharding is for: the four use cases, as the gallery tells them, each with its figure: a ratio
//! of before and after in the same run.
//!
//! `cargo test -p shardscope-tests use_cases -- --nocapture` prints the figures.

use std::time::Duration;

use shardscope_core::view::View;
use shardscope_core::{Script, Simulation, Story};

const LIMIT: Duration = Duration::from_secs(30);

/// Runs a story of the gallery. Returns what there is to see at the end of its first `before` lines,
/// when the figures before are taken, and at its end.
fn told(name: &str, seed: u64, before: usize) -> [View; 2] {
    let story = Story::named(name).expect("it is in the gallery");
    let steps = Script::parse(story.script).expect(name).steps;
    let mut simulation = Simulation::new(&story.options(seed)).expect(name);
    let (first, rest) = steps.split_at(before);
    let views = [first, rest].map(|steps| {
        let part = Script { steps: steps.to_vec() };
        part.run(&mut simulation, LIMIT).unwrap_or_else(|e| panic!("{name}, seed {seed}: {e}"));
        simulation.view()
    });
    assert_eq!(simulation.violations(), [], "{name}, seed {seed}");
    for client in &views[1].clients {
        assert_eq!((client.failed, client.unknown), (0, 0), "{name}, seed {seed}: {client:?}");
    }
    views
}

/// What each node served in the last second.
fn served(view: &View) -> Vec<u32> {
    view.nodes.iter().map(|n| n.ops_per_second).collect()
}

fn ms(ns: u64) -> String {
    format!("{}.{} ms", ns / 1_000_000, ns / 100_000 % 10)
}

/// Given one hot shard on one node of five, when placement splits it and spreads the parts, then the
/// same clients get at least twice as much done.
#[test]
fn horizontal_scaling_more_nodes_serve_more() {
    for seed in [7, 8, 9] {
        let [before, after] = told("horizontal-scaling", seed, 2).map(|view| served(&view));
        println!("seed {seed}: operations/s by node {before:?} → {after:?}");
        let [one, more]: [u32; 2] = [before.iter().sum(), after.iter().sum()];
        assert!(more >= 2 * one, "seed {seed}: {one} operations/s before, {more} after");
    }
}

/// Given five shards on three of five nodes, when placement balances, then all five serve, and the
/// busiest of them is less far above the mean than it was: at most half as far.
#[test]
fn load_balancing_all_nodes_take_their_share() {
    for seed in [7, 8, 9] {
        let views = told("load-balancing", seed, 2);
        let replicas = |view: &View| {
            let of = |id| view.replicas.iter().filter(|r| r.node == id).count();
            view.nodes.iter().map(|n| of(n.id)).collect::<Vec<_>>()
        };
        println!("seed {seed}: replicas {:?} → {:?}", replicas(&views[0]), replicas(&views[1]));
        let [before, after] = views.map(|view| served(&view));
        println!("seed {seed}: operations/s by node {before:?} → {after:?}");
        assert_eq!(before[3..], [0, 0], "n4 and n5 are idle at first");
        assert!(after.iter().all(|served| *served > 0), "seed {seed}: {after:?}");
        // The busiest node's excess over the mean, of a thousand parts of the mean.
        let excess = |served: &[u32]| {
            let sum: u32 = served.iter().sum();
            let most = served.iter().max().copied().unwrap_or(0);
            (most * 5).saturating_sub(sum) * 1_000 / sum.max(1)
        };
        let (was, is) = (excess(&before), excess(&after));
        assert!(is * 2 <= was, "seed {seed}: the busiest was {was} ‰ above the mean, is {is} ‰");
    }
}

/// Given clients that are far from the shard that they use, when it moves to where they are, then
/// they wait a fifth as long at most; the others' latency stays within a quarter of what it was.
#[test]
fn data_locality_far_clients_wait_less_when_their_shard_is_near() {
    for seed in [7, 8, 9] {
        let [before, after] = told("data-locality", seed, 5);
        let of = |view: &View, client: usize| view.clients[client].latency_ns;
        for far in [2, 3] {
            let (was, is) = (of(&before, far), of(&after, far));
            println!("seed {seed}, client {}: {} → {}", far + 1, ms(was), ms(is));
            assert!(is > 0 && is * 5 <= was, "seed {seed}: {} → {}", ms(was), ms(is));
        }
        for near in [0, 1] {
            let (was, is) = (of(&before, near), of(&after, near));
            println!("seed {seed}, client {}: {} → {}", near + 1, ms(was), ms(is));
            assert!(is * 4 <= was * 5, "seed {seed}: {} → {}", ms(was), ms(is));
        }
    }
}

/// Given a critical shard on the same node as a noisy one, when the noisy one has moved to nodes of
/// its own, then 99 of a hundred operations on the critical one take half as long at most.
#[test]
fn resource_isolation_a_critical_shard_no_longer_feels_a_noisy_one() {
    for seed in [7, 8, 9] {
        let views = told("resource-isolation", seed, 4);
        let [was, is] = views.map(|view| view.shards[0].latency_p99_ns);
        println!("seed {seed}: p99 of shard_a {} → {}", ms(was), ms(is));
        assert!(is > 0 && is * 2 <= was, "seed {seed}: {} → {}", ms(was), ms(is));
    }
}
