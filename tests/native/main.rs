//! What holds natively.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../shared/four_phases.rs"]
mod reference;

mod bounds;
mod checkers;
mod commands;
mod determinism;
mod four_phases;
mod golden;
mod runtime;
mod storage;
