//! OpenRaft's own conformance suite for log stores and state machines, natively.

#[test]
fn the_storage_passes_openrafts_suite() {
    shardscope_core::conformance::storage().expect("every check of the suite passes");
}
