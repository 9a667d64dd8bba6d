//! One run: a plan carried out, command by command, each drawn from what the run looks like then.

use std::collections::BTreeMap;
use std::time::Duration;

use shardscope_core::{Command, NodeId, Plant, Recording, Simulation};

use super::change;
use super::coverage::Coverage;
use super::dice::Dice;
use super::guard::{Kept, guarded};
use super::liveness;
use super::plan::Plan;
use super::script::{self, Script};
use super::verdict::Verdict;

/// What a run came to.
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// Whether it passed, and if not, why.
    pub verdict: Verdict,
    /// What it reached.
    pub coverage: Coverage,
    /// The ids of all properties that were found false, each once.
    pub found_false: Vec<&'static str>,
    /// All of it.
    pub recording: Recording,
    /// The same as a script.
    pub script: Script,
}

/// What a run is told besides its seed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For how long faults happen, in virtual time.
    pub length: Duration,
    /// The bug that is planted.
    pub plant: Option<Plant>,
    /// Whether leaders trust their leases when they answer reads.
    pub lease_reads: bool,
    /// Whether there are five nodes, five shards and every kind of fault, whatever the seed says.
    pub all_faults: bool,
}

impl Settings {
    /// As things are meant to be, with faults for `length` of virtual time.
    #[must_use]
    pub fn of(length: Duration) -> Self {
        Self { length, plant: None, lease_reads: false, all_faults: false }
    }
}

/// The longest and the shortest that a fault lasts.
const FAULT_NS: (u64, u64) = (2_000_000, 3_000_000_000);
/// How long everything rests, all faults ended, in the runs that do before the liveness phase.
const REST: Duration = Duration::from_secs(2);

/// Runs `seed`, with faults for `length` of virtual time.
#[must_use]
pub fn run_seed(seed: u64, length: Duration) -> Run {
    run(seed, &Settings::of(length))
}

/// Runs `seed` as the settings say.
#[must_use]
pub fn run(seed: u64, settings: &Settings) -> Run {
    let mut plan = Plan::of(seed, settings.length);
    plan.options.plant = settings.plant;
    if settings.lease_reads {
        plan.read_on_leases();
    }
    if settings.all_faults {
        plan.meet_all_faults();
    }
    let options = plan.options.clone();
    let (report, told) = std::sync::mpsc::channel();
    let (verdict, recording) = guarded(move |kept| {
        let mut player = Player::new(plan, seed, kept.clone());
        let verdict = player.play();
        player.coverage.note_end(&player.simulation);
        kept.keep(&player.simulation);
        // Nobody listens only if the whole batch has ended.
        drop(report.send((player.coverage, player.core, ids_of(&player.simulation))));
        verdict
    });
    // A run that panicked tells nothing: it has passed nothing either.
    let (coverage, core, found_false) = told.try_recv().unwrap_or_default();
    let core = core.filter(|_| matches!(verdict, Verdict::Liveness { .. }));
    let end_ns = core.as_ref().map_or(recording.end.time_ns, |(begun_ns, _)| *begun_ns);
    // What the liveness phase does is part of every script that has one.
    let before = recording.commands.iter().filter(|c| c.time_ns < end_ns || core.is_none());
    let commands = before.map(|c| (c.time_ns, c.command.clone())).collect();
    let script = Script { options, commands, end_ns, core: core.map(|(_, core)| core) };
    Run { seed, verdict, coverage, found_false, recording, script }
}

/// The ids of the properties found false, each once.
fn ids_of(simulation: &Simulation) -> Vec<&'static str> {
    let mut ids: Vec<_> = simulation.violations().iter().map(|v| v.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

struct Player {
    plan: Plan,
    dice: Dice,
    simulation: Simulation,
    coverage: Coverage,
    /// The newest event that was taken note of.
    seen: u64,
    /// Whether a disk was lost.
    disk_lost: bool,
    /// What ends the faults under way, by time.
    ends: BTreeMap<(u64, u64), Command>,
    /// When the liveness phase began, and the nodes that live on in it.
    core: Option<(u64, Vec<NodeId>)>,
    kept: Kept,
}

impl Player {
    fn new(plan: Plan, seed: u64, kept: Kept) -> Self {
        let simulation = Simulation::new(&plan.options)
            .unwrap_or_else(|e| panic!("a plan's options are within their limits: {e}"));
        kept.keep(&simulation);
        let dice = Dice::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let (coverage, ends, disk_lost) = Default::default();
        Self { plan, dice, simulation, coverage, seen: 0, disk_lost, ends, core: None, kept }
    }

    fn now_ns(&self) -> u64 {
        self.simulation.time().as_nanos()
    }

    /// Carries out a command, unless it is refused because it makes no sense now.
    fn submit(&mut self, command: Command) -> bool {
        let noted = command.clone();
        if self.simulation.submit(command).is_err() {
            return false;
        }
        self.coverage.note_command(&noted);
        self.kept.keep(&self.simulation);
        true
    }

    fn advance(&mut self, until_ns: u64) -> Option<Verdict> {
        let found = script::advance(&mut self.simulation, until_ns);
        self.seen = self.coverage.note_events(&self.simulation, self.seen);
        found
    }

    fn play(&mut self) -> Verdict {
        let found = self.under_faults().or_else(|| self.without_faults());
        found.unwrap_or(Verdict::Passed)
    }

    /// The safety phase.
    fn under_faults(&mut self) -> Option<Verdict> {
        let first = if self.plan.phases { Command::NextPhase } else { Command::Load { on: true } };
        self.submit(first);
        if self.plan.one_is_gone {
            let node = self.dice.one_of(&super::fault::nodes(&self.simulation.view()));
            self.submit(Command::Crash { node });
        }
        let end_ns = u64::try_from(self.plan.length.as_nanos()).unwrap_or(u64::MAX);
        while self.now_ns() < end_ns {
            let (low, high) = self.plan.pause_us;
            let next_ns = self.now_ns() + self.dice.of_any_size(low, high) * 1_000;
            while let Some(end) = self.ends.first_entry().filter(|end| end.key().0 <= next_ns) {
                let ((time_ns, _), command) = end.remove_entry();
                let found = self.advance(time_ns);
                if found.is_some() {
                    return found;
                }
                self.submit(command);
            }
            let found = self.advance(next_ns);
            if found.is_some() {
                return found;
            }
            self.draw();
        }
        None
    }

    /// Whether what is left on the other disks is enough of every shard: one that has lost a
    /// majority's is lost itself. Once in a run: what was lost may not be replaced yet.
    fn may_lose_disk(&mut self, node: NodeId) -> bool {
        let others: Vec<_> = super::fault::nodes(&self.simulation.view());
        let others: Vec<_> = others.into_iter().filter(|other| *other != node).collect();
        let may = !self.disk_lost && self.simulation.shard_without_quorum(&others).is_none();
        self.disk_lost |= may;
        may
    }

    /// Draws the next command and carries it out.
    fn draw(&mut self) {
        let view = self.simulation.view();
        let faulty = self.dice.chance(self.plan.fault_percent, 100);
        if faulty && !self.plan.faults.is_empty() {
            let kind = self.dice.one_of(&self.plan.faults);
            let Some(fault) = kind.draw(&mut self.dice, &view, &self.plan.options) else {
                return;
            };
            if let Command::LoseDisk { node } = fault.begin
                && !self.may_lose_disk(node)
            {
                return;
            }
            if self.submit(fault.begin)
                && let Some(end) = fault.end
            {
                let (shortest, longest) = FAULT_NS;
                let end_ns = self.now_ns() + self.dice.of_any_size(shortest, longest);
                // Unique, so that none is lost: events only grow in number.
                self.ends.insert((end_ns, view.event_seq), end);
            }
        } else if self.plan.phases && self.dice.chance(1, 3) {
            // Refused while one runs, and after the last.
            self.submit(Command::NextPhase);
        } else {
            let command = change::draw(&mut self.dice, &view, self.plan.shards_max);
            self.submit(command);
        }
    }

    /// The liveness phase.
    fn without_faults(&mut self) -> Option<Verdict> {
        if self.plan.healed_first {
            let all: Vec<_> = super::fault::nodes(&self.simulation.view());
            self.end_faults(&all);
            let rested_ns = self.now_ns() + u64::try_from(REST.as_nanos()).unwrap_or(0);
            let found = self.advance(rested_ns);
            if found.is_some() {
                return found;
            }
        }
        let core = liveness::core(&mut self.dice, &self.simulation);
        self.core = Some((self.now_ns(), core.clone()));
        let options = &self.plan.options;
        let found = script::demand_progress(&mut self.simulation, &core, options, &self.kept);
        self.seen = self.coverage.note_events(&self.simulation, self.seen);
        found
    }

    fn end_faults(&mut self, core: &[NodeId]) {
        let commands = liveness::ending(&self.simulation.view(), core, &self.plan.options);
        commands.into_iter().for_each(|command| {
            self.submit(command);
        });
    }
}
