//! What other systems' engineers learned the hard way about splits, moves and faults, each as a
//! short story. The numbers are the catalogue's; the tests that gave the idea are TiKV's,
//! CockroachDB's, etcd's and MadRaft's.

mod crash;
mod lost_disk;
mod migration;
mod placement;
mod quorum;
mod split;
mod split_races;
mod transfer;
mod votes;
