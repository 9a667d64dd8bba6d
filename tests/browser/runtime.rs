//! openraft's own conformance suites, run on the simulation's runtime, in a browser.

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn the_runtime_passes_openrafts_suites() {
    shardscope_core::conformance::runtime();
}
