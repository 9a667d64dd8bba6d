//! Stories of timers, sleeps and clocks.

use std::task::{Context, Waker};

use openraft::rt::{AsyncRuntime, Instant};

use super::*;

#[test]
fn timers_fire_one_by_one_in_order_of_time_then_of_registration() {
    let (sim, log) = (sim(), Log::new());
    for (time, name) in [(30, "d"), (10, "a"), (20, "b"), (20, "c")] {
        sim.at(at_ms(time), N1, log.adding(name));
    }
    assert_eq!(sim.next_due(), Some(at_ms(10)));

    let mut fired = Vec::new();
    while let Some(time) = sim.fire_next(at_ms(50)) {
        assert_eq!(sim.now(), time);
        fired.push((time, log.take()));
    }

    let expected = [(10, "a"), (20, "b"), (20, "c"), (30, "d")];
    assert_eq!(fired, expected.map(|(time, name)| (at_ms(time), vec![name])));
    assert_eq!((sim.now(), sim.timer_count(1)), (at_ms(50), 0));
}

#[test]
fn the_clock_moves_to_the_limit_and_never_back() {
    let (sim, log) = (sim(), Log::new());
    sim.at(at_ms(10), N1, log.adding("later"));
    assert_eq!(sim.fire_next(at_ms(9)), None);
    assert_eq!(sim.now(), at_ms(9));
    assert_eq!(sim.fire_next(at_ms(3)), None);
    assert_eq!(sim.now(), at_ms(9));

    sim.at(at_ms(1), N1, log.adding("overdue"));
    assert_eq!(sim.next_due(), Some(at_ms(9)));
    assert_eq!(sim.fire_next(at_ms(9)), Some(at_ms(9)));
    assert_eq!(log.take(), ["overdue"]);
}

#[test]
fn a_cancelled_timer_does_not_fire_nor_does_its_id_reach_the_next_one() {
    let (sim, log) = (sim(), Log::new());
    let cancelled = sim.at(at_ms(1), N1, log.adding("cancelled"));
    sim.cancel(cancelled);
    sim.at(at_ms(2), N1, log.adding("in its place"));
    sim.cancel(cancelled);
    run(&sim);
    assert_eq!(log.take(), ["in its place"]);
}

#[test]
fn a_sleep_that_is_over_is_ready_at_once_and_others_wait_for_their_moment() {
    let (sim, log) = (sim(), Log::new());
    let (world, sleeper) = (sim.clone(), log.clone());
    sim.spawn(N1, async move {
        for nanos in [0, 1, 999] {
            world.sleep(Duration::from_nanos(nanos)).await;
            sleeper.add(world.now().as_nanos());
        }
        world.sleep_until(Time::from_nanos(500)).await;
        sleeper.add(world.now().as_nanos());
    });
    assert_eq!(sim.run_ready(), 1);
    assert_eq!(log.take(), [0]);
    run(&sim);
    assert_eq!(log.take(), [1, 1_000, 1_000]);
}

#[test]
fn a_sleep_wakes_the_task_that_polled_it_last() {
    let (sim, log) = (sim(), Log::new());
    let mut sleep = Box::pin(sim.sleep(ms(5)));
    let nobody = &mut Context::from_waker(Waker::noop());
    assert!(sleep.as_mut().poll(nobody).is_pending());
    let awaker = log.clone();
    sim.spawn(N1, async move {
        sleep.await;
        awaker.add("woken");
    });
    run(&sim);
    assert_eq!(log.take(), ["woken"]);
    assert_eq!(sim.stats().timers_registered, 1);
}

/// Sleeps 100 ms by its own clock; logs when that was over, by the world's.
fn sleeper(sim: &Sim, owner: Owner, log: &Log<(u16, Time)>) {
    let (world, log) = (sim.clone(), log.clone());
    sim.spawn(owner, async move {
        let before = SimInstant::now();
        world.sleep(ms(100)).await;
        assert!(before.elapsed() >= ms(100), "never early by its own clock");
        log.add((owner.node, world.now()));
    });
}

#[test]
fn a_sleep_goes_by_the_clock_of_its_node() {
    let (sim, log) = (sim(), Log::new());
    sim.set_clock(1, 0, 250_000);
    sim.set_clock(2, 3_000_000, -200_000);
    sim.set_clock(3, -50_000_000, 0);
    for node in [1, 2, 3, 4] {
        sleeper(&sim, Owner::node(node), &log);
    }
    run(&sim);
    let expected = [(1, at_ms(80)), (3, at_ms(100)), (4, at_ms(100)), (2, at_ms(125))];
    assert_eq!(log.take(), expected);
    assert_eq!(sim.now(), at_ms(1_000_000));
    assert_eq!(sim.node_now(1), at_ms(1_250_000));
    assert_eq!(sim.node_now(2), at_ms(800_003));
    assert_eq!(sim.node_now(3), at_ms(999_950));
}

#[test]
fn a_clock_that_jumps_takes_the_sleeps_of_its_node_along_but_not_the_worlds_timers() {
    let (sim, log) = (sim(), Log::new());
    sleeper(&sim, N1, &log);
    sleeper(&sim, N2, &log);
    sim.at(at_ms(60), N1, log.adding((0, at_ms(60))));
    assert_eq!(sim.fire_next(at_ms(10)), None);

    sim.set_clock(1, 70_000_000, 0);
    sim.set_clock(2, -5_000_000, 0);
    assert_eq!((sim.node_now(1), sim.node_now(2)), (at_ms(80), at_ms(10)));

    run(&sim);
    assert_eq!(log.take(), [(1, at_ms(30)), (0, at_ms(60)), (2, at_ms(105))]);
}

#[test]
fn a_hundred_thousand_timeouts_made_and_dropped_leave_nothing_behind() {
    let sim = sim();
    let world = sim.clone();
    sim.spawn(N1, async move {
        for _ in 0..100_000 {
            let mut yielded = false;
            let soon = std::future::poll_fn(move |cx| {
                if yielded {
                    return std::task::Poll::Ready(());
                }
                yielded = true;
                cx.waker().wake_by_ref();
                std::task::Poll::Pending
            });
            SimRuntime::timeout(ms(500), soon).await.expect("it is ready at this instant");
            assert_eq!(world.timer_count(1), 0);
        }
    });
    sim.run_ready();
    assert_eq!(sim.stats().timers_registered, 100_000);
    assert_eq!(sim.0.timers.borrow().capacity(), (0, 1), "in the heap, and in all");
}

#[test]
fn a_timeout_that_is_over_says_so_and_one_that_is_just_in_time_does_not() {
    let (sim, log) = (sim(), Log::new());
    let timed = log.clone();
    sim.spawn(N1, async move {
        for (limit, needed) in [(10, 11), (10, 10), (10, 9)] {
            let waited = SimRuntime::timeout(ms(limit), SimRuntime::sleep(ms(needed))).await;
            timed.add(waited.is_ok());
        }
    });
    run(&sim);
    assert_eq!(log.take(), [false, true, true]);
    assert_eq!(sim.timer_count(1), 0);
}
