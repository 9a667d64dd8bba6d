//! Stories of what runs when: schedules, streams, contexts, and runs that never end.

use std::future::pending;

use openraft::rt::AsyncRuntime;

use super::*;

/// In which order ten tasks run that yield twice each.
fn schedule(seed: u64, order: WakeOrder) -> Vec<u32> {
    let (sim, log) = (Sim::new(seed, order), Log::new());
    for task in 0..10 {
        let (world, log) = (sim.clone(), log.clone());
        sim.spawn(N1, async move {
            for _ in 0..3 {
                log.add(task);
                let (told, telling) = channel::oneshot::channel();
                world.spawn(N1, async move { told.send(()).expect("somebody listens") });
                telling.await.expect("it is sent");
            }
        });
    }
    sim.run_ready();
    log.take()
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_woken_or_in_one_drawn_from_the_seed() {
    let fifo: Vec<u32> = (0..3).flat_map(|_| 0..10).collect();
    assert_eq!(schedule(1, WakeOrder::Fifo), fifo);
    assert_eq!(schedule(2, WakeOrder::Fifo), fifo);

    let drawn = schedule(1, WakeOrder::Seeded);
    assert_ne!(drawn, fifo);
    assert_ne!(drawn, schedule(2, WakeOrder::Seeded));
    assert_eq!(drawn, schedule(1, WakeOrder::Seeded), "whatever ran before");
}

#[test]
fn a_wake_from_outside_takes_its_place_in_the_order() {
    let (sim, log) = (sim(), Log::new());
    let mut senders = Vec::new();
    for name in ["first", "second", "third"] {
        let (told, telling) = channel::oneshot::channel::<()>();
        senders.push(told);
        let log = log.clone();
        sim.spawn(N1, async move {
            telling.await.expect("it is sent");
            log.add(name);
        });
    }
    sim.run_ready();

    let mut senders = senders.into_iter();
    let mut send = || senders.next().expect("three").send(()).expect("it listens");
    send();
    sim.enter(N2, &mut send);
    send();
    sim.run_ready();
    assert_eq!(log.take(), ["first", "second", "third"]);
}

#[test]
fn a_draw_from_one_stream_shifts_no_other() {
    let draws = |before: u64| {
        let sim = sim();
        (0..before).for_each(|_| _ = sim.rng("clients").next_u64());
        (sim.rng("network").next_u64(), sim.rng("network").next_u64())
    };
    assert_eq!(draws(0), draws(5));
    assert_ne!(draws(0).0, draws(0).1, "the same name is the same stream, further on");
}

#[test]
fn a_livelock_panics_and_names_who_is_in_it() {
    let sim = sim();
    sim.spawn(Owner { node: 3, scope: 12 }, async {
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        })
        .await;
    });
    let message = panic_of(|| _ = sim.run_ready());
    assert!(message.starts_with("livelock at 0.000000 s"), "{message}");
    assert!(message.contains("a_livelock_panics"), "{message}");
    assert!(message.contains("(node 3, scope 12)"), "{message}");
    sim.shutdown();
}

#[test]
fn a_task_that_asks_for_tasks_to_be_run_is_told_why_not() {
    let sim = sim();
    let world = sim.clone();
    sim.spawn(N1, async move { _ = world.run_ready() });
    let message = panic_of(|| _ = sim.run_ready());
    assert!(message.contains("they are already"), "{message}");

    // The panic has left the context, and the simulation goes on.
    assert!(panic_of(|| drop(Sim::current())).contains("no simulation is running"));
    sim.spawn(N1, async {});
    assert_eq!(sim.run_ready(), 1);
    sim.shutdown();
}

#[test]
fn blocking_on_what_nothing_can_wake_is_a_deadlock_and_says_so() {
    let message = panic_of(|| SimRuntime::run(pending::<()>()));
    assert!(message.starts_with("deadlock"), "{message}");
}

#[test]
fn contexts_nest_and_come_back() {
    fn who() -> (u64, Owner) {
        (Sim::current().0.seed, context::owner())
    }
    let (outer, inner) = (Sim::new(1, WakeOrder::Fifo), Sim::new(2, WakeOrder::Fifo));
    outer.enter(N1, || {
        assert_eq!(inner.enter(N2, who), (2, N2));
        assert_eq!(who(), (1, N1));
    });
    assert!(context::sim().is_none());
}

#[test]
fn openrafts_suites_pass_also_when_the_order_of_tasks_is_drawn() {
    for seed in 0..20 {
        let mut runtime = SimRuntime::of(Sim::new(seed, WakeOrder::Seeded));
        openraft::testing::runtime::Suite::<SimRuntime>::test_all_on(&mut runtime);
    }
}
