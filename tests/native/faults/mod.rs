//! Each fault does what its name says, to what it names and to nothing else, and is refused with a
//! reason where it makes no sense.

mod links;
mod nodes;

use shardscope_core::view::{MessageView, NodeView, ReplicaView};
use shardscope_core::{
    Command, EventKind, Key, MessageKind, NodeId, Options, Recording, ShardId, Simulation, Time,
    Traffic,
};

use crate::world::{A, B, N1, N2, N3, N4, N5, World};

/// Two shards under load on `voters` nodes each, the first led by `n1`, the second by `n2`.
fn two_shards(voters: u16) -> World {
    let world = under_load(&Options { initial_shards: 2, voters, ..Options::seeded(7) });
    assert_eq!((world.leader(A), world.leader(B)), (Some(N1), Some(N2)));
    world
}

/// One shard, led by `n1`, that is only written to.
fn one_shard_of_writes() -> World {
    let world = under_load(&Options { write_percent: 100, ..Options::seeded(7) });
    assert_eq!(world.leader(A), Some(N1));
    world
}

fn under_load(options: &Options) -> World {
    let mut world = World::untouched(options);
    world.has(Command::Load { on: true });
    world.pass(500);
    world
}

impl World {
    /// The replica of `shard` on `node`, where there is one.
    fn on(&self, node: NodeId, shard: ShardId) -> ReplicaView {
        self.replica(node, shard).expect("it holds one")
    }

    fn node(&self, node: NodeId) -> NodeView {
        self.sim.view().nodes.swap_remove(usize::from(node.0) - 1)
    }

    /// How many operations are acknowledged within so much time.
    fn acknowledged_in(&mut self, ms: u64) -> u64 {
        let acknowledged =
            |world: &Self| world.sim.view().clients.iter().map(|c| c.ok).sum::<u64>();
        let before = acknowledged(self);
        self.pass(ms);
        acknowledged(self) - before
    }

    /// What becomes of a message: when it arrives, or that it does not.
    fn fate_of(&mut self, message: u64) -> Result<Time, ()> {
        loop {
            for event in self.told().iter().rev() {
                match event.kind {
                    EventKind::MessageDelivered { id, .. } if id == message => {
                        return Ok(event.time);
                    }
                    EventKind::MessageDropped { id, .. } if id == message => return Err(()),
                    _ => {}
                }
            }
            assert!(self.step(), "message {message} neither arrives nor is lost");
        }
    }

    /// Lets what clients asked for come to its end: all of it is done, and the world ends well.
    fn ends_with_all_done(mut self) {
        self.has(Command::Load { on: false });
        self.pass(6_000);
        let clients = self.sim.view().clients;
        assert_eq!(clients.iter().map(|c| c.failed + c.unknown).sum::<u64>(), 0);
        self.ends_well();
    }
}

fn append(from: NodeId, to: NodeId) -> impl Fn(&MessageView) -> bool {
    let (from, to) = (from.to_string(), to.to_string());
    move |m| m.kind == MessageKind::Append && !m.reply && m.from == from && m.to == to
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

#[test]
fn faults_that_make_no_sense_are_refused_with_the_reason() {
    let mut world = two_shards(3);
    world.has(Command::Crash { node: N5 });
    let link = Traffic::between(N1, N2);
    let cases = [
        (Command::Hold(Traffic::between(N1, NodeId(8))), "there is no node n8"),
        (Command::Hold(Traffic::between(N1, N1)), "n1 has no link to itself"),
        (Command::Release(link), "n1 → n2 is not held"),
        (Command::HealLink(link.of_shard(A)), "n1 → n2, shard_a is clean already"),
        (Command::SlowLink { from: N1, to: N2, by_ns: 60_000_000_001 }, "at most 60000000000"),
        (lossy(N1, N2, 1_001, 0, 0), "loss_permille must be at most 1000, not 1001"),
        (lossy(N1, N2, 0, 1_001, 0), "duplicate_permille must be at most 1000"),
        (lossy(N1, N2, 0, 0, u64::MAX), "reorder_ns must be at most"),
        (separate(&[&[1, 2, 3, 4, 5]], false), "these groups separate nobody"),
        (separate(&[&[1, 7]], false), "there is no node n7"),
        (Command::DropMessage { id: 9_999_999 }, "message 9999999 is not in flight"),
        (Command::DelayMessage { id: 1, by_ns: 1 }, "message 1 is not in flight"),
        (Command::DuplicateMessage { id: 1 }, "message 1 is not in flight"),
        (Command::ReleaseMessage { id: 1 }, "message 1 is not in flight"),
        (Command::Elect { shard: A, node: N1 }, "n1 leads shard_a already"),
        (Command::Elect { shard: A, node: N4 }, "n4 runs no replica of shard_a"),
        (Command::Elect { shard: A, node: N5 }, "n5 is not up"),
        (Command::HoldApply { node: N4, shard: A }, "n4 runs no replica of shard_a"),
        (Command::ReleaseApply { node: N1, shard: A }, "n1 applies shard_a: nothing is held"),
        (Command::SlowDisk { node: N1, flush_latency_ns: u64::MAX }, "flush_latency_ns must be"),
        (Command::ReleaseDisk { node: N1 }, "n1's disk is not held"),
        (Command::FreeDisk { node: N1 }, "n1's disk is not full"),
        (clock(N1, -60_000_000_001, 0), "offset_ns, either way, must be at most 60000000000"),
        (clock(N1, 0, 900_001), "drift_ppm, either way, must be at most 900000, not 900001"),
    ];
    let before = (world.sim.digest(), world.sim.recording());
    for (command, says) in cases {
        let error = world.sim.submit(command.clone()).expect_err("it makes no sense").to_string();
        assert!(error.contains(says), "{command:?}: {error}");
        assert_eq!((world.sim.digest(), world.sim.recording()), before, "{command:?}");
    }
}

#[test]
fn what_is_so_already_is_refused() {
    let mut world = two_shards(3);
    let link = Traffic::between(N1, N4);
    let cases = [
        (Command::Cut(link), "n1 → n4 is cut already"),
        (Command::Hold(link), "n1 → n4 is held already"),
        (separate(&[&[4, 5]], false), "all these links are cut already"),
        (Command::HoldApply { node: N3, shard: A }, "n3 holds what it applies of shard_a"),
        (Command::HoldDisk { node: N5 }, "n5's disk is already held"),
        (Command::FillDisk { node: N5 }, "n5's disk is already full"),
    ];
    for (command, says) in cases {
        world.has(command.clone());
        let error = world.sim.submit(command.clone()).expect_err("it is so").to_string();
        assert!(error.contains(says), "{command:?}: {error}");
    }
}

/// Given a run with every kind of fault, when it is kept as text and replayed, then it is the same
/// run; and what a page or an older recording leaves out has its default.
#[test]
fn faults_are_plain_data() {
    let mut world = two_shards(3);
    let link = Traffic::between(N1, N3);
    let id = world.until_in_flight(append(N1, N2)).id;
    for command in [
        Command::DuplicateMessage { id },
        Command::DelayMessage { id, by_ns: 1_000 },
        Command::DropMessage { id },
    ] {
        world.has(command);
    }
    for command in [
        Command::Hold(link.of_shard(B).of_kind(MessageKind::Append)),
        Command::SlowLink { from: N2, to: N1, by_ns: 1_000_000 },
        lossy(N2, N3, 10, 10, 1_000_000),
        separate(&[&[4]], true),
        Command::HoldApply { node: N2, shard: A },
        Command::SlowDisk { node: N3, flush_latency_ns: 1_000_000 },
        Command::HoldDisk { node: N4 },
        Command::FillDisk { node: N5 },
        clock(N1, 5_000, -20),
        Command::Elect { shard: B, node: N1 },
        Command::Write { key: Key(3), value: 4 },
    ] {
        world.has(command);
        world.pass(20);
    }
    world.has(Command::Release(link.of_shard(B).of_kind(MessageKind::Append)));
    let recording = world.sim.recording();
    let same = Recording::from_text(&recording.to_text()).expect("as it was written");
    assert_eq!(same, recording);
    let again = Simulation::replay(&same, None).expect("the same run");
    assert_eq!(again.digest(), world.sim.digest());

    let short = r#"{"type":"cut","from":1,"to":2}"#;
    let read: Command = serde_json::from_str(short).expect("as the page sends it");
    assert_eq!(read, Command::Cut(Traffic::between(N1, N2)));
    let wrong = r#"{"type":"cut","from":1,"to":2,"shart":3}"#;
    let error = serde_json::from_str::<Command>(wrong).expect_err("it is misspelt").to_string();
    assert!(error.contains("shart"), "{error}");
}
