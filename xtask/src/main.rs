//! The one front door of ShardScope: `cargo xtask serve | test | check | dist | bench |
//! swarm | replay | verify | setup`.
//!
//! Owns the command line and nothing else: each command is a module of its own, and [`setup`]
//! brings whatever a command needs. Must not know anything of the simulation. Called by people and
//! `.ci/run`.

mod bench;
mod bindings;
mod check;
mod dist;
mod page;
mod process;
mod project;
mod serve;
mod setup;
mod single_file;
mod static_files;
mod step;
mod swarm;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;

/// Build, serve, test and check ShardScope. What a command needs is set up when it is missing.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the page and serve it on 127.0.0.1
    Serve {
        /// The port to listen on; 0 takes a free one
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Open the page in the default browser
        #[arg(long)]
        open: bool,
    },
    /// Run the tests: all of them, or one part
    Test {
        /// The part to run; all three when left out
        part: Option<test::Part>,
    },
    /// Format, lint, document, type-check and audit; changes no file
    Check,
    /// Build a folder that any static host can serve, and in it the page as one file
    Dist {
        /// The folder to write; replaced when a former `dist` wrote it
        #[arg(long, default_value = "dist")]
        out: PathBuf,
    },
    /// Run the benchmarks
    Bench {
        /// Passed on to the bench program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run many seeds under faults, and cut down what fails
    Swarm {
        /// Passed on to the swarm program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run a recording again and compare it
    Replay {
        /// Passed on to the replay program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Hunt every planted bug, and write what finds it to docs/verification.md
    Verify {
        /// Passed on to the verify program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Bring every tool that the other commands need, and run nothing
    Setup,
}

fn main() -> ExitCode {
    match run(CommandLine::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let project = Project::find()?;
    match command {
        Command::Serve { port, open } => serve::run(&project, port, open)?,
        Command::Test { part } => return test::run(&project, part),
        Command::Check => check::run(&project)?,
        Command::Dist { out } => dist::run(&project, &out)?,
        Command::Bench { args } => bench::run(&project, &args)?,
        Command::Swarm { args } => return swarm::run(&project, "swarm", &args),
        Command::Replay { args } => return swarm::run(&project, "replay", &args),
        Command::Verify { args } => return swarm::run(&project, "verify", &args),
        Command::Setup => setup::everything(&project)?,
    }
    Ok(ExitCode::SUCCESS)
}
