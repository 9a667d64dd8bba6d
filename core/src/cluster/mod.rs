//! The world: nodes, network, placement and clients, and the commands that change it.
//!
//! `apply` is one match, one line an arm; each arm checks first and refuses without having changed
//! anything. The faults' arms are in `faults`. Owned by `simulation`, which records and counts. It must not know phases or views.

mod faults;

use std::rc::Rc;
use std::time::Duration;

use crate::client::{Client, LoadOptions, Task};
use crate::command::Command;
use crate::error::{CommandError, Error};
use crate::event::Origin;
use crate::few;
use crate::id::{ClientId, NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch, Key, KeyRange, Member};
use crate::message::{Located, Message};
use crate::network::{LinkOptions, Lossy, Network, Places};
use crate::node::{Node, NodeStatus, ReplicaFacts};
use crate::operation::{Change, Operation};
use crate::options::Options;
use crate::placement::{Layout, Placement};
use crate::plant::{self, Plant};
use crate::probe::Probe;
use crate::raft::birth;
use crate::raft::config::raft_config;
use crate::raft::row_facts::RowFacts;
use crate::raft::state::ShardState;
use crate::raft::types::{NodeBatch, NodeDisk, ReplicaNode};
use crate::sim::{Owner, Sim};
use crate::trace::Trace;

/// The world.
pub(crate) struct Cluster {
    pub(crate) options: Options,
    pub(crate) sim: Sim,
    pub(crate) trace: Trace,
    pub(crate) probe: Probe,
    pub(crate) network: Network<Message>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) clients: Vec<Client>,
    pub(crate) placement: Placement,
}

impl Cluster {
    /// A world at its beginning: disks formatted with the first shards, nodes started, clients
    /// idle. With `checked`, what only the checkers need is told as well.
    pub(crate) fn new(options: &Options, checked: bool) -> Result<Self, Error> {
        options.validate()?;
        let config = raft_config(options)?;
        let sim = Sim::new(options.seed, options.wake_order);
        plant::sow(&sim, options.plant);
        let trace = Trace::observed();
        let probe = if checked { Probe::beside(&trace) } else { Probe::default() };
        let links = LinkOptions {
            seed: options.seed,
            latency_ns: options.link_latency_ns,
            jitter_ns: options.link_jitter_ns,
            ns_per_byte: options.link_ns_per_byte,
            places: Places::from(options),
        };
        let first = first_shards(options);
        let world = sim.clone();
        Ok(world.enter(Owner::WORLD, || {
            let network = Network::new(sim.clone(), trace.clone(), links);
            let offsets = sim.rng("clocks");
            let node = |n: u16| {
                let id = NodeId(n);
                let latency = Duration::from_nanos(options.flush_latency_ns);
                let disk = NodeDisk::flushing(sim.clone(), Owner { node: n, scope: 0 }, latency);
                if checked {
                    disk.watch(Rc::new(RowFacts::new(id, probe.clone())));
                }
                disk.format(first_rows(id, &first));
                let spread = options.clock_offset_ns;
                let offset = offsets.below(2 * spread + 1).cast_signed() - spread.cast_signed();
                sim.set_clock(n, offset, 0);
                let told = (trace.clone(), probe.clone());
                let (sim, network) = (sim.clone(), network.clone());
                let capacity = options.node_capacity;
                Node::new(id, sim, network, disk, told, config.clone(), capacity)
            };
            let nodes: Vec<Node> = (1..=options.nodes).map(node).collect();
            for node in &nodes {
                let leads = |shard| {
                    first.iter().any(|l| l.descriptor.shard == shard && l.leader == Some(node.id()))
                };
                node.start(Origin::Bootstrap, leads);
            }
            let client = |c| {
                let load = LoadOptions::of(options, ClientId(c));
                let (sim, network, trace) = (sim.clone(), network.clone(), trace.clone());
                Client::new(ClientId(c), sim, network, trace, load, &first)
            };
            let clients = (1..=options.clients).map(client).collect();
            let next_replica = u64::from(options.initial_shards) * u64::from(options.voters) + 1;
            let placement = Placement::new(
                sim.clone(),
                network.clone(),
                trace.clone(),
                Duration::from_nanos(options.flush_latency_ns),
                &first,
                next_replica,
            );
            placement.watch_load(options);
            Self { options: options.clone(), sim, trace, probe, network, nodes, clients, placement }
        }))
    }

    /// Carries out a command, or refuses it and changes nothing. Phases are the scenario's.
    pub(crate) fn apply(&self, command: &Command) -> Result<(), CommandError> {
        match *command {
            Command::NextPhase | Command::Phase { .. } => {
                Err(CommandError::NotNow("phases are run by the scenario".into()))
            }
            Command::Crash { node } => self.crash(node),
            Command::Restart { node } => self.restart(node),
            Command::Pause { node } => self.up(node).map(Node::pause),
            Command::Resume { node } => self.resume(node),
            Command::Isolate { node } => self.isolate(node),
            Command::Separate { ref groups, one_way } => self.separate(groups, one_way),
            Command::Cut(traffic) => self.cut(traffic),
            Command::Hold(traffic) => self.hold(traffic),
            Command::Release(traffic) => self.release(traffic),
            Command::HealLink(traffic) => self.heal_link(traffic),
            Command::SlowLink { from, to, by_ns } => self.slow_link(from, to, by_ns),
            Command::LossyLink { from, to, loss_permille, duplicate_permille, reorder_ns } => {
                let lossy = Lossy { loss_permille, duplicate_permille, reorder_ns };
                self.spoil_link(from, to, lossy)
            }
            Command::Heal => self.heal(),
            Command::DropMessage { id } => self.drop_message(id),
            Command::DelayMessage { id, by_ns } => self.delay_message(id, by_ns),
            Command::DuplicateMessage { id } => self.duplicate_message(id),
            Command::ReleaseMessage { id } => self.release_message(id),
            Command::Elect { shard, node } => self.elect(shard, node),
            Command::HoldApply { node, shard } => self.hold_apply(node, shard, true),
            Command::ReleaseApply { node, shard } => self.hold_apply(node, shard, false),
            Command::SlowDisk { node, flush_latency_ns } => self.slow_disk(node, flush_latency_ns),
            Command::HoldDisk { node } => self.hold_disk(node, true),
            Command::ReleaseDisk { node } => self.hold_disk(node, false),
            Command::FillDisk { node } => self.fill_disk(node, true),
            Command::FreeDisk { node } => self.fill_disk(node, false),
            Command::LoseDisk { node } => self.lose_disk(node),
            Command::SetClock { node, offset_ns, drift_ppm } => {
                self.set_clock(node, offset_ns, drift_ppm)
            }
            Command::Split { shard, key } => self.split(shard, key).map(|_| ()),
            Command::TransferLeader { shard, node } => self.transfer_leader(shard, node),
            Command::Move { shard, ref voters, ref learners } => {
                self.check_layout(shard, voters, learners)?;
                self.check_quorum(shard, voters)?;
                self.move_shard(shard, voters, learners)
            }
            Command::CrashPlacement => self.crash_placement(),
            Command::RestartPlacement => self.restart_placement(),
            Command::Write { key, value } => {
                self.operate(key, Operation::Write(Change::Put { value }))
            }
            Command::Read { key } => self.operate(key, Operation::Read),
            Command::Delete { key } => self.operate(key, Operation::Write(Change::Delete)),
            Command::CompareAndSet { key, expected, value } => {
                self.operate(key, Operation::Write(Change::CompareAndSet { expected, value }))
            }
            Command::Scan { start, end } => self.scan(start, end),
            Command::Load { on } => self.set_load(on),
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Result<&Node, CommandError> {
        let found = self.nodes.iter().find(|n| n.id() == id);
        found.ok_or(CommandError::NoSuchNode(id, NodeId(self.options.nodes)))
    }

    fn up(&self, id: NodeId) -> Result<&Node, CommandError> {
        let node = self.node(id)?;
        if node.status() == NodeStatus::Up { Ok(node) } else { Err(CommandError::NotUp(id)) }
    }

    fn set_load(&self, on: bool) -> Result<(), CommandError> {
        self.load(on);
        Ok(())
    }

    /// Wants a shard split, and returns the id of the new one.
    pub(crate) fn split(&self, shard: ShardId, key: Key) -> Result<ShardId, CommandError> {
        self.placement_up()?;
        let range = self.shard(shard)?.range;
        if range.width() < 2 {
            return Err(CommandError::TooSmall(shard));
        }
        if range.split_at(key).is_none() {
            return Err(CommandError::SplitKey { key, shard, range });
        }
        if !self.placement.is_settled(shard) {
            return Err(CommandError::NotNow(format!(
                "placement still works on {shard}: wait until it is settled"
            )));
        }
        Ok(self.placement.want_split(shard, key))
    }

    fn transfer_leader(&self, shard: ShardId, node: NodeId) -> Result<(), CommandError> {
        self.placement_up()?;
        self.node(node)?;
        let descriptor = self.shard(shard)?;
        let Some(member) = descriptor.member_on(node).filter(|m| m.voter) else {
            return Err(CommandError::NotAVoter(shard, node));
        };
        if self.is_missed(node) {
            return Err(CommandError::NotLive(shard, node));
        }
        self.placement.transfer(shard, member);
        Ok(())
    }

    pub(crate) fn move_shard(
        &self,
        shard: ShardId,
        voters: &[NodeId],
        learners: &[NodeId],
    ) -> Result<(), CommandError> {
        self.check_layout(shard, voters, learners)?;
        let layout = Layout { voters: voters.to_vec(), learners: learners.to_vec() };
        self.placement.want_layout(shard, layout);
        Ok(())
    }

    fn check_layout(
        &self,
        shard: ShardId,
        voters: &[NodeId],
        learners: &[NodeId],
    ) -> Result<(), CommandError> {
        self.placement_up()?;
        self.shard(shard)?;
        for node in voters.iter().chain(learners) {
            self.node(*node)?;
        }
        if voters.is_empty() {
            return Err(CommandError::NotNow(format!(
                "{shard} needs at least one voter: name its nodes"
            )));
        }
        let twice = |n: &&NodeId| voters.iter().chain(learners).filter(|m| m == n).count() > 1;
        if let Some(node) = voters.iter().chain(learners).find(twice) {
            return Err(CommandError::NotNow(format!(
                "{node} is named twice: a node holds one replica of a shard"
            )));
        }
        Ok(())
    }

    /// Whether placement misses a node that indeed does not run. One that has just come back will be
    /// heard of soon: what needs it may be asked for already.
    fn is_missed(&self, node: NodeId) -> bool {
        let runs = self.node(node).is_ok_and(|node| node.status() == NodeStatus::Up);
        !runs && !self.placement.is_live(node)
    }

    /// Refuses a layout that could not have a quorum as things stand: whatever its steps, they would
    /// end without one.
    fn check_quorum(&self, shard: ShardId, voters: &[NodeId]) -> Result<(), CommandError> {
        let lost = voters.iter().filter(|node| self.is_missed(**node));
        let lost: Vec<String> = lost.map(ToString::to_string).collect();
        if lost.len() * 2 >= voters.len() && !plant::is(Plant::QuorumNotMinded) {
            let (voters, lost) = (voters.len(), lost.join(", "));
            return Err(CommandError::NoQuorum { shard, voters, lost });
        }
        Ok(())
    }

    fn scan(&self, start: Key, end: Key) -> Result<(), CommandError> {
        if end <= start {
            return Err(CommandError::ScanBackwards { start, end });
        }
        let (last, space) = (Key(end.0 - 1), self.options.key_space());
        if !space.contains(last) {
            return Err(CommandError::KeyOutside(last, space));
        }
        self.operate(start, Operation::Scan { end })
    }

    fn operate(&self, key: Key, operation: Operation) -> Result<(), CommandError> {
        let space = self.options.key_space();
        if !space.contains(key) {
            return Err(CommandError::KeyOutside(key, space));
        }
        let Some(client) = self.clients.first() else {
            return Err(CommandError::NotNow("this run has no client".into()));
        };
        if client.enqueue([Task::exactly(key, operation)]) {
            Ok(())
        } else {
            Err(CommandError::NotNow("the client's queue is full: let it catch up".into()))
        }
    }

    /// Starts or stops the clients' own load.
    pub(crate) fn load(&self, on: bool) {
        self.clients.iter().for_each(|client| client.set_loading(on));
    }

    /// Has the clients write every key once, shared out among them.
    pub(crate) fn fill(&self) {
        let space = self.options.key_space();
        let clients = self.clients.len() as u64;
        for (i, client) in (0..).zip(&self.clients) {
            let keys = (space.start.0..space.end.0).filter(|k| k % clients == i);
            client.enqueue(keys.map(|k| Task::fresh_put(Key(k))));
        }
    }

    /// All live replicas on nodes that are not down, by node, then shard.
    pub(crate) fn replicas(&self) -> Vec<ReplicaFacts> {
        self.nodes.iter().flat_map(Node::facts).collect()
    }

    /// The shards, each by the newest descriptor that any replica has applied, by range.
    pub(crate) fn shards(&self) -> Vec<Descriptor> {
        let mut newest: Vec<Descriptor> = Vec::new();
        for descriptor in self.replicas().into_iter().filter_map(|r| r.descriptor) {
            match newest.iter_mut().find(|d| d.shard == descriptor.shard) {
                Some(known) if known.epoch < descriptor.epoch => *known = descriptor,
                Some(_) => {}
                None => newest.push(descriptor),
            }
        }
        few::sort_by_key(&mut newest, |d| (d.range.start, d.shard));
        newest
    }

    fn shard(&self, shard: ShardId) -> Result<Descriptor, CommandError> {
        let shards = self.shards();
        let names = || shards.iter().map(|d| d.shard.to_string()).collect::<Vec<_>>().join(", ");
        let found = shards.iter().find(|d| d.shard == shard).cloned();
        found.ok_or_else(|| CommandError::NoSuchShard(shard, names()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Tasks hold handles on everything; without this, they and it would keep each other alive.
        self.sim.shutdown();
        self.network.shutdown();
    }
}

/// The shards at the beginning: equal parts of the key space, on the first nodes, led in turn.
fn first_shards(options: &Options) -> Vec<Located> {
    let space = options.key_space();
    let (count, voters) = (u64::from(options.initial_shards), options.voters);
    let at = |i: u64| Key(space.start.0 + space.width() * i / count);
    let shard = |i: u64| {
        let member = |n: u16| Member {
            replica: ReplicaId(i * u64::from(voters) + u64::from(n)),
            node: NodeId(n),
            voter: true,
        };
        let descriptor = Descriptor {
            shard: ShardId(i + 1),
            range: KeyRange { start: at(i), end: at(i + 1) },
            epoch: Epoch { version: 1, conf_ver: 1 },
            members: (1..=voters).map(member).collect(),
            joint: false,
        };
        let leader = NodeId(u16::try_from(i % u64::from(voters)).unwrap_or(0) + 1);
        Located { descriptor, leader: Some(leader) }
    };
    (0..count).map(shard).collect()
}

fn first_rows(node: NodeId, shards: &[Located]) -> NodeBatch {
    let mut batch = NodeBatch::default();
    birth::put_floor(&mut batch, ReplicaId(1));
    for Located { descriptor, .. } in shards {
        let Some(here) = descriptor.member_on(node) else {
            continue;
        };
        let voters = descriptor.members.iter().map(|m| m.replica).collect();
        let nodes =
            descriptor.members.iter().map(|m| (m.replica, ReplicaNode { node: m.node })).collect();
        let membership = birth::membership(vec![voters], nodes);
        let state = ShardState::empty(descriptor.shard, descriptor.range, descriptor.epoch);
        birth::put_first_rows(&mut batch, here.replica, state, membership, None);
    }
    batch
}
