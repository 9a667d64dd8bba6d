//! The swarm itself: a seed is all of a run, and a recording is all of it too.

use std::time::Duration;

use shardscope_core::{Recording, Replay};
use shardscope_tests::swarm::run_seed;

use crate::drawn;
use crate::golden::compare_with_golden;

const LENGTH: Duration = Duration::from_secs(2);
/// One whose run is long enough for a checkpoint.
const SEED: u64 = 12;

/// Given two hundred seeds, when their runs are under faults for a while and then left with just a
/// quorum of each shard, then nothing is found false, all that must come true does, every fault was
/// used, and the digests are those of every target.
#[test]
fn runs_drawn_from_seeds_pass_and_have_the_digests_of_every_target() {
    compare_with_golden("swarm_digests.txt", &drawn::digests());
}

/// Given a seed, when it is run again after another one, then it is the same run; and its recording,
/// kept as text, is that run as well, at each checkpoint.
#[test]
fn a_seed_and_its_recording_are_the_same_run() {
    let first = run_seed(SEED, LENGTH);
    drop(run_seed(SEED + 1, LENGTH));
    let second = run_seed(SEED, LENGTH);
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
