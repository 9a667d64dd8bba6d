//! What must come true once the faults have ended, and what ends them.

use std::time::Duration;

use shardscope_core::view::{Availability, NodeStatus, RoleView, View};
use shardscope_core::{Command, Descriptor, NodeId, Options, Simulation};

use super::dice::Dice;
use super::fault::{CLOCK_OFF_NS, nodes};

/// How many election timeouts everything is given.
const ELECTION_TIMEOUTS: u64 = 10;

/// How long everything is given to come true, from the end of the faults on, and anew from the end of
/// each operation: ten election timeouts, and as long as a clock that was set right may stand still.
#[must_use]
pub(super) fn bound(options: &Options) -> Duration {
    let (_, longest) = options.election_timeout_ms;
    Duration::from_millis(longest * ELECTION_TIMEOUTS) + Duration::from_nanos(CLOCK_OFF_NS)
}

/// The nodes that are to live: random ones, as few as each shard can go on with.
pub(super) fn core(dice: &mut Dice, simulation: &Simulation) -> Vec<NodeId> {
    let mut core = nodes(&simulation.view());
    let mut leave = core.clone();
    dice.shuffle(&mut leave);
    for node in leave {
        let without: Vec<NodeId> = core.iter().copied().filter(|n| *n != node).collect();
        if simulation.shard_without_quorum(&without).is_none() {
            core = without;
        }
    }
    core
}

/// What ends all faults of the nodes in `core` and leaves all others dead.
pub(super) fn ending(view: &View, core: &[NodeId], options: &Options) -> Vec<Command> {
    let mut commands = vec![Command::Load { on: false }, Command::Heal];
    if view.placement_down {
        commands.push(Command::RestartPlacement);
    }
    for node in &view.nodes {
        let id = NodeId(node.id);
        let lives = core.contains(&id);
        match (node.status, lives) {
            (NodeStatus::Up | NodeStatus::Paused, false) => {
                commands.push(Command::Crash { node: id });
            }
            (NodeStatus::Paused, true) => commands.push(Command::Resume { node: id }),
            (NodeStatus::Down, true) => commands.push(Command::Restart { node: id }),
            (NodeStatus::Up, true) | (NodeStatus::Down, false) => {}
        }
        if !lives {
            continue;
        }
        if node.disk_held {
            commands.push(Command::ReleaseDisk { node: id });
        }
        if node.disk_full {
            commands.push(Command::FreeDisk { node: id });
        }
        if node.flush_latency_ns != options.flush_latency_ns {
            let flush_latency_ns = options.flush_latency_ns;
            commands.push(Command::SlowDisk { node: id, flush_latency_ns });
        }
        commands.push(Command::SetClock { node: id, offset_ns: 0, drift_ppm: 0 });
    }
    for replica in view.replicas.iter().filter(|r| r.apply_held) {
        let (node, shard) = (NodeId(replica.node), shardscope_core::ShardId(replica.shard));
        if core.contains(&node) {
            commands.push(Command::ReleaseApply { node, shard });
        }
    }
    commands
}

/// How many operations of all clients have ended, in whatever way.
pub(super) fn operations_ended(view: &View) -> u64 {
    view.clients.iter().map(|c| c.ok + c.failed + c.unknown).sum()
}

/// What has not come true yet of what must, as the simulation looks now; none if all has.
pub(super) fn missing(simulation: &Simulation, view: &View, core: &[NodeId]) -> Option<String> {
    let lives = |node: u16| core.contains(&NodeId(node));
    let shard = simulation.descriptors().into_iter().find_map(|d| shard_lacks(view, &d, &lives));
    shard.or_else(|| {
        let client = view.clients.iter().find(|c| !c.pending.is_empty())?;
        Some(format!("client {} still waits to {}", client.id, client.pending))
    })
}

fn shard_lacks(view: &View, d: &Descriptor, lives: &dyn Fn(u16) -> bool) -> Option<String> {
    let name = d.shard;
    if d.joint {
        return Some(format!("{name} is left in a joint configuration"));
    }
    let replicas = || view.replicas.iter().filter(|r| r.shard == d.shard.0 && lives(r.node));
    let live = || replicas().filter(|r| r.role != RoleView::Tombstone);
    let leaders: Vec<u16> = live().filter(|r| r.role == RoleView::Leader).map(|r| r.node).collect();
    let [leader] = leaders[..] else {
        return Some(format!("{name} has {} leaders", leaders.len()));
    };
    let lease = live().find(|r| r.node == leader).and_then(|r| r.election_left_permille);
    if lease.is_none_or(|left| left == 0) {
        return Some(format!("{name}'s leader holds no lease"));
    }
    let shown = view.shards.iter().find(|s| s.id == d.shard.0);
    if shown.is_none_or(|s| s.availability != Availability::Writable) {
        return Some(format!("{name} cannot be written"));
    }
    let member = |node: u16| d.member_on(NodeId(node)).map(|m| m.replica.0);
    if let Some(stray) = live().find(|r| member(r.node) != Some(r.id)) {
        return Some(format!("n{} still holds r{} of {name}, no member", stray.node, stray.id));
    }
    let applied = live().find(|r| r.node == leader).map_or(0, |r| r.applied);
    if let Some(behind) = live().find(|r| r.applied != applied || r.range.is_none()) {
        let (node, at) = (behind.node, behind.applied);
        return Some(format!("n{node} has applied {name} to {at}, its leader to {applied}"));
    }
    let present = |m: &&shardscope_core::Member| lives(m.node.0);
    let absent = d.members.iter().filter(present).find(|m| !live().any(|r| r.id == m.replica.0));
    absent.map(|m| format!("{} does not hold its replica of {name}", m.node))
}

/// Writes to and reads from every shard, and reads of keys all over.
pub(super) fn probes(simulation: &Simulation) -> Vec<Command> {
    /// Enough to find a write that is lost, few enough for one client in the time that is given, also
    /// if it asks a follower that is dead first each time.
    const KEYS_MAX: u64 = 24;
    let view = simulation.view();
    let write = |s: &shardscope_core::view::ShardView| {
        let key = shardscope_core::Key(s.first);
        [Command::Write { key, value: 1 }, Command::Read { key }]
    };
    let (first, last) = (view.key_space.first, view.key_space.last);
    let step = (last - first) / KEYS_MAX + 1;
    let keys = (first..=last).step_by(usize::try_from(step).unwrap_or(1));
    let reads = keys.map(|key| Command::Read { key: shardscope_core::Key(key) });
    view.shards.iter().flat_map(write).chain(reads).collect()
}
