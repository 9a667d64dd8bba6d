//! Runs under every fault in a browser: each has the digest that it has natively.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::drawn;

/// Digest of each run at its end, a seed a line, as it is natively.
const DIGESTS: &str = include_str!("../golden/swarm_digests.txt");

#[wasm_bindgen_test]
fn runs_under_every_fault_have_the_digests_of_every_target() {
    let found = drawn::digests();
    for (expected, found) in DIGESTS.lines().zip(found.lines()) {
        assert_eq!(expected, found, "seed and digest");
    }
    assert_eq!(DIGESTS.lines().count(), found.lines().count());
}
