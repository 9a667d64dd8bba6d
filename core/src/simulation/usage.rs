//! What a run holds at a moment: tasks, timers, rows, messages.

use super::Simulation;
use crate::cluster::Cluster;
use crate::node::Node;

/// What a run holds; see [`Simulation::usage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// By node.
    pub nodes: Vec<NodeUsage>,
    /// Messages in flight.
    pub in_flight: usize,
    /// Placement's live tasks.
    pub placement_tasks: usize,
    /// Rows on placement's disk.
    pub placement_rows: usize,
}

/// What a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeUsage {
    /// Live tasks.
    pub tasks: usize,
    /// Pending timers.
    pub timers: usize,
    /// Durable rows on its disk.
    pub rows: usize,
}

impl Simulation {
    /// What the run holds now: for tests that nothing is left behind.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let Cluster { sim, nodes, network, placement, .. } = &self.cluster;
        let (placement_tasks, placement_rows) = placement.usage();
        let of = |node: &Node| NodeUsage {
            tasks: sim.task_count(node.id().0),
            timers: sim.timer_count(node.id().0),
            rows: node.disk().row_counts().1,
        };
        Usage {
            nodes: nodes.iter().map(of).collect(),
            in_flight: network.in_flight(|messages| messages.len()),
            placement_tasks,
            placement_rows,
        }
    }
}
