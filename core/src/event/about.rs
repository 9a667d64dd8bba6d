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
}

/// Gives each kind its name, and lists the names.
macro_rules! names {
    ($($kind:ident: $name:literal,)+) => {
        impl EventKind {
            /// The names that there are.
            pub const NAMES: &[&str] = &[$($name),+];

            /// Its stable name, as in its serialised form.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$kind { .. } => $name,)+
                }
            }
        }
    };
}

names! {
    PhaseStarted: "phase_started",
    PhaseCompleted: "phase_completed",
    NodeStarted: "node_started",
    NodeCrashed: "node_crashed",
    NodePaused: "node_paused",
    NodeResumed: "node_resumed",
    LinkCut: "link_cut",
    LinksHealed: "links_healed",
    ReplicaStarted: "replica_started",
    ReplicaDestroyed: "replica_destroyed",
    RoleChanged: "role_changed",
    Applied: "applied",
    WriteApplied: "write_applied",
    StaleRefused: "stale_refused",
    SplitProposed: "split_proposed",
    TransferStarted: "transfer_started",
    SplitApplied: "split_applied",
    MembershipApplied: "membership_applied",
    SnapshotTaken: "snapshot_taken",
    SnapshotInstalled: "snapshot_installed",
    SnapshotRefused: "snapshot_refused",
    MessageSent: "message_sent",
    MessageDelivered: "message_delivered",
    MessageDropped: "message_dropped",
    Invoked: "invoked",
    Scanned: "scanned",
    Completed: "completed",
    RouteRepaired: "route_repaired",
    PlacementStep: "placement_step",
    PlacementReached: "placement_reached",
    ShardHot: "shard_hot",
    BalanceMoves: "balance_moves",
    LinkHealed: "link_healed",
    LinkHeld: "link_held",
    LinkReleased: "link_released",
    LinkSlowed: "link_slowed",
    LinkSpoiled: "link_spoiled",
    MessageDelayed: "message_delayed",
    MessageDuplicated: "message_duplicated",
    MessageReleased: "message_released",
    DiskSlowed: "disk_slowed",
    DiskHeld: "disk_held",
    DiskReleased: "disk_released",
    DiskFilled: "disk_filled",
    DiskFreed: "disk_freed",
    DiskLost: "disk_lost",
    NodeJoined: "node_joined",
    ClockSet: "clock_set",
    ElectionForced: "election_forced",
    ApplyHeld: "apply_held",
    ApplyReleased: "apply_released",
    StepRefused: "step_refused",
    PlacementCrashed: "placement_crashed",
    PlacementRestarted: "placement_restarted",
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serde names all kinds when it is asked for one that there is not.
    #[test]
    fn the_names_are_those_of_the_serialised_form() {
        let none = serde_json::json!({ "name": "" });
        let error = serde_json::from_value::<EventKind>(none).expect_err("no such kind");
        let error = error.to_string();
        let mut serialised: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        let mut names = EventKind::NAMES.to_vec();
        serialised.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, serialised);
    }
}
