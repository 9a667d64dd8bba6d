//! Many runs drawn from seeds, which together use every fault: the digest of each. The same on every
//! target.

use std::fmt::Write;
use std::time::Duration;

use shardscope_tests::swarm::{Coverage, Verdict, run_seed};

/// How many seeds.
const SEEDS: u64 = 200;
/// For how long faults happen in each.
const LENGTH: Duration = Duration::from_secs(1);
/// Runs all seeds; their digests, a seed a line.
pub(crate) fn digests() -> String {
    let mut told = String::new();
    let mut reached = Coverage::default();
    for seed in 1..=SEEDS {
        let run = run_seed(seed, LENGTH);
        assert_eq!(run.verdict, Verdict::Passed, "seed {seed}");
        reached.add(&run.coverage);
        writeln!(told, "{seed} {}", run.recording.end.digest).expect("a string takes all text");
    }
    assert_eq!(reached.missing(), Vec::<String>::new(), "these runs together use every fault");
    told
}
