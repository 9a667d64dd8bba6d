//! What ShardScope is held to: `native` and `browser` hold the tests, `page` those of the page,
//! `src/bench` the benchmarks. What several of them share is here: the swarm.

pub mod swarm;
