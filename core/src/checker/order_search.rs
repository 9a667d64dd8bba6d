//! Whether some order of one key's operations explains what clients were told: each takes effect at
//! one instant between its call and its answer (Herlihy and Wing).
//!
//! The search of Wing and Gong with the memory of Lowe (*Testing for linearizability*, 2017), as
//! Porcupine and Knossos do it; but in breadth, along the history as it happens (Lowe's
//! "just-in-time linearization"): a configuration is what the key may hold now, and which of the
//! writes under way have taken effect. An answer keeps the configurations that lead to it; if there
//! is none, no order explains it. The set of configurations is the memory, so no history is kept at
//! all.
//!
//! Only writes are put in order. What changes nothing, a read or a comparison that fails, stands in
//! nobody's way, so it takes no place in the order: a configuration holds all that it may have
//! found on the way here.
//!
//! An operation of unknown outcome stays under way for ever: it may take effect late, or never.
//!
//! Pure. Used by `linear_order`.

use std::collections::BTreeSet;

use crate::operation::{Answer, Operation, WriteAnswer};

/// Most operations on a key that are under way at once, those of unknown outcome included. Their
/// orders are searched, so many more could not be.
const UNDER_WAY_MAX: usize = 64;
/// Most configurations in one search: some milliseconds. A key that would need more is given up:
/// `client_histories` knows the order of its writes and does without a search.
const CONFIGURATIONS_MAX: usize = 1_024;

/// What names an operation: client and serial.
pub(super) type Name = (u16, u64);

/// A set of operations under way: a bit each.
type Bits = u64;

/// The search for one key.
pub(super) struct OrderSearch {
    under_way: Vec<UnderWay>,
    /// None of them adds nothing to the others.
    configurations: Vec<Configuration>,
    /// There were too many to be told apart: nothing is said of this key any more.
    given_up: bool,
}

#[derive(Clone, Copy)]
struct UnderWay {
    name: Name,
    operation: Operation,
    /// Its own bit among those under way.
    bit: Bits,
    /// Whether its client still waits for the answer.
    awaited: bool,
}

/// How things may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Configuration {
    value: Option<u64>,
    /// The writes under way that have taken effect.
    done: Bits,
    /// What others under way may have been answered on the way here, changing nothing: that they
    /// may be answered so now as well is not said.
    passed: Vec<(Bits, Answer)>,
}

impl Default for OrderSearch {
    fn default() -> Self {
        let nothing = Configuration { value: None, done: 0, passed: Vec::new() };
        Self { under_way: Vec::new(), configurations: vec![nothing], given_up: false }
    }
}

impl OrderSearch {
    /// An operation is asked for.
    pub(super) fn begin(&mut self, name: Name, operation: Operation) {
        if self.under_way.len() == UNDER_WAY_MAX {
            self.give_up();
        }
        if !self.given_up {
            let taken = self.under_way.iter().fold(0, |taken, u| taken | u.bit);
            let bit = 1 << taken.trailing_ones();
            self.under_way.push(UnderWay { name, operation, bit, awaited: true });
        }
    }

    /// An operation is answered. Returns whether the search went through; an error if no order
    /// explains the answer.
    pub(super) fn answered(&mut self, name: Name, answer: Answer) -> Result<bool, String> {
        if self.given_up {
            return Ok(false);
        }
        let asked = self.named(name).ok_or("it is answered, and nobody asked for it")?;
        let Some(explained) = self.explain(asked, answer) else {
            self.give_up();
            return Ok(false);
        };
        if explained.is_empty() {
            let before = self.values();
            self.give_up();
            return Err(format!("no order explains {answer:?}: before, the key held {before}"));
        }
        self.configurations = explained;
        self.forget(asked.bit);
        Ok(true)
    }

    /// An operation has certainly not taken effect.
    pub(super) fn failed(&mut self, name: Name) -> Result<(), String> {
        if self.given_up {
            return Ok(());
        }
        let asked = self.named(name).ok_or("it failed, and nobody asked for it")?;
        self.configurations.retain(|c| c.done & asked.bit == 0);
        if self.configurations.is_empty() {
            self.give_up();
            return Err("failed for certain, but what others were told takes its effect".into());
        }
        self.forget(asked.bit);
        Ok(())
    }

    /// Nobody will ever be told how an operation ended.
    pub(super) fn abandoned(&mut self, name: Name) {
        let Some(under_way) = self.under_way.iter_mut().find(|u| u.name == name) else {
            return;
        };
        under_way.awaited = false;
        let UnderWay { bit, operation, .. } = *under_way;
        if operation.is_write() {
            for configuration in &mut self.configurations {
                configuration.passed.retain(|(of, _)| *of != bit);
            }
            self.prune();
        } else {
            self.forget(bit);
        }
    }

    fn named(&self, name: Name) -> Option<UnderWay> {
        self.under_way.iter().find(|u| u.name == name).copied()
    }

    /// Those that somebody waits for.
    fn awaited(&self) -> Bits {
        self.under_way.iter().filter(|u| u.awaited).fold(0, |awaited, u| awaited | u.bit)
    }

    /// The configurations in which `asked` may just have been answered so; `None` if there are too
    /// many to find them.
    fn explain(&self, asked: UnderWay, answer: Answer) -> Option<Vec<Configuration>> {
        let awaited = self.awaited();
        let is_change = answer == Answer::Written(WriteAnswer::Done);
        // What else `asked` may have been answered does not matter any more.
        let others = self.under_way.iter().filter(|u| u.awaited && u.bit != asked.bit);
        let others: Vec<UnderWay> = others.copied().collect();
        let (mut explained, mut seen) = (Vec::new(), Vec::new());
        for known in &self.configurations {
            let has_changed = known.done & asked.bit != 0;
            if has_changed || !is_change && known.passed.contains(&(asked.bit, answer)) {
                if has_changed == is_change {
                    explained.push(known.clone());
                }
            } else {
                seen.push(known.clone().without_answers_of(asked.bit));
            }
        }
        let mut next = 0;
        while let Some(from) = seen.get(next).cloned() {
            next += 1;
            if !is_change && outcome(asked.operation, from.value).1 == answer {
                explained.push(from);
                continue;
            }
            for write in &self.under_way {
                let Some(after) = from.after(write, &others) else {
                    continue;
                };
                if write.bit == asked.bit {
                    if is_change {
                        explained.push(after);
                    }
                } else if !seen.iter().any(|other| other.leaves_as_much_open(&after, awaited)) {
                    seen.push(after);
                }
            }
            if seen.len() > CONFIGURATIONS_MAX {
                return None;
            }
        }
        Some(explained)
    }

    /// An operation is no longer under way.
    fn forget(&mut self, bit: Bits) {
        self.under_way.retain(|u| u.bit != bit);
        for configuration in &mut self.configurations {
            configuration.done &= !bit;
            configuration.passed.retain(|(of, _)| *of != bit);
        }
        self.prune();
    }

    /// Drops each configuration from which nothing can follow but what can follow from another. And
    /// forgets such writes as nobody waits for and have taken effect in all.
    fn prune(&mut self) {
        let awaited = self.awaited();
        let mut at = 0;
        while let Some(one) = self.configurations.get(at) {
            let mut others = self.configurations.iter().enumerate();
            if others.any(|(i, other)| i != at && other.leaves_as_much_open(one, awaited)) {
                self.configurations.swap_remove(at);
            } else {
                at += 1;
            }
        }
        let settled = self.configurations.iter().fold(!awaited, |settled, c| settled & c.done);
        if settled != 0 {
            self.under_way.retain(|u| u.bit & settled == 0);
            for configuration in &mut self.configurations {
                configuration.done &= !settled;
            }
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

/// What an operation makes of a value, and what it is answered.
fn outcome(operation: Operation, found: Option<u64>) -> (Option<u64>, Answer) {
    match operation {
        Operation::Write(change) => {
            let (value, answer) = change.applied_to(found);
            (value, Answer::Written(answer))
        }
        Operation::Read | Operation::Scan { .. } => (found, Answer::Value(found)),
    }
}

impl Configuration {
    /// Without what an operation may have been answered.
    fn without_answers_of(mut self, bit: Bits) -> Self {
        self.passed.retain(|(of, _)| *of != bit);
        self
    }

    /// As it is once a write under way has taken effect, while `others` await their answers; `None`
    /// if it has already, or changes nothing here.
    fn after(&self, write: &UnderWay, others: &[UnderWay]) -> Option<Self> {
        const DONE: Answer = Answer::Written(WriteAnswer::Done);
        let (value, answer) = outcome(write.operation, self.value);
        if self.done & write.bit != 0 || answer != DONE {
            return None;
        }
        let done = self.done | write.bit;
        let mut after = Self { value, done, ..self.clone() }.without_answers_of(write.bit);
        for other in others.iter().filter(|u| done & u.bit == 0) {
            let told = (other.bit, outcome(other.operation, self.value).1);
            if told.1 != DONE && !after.passed.contains(&told) {
                after.passed.push(told);
            }
        }
        Some(after)
    }

    /// Whether all that can follow from `other` can follow from this: it holds the same, only
    /// writes that nobody waits for have taken effect there and not here, and nobody may have been
    /// answered more there.
    fn leaves_as_much_open(&self, other: &Self, awaited: Bits) -> bool {
        self.value == other.value
            && self.done & !other.done == 0
            && other.done & !self.done & awaited == 0
            && other.passed.iter().all(|told| self.passed.contains(told))
    }
}

#[cfg(test)]
#[path = "order_search_tests.rs"]
mod tests;
