//! How fast a node serves clients: one operation after the other, each for as long as its capacity
//! says, first come, first served; those that come meanwhile wait.
//!
//! Only what clients ask waits. What replicas send each other, and placement's orders, do not: a
//! database gives them threads of their own (TiKV: the read pool and the scheduler beside
//! raftstore). An operation counts the same whatever it asks. Without a bound everything is handed
//! on at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use super::Node;
use crate::id::ShardId;
use crate::message::{Message, Reply, Request};
use crate::network::Route;

/// The longest that an operation waits for its turn. A client gives an attempt up after 300 ms: an
/// operation that is served later than that costs as much as any other and is of use to nobody.
const WAIT_MAX: Duration = Duration::from_millis(200);
/// Most operations that wait, however fast the node is: each client waits for one, but for those
/// that it has given up.
const WAITING_MAX: usize = 1 << 14;

/// See the module.
pub(super) struct Capacity {
    /// How long one operation takes; nothing if there is no bound.
    service: Duration,
    waiting: RefCell<VecDeque<Waiting>>,
    /// Whether the task that serves those who wait runs.
    serving: Cell<bool>,
}

/// An operation that waits for its turn.
struct Waiting {
    route: Route,
    shard: ShardId,
    request: Request,
}

impl Capacity {
    /// So many operations a second; 0: no bound.
    pub(super) fn new(per_second: u32) -> Self {
        let service = 1_000_000_000_u64.checked_div(per_second.into()).unwrap_or(0);
        let (waiting, serving) = Default::default();
        Self { service: Duration::from_nanos(service), waiting, serving }
    }

    /// How many may wait. One always may.
    fn room(&self) -> usize {
        let turns = WAIT_MAX.as_nanos().checked_div(self.service.as_nanos()).unwrap_or(0);
        usize::try_from(turns).unwrap_or(WAITING_MAX).clamp(1, WAITING_MAX)
    }

    /// A crash: nobody waits any more, and the task is gone.
    pub(super) fn clear(&self) {
        self.waiting.borrow_mut().clear();
        self.serving.set(false);
    }

    pub(super) fn queued(&self) -> usize {
        self.waiting.borrow().len()
    }
}

impl Node {
    /// Serves a client's operation when its turn comes, or says that too many wait.
    pub(super) fn line_up(&self, route: Route, shard: ShardId, request: Request) {
        let capacity = &self.0.capacity;
        if capacity.service.is_zero() {
            return self.hand_on(Waiting { route, shard, request });
        }
        if capacity.queued() >= capacity.room() {
            let write = matches!(request, Request::Write(_));
            return self.0.network.reply(&route, Message::Reply { write, reply: Reply::Busy });
        }
        capacity.waiting.borrow_mut().push_back(Waiting { route, shard, request });
        if !capacity.serving.replace(true) {
            self.spawn(0, self.clone().serve_in_turn());
        }
    }

    async fn serve_in_turn(self) {
        let capacity = &self.0.capacity;
        loop {
            let Some(next) = capacity.waiting.borrow_mut().pop_front() else {
                capacity.serving.set(false);
                return;
            };
            self.0.sim.sleep(capacity.service).await;
            self.hand_on(next);
        }
    }

    fn hand_on(&self, Waiting { route, shard, request }: Waiting) {
        self.0.load.borrow_mut().note(self.0.sim.now(), shard, request.keys());
        self.spawn(0, self.clone().serve(route, shard, request));
    }

    /// How many of clients' operations wait for their turn.
    pub(crate) fn queued(&self) -> usize {
        self.0.capacity.queued()
    }

    /// How many of clients' operations were handed to its replicas in the last second.
    pub(crate) fn operations_per_second(&self) -> u32 {
        self.0.load.borrow().operations_per_second(self.0.sim.now())
    }
}
