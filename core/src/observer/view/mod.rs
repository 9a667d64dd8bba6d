//! Builds the page's [`View`] from the world and from what is known of its past.

mod replicas;
mod why;

use std::time::Duration;

use replicas::{log_views, placement_row, replica_views};

use super::Observer;
use super::availability::Segment;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::event::{Event, Role};
use crate::id::{NodeId, ShardId};
use crate::key::Descriptor;
use crate::message::Message;
use crate::network::{Envelope, LinkFault, Payload, Traffic};
use crate::node::{Node, NodeStatus as Status, ReplicaFacts};
use crate::raft::at_rest::AtRest;
use crate::raft::birth;
use crate::recording::OPENRAFT_VERSION;
use crate::scenario::{PhaseCost, Phases};
use crate::sim::Time;
use crate::view::{
    Availability, ClientView, EventView, KeySpaceView, LinkView, MessageView, NodeStatus, NodeView,
    OriginView, PhaseCostView, PhaseView, RouteView, SafetyView, ScenarioView, ShardView, View,
    ViolationView,
};

impl Observer {
    /// What the page sees.
    pub(crate) fn view(&self, cluster: &Cluster, phases: &Phases, steps: u64) -> View {
        let now = cluster.sim.now();
        let shards = cluster.shards();
        let replicas = cluster.replicas();
        let asleep: Vec<AtRest> = cluster.nodes.iter().flat_map(Node::asleep).collect();
        let leaders: Vec<(ShardId, NodeId)> = shards
            .iter()
            .filter_map(|d| Some((d.shard, leader_of(d.shard, &replicas, cluster)?)))
            .collect();
        let leader = |shard: ShardId| leaders.iter().find(|(s, _)| *s == shard).map(|(_, n)| *n);
        let (messages, messages_total) = messages(cluster);
        let mut view = View {
            time_ns: now.as_nanos(),
            steps,
            event_seq: cluster.trace.seq(),
            digest: cluster.trace.digest().to_string(),
            seed: cluster.options.seed.to_string(),
            openraft: OPENRAFT_VERSION.into(),
            phase: self.phase_view(phases, now),
            scenario: phases.scenario().map(ScenarioView::from),
            captions: phases.captions(),
            key_space: KeySpaceView {
                first: cluster.options.first_key,
                last: cluster.options.last_key,
                heat: self.heat.buckets(now),
            },
            nodes: cluster.nodes.iter().map(|n| node_view(n, cluster)).collect(),
            shards: shards.iter().map(|d| self.shard_view(d, leader(d.shard), now)).collect(),
            replicas: replica_views(&replicas, &asleep, &self.ballots, cluster),
            messages,
            messages_total,
            links: links(cluster),
            clients: cluster
                .clients
                .iter()
                .take(CLIENTS_SHOWN)
                .map(|c| self.client_view(c, cluster, &shards, leader))
                .collect(),
            logs: log_views(&replicas, &asleep),
            placement: shards
                .iter()
                .map(|d| placement_row(d, &replicas, &asleep, cluster))
                .collect(),
            placement_note: cluster.placement.note(),
            placement_down: !cluster.placement.is_up(),
            proposals: cluster.placement.proposals(),
            incidents: self.incidents.views(),
            traffic: self.traffic.views(),
            whys: Vec::new(),
            safety: self.safety_view(),
        };
        view.whys = why::whys(&view);
        view
    }

    fn shard_view(&self, d: &Descriptor, leader: Option<NodeId>, now: Time) -> ShardView {
        let segment = self.availability.of(d.range);
        let latency = self.heat.latency(d.shard, now);
        let origin = self.origins.get(&d.shard).map(|(parent, index)| OriginView {
            parent: parent.0,
            index: *index,
            first: birth::INITIAL_INDEX,
        });
        ShardView {
            id: d.shard.0,
            name: d.shard.to_string(),
            first: d.range.start.0,
            last: d.range.last().0,
            version: d.epoch.version,
            conf_ver: d.epoch.conf_ver,
            leader: leader.map(|n| n.0),
            voters: d.members.iter().filter(|m| m.voter).map(|m| m.node.0).collect(),
            learners: d.members.iter().filter(|m| !m.voter).map(|m| m.node.0).collect(),
            origin,
            ops_per_second: self.heat.operations(d.shard, now),
            latency_ns: latency.mean_ns,
            latency_p99_ns: latency.p99_ns,
            hot: self.heat.is_hot(d.shard, now),
            availability: segment.map_or(Availability::Unavailable, Segment::availability),
            since_ns: segment.map_or(0, |s| nanos(now.since(s.since))),
            longest_gap_ns: segment.map_or(0, |s| s.longest(now)),
        }
    }

    fn phase_view(&self, phases: &Phases, now: Time) -> PhaseView {
        let cost = |c: &PhaseCost| {
            let figures = self.figures.of_phase(c.phase, now);
            PhaseCostView {
                phase: c.phase,
                duration_ns: c.duration_ns,
                messages: c.messages,
                bytes: c.bytes,
                unwritable_ns: c.unwritable_ns,
                round_trip_ns: c.round_trip_ns,
                operations: figures.operations,
                operations_per_second: figures.operations_per_second,
                latency_ns: figures.latency.mean_ns,
                latency_p99_ns: figures.latency.p99_ns,
                digest: c.digest.to_string(),
            }
        };
        PhaseView {
            completed: phases.completed(),
            running: phases.running(),
            names: crate::scenario::NAMES.map(Into::into).to_vec(),
            waiting_for: phases.waiting_for().into(),
            costs: phases.costs().iter().map(cost).collect(),
        }
    }

    fn client_view(
        &self,
        client: &Client,
        cluster: &Cluster,
        shards: &[Descriptor],
        leader: impl Fn(ShardId) -> Option<NodeId>,
    ) -> ClientView {
        let (facts, now) = (client.facts(), cluster.sim.now());
        let pending = facts.pending.map(|(key, operation)| format!("{} {key}", operation.verb()));
        let home = cluster.options.client_homes.get(usize::from(client.id().0) - 1);
        ClientView {
            id: client.id().0,
            routes: route_views(client, shards, leader),
            pending: pending.unwrap_or_default(),
            attempts: facts.attempts,
            setback: facts.setback.map(|setback| setback.to_string()).unwrap_or_default(),
            last_repair: facts.last_repair.map_or_else(String::new, |(_, r)| match r.from {
                0 => format!("{} found at version {}", r.shard, r.to),
                from => format!("{} version {from} → {}", r.shard, r.to),
            }),
            last_repair_ns: facts.last_repair.map(|(at, _)| nanos(now.since(at))),
            home: home.map(|node| node.0),
            latency_ns: self.heat.latency_of(client.id(), now).mean_ns,
            ok: facts.ok,
            failed: facts.failed,
            unknown: facts.unknown,
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
            event: EventView::from(&v.event),
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

fn node_view(node: &Node, cluster: &Cluster) -> NodeView {
    let id = node.id();
    let others = cluster.nodes.iter().map(Node::id).filter(|other| *other != id);
    let cut = |other| {
        let ways = [Traffic::between(id, other), Traffic::between(other, id)];
        ways.iter().all(|way| cluster.network.is_cut(way))
    };
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
        flush_latency_ns: nanos(node.disk().latency()),
        disk_held: node.disk().stall().held,
        disk_full: node.disk().stall().full,
        clock_offset_ns: local.cast_signed() - cluster.sim.now().as_nanos().cast_signed(),
        guest: !facts.is_empty() && !facts.iter().any(votes),
        ops_per_second: node.operations_per_second(),
        queued: u32::try_from(node.queued()).unwrap_or(u32::MAX),
        starts: node.starts(),
    }
}

fn messages(cluster: &Cluster) -> (Vec<MessageView>, u64) {
    cluster.network.in_flight(|messages| {
        let total = messages.len() as u64;
        (messages.take(View::MESSAGES_MAX).map(message_view).collect(), total)
    })
}

fn message_view((e, held): (&Envelope<Message>, bool)) -> MessageView {
    MessageView {
        id: e.id,
        kind: e.payload.kind(),
        reply: e.answers.is_some(),
        ok: e.payload.ok(),
        shard: e.shard.map(|s| s.0),
        from: e.from.to_string(),
        to: e.to.to_string(),
        sent_ns: e.sent.as_nanos(),
        due_ns: (!held).then_some(e.due.as_nanos()),
        bytes: e.payload.bytes(),
        summary: e.payload.summary(),
    }
}

fn links(cluster: &Cluster) -> Vec<LinkView> {
    let view = |LinkFault { traffic, cut, held, slow_ns, lossy }: LinkFault| LinkView {
        from: traffic.from.0,
        to: traffic.to.0,
        shard: traffic.shard.map(|s| s.0),
        kind: traffic.kind,
        cut,
        held,
        slow_ns,
        loss_permille: lossy.loss_permille,
        duplicate_permille: lossy.duplicate_permille,
        reorder_ns: lossy.reorder_ns,
    };
    cluster.network.link_faults().into_iter().map(view).collect()
}

fn route_views(
    client: &Client,
    shards: &[Descriptor],
    leader: impl Fn(ShardId) -> Option<NodeId>,
) -> Vec<RouteView> {
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
            stale: old || r.leader.zip(leader(d.shard)).is_some_and(|(is, now)| is != now),
        }
    };
    client.routes(|router| router.routes().map(route).collect())
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
