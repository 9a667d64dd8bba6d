//! What one client has asked for, and which of its writes took effect where.
//!
//! Used by `client_histories`, which knows the keys.

use std::collections::VecDeque;

use crate::event::Outcome;
use crate::id::ShardId;
use crate::key::Key;
use crate::operation::{Change, Operation, WriteAnswer};

/// How many of a client's writes without an answer are remembered: each was tried for half a
/// minute.
const UNANSWERED_MAX: usize = 64;
/// How many of a client's writes that took effect last are remembered: a client has one operation
/// at a time, so one that takes effect twice does so soon after, in the order of application.
const TAKEN_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub(super) struct Session {
    pub(super) pending: Option<Pending>,
    /// Writes that ended without having been applied, by serial: what they were, and what the
    /// client believes.
    unanswered: VecDeque<(u64, (Key, Change), Outcome)>,
    /// Where the writes that took effect last did so, by serial.
    taken: VecDeque<(u64, ShardId, u64)>,
}

/// The operation that a client waits for.
#[derive(Clone, Copy)]
pub(super) struct Pending {
    pub(super) serial: u64,
    pub(super) key: Key,
    pub(super) operation: Operation,
    /// The oldest position of the key that it may see.
    pub(super) oldest: u64,
    /// For a write: at which position of the key it took effect, and what it answered there.
    pub(super) took: Option<(u64, WriteAnswer)>,
}

/// A write where it took effect.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub(super) shard: ShardId,
    pub(super) index: u64,
    pub(super) serial: u64,
    pub(super) key: Key,
    pub(super) change: Change,
    pub(super) answer: WriteAnswer,
}

impl Session {
    /// Its write takes effect there, at that position of the key.
    pub(super) fn take(&mut self, taken: Taken, position: u64) -> Result<(), String> {
        let Taken { shard, index, serial, key, change, answer } = taken;
        let twice = self.taken.iter().find(|(known, ..)| *known == serial).copied();
        self.taken.push_back((serial, shard, index));
        if self.taken.len() > TAKEN_MAX {
            self.taken.pop_front();
        }
        if let Some((_, first, at)) = twice {
            return Err(format!("took effect twice: at {at} of {first} and at {index} of {shard}"));
        }
        let pending = self.pending.as_mut().filter(|pending| pending.serial == serial);
        if let Some(pending) = pending {
            pending.took = Some((position, answer));
            if (pending.key, pending.operation) == (key, Operation::Write(change)) {
                return Ok(());
            }
            return Err(format!("took effect as another: key {key} {change}"));
        }
        let at = self.unanswered.iter().position(|(known, ..)| *known == serial);
        match at.and_then(|at| self.unanswered.remove(at)) {
            Some((_, _, Outcome::Failed)) => Err("took effect, having failed for certain".into()),
            Some((_, asked, _)) if asked == (key, change) => Ok(()),
            Some(_) => Err(format!("took effect as another: key {key} {change}")),
            None if self.unanswered.len() == UNANSWERED_MAX => Ok(()),
            None => Err("took effect, but nobody asked for it".into()),
        }
    }

    /// Its pending write has ended; returns the position that the client knows of now.
    pub(super) fn end_write(
        &mut self,
        pending: Pending,
        change: Change,
        outcome: Outcome,
        answered: Option<WriteAnswer>,
    ) -> Result<Option<u64>, String> {
        match (outcome, pending.took) {
            (Outcome::Ok, Some((position, first))) if answered == Some(first) => {
                return Ok(Some(position));
            }
            (Outcome::Ok, Some((_, first))) => {
                return Err(format!(
                    "was answered {answered:?}, but {first:?} when it was applied first"
                ));
            }
            (Outcome::Ok, None) => return Err("is acknowledged, and lost: never applied".into()),
            (Outcome::Failed, Some(_)) => return Err("failed for certain, but took effect".into()),
            (Outcome::Unknown, Some(_)) => {}
            (Outcome::Failed | Outcome::Unknown, None) => {
                self.unanswered.push_back((pending.serial, (pending.key, change), outcome));
                if self.unanswered.len() > UNANSWERED_MAX {
                    self.unanswered.pop_front();
                }
            }
        }
        Ok(None)
    }
}
