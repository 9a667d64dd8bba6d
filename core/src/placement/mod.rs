//! The cluster's scheduler: allocates ids, holds the wanted layout, drives steps towards it (TiKV:
//! PD).
//!
//! It learns from nodes' heartbeats and from the answers to its orders, and acts only by sending
//! them: it never looks into a node. What is wanted and which ids are taken is durable; all else it
//! learns anew. Owned by `cluster`.

mod plan;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::{Either, select};

pub(crate) use plan::Layout;
use plan::{Plan, next_step};

use crate::event::{EventKind, Step};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Key, KeyRange, Member};
use crate::message::{Admin, AdminReply, Located, Message, ShardReport};
use crate::network::{Endpoint, Envelope, Network, Route};
use crate::plant::{self, Plant};
use crate::raft::entry::Split;
use crate::sim::{Owner, Sim, Time};
use crate::trace::Trace;

/// How long an order waits for its answer.
const ORDER_TTL: Duration = Duration::from_secs(2);
/// How long to wait before looking again at a shard that is not ready for its next step.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// How long a transfer that was ordered is given to come true.
const TRANSFER_AGAIN: Duration = Duration::from_millis(500);

/// Placement: a handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Placement(Rc<Shared>);

struct Shared {
    sim: Sim,
    network: Network<Message>,
    trace: Trace,
    wake: UnboundedSender<()>,
    durable: RefCell<Durable>,
    learned: RefCell<Learned>,
}

/// What survives placement's own crash.
struct Durable {
    next_shard: u64,
    next_replica: u64,
    /// Where shards are wanted.
    layouts: BTreeMap<ShardId, Layout>,
    /// Splits that were asked for and are not known to be done.
    splits: BTreeMap<ShardId, (Key, ShardId)>,
    /// Replicas that are out of their shard's membership, and not known to be destroyed.
    removed: BTreeMap<ReplicaId, (ShardId, NodeId)>,
}

/// What it has learned.
#[derive(Default)]
struct Learned {
    shards: BTreeMap<ShardId, Located>,
    /// Shards that are not yet as they are wanted.
    unsettled: BTreeSet<ShardId>,
    /// Transfers that were ordered, and when to order them again at the earliest.
    transfers: BTreeMap<ShardId, Time>,
    note: String,
}

impl Placement {
    pub(crate) fn new(
        sim: Sim,
        network: Network<Message>,
        trace: Trace,
        known: &[Located],
        next_replica: u64,
    ) -> Self {
        let (wake, woken) = unbounded();
        let shards: BTreeMap<_, _> =
            known.iter().map(|l| (l.descriptor.shard, l.clone())).collect();
        let next_shard = shards.keys().map(|s| s.0).max().unwrap_or(0) + 1;
        let durable = RefCell::new(Durable {
            next_shard,
            next_replica,
            layouts: BTreeMap::new(),
            splits: BTreeMap::new(),
            removed: BTreeMap::new(),
        });
        let learned = RefCell::new(Learned { shards, ..Learned::default() });
        let placement = Self(Rc::new(Shared { sim, network, trace, wake, durable, learned }));
        let port = placement.clone();
        placement.0.network.attach(Endpoint::Placement, Rc::new(move |e| port.receive(&e)));
        let owner = Owner { scope: u64::MAX, ..Owner::WORLD };
        placement.0.sim.spawn(owner, placement.clone().run(woken));
        placement
    }

    /// Wants `shard` split at `key`. Returns the new shard's id.
    pub(crate) fn want_split(&self, shard: ShardId, key: Key) -> ShardId {
        let mut durable = self.0.durable.borrow_mut();
        let child = ShardId(durable.next_shard);
        durable.next_shard += u64::from(!plant::is(Plant::ShardIdReused));
        durable.splits.insert(shard, (key, child));
        drop(durable);
        self.unsettle(shard);
        child
    }

    /// Wants `shard` placed like this.
    pub(crate) fn want_layout(&self, shard: ShardId, layout: Layout) {
        self.0.durable.borrow_mut().layouts.insert(shard, layout);
        self.unsettle(shard);
    }

    /// Orders leadership of `shard` to be handed to `member`, once.
    pub(crate) fn transfer(&self, shard: ShardId, member: Member) {
        let owner = Owner { scope: u64::MAX, ..Owner::WORLD };
        let placement = self.clone();
        self.0.sim.spawn(owner, async move {
            let Some((leader, _)) = placement.look(shard).await else {
                return;
            };
            if leader != member.node {
                placement.note_step(shard, Step::Transfer { to: member.node });
                placement.order(shard, leader, Admin::Transfer { to: member.replica }).await;
            }
        });
    }

    /// Whether nothing is left to do for `shard`.
    pub(crate) fn is_settled(&self, shard: ShardId) -> bool {
        !self.0.learned.borrow().unsettled.contains(&shard)
            && !self.0.durable.borrow().removed.values().any(|(s, _)| *s == shard)
    }

    /// What it does or waits for, in a sentence; empty at rest.
    pub(crate) fn note(&self) -> String {
        self.0.learned.borrow().note.clone()
    }

    fn unsettle(&self, shard: ShardId) {
        self.0.learned.borrow_mut().unsettled.insert(shard);
        // Fails only when the task is gone with the whole simulation.
        drop(self.0.wake.unbounded_send(()));
    }

    fn receive(&self, envelope: &Envelope<Message>) {
        match (&envelope.payload, envelope.from) {
            (Message::Heartbeat(heartbeat), Endpoint::Node(node)) => {
                for descriptor in &heartbeat.leads {
                    self.learn(descriptor, Some(node));
                }
                let durable = self.0.durable.borrow();
                let gone = heartbeat.holds.iter().filter(|(_, r)| durable.removed.contains_key(r));
                let gone: Vec<(ShardId, ReplicaId)> = gone.copied().collect();
                drop(durable);
                if !gone.is_empty() {
                    let (from, to) = (Endpoint::Placement, Endpoint::Node(node));
                    self.0.network.send(Envelope::new(from, to, None, Message::Orders(gone)));
                }
            }
            (Message::Locate(key), _) => {
                let learned = self.0.learned.borrow();
                let holds = |l: &&Located| l.descriptor.range.contains(*key);
                let found =
                    learned.shards.values().filter(holds).max_by_key(|l| l.descriptor.epoch);
                let answer = Message::LocatedAt(found.cloned());
                drop(learned);
                self.0.network.reply(&Route::from(envelope), answer);
            }
            _ => {}
        }
    }

    /// Takes over a descriptor unless a newer one is known. Members that it no longer names are to
    /// be destroyed.
    fn learn(&self, descriptor: &Descriptor, leader: Option<NodeId>) {
        let shard = descriptor.shard;
        let mut learned = self.0.learned.borrow_mut();
        let old = learned.shards.get(&shard);
        if old.is_some_and(|old| old.descriptor.epoch > descriptor.epoch) {
            return;
        }
        if let Some(old) = old {
            let mut durable = self.0.durable.borrow_mut();
            for m in &old.descriptor.members {
                if !descriptor.members.iter().any(|now| now.replica == m.replica) {
                    durable.removed.insert(m.replica, (shard, m.node));
                }
            }
        }
        learned.shards.insert(shard, Located { descriptor: descriptor.clone(), leader });
        drop(learned);
        if descriptor.joint {
            self.unsettle(shard);
        }
    }

    async fn run(self, mut woken: UnboundedReceiver<()>) {
        loop {
            let unsettled: Vec<ShardId> =
                self.0.learned.borrow().unsettled.iter().copied().collect();
            let removed: Vec<(ReplicaId, ShardId, NodeId)> =
                self.0.durable.borrow().removed.iter().map(|(r, (s, n))| (*r, *s, *n)).collect();
            for (replica, shard, node) in removed {
                self.destroy(replica, shard, node).await;
            }
            if unsettled.is_empty() && self.0.durable.borrow().removed.is_empty() {
                self.0.learned.borrow_mut().note.clear();
                if woken.next().await.is_none() {
                    return;
                }
                continue;
            }
            let mut moved = false;
            for shard in unsettled {
                moved |= self.advance(shard).await;
            }
            if !moved {
                let pause = std::pin::pin!(self.0.sim.sleep(LOOK_AGAIN));
                if let Either::Left((None, _)) = select(woken.next(), pause).await {
                    return;
                }
            }
        }
    }

    /// Takes the next step for `shard`; false if there is none to take now.
    async fn advance(&self, shard: ShardId) -> bool {
        let Some((leader, report)) = self.look(shard).await else {
            return false;
        };
        let split = self.0.durable.borrow().splits.get(&shard).copied();
        if let Some((key, child)) = split {
            return self.split(leader, report, key, child).await;
        }
        let layout = self.0.durable.borrow().layouts.get(&shard).cloned();
        let plan = match layout {
            Some(layout) => next_step(&report, leader, &layout),
            None if report.descriptor.joint => Plan::Do(Step::LeaveJoint {}),
            None => Plan::Reached,
        };
        match plan {
            Plan::Do(step) => self.take(shard, leader, &report, step).await,
            Plan::Wait(why) => {
                self.0.learned.borrow_mut().note = why;
                false
            }
            Plan::Reached => {
                self.0.learned.borrow_mut().unsettled.remove(&shard);
                self.0.trace.record(EventKind::PlacementReached { shard });
                true
            }
        }
    }

    /// Asks the shard's leader how it stands, and learns who that is.
    async fn look(&self, shard: ShardId) -> Option<(NodeId, ShardReport)> {
        let located = self.0.learned.borrow().shards.get(&shard).cloned()?;
        let members = located.descriptor.members.iter().map(|m| m.node);
        let mut ask: Vec<NodeId> = located.leader.into_iter().chain(members).collect();
        let mut asked = 0;
        // Leadership may move while it is looked for: follow hints, but not for ever.
        while asked < ask.len().min(12) {
            let node = ask[asked];
            asked += 1;
            match self.order(shard, node, Admin::Status).await {
                Some(AdminReply::Done(report) | AdminReply::Stale(report)) => {
                    self.learn(&report.descriptor, Some(node));
                    return Some((node, report));
                }
                Some(AdminReply::NotLeader(Some(hint))) => ask.insert(asked, hint),
                _ => {}
            }
        }
        self.0.learned.borrow_mut().note = format!("no leader of {shard} answers");
        None
    }

    async fn order(&self, shard: ShardId, node: NodeId, admin: Admin) -> Option<AdminReply> {
        let (from, to) = (Endpoint::Placement, Endpoint::Node(node));
        let answer = self.0.network.call(from, to, Some(shard), Message::Admin(admin), ORDER_TTL);
        match answer.await {
            Ok(Message::AdminReply(reply)) => Some(reply),
            _ => None,
        }
    }

    async fn split(&self, leader: NodeId, report: ShardReport, key: Key, child: ShardId) -> bool {
        let Descriptor { shard, epoch, range, ref members, .. } = report.descriptor;
        // Done already, perhaps by an order whose answer was lost.
        if range.end <= key {
            self.inherit(shard, child);
            return true;
        }
        let born: Vec<Member> =
            members.iter().map(|m| Member { replica: self.allocate_replica(), ..*m }).collect();
        let replicas = born.iter().map(|m| (m.node, m.replica)).collect();
        let split = Split { epoch, key, child, replicas };
        self.note_step(shard, Step::Split { key, child });
        if let Some(AdminReply::Done(now)) = self.order(shard, leader, Admin::Split(split)).await {
            self.learn(&now.descriptor, Some(leader));
            let epoch = now.descriptor.epoch;
            let range = KeyRange { start: key, end: range.end };
            let child_now = Descriptor { shard: child, range, epoch, members: born, joint: false };
            self.learn(&child_now, Some(leader));
            self.inherit(shard, child);
        }
        true
    }

    /// A new shard is wanted where its parent is, until it is wanted elsewhere.
    fn inherit(&self, parent: ShardId, child: ShardId) {
        let mut durable = self.0.durable.borrow_mut();
        durable.splits.remove(&parent);
        if let Some(layout) = durable.layouts.get(&parent).cloned() {
            durable.layouts.entry(child).or_insert(layout);
        }
    }

    async fn take(&self, shard: ShardId, leader: NodeId, report: &ShardReport, step: Step) -> bool {
        let epoch = report.descriptor.epoch;
        let replicas = |nodes: &[NodeId]| {
            let member = |n: &NodeId| report.descriptor.member_on(*n).map(|m| m.replica);
            nodes.iter().filter_map(member).collect()
        };
        let (step, admin) = match step {
            Step::AddLearner { node, .. } => {
                let replica = self.allocate_replica();
                (Step::AddLearner { node, replica }, Admin::AddLearner { epoch, replica, node })
            }
            Step::Promote { nodes } => {
                let replicas = replicas(&nodes);
                (Step::Promote { nodes }, Admin::Promote { epoch, replicas })
            }
            Step::Remove { nodes } => {
                let replicas = replicas(&nodes);
                (Step::Remove { nodes }, Admin::Remove { epoch, replicas })
            }
            Step::Transfer { to } => {
                let Some(m) = report.descriptor.member_on(to) else {
                    return false;
                };
                let now = self.0.sim.now();
                let mut learned = self.0.learned.borrow_mut();
                if learned.transfers.get(&shard).is_some_and(|again| now < *again) {
                    return false;
                }
                learned.transfers.insert(shard, now + TRANSFER_AGAIN);
                (Step::Transfer { to }, Admin::Transfer { to: m.replica })
            }
            Step::LeaveJoint {} => (Step::LeaveJoint {}, Admin::LeaveJoint { epoch }),
            Step::Split { .. } | Step::Destroy { .. } => return false,
        };
        let transferring = matches!(step, Step::Transfer { .. });
        self.note_step(shard, step.clone());
        match self.order(shard, leader, admin).await {
            Some(AdminReply::Done(report)) => self.learn(&report.descriptor, Some(leader)),
            Some(AdminReply::Unknown(why)) => {
                self.0.learned.borrow_mut().note = format!("{shard}: {step}: {why}");
                return false;
            }
            _ => {}
        }
        // A transfer is only begun: let it come true before it is asked for again.
        !transferring
    }

    async fn destroy(&self, replica: ReplicaId, shard: ShardId, node: NodeId) {
        self.note_step(shard, Step::Destroy { node, replica });
        if let Some(AdminReply::Destroyed) =
            self.order(shard, node, Admin::Destroy { replica }).await
        {
            self.0.durable.borrow_mut().removed.remove(&replica);
        }
    }

    fn note_step(&self, shard: ShardId, step: Step) {
        self.0.learned.borrow_mut().note = format!("{shard}: {step}");
        self.0.trace.record(EventKind::PlacementStep { shard, step });
    }

    fn allocate_replica(&self) -> ReplicaId {
        let mut durable = self.0.durable.borrow_mut();
        let next = ReplicaId(durable.next_replica);
        durable.next_replica += u64::from(!(plant::is(Plant::ReplicaIdReused) && next.0 % 4 == 0));
        next
    }
}
