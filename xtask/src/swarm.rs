//! `cargo xtask swarm` and `cargo xtask replay`: built to run fast and to survive a panic, then run.
//!
//! Must not know what they do: they are programs of `shardscope-tests`. Only one that is asked about
//! planted bugs, by whatever argument, is built with them.

use std::process::ExitCode;

use anyhow::{Context, Result};
use duct::{Expression, cmd};

use crate::project::Project;

/// How arguments begin that are about planted bugs.
const PLANTED: [&str; 2] = ["--plant", "--list-plants"];

/// What runs `program` with `args`.
pub(crate) fn command(project: &Project, program: &str, args: &[String]) -> Expression {
    let fixed = ["run", "--quiet", "--profile", "swarm", "--package", "shardscope-tests", "--bin"];
    let planted =
        program == "verify" || args.iter().any(|a| PLANTED.iter().any(|p| a.starts_with(p)));
    let features: &[&str] = if planted { &["--features", "plants"] } else { &[] };
    let words = fixed.into_iter().chain([program]).chain(features.iter().copied()).chain(["--"]);
    let words = words.map(str::to_owned);
    cmd("cargo", words.chain(args.to_vec())).dir(&project.root)
}

/// Runs `program` with `args`; its exit code, which tells kinds of failures apart.
pub(crate) fn run(project: &Project, program: &str, args: &[String]) -> Result<ExitCode> {
    let command = command(project, program, args).stdin_null().unchecked();
    let output = command.run().with_context(|| format!("cannot start {program}"))?;
    let code = output.status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
