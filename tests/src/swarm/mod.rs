//! The swarm: whole runs drawn from a seed, under faults, then held to what must always hold and to
//! what must come true once the faults end.
//!
//! Used by the `swarm` and `replay` programs and by the native tests. Each seed gives its options,
//! its load, its faults and their order, so a seed is all that is needed to see a run again; what a
//! failing run did is kept as a recording besides, and cut down to what causes the failure.
//!
//! Ideas taken from: TigerBeetle's simulator (a safety phase, then a liveness phase in which only a
//! core is healed), swarm testing (Groce and others, 2012: each run draws from its own subset of
//! faults), delta debugging (Zeller and Hildebrandt, 2002).
//!
//! ```text
//! plan ── what a seed gives      fault, change ── the commands that a run draws
//! run ─── draws and carries out  script ───────── the same run again, from its commands alone
//! liveness ── what must come true  verdict, coverage ── what a run came to
//! guard ── a panic ends one run    replay ── a recording again, compared
//! minimise ── a smaller script   batch ── many seeds on all cores, and how that is told
//! ```
//!
//! Runs are drawn in a browser too, so that the digests of many can be compared; the rest is native.

#[cfg(not(target_arch = "wasm32"))]
mod batch;
mod change;
mod coverage;
mod dice;
mod fault;
mod guard;
mod liveness;
#[cfg(not(target_arch = "wasm32"))]
mod minimise;
mod plan;
#[cfg(not(target_arch = "wasm32"))]
mod replay;
mod run;
mod script;
mod verdict;

#[cfg(not(target_arch = "wasm32"))]
pub use batch::{Batch, Orders, main, write_recording};
pub use coverage::Coverage;
pub use fault::FaultKind;
#[cfg(not(target_arch = "wasm32"))]
pub use guard::silence_panics_of_runs;
#[cfg(not(target_arch = "wasm32"))]
pub use minimise::minimise;
pub use plan::Plan;
#[cfg(not(target_arch = "wasm32"))]
pub use replay::main as replay_main;
pub use run::{Run, Settings, run, run_seed};
pub use script::Script;
pub use verdict::Verdict;
