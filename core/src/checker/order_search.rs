//! Whether some order of one key's operations explains what clients were told: each takes effect at
//! one instant between its call and its answer (Herlihy and Wing).
//!
//! The search of Wing and Gong with the memory of Lowe (*Testing for linearizability*, 2017), as
//! Porcupine and Knossos do it; but in breadth, along the history as it happens (Lowe's
//! "just-in-time linearization"): a configuration is what the key may hold now, and which of the
//! operations under way have taken effect. An answer keeps the configurations that lead to it; if
//! there is none, no order explains it. The set of configurations is the memory, so no history is
//! kept at all.
//!
//! An operation of unknown outcome stays under way for ever: it may take effect late, or never.
//!
//! Pure. Used by `linear_order`.

use std::collections::BTreeSet;

use crate::few;
use crate::operation::{Answer, Operation, WriteAnswer};

/// Most operations on a key that are under way at once, those of unknown outcome included. Their
/// orders are searched, so many more could not be.
const UNDER_WAY_MAX: usize = 64;
/// Most configurations in one search: some milliseconds. A key that would need more is given up:
/// `client_histories` knows the order of its writes and does without a search.
const CONFIGURATIONS_MAX: usize = 1_024;

/// What names an operation: client and serial.
pub(super) type Name = (u16, u64);

/// The search for one key.
pub(super) struct OrderSearch {
    under_way: Vec<UnderWay>,
    configurations: BTreeSet<Configuration>,
    /// There were too many to be told apart: nothing is said of this key any more.
    given_up: bool,
}

#[derive(Clone, Copy)]
struct UnderWay {
    name: Name,
    operation: Operation,
    /// Whether its client still waits for the answer.
    awaited: bool,
}

/// How things may stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Configuration {
    value: Option<u64>,
    /// Which of the operations under way have taken effect, in order of their names, and with what
    /// answer, if anyone awaits it.
    done: Vec<(Name, Option<Answer>)>,
}

impl Default for OrderSearch {
    fn default() -> Self {
        let nothing = Configuration { value: None, done: Vec::new() };
        Self { under_way: Vec::new(), configurations: BTreeSet::from([nothing]), given_up: false }
    }
}

impl OrderSearch {
    /// An operation is asked for.
    pub(super) fn begin(&mut self, name: Name, operation: Operation) {
        if self.under_way.len() == UNDER_WAY_MAX {
            self.give_up();
        }
        if !self.given_up {
            self.under_way.push(UnderWay { name, operation, awaited: true });
        }
    }

    /// An operation is answered. Returns whether the search went through; an error if no order
    /// explains the answer.
    pub(super) fn answered(&mut self, name: Name, answer: Answer) -> Result<bool, String> {
        if self.given_up {
            return Ok(false);
        }
        let before = self.values();
        let Some(explained) = self.explain(name, answer) else {
            self.give_up();
            return Ok(false);
        };
        self.configurations = explained;
        self.forget(name);
        if self.configurations.is_empty() {
            self.give_up();
            return Err(format!("no order explains {answer:?}: before, the key held {before}"));
        }
        Ok(true)
    }

    /// An operation has certainly not taken effect.
    pub(super) fn failed(&mut self, name: Name) -> Result<(), String> {
        let harmless = |effect: &Option<Answer>| match effect {
            Some(Answer::Written(WriteAnswer::Done)) | None => false,
            Some(_) => true,
        };
        let all = std::mem::take(&mut self.configurations).into_iter();
        let possible = all.filter(|c| c.effect(name).as_ref().is_none_or(harmless));
        self.configurations = possible.map(|c| c.without(name)).collect();
        self.forget(name);
        if self.configurations.is_empty() && !self.given_up {
            self.give_up();
            return Err("failed for certain, but what others were told takes its effect".into());
        }
        Ok(())
    }

    /// Nobody will ever be told how an operation ended.
    pub(super) fn abandoned(&mut self, name: Name) {
        let Some(under_way) = self.under_way.iter_mut().find(|u| u.name == name) else {
            return;
        };
        under_way.awaited = false;
        let all = std::mem::take(&mut self.configurations).into_iter();
        if under_way.operation.is_write() {
            self.configurations = all.map(|c| c.unasked(name)).collect();
            self.prune();
        } else {
            self.configurations = all.map(|c| c.without(name)).collect();
            self.forget(name);
        }
    }

    /// The configurations in which `name` has just been answered so; `None` if there are too many
    /// to find them.
    fn explain(&self, name: Name, answer: Answer) -> Option<BTreeSet<Configuration>> {
        let mut explained = BTreeSet::new();
        let mut seen = self.configurations.clone();
        let mut open: Vec<Configuration> = seen.iter().cloned().collect();
        while let Some(from) = open.pop() {
            if let Some(effect) = from.effect(name) {
                if effect == Some(answer) {
                    explained.insert(from.without(name));
                }
                continue;
            }
            for next in self.under_way.iter().filter(|u| from.effect(u.name).is_none()) {
                let after = from.after(next);
                if next.name == name {
                    if after.effect(name) == Some(Some(answer)) {
                        explained.insert(after.without(name));
                    }
                } else if !seen.iter().any(|other| other.leaves_more_open(&after))
                    && seen.insert(after.clone())
                {
                    open.push(after);
                }
            }
            if seen.len() > CONFIGURATIONS_MAX {
                return None;
            }
        }
        Some(explained)
    }

    /// An operation is no longer under way.
    fn forget(&mut self, name: Name) {
        self.under_way.retain(|u| u.name != name);
        self.prune();
    }

    /// Drops what adds nothing: a configuration in which an operation that nobody waits for has
    /// taken effect, if there is the same one in which it has not. And forgets such operations as
    /// have taken effect in all.
    fn prune(&mut self) {
        let all = self.configurations.clone();
        self.configurations.retain(|c| !all.iter().any(|other| other.leaves_more_open(c)));
        let settled = |u: &UnderWay| {
            !u.awaited && self.configurations.iter().all(|c| c.effect(u.name).is_some())
        };
        let settled: Vec<Name> =
            self.under_way.iter().filter(|u| settled(u)).map(|u| u.name).collect();
        for name in settled {
            self.under_way.retain(|u| u.name != name);
            let all = std::mem::take(&mut self.configurations).into_iter();
            self.configurations = all.map(|c| c.without(name)).collect();
        }
    }

    fn give_up(&mut self) {
        self.given_up = true;
        self.under_way.clear();
        self.configurations.clear();
    }

    /// What the key may hold, in words.
    fn values(&self) -> String {
        let values: BTreeSet<Option<u64>> = self.configurations.iter().map(|c| c.value).collect();
        let named = |v: &Option<u64>| v.map_or("nothing".into(), |v| format!("{v:#x}"));
        let values: Vec<String> = values.iter().map(named).collect();
        format!("{}, with {} operations under way", values.join(" or "), self.under_way.len())
    }
}

impl Configuration {
    /// Whether that operation has taken effect, and with what answer, if anyone asks.
    fn effect(&self, name: Name) -> Option<Option<Answer>> {
        self.done.iter().find(|(done, _)| *done == name).map(|(_, answer)| *answer)
    }

    fn after(&self, next: &UnderWay) -> Self {
        let (value, answer) = match next.operation {
            Operation::Write(change) => {
                let (value, answer) = change.applied_to(self.value);
                (value, Answer::Written(answer))
            }
            Operation::Read | Operation::Scan { .. } => (self.value, Answer::Value(self.value)),
        };
        let mut done = self.done.clone();
        done.push((next.name, next.awaited.then_some(answer)));
        few::sort_by_key(&mut done, |known| *known);
        Self { value, done }
    }

    fn without(mut self, name: Name) -> Self {
        self.done.retain(|(done, _)| *done != name);
        self
    }

    fn unasked(mut self, name: Name) -> Self {
        for (_, answer) in self.done.iter_mut().filter(|(done, _)| *done == name) {
            *answer = None;
        }
        self
    }

    /// Whether it is the same but for operations that nobody waits for and that have not taken
    /// effect here: all that can follow from `other` can follow from this.
    fn leaves_more_open(&self, other: &Self) -> bool {
        let extra = |of: &(Name, Option<Answer>)| !self.done.contains(of);
        self.value == other.value
            && self.done.len() < other.done.len()
            && self.done.iter().all(|of| other.done.contains(of))
            && other.done.iter().filter(|of| extra(of)).all(|(_, answer)| answer.is_none())
    }
}

#[cfg(test)]
#[path = "order_search_tests.rs"]
mod tests;
