//! openraft's own conformance suites, run on the simulation's runtime, in a browser.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn the_runtime_passes_openrafts_suites() {
    shardscope_core::conformance::runtime();
}
