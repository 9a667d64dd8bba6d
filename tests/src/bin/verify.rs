//! `cargo xtask verify`: every planted bug hunted, and what finds it written down.
//!
//! Owns the entry point alone: all of it is in the library's `verify`.

use std::process::ExitCode;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> ExitCode {
    shardscope_tests::verify::main()
}

/// A browser has no cores to share out; the tests of this package are built for it all the same.
#[cfg(target_arch = "wasm32")]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}
