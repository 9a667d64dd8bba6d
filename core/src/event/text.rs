//! Each event as one line for a person.

use std::fmt::{self, Display, Formatter};

use super::{EventKind, Origin, Refusal, Role, Step};
use crate::id::NodeId;
use crate::key::KeyRange;
use crate::network::Lossy;
use crate::operation::WriteAnswer;

/// One line for a person.
impl Display for EventKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        world(self, f)
            .or_else(|| replica(self, f))
            .or_else(|| entry(self, f))
            .or_else(|| message(self, f))
            .or_else(|| fault(self, f))
            .unwrap_or_else(|| f.write_str(self.name()))
    }
}

/// Phases, nodes, placement.
fn world(event: &EventKind, f: &mut Formatter<'_>) -> Option<fmt::Result> {
    use EventKind as E;
    Some(match event {
        E::PhaseStarted { phase } => write!(f, "phase {phase} started"),
        E::PhaseCompleted { phase } => write!(f, "phase {phase} complete"),
        E::NodeStarted { node, replicas: 0 } => write!(f, "{node} started, its disk is empty"),
        E::NodeStarted { node, replicas } => {
            write!(f, "{node} started with {} from its disk", counted(*replicas, "replica"))
        }
        E::NodeCrashed { node, unflushed } => {
            write!(f, "{node} crashed, {} lost", counted(*unflushed, "unflushed batch"))
        }
        E::NodePaused { node } => write!(f, "{node} paused"),
        E::NodeResumed { node } => write!(f, "{node} resumed"),
        E::PlacementStep { shard, step } => write!(f, "placement, {shard}: {step}"),
        E::ShardHot { shard, operations_per_second, key } => write!(
            f,
            "placement: {shard} is hot, {operations_per_second} operations/s: a split at {key} \
             would balance it"
        ),
        E::BalanceMoves { shard, from, to, replica } => {
            let what = if *replica { "a replica" } else { "leadership" };
            write!(f, "placement evens the nodes: {what} of {shard} from {from} to {to}")
        }
        E::PlacementReached { shard } => write!(f, "placement, {shard}: as wanted"),
        E::StepRefused { shard, step, why } => write!(f, "refused, {shard}: {step}: {why}"),
        E::PlacementCrashed { unflushed } => {
            write!(f, "placement crashed, {} lost", counted(*unflushed, "unflushed batch"))
        }
        E::PlacementRestarted {} => write!(f, "placement started again from its disk"),
        _ => return None,
    })
}

/// Replicas, their roles and snapshots.
fn replica(event: &EventKind, f: &mut Formatter<'_>) -> Option<fmt::Result> {
    use EventKind as E;
    Some(match event {
        E::ReplicaStarted { node, shard, replica, origin, range, .. } => {
            let how = match origin {
                Origin::Bootstrap => "began with",
                Origin::Split => "has from the split",
                Origin::Message => "made room, uninitialized, for",
                Origin::Restart => "brought back",
            };
            let range = range.map_or_else(String::new, |range| format!(" {range}"));
            write!(f, "{node} {how} {shard} {replica}{range}")
        }
        E::ReplicaDestroyed { node, shard, replica, .. } => {
            write!(f, "{node} destroyed {shard} {replica}")
        }
        E::RoleChanged { node, shard, role, term, .. } => match role {
            Role::Leader => write!(f, "{node} leads {shard} in term {term}"),
            Role::Candidate => write!(f, "{node} campaigns for {shard} in term {term}"),
            Role::Follower => write!(f, "{node} follows in {shard}, term {term}"),
            Role::Learner => write!(f, "{node} learns {shard}, term {term}"),
        },
        E::SnapshotTaken { node, shard, index, .. } => {
            write!(f, "{node} took a snapshot of {shard} at {index}")
        }
        E::SnapshotInstalled { node, shard, index, keys, .. } => {
            write!(f, "{node} installed the snapshot of {shard} at {index}: {keys} keys")
        }
        E::SnapshotRefused { node, shard, overlaps } => {
            write!(f, "{node} refused a snapshot of {shard}: it overlaps {overlaps} here")
        }
        E::SplitProposed { node, shard, key, child } => {
            write!(f, "{node} proposes to split {shard} at {key} into {child}")
        }
        E::TransferStarted { node, shard, to } => write!(f, "{node} hands {shard} over to {to}"),
        _ => return None,
    })
}

/// What was applied.
fn entry(event: &EventKind, f: &mut Formatter<'_>) -> Option<fmt::Result> {
    use EventKind as E;
    Some(match event {
        E::Applied { node, shard, index, kind, .. } => {
            write!(f, "{node} applied {shard} entry {index} ({kind:?})")
        }
        E::WriteApplied {
            node,
            shard,
            key,
            answer: WriteAnswer::Unequal { found },
            fresh: true,
            ..
        } => {
            write!(f, "{node} {shard}: key {key} is not set, for it was {}", value(*found))
        }
        E::WriteApplied { node, shard, key, change, fresh: true, .. } => {
            write!(f, "{node} {shard}: key {key} {change}")
        }
        E::WriteApplied { node, shard, key, .. } => {
            write!(f, "{node} {shard}: key {key} again, answered from the session")
        }
        E::StaleRefused { node, shard, epoch, current, .. } => {
            write!(
                f,
                "{node} {shard}: an operation named epoch {epoch}, it is {current}: no effect"
            )
        }
        E::SplitApplied { node, parent, child, born, .. } => {
            let (a, b) = (parent.shard, child.shard);
            let done = if *born { "" } else { " (nothing to create here)" };
            write!(f, "✂ {a} split on {node}: {a} {} | {b} {}{done}", parent.range, child.range)
        }
        E::MembershipApplied { node, descriptor, .. } => {
            let joint = if descriptor.joint { " (joint)" } else { "" };
            write!(f, "{node} applied membership: {descriptor}{joint}")
        }
        _ => return None,
    })
}

/// What was done to links, single messages, disks, clocks and single replicas.
fn fault(event: &EventKind, f: &mut Formatter<'_>) -> Option<fmt::Result> {
    use EventKind as E;
    Some(match event {
        E::LinkCut { traffic } => write!(f, "link {traffic} cut"),
        E::LinkHealed { traffic } => write!(f, "link {traffic} healed"),
        E::LinksHealed {} => write!(f, "all links healed"),
        E::LinkHeld { traffic } => write!(f, "link {traffic} held"),
        E::LinkReleased { traffic } => write!(f, "link {traffic} released"),
        E::LinkSlowed { from, to, by_ns } => {
            write!(f, "link {from} → {to} slower by {}", milliseconds(*by_ns))
        }
        E::LinkSpoiled { from, to, lossy } => {
            let Lossy { loss_permille, duplicate_permille, reorder_ns } = lossy;
            write!(
                f,
                "link {from} → {to} loses {loss_permille} ‰, doubles {duplicate_permille} ‰, \
                 reorders within {}",
                milliseconds(*reorder_ns)
            )
        }
        E::MessageDelayed { id, by_ns } => {
            write!(f, "message {id} delayed by {}", milliseconds(*by_ns))
        }
        E::MessageDuplicated { id, copy } => write!(f, "message {id} doubled, as {copy}"),
        E::MessageReleased { id } => write!(f, "message {id} released"),
        E::DiskSlowed { node, flush_latency_ns } => {
            write!(f, "{node} flushes its disk in {} now", milliseconds(*flush_latency_ns))
        }
        E::DiskHeld { node } => write!(f, "{node}'s disk held: nothing becomes durable"),
        E::DiskReleased { node } => write!(f, "{node}'s disk released"),
        E::DiskFilled { node } => write!(f, "{node}'s disk is full"),
        E::DiskFreed { node } => write!(f, "{node}'s disk has room again"),
        E::DiskLost { node } => write!(f, "{node}'s disk is lost, with all that was on it"),
        E::NodeJoined { node, floor } => {
            write!(f, "{node} joined with an empty disk: it holds no replica before {floor}")
        }
        E::ClockSet { node, offset_ns, drift_ppm } => write!(
            f,
            "{node}'s clock set {} {}, drifting {drift_ppm} ppm",
            milliseconds(offset_ns.unsigned_abs()),
            if *offset_ns < 0 { "behind" } else { "ahead" }
        ),
        E::ElectionForced { node, shard, .. } => {
            write!(f, "{node}'s election timeout of {shard} fired by hand")
        }
        E::ApplyHeld { node, shard, .. } => write!(f, "{node} holds what it applies of {shard}"),
        E::ApplyReleased { node, shard, .. } => write!(f, "{node} applies {shard} again"),
        _ => return None,
    })
}

/// A duration in milliseconds, to the microsecond.
fn milliseconds(ns: u64) -> String {
    format!("{}.{:03} ms", ns / 1_000_000, ns / 1_000 % 1_000)
}

/// Messages, and clients' operations.
fn message(event: &EventKind, f: &mut Formatter<'_>) -> Option<fmt::Result> {
    use EventKind as E;
    let reply = |reply: &bool| if *reply { " reply" } else { "" };
    Some(match event {
        E::MessageSent { kind, reply: r, from, to, .. } => {
            write!(f, "{from} → {to} {kind}{} sent", reply(r))
        }
        E::MessageDelivered { kind, reply: r, from, to, .. } => {
            write!(f, "{from} → {to} {kind}{}", reply(r))
        }
        E::MessageDropped { id, reason } => write!(f, "message {id} lost: {reason:?}"),
        E::Invoked { client, operation, key, .. } => {
            write!(f, "{client} asks: {} {key}", operation.verb())
        }
        E::Scanned { client, start, next, pairs, .. } => {
            let range = KeyRange { start: *start, end: *next };
            write!(f, "{client} scanned {range}: {} pairs", pairs.len())
        }
        E::Completed { client, operation, key, outcome, attempts: 1, .. } => {
            write!(f, "{client} {} {key}: {outcome:?}", operation.verb())
        }
        E::Completed { client, operation, key, outcome, attempts, .. } => {
            write!(f, "{client} {} {key}: {outcome:?} after {attempts} attempts", operation.verb())
        }
        E::RouteRepaired { client, shard, from: 0, to } => {
            write!(f, "{client} found {shard} at version {to}")
        }
        E::RouteRepaired { client, shard, from, to } => {
            write!(f, "{client} repaired its route to {shard}: version {from} → {to}")
        }
        _ => return None,
    })
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split { key, child } => write!(f, "split at {key} into {child}"),
            Self::AddLearner { node, replica } => write!(f, "add learner {node} ({replica})"),
            Self::Promote { nodes } => write!(f, "promote {} (joint)", list(nodes)),
            Self::Transfer { to } => write!(f, "transfer leadership to {to}"),
            Self::Remove { nodes } => write!(f, "remove {} (joint)", list(nodes)),
            Self::LeaveJoint {} => write!(f, "leave the joint configuration"),
            Self::Destroy { node, replica } => write!(f, "destroy {replica} on {node}"),
            Self::RollBack { node, replica } => write!(f, "give up learner {node} ({replica})"),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoQuorum { live, voters } => {
                write!(f, "only {live} of {voters} voters would be live: no quorum")
            }
            Self::Silent => write!(f, "it has not been heard of lately"),
            Self::Behind { entries } => write!(f, "it is {entries} entries behind"),
            Self::Learner => write!(f, "it is a learner, and only a voter can lead"),
            Self::NotAMember => write!(f, "it is no member"),
            Self::ChangePending => write!(f, "a membership change is under way"),
        }
    }
}

fn value(value: Option<u64>) -> String {
    value.map_or_else(|| "absent".into(), |value| value.to_string())
}

fn list(nodes: &[NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn counted(count: u32, what: &str) -> String {
    match (count, what.ends_with("ch")) {
        (1, _) => format!("1 {what}"),
        (_, true) => format!("{count} {what}es"),
        _ => format!("{count} {what}s"),
    }
}
