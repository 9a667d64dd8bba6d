//! The faults among the commands: what is done to nodes, links, messages, disks and clocks.

use std::time::Duration;

use super::Cluster;
use crate::command::Command;
use crate::error::CommandError;
use crate::event::{DropReason, EventKind, Origin};
use crate::id::{NodeId, ShardId};
use crate::network::{Lossy, Traffic};
use crate::node::{Node, NodeStatus};

/// A refusal of what is so already.
fn already(text: String) -> Result<(), CommandError> {
    Err(CommandError::NotNow(text))
}

/// Refuses a value above its limit.
fn at_most(what: &str, value: u64, limit: u64) -> Result<(), CommandError> {
    if value <= limit {
        return Ok(());
    }
    Err(CommandError::TooMuch { what: what.into(), value, limit })
}

impl Cluster {
    pub(super) fn crash(&self, id: NodeId) -> Result<(), CommandError> {
        let node = self.node(id)?;
        if node.status() == NodeStatus::Down {
            return Err(CommandError::NotUp(id));
        }
        if node.status() == NodeStatus::Paused {
            self.sim.resume_node(id.0);
        }
        node.crash();
        Ok(())
    }

    pub(super) fn restart(&self, id: NodeId) -> Result<(), CommandError> {
        let node = self.node(id)?;
        if node.status() != NodeStatus::Down {
            return Err(CommandError::NotDown(id));
        }
        node.start(Origin::Restart, |_| false);
        Ok(())
    }

    pub(super) fn resume(&self, id: NodeId) -> Result<(), CommandError> {
        let node = self.node(id)?;
        if node.status() != NodeStatus::Paused {
            return Err(CommandError::NotPaused(id));
        }
        node.resume();
        Ok(())
    }

    pub(super) fn crash_placement(&self) -> Result<(), CommandError> {
        self.placement_up()?;
        self.placement.crash();
        Ok(())
    }

    pub(super) fn restart_placement(&self) -> Result<(), CommandError> {
        if self.placement.is_up() {
            return Err(CommandError::PlacementUp);
        }
        self.placement.restart();
        Ok(())
    }

    /// Refuses what placement has to do while it is down.
    pub(super) fn placement_up(&self) -> Result<(), CommandError> {
        if self.placement.is_up() { Ok(()) } else { Err(CommandError::PlacementDown) }
    }

    pub(super) fn isolate(&self, id: NodeId) -> Result<(), CommandError> {
        self.node(id)?;
        self.separate(&[vec![id]], false)
    }

    /// Cuts every link between nodes that are together in no group.
    pub(super) fn separate(
        &self,
        groups: &[Vec<NodeId>],
        one_way: bool,
    ) -> Result<(), CommandError> {
        for node in groups.iter().flatten() {
            self.node(*node)?;
        }
        let cuts = separation(&self.ids(), groups, one_way);
        if cuts.is_empty() {
            return already("these groups separate nobody: leave a node out of one".into());
        }
        // Each one, and not only up to the first that is new.
        let new = cuts.into_iter().filter(|traffic| self.network.cut(*traffic)).count();
        if new == 0 { already("all these links are cut already".into()) } else { Ok(()) }
    }

    fn ids(&self) -> Vec<NodeId> {
        self.nodes.iter().map(Node::id).collect()
    }

    fn ends(&self, from: NodeId, to: NodeId) -> Result<(), CommandError> {
        self.node(from)?;
        self.node(to)?;
        if from == to { Err(CommandError::SameNode(from)) } else { Ok(()) }
    }

    pub(super) fn cut(&self, traffic: Traffic) -> Result<(), CommandError> {
        self.ends(traffic.from, traffic.to)?;
        if self.network.cut(traffic) {
            return Ok(());
        }
        already(format!("{traffic} is cut already"))
    }

    pub(super) fn hold(&self, traffic: Traffic) -> Result<(), CommandError> {
        self.ends(traffic.from, traffic.to)?;
        if self.network.hold(traffic) {
            return Ok(());
        }
        already(format!("{traffic} is held already"))
    }

    pub(super) fn release(&self, traffic: Traffic) -> Result<(), CommandError> {
        self.ends(traffic.from, traffic.to)?;
        if self.network.release(traffic) {
            return Ok(());
        }
        already(format!("{traffic} is not held: release just what was held"))
    }

    pub(super) fn heal_link(&self, traffic: Traffic) -> Result<(), CommandError> {
        self.ends(traffic.from, traffic.to)?;
        if self.network.heal_link(traffic) {
            return Ok(());
        }
        already(format!("{traffic} is clean already"))
    }

    pub(super) fn heal(&self) -> Result<(), CommandError> {
        self.network.heal();
        Ok(())
    }

    pub(super) fn slow_link(
        &self,
        from: NodeId,
        to: NodeId,
        by_ns: u64,
    ) -> Result<(), CommandError> {
        self.ends(from, to)?;
        at_most("by_ns", by_ns, Command::DELAY_MAX_NS)?;
        self.network.slow(from, to, by_ns);
        Ok(())
    }

    pub(super) fn spoil_link(
        &self,
        from: NodeId,
        to: NodeId,
        lossy: Lossy,
    ) -> Result<(), CommandError> {
        self.ends(from, to)?;
        at_most("loss_permille", lossy.loss_permille.into(), 1_000)?;
        at_most("duplicate_permille", lossy.duplicate_permille.into(), 1_000)?;
        at_most("reorder_ns", lossy.reorder_ns, Command::DELAY_MAX_NS)?;
        self.network.spoil(from, to, lossy);
        Ok(())
    }

    /// Does something to a message in flight.
    pub(super) fn message(&self, id: u64, act: impl FnOnce(&Self)) -> Result<(), CommandError> {
        self.network.find(id).ok_or(CommandError::NoSuchMessage(id))?;
        act(self);
        Ok(())
    }

    pub(super) fn drop_message(&self, id: u64) -> Result<(), CommandError> {
        self.message(id, |cluster| cluster.network.lose(id, DropReason::Taken))
    }

    pub(super) fn delay_message(&self, id: u64, by_ns: u64) -> Result<(), CommandError> {
        at_most("by_ns", by_ns, Command::DELAY_MAX_NS)?;
        self.message(id, |cluster| cluster.network.delay(id, by_ns))
    }

    pub(super) fn duplicate_message(&self, id: u64) -> Result<(), CommandError> {
        self.message(id, |cluster| cluster.network.double(id))
    }

    pub(super) fn release_message(&self, id: u64) -> Result<(), CommandError> {
        if self.network.find(id) == Some(false) {
            return already(format!("message {id} is not held: it is on its way"));
        }
        self.message(id, |cluster| cluster.network.release_message(id))
    }

    pub(super) fn elect(&self, shard: ShardId, node: NodeId) -> Result<(), CommandError> {
        self.up(node)?.elect(shard)
    }

    pub(super) fn hold_apply(
        &self,
        node: NodeId,
        shard: ShardId,
        hold: bool,
    ) -> Result<(), CommandError> {
        self.up(node)?.hold_apply(shard, hold)
    }

    pub(super) fn slow_disk(&self, id: NodeId, flush_latency_ns: u64) -> Result<(), CommandError> {
        let node = self.node(id)?;
        at_most("flush_latency_ns", flush_latency_ns, Command::DELAY_MAX_NS)?;
        node.disk().set_latency(Duration::from_nanos(flush_latency_ns));
        self.trace.record(EventKind::DiskSlowed { node: id, flush_latency_ns });
        Ok(())
    }

    pub(super) fn hold_disk(&self, id: NodeId, held: bool) -> Result<(), CommandError> {
        let disk = self.node(id)?.disk();
        let stall = disk.stall();
        if stall.held == held {
            let not = if held { "already" } else { "not" };
            return already(format!("{id}'s disk is {not} held"));
        }
        self.trace.record(if held {
            EventKind::DiskHeld { node: id }
        } else {
            EventKind::DiskReleased { node: id }
        });
        disk.set_stall(crate::disk::Stall { held, ..stall });
        Ok(())
    }

    pub(super) fn fill_disk(&self, id: NodeId, full: bool) -> Result<(), CommandError> {
        let disk = self.node(id)?.disk();
        let stall = disk.stall();
        if stall.full == full {
            let not = if full { "already" } else { "not" };
            return already(format!("{id}'s disk is {not} full"));
        }
        self.trace.record(if full {
            EventKind::DiskFilled { node: id }
        } else {
            EventKind::DiskFreed { node: id }
        });
        disk.set_stall(crate::disk::Stall { full, ..stall });
        Ok(())
    }

    pub(super) fn lose_disk(&self, id: NodeId) -> Result<(), CommandError> {
        let disk = self.node(id)?.disk();
        match self.node(id)?.status() {
            NodeStatus::Up | NodeStatus::Paused => self.crash(id)?,
            NodeStatus::Down if disk.row_counts().0 == 0 => {
                return already(format!("{id}'s disk is lost already: restart it"));
            }
            NodeStatus::Down => {}
        }
        disk.lose();
        self.trace.record(EventKind::DiskLost { node: id });
        Ok(())
    }

    pub(super) fn set_clock(
        &self,
        id: NodeId,
        offset_ns: i64,
        drift_ppm: i32,
    ) -> Result<(), CommandError> {
        self.node(id)?;
        at_most("offset_ns, either way,", offset_ns.unsigned_abs(), Command::CLOCK_OFFSET_MAX_NS)?;
        let (drift, limit) = (drift_ppm.unsigned_abs(), Command::CLOCK_DRIFT_MAX_PPM);
        at_most("drift_ppm, either way,", drift.into(), limit.into())?;
        self.trace.record(EventKind::ClockSet { node: id, offset_ns, drift_ppm });
        self.sim.set_clock(id.0, offset_ns, drift_ppm);
        Ok(())
    }
}

/// What to cut so that of `nodes` only those can talk that are together in one of `groups`; those
/// in no group are one more. One way: only what goes from an earlier group to a later one is cut.
fn separation(nodes: &[NodeId], groups: &[Vec<NodeId>], one_way: bool) -> Vec<Traffic> {
    let rest = |n: &&NodeId| !groups.iter().any(|group| group.contains(n));
    let rest: Vec<NodeId> = nodes.iter().filter(rest).copied().collect();
    let groups: Vec<&[NodeId]> =
        groups.iter().map(Vec::as_slice).chain([rest.as_slice()]).collect();
    let first = |n: NodeId| groups.iter().position(|group| group.contains(&n));
    let mut cuts = Vec::new();
    for &from in nodes {
        for &to in nodes {
            let together = groups.iter().any(|g| g.contains(&from) && g.contains(&to));
            if from != to && !together && (!one_way || first(from) < first(to)) {
                cuts.push(Traffic::between(from, to));
            }
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: [NodeId; 5] = [NodeId(1), NodeId(2), NodeId(3), NodeId(4), NodeId(5)];

    fn cuts(groups: &[&[u16]], one_way: bool) -> Vec<(u16, u16)> {
        let groups: Vec<Vec<NodeId>> =
            groups.iter().map(|g| g.iter().map(|n| NodeId(*n)).collect()).collect();
        let cuts = separation(&NODES, &groups, one_way);
        cuts.into_iter().map(|t| (t.from.0, t.to.0)).collect()
    }

    #[test]
    fn one_node_or_a_minority_is_cut_off_from_the_rest_both_ways() {
        let alone = [(1, 3), (2, 3), (3, 1), (3, 2), (3, 4), (3, 5), (4, 3), (5, 3)];
        assert_eq!(cuts(&[&[3]], false), alone);
        assert_eq!(cuts(&[&[1, 2]], false).len(), 12);
        assert_eq!(cuts(&[&[1, 2]], false), cuts(&[&[3, 4, 5], &[1, 2]], false));
        assert_eq!(cuts(&[&[1, 2], &[3, 4], &[5]], false), cuts(&[&[1, 2], &[3, 4]], false));
    }

    #[test]
    fn a_bridge_is_a_node_in_two_groups() {
        let apart = [(1, 4), (1, 5), (2, 4), (2, 5), (4, 1), (4, 2), (5, 1), (5, 2)];
        assert_eq!(cuts(&[&[1, 2, 3], &[3, 4, 5]], false), apart);
    }

    #[test]
    fn one_way_cuts_only_what_goes_from_an_earlier_group_to_a_later_one() {
        assert_eq!(cuts(&[&[1]], true), [(1, 2), (1, 3), (1, 4), (1, 5)]);
        assert_eq!(cuts(&[&[2, 3, 4, 5], &[1]], true), [(2, 1), (3, 1), (4, 1), (5, 1)]);
        assert_eq!(cuts(&[&[1, 2, 3, 4, 5]], true), []);
    }
}
