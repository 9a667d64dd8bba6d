//! The reference run in a browser: the digest at the end of each phase is the native one.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::reference;

#[wasm_bindgen_test]
fn four_phases_have_the_digests_of_every_target() {
    assert_eq!(reference::digests(), reference::expected_digests());
}
