//! `cargo xtask bench`: runs the benchmarks.
//!
//! Must not know what they measure: they are a program of `shardscope-tests`.

use anyhow::Result;
use duct::cmd;

use crate::process;
use crate::project::Project;

/// Runs the bench program with `args`.
pub(crate) fn run(project: &Project, args: &[String]) -> Result<()> {
    let fixed = ["run", "--release", "--package", "shardscope-tests", "--bin", "bench", "--"];
    let command = cmd("cargo", fixed.iter().map(|&word| word.to_owned()).chain(args.to_vec()));
    process::run(&command.dir(&project.root), "the benchmark")
}
