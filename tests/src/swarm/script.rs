//! A run as its commands and their times: what can be run again, and made smaller.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use shardscope_core::{Budget, Command, NodeId, Options, Simulation, Time};

use super::guard::Kept;
use super::liveness;
use super::verdict::Verdict;

/// How often it is looked whether what must come true has.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A run as its commands and their times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What the simulation is made with.
    pub options: Options,
    /// The commands, in order, each with its virtual time.
    pub commands: Vec<(u64, Command)>,
    /// When it ends.
    pub end_ns: u64,
    /// If it ends in a liveness phase: the nodes that live on. The phase begins at the end of the
    /// script and has its own commands.
    pub core: Option<Vec<NodeId>>,
}

/// The first violation, if there is one.
pub(super) fn violation(simulation: &Simulation) -> Option<Verdict> {
    let v = simulation.violations().first()?;
    let text = format!("{}: {}", v.name, v.text);
    Some(Verdict::Safety { id: v.id.into(), text, event: v.event.seq })
}

/// Lets time pass until `until_ns`; what was found false meanwhile.
pub(super) fn advance(simulation: &mut Simulation, until_ns: u64) -> Option<Verdict> {
    while simulation.time().as_nanos() < until_ns {
        let left = Time::from_nanos(until_ns).since(simulation.time());
        let mut go_on = || simulation.advance(left.min(LOOK_EVERY), Budget::UNBOUNDED);
        let went_on = panic::catch_unwind(AssertUnwindSafe(&mut go_on));
        let found = violation(simulation);
        if found.is_some() {
            return found;
        }
        // What was found false before says more than the panic that followed.
        if let Err(panicked) = went_on {
            panic::resume_unwind(panicked);
        }
    }
    None
}

/// Lets time pass until all has come true that must, or for `bound` no operation has ended: clients
/// work off what they were asked to do one by one, and while they do, the shards go on changing.
pub(super) fn await_liveness(
    simulation: &mut Simulation,
    core: &[NodeId],
    bound: Duration,
) -> Option<Verdict> {
    let mut ended = None;
    let mut until = simulation.time() + bound;
    loop {
        let view = simulation.view();
        let missing = liveness::missing(simulation, &view, core)?;
        let now = simulation.time();
        let by_now = Some(liveness::operations_ended(&view));
        if by_now != ended {
            (ended, until) = (by_now, now + bound);
        }
        if now >= until {
            return Some(Verdict::Liveness { text: missing });
        }
        let found = advance(simulation, until.min(now + LOOK_EVERY).as_nanos());
        if found.is_some() {
            return found;
        }
    }
}

/// The liveness phase: ends all faults of the nodes in `core`, leaves all others dead, and demands
/// that what must come true does, once before and once after every shard is written and read.
pub(super) fn demand_progress(
    simulation: &mut Simulation,
    core: &[NodeId],
    options: &Options,
    kept: &Kept,
) -> Option<Verdict> {
    let submit = |simulation: &mut Simulation, commands: Vec<Command>| {
        for command in commands {
            // Refused if it is so already.
            drop(simulation.submit(command));
        }
        kept.keep(simulation);
    };
    let bound = liveness::bound(options);
    let ending = liveness::ending(&simulation.view(), core, options);
    submit(simulation, ending);
    await_liveness(simulation, core, bound).or_else(|| {
        let probes = liveness::probes(simulation);
        submit(simulation, probes);
        await_liveness(simulation, core, bound)
    })
}

// A browser draws runs, and runs no script again.
#[cfg(not(target_arch = "wasm32"))]
impl Script {
    /// Runs it.
    pub(super) fn run(&self, kept: &Kept) -> Verdict {
        let Ok(mut simulation) = Simulation::new(&self.options) else {
            return Verdict::Passed;
        };
        kept.keep(&simulation);
        for (time_ns, command) in &self.commands {
            if let Some(found) = advance(&mut simulation, *time_ns) {
                kept.keep(&simulation);
                return found;
            }
            // A smaller script may make no sense in places: those are left out.
            if simulation.submit(command.clone()).is_ok() {
                kept.keep(&simulation);
            }
        }
        let found = advance(&mut simulation, self.end_ns).or_else(|| {
            let core = self.core.as_ref()?;
            // A smaller script may leave other memberships than the core was chosen for.
            let suffices = simulation.shard_without_quorum(core).is_none();
            suffices.then(|| demand_progress(&mut simulation, core, &self.options, kept))?
        });
        kept.keep(&simulation);
        found.or_else(|| violation(&simulation)).unwrap_or(Verdict::Passed)
    }
}
