//! OpenRaft's own suites, run against this crate's runtime and storage. For tests; not part of the
//! interface.

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};

use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Epoch, KeyRange};
use crate::raft::log_store::LogStore;
use crate::raft::message::C;
use crate::raft::seat::Seat;
use crate::raft::state::ShardState;
use crate::raft::state_machine::StateMachine;
use crate::raft::types::NodeDisk;
use crate::sim::SimRuntime;

/// OpenRaft's suites for runtimes.
pub fn runtime() {
    crate::sim::run_runtime_suites();
}

/// OpenRaft's suite for log stores and state machines.
///
/// # Errors
/// What the suite could not read or write.
pub fn storage() -> Result<(), String> {
    use openraft::AsyncRuntime;
    SimRuntime::run(Suite::test_all(Stores)).map_err(|e| e.to_string())
}

/// The parts of a raft group, generic in the runtime, so that a benchmark can run the same group on
/// another one.
pub mod parts {
    pub use crate::disk::{Batch, Disk};
    pub use crate::raft::{birth, config, entry, log_store, seat, state, state_machine, types};
    pub use crate::sim::SimRuntime;
}

struct Stores;

impl StoreBuilder<C, LogStore, StateMachine> for Stores {
    async fn build(&self) -> Result<((), LogStore, StateMachine), StorageError<C>> {
        let disk = NodeDisk::immediate();
        let seat = Seat { node: NodeId(1), shard: ShardId(1), replica: ReplicaId(1) };
        let range = KeyRange::inclusive(1, 200);
        let state = ShardState::empty(seat.shard, range, Epoch { version: 1, conf_ver: 1 });
        let log = LogStore::new(disk.clone(), seat.replica);
        Ok(((), log, StateMachine::detached(seat, disk, state)))
    }
}
