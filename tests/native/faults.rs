//! Each fault does what its name says, to what it names and to nothing else, and is refused with a
//! reason where it makes no sense.

use std::time::Duration;

use shardscope_core::view::{
    Availability, MessageView, NodeView, ReplicaView, RoleView, ShardView,
};
use shardscope_core::{
    Budget, Command, Condition, EventKind, Key, MessageKind, NodeId, Options, Recording, ShardId,
    Simulation, Time, Traffic,
};

const LIMIT: Duration = Duration::from_secs(20);
const A: ShardId = ShardId(1);
const B: ShardId = ShardId(2);
const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
const THREE: NodeId = NodeId(3);
const FOUR: NodeId = NodeId(4);
const FIVE: NodeId = NodeId(5);

/// Two shards under load on `voters` nodes each, the first led by `n1`, the second by `n2`.
struct World(Simulation);

impl World {
    fn new(voters: u16) -> Self {
        let options = Options { initial_shards: 2, voters, ..Options::seeded(7) };
        let world = Self::under_load(&options);
        assert_eq!((world.leader(A), world.leader(B)), (Some(1), Some(2)));
        world
    }

    /// One shard, led by `n1`, that is only written to.
    fn of_writes() -> Self {
        let world = Self::under_load(&Options { write_percent: 100, ..Options::seeded(7) });
        assert_eq!(world.leader(A), Some(1));
        world
    }

    fn under_load(options: &Options) -> Self {
        let mut world = Self(Simulation::new(options).expect("valid"));
        world.has(Command::Load { on: true });
        world.pass(500);
        world
    }

    /// Has a command that makes sense carried out.
    fn has(&mut self, command: Command) {
        let name = format!("{command:?}");
        self.0.submit(command).unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    fn pass(&mut self, ms: u64) {
        self.0.advance(Duration::from_millis(ms), Budget::UNBOUNDED);
    }

    fn leader(&self, shard: ShardId) -> Option<u16> {
        self.0.view().shards.iter().find(|s| s.id == shard.0).and_then(|s| s.leader)
    }

    fn replica(&self, node: NodeId, shard: ShardId) -> ReplicaView {
        let replicas = self.0.view().replicas;
        let found = replicas.into_iter().find(|r| r.node == node.0 && r.shard == shard.0);
        found.expect("it holds one")
    }

    fn node(&self, node: NodeId) -> NodeView {
        self.0.view().nodes.swap_remove(usize::from(node.0) - 1)
    }

    /// How many operations were acknowledged so far.
    fn acknowledged(&self) -> u64 {
        self.0.view().clients.iter().map(|c| c.ok).sum()
    }

    /// How many are acknowledged within so much time.
    fn acknowledged_in(&mut self, ms: u64) -> u64 {
        let before = self.acknowledged();
        self.pass(ms);
        self.acknowledged() - before
    }

    /// Steps until such a message is in flight.
    fn until_in_flight(&mut self, wanted: impl Fn(&MessageView) -> bool) -> MessageView {
        for _ in 0..20_000 {
            let messages = self.0.view().messages;
            if let Some(message) = messages.into_iter().find(|m| wanted(m)) {
                return message;
            }
            self.0.step();
        }
        panic!("no such message is sent");
    }

    /// What became of a message: when it arrived, or that it did not.
    fn fate_of(&mut self, message: u64) -> Result<Time, ()> {
        for _ in 0..20_000 {
            let seq = self.0.view().event_seq;
            self.0.step();
            for event in self.0.events_since(seq) {
                match event.kind {
                    EventKind::MessageDelivered { id, .. } if id == message => {
                        return Ok(event.time);
                    }
                    EventKind::MessageDropped { id, .. } if id == message => return Err(()),
                    _ => {}
                }
            }
        }
        panic!("message {message} neither arrives nor is lost");
    }

    /// Ends the load, lets all come to rest, and asserts that nothing was found false and that all
    /// replicas of a shard are equal.
    fn ends_well(mut self) {
        self.has(Command::Load { on: false });
        self.pass(6_000);
        if let Some(v) = self.0.violations().first() {
            panic!("{}: {}", v.id, v.text);
        }
        let view = self.0.view();
        for shard in &view.shards {
            let of = view.replicas.iter().filter(|r| r.shard == shard.id);
            let applied: Vec<u64> = of.map(|r| r.applied).collect();
            assert!(applied.iter().all(|a| *a == applied[0]), "{}: {applied:?}", shard.name);
        }
        assert_eq!(view.clients.iter().map(|c| c.failed + c.unknown).sum::<u64>(), 0);
    }
}

fn append(from: NodeId, to: NodeId) -> impl Fn(&MessageView) -> bool {
    let (from, to) = (from.to_string(), to.to_string());
    move |m| m.kind == MessageKind::Append && !m.reply && m.from == from && m.to == to
}

#[test]
fn faults_that_make_no_sense_are_refused_with_the_reason() {
    let mut world = World::new(3);
    world.has(Command::Crash { node: FIVE });
    let link = Traffic::between(ONE, TWO);
    let cases = [
        (Command::Hold(Traffic::between(ONE, NodeId(8))), "there is no node n8"),
        (Command::Hold(Traffic::between(ONE, ONE)), "n1 has no link to itself"),
        (Command::Release(link), "n1 → n2 is not held"),
        (Command::HealLink(link.of_shard(A)), "n1 → n2, shard_a is clean already"),
        (Command::SlowLink { from: ONE, to: TWO, by_ns: 60_000_000_001 }, "at most 60000000000"),
        (lossy(ONE, TWO, 1_001, 0, 0), "loss_permille must be at most 1000, not 1001"),
        (lossy(ONE, TWO, 0, 1_001, 0), "duplicate_permille must be at most 1000"),
        (lossy(ONE, TWO, 0, 0, u64::MAX), "reorder_ns must be at most"),
        (separate(&[&[1, 2, 3, 4, 5]], false), "these groups separate nobody"),
        (separate(&[&[1, 7]], false), "there is no node n7"),
        (Command::DropMessage { id: 9_999_999 }, "message 9999999 is not in flight"),
        (Command::DelayMessage { id: 1, by_ns: 1 }, "message 1 is not in flight"),
        (Command::DuplicateMessage { id: 1 }, "message 1 is not in flight"),
        (Command::ReleaseMessage { id: 1 }, "message 1 is not in flight"),
        (Command::Elect { shard: A, node: ONE }, "n1 leads shard_a already"),
        (Command::Elect { shard: A, node: FOUR }, "n4 runs no replica of shard_a"),
        (Command::Elect { shard: A, node: FIVE }, "n5 is not up"),
        (Command::HoldApply { node: FOUR, shard: A }, "n4 runs no replica of shard_a"),
        (Command::ReleaseApply { node: ONE, shard: A }, "n1 applies shard_a: nothing is held"),
        (Command::SlowDisk { node: ONE, flush_latency_ns: u64::MAX }, "flush_latency_ns must be"),
        (Command::ReleaseDisk { node: ONE }, "n1's disk is not held"),
        (Command::FreeDisk { node: ONE }, "n1's disk is not full"),
        (clock(ONE, -60_000_000_001, 0), "offset_ns, either way, must be at most 60000000000"),
        (clock(ONE, 0, 900_001), "drift_ppm, either way, must be at most 900000, not 900001"),
    ];
    let before = (world.0.digest(), world.0.recording());
    for (command, says) in cases {
        let error = world.0.submit(command.clone()).expect_err("it makes no sense").to_string();
        assert!(error.contains(says), "{command:?}: {error}");
        assert_eq!((world.0.digest(), world.0.recording()), before, "{command:?}");
    }
}

#[test]
fn what_is_so_already_is_refused() {
    let mut world = World::new(3);
    let link = Traffic::between(ONE, FOUR);
    let cases = [
        (Command::Cut(link), "n1 → n4 is cut already"),
        (Command::Hold(link), "n1 → n4 is held already"),
        (separate(&[&[4, 5]], false), "all these links are cut already"),
        (Command::HoldApply { node: THREE, shard: A }, "n3 holds what it applies of shard_a"),
        (Command::HoldDisk { node: FIVE }, "n5's disk is already held"),
        (Command::FillDisk { node: FIVE }, "n5's disk is already full"),
    ];
    for (command, says) in cases {
        world.has(command.clone());
        let error = world.0.submit(command.clone()).expect_err("it is so").to_string();
        assert!(error.contains(says), "{command:?}: {error}");
    }
}

fn lossy(from: NodeId, to: NodeId, loss: u16, duplicate: u16, reorder_ns: u64) -> Command {
    Command::LossyLink { from, to, loss_permille: loss, duplicate_permille: duplicate, reorder_ns }
}

fn clock(node: NodeId, offset_ns: i64, drift_ppm: i32) -> Command {
    Command::SetClock { node, offset_ns, drift_ppm }
}

fn separate(groups: &[&[u16]], one_way: bool) -> Command {
    let group = |nodes: &&[u16]| nodes.iter().map(|n| NodeId(*n)).collect();
    Command::Separate { groups: groups.iter().map(group).collect(), one_way }
}

/// Given two shards on the same nodes, when the messages of one of them no longer reach its
/// leader's followers, then that one gets another leader and the other shard notices nothing.
#[test]
fn a_cut_of_one_shard_leaves_the_other_alone() {
    let mut world = World::new(3);
    let term = world.replica(ONE, A).term;
    for to in [ONE, THREE] {
        world.has(Command::Cut(Traffic::between(TWO, to).of_shard(B)));
    }
    world.pass(6_000);
    assert_eq!((world.leader(A), world.replica(ONE, A).term), (Some(1), term));
    let new = world.leader(B).expect("two of three can still elect one");
    assert_ne!(new, 2);
    let links = world.0.view().links;
    assert_eq!(links.len(), 2);
    assert!(links.iter().all(|l| l.cut && l.shard == Some(B.0) && l.kind.is_none()));
    world.has(Command::HealLink(Traffic::between(TWO, ONE).of_shard(B)));
    assert_eq!(world.0.view().links.len(), 1);
    world.has(Command::Heal);
    world.ends_well();
}

/// Given a leader whose appends are held but whose heartbeats pass, when clients write, then
/// nothing is acknowledged and nobody else leads; once they are let go, all is done.
#[test]
fn held_appends_wait_in_flight_and_go_on() {
    let mut world = World::of_writes();
    for to in [TWO, THREE] {
        world.has(Command::Hold(Traffic::between(ONE, to).of_kind(MessageKind::Append)));
    }
    let held = world.until_in_flight(append(ONE, TWO));
    assert_eq!(held.due_ns, None, "it waits");
    world.pass(10);
    assert_eq!(world.acknowledged_in(400), 0);
    assert_eq!(world.leader(A), Some(1));
    world.has(Command::ReleaseMessage { id: held.id });
    let released = world.0.time();
    assert_eq!(world.fate_of(held.id), Ok(released), "it was due long ago");
    world.has(Command::Heal);
    assert!(world.acknowledged_in(1_000) > 0);
    world.ends_well();
}

#[test]
fn a_slow_link_takes_that_much_longer() {
    let mut world = World::new(3);
    let before = world.acknowledged_in(1_000);
    for (from, to) in [(ONE, TWO), (ONE, THREE), (TWO, ONE), (TWO, THREE)] {
        world.has(Command::SlowLink { from, to, by_ns: 50_000_000 });
    }
    let message = world.until_in_flight(append(ONE, TWO));
    let travels = message.due_ns.expect("it is not held") - message.sent_ns;
    assert!(travels >= 51_500_000, "{travels} ns");
    let slowed = world.acknowledged_in(1_000);
    assert!(slowed < before / 2, "{before}, then {slowed}");
    let links = world.0.view().links;
    assert!(links.len() == 4 && links.iter().all(|l| l.slow_ns == 50_000_000 && !l.cut));
    world.has(Command::Heal);
    assert_eq!(world.0.view().links, []);
    world.ends_well();
}

/// Given links that lose, double and reorder messages, when clients write for a while, then
/// operations are still done, each once.
#[test]
fn lossy_links_are_lived_with() {
    let mut world = World::new(3);
    for from in [ONE, TWO, THREE] {
        for to in [ONE, TWO, THREE].into_iter().filter(|to| *to != from) {
            world.has(lossy(from, to, 100, 200, 5_000_000));
        }
    }
    for event in ["message_dropped", "message_duplicated"] {
        world.0.run_until(Condition::Event(event), LIMIT).expect("it is one of ten");
    }
    assert!(world.acknowledged_in(10_000) > 100);
    world.has(Command::Heal);
    world.ends_well();
}

#[test]
fn one_message_is_dropped_delayed_or_doubled() {
    let mut world = World::new(3);
    let id = world.until_in_flight(append(ONE, TWO)).id;
    world.has(Command::DropMessage { id });
    assert!(world.0.view().messages.iter().all(|m| m.id != id));

    let message = world.until_in_flight(append(ONE, THREE));
    let due_ns = message.due_ns.expect("it is not held") + 7_000_000;
    world.has(Command::DelayMessage { id: message.id, by_ns: 7_000_000 });
    assert_eq!(world.fate_of(message.id), Ok(Time::from_nanos(due_ns)));

    let message = world.until_in_flight(append(ONE, TWO));
    let twins = |world: &World| {
        let same =
            |m: &&MessageView| (&m.summary, m.sent_ns) == (&message.summary, message.sent_ns);
        world.0.view().messages.iter().filter(same).map(|m| m.id).max()
    };
    world.has(Command::DuplicateMessage { id: message.id });
    let copy = twins(&world).filter(|copy| *copy > message.id).expect("there are two now");
    assert!(world.fate_of(message.id).is_ok());
    assert!(world.fate_of(copy).is_ok());
    world.ends_well();
}

#[test]
fn an_election_timeout_fires_by_hand() {
    let mut world = World::new(3);
    let term = world.replica(ONE, A).term;
    world.pass(2_000);
    world.has(Command::Elect { shard: A, node: THREE });
    world.pass(3_000);
    assert!(world.replica(THREE, A).term > term);
    assert!(world.leader(A).is_some());
    world.ends_well();
}

/// Given a follower that applies nothing, when clients write, then it takes the entries and its
/// state stands still; released, or crashed and restarted, it catches up.
#[test]
fn a_replica_that_is_kept_from_applying_still_takes_entries() {
    for crash in [false, true] {
        let mut world = World::new(3);
        world.has(Command::HoldApply { node: THREE, shard: A });
        let before = world.replica(THREE, A);
        assert!(before.apply_held);
        world.pass(2_000);
        let after = world.replica(THREE, A);
        assert!(after.applied <= before.applied + 1, "{} {}", before.applied, after.applied);
        assert!(after.last_log > before.last_log + 10, "{} {}", before.last_log, after.last_log);
        assert!(world.replica(THREE, B).applied > 0 && !world.replica(THREE, B).apply_held);
        if crash {
            world.has(Command::Crash { node: THREE });
            world.has(Command::Restart { node: THREE });
        } else {
            world.has(Command::ReleaseApply { node: THREE, shard: A });
        }
        world.pass(3_000);
        assert!(world.replica(THREE, A).applied >= after.last_log);
        assert!(!world.replica(THREE, A).apply_held);
        world.ends_well();
    }
}

/// Given that the disks of both followers are held or full, when clients write, then nothing is
/// acknowledged, for an entry on the leader's disk alone is no quorum; on the leader's disk alone
/// it does not matter.
#[test]
fn what_no_quorum_has_flushed_is_not_acknowledged() {
    type OnNode = fn(NodeId) -> Command;
    let faults: [(OnNode, OnNode); 2] = [
        (|node| Command::HoldDisk { node }, |node| Command::ReleaseDisk { node }),
        (|node| Command::FillDisk { node }, |node| Command::FreeDisk { node }),
    ];
    for (stall, end) in faults {
        let mut world = World::of_writes();
        world.has(stall(THREE));
        assert!(world.acknowledged_in(500) > 10, "two of three flush");
        world.has(stall(TWO));
        world.pass(10);
        assert_eq!(world.acknowledged_in(400), 0);
        assert!(world.node(TWO).disk_held || world.node(TWO).disk_full);
        world.has(end(TWO));
        assert!(world.acknowledged_in(2_000) > 10);
        world.has(end(THREE));
        world.ends_well();
    }
}

/// Given a node whose disk is held in the middle of its flushes, when it crashes, then it has lost
/// just what it had not flushed, and comes back behind the others.
#[test]
fn a_node_crashes_at_a_point_of_a_flush_that_a_test_chooses() {
    let mut world = World::new(3);
    world.has(Command::HoldDisk { node: THREE });
    let durable = world.0.usage().nodes[2].rows;
    world.pass(200);
    assert_eq!(world.0.usage().nodes[2].rows, durable);
    let seq = world.0.view().event_seq;
    world.has(Command::Crash { node: THREE });
    let events = world.0.events_since(seq);
    let lost = events.iter().find_map(|e| match e.kind {
        EventKind::NodeCrashed { unflushed, .. } => Some(unflushed),
        _ => None,
    });
    assert!(lost.is_some_and(|lost| lost > 0), "{lost:?}");
    world.has(Command::ReleaseDisk { node: THREE });
    world.has(Command::Restart { node: THREE });
    world.ends_well();
}

#[test]
fn slow_disks_make_writes_slow() {
    let mut world = World::new(3);
    let before = world.acknowledged_in(1_000);
    for node in [ONE, TWO, THREE] {
        world.has(Command::SlowDisk { node, flush_latency_ns: 40_000_000 });
    }
    let slowed = world.acknowledged_in(1_000);
    assert!(slowed < before / 2, "{before}, then {slowed}");
    assert_eq!(world.node(TWO).flush_latency_ns, 40_000_000);
    for node in [ONE, TWO, THREE] {
        world.has(Command::SlowDisk { node, flush_latency_ns: 200_000 });
    }
    world.ends_well();
}

/// Given a follower whose clock jumps ahead or runs fast, when its election timeout fires again and
/// again, then asking around first keeps the leader where it is.
#[test]
fn a_clock_that_is_wrong_does_not_disturb_a_leader() {
    for (offset_ns, drift_ppm) in [(30_000_000_000, 0), (0, 500_000), (-30_000_000_000, 0)] {
        let mut world = World::new(3);
        let term = world.replica(ONE, A).term;
        world.has(clock(THREE, offset_ns, drift_ppm));
        world.pass(4_000);
        assert_eq!((world.leader(A), world.replica(ONE, A).term), (Some(1), term));
        if offset_ns > 0 {
            assert!(world.node(THREE).clock_offset_ns > 29_000_000_000);
        }
        world.has(clock(THREE, 0, 0));
        world.pass(30_000);
        world.ends_well();
    }
}

/// The shapes of a network partition. Given each, when time passes, then a side with a quorum of
/// five goes on under one leader, and when all is healed there is one history. Only leaders that
/// are heard but hear nobody keep everybody from going on: OpenRaft's do not step down for that.
#[test]
fn partitions_of_every_shape_end_in_one_history() {
    let shapes = [
        ("one node", separate(&[&[5]], false), true),
        ("a minority", separate(&[&[4, 5]], false), true),
        ("both leaders in the minority", separate(&[&[1, 2]], false), true),
        ("uneven, three ways", separate(&[&[1], &[2, 3, 4]], false), true),
        ("no quorum anywhere", separate(&[&[1, 2], &[3, 4]], false), false),
        ("leaders that hear nobody", separate(&[&[3, 4, 5], &[1, 2]], true), false),
        ("leaders that nobody hears", separate(&[&[1, 2]], true), true),
        ("a bridge", separate(&[&[1, 2, 3], &[3, 4, 5]], false), true),
        ("a ring", separate(&[&[1, 2], &[2, 3], &[3, 4], &[4, 5], &[5, 1]], false), true),
    ];
    for (name, command, goes_on) in shapes {
        let mut world = World::new(5);
        world.has(command);
        world.pass(6_000);
        let writable = |s: &ShardView| s.availability == Availability::Writable;
        assert_eq!(world.0.view().shards.iter().all(writable), goes_on, "{name}");
        world.has(Command::Heal);
        let back = world.0.run_until(Condition::NextCommit, LIMIT);
        back.unwrap_or_else(|e| panic!("{name}: {e}"));
        world.pass(2_000);
        world.ends_well();
    }
}

/// Given a run with every kind of fault, when it is kept as text and replayed, then it is the same
/// run; and what a page or an older recording leaves out has its default.
#[test]
fn faults_are_plain_data() {
    let mut world = World::new(3);
    let link = Traffic::between(ONE, THREE);
    let id = world.until_in_flight(append(ONE, TWO)).id;
    for command in [
        Command::DuplicateMessage { id },
        Command::DelayMessage { id, by_ns: 1_000 },
        Command::DropMessage { id },
    ] {
        world.has(command);
    }
    for command in [
        Command::Hold(link.of_shard(B).of_kind(MessageKind::Append)),
        Command::SlowLink { from: TWO, to: ONE, by_ns: 1_000_000 },
        lossy(TWO, THREE, 10, 10, 1_000_000),
        separate(&[&[4]], true),
        Command::HoldApply { node: TWO, shard: A },
        Command::SlowDisk { node: THREE, flush_latency_ns: 1_000_000 },
        Command::HoldDisk { node: FOUR },
        Command::FillDisk { node: FIVE },
        clock(ONE, 5_000, -20),
        Command::Elect { shard: B, node: ONE },
        Command::Write { key: Key(3), value: 4 },
    ] {
        world.has(command);
        world.pass(20);
    }
    world.has(Command::Release(link.of_shard(B).of_kind(MessageKind::Append)));
    let recording = world.0.recording();
    let same = Recording::from_text(&recording.to_text()).expect("as it was written");
    assert_eq!(same, recording);
    let again = Simulation::replay(&same, None).expect("the same run");
    assert_eq!(again.digest(), world.0.digest());

    let short = r#"{"type":"cut","from":1,"to":2}"#;
    let read: Command = serde_json::from_str(short).expect("as the page sends it");
    assert_eq!(read, Command::Cut(Traffic::between(ONE, TWO)));
    let wrong = r#"{"type":"cut","from":1,"to":2,"shart":3}"#;
    let error = serde_json::from_str::<Command>(wrong).expect_err("it is misspelt").to_string();
    assert!(error.contains("shart"), "{error}");
}

/// Given a learner, when its election timeout is to fire, then that is refused: it has none.
#[test]
fn a_learner_cannot_be_elected() {
    let mut world = World::new(3);
    let (voters, learners) = (vec![ONE, TWO, THREE], vec![FOUR]);
    world.has(Command::Move { shard: A, voters, learners });
    world.0.run_until(Condition::Event("placement_reached"), LIMIT).expect("a learner is added");
    assert_eq!(world.replica(FOUR, A).role, RoleView::Learner);
    let error = world.0.submit(Command::Elect { shard: A, node: FOUR }).expect_err("it learns");
    assert!(error.to_string().contains("n4 holds no voting replica of shard_a"), "{error}");
}
