//! What a seed gives a run before it begins.

use std::time::Duration;

use shardscope_core::{AutoSplit, Options, ReadFrom, ReadPolicy, WakeOrder};

use super::dice::Dice;
use super::fault::FaultKind;

/// What leases do not stand: OpenRaft's follower forgets on a restart what it granted
/// (docs/findings/lease-read.md), a clock that drifts cuts a lease short, and a follower that is
/// made to campaign does not keep to what it granted.
const BREAK_LEASES: [FaultKind; 3] = [FaultKind::Crash, FaultKind::SetClock, FaultKind::Elect];

/// What a seed gives a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the simulation is made with.
    pub options: Options,
    /// The faults that may happen.
    pub faults: Vec<FaultKind>,
    /// Whether it goes through the four phases of the reference scenario.
    pub phases: bool,
    /// Whether a node is down from the start until all faults end: long enough for everybody to
    /// know.
    pub one_is_gone: bool,
    /// For how long faults happen, in virtual time.
    pub length: Duration,
    /// Between what bounds the time from one command to the next lies, in microseconds.
    pub pause_us: (u64, u64),
    /// Of a hundred commands, how many are faults.
    pub fault_percent: u64,
    /// Whether all is healed and rests for a while before the liveness phase.
    pub healed_first: bool,
    /// At how many shards no split is commanded any more.
    pub shards_max: usize,
}

impl Plan {
    /// What `seed` gives a run of `length`.
    #[must_use]
    pub fn of(seed: u64, length: Duration) -> Self {
        let mut dice = Dice::new(seed);
        let phases = dice.chance(1, 4);
        let voters = if phases { 3 } else { dice.one_of(&[1, 3, 3, 3, 3, 5]) };
        let options = Options {
            voters,
            clients: dice.one_of(&[1, 2, 3, 5]),
            last_key: if phases { 200 } else { dice.one_of(&[12, 40, 200]) },
            initial_shards: if phases { 1 } else { dice.one_of(&[1, 2, 3, 5]) },
            link_latency_ns: dice.one_of(&[(200_000, 400_000), (1_500_000, 3_500_000)]),
            link_jitter_ns: dice.one_of(&[0, 400_000, 2_000_000]),
            flush_latency_ns: dice.one_of(&[20_000, 200_000, 2_000_000]),
            snapshot_every: dice.one_of(&[4, 8, 16, 64]),
            log_kept: dice.one_of(&[0, 1, 4, 16]),
            think_ns: dice.one_of(&[4_000_000, 8_000_000, 30_000_000]),
            write_percent: dice.one_of(&[30, 60, 90]),
            wake_order: dice.one_of(&[WakeOrder::Fifo, WakeOrder::Seeded]),
            ..Options::seeded(seed)
        };
        let mut plan = Self {
            options,
            faults: drawn_faults(&mut dice),
            phases,
            one_is_gone: false,
            length,
            pause_us: dice.one_of(&[(500, 50_000), (1_000, 200_000), (5_000, 600_000)]),
            fault_percent: dice.one_of(&[40, 60, 80]),
            healed_first: dice.chance(1, 2),
            shards_max: 0,
        };
        if dice.chance(1, 2) && !plan.faults.iter().any(|fault| BREAK_LEASES.contains(fault)) {
            plan.options.read_policy = ReadPolicy::Lease;
        }
        plan.one_is_gone = plan.faults.contains(&FaultKind::Crash) && dice.chance(1, 4);
        plan.draw_load(&mut dice);
        plan.draw_operations(&mut dice);
        plan.shards_max = dice.one_of(&[5, 8, 16, 48]);
        plan
    }

    /// What else clients do than put and get, and where they read.
    fn draw_operations(&mut self, dice: &mut Dice) {
        use ReadFrom::{Follower, Leader, Nearest};
        self.options.read_from = dice.one_of(&[Leader, Leader, Follower, Nearest]);
        self.options.delete_percent = dice.one_of(&[0, 0, 10, 30]);
        self.options.update_percent = dice.one_of(&[0, 0, 20, 50]);
        self.options.scan_percent = dice.one_of(&[0, 0, 10, 30]);
    }

    /// Has leaders trust their leases when they answer reads, under the faults that show what comes
    /// of it: who is cut off, and who restarts.
    pub(super) fn read_on_leases(&mut self) {
        self.options.read_policy = ReadPolicy::Lease;
        self.options.read_from = ReadFrom::Leader;
        // Three nodes and one shard, so that those who crash are often just those who gave the lease.
        (self.options.nodes, self.options.voters, self.options.initial_shards) = (3, 3, 1);
        (self.options.auto_split, self.options.balance) = (AutoSplit::Off, false);
        (self.options.node_capacity, self.phases, self.one_is_gone) = (0, false, false);
        // Whoever writes to a leader that is cut off soon looks for another one. So many clients that
        // seldom write, and few keys: somebody goes on to ask the old leader for what others write.
        (self.options.clients, self.options.last_key) = (8, 4);
        (self.options.think_ns, self.options.write_percent) = (30_000_000, 5);
        // A lease lasts for the longest election timeout, and who has forgotten that it gave one
        // campaigns after the shortest: the further apart, the longer both lead.
        (self.options.heartbeat_ms, self.options.election_timeout_ms) = (50, (150, 1_500));
        // Of three faults two are crashes, as it takes two; then nothing may happen for a while.
        self.faults = vec![FaultKind::Crash, FaultKind::Crash, FaultKind::Isolate];
        (self.pause_us, self.fault_percent) = ((2_000, 2_000_000), 95);
    }

    /// Has five shards, and no more, meet every kind of fault, most of the time.
    pub(super) fn meet_all_faults(&mut self) {
        self.faults = FaultKind::ALL.to_vec();
        (self.fault_percent, self.phases) = (80, false);
        (self.options.initial_shards, self.shards_max) = (5, 5);
        self.options.read_policy = ReadPolicy::ReadIndex;
    }

    /// How fast nodes are, and what placement does about load by itself. The four phases say where
    /// everything is to be, so there it does nothing.
    fn draw_load(&mut self, dice: &mut Dice) {
        self.options.node_capacity = dice.one_of(&[0, 0, 40, 150, 1_000]);
        if !self.phases {
            self.options.auto_split =
                dice.one_of(&[AutoSplit::Off, AutoSplit::Propose, AutoSplit::Split]);
            self.options.balance = dice.chance(1, 3);
        }
    }
}

/// In one run of eight no faults at all, in one of eight all; in the others each with an even
/// chance: what two faults hide from each other, a third of the runs shows.
fn drawn_faults(dice: &mut Dice) -> Vec<FaultKind> {
    match dice.below(8) {
        0 => Vec::new(),
        1 => FaultKind::ALL.to_vec(),
        _ => FaultKind::ALL.into_iter().filter(|_| dice.chance(1, 2)).collect(),
    }
}
