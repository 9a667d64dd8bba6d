//! The cluster's scheduler: allocates ids, holds the wanted layout, drives steps towards it (TiKV:
//! PD).
//!
//! It learns from nodes' heartbeats and from the answers to its orders, and acts only by sending
//! them: it never looks into a node. Owned by `cluster`, which may crash it: then its tasks are
//! dropped, nobody answers at its endpoint, and what it goes on from is what `store` holds and
//! heartbeats tell.
//!
//! ```text
//! store       what is durable: ids, wants, descriptors, replicas to destroy
//! heartbeats  what it learns, and who is live
//! driver      one task a shard that is not as it is wanted: look, plan, order, again
//! plan        the next step, from how the shard stands and how it is wanted
//! quorum      the steps that would leave a shard without a live quorum
//! destroy     one task a replica that is out of its membership
//! load        what follows from the load that nodes report: hot, balance
//! ```

mod balance;
mod destroy;
mod driver;
mod heartbeats;
pub(crate) mod hot;
mod load;
mod plan;
mod quorum;
mod store;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

pub(crate) use plan::Layout;

use litemap::LiteMap;

use crate::event::EventKind;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Key, Member};
use crate::message::{Admin, AdminReply, Located, Message};
use crate::network::{Endpoint, Network};
use crate::sim::{Owner, Sim};
use crate::trace::Trace;

use driver::Driver;
use heartbeats::Learned;
use store::Store;

/// Who owns its tasks and timers: a crash drops just these.
const OWNER: Owner = Owner { scope: u64::MAX, ..Owner::WORLD };

/// How long an order waits for its answer.
const ORDER_TTL: Duration = Duration::from_secs(2);

/// How many shards a note tells of: more are not read.
const NOTED_MAX: usize = 3;

/// Placement: a handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Placement(Rc<Shared>);

struct Shared {
    sim: Sim,
    network: Network<Message>,
    trace: Trace,
    store: Store,
    up: Cell<bool>,
    learned: RefCell<Learned>,
    at_work: RefCell<AtWork>,
    load: RefCell<load::Book>,
}

/// What it is doing now.
#[derive(Default)]
struct AtWork {
    /// The shards that are not known to be as they are wanted.
    drivers: LiteMap<ShardId, Driver>,
    /// The replicas that are being destroyed.
    destroying: BTreeSet<ReplicaId>,
}

impl Placement {
    pub(crate) fn new(
        sim: Sim,
        network: Network<Message>,
        trace: Trace,
        flush_latency: Duration,
        known: &[Located],
        next_replica: u64,
    ) -> Self {
        let descriptors = known.iter().map(|l| l.descriptor.clone());
        let store = Store::new(sim.clone(), flush_latency, descriptors, next_replica);
        let (learned, at_work, load) = Default::default();
        let up = Cell::new(false);
        let shared = Shared { sim, network, trace, store, up, learned, at_work, load };
        let placement = Self(Rc::new(shared));
        placement.start();
        for located in known {
            placement.note_leader(located.descriptor.shard, located.leader);
        }
        placement
    }

    /// Starts from its rows: goes on with all that they want and do not know to be done.
    fn start(&self) {
        self.0.up.set(true);
        self.0.store.recover();
        *self.0.learned.borrow_mut() = Learned::since(self.0.sim.now());
        let port = self.clone();
        self.0.network.attach(Endpoint::Placement, Rc::new(move |e| port.receive(&e)));
        for known in self.0.store.shards() {
            let shard = known.shard;
            let wanted = self.0.store.layout(shard).is_some();
            if wanted || known.joint || self.0.store.split(shard).is_some() {
                self.unsettle(shard);
            }
        }
        for (replica, _) in self.0.store.removed() {
            self.see_destroyed(replica);
        }
    }

    /// Whether it runs.
    pub(crate) fn is_up(&self) -> bool {
        self.0.up.get()
    }

    /// Stops it at once: what is not durable is lost, and all that it has learned.
    pub(crate) fn crash(&self) {
        self.0.network.detach(Endpoint::Placement);
        self.0.sim.kill_scope(OWNER);
        let unflushed = self.0.store.crash();
        self.0.up.set(false);
        self.forget_load();
        let work = std::mem::take(&mut *self.0.at_work.borrow_mut());
        drop(work);
        self.0.trace.record(EventKind::PlacementCrashed { unflushed });
    }

    /// Starts it again after a crash.
    pub(crate) fn restart(&self) {
        self.0.trace.record(EventKind::PlacementRestarted {});
        self.start();
    }

    /// Wants `shard` split at `key`. Returns the new shard's id. Begun once that is durable.
    pub(crate) fn want_split(&self, shard: ShardId, key: Key) -> ShardId {
        let child = self.0.store.want_split(shard, key);
        self.unsettle(shard);
        child
    }

    /// Wants `shard` placed like this. Begun once that is durable.
    pub(crate) fn want_layout(&self, shard: ShardId, layout: Layout) {
        self.0.store.want_layout(shard, layout);
        self.unsettle(shard);
    }

    /// Orders leadership of `shard` to be handed to `member`, once.
    pub(crate) fn transfer(&self, shard: ShardId, member: Member) {
        self.0.sim.spawn(OWNER, self.clone().transfer_once(shard, member));
    }

    /// Whether nothing is left to do for `shard`, as far as it knows.
    pub(crate) fn is_settled(&self, shard: ShardId) -> bool {
        self.is_up()
            && !self.0.at_work.borrow().drivers.contains_key(&shard)
            && !self.0.store.removed().iter().any(|(_, home)| home.shard == shard)
    }

    /// Where voters of `shard` may soon be: after the membership step that was asked for last, which
    /// a leader may be about to take, and as they are wanted.
    pub(crate) fn voters_ahead(&self, shard: ShardId) -> Vec<BTreeSet<NodeId>> {
        let at_work = self.0.at_work.borrow();
        let asked = at_work.drivers.get(&shard).and_then(|driver| driver.asked.clone());
        let wanted = self.0.store.layout(shard);
        asked.into_iter().chain(wanted.map(|w| w.voters.iter().copied().collect())).collect()
    }

    /// What it does or waits for, in a sentence; empty at rest.
    pub(crate) fn note(&self) -> String {
        if !self.is_up() {
            return "placement is down".into();
        }
        let at_work = self.0.at_work.borrow();
        let notes = at_work.drivers.values().map(|d| d.note.as_str()).filter(|n| !n.is_empty());
        let mut notes: Vec<&str> = notes.collect();
        let more = notes.len().saturating_sub(NOTED_MAX);
        notes.truncate(NOTED_MAX);
        let told = notes.join("; ");
        if more > 0 { format!("{told}; {more} more shards are not as wanted") } else { told }
    }

    /// How many tasks it has, and how many rows.
    pub(crate) fn usage(&self) -> (usize, usize) {
        (self.0.sim.scope_task_count(OWNER), self.0.store.row_count())
    }

    async fn order(&self, shard: ShardId, node: NodeId, admin: Admin) -> Option<AdminReply> {
        let (from, to) = (Endpoint::Placement, Endpoint::Node(node));
        let answer = self.0.network.call(from, to, Some(shard), Message::Admin(admin), ORDER_TTL);
        match answer.await {
            Ok(Message::AdminReply(reply)) => Some(reply),
            _ => None,
        }
    }
}
