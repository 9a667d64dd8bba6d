use super::checkers::*;
use shardscope_core::*;
use std::time::Duration;

fn drain(sim: &Simulation, seen: &mut u64, out: &mut Vec<Event>) {
    loop {
        let events = sim.events_since(*seen);
        let Some(last) = events.last() else { return };
        *seen = last.seq;
        out.extend(events);
    }
}

#[test]
#[ignore]
fn scratch() {
    let seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
    let mut dice = Dice(seed);
    let mut simulation = Simulation::new(&Options::seeded(seed)).expect("valid");
    let mut seen = 0;
    let mut events = Vec::new();
    'all: for phase in 1..=4 {
        simulation.submit(Command::NextPhase).expect("it is the next phase");
        for _ in 0..16 {
            let f = dice.fault();
            let r = simulation.submit(f.clone());
            println!("{} CMD {f:?} {r:?}", simulation.time());
            let pause = Duration::from_micros(200 + dice.below(1_000) * dice.below(600));
            simulation.advance(pause, Budget::UNBOUNDED);
            drain(&simulation, &mut seen, &mut events);
            if !simulation.violations().is_empty() { break 'all; }
        }
        println!("{} CMD mend", simulation.time());
        mend(&mut simulation);
        let end = simulation.time() + Duration::from_secs(120);
        while simulation.phase() < phase && simulation.time() < end {
            let _ = simulation.run_until(Condition::Phase(phase), Duration::from_millis(20));
            drain(&simulation, &mut seen, &mut events);
            if !simulation.violations().is_empty() { break 'all; }
        }
    }
    for v in simulation.violations() { println!("VIOLATION {} {} seq {}: {}", v.id, v.name, v.event.seq, v.text); }
    let full = std::env::var("FULL").is_ok();
    for e in &events {
        if full || e.kind.is_major() { println!("{} {} {:?}", e.seq, e.time, e.kind); }
    }
}
