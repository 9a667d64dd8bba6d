//! What the runtime keeps for each node: its clock, whether it is paused, how much it owns.
//!
//! Owns only that. It must not know what a node does. Used by [`Sim`](super::Sim) alone.

use super::clock::NodeClock;
use super::ready::TaskId;

/// One node, or at 0 the world outside of all nodes.
#[derive(Default)]
pub(super) struct Node {
    pub(super) clock: NodeClock,
    pub(super) paused: bool,
    /// Tasks that were woken while it was paused, in the order in which they were.
    pub(super) parked: Vec<TaskId>,
    pub(super) tasks: usize,
    pub(super) timers: usize,
}

/// All nodes, by number; one that was never spoken of is like a new one.
#[derive(Default)]
pub(super) struct Nodes(Vec<Node>);

impl Nodes {
    /// The node, if it was ever spoken of.
    pub(super) fn get(&self, node: u16) -> Option<&Node> {
        self.0.get(usize::from(node))
    }

    /// The node.
    pub(super) fn get_mut(&mut self, node: u16) -> &mut Node {
        let index = usize::from(node);
        if index >= self.0.len() {
            self.0.resize_with(index + 1, Node::default);
        }
        &mut self.0[index]
    }
}
