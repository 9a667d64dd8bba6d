//! What ShardScope is held to: `native` and `browser` hold the tests, `page` those of the page, and
//! `src/bench` the benchmarks. Nothing is shared between them so far.
