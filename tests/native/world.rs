//! One cluster as a story tells of it: what is done to it, what is waited for, how it stands.

use std::time::Duration;

use shardscope_core::view::{MessageView, ReplicaView, RoleView};
use shardscope_core::{
    Answer, Budget, Command, Condition, Event, EventKind, Key, MessageKind, NodeId, Options,
    Outcome, Role, ShardId, Simulation, Traffic,
};

pub(crate) const A: ShardId = ShardId(1);
pub(crate) const B: ShardId = ShardId(2);
pub(crate) const C: ShardId = ShardId(3);
pub(crate) const N1: NodeId = NodeId(1);
pub(crate) const N2: NodeId = NodeId(2);
pub(crate) const N3: NodeId = NodeId(3);
pub(crate) const N4: NodeId = NodeId(4);
pub(crate) const N5: NodeId = NodeId(5);
pub(crate) const NODES: [NodeId; 5] = [N1, N2, N3, N4, N5];

/// Far more than anything takes that comes to an end.
const LIMIT: Duration = Duration::from_secs(60);
/// Far more steps than lead to anything that is waited for.
const STEPS_MAX: usize = 100_000;

/// A cluster, and all that has happened in it.
pub(crate) struct World {
    pub(crate) sim: Simulation,
    told: Vec<Event>,
    /// Where in `told` the last command, or what was waited for since, left the story.
    cursor: usize,
}

impl World {
    /// Five nodes, `shard_a` with keys 1 to 200 on `n1` (leader), `n2` and `n3`, each key written;
    /// nobody asks for anything.
    pub(crate) fn quiet() -> Self {
        let mut world = Self::loaded(&Options::seeded(7));
        world.has(Command::Load { on: false });
        world.pass(100);
        world
    }

    /// The same with other options, while clients read and write.
    pub(crate) fn loaded(options: &Options) -> Self {
        let mut world = Self::untouched(options);
        world.has(Command::NextPhase);
        world.sim.run_until(Condition::Phase(1), LIMIT).expect("every key is written");
        world.listen();
        assert_eq!(world.leader(A), Some(N1));
        world
    }

    /// A cluster at its very beginning.
    pub(crate) fn untouched(options: &Options) -> Self {
        let sim = Simulation::new(options).expect("the options are within their limits");
        Self { sim, told: Vec::new(), cursor: 0 }
    }

    /// [`quiet`](Self::quiet), and `shard_a` is split at 101 into `shard_b`.
    pub(crate) fn quiet_and_split() -> Self {
        let mut world = Self::quiet();
        world.split(A, 101);
        world.settle();
        world
    }

    /// Has a command that makes sense carried out.
    pub(crate) fn has(&mut self, command: Command) {
        let name = format!("{command:?}");
        self.cursor = self.told.len();
        self.sim.submit(command).unwrap_or_else(|e| panic!("{name}: {e}"));
        self.listen();
    }

    pub(crate) fn split(&mut self, shard: ShardId, key: u64) {
        self.has(Command::Split { shard, key: Key(key) });
    }

    /// Splits as soon as placement has nothing else to do for the shard.
    pub(crate) fn split_when_settled(&mut self, shard: ShardId, key: u64) {
        let command = Command::Split { shard, key: Key(key) };
        for _ in 0..STEPS_MAX {
            if self.sim.submit(command.clone()).is_ok() {
                return self.listen();
            }
            self.step();
        }
        panic!("{shard} does not settle: {}", self.sim.view().placement_note);
    }

    pub(crate) fn move_to(&mut self, shard: ShardId, voters: &[NodeId], learners: &[NodeId]) {
        let (voters, learners) = (voters.to_vec(), learners.to_vec());
        self.has(Command::Move { shard, voters, learners });
    }

    pub(crate) fn crash(&mut self, node: NodeId) {
        self.has(Command::Crash { node });
    }

    pub(crate) fn restart(&mut self, node: NodeId) {
        self.has(Command::Restart { node });
    }

    /// Cuts what concerns `shard` from all other nodes to `node`.
    pub(crate) fn starve(&mut self, node: NodeId, shard: ShardId) {
        for from in NODES.into_iter().filter(|from| *from != node) {
            self.has(Command::Cut(Traffic::between(from, node).of_shard(shard)));
        }
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        for _ in 0..ms {
            self.sim.advance(Duration::from_millis(1), Budget::UNBOUNDED);
            self.listen();
        }
    }

    /// One step; false if nothing is left to happen.
    pub(crate) fn step(&mut self) -> bool {
        let went = self.sim.step().is_some();
        self.listen();
        went
    }

    fn listen(&mut self) {
        loop {
            let seen = self.told.last().map_or(0, |e| e.seq);
            let new = self.sim.events_since(seen);
            if new.is_empty() {
                return;
            }
            self.told.extend(new);
        }
    }

    /// A place in the story.
    pub(crate) fn now(&self) -> usize {
        self.told.len()
    }

    /// All that has happened.
    pub(crate) fn told(&self) -> &[Event] {
        &self.told
    }

    /// What has happened since that place.
    pub(crate) fn since(&self, place: usize) -> impl Iterator<Item = &EventKind> {
        self.told[place..].iter().map(|e| &e.kind)
    }

    /// Steps until such a thing has happened since the last command or the last thing that was
    /// waited for, and tells when.
    pub(crate) fn until(&mut self, what: &str, is: impl Fn(&EventKind) -> bool) -> Event {
        for _ in 0..STEPS_MAX {
            if let Some(at) = self.told[self.cursor..].iter().position(|e| is(&e.kind)) {
                self.cursor += at + 1;
                return self.told[self.cursor - 1].clone();
            }
            self.cursor = self.now();
            assert!(self.step(), "nothing is left to happen, but not yet: {what}");
        }
        panic!("does not happen: {what}; {}", self.sim.view().placement_note);
    }

    /// Steps until such a message is in flight.
    pub(crate) fn until_in_flight(&mut self, is: impl Fn(&MessageView) -> bool) -> MessageView {
        for _ in 0..STEPS_MAX {
            if let Some(message) = self.sim.view().messages.into_iter().find(|m| is(m)) {
                return message;
            }
            assert!(self.step(), "nothing is left to happen");
        }
        panic!("no such message is sent");
    }

    /// Lets placement come to rest.
    pub(crate) fn settle(&mut self) {
        self.sim.run_until(Condition::Settled, LIMIT).unwrap_or_else(|e| panic!("{e}"));
        self.listen();
        self.is_safe();
    }

    pub(crate) fn is_safe(&self) {
        if let Some(v) = self.sim.violations().first() {
            panic!("{} ({}), at event {}: {}", v.id, v.name, v.event.seq, v.text);
        }
    }

    /// The first client writes, and has its answer.
    pub(crate) fn write(&mut self, key: u64, value: u64) {
        self.has(Command::Write { key: Key(key), value });
        self.completes(key);
    }

    /// The first client reads, and has its answer.
    pub(crate) fn read(&mut self, key: u64) -> Option<u64> {
        self.has(Command::Read { key: Key(key) });
        self.completes(key)
    }

    /// The next operation on that key completes; what was read.
    pub(crate) fn completes(&mut self, wanted: u64) -> Option<u64> {
        let is =
            |kind: &EventKind| matches!(kind, EventKind::Completed { key, .. } if key.0 == wanted);
        match self.until("an operation completes", is).kind {
            EventKind::Completed { outcome: Outcome::Ok, answer, .. } => match answer {
                Some(Answer::Value(value)) => value,
                _ => None,
            },
            other => panic!("{other}"),
        }
    }

    pub(crate) fn leader(&self, shard: ShardId) -> Option<NodeId> {
        let view = self.sim.view();
        view.shards.iter().find(|s| s.id == shard.0).and_then(|s| s.leader).map(NodeId)
    }

    /// The replica of `shard` that `node` holds.
    pub(crate) fn replica(&self, node: NodeId, shard: ShardId) -> Option<ReplicaView> {
        let replicas = self.sim.view().replicas;
        replicas.into_iter().find(|r| r.node == node.0 && r.shard == shard.0 && lives(r))
    }

    /// What each node holds of `shard`, as in the placement table.
    pub(crate) fn row(&self, shard: ShardId) -> String {
        let view = self.sim.view();
        let row = view.placement.iter().find(|row| row.shard == shard.0);
        row.map_or_else(|| "no such shard".into(), |row| row.cells.join(" "))
    }

    /// How many replicas have come to lead `shard` since `place`.
    pub(crate) fn elections(&self, shard: ShardId, place: usize) -> usize {
        let is = |kind: &&EventKind| matches!(kind, EventKind::RoleChanged { shard: s, role: Role::Leader, .. } if *s == shard);
        self.since(place).filter(is).count()
    }

    /// Ends every fault, lets all come to rest, and asserts that nothing was found false, that a
    /// shard's replicas are equal, that the shards tile the key space, and that it can be read and
    /// written at every border.
    pub(crate) fn ends_well(mut self) {
        self.mend();
        self.settle();
        self.has(Command::Load { on: false });
        self.pass(2_000);
        let view = self.sim.view();
        let mut next = 1;
        for shard in &view.shards {
            assert_eq!(shard.first, next, "{} begins where the last one ends", shard.name);
            next = shard.last + 1;
            let of = view.replicas.iter().filter(|r| r.shard == shard.id && lives(r));
            let seen: Vec<_> = of.map(|r| (r.node, r.applied, r.range, r.epoch, r.keys)).collect();
            let same = seen.iter().all(|r| {
                (r.1, r.2, r.3, r.4) == {
                    let first = seen[0];
                    (first.1, first.2, first.3, first.4)
                }
            });
            assert!(same, "{}'s replicas differ: {seen:?}", shard.name);
            for key in [shard.first, shard.last] {
                self.write(key, 1_000_000 + key);
                assert_eq!(self.read(key), Some(1_000_000 + key));
            }
        }
        assert_eq!(next, 201, "the last shard ends with the key space");
        self.is_safe();
    }

    /// Ends every fault.
    pub(crate) fn mend(&mut self) {
        self.has(Command::Heal);
        drop(self.sim.submit(Command::RestartPlacement));
        for node in NODES {
            // Each is refused where there is nothing to mend.
            for command in [
                Command::ReleaseDisk { node },
                Command::FreeDisk { node },
                Command::Resume { node },
                Command::Restart { node },
            ] {
                drop(self.sim.submit(command));
            }
            for shard in 1..=8 {
                drop(self.sim.submit(Command::ReleaseApply { node, shard: ShardId(shard) }));
            }
        }
        self.listen();
    }
}

/// Whether that is a replica that lives, and not one that fades.
fn lives(replica: &ReplicaView) -> bool {
    replica.role != RoleView::Tombstone
}

/// A request of that kind about `shard` from a node to another.
pub(crate) fn request(
    kind: MessageKind,
    shard: ShardId,
    from: NodeId,
    to: NodeId,
) -> impl Fn(&MessageView) -> bool {
    let (from, to) = (from.to_string(), to.to_string());
    move |m| m.kind == kind && !m.reply && m.shard == Some(shard.0) && m.from == from && m.to == to
}

/// That replica came to lead.
pub(crate) fn leads(wanted: ShardId, on: NodeId) -> impl Fn(&EventKind) -> bool {
    move |kind| {
        matches!(kind, EventKind::RoleChanged { node, shard, role: Role::Leader, .. }
            if (*node, *shard) == (on, wanted))
    }
}

/// The split of that shard was applied on that node.
pub(crate) fn split_applied(shard: ShardId, on: NodeId) -> impl Fn(&EventKind) -> bool {
    move |kind| {
        matches!(kind, EventKind::SplitApplied { node, parent, .. }
            if (*node, parent.shard) == (on, shard))
    }
}
