//! The faults that a run draws, each with what ends it.

use shardscope_core::view::View;
use shardscope_core::{Command, MessageKind, NodeId, Options, ShardId, Traffic};

use super::dice::Dice;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the command of that name, and begins it")]
pub enum FaultKind {
    Crash,
    Pause,
    Isolate,
    Separate,
    Cut,
    Hold,
    SlowLink,
    LossyLink,
    DropMessage,
    DelayMessage,
    DuplicateMessage,
    Elect,
    HoldApply,
    SlowDisk,
    HoldDisk,
    FillDisk,
    LoseDisk,
    SetClock,
    CrashPlacement,
}

/// A fault to begin, and what ends it.
pub(super) struct Fault {
    pub(super) begin: Command,
    pub(super) end: Option<Command>,
}

/// The furthest that a swarm sets a clock off, and the fastest that it lets one drift: a clock that
/// is set right again stands still for as long as it was ahead, and nothing that waits for it can
/// be asked to come true meanwhile.
pub(super) const CLOCK_OFF_NS: u64 = 300_000_000;
const DRIFT_PPM: u64 = 50_000;

impl FaultKind {
    /// Every kind there is.
    pub const ALL: [Self; 19] = [
        Self::Crash,
        Self::Pause,
        Self::Isolate,
        Self::Separate,
        Self::Cut,
        Self::Hold,
        Self::SlowLink,
        Self::LossyLink,
        Self::DropMessage,
        Self::DelayMessage,
        Self::DuplicateMessage,
        Self::Elect,
        Self::HoldApply,
        Self::SlowDisk,
        Self::HoldDisk,
        Self::FillDisk,
        Self::LoseDisk,
        Self::SetClock,
        Self::CrashPlacement,
    ];

    /// The name of the command that begins it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Pause => "pause",
            Self::Isolate => "isolate",
            Self::Separate => "separate",
            Self::Cut => "cut",
            Self::Hold => "hold",
            Self::SlowLink => "slow_link",
            Self::LossyLink => "lossy_link",
            Self::DropMessage => "drop_message",
            Self::DelayMessage => "delay_message",
            Self::DuplicateMessage => "duplicate_message",
            Self::Elect => "elect",
            Self::HoldApply => "hold_apply",
            Self::SlowDisk => "slow_disk",
            Self::HoldDisk => "hold_disk",
            Self::FillDisk => "fill_disk",
            Self::LoseDisk => "lose_disk",
            Self::SetClock => "set_clock",
            Self::CrashPlacement => "crash_placement",
        }
    }

    /// Draws one of this kind; none if there is nothing to do it to.
    pub(super) fn draw(self, dice: &mut Dice, view: &View, options: &Options) -> Option<Fault> {
        let node = dice.one_of(&nodes(view));
        let fault = |begin, end| Some(Fault { begin, end: Some(end) });
        let once = |begin| Some(Fault { begin, end: None });
        match self {
            Self::Crash => fault(Command::Crash { node }, Command::Restart { node }),
            Self::Pause => fault(Command::Pause { node }, Command::Resume { node }),
            Self::Isolate => fault(Command::Isolate { node }, Command::Heal),
            Self::Separate => fault(separation(dice, view), Command::Heal),
            Self::Cut => {
                let traffic = traffic(dice, view);
                fault(Command::Cut(traffic), Command::HealLink(traffic))
            }
            Self::Hold => {
                let traffic = traffic(dice, view);
                fault(Command::Hold(traffic), Command::Release(traffic))
            }
            Self::SlowLink => {
                let Traffic { from, to, .. } = traffic(dice, view);
                let by_ns = dice.of_any_size(1_000_000, 500_000_000);
                let end = Command::SlowLink { from, to, by_ns: 0 };
                fault(Command::SlowLink { from, to, by_ns }, end)
            }
            Self::LossyLink => lossy(dice, view),
            Self::DropMessage => once(Command::DropMessage { id: message(dice, view)? }),
            Self::DelayMessage => {
                let by_ns = dice.of_any_size(1_000_000, 2_000_000_000);
                once(Command::DelayMessage { id: message(dice, view)?, by_ns })
            }
            Self::DuplicateMessage => once(Command::DuplicateMessage { id: message(dice, view)? }),
            Self::Elect => {
                let (node, shard) = replica(dice, view)?;
                once(Command::Elect { shard, node })
            }
            Self::HoldApply => {
                let (node, shard) = replica(dice, view)?;
                fault(Command::HoldApply { node, shard }, Command::ReleaseApply { node, shard })
            }
            Self::SlowDisk => {
                let flush_latency_ns = dice.of_any_size(1_000_000, 200_000_000);
                let usual = options.flush_latency_ns;
                let end = Command::SlowDisk { node, flush_latency_ns: usual };
                fault(Command::SlowDisk { node, flush_latency_ns }, end)
            }
            Self::HoldDisk => fault(Command::HoldDisk { node }, Command::ReleaseDisk { node }),
            Self::FillDisk => fault(Command::FillDisk { node }, Command::FreeDisk { node }),
            Self::LoseDisk => fault(Command::LoseDisk { node }, Command::Restart { node }),
            Self::SetClock => {
                let end = Command::SetClock { node, offset_ns: 0, drift_ppm: 0 };
                fault(clock(dice, node), end)
            }
            Self::CrashPlacement => fault(Command::CrashPlacement, Command::RestartPlacement),
        }
    }
}

pub(super) fn nodes(view: &View) -> Vec<NodeId> {
    view.nodes.iter().map(|n| NodeId(n.id)).collect()
}

/// All that travels on a link, or one shard's part of it, or one kind's.
fn traffic(dice: &mut Dice, view: &View) -> Traffic {
    let mut ends = nodes(view);
    dice.shuffle(&mut ends);
    let mut traffic = Traffic::between(ends[0], ends[1]);
    if dice.chance(1, 2) && !view.shards.is_empty() {
        traffic = traffic.of_shard(ShardId(dice.one_of(&view.shards).id));
    }
    if dice.chance(1, 2) {
        traffic = traffic.of_kind(dice.one_of(&[
            MessageKind::Vote,
            MessageKind::PreVote,
            MessageKind::Append,
            MessageKind::Heartbeat,
            MessageKind::Snapshot,
            MessageKind::Transfer,
        ]));
    }
    traffic
}

/// A network partition: a minority, the leaders in one, uneven, a bridge; both ways or one.
fn separation(dice: &mut Dice, view: &View) -> Command {
    let mut nodes = nodes(view);
    dice.shuffle(&mut nodes);
    let leaders: Vec<NodeId> = view.shards.iter().filter_map(|s| s.leader.map(NodeId)).collect();
    let groups = match dice.below(4) {
        0 => vec![nodes[..2].to_vec()],
        1 if !leaders.is_empty() => {
            let mut minority = vec![dice.one_of(&leaders), nodes[0]];
            minority.dedup();
            vec![minority]
        }
        2 => vec![nodes[..2].to_vec(), nodes[2..4].to_vec()],
        _ => vec![nodes[..3].to_vec(), nodes[2..].to_vec()],
    };
    Command::Separate { groups, one_way: dice.chance(1, 3) }
}

fn lossy(dice: &mut Dice, view: &View) -> Option<Fault> {
    let Traffic { from, to, .. } = traffic(dice, view);
    let mut permille = || u16::try_from(dice.below(400)).unwrap_or(0);
    let (loss_permille, duplicate_permille) = (permille(), permille());
    let reorder_ns = dice.of_any_size(100_000, 100_000_000);
    let begin = Command::LossyLink { from, to, loss_permille, duplicate_permille, reorder_ns };
    let (loss_permille, duplicate_permille, reorder_ns) = (0, 0, 0);
    let end = Command::LossyLink { from, to, loss_permille, duplicate_permille, reorder_ns };
    Some(Fault { begin, end: Some(end) })
}

fn message(dice: &mut Dice, view: &View) -> Option<u64> {
    (!view.messages.is_empty()).then(|| dice.one_of(&view.messages).id)
}

fn replica(dice: &mut Dice, view: &View) -> Option<(NodeId, ShardId)> {
    let replica = (!view.replicas.is_empty()).then(|| dice.one_of(&view.replicas))?;
    Some((NodeId(replica.node), ShardId(replica.shard)))
}

fn clock(dice: &mut Dice, node: NodeId) -> Command {
    let off = dice.below(2 * CLOCK_OFF_NS + 1).cast_signed() - CLOCK_OFF_NS.cast_signed();
    let drift = dice.below(2 * DRIFT_PPM + 1).cast_signed() - DRIFT_PPM.cast_signed();
    Command::SetClock { node, offset_ns: off, drift_ppm: i32::try_from(drift).unwrap_or(0) }
}
