//! One attempt of an operation: to which node, with what request, and what is learned from the
//! answer.

use std::time::Duration;

use super::Client;
use super::setback::Setback;
use crate::event::EventKind;
use crate::few;
use crate::id::{NodeId, ShardId};
use crate::key::Key;
use crate::message::{Message, Reply, Request};
use crate::network::Endpoint;
use crate::operation::{Answer, Operation, ReadFrom, ReadMode};
use crate::plant::{self, Plant};
use crate::raft::entry::Write;
use crate::router::{Repair, Route};

/// How long an attempt waits for its answer.
pub(super) const ATTEMPT_TTL: Duration = Duration::from_millis(300);

/// After how many attempts a leader that says "not now" is doubted: the pauses until then are
/// longer than a fresh leader takes until it has its lease.
const PATIENCE: u32 = 4;

/// An operation under way.
pub(super) struct UnderWay {
    pub(super) serial: u64,
    /// The key asked for next: a scan goes on.
    pub(super) key: Key,
    pub(super) operation: Operation,
    /// How many pairs a scan has found.
    pub(super) pairs: u64,
    /// Attempts since it began, or since a scan last went on.
    pub(super) tries: u32,
}

/// What an attempt came to.
pub(super) enum Attempt {
    /// Done.
    Done(Answer),
    /// A scan has got a part, and goes on.
    Onward,
    /// Not done, and the way is clear for another one.
    Again,
    /// Not done, or perhaps done: pause first.
    Pause { perhaps: bool },
}

/// Where an attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aim {
    pub(super) shard: ShardId,
    pub(super) version: u64,
    pub(super) target: NodeId,
}

impl Client {
    pub(super) async fn attempt(&self, under_way: &mut UnderWay) -> Attempt {
        let Some(aim) = self.aim(under_way) else {
            return self.ask_placement(under_way.key).await;
        };
        let Aim { shard, version, target } = aim;
        if self.is_lost(under_way.key) {
            // Without an answer the old route is all there is.
            let _: Attempt = self.ask_placement(under_way.key).await;
            self.0.state.borrow_mut().router.trust(under_way.key);
            return Attempt::Again;
        }
        let request = self.request(under_way, version);
        let (from, to) = (Endpoint::Client(self.0.id), Endpoint::Node(target));
        let message = Message::Request(request);
        let began = self.0.sim.now();
        let answer = self.0.network.call(from, to, Some(shard), message, ATTEMPT_TTL).await;
        let reply = match answer {
            Ok(Message::Reply { reply, .. }) => Some(reply),
            _ => None,
        };
        let mut state = self.0.state.borrow_mut();
        state.facts.setback = Setback::of(aim, reply.as_ref());
        // A write waits for a quorum: how far its leader is from this client it does not tell.
        let measures = !under_way.operation.is_write();
        match reply {
            Some(reply) => {
                // That a node turns clients away at once does not make it near.
                if measures && reply != Reply::Busy {
                    state.round_trips.learn(target, self.0.sim.now().since(began));
                }
                drop(state);
                self.learn(under_way, target, reply)
            }
            None => {
                if measures {
                    state.round_trips.lost(target, ATTEMPT_TTL);
                }
                state.router.doubt_leader(under_way.key, target);
                Attempt::Pause { perhaps: true }
            }
        }
    }

    /// Whether all that its route names was asked about `key`, and nothing came of it.
    fn is_lost(&self, key: Key) -> bool {
        let state = self.0.state.borrow();
        state.router.locate(key).is_some_and(Route::is_exhausted)
    }

    /// The shard that holds the key, as far as the router knows, and the node to ask.
    fn aim(&self, under_way: &UnderWay) -> Option<Aim> {
        let state = self.0.state.borrow();
        let route = state.router.locate(under_way.key)?;
        let from = self.0.load.options.read_from;
        let target = if under_way.operation.is_write() || from == ReadFrom::Leader {
            route.target()?
        } else {
            let mut nodes: Vec<NodeId> = route.voters().collect();
            if from == ReadFrom::Nearest {
                state.round_trips.sort(&mut nodes);
            } else {
                // Followers, this client's own one first, and the leader when none of them can.
                let own = usize::from(self.0.id.0) - 1;
                nodes.retain(|node| Some(*node) != route.leader);
                let at = own % nodes.len().max(1);
                nodes.rotate_left(at);
                nodes.extend(route.leader);
                few::sort_by_key(&mut nodes, |node| {
                    state.round_trips.is_silent(*node, ATTEMPT_TTL)
                });
            }
            let tries = usize::try_from(under_way.tries).unwrap_or(0);
            *nodes.get(tries % nodes.len().max(1))?
        };
        let (shard, version) = (route.descriptor.shard, route.descriptor.epoch.version);
        Some(Aim { shard, version, target })
    }

    fn request(&self, under_way: &UnderWay, version: u64) -> Request {
        let UnderWay { mut serial, key, operation, tries, .. } = *under_way;
        if plant::is(Plant::RetryWithFreshSerial) {
            serial += u64::from(tries);
        }
        let options = &self.0.load.options;
        let anywhere = options.read_from != ReadFrom::Leader;
        let mode = ReadMode { policy: options.read_policy, anywhere };
        match operation {
            Operation::Write(change) => {
                Request::Write(Write { client: self.0.id, serial, key, change, version })
            }
            Operation::Read => Request::Read { key, version, mode },
            Operation::Scan { end } => Request::Scan { start: key, end, version, mode },
        }
    }

    fn learn(&self, under_way: &mut UnderWay, target: NodeId, reply: Reply) -> Attempt {
        let key = under_way.key;
        if matches!(reply, Reply::Written(_) | Reply::Value(_) | Reply::Page { .. }) {
            self.0.state.borrow_mut().router.trust(key);
        }
        match reply {
            Reply::Written(answer) => return Attempt::Done(Answer::Written(answer)),
            Reply::Value(value) => return Attempt::Done(Answer::Value(value)),
            Reply::Page { pairs, next } => return self.take_page(under_way, pairs, next),
            Reply::EpochNotMatch(located) => {
                let repairs = self.0.state.borrow_mut().router.repair(&located);
                for repair in &repairs {
                    self.note(*repair);
                }
                // The same shard at the same version: it cannot be served there yet.
                return if repairs.is_empty() {
                    Attempt::Pause { perhaps: false }
                } else {
                    Attempt::Again
                };
            }
            Reply::NotLeader(Some(leader)) if leader != target => {
                self.0.state.borrow_mut().router.believe_leader(key, leader);
                return Attempt::Again;
            }
            Reply::NotHere | Reply::NotLeader(_) => {
                self.0.state.borrow_mut().router.doubt_leader(key, target);
            }
            Reply::Unknown => {
                self.0.state.borrow_mut().router.doubt_leader(key, target);
                return Attempt::Pause { perhaps: true };
            }
            // Perhaps it leads a minority: it would say so for ever, while others know better.
            Reply::NotNow if (under_way.tries + 1).is_multiple_of(PATIENCE) => {
                self.0.state.borrow_mut().router.doubt_leader(key, target);
            }
            Reply::NotNow | Reply::Busy => {}
        }
        Attempt::Pause { perhaps: false }
    }

    fn take_page(&self, under_way: &mut UnderWay, pairs: Vec<(Key, u64)>, next: Key) -> Attempt {
        let start = under_way.key;
        under_way.key = next;
        under_way.pairs += pairs.len() as u64;
        let (client, serial) = (self.0.id, under_way.serial);
        self.0.trace.record(EventKind::Scanned { client, serial, start, next, pairs });
        match under_way.operation {
            Operation::Scan { end } if next < end => Attempt::Onward,
            _ => Attempt::Done(Answer::Scanned { pairs: under_way.pairs }),
        }
    }

    /// No route leads anywhere: placement knows where shards are, if not always the newest. Who
    /// leads it has from heartbeats, later than a client that has just asked every voter.
    async fn ask_placement(&self, key: Key) -> Attempt {
        let from = Endpoint::Client(self.0.id);
        let question = Message::Locate(key);
        let answer =
            self.0.network.call(from, Endpoint::Placement, None, question, ATTEMPT_TTL).await;
        let known = self.0.state.borrow().router.locate(key).map(|r| r.descriptor.epoch);
        if let Ok(Message::LocatedAt(Some(located))) = answer
            && known.is_none_or(|known| known < located.descriptor.epoch)
        {
            let repairs = self.0.state.borrow_mut().router.repair(&[located]);
            repairs.into_iter().for_each(|repair| self.note(repair));
            return Attempt::Again;
        }
        Attempt::Pause { perhaps: false }
    }

    fn note(&self, repair: Repair) {
        let Repair { shard, from, to } = repair;
        self.0.state.borrow_mut().facts.last_repair = Some((self.0.sim.now(), repair));
        self.0.trace.record(EventKind::RouteRepaired { client: self.0.id, shard, from, to });
    }
}
