//! Which replicas are destroyed for good, as far as events tell. Used by `S10` and `S11`.

use std::collections::BTreeSet;

use super::unsettled::Unsettled;
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ReplicaId};
use crate::options::Options;

/// How many destroyed replicas are remembered: the newest ones. A replica that no one has heard of
/// while thousands came and went has long been told that it is gone.
const TOMBSTONES_MAX: usize = 1 << 14;

/// See the module.
pub(super) struct Tombstones {
    destroyed: BTreeSet<(ReplicaId, NodeId)>,
    unsettled: Unsettled<ReplicaId>,
}

impl Tombstones {
    pub(super) fn new(options: &Options) -> Self {
        Self { destroyed: BTreeSet::new(), unsettled: Unsettled::new(options) }
    }

    /// Takes note of destructions, and of crashes that take them back.
    pub(super) fn follow(&mut self, event: &Event) {
        for replica in self.unsettled.follow(event) {
            if let Some(node) = event.kind.node() {
                self.destroyed.remove(&(replica, node));
            }
        }
        if let EventKind::ReplicaDestroyed { node, replica, .. } = event.kind {
            self.unsettled.write(node, event.time, replica);
            self.destroyed.insert((replica, node));
            if self.destroyed.len() > TOMBSTONES_MAX {
                self.destroyed.pop_first();
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.destroyed.is_empty()
    }

    /// Whether that replica was destroyed, and no crash has taken it back.
    pub(super) fn contain(&self, node: NodeId, replica: ReplicaId) -> bool {
        self.destroyed.contains(&(replica, node))
    }
}
