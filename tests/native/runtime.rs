//! openraft's own conformance suites, run on the simulation's runtime, natively.

#[test]
fn the_runtime_passes_openrafts_suites() {
    shardscope_core::conformance::runtime();
}
