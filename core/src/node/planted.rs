//! What the bugs planted in a node do. Without the feature `plants`, nothing.

use std::time::Duration;

use super::Node;
use crate::id::ShardId;
use crate::message::Admin;
use crate::plant::{self, Plant};
use crate::raft::Group;
use crate::replica::Replica;

/// How late a copy of an order is, where one counts.
const LATE: Duration = Duration::from_secs(1);

impl Node {
    /// For [`Plant::MessageToWrongShard`]: whom a message reaches that is meant for `group`.
    pub(super) fn misled(&self, message: u64, group: Group) -> Group {
        if !plant::is(Plant::MessageToWrongShard) || !message.is_multiple_of(32) {
            return group;
        }
        let replicas = self.0.replicas.borrow();
        let mut others = replicas.values().filter_map(Replica::group);
        others.find(|other| other.seat() != group.seat()).cloned().unwrap_or(group)
    }

    /// For [`Plant::StepWithoutPrecondition`]: a copy of an order that took long on its way.
    pub(super) async fn hear_again(self, shard: ShardId, admin: Admin) {
        if matches!(admin, Admin::AddLearner { .. } | Admin::Promote { .. } | Admin::Remove { .. })
        {
            self.0.sim.sleep(LATE).await;
            // Nobody waits for its answer any more.
            drop(self.administer_as_leader(shard, admin).await);
        }
    }
}

impl Group {
    /// For [`Plant::LeaderDropsLastEntry`].
    pub(super) async fn drop_last_entry(self) {
        self.log().drop_last();
    }
}
