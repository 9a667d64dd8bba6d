//! How a node with an empty disk becomes part of the cluster.
//!
//! It may have been part of it before, on a disk that is lost. Others then still take it for the
//! replicas that it had: such a replica, made anew, would vote a second time and miss entries that
//! it had acknowledged. So the node asks placement for an id that is newer than all that were ever
//! given out, and refuses every replica before it. (TiKV: a store with an empty data directory gets
//! a new id from PD, `check_store` and `bootstrap_store` in `src/server/node.rs`, so that
//! nobody finds its old peers there.) Placement replaces those it had, by ordinary steps.

use std::time::Duration;

use super::Node;
use crate::event::EventKind;
use crate::id::ReplicaId;
use crate::message::Message;
use crate::network::Endpoint;
use crate::plant::{self, Plant};
use crate::raft::birth;
use crate::raft::types::NodeBatch;

/// How long it waits for an answer before it asks again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

impl Node {
    /// Asks until it is told. Meanwhile it takes no message for any replica.
    pub(super) async fn join(self) {
        if plant::is(Plant::DiskLossForgotten) {
            return self.refuse_before(ReplicaId(1));
        }
        let (from, to) = (Endpoint::Node(self.0.id), Endpoint::Placement);
        loop {
            let asked = self.0.sim.now();
            let answer = self.0.network.call(from, to, None, Message::Join, ASK_AGAIN).await;
            if let Ok(Message::Floor(floor)) = answer {
                return self.refuse_before(floor);
            }
            self.0.sim.sleep((asked + ASK_AGAIN).since(self.0.sim.now())).await;
        }
    }

    /// From here on. Nothing waits until that is durable: whatever a replica promises becomes
    /// durable after it.
    fn refuse_before(&self, floor: ReplicaId) {
        let mut batch = NodeBatch::default();
        birth::put_floor(&mut batch, floor);
        self.0.disk.write(batch, None);
        self.0.trace.record(EventKind::NodeJoined { node: self.0.id, floor });
    }
}
