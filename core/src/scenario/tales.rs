//! The built-in stories, one value each.
//!
//! Each caption waits for an event, so that it is true under any seed, and names the OpenRaft call
//! behind it and TiKV's word for it.

use super::story::{Story, told};
use crate::event::{EventKind, Origin, Outcome, Role, Step};
use crate::id::{NodeId, ShardId};
use crate::operation::Operation;
use crate::options::Options;

pub(super) fn leads(e: &EventKind) -> bool {
    matches!(e, EventKind::RoleChanged { role: Role::Leader, .. })
}

fn written(e: &EventKind) -> bool {
    matches!(e, EventKind::Completed { operation: Operation::Write(_), outcome: Outcome::Ok, .. })
}

pub(super) const LEADER_CRASH: Story = Story {
    name: "leader-crash",
    title: "The leader crashes",
    about: "n1 leads and stops at once. The others notice, elect, and go on; n1 comes back and \
            follows.",
    property: "R1 election safety · R7 committed history",
    finds: None,
    script: "# n1 leads shard_a. Stop it, and see who takes over.\n\
             phase 1\n\
             after 60 ms crash n1\n\
             when role_changed # a candidate, then a leader\n\
             after 500 ms restart n1\n\
             wait 400 ms",
    options: Options::default,
    captions: &[
        told(
            "down",
            "n1 **stops at once**. What its disk had not flushed is lost; what was acknowledged \
             is on a second disk as well.",
            ["", "store down"],
            |e| matches!(e, EventKind::NodeCrashed { .. }),
        ),
        told(
            "elected",
            "Nobody heard of the leader for a whole lease and an election timeout, so a follower \
             asked for votes. Two of three are a majority: it **leads the next term**.",
            ["Config::election_timeout, elect", "campaign"],
            leads,
        ),
        told(
            "goes-on",
            "Clients were told of no leader, asked around, and go on. A write that was under way \
             is **retried with its serial**, so it is applied once.",
            ["raft.client_write(operation)", "NotLeader"],
            written,
        ),
        told(
            "back",
            "n1 starts from its disk: its vote and its log, and no claim to lead. It hears the \
             higher term and **follows**.",
            ["Raft::new(…) on what the disk holds", "peer recovered"],
            |e| matches!(e, EventKind::NodeStarted { .. }),
        ),
    ],
};

pub(super) const SPLIT_UNDER_LOAD: Story = Story {
    name: "split-under-load",
    title: "A split under load",
    about: "A shard splits while twelve clients read and write; no operation fails and no key is \
            lost.",
    property: "S4 a split conserves · S16 linearizable histories",
    finds: None,
    script: "# twelve eager clients, and a split in the midst of them\n\
             phase 1\n\
             after 50 ms split shard_a 101\n\
             when placement_reached # both halves have leaders\n\
             wait 400 ms",
    options: || Options { clients: 12, think_ns: 4_000_000, ..Options::default() },
    captions: &[
        told(
            "proposed",
            "The split is proposed like any write, **behind those that are under way**. Those \
             that come after it name an old epoch and will have no effect.",
            ["raft.client_write(Proposal::Split)", "BatchSplit"],
            |e| matches!(e, EventKind::SplitProposed { .. }),
        ),
        told(
            "cut",
            "Applied on each replica in **one disk batch**: the digest of the parent before is \
             that of both halves after. The checker compares it each time.",
            ["RaftStateMachine::apply(entries)", "exec_batch_split"],
            |e| matches!(e, EventKind::SplitApplied { .. }),
        ),
        told(
            "both-lead",
            "The child has a leader after **one round trip**: the node that led the parent \
             campaigns at once.",
            ["raft.trigger().elect(false)", "maybe_campaign"],
            |e| matches!(e, EventKind::RoleChanged { role: Role::Leader, shard: ShardId(2), .. }),
        ),
        told(
            "repaired",
            "Each client learns both descriptors **from the refusal itself**, without asking \
             placement, and goes again.",
            ["ForwardToLeader, then the descriptors", "EpochNotMatch"],
            |e| matches!(e, EventKind::RouteRepaired { .. }),
        ),
    ],
};

pub(super) const STALE_ROUTE: Story = Story {
    name: "stale-route",
    title: "A stale route",
    about: "The clients rest while the shard splits, so all they believe is old; one write finds \
            out.",
    property: "S7 a stale epoch has no effect",
    finds: None,
    script: "# nobody looks while the shard splits\n\
             phase 1\n\
             load off\n\
             after 200 ms split shard_a 101\n\
             when placement_reached\n\
             after 50 ms write 150 7 # client 1 still believes in the old shard\n\
             wait 100 ms",
    options: Options::default,
    captions: &[
        told(
            "split",
            "shard_a is two shards now, and **version 2**. The clients have not heard of it: \
             their routes say version 1.",
            ["RaftStateMachine::apply(entries)", "RegionEpoch.version"],
            |e| matches!(e, EventKind::SplitApplied { .. }),
        ),
        told(
            "repair",
            "The write named version 1 and key 150, which shard_a no longer holds. **Refused \
             without effect**, and the answer carries the descriptors of both.",
            ["checked when proposed and when applied", "EpochNotMatch"],
            |e| matches!(e, EventKind::RouteRepaired { .. }),
        ),
        told(
            "done",
            "It went again, to **shard_b at version 2**, with the same serial. Had the first been \
             applied after all, this one would be recognised.",
            ["raft.client_write(operation)", "RawPut"],
            |e| matches!(e, EventKind::Completed { operation: Operation::Write(_), .. }),
        ),
    ],
};

pub(super) const LAGGING_LEARNER: Story = Story {
    name: "lagging-learner",
    title: "A lagging learner",
    about: "A learner is cut off before it has anything, and the log that it needs is compacted \
            away.",
    property: "S18 learners never lead · R8 applied in order",
    finds: None,
    script: "# n4 joins, and is cut off at once\n\
             phase 1\n\
             after 50 ms move shard_a n1 n2 n3 learners n4\n\
             when replica_started on n4 isolate n4\n\
             after 2 s heal # the log that n4 needs is gone by now\n\
             when snapshot_installed on n4\n\
             wait 300 ms",
    options: Options::default,
    captions: &[
        told(
            "joins",
            "n4 is made a **learner**. It gets every entry and votes on nothing, so the quorum \
             stays two of three.",
            ["raft.add_learner(id, node, blocking)", "AddLearner"],
            |e| matches!(e, EventKind::PlacementStep { step: Step::AddLearner { .. }, .. }),
        ),
        told(
            "room",
            "The first message made **room** for a replica on n4: uninitialized, without a range, \
             serving nothing. Then the links were cut.",
            ["Raft::new(…) on an empty log", "maybe_create_peer"],
            |e| matches!(e, EventKind::ReplicaStarted { origin: Origin::Message, .. }),
        ),
        told(
            "compacted",
            "While it is away the others write on, take **snapshots** and drop the log before \
             them. A learner that is away holds up nobody.",
            ["Config::snapshot_policy, purge", "CompactLog"],
            |e| matches!(e, EventKind::SnapshotTaken { .. }),
        ),
        told(
            "snapshot",
            "The links are whole again. The entries that n4 lacks are gone, so it gets **the \
             state itself**: range, epoch, data and sessions in one snapshot.",
            ["RaftNetworkV2::full_snapshot", "SnapshotTask"],
            |e| matches!(e, EventKind::SnapshotInstalled { .. }),
        ),
    ],
};

pub(super) const MINORITY: Story = Story {
    name: "minority",
    title: "A leader in the minority",
    about: "The leader is cut off from everybody. It may believe that it leads, but nothing that \
            it says counts.",
    property: "R1 election safety · S16 linearizable histories",
    finds: None,
    script: "# the leader alone on one side\n\
             phase 1\n\
             after 60 ms isolate n1\n\
             when role_changed on n2 # it votes in a higher term, or leads it\n\
             wait 1500 ms\n\
             heal\n\
             wait 600 ms",
    options: Options::default,
    captions: &[
        told(
            "cut",
            "Every link of n1 is **cut**. It still believes that it leads, but it reaches no \
             majority: what it proposes is never committed, what it is asked to read it does not \
             answer.",
            ["raft.ensure_linearizable(ReadIndex)", "leader lease"],
            |e| matches!(e, EventKind::LinkCut { .. }),
        ),
        told(
            "other",
            "n2 and n3 are the majority, and elect one of them **in a higher term**. There are \
             two that say they lead, but in different terms: one leader a term is what is \
             promised.",
            ["raft.trigger().elect", "campaign"],
            leads,
        ),
        told(
            "writes",
            "Writes go on where the majority is. Those that n1 took and could not commit are \
             **not acknowledged**: their clients do not know, and try again.",
            ["raft.client_write(operation)", "Propose"],
            written,
        ),
        told(
            "healed",
            "The links are whole again. n1 hears the higher term and **steps down**; its entries \
             that were never committed are overwritten by the new leader's.",
            ["truncate_after, append", "become_follower"],
            |e| matches!(e, EventKind::RoleChanged { node: NodeId(1), role: Role::Follower, .. }),
        ),
    ],
};

pub(super) const MOVE_BACK: Story = Story {
    name: "move-back",
    title: "There and back again",
    about: "shard_b moves to n4 and n5, and then back. The old replicas do not come back: there \
            are new ones.",
    property: "S9 replica ids grow · S11 destroyed stays destroyed",
    finds: None,
    script: "phase 1\n\
             phase 2\n\
             phase 3\n\
             phase 4 # shard_b is on n4 and n5 now\n\
             after 50 ms move shard_b n1 n2 n3 # and back\n\
             when placement_reached\n\
             wait 300 ms",
    options: Options::default,
    captions: &[
        told(
            "gone",
            "n1, n2 and n3 hold a **tombstone** each of shard_b: the id of the replica that was \
             destroyed there, and its epoch.",
            ["the node shuts the replica's Raft down", "PeerState::Tombstone"],
            |e| matches!(e, EventKind::PhaseCompleted { phase: 4 }),
        ),
        told(
            "learn",
            "The way back begins as any move: **learners with new ids** on n1, n2 and n3. A \
             message for an old id meets the tombstone and is answered: gone.",
            ["raft.add_learner(id, node, blocking)", "AddLearner"],
            |e| {
                matches!(
                    e,
                    EventKind::PlacementStep { step: Step::AddLearner { node: NodeId(1), .. }, .. }
                )
            },
        ),
        told(
            "joint",
            "Old and new voters decide **together** until the change is complete: a majority of \
             each.",
            ["raft.change_membership_if(AddVoterIds, …)", "EnterJoint"],
            |e| matches!(e, EventKind::PlacementStep { step: Step::Promote { .. }, .. }),
        ),
        told(
            "back",
            "shard_b is back on n1, n2 and n3, with every write that was acknowledged on the way. \
             Now n4 and n5 are the ones with tombstones.",
            ["raft.change_membership_if(RemoveVoters, …)", "RemovePeer"],
            |e| matches!(e, EventKind::PlacementReached { shard: ShardId(2) }),
        ),
    ],
};

pub(super) const CRASH_IN_SPLIT: Story = Story {
    name: "crash-in-split",
    title: "A crash during a split",
    about: "The leader stops between proposing the split and applying it. Either all replicas \
            split or none.",
    property: "S1 ranges tile the key space · S4 a split conserves",
    finds: None,
    script: "# the worst moment\n\
             phase 1\n\
             after 50 ms split shard_a 101\n\
             when split_proposed after 3 ms crash n1 # the entry is on its way\n\
             when split_applied\n\
             after 500 ms restart n1\n\
             wait 500 ms",
    options: Options::default,
    captions: &[
        told(
            "proposed",
            "n1 **proposes the split** and sends the entry out. It is not committed yet: no \
             majority has it.",
            ["raft.client_write(Proposal::Split)", "BatchSplit"],
            |e| matches!(e, EventKind::SplitProposed { .. }),
        ),
        told(
            "crash",
            "n1 **stops**. Whether the entry reached a follower's disk decides what becomes of \
             it; what cannot be is half a split.",
            ["", "store down"],
            |e| matches!(e, EventKind::NodeCrashed { .. }),
        ),
        told(
            "leader",
            "The new leader goes on from **its own log**. If the split is in it, the leader's \
             blank entry commits both; if not, placement proposes it again.",
            ["RaftState, blank entry", "campaign"],
            leads,
        ),
        told(
            "applied",
            "The split is applied: at the **same index** on every replica that is up, in one \
             batch on each disk.",
            ["RaftStateMachine::apply(entries)", "exec_batch_split"],
            |e| matches!(e, EventKind::SplitApplied { .. }),
        ),
        told(
            "again",
            "n1 is back and comes to the same halves: it applies the entry from its log **at the \
             same index**, or, if that is gone, takes a snapshot from after the split.",
            ["RaftStateMachine::apply(entries)", "exec_batch_split"],
            |e| match e {
                EventKind::SplitApplied { node, .. }
                | EventKind::SnapshotInstalled { node, .. } => *node == NodeId(1),
                _ => false,
            },
        ),
    ],
};
