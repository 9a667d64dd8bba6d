//! What placement learns from nodes' heartbeats and from answers, and who is live.
//!
//! All of it is learned anew after a crash, but for the descriptors, which `store` keeps: members
//! that disappear from one must be seen to disappear, however long placement was away.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use litemap::LiteMap;

use super::{OWNER, Placement};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Key, Member};
use crate::message::{Heartbeat, Located, Message};
use crate::network::{Endpoint, Envelope, Route};
use crate::sim::Time;

/// A node that has not been heard of for so long is taken for dead: four heartbeats (TiKV's PD
/// gives a store twice its heartbeat's interval before it is "disconnected").
const LOST_AFTER: Duration = Duration::from_secs(2);

/// What it has learned since it started.
#[derive(Default)]
pub(super) struct Learned {
    /// When it started: until it could have heard of them, all nodes are taken for live.
    since: Time,
    /// When a node was heard of last.
    heard: LiteMap<NodeId, Time>,
    /// Who led a shard when it was last heard of.
    leaders: LiteMap<ShardId, NodeId>,
    /// From which id on a node's replicas are on the disk that it has now.
    floors: LiteMap<NodeId, ReplicaId>,
}

impl Learned {
    pub(super) fn since(since: Time) -> Self {
        Self { since, ..Self::default() }
    }
}

impl Placement {
    /// Whether a node has been heard of lately.
    pub(crate) fn is_live(&self, node: NodeId) -> bool {
        let learned = self.0.learned.borrow();
        let heard = learned.heard.get(&node).copied().unwrap_or(learned.since);
        self.0.sim.now().since(heard) <= LOST_AFTER
    }

    /// The nodes that have been heard of lately.
    pub(super) fn heard_lately(&self) -> Vec<NodeId> {
        let learned = self.0.learned.borrow();
        let now = self.0.sim.now();
        let lately = learned.heard.iter().filter(|(_, at)| now.since(**at) <= LOST_AFTER);
        lately.map(|(node, _)| *node).collect()
    }

    /// Of these nodes, those that have not been heard of lately.
    pub(super) fn lost(&self, nodes: impl Iterator<Item = NodeId>) -> BTreeSet<NodeId> {
        nodes.filter(|node| !self.is_live(*node)).collect()
    }

    /// Who led the shard when it was last heard of.
    pub(super) fn leader(&self, shard: ShardId) -> Option<NodeId> {
        self.0.learned.borrow().leaders.get(&shard).copied()
    }

    pub(super) fn note_leader(&self, shard: ShardId, leader: Option<NodeId>) {
        let mut learned = self.0.learned.borrow_mut();
        match leader {
            Some(leader) => learned.leaders.insert(shard, leader),
            None => learned.leaders.remove(&shard),
        };
    }

    /// The members whose node has lost the disk that they were on.
    pub(super) fn without_disk(&self, descriptor: &Descriptor) -> BTreeSet<ReplicaId> {
        let floors = &self.0.learned.borrow().floors;
        let lost = |m: &&Member| floors.get(&m.node).is_some_and(|floor| m.replica < *floor);
        descriptor.members.iter().filter(lost).map(|m| m.replica).collect()
    }

    pub(super) fn receive(&self, envelope: &Envelope<Message>) {
        match (&envelope.payload, envelope.from) {
            (Message::Heartbeat(heartbeat), Endpoint::Node(node)) => self.hear(node, heartbeat),
            (Message::Locate(key), _) => {
                let answer = Message::LocatedAt(self.locate(*key));
                self.0.network.reply(&Route::from(envelope), answer);
            }
            (Message::Join, _) => {
                self.0.sim.spawn(OWNER, self.clone().welcome(Route::from(envelope)));
            }
            _ => {}
        }
    }

    /// Tells a node with an empty disk an id that nobody was ever told.
    async fn welcome(self, route: Route) {
        let floor = self.0.store.allocate_replica();
        self.0.store.synced().await;
        self.0.network.reply(&route, Message::Floor(floor));
    }

    /// Learns from a heartbeat, and answers with the replicas that are to be destroyed there.
    fn hear(&self, node: NodeId, heartbeat: &Heartbeat) {
        self.0.learned.borrow_mut().heard.insert(node, self.0.sim.now());
        self.note_floor(node, heartbeat.floor);
        for descriptor in &heartbeat.leads {
            self.learn(descriptor, node);
        }
        self.weigh(heartbeat);
        let held = heartbeat.holds.iter().copied();
        let gone: Vec<(ShardId, ReplicaId)> =
            held.filter(|(_, replica)| self.0.store.is_removed(*replica).is_some()).collect();
        if !gone.is_empty() {
            let (from, to) = (Endpoint::Placement, Endpoint::Node(node));
            self.0.network.send(Envelope::new(from, to, None, Message::Orders(gone)));
        }
    }

    fn note_floor(&self, node: NodeId, floor: ReplicaId) {
        let before = self.0.learned.borrow_mut().floors.insert(node, floor).unwrap_or_default();
        if before >= floor {
            // A heartbeat from before, or of a node that is about to join.
            self.0.learned.borrow_mut().floors.insert(node, before);
            return;
        }
        for known in self.0.store.shards() {
            if !self.without_disk(&known).is_empty() {
                self.unsettle(known.shard);
            }
        }
    }

    fn locate(&self, key: Key) -> Option<Located> {
        let holds = |d: &Rc<Descriptor>| d.range.contains(key);
        let found = self.0.store.shards().into_iter().filter(holds).max_by_key(|d| d.epoch)?;
        let leader = self.leader(found.shard);
        Some(Located { descriptor: (*found).clone(), leader })
    }

    /// Takes over what the leader of a shard says it is, unless something newer is known.
    pub(super) fn learn(&self, descriptor: &Descriptor, leader: NodeId) {
        let shard = descriptor.shard;
        let old = self.0.store.shard(shard);
        if old.as_ref().is_some_and(|old| old.epoch > descriptor.epoch) {
            return;
        }
        self.note_leader(shard, Some(leader));
        if old.is_none_or(|old| *old != *descriptor) {
            let gone = self.0.store.learn(descriptor);
            gone.into_iter().for_each(|replica| self.see_destroyed(replica));
        }
        // Whoever began it may be gone.
        if descriptor.joint || !self.without_disk(descriptor).is_empty() {
            self.unsettle(shard);
        }
    }
}
