//! `cargo xtask swarm`: whole runs drawn from seeds, under faults, and what they came to.
//!
//! Owns the entry point alone: all of it is in the library's `swarm`.

use std::process::ExitCode;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> ExitCode {
    shardscope_tests::swarm::main()
}

/// A browser has no cores to share out; the tests of this package are built for it all the same.
#[cfg(target_arch = "wasm32")]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}
