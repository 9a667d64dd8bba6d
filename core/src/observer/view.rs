//! Builds the page's [`View`] from the world and from what is known of its past.

use std::time::Duration;

use super::Observer;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::event::{EntryKind, Event, Role};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::Descriptor;
use crate::message::Message;
use crate::network::{Envelope, MessageKind, Payload};
use crate::node::{Node, NodeStatus as Status, ReplicaFacts};
use crate::raft::state_machine::entry_kind;
use crate::recording::OPENRAFT_VERSION;
use crate::scenario::{PhaseCost, Phases};
use crate::sim::Time;
use crate::view::*;

/// For how long a destroyed replica is still shown, so that its end is seen.
const TOMBSTONE_SHOWN: Duration = Duration::from_millis(400);

impl Observer {
    /// What the page sees.
    pub(crate) fn view(&self, cluster: &Cluster, phases: &Phases, steps: u64) -> View {
        let now = cluster.sim.now();
        let shards = cluster.shards();
        let replicas = cluster.replicas();
        let leaders: Vec<(ShardId, NodeId)> = shards
            .iter()
            .filter_map(|d| Some((d.shard, leader_of(d.shard, &replicas, cluster)?)))
            .collect();
        let leader = |shard: ShardId| leaders.iter().find(|(s, _)| *s == shard).map(|(_, n)| *n);
        let (messages, messages_total) = messages(cluster);
        View {
            time_ns: now.as_nanos(),
            steps,
            event_seq: cluster.trace.seq(),
            digest: cluster.trace.digest().to_string(),
            seed: cluster.options.seed.to_string(),
            openraft: OPENRAFT_VERSION.into(),
            phase: phase_view(phases),
            captions: phases.captions().collect(),
            key_space: KeySpaceView {
                first: cluster.options.first_key,
                last: cluster.options.last_key,
                heat: self.heat.buckets(now),
            },
            nodes: cluster.nodes.iter().map(|n| node_view(n, cluster)).collect(),
            shards: shards.iter().map(|d| self.shard_view(d, leader(d.shard), now)).collect(),
            replicas: replica_views(&replicas, cluster),
            messages,
            messages_total,
            links: links(cluster),
            clients: cluster.clients.iter().take(CLIENTS_SHOWN).map(|c| client_view(c, &shards, leader, now)).collect(),
            logs: log_views(&replicas),
            placement: shards.iter().map(|d| placement_row(d, &replicas, cluster)).collect(),
            placement_note: cluster.placement.note(),
            safety: self.safety_view(),
        }
    }

    fn shard_view(&self, d: &Descriptor, leader: Option<NodeId>, now: Time) -> ShardView {
        let segment = self.availability.of(d.range);
        let writable = segment.is_some_and(|s| s.writable);
        ShardView {
            id: d.shard.0,
            name: d.shard.to_string(),
            first: d.range.start.0,
            last: d.range.last().0,
            version: d.epoch.version,
            conf_ver: d.epoch.conf_ver,
            leader: leader.map(|n| n.0),
            ops_per_second: self.heat.operations(d.shard, now),
            hot: self.heat.is_hot(d.shard, now),
            availability: if writable { Availability::Writable } else { Availability::Unavailable },
            since_ns: segment.map_or(0, |s| nanos(now.since(s.since))),
            longest_gap_ns: segment.map_or(0, |s| s.longest(now)),
        }
    }

    fn safety_view(&self) -> SafetyView {
        let (mut properties, mut checks) = (0, 0);
        for (_, _, compared) in self.checkers.counts() {
            properties += 1;
            checks += compared;
        }
        let violation = self.violations().first().map(|v| ViolationView {
            id: v.id.into(),
            name: v.name.into(),
            text: v.text.clone(),
            time_ns: v.event.time.as_nanos(),
            event_seq: v.event.seq,
        });
        SafetyView { holds: violation.is_none(), properties, checks, violation }
    }
}

/// How many clients are shown: a benchmark's thousands would hide everything else.
const CLIENTS_SHOWN: usize = 8;

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

fn up(cluster: &Cluster, node: NodeId) -> bool {
    cluster.node(node).is_ok_and(|n| n.status() == Status::Up)
}

/// The node that leads a shard: of several that believe so, the one with the greatest term.
fn leader_of(shard: ShardId, replicas: &[ReplicaFacts], cluster: &Cluster) -> Option<NodeId> {
    let leads = replicas.iter().filter(|r| r.seat.shard == shard && up(cluster, r.seat.node));
    let leads = leads.filter_map(|r| r.status.as_ref().map(|s| (s, r.seat.node)));
    leads.filter(|(s, _)| s.role == Role::Leader).max_by_key(|(s, _)| s.term).map(|(_, n)| n)
}

fn phase_view(phases: &Phases) -> PhaseView {
    let cost = |c: &PhaseCost| PhaseCostView {
        phase: c.phase,
        duration_ns: c.duration_ns,
        messages: c.messages,
        bytes: c.bytes,
        unwritable_ns: c.unwritable_ns,
        round_trip_ns: c.round_trip_ns,
        digest: c.digest.to_string(),
    };
    PhaseView {
        completed: phases.completed(),
        running: phases.running(),
        names: crate::scenario::NAMES.map(Into::into).to_vec(),
        waiting_for: phases.waiting_for().into(),
        costs: phases.costs().iter().map(cost).collect(),
    }
}

fn node_view(node: &Node, cluster: &Cluster) -> NodeView {
    let id = node.id();
    let others = cluster.nodes.iter().map(Node::id).filter(|other| *other != id);
    let cut = |other| !cluster.network.passes(id, other) && !cluster.network.passes(other, id);
    let facts = node.facts();
    let votes = |r: &ReplicaFacts| {
        let member = r.descriptor.as_ref().and_then(|d| d.member_on(id));
        member.is_some_and(|m| m.voter)
    };
    let local = cluster.sim.node_now(id.0).as_nanos();
    NodeView {
        id: id.0,
        name: id.to_string(),
        status: match node.status() {
            Status::Up => NodeStatus::Up,
            Status::Paused => NodeStatus::Paused,
            Status::Down => NodeStatus::Down,
        },
        isolated: cluster.nodes.len() > 1 && { others }.all(cut),
        clock_offset_ns: local.cast_signed() - cluster.sim.now().as_nanos().cast_signed(),
        guest: !facts.is_empty() && !facts.iter().any(votes),
        starts: node.starts(),
    }
}

fn replica_views(replicas: &[ReplicaFacts], cluster: &Cluster) -> Vec<ReplicaView> {
    let now = cluster.sim.now();
    let mut views: Vec<ReplicaView> =
        replicas.iter().map(|r| replica_view(r, replicas, cluster, now)).collect();
    let since = Time::from_nanos(now.as_nanos().saturating_sub(nanos(TOMBSTONE_SHOWN)));
    for node in &cluster.nodes {
        for (_, seat) in node.destroyed_since(since) {
            let here = views.iter().any(|v| v.shard == seat.shard.0 && v.node == seat.node.0);
            if !here {
                let role = RoleView::Tombstone;
                views.push(blank_view(seat.replica, seat.shard, seat.node, role));
            }
        }
    }
    views.sort_by_key(|v| (v.shard, v.node));
    views
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
        progress: Vec::new(),
    }
}

fn replica_view(
    r: &ReplicaFacts,
    all: &[ReplicaFacts],
    cluster: &Cluster,
    now: Time,
) -> ReplicaView {
    let blank = blank_view(r.seat.replica, r.seat.shard, r.seat.node, RoleView::Uninitialized);
    let Some(status) = &r.status else { return blank };
    let peers = || all.iter().filter(|p| p.seat.shard == r.seat.shard);
    let node_of = |replica: ReplicaId| peers().find(|p| p.seat.replica == replica).map(|p| p.seat.node.0);
    let heard = r.heard.map(|at| nanos(now.since(at)));
    let Some(d) = &r.descriptor else {
        return ReplicaView { term: status.term, leader_heard_ns: heard, ..blank };
    };
    let role = match status.role {
        Role::Leader => RoleView::Leader,
        Role::Follower => RoleView::Follower,
        Role::Candidate => RoleView::Candidate,
        Role::Learner => RoleView::Learner,
    };
    let leader_log = peers().filter_map(|p| p.status.as_ref()).filter(|s| s.role == Role::Leader);
    let leader_log = leader_log.map(|s| s.last_log).max().unwrap_or(0).max(1);
    let voted_for_it = |p: &&ReplicaFacts| {
        p.group.as_ref().and_then(|g| g.log().vote()).is_some_and(|v| {
            v.leader_id.term == status.term && v.leader_id.voted_for == r.seat.replica
        })
    };
    let candidate = status.role == Role::Candidate;
    ReplicaView {
        role,
        term: status.term,
        committed: status.committed,
        applied: status.applied,
        last_log: status.last_log,
        snapshot: status.snapshot,
        range: Some((d.range.start.0, d.range.last().0)),
        epoch: (d.epoch.version, d.epoch.conf_ver),
        keys: r.group.as_ref().and_then(|g| g.machine().state(|s| s.data.len() as u64)).unwrap_or(0),
        leader: status.leader.and_then(node_of),
        leader_heard_ns: heard,
        election_left_permille: election_left(status.role, heard, cluster),
        catch_up_permille: (status.role == Role::Learner)
            .then(|| u32::try_from((status.last_log * 1000 / leader_log).min(1000)).unwrap_or(1000)),
        votes_granted: if candidate {
            peers().filter(voted_for_it).map(|p| p.seat.node.0).collect()
        } else {
            Vec::new()
        },
        progress: status
            .matched
            .iter()
            .filter_map(|(replica, matched)| Some(ProgressView { node: node_of(*replica)?, matched: *matched }))
            .collect(),
        ..blank
    }
}

/// How much of the time without a word from its leader is left before a follower campaigns, in thousandths: OpenRaft
/// lets the leader's lease (the greatest election timeout) and then an election timeout pass.
fn election_left(role: Role, heard: Option<u64>, cluster: &Cluster) -> Option<u32> {
    let (low, high) = cluster.options.election_timeout_ms;
    match role {
        Role::Learner => None,
        Role::Leader => Some(1000),
        Role::Follower | Role::Candidate => {
            let whole = (high + low) * 1_000_000;
            let passed = heard.unwrap_or(whole).min(whole);
            u32::try_from((whole - passed) * 1000 / whole).ok()
        }
    }
}

fn messages(cluster: &Cluster) -> (Vec<MessageView>, u64) {
    cluster.network.in_flight(|messages| {
        let total = messages.len() as u64;
        (messages.take(View::MESSAGES_MAX).map(message_view).collect(), total)
    })
}

fn message_view(e: &Envelope<Message>) -> MessageView {
    MessageView {
        id: e.id,
        kind: match e.payload.kind() {
            MessageKind::Vote => MessageKindView::Vote,
            MessageKind::PreVote => MessageKindView::PreVote,
            MessageKind::Append => MessageKindView::Append,
            MessageKind::Heartbeat => MessageKindView::Heartbeat,
            MessageKind::Snapshot => MessageKindView::Snapshot,
            MessageKind::Transfer => MessageKindView::Transfer,
            MessageKind::Write => MessageKindView::Write,
            MessageKind::Read => MessageKindView::Read,
            MessageKind::Placement => MessageKindView::Placement,
        },
        reply: e.answers.is_some(),
        ok: e.payload.ok(),
        shard: e.shard.map(|s| s.0),
        from: e.from.to_string(),
        to: e.to.to_string(),
        sent_ns: e.sent.as_nanos(),
        due_ns: Some(e.due.as_nanos()),
        bytes: e.payload.bytes(),
        summary: e.payload.summary(),
    }
}

fn links(cluster: &Cluster) -> Vec<LinkView> {
    let view = |(from, to): (NodeId, NodeId)| LinkView { from: from.0, to: to.0, cut: true, held: false };
    cluster.network.cut_links().into_iter().map(view).collect()
}

fn client_view(
    client: &Client,
    shards: &[Descriptor],
    leader: impl Fn(ShardId) -> Option<NodeId>,
    now: Time,
) -> ClientView {
    let facts = client.facts();
    let routes = client.routes(|router| {
        let route = |r: &crate::router::Route| {
            let d = &r.descriptor;
            let newest = shards.iter().find(|s| s.shard == d.shard);
            let old = newest.is_none_or(|s| s.epoch.version > d.epoch.version);
            RouteView {
                shard: d.shard.0,
                first: d.range.start.0,
                last: d.range.last().0,
                version: d.epoch.version,
                leader: r.leader.map(|n| n.0),
                stale: old || (r.leader.is_some() && r.leader != leader(d.shard)),
            }
        };
        router.routes().map(route).collect()
    });
    ClientView {
        id: client.id().0,
        routes,
        pending: facts.pending.map_or_else(String::new, |op| {
            format!("{} {}", if op.write.is_some() { "write" } else { "read" }, op.key)
        }),
        attempts: facts.attempts,
        last_repair: facts.last_repair.map_or_else(String::new, |(_, r)| match r.from {
            0 => format!("{} found at version {}", r.shard, r.to),
            from => format!("{} version {from} → {}", r.shard, r.to),
        }),
        last_repair_ns: facts.last_repair.map(|(at, _)| nanos(now.since(at))),
        ok: facts.ok,
        failed: facts.failed,
        unknown: facts.unknown,
    }
}

fn log_views(replicas: &[ReplicaFacts]) -> Vec<LogView> {
    let view = |r: &ReplicaFacts| {
        let log = r.group.as_ref()?.log();
        let entry = |e: crate::raft::types::Entry| LogEntryView {
            index: e.log_id.index,
            term: e.log_id.leader_id.term,
            kind: match entry_kind(&e) {
                EntryKind::Data => LogEntryKind::Data,
                EntryKind::Membership => LogEntryKind::Membership,
                EntryKind::Split => LogEntryKind::Split,
                EntryKind::Blank => LogEntryKind::Blank,
            },
        };
        Some(LogView {
            replica: r.seat.replica.0,
            shard: r.seat.shard.0,
            node: r.seat.node.0,
            purged: log.purged(),
            entries: log.tail(View::LOG_ENTRIES_MAX).into_iter().map(entry).collect(),
        })
    };
    let mut views: Vec<LogView> = replicas.iter().filter_map(view).collect();
    views.sort_by_key(|v| (v.shard, v.node));
    views
}

fn placement_row(d: &Descriptor, replicas: &[ReplicaFacts], cluster: &Cluster) -> PlacementRow {
    let cell = |node: &Node| {
        let here = replicas.iter().find(|r| r.seat.shard == d.shard && r.seat.node == node.id());
        let letter = match here {
            None => "–",
            Some(ReplicaFacts { descriptor: None, .. } | ReplicaFacts { status: None, .. }) => "U",
            Some(ReplicaFacts { status: Some(status), .. }) => match status.role {
                Role::Leader => "L",
                Role::Follower => "F",
                Role::Candidate => "C",
                Role::Learner => "N",
            },
        };
        letter.to_string()
    };
    let cells = cluster.nodes.iter().map(cell).collect();
    PlacementRow { shard: d.shard.0, name: d.shard.to_string(), cells }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self {
            seq: event.seq,
            time_ns: event.time.as_nanos(),
            name: event.kind.name().into(),
            text: event.kind.to_string(),
            major: event.kind.is_major(),
            node: event.kind.node().map(|n| n.0),
            shard: event.kind.shard().map(|s| s.0),
        }
    }
}
