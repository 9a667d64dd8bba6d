//! The swarm itself: a seed is all of a run, and a recording is all of it too.

use std::time::Duration;

use shardscope_core::{Recording, Replay};
use shardscope_tests::swarm::{Verdict, run_seed};

const LENGTH: Duration = Duration::from_secs(2);

/// How many seeds to try: a few, or as many as `SEEDS` says.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4)
}

/// Given seeds, when their runs are under faults for a while and then left with just a quorum of
/// each shard, then nothing is found false, and all that must come true does.
#[test]
fn runs_drawn_from_seeds_pass() {
    for seed in seeds() {
        let run = run_seed(seed, LENGTH);
        assert_eq!(run.verdict, Verdict::Passed, "seed {seed}");
    }
}

/// Given a seed, when it is run again after another one, then it is the same run; and its recording,
/// kept as text, is that run as well, at each checkpoint.
#[test]
fn a_seed_and_its_recording_are_the_same_run() {
    let first = run_seed(11, LENGTH);
    drop(run_seed(12, LENGTH));
    let second = run_seed(11, LENGTH);
    assert_eq!(first.recording, second.recording);

    let read = Recording::from_text(&first.recording.to_text()).expect("as it was written");
    let mut replay = Replay::new(&read).expect("within its limits");
    assert!(!read.checkpoints.is_empty());
    for checkpoint in &read.checkpoints {
        assert!(replay.reach(checkpoint).expect("no command is refused"));
        assert_eq!(replay.simulation().digest(), checkpoint.digest);
    }
    replay.finish(u64::MAX).expect("no command is refused");
    assert_eq!(replay.simulation().digest(), read.end.digest);
}
