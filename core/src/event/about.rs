//! What can be said of any event: its name, where it happened, whether a person reads it.

use super::EventKind;
use crate::id::{NodeId, ShardId};
use crate::network::Endpoint;

impl EventKind {
    /// Whether it is worth a line even when the simulation runs fast: all but messages, single
    /// entries and operations.
    #[must_use]
    pub fn is_major(&self) -> bool {
        !matches!(
            self,
            Self::MessageSent { .. }
                | Self::MessageDelivered { .. }
                | Self::MessageDropped { .. }
                | Self::MessageDelayed { .. }
                | Self::MessageDuplicated { .. }
                | Self::MessageReleased { .. }
                | Self::Applied { .. }
                | Self::WriteApplied { .. }
                | Self::Invoked { .. }
                | Self::Scanned { .. }
                | Self::Completed { .. }
                | Self::SnapshotTaken { .. }
        )
    }

    /// The node that it happened on.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::NodeStarted { node, .. }
            | Self::NodeCrashed { node, .. }
            | Self::NodePaused { node }
            | Self::NodeResumed { node }
            | Self::ReplicaStarted { node, .. }
            | Self::ReplicaDestroyed { node, .. }
            | Self::RoleChanged { node, .. }
            | Self::Applied { node, .. }
            | Self::WriteApplied { node, .. }
            | Self::StaleRefused { node, .. }
            | Self::SplitProposed { node, .. }
            | Self::TransferStarted { node, .. }
            | Self::SplitApplied { node, .. }
            | Self::MembershipApplied { node, .. }
            | Self::SnapshotTaken { node, .. }
            | Self::SnapshotInstalled { node, .. }
            | Self::SnapshotRefused { node, .. }
            | Self::LinkSlowed { from: node, .. }
            | Self::LinkSpoiled { from: node, .. }
            | Self::DiskSlowed { node, .. }
            | Self::DiskHeld { node }
            | Self::DiskReleased { node }
            | Self::DiskFilled { node }
            | Self::DiskFreed { node }
            | Self::DiskLost { node }
            | Self::NodeJoined { node, .. }
            | Self::ClockSet { node, .. }
            | Self::ElectionForced { node, .. }
            | Self::ApplyHeld { node, .. }
            | Self::ApplyReleased { node, .. } => Some(*node),
            Self::LinkCut { traffic }
            | Self::LinkHealed { traffic }
            | Self::LinkHeld { traffic }
            | Self::LinkReleased { traffic } => Some(traffic.from),
            Self::MessageDelivered { to: Endpoint::Node(node), .. }
            | Self::MessageSent { from: Endpoint::Node(node), .. } => Some(*node),
            _ => None,
        }
    }

    /// The shard that it is about.
    #[must_use]
    pub fn shard(&self) -> Option<ShardId> {
        match self {
            Self::ReplicaStarted { shard, .. }
            | Self::ReplicaDestroyed { shard, .. }
            | Self::RoleChanged { shard, .. }
            | Self::Applied { shard, .. }
            | Self::WriteApplied { shard, .. }
            | Self::StaleRefused { shard, .. }
            | Self::SplitProposed { shard, .. }
            | Self::TransferStarted { shard, .. }
            | Self::SnapshotTaken { shard, .. }
            | Self::SnapshotInstalled { shard, .. }
            | Self::SnapshotRefused { shard, .. }
            | Self::RouteRepaired { shard, .. }
            | Self::PlacementStep { shard, .. }
            | Self::ShardHot { shard, .. }
            | Self::BalanceMoves { shard, .. }
            | Self::PlacementReached { shard }
            | Self::StepRefused { shard, .. }
            | Self::ElectionForced { shard, .. }
            | Self::ApplyHeld { shard, .. }
            | Self::ApplyReleased { shard, .. } => Some(*shard),
            Self::LinkCut { traffic }
            | Self::LinkHealed { traffic }
            | Self::LinkHeld { traffic }
            | Self::LinkReleased { traffic } => traffic.shard,
            Self::MembershipApplied { descriptor, .. } => Some(descriptor.shard),
            Self::SplitApplied { parent, .. } => Some(parent.shard),
            Self::MessageSent { shard, .. } | Self::MessageDelivered { shard, .. } => *shard,
            _ => None,
        }
    }

    /// Its stable name, as in its serialised form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::PhaseStarted { .. } => "phase_started",
            Self::PhaseCompleted { .. } => "phase_completed",
            Self::NodeStarted { .. } => "node_started",
            Self::NodeCrashed { .. } => "node_crashed",
            Self::NodePaused { .. } => "node_paused",
            Self::NodeResumed { .. } => "node_resumed",
            Self::LinkCut { .. } => "link_cut",
            Self::LinksHealed {} => "links_healed",
            Self::ReplicaStarted { .. } => "replica_started",
            Self::ReplicaDestroyed { .. } => "replica_destroyed",
            Self::RoleChanged { .. } => "role_changed",
            Self::Applied { .. } => "applied",
            Self::WriteApplied { .. } => "write_applied",
            Self::StaleRefused { .. } => "stale_refused",
            Self::SplitProposed { .. } => "split_proposed",
            Self::TransferStarted { .. } => "transfer_started",
            Self::SplitApplied { .. } => "split_applied",
            Self::MembershipApplied { .. } => "membership_applied",
            Self::SnapshotTaken { .. } => "snapshot_taken",
            Self::SnapshotInstalled { .. } => "snapshot_installed",
            Self::SnapshotRefused { .. } => "snapshot_refused",
            Self::MessageSent { .. } => "message_sent",
            Self::MessageDelivered { .. } => "message_delivered",
            Self::MessageDropped { .. } => "message_dropped",
            Self::Invoked { .. } => "invoked",
            Self::Scanned { .. } => "scanned",
            Self::Completed { .. } => "completed",
            Self::RouteRepaired { .. } => "route_repaired",
            Self::PlacementStep { .. } => "placement_step",
            Self::PlacementReached { .. } => "placement_reached",
            Self::ShardHot { .. } => "shard_hot",
            Self::BalanceMoves { .. } => "balance_moves",
            Self::LinkHealed { .. } => "link_healed",
            Self::LinkHeld { .. } => "link_held",
            Self::LinkReleased { .. } => "link_released",
            Self::LinkSlowed { .. } => "link_slowed",
            Self::LinkSpoiled { .. } => "link_spoiled",
            Self::MessageDelayed { .. } => "message_delayed",
            Self::MessageDuplicated { .. } => "message_duplicated",
            Self::MessageReleased { .. } => "message_released",
            Self::DiskSlowed { .. } => "disk_slowed",
            Self::DiskHeld { .. } => "disk_held",
            Self::DiskReleased { .. } => "disk_released",
            Self::DiskFilled { .. } => "disk_filled",
            Self::DiskFreed { .. } => "disk_freed",
            Self::DiskLost { .. } => "disk_lost",
            Self::NodeJoined { .. } => "node_joined",
            Self::ClockSet { .. } => "clock_set",
            Self::ElectionForced { .. } => "election_forced",
            Self::ApplyHeld { .. } => "apply_held",
            Self::ApplyReleased { .. } => "apply_released",
            Self::StepRefused { .. } => "step_refused",
            Self::PlacementCrashed { .. } => "placement_crashed",
            Self::PlacementRestarted {} => "placement_restarted",
        }
    }
}
