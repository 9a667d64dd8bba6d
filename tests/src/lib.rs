//! What ShardScope is held to: `native` and `browser` hold the tests, `page` those of the page,
//! `src/bench` the benchmarks. What several of them share is here: the swarm, and
//! the hunt for planted bugs.

pub mod swarm;
#[cfg(all(feature = "plants", not(target_arch = "wasm32")))]
pub mod verify;
