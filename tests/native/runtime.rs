//! openraft's own conformance suites, run on the simulation's runtime, natively.
#![cfg(not(target_arch = "wasm32"))]

#[test]
fn the_runtime_passes_openrafts_suites() {
    shardscope_core::conformance::runtime();
}
