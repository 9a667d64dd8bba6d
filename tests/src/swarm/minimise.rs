//! Cuts a failing script down to what causes the failure.
//!
//! Delta debugging (Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*,
//! 2002) over commands, where what begins a fault and what ends it go together; then over the time
//! between them, and over the options. Deterministic: bounded by a number of runs, never by a
//! clock.

use shardscope_core::{Command, Recording, WakeOrder};

use super::guard::guarded;
use super::script::Script;
use super::verdict::Verdict;

/// Cuts `script`, which fails with `verdict`, down to one that fails in the same way, in at most
/// `runs` runs; with the recording of its last run. None if it does not fail again at all.
#[must_use]
pub fn minimise(script: &Script, verdict: &Verdict, runs: u32) -> Option<(Script, Recording)> {
    let mut search = Search { verdict, runs, best: script.clone(), recording: None };
    let whole = script.clone();
    if !search.fails(whole) {
        return None;
    }
    loop {
        let before = search.best.clone();
        search.cut_commands();
        search.cut_time();
        search.cut_options();
        if search.best == before || search.runs == 0 {
            break;
        }
    }
    search.recording.map(|recording| (search.best, recording))
}

struct Search<'a> {
    verdict: &'a Verdict,
    /// Runs left.
    runs: u32,
    /// The smallest script so far that fails.
    best: Script,
    recording: Option<Recording>,
}

/// What running a script came to.
struct Played {
    verdict: Verdict,
    recording: Recording,
    /// When it was over.
    end_ns: u64,
    /// The commands that were carried out.
    commands: Vec<(u64, Command)>,
}

/// Runs a script, so that a panic ends just that.
fn play(script: &Script) -> Played {
    let again = script.clone();
    let (verdict, recording) = guarded(move |kept| again.run(kept));
    let placed = recording.commands.iter().filter(|c| c.time_ns <= script.end_ns);
    let mut commands: Vec<_> = placed.map(|c| (c.time_ns, c.command.clone())).collect();
    // At its very end the liveness phase's own follow.
    commands.truncate(script.commands.len());
    Played { verdict, end_ns: recording.end.time_ns, recording, commands }
}

impl Search<'_> {
    /// Whether that one fails in the same way; then it is the best one.
    fn fails(&mut self, candidate: Script) -> bool {
        // A simpler option may not go with the others.
        if self.runs == 0 || candidate.options.validate().is_err() {
            return false;
        }
        self.runs -= 1;
        let Played { verdict, recording, end_ns, commands } = play(&candidate);
        if !verdict.is_like(self.verdict) {
            return false;
        }
        let end_ns = match verdict {
            Verdict::Safety { .. } => end_ns.min(candidate.end_ns),
            _ => candidate.end_ns,
        };
        // Without what was refused. A liveness phase's commands are its own.
        let commands = if candidate.core.is_some() { candidate.commands } else { commands };
        self.best = Script { commands, end_ns, ..candidate };
        self.recording = Some(recording);
        true
    }

    /// Leaves out ever smaller parts of the commands.
    fn cut_commands(&mut self) {
        let mut parts = 2;
        loop {
            let groups = groups(&self.best.commands);
            if groups.is_empty() {
                return;
            }
            parts = parts.min(groups.len());
            let size = groups.len().div_ceil(parts);
            // From the end: what comes late more often only follows.
            let cut = groups.chunks(size).rev().any(|part| {
                let doomed: Vec<usize> = part.iter().flatten().copied().collect();
                let kept = self.best.commands.iter().enumerate();
                let kept = kept.filter(|(i, _)| !doomed.contains(i)).map(|(_, c)| c.clone());
                let commands = kept.collect();
                self.fails(Script { commands, ..self.best.clone() })
            });
            if cut {
                parts = (parts - 1).max(2);
            } else if size == 1 || self.runs == 0 {
                return;
            } else {
                parts *= 2;
            }
        }
    }

    /// Lets everything follow sooner.
    fn cut_time(&mut self) {
        for divisor in [100, 8, 2] {
            for at in 0..=self.best.commands.len() {
                let time = |script: &Script, i: usize| {
                    script.commands.get(i).map_or(script.end_ns, |(time_ns, _)| *time_ns)
                };
                if at > self.best.commands.len() {
                    break;
                }
                let before = if at == 0 { 0 } else { time(&self.best, at - 1) };
                let gap = time(&self.best, at).saturating_sub(before);
                let sooner = gap - gap / divisor;
                if sooner < 1_000_000 {
                    continue;
                }
                let mut candidate = self.best.clone();
                candidate.commands.iter_mut().skip(at).for_each(|(time_ns, _)| *time_ns -= sooner);
                candidate.end_ns -= sooner;
                self.fails(candidate);
            }
        }
    }

    /// Takes what is simpler.
    fn cut_options(&mut self) {
        type Simpler = fn(&mut Script);
        let simpler: [Simpler; 7] = [
            |s| s.options.clients = 1,
            |s| s.options.initial_shards = 1,
            |s| s.options.last_key = s.options.first_key + 3,
            |s| s.options.nodes = s.options.nodes.saturating_sub(1).max(s.options.voters),
            |s| s.options.wake_order = WakeOrder::Fifo,
            |s| s.options.link_jitter_ns = 0,
            |s| s.options.voters = 3.min(s.options.voters),
        ];
        for simplify in simpler {
            let mut candidate = self.best.clone();
            simplify(&mut candidate);
            if candidate != self.best {
                self.fails(candidate);
            }
        }
    }
}

/// The commands' places, what begins something and what ends it together.
fn groups(commands: &[(u64, Command)]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, (_, command)) in commands.iter().enumerate() {
        let begun = groups.iter_mut().rev().find(|group| {
            group.len() == 1 && commands.get(group[0]).is_some_and(|(_, c)| ends(c, command))
        });
        match begun {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups
}

/// Whether `end` ends what `begin` began.
fn ends(begin: &Command, end: &Command) -> bool {
    use Command as C;
    match (begin, end) {
        (C::Crash { node } | C::LoseDisk { node }, C::Restart { node: of })
        | (C::Pause { node }, C::Resume { node: of })
        | (C::HoldDisk { node }, C::ReleaseDisk { node: of })
        | (C::FillDisk { node }, C::FreeDisk { node: of })
        | (C::SlowDisk { node, .. }, C::SlowDisk { node: of, .. })
        | (C::SetClock { node, .. }, C::SetClock { node: of, .. }) => node == of,
        (C::Hold(traffic), C::Release(of)) | (C::Cut(traffic), C::HealLink(of)) => traffic == of,
        (C::HoldApply { node, shard }, C::ReleaseApply { node: of, shard: by }) => {
            (node, shard) == (of, by)
        }
        (C::SlowLink { from, to, .. }, C::SlowLink { from: a, to: b, .. })
        | (C::LossyLink { from, to, .. }, C::LossyLink { from: a, to: b, .. }) => {
            (from, to) == (a, b)
        }
        (C::Isolate { .. } | C::Separate { .. }, C::Heal)
        | (C::CrashPlacement, C::RestartPlacement) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shardscope_core::NodeId;

    #[test]
    fn what_begins_a_fault_and_what_ends_it_go_together() {
        let (one, two) = (NodeId(1), NodeId(2));
        let commands = [
            Command::Crash { node: one },
            Command::Isolate { node: two },
            Command::Crash { node: two },
            Command::Restart { node: one },
            Command::Heal,
            Command::Heal,
            Command::Crash { node: one },
        ];
        let commands: Vec<(u64, Command)> = (0..).zip(commands).collect();
        let expected: [&[usize]; 5] = [&[0, 3], &[1, 4], &[2], &[5], &[6]];
        assert_eq!(groups(&commands), expected);
    }
}
