//! The façade: one type, driven in the same way by the page, the tests and the native tools.
//!
//! Owns the world and the observer, counts steps, and records commands. Everything below it is
//! private to the crate.

mod usage;

use std::time::Duration;

pub use usage::{NodeUsage, Usage};

use crate::cluster::Cluster;
use crate::command::Command;
use crate::error::{CommandError, Error};
use crate::event::{Event, EventKind};
use crate::id::{NodeId, ShardId};
use crate::key::Descriptor;
use crate::observer::{Observer, Violation, shard_without_quorum};
use crate::options::Options;
use crate::recording::{COMMANDS_MAX, Checkpoint, Checkpoints, Recording, Timed};
use crate::replay::Replay;
use crate::scenario::Phases;
use crate::sim::{Owner, Time};
use crate::trace::Digest;
use crate::view::{AvailabilityChange, EventView, View};

/// Most events in one answer of [`Simulation::events_since`].
pub const EVENTS_MAX: usize = 1_000;
/// Most timers that fire in one [`Simulation::step`] before one leaves a trace: an idle cluster's
/// ticks are far fewer.
const QUIET_TIMERS_MAX: u64 = 100_000;

/// One run of the cluster.
pub struct Simulation {
    cluster: Cluster,
    observer: Observer,
    phases: Phases,
    commands: Vec<Timed>,
    checkpoints: Checkpoints,
    /// Timers fired.
    fired: u64,
    /// Timers fired that left a trace.
    steps: u64,
}

/// How far [`Simulation::advance`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Virtual time now.
    pub time: Time,
    /// Steps taken so far.
    pub steps: u64,
    /// Whether all of the duration has passed; otherwise the budget ran out first.
    pub done: bool,
    /// How often a property was found false so far.
    pub violations: usize,
}

/// How much [`Simulation::advance`] may do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Timers fired.
    pub timers: u64,
    /// Stop as well at the very step at which a phase completes or a property is found false.
    pub stops_early: bool,
}

impl Budget {
    /// No bound but the duration.
    pub const UNBOUNDED: Self = Self { timers: u64::MAX, stops_early: false };
}

/// What [`Simulation::run_until`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// That phase is complete.
    Phase(u8),
    /// An event with that name happens from now on.
    Event(&'static str),
    /// A client's operation completes from now on.
    NextCommit,
    /// Placement has nothing left to do, and every client that was asked for something has done it.
    Settled,
}

impl Simulation {
    /// A run at its beginning: nodes started, clients idle, nothing asked for.
    ///
    /// # Errors
    /// [`Error::Options`] names the option that is out of its limits.
    pub fn new(options: &Options) -> Result<Self, Error> {
        Self::begin(options, true)
    }

    /// The same run without any checker: for measuring what they cost. It finds nothing.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn unchecked(options: &Options) -> Result<Self, Error> {
        Self::begin(options, false)
    }

    fn begin(options: &Options, checked: bool) -> Result<Self, Error> {
        let cluster = Cluster::new(options, checked)?;
        let observer = Observer::new(&cluster, checked);
        let phases = Phases::telling(options);
        let (commands, checkpoints) = Default::default();
        let (fired, steps) = (0, 0);
        let mut simulation =
            Self { cluster, observer, phases, commands, checkpoints, fired, steps };
        simulation.cluster.sim.run_ready();
        simulation.observe();
        Ok(simulation)
    }

    /// Carries out a command and records it.
    ///
    /// # Errors
    /// [`CommandError`] says why it is refused; then nothing has changed and it is not recorded.
    pub fn submit(&mut self, command: Command) -> Result<(), CommandError> {
        if self.commands.len() >= COMMANDS_MAX {
            return Err(CommandError::TooManyCommands(COMMANDS_MAX));
        }
        self.cluster.trace.set_time(self.cluster.sim.now());
        let Self { cluster, phases, observer, .. } = self;
        let sim = cluster.sim.clone();
        sim.enter(Owner::WORLD, || match command {
            Command::NextPhase => phases.start(phases.next(), cluster, observer),
            Command::Phase { phase } => phases.start(phase, cluster, observer),
            ref command => cluster.apply(command),
        })?;
        let time_ns = sim.now().as_nanos();
        self.commands.push(Timed { fired: self.fired, time_ns, command });
        sim.run_ready();
        self.observe();
        Ok(())
    }

    /// Delivers the next message or fires the next timer that leaves a trace, with all that follows
    /// at that instant. Returns the new time; `None` if nothing is left to happen.
    pub fn step(&mut self) -> Option<Time> {
        let before = self.steps;
        for _ in 0..QUIET_TIMERS_MAX {
            let due = self.cluster.sim.next_due()?;
            self.fire(due)?;
            if self.steps > before {
                return Some(due);
            }
        }
        Some(self.time())
    }

    /// Lets `duration` of virtual time pass, or as much of it as `budget` allows.
    pub fn advance(&mut self, duration: Duration, budget: Budget) -> Progress {
        let limit = self.time() + duration;
        let (phase, violations) = (self.phase(), self.violations().len());
        let mut done = false;
        for _ in 0..budget.timers {
            if self.fire(limit).is_none() {
                done = true;
                break;
            }
            let is_early = self.phase() > phase || self.violations().len() > violations;
            if budget.stops_early && is_early {
                break;
            }
        }
        let violations = self.violations().len();
        Progress { time: self.time(), steps: self.steps, done, violations }
    }

    /// Lets time pass until `condition` holds, at most `limit`.
    ///
    /// # Errors
    /// [`Error::TimedOut`] says how things stood at the limit.
    pub fn run_until(&mut self, condition: Condition, limit: Duration) -> Result<Time, Error> {
        let end = self.time() + limit;
        let from = self.cluster.trace.seq();
        let mut seen = from;
        while !self.holds(condition, &mut seen) {
            if self.fire(end).is_none() {
                let what = format!("{condition:?}");
                let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                return Err(Error::TimedOut { what, limit_ms, state: self.state_line() });
            }
        }
        Ok(self.time())
    }

    fn holds(&self, condition: Condition, seen: &mut u64) -> bool {
        let mut happened = |is: &dyn Fn(&EventKind) -> bool| {
            let mut has = false;
            self.cluster.trace.each_since(*seen, |event| has |= is(&event.kind));
            *seen = self.cluster.trace.seq();
            has
        };
        match condition {
            Condition::Phase(phase) => self.phases.completed() >= phase,
            Condition::Event(name) => happened(&|kind| kind.name() == name),
            Condition::NextCommit => happened(&|kind| matches!(kind, EventKind::Completed { .. })),
            Condition::Settled => {
                let shards = self.cluster.shards();
                shards.iter().all(|d| self.cluster.placement.is_settled(d.shard))
                    && self.cluster.clients.iter().all(|c| c.queued() == 0)
            }
        }
    }

    /// How things stand, in a line.
    fn state_line(&self) -> String {
        let shards: Vec<String> = self.cluster.shards().iter().map(ToString::to_string).collect();
        let note = self.cluster.placement.note();
        format!("at {}: {}; {} {}", self.time(), shards.join("; "), self.phases.waiting_for(), note)
    }

    fn fire(&mut self, limit: Time) -> Option<Time> {
        let seq = self.cluster.trace.seq();
        // The time that events of this step carry must be known before it is taken.
        if let Some(due) = self.cluster.sim.next_due().filter(|due| *due <= limit) {
            self.cluster.trace.set_time(due);
        }
        let fired = self.cluster.sim.fire_next(limit)?;
        self.fired += 1;
        if self.cluster.trace.seq() > seq {
            self.steps += 1;
            self.observe();
        }
        if self.checkpoints.is_due(self.fired) {
            self.checkpoints.take(self.checkpoint());
        }
        Some(fired)
    }

    fn observe(&mut self) {
        let Self { cluster, observer, phases, .. } = self;
        let sim = cluster.sim.clone();
        sim.enter(Owner::WORLD, || {
            observer.observe(cluster, phases);
            phases.progress(cluster, observer);
            // What the phases recorded is observed too.
            observer.observe(cluster, phases);
        });
    }

    /// Virtual time now.
    #[must_use]
    pub fn time(&self) -> Time {
        self.cluster.sim.now()
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What the page sees.
    #[must_use]
    pub fn view(&self) -> View {
        self.observer.view(&self.cluster, &self.phases, self.steps)
    }

    /// The kept events after `seq`, oldest first, at most [`EVENTS_MAX`]: ask again after the last
    /// one for more.
    #[must_use]
    pub fn events_since(&self, seq: u64) -> Vec<Event> {
        self.cluster.trace.since(seq, EVENTS_MAX)
    }

    /// The newest major events after `seq` (see [`EventKind::is_major`]), oldest first, at most
    /// [`EVENTS_MAX`]. They are kept for longer than others.
    #[must_use]
    pub fn major_events_since(&self, seq: u64) -> Vec<Event> {
        self.cluster.trace.major_since(seq, EVENTS_MAX)
    }

    /// The same as [`major_events_since`](Self::major_events_since), as the page lists them.
    #[must_use]
    pub fn event_views_since(&self, seq: u64) -> Vec<EventView> {
        self.major_events_since(seq).iter().map(EventView::from).collect()
    }

    /// When which keys could be written, only read, or neither: the changes from number `from` on.
    #[must_use]
    pub fn availability_since(&self, from: u64) -> Vec<AvailabilityChange> {
        self.observer.availability_since(from)
    }

    /// The fingerprint of all that happened so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.cluster.trace.digest()
    }

    /// The properties found false so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        self.observer.violations()
    }

    /// Each property's id and name, and how much it has compared: one that compared nothing has not
    /// been passed.
    #[must_use]
    pub fn property_counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.observer.property_counts().collect()
    }

    /// The shards, each by the newest descriptor that any replica has applied, by range.
    #[must_use]
    pub fn descriptors(&self) -> Vec<Descriptor> {
        self.cluster.shards()
    }

    /// A shard that could not go on if just the nodes `up` ran, because they have no quorum of it
    /// in some membership that may be in force; none if they could do without all others.
    #[must_use]
    pub fn shard_without_quorum(&self, up: &[NodeId]) -> Option<ShardId> {
        shard_without_quorum(&self.cluster, up)
    }

    /// The last phase that is complete, 0 before the first.
    #[must_use]
    pub fn phase(&self) -> u8 {
        self.phases.completed()
    }

    /// This run as data.
    #[must_use]
    pub fn recording(&self) -> Recording {
        Recording {
            build: Recording::this_build(),
            options: self.cluster.options.clone(),
            commands: self.commands.clone(),
            checkpoints: self.checkpoints.taken().to_vec(),
            end: self.checkpoint(),
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let time_ns = self.time().as_nanos();
        Checkpoint { fired: self.fired, time_ns, digest: self.digest() }
    }

    /// The run of `recording` again, up to its end or to `upto` steps, whichever comes first.
    ///
    /// # Errors
    /// [`Error::Recording`] and [`Error::Version`] if it cannot be read, [`Error::Replay`] if one
    /// of its commands is refused this time.
    pub fn replay(recording: &Recording, upto: Option<u64>) -> Result<Self, Error> {
        let mut replay = Replay::new(recording)?;
        replay.finish(upto.unwrap_or(u64::MAX))?;
        Ok(replay.into_simulation())
    }

    /// Runs to a recorded place; false if `upto` steps came first.
    pub(crate) fn reach(&mut self, fired: u64, time_ns: u64, upto: u64) -> bool {
        while self.fired < fired {
            let next = self.cluster.sim.next_due();
            if self.steps >= upto || next.is_none_or(|due| self.fire(due).is_none()) {
                return false;
            }
        }
        if self.steps >= upto && self.fired == fired && time_ns > self.time().as_nanos() {
            return false;
        }
        if self.time().as_nanos() < time_ns {
            // Nothing was due in between, or it would have been counted.
            self.cluster.sim.fire_next(Time::from_nanos(time_ns));
        }
        true
    }
}
