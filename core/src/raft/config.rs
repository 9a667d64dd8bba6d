//! OpenRaft's configuration from ours.

use std::sync::Arc;

use openraft::{Config, SnapshotPolicy};

use crate::error::Error;
use crate::options::Options;
use crate::plant::Plant;

/// OpenRaft's configuration, checked, for all replicas of a run.
pub type RaftConfig = Arc<Config>;

/// OpenRaft's configuration for a run with `options`.
///
/// # Errors
/// [`Error::Options`] with OpenRaft's reason, if it does not accept it.
pub fn raft_config(options: &Options) -> Result<RaftConfig, Error> {
    let (election_timeout_min, election_timeout_max) = options.election_timeout_ms;
    let config = Config {
        cluster_name: "shardscope".into(),
        heartbeat_interval: options.heartbeat_ms,
        election_timeout_min,
        election_timeout_max,
        install_snapshot_timeout: 2_000,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(options.snapshot_every),
        max_in_snapshot_log_to_keep: options.log_kept,
        // All that can be under way at once: each client waits for its one write. There is one append
        // at a time to a follower, so a lower bound would cap what a follower takes by its round trip:
        // above the slowest one's cap it would fall behind for ever, and hold up the leader's log.
        max_payload_entries: u64::from(Options::CLIENTS_MAX),
        replication_lag_threshold: options.snapshot_every + options.log_kept,
        // A peer that answers "not now" (a snapshot that overlaps, a replica not yet made) is asked
        // again soon.
        backoff: "10ms 20ms 40ms ..160ms".into(),
        enable_pre_vote: Some(true),
        // A leader that restarts stands for election again. Restored in the same term, it could give
        // a log id to another entry than the one that it had sent under it and lost with its crash.
        enable_leader_restore: Some(options.plant == Some(Plant::LeaderRestoredInItsTerm)),
        ..Config::default()
    };
    let config = config.validate().map_err(|e| Error::Options(e.to_string()))?;
    Ok(Arc::new(config))
}
