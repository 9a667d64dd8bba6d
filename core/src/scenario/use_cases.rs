//! What sharding is for: the four use cases as stories with figures, one value each.
//!
//! In each, clients ask for more than one node serves, or from afar; what placement does about it is
//! seen in operations a second and in latency. `tests/native/use_cases.rs` measures them.

use super::story::{Story, told};
use crate::event::{EventKind, Step};
use crate::id::NodeId;
use crate::key::Key;
use crate::options::Options;
use crate::placement::hot::AutoSplit;

fn split_applied(e: &EventKind) -> bool {
    matches!(e, EventKind::SplitApplied { .. })
}

fn balance_moves(e: &EventKind) -> bool {
    matches!(e, EventKind::BalanceMoves { .. })
}

fn adds_learner(e: &EventKind) -> bool {
    matches!(e, EventKind::PlacementStep { step: Step::AddLearner { .. }, .. })
}

fn reached(e: &EventKind) -> bool {
    matches!(e, EventKind::PlacementReached { .. })
}

pub(super) const HORIZONTAL_SCALING: Story = Story {
    name: "horizontal-scaling",
    title: "Horizontal scaling",
    about: "One shard is all there is, and one node serves it. Placement splits what is hot and \
            spreads the parts over nodes that were idle: the same clients get more done.",
    property: "S4 a split conserves · S1 ranges tile the key space",
    finds: None,
    script: "# eight eager clients, one shard, one node that serves\n\
             load on\n\
             wait 1500 ms # the figures before\n\
             when split_applied # hot for two seconds: placement splits it\n\
             wait 12 s # and evens the nodes, one move at a time",
    options: || Options {
        clients: 8,
        think_ns: 1_000_000,
        auto_split: AutoSplit::Split,
        balance: true,
        ..Options::default()
    },
    captions: &[
        told(
            "hot",
            "Eight clients ask for more than n1 can serve: they **wait in line**. The shard has \
             been hot in four reports in a row, and the sampled keys say where a split would \
             divide the load.",
            ["", "AutoSplitController, split.qps-threshold"],
            |e| matches!(e, EventKind::ShardHot { .. }),
        ),
        told(
            "split",
            "Two shards now. A split alone wins nothing yet: **the same node leads both**.",
            ["raft.client_write(Proposal::Split)", "BatchSplit"],
            split_applied,
        ),
        told(
            "leader",
            "Placement sees one node with all the load, and hands **leadership** of one half to a \
             node that has the data already. That costs one round trip.",
            ["raft.trigger().transfer_leader(to)", "balance-hot-region"],
            |e| matches!(e, EventKind::BalanceMoves { replica: false, .. }),
        ),
        told(
            "replica",
            "n4 and n5 hold nothing yet. A follower is **moved** there: learner, snapshot, vote, \
             and the old one destroyed.",
            ["raft.change_membership_if(…)", "balance-region"],
            |e| matches!(e, EventKind::BalanceMoves { to: NodeId(4 | 5), .. }),
        ),
        told(
            "more",
            "What was one shard on one node is **several shards on several nodes**, and each \
             serves its part. Compare operations a second with the beginning.",
            ["", "operator finished"],
            reached,
        ),
    ],
};

pub(super) const LOAD_BALANCING: Story = Story {
    name: "load-balancing",
    title: "Load balancing",
    about: "Five shards live on three of five nodes. Placement evens leaders and replicas over all \
            five, by number and by load, and comes to rest.",
    property: "S17 one membership change at a time · S9 replica ids grow",
    finds: None,
    script: "# five shards on n1, n2 and n3; n4 and n5 are idle\n\
             load on\n\
             wait 1500 ms # the figures before\n\
             when balance_moves\n\
             wait 8 s # until it rests",
    options: || Options {
        clients: 10,
        think_ns: 1_000_000,
        initial_shards: 5,
        // Two clients a shard.
        client_keys: (0..10).map(|c| (Key(c / 2 * 40 + 1), Key(c / 2 * 40 + 40))).collect(),
        balance: true,
        ..Options::default()
    },
    captions: &[
        told(
            "uneven",
            "Each node reports what it holds and what clients ask of it. Three do all the work; \
             **n4 and n5 report nothing**. Placement makes a move only if it makes the nodes more \
             even by more than a tolerance.",
            ["", "StoreHeartbeat, balance schedulers"],
            balance_moves,
        ),
        told(
            "add",
            "A shard moves as any shard does: first a **learner** where it is wanted.",
            ["raft.add_learner(id, node, blocking)", "AddLearner"],
            adds_learner,
        ),
        told(
            "done",
            "It votes there, and the replica that it replaces is **destroyed**. Then placement \
             waits until reports show what that led to, and only then makes the next move.",
            ["raft.change_membership_if(…)", "operator finished"],
            reached,
        ),
        told(
            "next",
            "The next move, **one at a time**: load first, by the shards that a node leads, then the \
             number of replicas. Once no move would help by more than the tolerance, nothing \
             moves.",
            ["", "balance-hot-region, balance-region"],
            balance_moves,
        ),
    ],
};

pub(super) const DATA_LOCALITY: Story = Story {
    name: "data-locality",
    title: "Data locality",
    about: "Clients 3 and 4 sit beside n5, far from the others, and ask for keys from 101 on. Their \
            shard moves to where they are.",
    property: "S16 linearizable histories · S11 destroyed stays destroyed",
    finds: None,
    script: "# n4 and n5 are 40 ms from n1, n2 and n3; clients 3 and 4 are with n5\n\
             load on\n\
             wait 1 s\n\
             split shard_a 101\n\
             when placement_reached\n\
             wait 2 s # the figures before\n\
             move shard_b n5 n4\n\
             when placement_reached\n\
             wait 2 s # and after",
    options: || {
        let (low, high) = ((Key(1), Key(100)), (Key(101), Key(200)));
        Options {
            clients: 4,
            client_homes: [1, 2, 5, 5].map(NodeId).to_vec(),
            client_keys: vec![low, low, high, high],
            far_nodes: [4, 5].map(NodeId).to_vec(),
            far_latency_ns: 40_000_000,
            ..Options::default()
        }
    },
    captions: &[
        told(
            "split",
            "The keys that the far clients use are a **shard of their own** now: shard_b, from \
             101 on. Only what is a shard can be moved.",
            ["raft.client_write(Proposal::Split)", "BatchSplit"],
            split_applied,
        ),
        told(
            "learner",
            "shard_b goes to n5, next door to them, and to n4. The snapshot makes the long way \
             **once**, so that each operation need not.",
            ["RaftNetworkV2::full_snapshot", "SnapshotTask"],
            |e| matches!(e, EventKind::SnapshotInstalled { node: NodeId(4 | 5), .. }),
        ),
        told(
            "transfer",
            "n5 takes over. From now on a write is asked, replicated and answered **among near \
             nodes**.",
            ["raft.trigger().transfer_leader(to)", "TransferLeader"],
            |e| matches!(e, EventKind::TransferStarted { to: NodeId(5), .. }),
        ),
        told(
            "near",
            "The replicas far from their clients are gone. Clients 3 and 4 are answered in **a few \
             milliseconds**; clients 1 and 2 never noticed.",
            ["raft.change_membership_if(RemoveVoters, …)", "placement rules"],
            reached,
        ),
    ],
};

pub(super) const RESOURCE_ISOLATION: Story = Story {
    name: "resource-isolation",
    title: "Resource isolation",
    about: "Client 1 asks little of shard_a; six noisy ones ask all they can of shard_b, on the \
            same node. Then shard_b gets nodes of its own.",
    property: "S10 destroyed is silent · S2 no overlap on a node",
    finds: None,
    script: "# client 1 uses keys up to 100, six noisy ones those above\n\
             split shard_a 101\n\
             when placement_reached\n\
             load on\n\
             wait 2 s # the figures before\n\
             move shard_b n4 n5\n\
             when placement_reached\n\
             wait 2 s # and after",
    options: || Options {
        clients: 7,
        think_ns: 1_000_000,
        client_keys: [vec![(Key(1), Key(100))], vec![(Key(101), Key(200)); 6]].concat(),
        ..Options::default()
    },
    captions: &[
        told(
            "shared",
            "Two shards, one node that leads both. **The line is one**: what client 1 asks of \
             shard_a waits behind all that others ask of shard_b.",
            ["", "unified read pool, scheduler"],
            split_applied,
        ),
        told(
            "moving",
            "shard_b moves to n4 and n5, **while all of them go on**.",
            ["raft.add_learner(id, node, blocking)", "AddLearner"],
            adds_learner,
        ),
        told(
            "apart",
            "n1 serves **shard_a alone**. The noisy clients wait as before, but only behind each \
             other: client 1 feels nothing of them any more.",
            ["raft.change_membership_if(RemoveVoters, …)", "placement rules"],
            |e| matches!(e, EventKind::ReplicaDestroyed { node: NodeId(1), .. }),
        ),
    ],
};
