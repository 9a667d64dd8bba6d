//! What holds natively.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../shared/four_phases.rs"]
mod reference;

#[path = "../shared/many_runs.rs"]
mod drawn;

mod asking;
mod bounds;
mod capacity;
mod checkers;
mod clients;
mod commands;
mod determinism;
mod faults;
mod four_phases;
mod gallery;
mod golden;
mod hot_shards;
mod leaks;
mod lease_reads;
mod runtime;
mod scenarios;
mod split_cost;
mod storage;
mod swarm;
mod use_cases;
mod world;
