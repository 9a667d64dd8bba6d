//! One machine: its disk, its catalog of replicas, and what becomes of the messages that reach it.
//!
//! Starts replicas from the catalog, hands messages to them, makes room for those it does not know,
//! destroys those that are gone. Client operations are in `serve`, placement's orders in `admin`.
//! It must not know other nodes' insides, nor placement's plans. Owned by `cluster`.

mod admin;
mod capacity;
mod catalog;
mod faults;
mod join;
mod load;
mod planted;
mod receive;
mod serve;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use litemap::LiteMap;

use capacity::Capacity;
use load::Load;

use crate::event::{EventKind, Origin};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, KeyRange};
use crate::message::{Heartbeat, Message};
use crate::network::{Endpoint, Envelope, MessageKind, Network, Route};
use crate::probe::{Fact, Probe};
use crate::raft::at_rest::{self, AtRest};
use crate::raft::birth;
use crate::raft::config::RaftConfig;
use crate::raft::message::Rpc;
use crate::raft::row_facts;
use crate::raft::seat::{Effect, Seat};
use crate::raft::types::{NodeDisk, RecordState};
use crate::raft::{Group, GroupStatus};
use crate::replica::Replica;
use crate::sim::{Owner, Sim, Time};
use crate::trace::Trace;

/// How often a node tells placement of itself.
const HEARTBEAT_EVERY: Duration = Duration::from_millis(500);

/// Most destroyed replicas that are remembered: more than can be shown fading at once.
const DESTROYED_MAX: usize = 64;

/// Most messages that wait for a paused node, as in the buffers of its sockets: more than its peers
/// send in an election timeout, after which they send little.
const INBOX_MAX: usize = 4_096;

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeStatus {
    Up,
    Paused,
    Down,
}

/// A node: a handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Node(Rc<Shared>);

struct Shared {
    id: NodeId,
    sim: Sim,
    network: Network<Message>,
    disk: NodeDisk,
    trace: Trace,
    probe: Probe,
    config: RaftConfig,
    status: Cell<NodeStatus>,
    starts: Cell<u32>,
    replicas: RefCell<LiteMap<ShardId, Replica>>,
    effects: RefCell<UnboundedSender<Effect>>,
    /// What arrived while the node was paused, at most [`INBOX_MAX`].
    inbox: RefCell<VecDeque<Envelope<Message>>>,
    capacity: Capacity,
    load: RefCell<Load>,
    /// Snapshots that are being installed, by message: of which shard, and its range.
    arriving: RefCell<LiteMap<u64, (ShardId, KeyRange)>>,
    /// Replicas whose end is still to be seen: when, and what they were.
    destroyed: RefCell<VecDeque<(Time, Seat)>>,
}

/// How a replica stands, for observers.
pub(crate) struct ReplicaFacts {
    pub(crate) seat: Seat,
    pub(crate) descriptor: Option<Descriptor>,
    pub(crate) status: Option<GroupStatus>,
    pub(crate) heard: Option<Time>,
    pub(crate) group: Option<Group>,
}

impl Node {
    pub(crate) fn new(
        id: NodeId,
        sim: Sim,
        network: Network<Message>,
        disk: NodeDisk,
        (trace, probe): (Trace, Probe),
        config: RaftConfig,
        capacity: u32,
    ) -> Self {
        let load = RefCell::new(Load::new(sim.now(), sim.rng("load samples")));
        Self(Rc::new(Shared {
            id,
            sim,
            network,
            disk,
            trace,
            probe,
            config,
            status: Cell::new(NodeStatus::Down),
            starts: Cell::new(0),
            replicas: RefCell::default(),
            effects: RefCell::new(unbounded().0),
            inbox: RefCell::default(),
            capacity: Capacity::new(capacity),
            load,
            arriving: RefCell::default(),
            destroyed: RefCell::default(),
        }))
    }

    pub(crate) fn id(&self) -> NodeId {
        self.0.id
    }

    pub(crate) fn status(&self) -> NodeStatus {
        self.0.status.get()
    }

    pub(crate) fn starts(&self) -> u32 {
        self.0.starts.get()
    }

    pub(crate) fn disk(&self) -> &NodeDisk {
        &self.0.disk
    }

    fn owner(&self, scope: u64) -> Owner {
        Owner { node: self.0.id.0, scope }
    }

    fn spawn(&self, scope: u64, task: impl Future<Output = ()> + 'static) {
        self.0.sim.spawn(self.owner(scope), task);
    }

    /// Starts the node from its disk; the replicas of shards that it `leads` campaign at once. Must
    /// be called within the simulation's context.
    pub(crate) fn start(&self, origin: Origin, leads: impl Fn(ShardId) -> bool) {
        let (effects, received) = unbounded();
        *self.0.effects.borrow_mut() = effects;
        self.0.status.set(NodeStatus::Up);
        self.0.starts.set(self.0.starts.get() + 1);
        let live =
            birth::catalog(&self.0.disk).into_iter().filter(|(_, r)| r.state == RecordState::Live);
        let seats: Vec<Seat> = live.map(|(replica, r)| self.seat(r.shard, replica)).collect();
        let replicas = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        self.0.trace.record(EventKind::NodeStarted { node: self.0.id, replicas });
        self.0.probe.tell(|| {
            let found = row_facts::found(&self.0.disk, &seats);
            Fact::NodeStarted { node: self.0.id, found }
        });
        for seat in seats {
            self.start_replica(seat, origin, leads(seat.shard));
        }
        let node = self.clone();
        self.0.network.attach(Endpoint::Node(self.0.id), Rc::new(move |e| node.receive(e)));
        if birth::floor(&self.0.disk).is_none() {
            self.spawn(0, self.clone().join());
        }
        self.spawn(0, self.clone().act_on(received));
        self.spawn(0, self.clone().report());
    }

    /// Stops the node at once.
    pub(crate) fn crash(&self) {
        self.0.network.detach(Endpoint::Node(self.0.id));
        self.0.sim.kill_node(self.0.id.0);
        let unflushed = self.0.disk.crash();
        self.0.status.set(NodeStatus::Down);
        let replicas = std::mem::take(&mut *self.0.replicas.borrow_mut());
        let inbox = std::mem::take(&mut *self.0.inbox.borrow_mut());
        drop((replicas, inbox));
        self.0.capacity.clear();
        self.0.trace.record(EventKind::NodeCrashed { node: self.0.id, unflushed });
    }

    pub(crate) fn pause(&self) {
        self.0.sim.pause_node(self.0.id.0);
        self.0.status.set(NodeStatus::Paused);
        self.0.trace.record(EventKind::NodePaused { node: self.0.id });
    }

    pub(crate) fn resume(&self) {
        self.0.status.set(NodeStatus::Up);
        self.0.trace.record(EventKind::NodeResumed { node: self.0.id });
        self.0.sim.resume_node(self.0.id.0);
        let inbox = std::mem::take(&mut *self.0.inbox.borrow_mut());
        inbox.into_iter().for_each(|envelope| self.receive(envelope));
    }

    fn seat(&self, shard: ShardId, replica: ReplicaId) -> Seat {
        Seat { node: self.0.id, shard, replica }
    }

    /// Tells placement of itself, for ever.
    async fn report(self) {
        loop {
            self.0.sim.sleep(HEARTBEAT_EVERY).await;
            let report = {
                let replicas = self.0.replicas.borrow();
                let leads = |r: &Replica| {
                    let group = r.group()?;
                    group.is_leader().then(|| group.machine().descriptor()).flatten()
                };
                let leads: Vec<Descriptor> = replicas.values().filter_map(leads).collect();
                let led: Vec<ShardId> = leads.iter().map(|d| d.shard).collect();
                Heartbeat {
                    floor: birth::floor(&self.0.disk).unwrap_or_default(),
                    holds: replicas.values().map(|r| (r.seat.shard, r.seat.replica)).collect(),
                    loads: self.0.load.borrow_mut().report(self.0.sim.now(), &led),
                    leads,
                }
            };
            let from = Endpoint::Node(self.0.id);
            let report = Message::Heartbeat(report);
            self.0.network.send(Envelope::new(from, Endpoint::Placement, None, report));
        }
    }

    /// Does what follows from applied entries, for ever.
    async fn act_on(self, mut effects: UnboundedReceiver<Effect>) {
        while let Some(effect) = effects.next().await {
            match effect {
                Effect::ChildBorn { child, parent } => self.take_over_child(child, parent),
                Effect::Initialized(seat) => {
                    if let Some(group) = self.group(seat.shard) {
                        group.set_ticking(true);
                    }
                }
                Effect::Removed(seat) => self.leave(seat),
                // It may lead still, cut off from those who decided: they do not need it.
                Effect::Expelled(seat) => drop(self.destroy(seat)),
            }
        }
    }

    fn receive(&self, envelope: Envelope<Message>) {
        if self.status() == NodeStatus::Paused {
            let mut inbox = self.0.inbox.borrow_mut();
            if inbox.len() < INBOX_MAX {
                inbox.push_back(envelope);
            }
            return;
        }
        let route = Route::from(&envelope);
        match (envelope.shard, &envelope.payload) {
            (Some(shard), Message::Raft(_)) => self.receive_raft(shard, envelope),
            (Some(shard), Message::Request(request)) => {
                self.line_up(route, shard, *request);
            }
            (Some(shard), &Message::ReadIndex { leader, policy }) => {
                self.spawn(0, self.clone().tell_read_index(route, shard, leader, policy));
            }
            (Some(shard), Message::Admin(admin)) => {
                self.spawn(0, self.clone().administer(route, shard, admin.clone()));
            }
            (_, Message::Orders(destroy)) => {
                for &(shard, replica) in destroy {
                    drop(self.destroy(self.seat(shard, replica)));
                }
            }
            // Nobody sends these here; a stray one changes nothing.
            _ => {}
        }
    }

    pub(crate) fn group(&self, shard: ShardId) -> Option<Group> {
        self.0.replicas.borrow().get(&shard)?.group().cloned()
    }

    /// All live replicas, by shard.
    pub(crate) fn facts(&self) -> Vec<ReplicaFacts> {
        self.0.replicas.borrow().values().map(|r| self.facts_of(r)).collect()
    }

    fn facts_of(&self, r: &Replica) -> ReplicaFacts {
        let descriptor = match r.group() {
            Some(group) => group.machine().descriptor(),
            // It is about to run as what is on the disk.
            None => birth::descriptor(&self.0.disk, r.seat.replica),
        };
        let (seat, status, heard) = (r.seat, r.status(), r.heard);
        ReplicaFacts { seat, descriptor, status, heard, group: r.group().cloned() }
    }

    /// What is on the disk of a node that is down, by id; nothing while it runs.
    pub(crate) fn asleep(&self) -> Vec<AtRest> {
        match self.status() {
            NodeStatus::Down => at_rest::at_rest(self.0.id, &self.0.disk),
            NodeStatus::Up | NodeStatus::Paused => Vec::new(),
        }
    }

    /// The live replica of `shard`.
    pub(crate) fn fact(&self, shard: ShardId) -> Option<ReplicaFacts> {
        self.0.replicas.borrow().get(&shard).map(|r| self.facts_of(r))
    }

    fn remember_destroyed(&self, seat: Seat) {
        let mut destroyed = self.0.destroyed.borrow_mut();
        if destroyed.len() == DESTROYED_MAX {
            destroyed.pop_front();
        }
        destroyed.push_back((self.0.sim.now(), seat));
    }

    /// Replicas destroyed since `since`, of the last [`DESTROYED_MAX`].
    pub(crate) fn destroyed_since(&self, since: Time) -> Vec<(Time, Seat)> {
        self.0.destroyed.borrow().iter().filter(|(at, _)| *at >= since).copied().collect()
    }
}

impl From<&Rpc> for MessageKind {
    fn from(rpc: &Rpc) -> Self {
        match rpc {
            Rpc::Append(_) => Self::Append,
            Rpc::Vote(_) => Self::Vote,
            Rpc::PreVote(_) => Self::PreVote,
            Rpc::Snapshot { .. } => Self::Snapshot,
            Rpc::Transfer(_) => Self::Transfer,
        }
    }
}
