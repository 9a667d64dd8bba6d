//! Taking a snapshot: what is applied so far, durable in one row.

use std::io;
use std::rc::Rc;

use openraft::{AsyncRuntime, RaftSnapshotBuilder};

use super::{NodeBatch, Part, Row, Seat, ShardState, Snapshot, SnapshotMeta, StateMachine};
use crate::event::EventKind;
use crate::plant::{self, Plant};
use crate::raft::types::{StoredSnapshot, Types};

impl<R: AsyncRuntime> RaftSnapshotBuilder<Types<R>> for StateMachine {
    type SnapshotData = Rc<ShardState>;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let Seat { node, shard, replica } = self.0.seat;
        let (meta, state) = {
            let machine = self.0.machine.borrow();
            let Some(mut state) = machine.state.clone() else {
                return Err(io::Error::other("an uninitialized replica has no state to snapshot"));
            };
            if plant::is(Plant::SessionsNotInSnapshot) {
                state.forget_sessions();
            }
            let last_membership = machine.membership.clone();
            (SnapshotMeta { last_log_id: machine.applied, last_membership }, Rc::new(state))
        };
        let stored = StoredSnapshot { meta: meta.clone(), state: Rc::clone(&state) };
        let mut batch = NodeBatch::default();
        if !plant::is(Plant::PurgeWithoutSnapshot) {
            batch.put(replica.row(Part::Snapshot), Row::Snapshot(Rc::new(stored)));
        }
        self.0.disk.write_durable(batch).await;
        let index = meta.last_log_id.map_or(0, |id| id.index);
        self.0.compaction.taken(index);
        self.0.trace.record(EventKind::SnapshotTaken { node, shard, replica, index });
        Ok(Snapshot { meta, snapshot: state })
    }
}
