//! What holds in a headless browser as well.
#![cfg(target_arch = "wasm32")]

#[path = "../shared/four_phases.rs"]
mod reference;

#[path = "../shared/many_runs.rs"]
mod drawn;

mod four_phases;
mod many_runs;
mod runtime;
mod storage;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
