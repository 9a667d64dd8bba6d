//! Scripts: commands as text, one a line, each with what it waits for.
//!
//! Made by people on the page, and by the gallery; read here so that the page, the native tools and
//! the tests understand the same text. A script with a mistake is refused whole, with the line and
//! the reason. It must not know how commands are carried out.
//!
//! ```text
//! # what stands behind a # is for people
//! phase 1                       the next line waits until the phase is complete
//! after 20 ms crash n1          waits 20 ms after the line before
//! when split_proposed cut n1 n2 waits for the next event with that name
//! when applied on n3 heal       … on that node
//! when split_applied after 1 ms crash n1
//! wait 2 s                      only waits
//! ```

mod form;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::error::Error;
use crate::event::EventKind;
use crate::id::NodeId;
use crate::recording::Recording;
use crate::simulation::{Budget, Condition, Progress, Simulation};

/// Longest script in lines: more than a person reads.
const LINES_MAX: usize = 1_000;
/// Longest wait in one line: a slip of the finger must not run for ever.
const WAIT_MAX_NS: u64 = 3_600_000_000_000;

/// Commands in order, each with what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// In order.
    pub steps: Vec<ScriptStep>,
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptStep {
    /// Where it stands, from 1.
    pub line: u32,
    /// Virtual time that must have passed since the step before.
    pub after_ns: u64,
    /// The event that must have happened since the step before.
    pub when: Option<Awaited>,
    /// What is done then; `None` for a line that only waits.
    pub command: Option<Command>,
}

/// An event that a step waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Its stable name, such as `split_applied`.
    pub name: String,
    /// The node that it must happen on, if that matters.
    pub node: Option<NodeId>,
}

impl Awaited {
    /// Whether this is the event.
    #[must_use]
    pub fn is(&self, event: &EventKind) -> bool {
        event.name() == self.name && self.node.is_none_or(|node| event.node() == Some(node))
    }

    /// Lets time pass until the event happens, at the longest as [`Simulation::advance`] would.
    /// Returns as well whether it has, after the event `since`.
    pub fn advance(
        &self,
        simulation: &mut Simulation,
        since: u64,
        duration: Duration,
        budget: Budget,
    ) -> (Progress, bool) {
        let end = simulation.time() + duration;
        let one = Budget { timers: 1, ..budget };
        let mut seen = since;
        let mut left = budget.timers;
        let mut progress = simulation.advance(Duration::ZERO, Budget { timers: 0, ..budget });
        let violations = progress.violations;
        loop {
            let new = simulation.events_since(seen);
            seen = new.last().map_or(seen, |event| event.seq);
            if new.iter().any(|event| self.is(&event.kind)) {
                return (progress, true);
            }
            if new.is_empty() {
                let is_early = budget.stops_early && progress.violations > violations;
                if left == 0 || progress.done || is_early {
                    return (progress, false);
                }
                left -= 1;
                progress = simulation.advance(end.since(simulation.time()), one);
            }
        }
    }
}

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ScriptError {
    /// From 1.
    pub line: u32,
    /// A sentence that says what would be right.
    pub reason: String,
}

impl Script {
    /// Reads a script, or says where it is wrong. Nothing of it has run then.
    ///
    /// # Errors
    /// [`ScriptError`] with the first line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut steps = Vec::new();
        for (line, raw) in (1..).zip(text.lines()) {
            let fault = |reason: String| ScriptError { line, reason };
            if line as usize > LINES_MAX {
                return Err(fault(format!("a script has at most {LINES_MAX} lines")));
            }
            let words: Vec<&str> =
                raw.split('#').next().unwrap_or_default().split_whitespace().collect();
            if !words.is_empty() {
                steps.push(step(line, &words).map_err(fault)?);
            }
        }
        Ok(Self { steps })
    }

    /// The names of the commands that there are.
    #[must_use]
    pub fn commands() -> &'static [&'static str] {
        Command::NAMES
    }

    /// A run's commands as a script that does the same at the same times, but for what happens
    /// within one instant.
    #[must_use]
    pub fn of(recording: &Recording) -> String {
        let mut text = String::new();
        let mut last = 0;
        let mut phase = 0;
        for timed in &recording.commands {
            let gap = timed.time_ns.saturating_sub(last);
            last = timed.time_ns;
            let command = match timed.command {
                Command::NextPhase => Command::Phase { phase: phase + 1 },
                ref command => command.clone(),
            };
            if let Command::Phase { phase: begun } = command {
                phase = begun;
            }
            if gap > 0 {
                text += &format!("after {gap} ns ");
            }
            text += &form::write(&command);
            text.push('\n');
        }
        text
    }

    /// Runs all of it, from now on. Each wait for an event or for a phase is at most `limit`.
    ///
    /// # Errors
    /// [`Error::Script`] with the line whose command was refused; [`Error::TimedOut`] where what a
    /// line waits for did not happen.
    pub fn run(&self, simulation: &mut Simulation, limit: Duration) -> Result<(), Error> {
        let mut since = simulation.view().event_seq;
        for step in &self.steps {
            if let Some(awaited) = &step.when {
                let unbounded = Budget::UNBOUNDED;
                if !awaited.advance(simulation, since, limit, unbounded).1 {
                    let what = format!("{} (line {})", awaited.name, step.line);
                    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    let state = simulation.view().placement_note;
                    return Err(Error::TimedOut { what, limit_ms, state });
                }
            }
            simulation.advance(Duration::from_nanos(step.after_ns), Budget::UNBOUNDED);
            since = simulation.view().event_seq;
            let Some(command) = &step.command else { continue };
            simulation.submit(command.clone()).map_err(|reason| {
                Error::Script(ScriptError { line: step.line, reason: reason.to_string() })
            })?;
            if matches!(command, Command::NextPhase | Command::Phase { .. }) {
                simulation.run_until(Condition::Phase(simulation.phase() + 1), limit)?;
            }
        }
        Ok(())
    }
}

fn step(line: u32, words: &[&str]) -> Result<ScriptStep, String> {
    let mut rest = words;
    let mut when = None;
    if let ["when", tail @ ..] = rest {
        let [name, tail @ ..] = tail else {
            return Err("name the event, such as: when split_applied crash n1".into());
        };
        let mut awaited = Awaited { name: event(name)?, node: None };
        rest = tail;
        if let ["on", node, tail @ ..] = rest {
            awaited.node = Some(NodeId(form::node(node)?));
            rest = tail;
        }
        when = Some(awaited);
    }
    let mut after_ns = 0;
    let mut acts = when.is_none() || !rest.is_empty();
    if let [word @ ("after" | "wait"), tail @ ..] = rest {
        (after_ns, rest) = wait(tail)?;
        acts = *word == "after";
        if let (false, [word, ..]) = (acts, rest) {
            return Err(format!("\"{word}\" is too much: a wait is a line of its own"));
        }
    }
    let command = if acts { Some(form::read(rest)?) } else { None };
    Ok(ScriptStep { line, after_ns, when, command })
}

/// `20 ms …`: a time, and what follows it.
fn wait<'a, 'b>(words: &'a [&'b str]) -> Result<(u64, &'a [&'b str]), String> {
    const SAY: &str = "say how long, such as: 20 ms, 500 us, 2 s";
    let [number, unit, rest @ ..] = words else { return Err(SAY.into()) };
    let scale = match *unit {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" | "µs" => 1_000,
        "ns" => 1,
        _ => return Err(format!("\"{unit}\" is no unit of time: {SAY}")),
    };
    let number: u64 = number.parse().map_err(|_| format!("\"{number}\" is no time: {SAY}"))?;
    match number.checked_mul(scale).filter(|ns| *ns <= WAIT_MAX_NS) {
        Some(ns) => Ok((ns, rest)),
        None => Err("a wait is at most an hour".into()),
    }
}

/// A name that an event may have.
fn event(name: &str) -> Result<String, String> {
    if EventKind::NAMES.contains(&name) {
        return Ok(name.into());
    }
    Err(format!(
        "no event is called \"{name}\"; among those that are: split_proposed, split_applied, \
         role_changed, snapshot_installed, membership_applied, replica_destroyed"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ShardId;
    use crate::key::Key;
    use crate::options::Options;

    #[test]
    fn a_script_says_what_is_done_and_what_is_waited_for() {
        let text = "# a crash in a split\nphase 1\n\nafter 20 ms split shard_a 51\n\
                    when split_proposed on n1 crash n1 # at once\nwait 2 s\nmove shard_b n4 n5 \
                    learners n1";
        let steps = Script::parse(text).expect("it is right").steps;
        let lines: Vec<u32> = steps.iter().map(|s| s.line).collect();
        assert_eq!(lines, [2, 4, 5, 6, 7]);
        assert_eq!(steps[1].after_ns, 20_000_000);
        let split = Command::Split { shard: ShardId(1), key: Key(51) };
        assert_eq!(steps[1].command, Some(split));
        let awaited = Awaited { name: "split_proposed".into(), node: Some(NodeId(1)) };
        assert_eq!(steps[2].when, Some(awaited));
        assert_eq!((steps[3].after_ns, &steps[3].command), (2_000_000_000, &None));
        let moved = Command::Move {
            shard: ShardId(2),
            voters: vec![NodeId(4), NodeId(5)],
            learners: vec![NodeId(1)],
        };
        assert_eq!(steps[4].command, Some(moved));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_would_be_right() {
        let cases = [
            ("heal\ncrush", "line 2: there is no command \"crush\": there are next_phase, phase"),
            ("crush n1", "line 1: there is no command \"crush\""),
            ("crash", "line 1: crash wants a node, such as: crash n1"),
            ("crash one", "line 1: \"one\" is no node"),
            ("crash n1 n2", "line 1: \"n2\" is too much"),
            ("split shard_a many", "line 1: \"many\" is no number"),
            ("load maybe", "line 1: \"maybe\" is neither on nor off"),
            ("after soon", "line 1: say how long"),
            ("after soon ms heal", "line 1: \"soon\" is no time"),
            ("after 3 weeks heal", "line 1: \"weeks\" is no unit of time"),
            ("wait 2 h", "line 1: \"h\" is no unit of time"),
            ("wait 7200 s", "line 1: a wait is at most an hour"),
            ("when pigs_fly heal", "line 1: no event is called \"pigs_fly\""),
            ("when", "line 1: name the event"),
        ];
        for (text, says) in cases {
            let error = Script::parse(text).expect_err(text).to_string();
            assert!(error.starts_with(says), "{text}: {error}");
        }
    }

    /// Given a run in which a node crashed and came back, then its script does the same.
    #[test]
    fn a_run_becomes_a_script_that_does_the_same() {
        let script = "phase 1\nafter 50 ms crash n2\nafter 300 ms restart n2\nwrite 17 9";
        let limit = Duration::from_secs(20);
        let run = |text: &str| {
            let mut simulation = Simulation::new(&Options::seeded(7)).expect("valid");
            Script::parse(text).expect("right").run(&mut simulation, limit).expect("accepted");
            simulation
        };
        let first = run(script);
        let text = Script::of(&first.recording());
        assert!(text.ends_with("restart n2\nwrite 17 9\n"), "{text}");
        assert!(run(&text).view().nodes[1].starts == 2, "{text}");
    }

    #[test]
    fn a_refused_line_is_named() {
        let mut simulation = Simulation::new(&Options::seeded(7)).expect("valid");
        let script = Script::parse("crash n1\n\nresume n2").expect("it can be read");
        let error = script.run(&mut simulation, Duration::from_secs(1)).expect_err("n2 runs");
        assert_eq!(error.to_string(), "line 3: n2 is not paused");
    }
}
