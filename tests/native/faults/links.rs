//! Links that are cut, held, slow or lossy, for all or for one shard; partitions of every shape; and
//! the one message that is dropped, delayed or doubled.

use std::time::Duration;

use shardscope_core::view::{Availability, MessageView, ShardView};
use shardscope_core::{Command, Condition, MessageKind, Time, Traffic};

use super::{append, lossy, one_shard_of_writes, separate, two_shards};
use crate::world::{A, B, N1, N2, N3, World};

const LIMIT: Duration = Duration::from_secs(20);

/// Given two shards on the same nodes, when the messages of one of them no longer reach its
/// leader's followers, then that one gets another leader and the other shard notices nothing.
#[test]
fn a_cut_of_one_shard_leaves_the_other_alone() {
    let mut world = two_shards(3);
    let term = world.on(N1, A).term;
    for to in [N1, N3] {
        world.has(Command::Cut(Traffic::between(N2, to).of_shard(B)));
    }
    world.pass(6_000);
    assert_eq!((world.leader(A), world.on(N1, A).term), (Some(N1), term));
    let new = world.leader(B).expect("two of three can still elect one");
    assert_ne!(new, N2);
    let links = world.sim.view().links;
    assert_eq!(links.len(), 2);
    assert!(links.iter().all(|l| l.cut && l.shard == Some(B.0) && l.kind.is_none()));
    world.has(Command::HealLink(Traffic::between(N2, N1).of_shard(B)));
    assert_eq!(world.sim.view().links.len(), 1);
    world.has(Command::Heal);
    world.ends_with_all_done();
}

/// Given a leader whose appends are held but whose heartbeats pass, when clients write, then
/// nothing is acknowledged and nobody else leads; once they are let go, all is done.
#[test]
fn held_appends_wait_in_flight_and_go_on() {
    let mut world = one_shard_of_writes();
    for to in [N2, N3] {
        world.has(Command::Hold(Traffic::between(N1, to).of_kind(MessageKind::Append)));
    }
    let held = world.until_in_flight(append(N1, N2));
    assert_eq!(held.due_ns, None, "it waits");
    world.pass(10);
    assert_eq!(world.acknowledged_in(400), 0);
    assert_eq!(world.leader(A), Some(N1));
    world.has(Command::ReleaseMessage { id: held.id });
    let released = world.sim.time();
    assert_eq!(world.fate_of(held.id), Ok(released), "it was due long ago");
    world.has(Command::Heal);
    assert!(world.acknowledged_in(1_000) > 0);
    world.ends_with_all_done();
}

#[test]
fn a_slow_link_takes_that_much_longer() {
    let mut world = two_shards(3);
    let before = world.acknowledged_in(1_000);
    for (from, to) in [(N1, N2), (N1, N3), (N2, N1), (N2, N3)] {
        world.has(Command::SlowLink { from, to, by_ns: 50_000_000 });
    }
    let message = world.until_in_flight(append(N1, N2));
    let travels = message.due_ns.expect("it is not held") - message.sent_ns;
    assert!(travels >= 51_500_000, "{travels} ns");
    let slowed = world.acknowledged_in(1_000);
    assert!(slowed < before / 2, "{before}, then {slowed}");
    let links = world.sim.view().links;
    assert!(links.len() == 4 && links.iter().all(|l| l.slow_ns == 50_000_000 && !l.cut));
    world.has(Command::Heal);
    assert_eq!(world.sim.view().links, []);
    world.ends_with_all_done();
}

/// Given links that lose, double and reorder messages, when clients write for a while, then
/// operations are still done, each once.
#[test]
fn lossy_links_are_lived_with() {
    let mut world = two_shards(3);
    for from in [N1, N2, N3] {
        for to in [N1, N2, N3].into_iter().filter(|to| *to != from) {
            world.has(lossy(from, to, 100, 200, 5_000_000));
        }
    }
    for event in ["message_dropped", "message_duplicated"] {
        world.sim.run_until(Condition::Event(event), LIMIT).expect("it is one of ten");
    }
    assert!(world.acknowledged_in(10_000) > 100);
    world.has(Command::Heal);
    world.ends_with_all_done();
}

#[test]
fn one_message_is_dropped_delayed_or_doubled() {
    let mut world = two_shards(3);
    let id = world.until_in_flight(append(N1, N2)).id;
    world.has(Command::DropMessage { id });
    assert!(world.sim.view().messages.iter().all(|m| m.id != id));

    let message = world.until_in_flight(append(N1, N3));
    let due_ns = message.due_ns.expect("it is not held") + 7_000_000;
    world.has(Command::DelayMessage { id: message.id, by_ns: 7_000_000 });
    assert_eq!(world.fate_of(message.id), Ok(Time::from_nanos(due_ns)));

    let message = world.until_in_flight(append(N1, N2));
    let twins = |world: &World| {
        let same =
            |m: &&MessageView| (&m.summary, m.sent_ns) == (&message.summary, message.sent_ns);
        world.sim.view().messages.iter().filter(same).map(|m| m.id).max()
    };
    world.has(Command::DuplicateMessage { id: message.id });
    let copy = twins(&world).filter(|copy| *copy > message.id).expect("there are two now");
    assert!(world.fate_of(message.id).is_ok());
    assert!(world.fate_of(copy).is_ok());
    world.ends_with_all_done();
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
        let mut world = two_shards(5);
        world.has(command);
        world.pass(6_000);
        let writable = |s: &ShardView| s.availability == Availability::Writable;
        assert_eq!(world.sim.view().shards.iter().all(writable), goes_on, "{name}");
        world.has(Command::Heal);
        let back = world.sim.run_until(Condition::NextCommit, LIMIT);
        back.unwrap_or_else(|e| panic!("{name}: {e}"));
        world.pass(2_000);
        world.ends_with_all_done();
    }
}
