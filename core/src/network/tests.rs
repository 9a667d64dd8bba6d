//! What arrives, when, and in what order, through all that is done to links and messages.

use std::cell::RefCell;

use super::*;
use crate::id::NodeId;
use crate::sim::WakeOrder;

/// A message that says no more than which one it is.
#[derive(Clone, Debug)]
struct Note(u64, MessageKind);

impl Payload for Note {
    fn kind(&self) -> MessageKind {
        self.1
    }
    fn bytes(&self) -> u64 {
        1
    }
    fn summary(&self) -> String {
        self.0.to_string()
    }
    fn ok(&self) -> bool {
        true
    }
}

const A: ShardId = ShardId(1);
const B: ShardId = ShardId(2);
const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
/// What a link takes here, to the nanosecond.
const LATENCY_NS: u64 = 1_000;

struct World {
    sim: Sim,
    network: Network<Note>,
    trace: Trace,
    arrived: Rc<RefCell<Vec<(u64, u64)>>>,
}

impl World {
    /// Two nodes; what reaches the second is written down with its time.
    fn new() -> Self {
        let (sim, trace) = (Sim::new(7, WakeOrder::Fifo), Trace::default());
        let latency_ns = (LATENCY_NS, LATENCY_NS);
        let places = Places::default();
        let options = LinkOptions { seed: 7, latency_ns, jitter_ns: 0, ns_per_byte: 0, places };
        let network: Network<Note> = Network::new(sim.clone(), trace.clone(), options);
        let arrived = Rc::new(RefCell::new(Vec::new()));
        let (list, clock) = (Rc::clone(&arrived), sim.clone());
        let port = move |e: Envelope<Note>| {
            list.borrow_mut().push((e.payload.0, clock.now().as_nanos()));
        };
        network.attach(Endpoint::Node(TWO), Rc::new(port));
        Self { sim, network, trace, arrived }
    }

    fn send(&self, note: u64, shard: ShardId, kind: MessageKind) {
        let (from, to) = (Endpoint::Node(ONE), Endpoint::Node(TWO));
        self.network.send(Envelope::new(from, to, Some(shard), Note(note, kind)));
    }

    fn append(&self, note: u64) {
        self.send(note, A, MessageKind::Append);
    }

    /// Lets so much time pass.
    fn pass(&self, ns: u64) {
        let limit = self.sim.now() + Duration::from_nanos(ns);
        while self.sim.fire_next(limit).is_some() {}
    }

    /// What has arrived since the last call, each with its time.
    fn arrived(&self) -> Vec<(u64, u64)> {
        std::mem::take(&mut *self.arrived.borrow_mut())
    }

    /// The same without the times.
    fn notes(&self) -> Vec<u64> {
        self.arrived().into_iter().map(|(note, _)| note).collect()
    }

    fn dropped(&self) -> Vec<(u64, DropReason)> {
        let dropped = |e: crate::event::Event| match e.kind {
            EventKind::MessageDropped { id, reason } => Some((id, reason)),
            _ => None,
        };
        self.trace.since(0, usize::MAX).into_iter().filter_map(dropped).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.network.shutdown();
        self.sim.shutdown();
    }
}

fn whole() -> Traffic {
    Traffic::between(ONE, TWO)
}

#[test]
fn a_cut_loses_what_is_in_flight_and_what_is_sent_until_it_is_healed() {
    let world = World::new();
    world.append(1);
    assert!(world.network.cut(whole()));
    assert!(!world.network.cut(whole()), "it is cut already");
    world.append(2);
    world.pass(LATENCY_NS);
    assert!(world.network.heal_link(whole()));
    assert!(!world.network.heal_link(whole()), "it is clean already");
    world.append(3);
    world.pass(LATENCY_NS);
    assert_eq!(world.notes(), [3]);
    assert_eq!(world.dropped(), [(1, DropReason::LinkCut), (2, DropReason::LinkCut)]);
}

#[test]
fn a_fault_of_one_shard_or_kind_leaves_the_others_alone() {
    let parts: [(Traffic, &[u64]); 4] = [
        (whole(), &[]),
        (whole().of_shard(A), &[3, 4]),
        (whole().of_kind(MessageKind::Append), &[2, 4]),
        (whole().of_shard(A).of_kind(MessageKind::Append), &[2, 3, 4]),
    ];
    for (traffic, passing) in parts {
        for cut in [true, false] {
            let world = World::new();
            let stopped =
                if cut { world.network.cut(traffic) } else { world.network.hold(traffic) };
            assert!(stopped);
            world.send(1, A, MessageKind::Append);
            world.send(2, A, MessageKind::Vote);
            world.send(3, B, MessageKind::Append);
            world.send(4, B, MessageKind::Vote);
            world.pass(LATENCY_NS);
            assert_eq!(world.notes(), passing, "{traffic}");
            let back = Traffic::between(TWO, ONE);
            assert!(world.network.passes(&back));
            assert!(!world.network.passes(&traffic));
        }
    }
}

#[test]
fn what_is_held_waits_in_flight_and_goes_on_in_order() {
    let world = World::new();
    world.append(1);
    assert!(world.network.hold(whole()));
    world.append(2);
    world.pass(10 * LATENCY_NS);
    world.append(3);
    let held = |messages: &mut dyn ExactSizeIterator<Item = (&Envelope<Note>, bool)>| {
        messages.map(|(_, held)| held).collect::<Vec<bool>>()
    };
    assert_eq!(world.network.in_flight(held), [true, true, true]);
    assert!(world.network.release(whole()));
    world.append(4);
    world.pass(10 * LATENCY_NS);
    let now = 10 * LATENCY_NS;
    // What would have arrived meanwhile arrives at once, the rest when it would have.
    assert_eq!(world.arrived(), [(1, now), (2, now), (3, now + LATENCY_NS), (4, now + LATENCY_NS)]);
}

#[test]
fn a_message_under_two_holds_waits_for_both_to_end() {
    let world = World::new();
    assert!(world.network.hold(whole()));
    assert!(world.network.hold(whole().of_shard(A)));
    world.append(1);
    world.send(2, B, MessageKind::Append);
    assert!(world.network.release(whole()));
    world.pass(LATENCY_NS);
    assert_eq!(world.notes(), [2]);
    assert!(!world.network.release(whole()), "that hold has ended");
    world.network.heal();
    world.pass(LATENCY_NS);
    assert_eq!(world.notes(), [1]);
}

#[test]
fn a_slow_link_is_late_and_keeps_its_order_when_it_is_healed() {
    let world = World::new();
    world.network.slow(ONE, TWO, 5_000);
    world.append(1);
    world.network.heal();
    world.append(2);
    world.pass(10 * LATENCY_NS);
    assert_eq!(world.arrived(), [(1, 6_000), (2, 6_000)]);
}

#[test]
fn a_lossy_link_loses_doubles_and_reorders_about_as_often_as_it_is_told() {
    let world = World::new();
    let count = 2_000;
    let send_all = |lossy| {
        world.network.spoil(ONE, TWO, lossy);
        (0..count).for_each(|note| world.append(note));
        world.pass(1_000_000);
        world.notes()
    };
    let lossy = Lossy { loss_permille: 250, ..Lossy::default() };
    let notes = send_all(lossy);
    assert!((1_350..1_650).contains(&notes.len()), "{}", notes.len());
    assert!(notes.is_sorted(), "in order");

    let notes = send_all(Lossy { duplicate_permille: 250, ..Lossy::default() });
    assert!((2_350..2_650).contains(&notes.len()), "{}", notes.len());
    assert!(notes.is_sorted(), "in order");
    let once: std::collections::BTreeSet<u64> = notes.iter().copied().collect();
    assert_eq!(once.len() as u64, count, "nothing is lost");

    let notes = send_all(Lossy { reorder_ns: 500, ..Lossy::default() });
    assert_eq!(notes.len() as u64, count);
    assert!(!notes.is_sorted(), "some overtake others");
}

#[test]
fn links_without_faults_draw_nothing() {
    let world = World::new();
    let before = world.sim.rng("links").next_u64();
    let other = World::new();
    (0..10).for_each(|note| other.append(note));
    other.network.slow(ONE, TWO, 5);
    other.append(10);
    assert_eq!(other.sim.rng("links").next_u64(), before);
}

#[test]
fn one_message_is_dropped_delayed_doubled_or_let_go_and_no_other() {
    let world = World::new();
    (1..=3).for_each(|note| world.append(note));
    world.network.lose(1, DropReason::Taken);
    world.network.delay(2, 500);
    world.pass(10 * LATENCY_NS);
    assert_eq!(world.arrived(), [(3, 1_000), (2, 1_500)]);
    assert_eq!(world.network.find(2), None, "it has arrived");

    assert!(world.network.hold(whole()));
    (4..=6).for_each(|note| world.append(note));
    world.network.double(5);
    world.network.release_message(5);
    world.pass(LATENCY_NS);
    assert_eq!(world.notes(), [5]);
    // Its copy is held, as it was itself.
    assert!(world.network.release(whole()));
    world.pass(LATENCY_NS);
    assert_eq!(world.notes(), [4, 6, 5]);
}

/// Given a question that travels twice, when both are answered, then the asker takes the first
/// answer and the second one is too late for it, and for whatever it asks next.
#[test]
fn the_answer_to_a_doubled_question_confuses_nobody() {
    let world = World::new();
    let (network, sim) = (world.network.clone(), world.sim.clone());
    let answering = network.clone();
    let count = Rc::new(RefCell::new(0));
    let port = move |e: Envelope<Note>| {
        *count.borrow_mut() += 1;
        let answer = Note(*count.borrow(), MessageKind::Vote);
        answering.reply(&Route::from(&e), answer);
    };
    network.attach(Endpoint::Node(TWO), Rc::new(port));
    let (asker, answers) = (network.clone(), Rc::new(RefCell::new(Vec::new())));
    let list = Rc::clone(&answers);
    sim.spawn(Owner::WORLD, async move {
        for _ in 0..2 {
            let (from, to) = (Endpoint::Node(ONE), Endpoint::Node(TWO));
            let question = Note(0, MessageKind::Vote);
            let answer = asker.call(from, to, Some(A), question, Duration::from_secs(1)).await;
            list.borrow_mut().push(answer.map(|note| note.0));
        }
    });
    sim.run_ready();
    network.double(1);
    world.pass(10 * LATENCY_NS);
    assert_eq!(*answers.borrow(), [Ok(1), Ok(3)]);
    assert_eq!(world.dropped(), [(4, DropReason::TooLate)]);
}
