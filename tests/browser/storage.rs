//! OpenRaft's own conformance suite for log stores and state machines, in a browser.

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn the_storage_passes_openrafts_suite() {
    shardscope_core::conformance::storage().expect("every check of the suite passes");
}
