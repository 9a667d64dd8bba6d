//! What placement makes of the load that nodes report: hot shards are split or named, and load is
//! evened over the nodes.
//!
//! Looks at each heartbeat, decides by the pure rules of `hot` and `balance`, and acts only as a
//! person could: by what it wants. All of it is learned anew after a crash of placement.

use std::time::Duration;

use litemap::LiteMap;

use super::Placement;
use super::balance::{Move, Placed, next_move};
use super::hot::{AutoSplit, Streak, best_key};
use super::plan::Layout;
use crate::event::EventKind;
use crate::id::{NodeId, ShardId};
use crate::key::{Descriptor, Key};
use crate::message::{Heartbeat, ShardLoad};
use crate::options::Options;
use crate::sim::Time;

/// After a move, and after anything else that placement does, reports must show what it led to
/// before the next move: two of them.
const REST: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Default)]
pub(super) struct Book {
    auto_split: AutoSplit,
    balance: bool,
    shards: LiteMap<ShardId, ShardBook>,
    /// No move before that.
    rests_until: Option<Time>,
}

#[derive(Default)]
struct ShardBook {
    /// The version that the streak is about: a split begins a new one.
    version: u64,
    streak: Streak,
    /// Half of it is the last report, half what was before.
    operations_per_second: u32,
    proposed: Option<Key>,
}

impl Placement {
    /// Has it watch load as the options say.
    pub(crate) fn watch_load(&self, options: &Options) {
        let Options { auto_split, balance, .. } = *options;
        *self.0.load.borrow_mut() = Book { auto_split, balance, ..Book::default() };
    }

    /// A crash: all that was reported is forgotten.
    pub(super) fn forget_load(&self) {
        let mut book = self.0.load.borrow_mut();
        *book = Book { auto_split: book.auto_split, balance: book.balance, ..Book::default() };
    }

    /// Takes in what a node reports of its load, and does what follows.
    pub(super) fn weigh(&self, heartbeat: &Heartbeat) {
        for (descriptor, load) in heartbeat.leads.iter().zip(&heartbeat.loads) {
            self.weigh_shard(descriptor, load);
        }
        self.even_out();
    }

    fn weigh_shard(&self, descriptor: &Descriptor, load: &ShardLoad) {
        let shard = descriptor.shard;
        let mut book = self.0.load.borrow_mut();
        let auto_split = book.auto_split;
        let of = book.shards.entry(shard).or_default();
        let version = descriptor.epoch.version;
        if version < of.version {
            // A leader that has not heard of the split.
            return;
        }
        if version > of.version {
            *of = ShardBook { version, ..ShardBook::default() };
        }
        of.operations_per_second = (of.operations_per_second + load.operations_per_second) / 2;
        let samples = of.streak.note(load);
        if !of.streak.is_hot() {
            of.proposed = None;
        }
        let key = samples.and_then(|samples| best_key(&descriptor.range, &samples));
        if auto_split == AutoSplit::Off || of.proposed.is_some() || !self.is_settled(shard) {
            return;
        }
        let Some(key) = key else { return };
        of.proposed = Some(key);
        drop(book);
        self.0.trace.record(EventKind::ShardHot {
            shard,
            operations_per_second: load.operations_per_second,
            key,
        });
        if auto_split == AutoSplit::Split {
            self.want_split(shard, key);
        }
    }

    /// Makes the next move towards even nodes, if there is one and nothing else is under way.
    fn even_out(&self) {
        let mut book = self.0.load.borrow_mut();
        if !book.balance {
            return;
        }
        let now = self.0.sim.now();
        let placed = self.placed(&book);
        if !placed.iter().all(|p| self.is_settled(p.shard)) {
            book.rests_until = Some(now + REST);
        }
        if now < *book.rests_until.get_or_insert(now + REST) {
            return;
        }
        let nodes = self.heard_lately();
        // While a node is silent its shards have no voter to spare, and it may be back soon.
        let silent = |p: &Placed| p.voters.iter().chain(&p.learners).any(|n| !nodes.contains(n));
        if placed.iter().any(silent) {
            return;
        }
        let Some(way) = next_move(&nodes, &placed) else {
            return;
        };
        book.rests_until = Some(now + REST);
        drop(book);
        self.carry_out(way, &placed);
    }

    /// All shards, as far as placement knows who leads them.
    fn placed(&self, book: &Book) -> Vec<Placed> {
        let shards = self.0.store.shards();
        let placed = shards.iter().filter_map(|d| {
            let nodes = |voter| {
                let members = d.members.iter().filter(move |m| m.voter == voter);
                members.map(|m| m.node).collect::<Vec<NodeId>>()
            };
            let operations_per_second =
                book.shards.get(&d.shard).map_or(0, |of| of.operations_per_second);
            let (shard, leader) = (d.shard, self.leader(d.shard)?);
            let (voters, learners) = (nodes(true), nodes(false));
            Some(Placed { shard, leader, voters, learners, operations_per_second })
        });
        placed.collect()
    }

    fn carry_out(&self, way: Move, placed: &[Placed]) {
        let (Move::Leader { shard, from, to } | Move::Replica { shard, from, to }) = way;
        let Some(now) = placed.iter().find(|p| p.shard == shard) else {
            return;
        };
        let replica = matches!(way, Move::Replica { .. });
        self.0.trace.record(EventKind::BalanceMoves { shard, from, to, replica });
        match way {
            Move::Leader { .. } => {
                let known = self.0.store.shard(shard);
                if let Some(member) = known.and_then(|d| d.member_on(to)) {
                    self.transfer(shard, member);
                }
            }
            Move::Replica { .. } => {
                let kept = now.voters.iter().copied().filter(|node| *node != from);
                // Leadership is handed to the first of them when the leader has to go.
                let voters = [to].into_iter().chain(kept).collect();
                self.want_layout(shard, Layout { voters, learners: now.learners.clone() });
            }
        }
    }

    /// What it would do about hot shards, in a sentence each, while it is not allowed to.
    pub(crate) fn proposals(&self) -> Vec<String> {
        let book = self.0.load.borrow();
        if book.auto_split != AutoSplit::Propose {
            return Vec::new();
        }
        let proposal = |(shard, of): (&ShardId, &ShardBook)| {
            of.proposed.map(|key| format!("{shard} is hot: a split at {key} would balance it"))
        };
        book.shards.iter().filter_map(proposal).collect()
    }
}
