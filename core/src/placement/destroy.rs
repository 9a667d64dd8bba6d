//! Sees to it that a replica that is out of its shard's membership is destroyed: ordered again
//! until its node says so, whenever that node is back.

use std::time::Duration;

use super::{OWNER, Placement};
use crate::event::{EventKind, Step};
use crate::id::ReplicaId;
use crate::message::{Admin, AdminReply};

/// How long to wait before a node that does not answer is asked again. A node that is back is told
/// with the answer to its first heartbeat as well.
const ASK_AGAIN: Duration = Duration::from_millis(500);

impl Placement {
    pub(super) fn see_destroyed(&self, replica: ReplicaId) {
        if self.0.at_work.borrow_mut().destroying.insert(replica) {
            self.0.sim.spawn(OWNER, self.clone().destroy(replica));
        }
    }

    async fn destroy(self, replica: ReplicaId) {
        // Not only once the row is durable: what was seen to be out of its membership is out for
        // good, and would be seen to be so again.
        if let Some(home) = self.0.store.is_removed(replica) {
            let step = Step::Destroy { node: home.node, replica };
            self.0.trace.record(EventKind::PlacementStep { shard: home.shard, step });
            let order = || self.order(home.shard, home.node, Admin::Destroy { replica });
            while !matches!(order().await, Some(AdminReply::Destroyed)) {
                self.0.sim.sleep(ASK_AGAIN).await;
            }
            self.0.store.forget_removed(replica);
        }
        self.0.at_work.borrow_mut().destroying.remove(&replica);
    }
}
