//! What placement does by itself about load: hot shards are named or split, nodes are evened, and it
//! comes to rest; whatever breaks meanwhile.

use std::time::Duration;

use shardscope_core::{AutoSplit, Budget, Command, Condition, NodeId, Options, Simulation, Story};

use crate::asking::{LIMIT, assert_safe, submit};

fn loaded(options: &Options) -> Simulation {
    let mut simulation = Simulation::new(options).expect("valid");
    submit(&mut simulation, Command::Load { on: true });
    simulation
}

fn wait(simulation: &mut Simulation, ms: u64) {
    simulation.advance(Duration::from_millis(ms), Budget::UNBOUNDED);
}

fn count(simulation: &Simulation, name: &str) -> usize {
    simulation.major_events_since(0).iter().filter(|e| e.kind.name() == name).count()
}

/// Given a shard that stays hot, when placement may only propose, then it says once where a split
/// would balance it, which is near the middle of the load, splits nothing, and takes it back when
/// the load ends.
#[test]
fn a_hot_shard_is_named_with_the_key_that_would_balance_it() {
    let options = Options { auto_split: AutoSplit::Propose, ..Options::seeded(7) };
    let mut simulation = loaded(&options);
    simulation.run_until(Condition::Event("shard_hot"), LIMIT).expect("it is hot");
    let proposals = simulation.view().proposals;
    let key = proposals.first().and_then(|line| {
        let key = line.strip_prefix("shard_a is hot: a split at ")?;
        key.strip_suffix(" would balance it")?.parse::<u64>().ok()
    });
    assert!(key.is_some_and(|key| (80..=120).contains(&key)), "{proposals:?}");
    wait(&mut simulation, 3_000);
    assert_eq!((simulation.view().shards.len(), count(&simulation, "shard_hot")), (1, 1));
    submit(&mut simulation, Command::Load { on: false });
    wait(&mut simulation, 2_000);
    assert_eq!(simulation.view().proposals, Vec::<String>::new());
}

/// Given load that is below the threshold, or hot only for a moment, then no shard is split.
#[test]
fn a_shard_that_is_not_hot_for_long_is_left_whole() {
    let options = Options { auto_split: AutoSplit::Split, ..Options::seeded(7) };
    let mut cool = loaded(&Options { clients: 2, ..options.clone() });
    wait(&mut cool, 8_000);
    assert_eq!(count(&cool, "shard_hot"), 0);
    let mut brief = loaded(&options);
    wait(&mut brief, 1_400);
    submit(&mut brief, Command::Load { on: false });
    wait(&mut brief, 4_000);
    assert_eq!((brief.view().shards.len(), count(&brief, "shard_hot")), (1, 0));
}

/// Given a hot shard, when placement may split, then it does, and each half gets about half of the
/// load: neither is hot.
#[test]
fn a_hot_shard_is_split_so_that_both_halves_have_their_share() {
    let options = Options { auto_split: AutoSplit::Split, ..Options::seeded(7) };
    let mut simulation = loaded(&options);
    simulation.run_until(Condition::Event("shard_hot"), LIMIT).expect("it is hot");
    wait(&mut simulation, 3_000);
    let shards = simulation.view().shards;
    let loads: Vec<u32> = shards.iter().map(|s| s.ops_per_second).collect();
    assert_eq!((loads.len(), count(&simulation, "shard_hot")), (2, 1), "{loads:?}");
    let [one, other] = [loads[0].min(loads[1]), loads[0].max(loads[1])];
    assert!(one * 2 > other, "{loads:?}");
    assert_safe(&simulation);
}

/// Given the load that the gallery balances, when a node crashes in the midst of the moves and comes
/// back, then no operation fails, all nodes get their share in the end, and placement rests.
#[test]
fn balancing_survives_a_crash_and_comes_to_rest() {
    let story = Story::named("load-balancing").expect("it is in the gallery");
    let mut simulation = loaded(&story.options(3));
    wait(&mut simulation, 3_050);
    assert!(count(&simulation, "balance_moves") > 0);
    submit(&mut simulation, Command::Crash { node: NodeId(4) });
    wait(&mut simulation, 3_000);
    submit(&mut simulation, Command::Restart { node: NodeId(4) });
    wait(&mut simulation, 15_000);
    let moves = count(&simulation, "balance_moves");
    wait(&mut simulation, 5_000);
    assert_eq!(count(&simulation, "balance_moves"), moves, "it rests");
    let view = simulation.view();
    for node in &view.nodes {
        let replicas = view.replicas.iter().filter(|r| r.node == node.id).count();
        assert_eq!(replicas, 3, "{} holds its share of 15 replicas", node.name);
        assert!(node.ops_per_second >= 50, "{} serves {}", node.name, node.ops_per_second);
    }
    for client in &view.clients {
        assert_eq!((client.failed, client.unknown), (0, 0), "{client:?}");
    }
    assert_safe(&simulation);
}
