//! Stories of what belongs to whom: killed, paused, shut down.

use std::cell::Cell;
use std::future::pending;

use openraft::rt::AsyncRuntime;

use super::*;

#[test]
fn a_callback_runs_as_its_owner_and_so_does_what_it_spawns() {
    let sim = sim();
    sim.at(at_ms(1), N2, || drop(SimRuntime::spawn(pending::<()>())));
    run(&sim);
    assert_eq!((sim.task_count(2), sim.task_count(0)), (1, 0));
    sim.shutdown();
}

#[test]
fn a_killed_node_loses_everything_at_once_and_nobody_else_anything() {
    let (sim, log) = (sim(), Log::new());
    for owner in [N1, N2, Owner { node: 1, scope: 9 }] {
        let (outer, inner) = (log.clone(), log.clone());
        sim.spawn(owner, async move {
            let _guard = OnDrop(move || outer.add((owner, "outer")));
            // Spawned by openraft's way: inherits the owner.
            let nested = SimRuntime::spawn(async move {
                let _guard = OnDrop(move || inner.add((owner, "nested")));
                SimRuntime::sleep(ms(5)).await;
            });
            nested.await.expect("its node is the same");
            pending::<()>().await;
        });
        sim.at(at_ms(5), owner, log.adding((owner, "timer")));
    }
    sim.run_ready();
    assert_eq!((sim.task_count(1), sim.timer_count(1)), (4, 4));
    assert_eq!(sim.scope_task_count(N1), 2);

    assert_eq!(sim.kill_node(1), 4);

    assert_eq!((sim.task_count(1), sim.timer_count(1)), (0, 0));
    assert_eq!((sim.task_count(2), sim.timer_count(2)), (2, 2));
    let scope = Owner { node: 1, scope: 9 };
    let dropped = [(N1, "outer"), (scope, "outer"), (N1, "nested"), (scope, "nested")];
    assert_eq!(log.take(), dropped);

    run(&sim);
    assert_eq!(log.take(), [(N2, "timer"), (N2, "nested")], "registered in this order");
    sim.shutdown();
}

#[test]
fn killing_a_scope_spares_the_rest_of_its_node() {
    let sim = sim();
    let replica = Owner { node: 1, scope: 4 };
    for owner in [N1, replica, Owner { node: 2, scope: 4 }] {
        sim.spawn(owner, pending());
        sim.at(at_ms(1), owner, || ());
    }
    assert_eq!(sim.kill_scope(replica), 1);
    assert_eq!((sim.task_count(1), sim.timer_count(1)), (1, 1));
    assert_eq!((sim.scope_task_count(replica), sim.task_count(2)), (0, 1));
    sim.shutdown();
}

#[test]
fn a_task_may_kill_another_node_in_the_middle_of_its_poll() {
    let (sim, log) = (sim(), Log::new());
    let guard = OnDrop({
        let log = log.clone();
        move || log.add("victim dropped")
    });
    sim.spawn(N1, async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let (world, killer) = (sim.clone(), log.clone());
    sim.spawn(N2, async move {
        killer.add("before");
        assert_eq!(world.kill_node(1), 1);
        killer.add("after");
    });
    sim.run_ready();
    assert_eq!(log.take(), ["before", "victim dropped", "after"]);
}

#[test]
fn a_task_that_kills_its_own_node_is_dropped_when_its_poll_returns() {
    let (sim, log) = (sim(), Log::new());
    let (world, own) = (sim.clone(), log.clone());
    sim.spawn(N1, async move {
        let dropped = own.clone();
        let _guard = OnDrop(move || dropped.add("dropped"));
        world.kill_node(1);
        assert_eq!(world.task_count(1), 0);
        own.add("killed");
        world.sleep(ms(1)).await;
        own.add("went on");
    });
    run(&sim);
    assert_eq!(log.take(), ["killed", "dropped"]);
    assert_eq!((sim.task_count(1), sim.timer_count(1)), (0, 0));
}

#[test]
fn a_task_that_has_killed_itself_does_not_come_back_in_the_place_of_another() {
    let (sim, log) = (sim(), Log::new());
    let (world, own, others) = (sim.clone(), log.clone(), log.clone());
    sim.spawn(N1, async move {
        world.kill_node(1);
        world.spawn(N2, async move { others.add("the next one ran") });
        world.sleep(ms(1)).await;
        own.add("went on");
    });
    run(&sim);
    assert_eq!(log.take(), ["the next one ran"]);
    assert_eq!((sim.task_count(1), sim.task_count(2)), (0, 0));
}

#[test]
fn a_waker_of_a_dead_task_does_not_wake_the_next_one_in_its_place() {
    let sim = sim();
    let kept = Rc::new(Cell::new(None));
    let keep = kept.clone();
    let keeping = std::future::poll_fn(move |cx| {
        keep.set(Some(cx.waker().clone()));
        std::task::Poll::Ready(())
    });
    sim.spawn(N1, keeping);
    assert_eq!(sim.run_ready(), 1);
    sim.spawn(N1, pending());
    assert_eq!(sim.run_ready(), 1);

    kept.take().expect("the first poll kept it").wake();
    assert_eq!(sim.run_ready(), 0);
    sim.shutdown();
}

#[test]
fn what_dying_tasks_do_reaches_the_living_and_what_they_spawn_dies_too() {
    let (sim, log) = (sim(), Log::new());
    let (told, telling) = channel::oneshot::channel();
    let listener = log.clone();
    sim.spawn(N2, async move { listener.add(telling.await) });
    sim.run_ready();

    let timer = sim.at(at_ms(1), N2, || panic!("it was cancelled"));
    let (world, last_will) = (sim.clone(), Cell::new(Some(told)));
    let guard = OnDrop(move || {
        let told = last_will.take().expect("dropped once");
        told.send("bye").expect("the listener lives");
        world.cancel(timer);
        assert_eq!(world.kill_scope(Owner { node: 2, scope: 3 }), 1);
        drop(SimRuntime::spawn(pending::<()>()));
    });
    sim.spawn(Owner { node: 2, scope: 3 }, pending());
    sim.spawn(N1, async move {
        let _guard = guard;
        pending::<()>().await;
    });
    sim.run_ready();

    assert_eq!(sim.kill_node(1), 2, "the task, and the one that its drop spawned");
    run(&sim);
    assert_eq!(log.take(), [Ok("bye")]);
    assert_eq!((sim.task_count(1), sim.task_count(2), sim.timer_count(2)), (0, 0, 0));
}

#[test]
fn a_paused_node_stands_still_and_catches_up_when_it_is_resumed() {
    let (sim, log) = (sim(), Log::new());
    for (owner, delay) in [(N1, 20), (N1, 10), (N2, 15)] {
        let (world, log) = (sim.clone(), log.clone());
        sim.spawn(owner, async move {
            world.sleep(ms(delay)).await;
            log.add((delay, world.now()));
        });
    }
    sim.run_ready();
    let (told, telling) = channel::oneshot::channel();
    let (world, listener) = (sim.clone(), log.clone());
    sim.spawn(N1, async move {
        telling.await.expect("it is sent below");
        listener.add((0, world.now()));
    });
    sim.run_ready();

    sim.pause_node(1);
    told.send(()).expect("the listener waits");
    sim.at(at_ms(5), N1, log.adding((5, at_ms(5))));
    assert_eq!(sim.next_due(), Some(at_ms(15)));
    while sim.fire_next(at_ms(100)).is_some() {}
    assert_eq!(log.take(), [(15, at_ms(15))]);
    assert_eq!(sim.timer_count(1), 3);

    sim.resume_node(1);
    assert_eq!(sim.next_due(), Some(at_ms(100)));
    while sim.fire_next(at_ms(100)).is_some() {}
    let now = at_ms(100);
    assert_eq!(log.take(), [(0, now), (5, at_ms(5)), (10, now), (20, now)]);
}

#[test]
fn a_node_that_is_killed_while_paused_has_nothing_to_resume() {
    let sim = sim();
    sim.spawn(N1, pending());
    sim.pause_node(1);
    sim.run_ready();
    assert_eq!(sim.kill_node(1), 1);
    sim.resume_node(1);
    assert_eq!(sim.run_ready(), 0);
}

#[test]
fn nothing_is_left_after_the_shutdown() {
    let sim = sim();
    let (world, log) = (sim.clone(), Log::new());
    let log_of_task = log.clone();
    sim.spawn(N1, async move {
        let (heir, log) = (world.clone(), log_of_task);
        let _guard = OnDrop(move || {
            let log_of_heir = log.clone();
            let guard = OnDrop(move || log_of_heir.add("heir dropped"));
            heir.spawn(N1, async move {
                let _guard = guard;
                pending::<()>().await;
            });
        });
        world.sleep(ms(5)).await;
    });
    let world = sim.clone();
    sim.at(at_ms(9), N2, move || drop(world));
    let stream = sim.rng("test");
    sim.run_ready();

    sim.shutdown();

    assert_eq!(log.take(), ["heir dropped"], "spawned after the end: dropped at once");
    assert_eq!((sim.task_count(1), sim.timer_count(1), sim.timer_count(2)), (0, 0, 0));
    sim.at(at_ms(9), N2, || panic!("nothing is registered any more"));
    assert_eq!(sim.fire_next(at_ms(20)), None);
    let left = Rc::downgrade(&sim.0);
    drop((sim, stream));
    assert_eq!((left.strong_count(), left.weak_count()), (0, 0));
}

#[test]
fn a_dropped_handle_detaches_and_a_killed_task_is_a_join_error() {
    let (sim, log) = (sim(), Log::new());
    let detached = log.clone();
    let world = sim.clone();
    let joined = log.clone();
    sim.spawn(N2, async move {
        drop(SimRuntime::spawn(async move {
            detached.add("detached ran".to_string());
        }));
        let victim = world.enter(N1, || SimRuntime::spawn(pending::<()>()));
        let error = victim.await.expect_err("it is killed");
        assert!(!SimRuntime::is_panic(&error));
        joined.add(error.to_string());
    });
    sim.run_ready();
    sim.kill_node(1);
    sim.run_ready();
    assert_eq!(log.take(), ["detached ran", "the task was killed before it was done"]);
}
