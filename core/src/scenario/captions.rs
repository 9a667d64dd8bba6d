//! What is told while the phases run: one idea a caption, shown once what it tells has happened.
//!
//! Captions wait for events, not for clocks, so they are true under any seed. Each names the
//! OpenRaft call behind it and TiKV's word for it.

use crate::event::{EventKind, Role, Step};
use crate::id::ShardId;
use crate::operation::Operation;
use crate::view::CaptionView;

/// One caption.
#[derive(Debug)]
pub(crate) struct Caption {
    pub(crate) id: &'static str,
    pub(crate) phase: u8,
    pub(crate) text: &'static str,
    pub(crate) call: &'static str,
    pub(crate) tikv: &'static str,
    /// Whether this event is what it tells.
    pub(crate) told_by: fn(&EventKind) -> bool,
}

impl Caption {
    /// As the page shows it.
    pub(crate) fn view(&self, reached: bool) -> CaptionView {
        CaptionView {
            id: self.id.into(),
            phase: self.phase,
            text: self.text.into(),
            call: self.call.into(),
            tikv: self.tikv.into(),
            reached,
        }
    }
}

const B: ShardId = ShardId(2);

/// All captions, in the order in which their events are expected.
pub(crate) const CAPTIONS: &[Caption] = &[
    Caption {
        id: "start",
        phase: 1,
        text: "Five nodes, one shard. **shard_a** holds all keys from 1 to 200, on n1, n2 and n3. \
               n4 and n5 are empty: spare capacity.",
        call: "Raft::new(id, config, network, log_store, state_machine)",
        tikv: "Region, Peer, Store",
        told_by: |e| matches!(e, EventKind::NodeStarted { .. }),
    },
    Caption {
        id: "leader",
        phase: 1,
        text: "n1 asked n2 and n3 for their votes and **leads** term 6. Every write goes through \
               it: to its own log, then to its followers.",
        call: "raft.trigger().elect(false)",
        tikv: "campaign",
        told_by: |e| matches!(e, EventKind::RoleChanged { role: Role::Leader, .. }),
    },
    Caption {
        id: "commit",
        phase: 1,
        text: "The clients write every key. A write is **acknowledged** once two of the three \
               disks hold it, and it has been applied.",
        call: "raft.client_write(operation)",
        tikv: "Propose, Commit, Apply",
        told_by: |e| matches!(e, EventKind::Completed { operation: Operation::Write(_), .. }),
    },
    Caption {
        id: "hot",
        phase: 1,
        text: "All the load meets one leader: **shard_a is hot**, and clients wait in line for n1. \
               More nodes do not help as long as it is one shard.",
        call: "raft.metrics()",
        tikv: "load-based split",
        told_by: |e| matches!(e, EventKind::PhaseCompleted { phase: 1 }),
    },
    Caption {
        id: "propose-split",
        phase: 2,
        text: "A split is **one entry** in shard_a's log: cut at key 101, call the right half \
               shard_b, and here is a new replica id for each node.",
        call: "raft.client_write(Proposal::Split)",
        tikv: "AdminCmd BatchSplit",
        told_by: |e| matches!(e, EventKind::SplitProposed { .. }),
    },
    Caption {
        id: "split",
        phase: 2,
        text: "Each replica that applies it cuts **at the same log index**, in one atomic batch on \
               its disk. No data crosses the network: every node keeps what it has, as two shards.",
        call: "RaftStateMachine::apply(entries)",
        tikv: "exec_batch_split",
        told_by: |e| matches!(e, EventKind::SplitApplied { .. }),
    },
    Caption {
        id: "child-leads",
        phase: 2,
        text: "shard_b starts with log index 5 of term 5 and all its data on all three nodes. The \
               node that led shard_a **campaigns at once**, so shard_b has a leader after one round \
               trip.",
        call: "Raft::new(…), then raft.trigger().elect(false)",
        tikv: "RAFT_INIT_LOG_TERM, maybe_campaign",
        told_by: |e| matches!(e, EventKind::RoleChanged { role: Role::Leader, shard: B, .. }),
    },
    Caption {
        id: "stale-route",
        phase: 2,
        text: "A client that still believes in the old shard names an old **epoch**. It is refused, \
               learns both new shards from the answer, and goes again. Nothing was lost.",
        call: "Operation names the epoch; checked at propose and again at apply",
        tikv: "EpochNotMatch",
        told_by: |e| matches!(e, EventKind::RouteRepaired { .. }),
    },
    Caption {
        id: "add-learner",
        phase: 3,
        text: "n4 and n5 join shard_b as **learners**. They copy everything and vote on nothing: \
               the quorum stays two of n1, n2, n3.",
        call: "raft.change_membership_if(AddNodes, …)",
        tikv: "AddLearner",
        told_by: |e| matches!(e, EventKind::PlacementStep { step: Step::AddLearner { .. }, .. }),
    },
    Caption {
        id: "room",
        phase: 3,
        text: "A first message finds no replica on the new node, so the node **makes room** for \
               one: uninitialized, without a range, serving nothing.",
        call: "Raft::new(…) on an empty log",
        tikv: "maybe_create_peer",
        told_by: |e| {
            matches!(e, EventKind::ReplicaStarted { origin: crate::event::Origin::Message, .. })
        },
    },
    Caption {
        id: "snapshot",
        phase: 3,
        text: "The log that a newcomer would need was compacted away, so the leader sends a \
               **snapshot**: range, epoch, data and client sessions in one.",
        call: "RaftNetworkV2::full_snapshot, install_full_snapshot",
        tikv: "SnapshotTask",
        told_by: |e| matches!(e, EventKind::SnapshotInstalled { .. }),
    },
    Caption {
        id: "caught-up",
        phase: 3,
        text: "Both learners have **caught up**: they are within ten entries of the leader, and \
               every new entry reaches them too.",
        call: "raft.metrics().replication",
        tikv: "pending_peers is empty",
        told_by: |e| matches!(e, EventKind::PhaseCompleted { phase: 3 }),
    },
    Caption {
        id: "promote",
        phase: 4,
        text: "n4 and n5 become voters in a **joint configuration**: until it is left, a majority \
               of the old three and one of the new five must agree. Two quorums cannot decide \
               apart.",
        call: "raft.change_membership_if(AddVoterIds, …)",
        tikv: "EnterJoint, LeaveJoint",
        told_by: |e| matches!(e, EventKind::PlacementStep { step: Step::Promote { .. }, .. }),
    },
    Caption {
        id: "transfer",
        phase: 4,
        text: "n1 **hands leadership over** to n4, which campaigns at once. Nobody has to wait for \
               an election timeout.",
        call: "raft.trigger().transfer_leader(to)",
        tikv: "TransferLeader",
        told_by: |e| matches!(e, EventKind::TransferStarted { .. }),
    },
    Caption {
        id: "remove",
        phase: 4,
        text: "The replicas on n1, n2 and n3 leave the membership, again by a joint configuration. \
               shard_b now **lives on n4 and n5** alone.",
        call: "raft.change_membership_if(RemoveVoters, …)",
        tikv: "RemovePeer",
        told_by: |e| matches!(e, EventKind::PlacementStep { step: Step::Remove { .. }, .. }),
    },
    Caption {
        id: "destroy",
        phase: 4,
        text: "What was left on the old nodes is **destroyed**: data gone, a tombstone in its \
               place. A late message can never bring that replica back.",
        call: "the node shuts the replica's Raft down",
        tikv: "PeerState::Tombstone",
        told_by: |e| matches!(e, EventKind::ReplicaDestroyed { .. }),
    },
    Caption {
        id: "won-back",
        phase: 4,
        text: "Each half is led by a node of its own: the same clients now get **more done and wait \
               less**. Compare phases 1 and 4 under Numbers.",
        call: "",
        tikv: "qps and duration by store",
        told_by: |e| matches!(e, EventKind::PhaseCompleted { phase: 4 }),
    },
];
