//! Replicas, their logs, and the placement table, as the page sees them.

use std::time::Duration;

use super::super::ballots::Ballots;
use super::nanos;
use crate::cluster::Cluster;
use crate::event::{EntryKind, Role};
use crate::few;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::Descriptor;
use crate::node::{Node, ReplicaFacts};
use crate::raft::GroupStatus;
use crate::raft::at_rest::AtRest;
use crate::raft::entry::entry_kind;
use crate::raft::log_store::LogStore;
use crate::raft::seat::Seat;
use crate::raft::types::Entry;
use crate::sim::Time;
use crate::view::{
    LogEntryKind, LogEntryView, LogView, PlacementRow, ProgressView, ReplicaView, RoleView, View,
};

/// For how long a destroyed replica is still shown, so that its end is seen.
const TOMBSTONE_SHOWN: Duration = Duration::from_millis(400);

/// All live replicas, those on the disks of nodes that are down, and for a moment those that were
/// destroyed, by shard, then node.
pub(super) fn replica_views(
    replicas: &[ReplicaFacts],
    asleep: &[AtRest],
    ballots: &Ballots,
    cluster: &Cluster,
) -> Vec<ReplicaView> {
    let now = cluster.sim.now();
    let mut shown: Vec<(Seat, Shown<'_>)> =
        replicas.iter().map(|r| (r.seat, Shown::Live(r))).collect();
    shown.extend(asleep.iter().map(|r| (r.seat, Shown::Asleep(r))));
    let since = Time::from_nanos(now.as_nanos().saturating_sub(nanos(TOMBSTONE_SHOWN)));
    for node in &cluster.nodes {
        for (_, seat) in node.destroyed_since(since) {
            let place = |seat: Seat| (seat.shard, seat.node);
            if !shown.iter().any(|(other, _)| place(*other) == place(seat)) {
                shown.push((seat, Shown::Destroyed));
            }
        }
    }
    // These are put in order, and not the views made of them: those are far larger.
    few::sort_by_key(&mut shown, |(seat, _)| (seat.shard, seat.node));
    let view = |(seat, shown): (Seat, Shown<'_>)| match shown {
        Shown::Live(r) => replica_view(r, replicas, ballots, cluster, now),
        Shown::Asleep(r) => asleep_view(r),
        Shown::Destroyed => blank_view(seat.replica, seat.shard, seat.node, RoleView::Tombstone),
    };
    shown.into_iter().map(view).collect()
}

/// What a replica is shown from.
enum Shown<'a> {
    Live(&'a ReplicaFacts),
    Asleep(&'a AtRest),
    Destroyed,
}

fn blank_view(id: ReplicaId, shard: ShardId, node: NodeId, role: RoleView) -> ReplicaView {
    ReplicaView {
        id: id.0,
        shard: shard.0,
        node: node.0,
        role,
        term: 0,
        committed: 0,
        applied: 0,
        last_log: 0,
        snapshot: 0,
        range: None,
        epoch: (0, 0),
        keys: 0,
        leader: None,
        leader_heard_ns: None,
        election_left_permille: None,
        catch_up_permille: None,
        votes_granted: Vec::new(),
        votes_heard: Vec::new(),
        progress: Vec::new(),
        apply_held: false,
    }
}

fn asleep_view(r: &AtRest) -> ReplicaView {
    let Seat { node, shard, replica } = r.seat;
    let state = r.snapshot.as_ref().map(|stored| &stored.state);
    let last = r.snapshot.as_ref().and_then(|stored| stored.meta.last_log_id);
    let snapshot = last.map_or(0, |id| id.index);
    ReplicaView {
        term: r.term,
        committed: r.committed,
        applied: snapshot,
        last_log: r.last_log,
        snapshot,
        range: state.map(|s| (s.range.start.0, s.range.last().0)),
        epoch: state.map_or((0, 0), |s| (s.epoch.version, s.epoch.conf_ver)),
        keys: state.map_or(0, |s| s.data.len() as u64),
        ..blank_view(replica, shard, node, RoleView::Asleep)
    }
}

fn replica_view(
    r: &ReplicaFacts,
    all: &[ReplicaFacts],
    ballots: &Ballots,
    cluster: &Cluster,
    now: Time,
) -> ReplicaView {
    let blank = ReplicaView {
        apply_held: r.group.as_ref().is_some_and(|g| g.machine().gate().is_closed()),
        ..blank_view(r.seat.replica, r.seat.shard, r.seat.node, RoleView::Uninitialized)
    };
    let Some(status) = &r.status else { return blank };
    let heard = r.heard.map(|at| nanos(now.since(at)));
    let Some(d) = &r.descriptor else {
        return ReplicaView { term: status.term, leader_heard_ns: heard, ..blank };
    };
    let peers: Vec<&ReplicaFacts> = all.iter().filter(|p| p.seat.shard == r.seat.shard).collect();
    let node_of = |replica: ReplicaId| {
        peers.iter().find(|p| p.seat.replica == replica).map(|p| p.seat.node.0)
    };
    let progress = |(replica, matched): &(ReplicaId, u64)| {
        Some(ProgressView { node: node_of(*replica)?, matched: *matched })
    };
    let keys = r.group.as_ref().and_then(|g| g.machine().state(|s| s.data.len() as u64));
    ReplicaView {
        role: role_view(status.role),
        term: status.term,
        committed: status.committed,
        applied: status.applied,
        last_log: status.last_log,
        snapshot: status.snapshot,
        range: Some((d.range.start.0, d.range.last().0)),
        epoch: (d.epoch.version, d.epoch.conf_ver),
        keys: keys.unwrap_or(0),
        leader: status.leader.and_then(node_of),
        leader_heard_ns: heard,
        election_left_permille: time_left(r.seat.node, d, status, heard, cluster),
        catch_up_permille: catch_up(status, &peers),
        votes_granted: votes_granted(r, status, &peers),
        votes_heard: ballots.heard(r.seat.node, r.seat.shard),
        progress: status.matched.iter().filter_map(progress).collect(),
        ..blank
    }
}

fn role_view(role: Role) -> RoleView {
    match role {
        Role::Leader => RoleView::Leader,
        Role::Follower => RoleView::Follower,
        Role::Candidate => RoleView::Candidate,
        Role::Learner => RoleView::Learner,
    }
}

/// For a learner, how much of the leader's log it has, in thousandths.
fn catch_up(status: &GroupStatus, peers: &[&ReplicaFacts]) -> Option<u32> {
    let leaders = peers.iter().filter_map(|p| p.status.as_ref()).filter(|s| s.role == Role::Leader);
    let last = leaders.map(|s| s.last_log).max().unwrap_or(0).max(1);
    let learner = status.role == Role::Learner;
    learner.then(|| u32::try_from((status.last_log * 1000 / last).min(1000)).unwrap_or(1000))
}

/// For a candidate, the nodes whose vote is written down for it, whether it has heard of that or
/// not.
fn votes_granted(r: &ReplicaFacts, status: &GroupStatus, peers: &[&ReplicaFacts]) -> Vec<u16> {
    if status.role != Role::Candidate {
        return Vec::new();
    }
    let voted_for_it = |p: &&&ReplicaFacts| {
        p.group.as_ref().and_then(|g| g.log().vote()).is_some_and(|v| {
            v.leader_id.term == status.term && v.leader_id.voted_for == r.seat.replica
        })
    };
    peers.iter().filter(voted_for_it).map(|p| p.seat.node.0).collect()
}

/// How much is left, in thousandths, of a leader's lease, and of the time without a word from its
/// leader before a follower campaigns. OpenRaft's lease is the greatest election timeout, from when
/// the leader sent what a quorum has acknowledged; a follower lets it pass, and then an election
/// timeout.
fn time_left(
    node: NodeId,
    d: &Descriptor,
    status: &GroupStatus,
    heard: Option<u64>,
    cluster: &Cluster,
) -> Option<u32> {
    let (low, high) = cluster.options.election_timeout_ms;
    let (whole_ms, passed) = match status.role {
        Role::Learner => return None,
        // It asks nobody.
        Role::Leader if d.members.iter().filter(|m| m.voter).count() == 1 => return Some(1000),
        Role::Leader => {
            let acknowledged = status.acknowledged;
            (high, acknowledged.map(|at| nanos(cluster.sim.elapsed_on(node.0, at))))
        }
        Role::Follower | Role::Candidate => (high + low, heard),
    };
    let whole = whole_ms * 1_000_000;
    let passed = passed.map_or(whole, |ns| ns.min(whole));
    u32::try_from((whole - passed) * 1000 / whole).ok()
}

/// The log tail of each replica, live or asleep, by shard, then node.
pub(super) fn log_views(replicas: &[ReplicaFacts], asleep: &[AtRest]) -> Vec<LogView> {
    let live = replicas.iter().filter_map(|r| Some((r.seat, r.group.as_ref()?.log())));
    let mut all: Vec<(Seat, &LogStore)> =
        live.chain(asleep.iter().map(|r| (r.seat, &r.log))).collect();
    few::sort_by_key(&mut all, |(seat, _)| (seat.shard, seat.node));
    all.into_iter().map(|(seat, log)| log_view(seat, log)).collect()
}

fn log_view(seat: Seat, log: &LogStore) -> LogView {
    let entry = |e: &Entry| LogEntryView {
        index: e.log_id.index,
        term: e.log_id.leader_id.term,
        kind: match entry_kind(e) {
            EntryKind::Data => LogEntryKind::Data,
            EntryKind::Membership => LogEntryKind::Membership,
            EntryKind::Split => LogEntryKind::Split,
            EntryKind::Blank => LogEntryKind::Blank,
        },
    };
    LogView {
        replica: seat.replica.0,
        shard: seat.shard.0,
        node: seat.node.0,
        purged: log.purged(),
        entries: log.tail(View::LOG_ENTRIES_MAX, entry),
    }
}

/// One row of the placement table.
pub(super) fn placement_row(
    d: &Descriptor,
    replicas: &[ReplicaFacts],
    asleep: &[AtRest],
    cluster: &Cluster,
) -> PlacementRow {
    let cell = |node: &Node| {
        let is_here = |seat: Seat| seat.shard == d.shard && seat.node == node.id();
        if let Some(here) = asleep.iter().find(|r| is_here(r.seat)) {
            return asleep_letter(d, here.seat.replica);
        }
        match replicas.iter().find(|r| is_here(r.seat)) {
            None => "–",
            Some(ReplicaFacts { descriptor: None, .. } | ReplicaFacts { status: None, .. }) => "U",
            Some(ReplicaFacts { status: Some(status), .. }) => match status.role {
                Role::Leader => "L",
                Role::Follower => "F",
                Role::Candidate => "C",
                Role::Learner => "N",
            },
        }
    };
    let cells = cluster.nodes.iter().map(|node| cell(node).to_string()).collect();
    PlacementRow { shard: d.shard.0, name: d.shard.to_string(), cells }
}

/// What a replica on a node that is down will be when the node is back.
fn asleep_letter(d: &Descriptor, replica: ReplicaId) -> &'static str {
    match d.members.iter().find(|m| m.replica == replica) {
        Some(member) if member.voter => "F",
        Some(_) => "N",
        None => "–",
    }
}
