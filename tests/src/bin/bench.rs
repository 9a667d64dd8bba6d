//! `cargo xtask bench`: how fast, how large and how frugal ShardScope is, as a table and as JSON.
//!
//! Owns the entry point and the allocator that counts. What is measured is in `bench`.

use std::process::ExitCode;

#[cfg(not(target_arch = "wasm32"))]
#[path = "../bench/mod.rs"]
mod bench;

#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: bench::CountingAllocator = bench::CountingAllocator;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> ExitCode {
    bench::main()
}

/// A browser has nothing to measure with; the tests of this package are built for it all the same.
#[cfg(target_arch = "wasm32")]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}
