//! Every planted bug is found again, by what found it first.
#![cfg(not(target_arch = "wasm32"))]

use std::sync::Mutex;
use std::thread;

use shardscope_core::Plant;
use shardscope_tests::swarm::{Settings, run};
use shardscope_tests::verify::Kept;

const CATCHES: &str = include_str!("../golden/plants.txt");
/// How many runs go on at the same time.
const JOBS: usize = 2;

fn catches() -> Vec<Kept> {
    Kept::all(CATCHES).expect("the golden catches are as they were written")
}

/// Given a build with planted bugs, when each is switched on and the seed that found it is run
/// again, then the same property is found false.
#[test]
fn every_planted_bug_is_found_again() {
    let (left, wrong) = (Mutex::new(catches()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("no lock is held over a panic").pop();
                    let Some(Kept { plant, found, seed, length }) = next else {
                        return;
                    };
                    let run = run(seed, &Settings { plant: Some(plant), ..Settings::of(length) });
                    if run.verdict.name() != found {
                        let text = format!("{}: {found}, not {}", plant.name(), run.verdict);
                        wrong.lock().expect("no lock is held over a panic").push(text);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no lock is held over a panic");
    assert!(wrong.is_empty(), "not found again:\n{}", wrong.join("\n"));
}

/// Given the catches that are kept, then no planted bug is without one.
#[test]
fn no_planted_bug_was_missed() {
    let kept = catches();
    let missed: Vec<&str> = Plant::ALL
        .iter()
        .filter(|plant| kept.iter().all(|k| k.plant != **plant))
        .map(|plant| plant.name())
        .collect();
    assert!(missed.is_empty(), "hunt these with cargo xtask verify: {missed:?}");
}
