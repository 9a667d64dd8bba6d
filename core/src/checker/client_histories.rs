//! S16, clients' histories are linearizable for each key, also across splits, moves and transfers,
//! and a write that is retried is applied once (Herlihy and Wing; Raft, section 8; the "version
//! oracle" of Elle and of TigerBeetle's auditor: with the order of writes known, one look at each
//! answer does).
//!
//! The order of a key's writes is that in which they are applied first, anywhere: within a shard
//! that is log order, and a split carries it over to the child, whose log begins behind it. So a
//! read must return a value that is not older than what anyone was told before the read began: by
//! the answer to a write or to another read.
//!
//! A write that is acknowledged must have been applied; each is applied freshly once, at one place;
//! one whose outcome is unknown may be applied late or never; one that failed, or that nobody asked
//! for, never.

use std::collections::{BTreeMap, VecDeque};

use super::Property;
use super::versions::Versions;
use crate::event::{Event, EventKind, Outcome};
use crate::id::{ClientId, ShardId};
use crate::key::Key;

/// How many of a client's writes without an answer are remembered: each was tried for half a
/// minute.
const UNANSWERED_MAX: usize = 64;
/// How many of a client's writes that took effect last are remembered: a client has one operation
/// at a time, so one that takes effect twice does so soon after, in the order of application.
const TAKEN_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub(crate) struct ClientHistories {
    /// One row for each key that was ever asked for.
    keys: BTreeMap<Key, Versions>,
    clients: BTreeMap<ClientId, Session>,
    /// The newest write of each shard. What lies at or below it is applied again, by those who come
    /// after.
    newest: BTreeMap<ShardId, u64>,
}

#[derive(Default)]
struct Session {
    pending: Option<Pending>,
    /// Writes that ended without having been applied, by serial: what they were, and what the
    /// client believes.
    unanswered: VecDeque<(u64, (Key, u64), Outcome)>,
    /// Where the writes that took effect last did so, by serial.
    taken: VecDeque<(u64, ShardId, u64)>,
}

/// The operation that a client waits for.
#[derive(Clone, Copy)]
struct Pending {
    serial: u64,
    key: Key,
    /// What it writes; `None` if it reads.
    write: Option<u64>,
    /// The oldest position that it may see.
    oldest: u64,
    /// Where it took effect.
    position: Option<u64>,
}

/// A write where it took effect.
#[derive(Clone, Copy)]
struct Taken {
    shard: ShardId,
    index: u64,
    serial: u64,
    what: (Key, u64),
}

impl Session {
    /// Its write takes effect there, at that position of the key.
    fn take(&mut self, taken: Taken, position: u64) -> Result<(), String> {
        let Taken { shard, index, serial, what: (key, value) } = taken;
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
            pending.position = Some(position);
            if (pending.key, pending.write) == (key, Some(value)) {
                return Ok(());
            }
            return Err(format!("took effect as a write of {value:#x} to key {key}"));
        }
        let at = self.unanswered.iter().position(|(known, ..)| *known == serial);
        match at.and_then(|at| self.unanswered.remove(at)) {
            Some((_, _, Outcome::Failed)) => Err("took effect, having failed for certain".into()),
            Some((_, asked, _)) if asked == (key, value) => Ok(()),
            Some(_) => Err(format!("took effect as a write of {value:#x} to key {key}")),
            None if self.unanswered.len() == UNANSWERED_MAX => Ok(()),
            None => Err("took effect, but nobody asked for it".into()),
        }
    }

    /// Its pending write has ended; returns the position that the client knows of now.
    fn end_write(&mut self, pending: Pending, outcome: Outcome) -> Result<Option<u64>, String> {
        match (outcome, pending.position) {
            (Outcome::Ok, Some(position)) => return Ok(Some(position)),
            (Outcome::Ok, None) => return Err("is acknowledged, and lost: never applied".into()),
            (Outcome::Failed, Some(_)) => return Err("failed for certain, but took effect".into()),
            (Outcome::Unknown, Some(_)) => {}
            (Outcome::Failed | Outcome::Unknown, None) => {
                let what = (pending.key, pending.write.unwrap_or(0));
                self.unanswered.push_back((pending.serial, what, outcome));
                if self.unanswered.len() > UNANSWERED_MAX {
                    self.unanswered.pop_front();
                }
            }
        }
        Ok(None)
    }
}

impl ClientHistories {
    fn invoke(&mut self, client: ClientId, serial: u64, key: Key, write: Option<u64>) {
        let versions = self.keys.entry(key).or_default();
        if write.is_none() {
            versions.begin_read();
        }
        let pending = Pending { serial, key, write, oldest: versions.known(), position: None };
        self.clients.entry(client).or_default().pending = Some(pending);
    }

    /// A write is applied somewhere; it counts where that happens first.
    fn apply(&mut self, client: ClientId, taken: Taken, fresh: bool) -> Result<(), String> {
        let newest = self.newest.entry(taken.shard).or_insert(0);
        if taken.index <= *newest {
            return Ok(());
        }
        *newest = taken.index;
        if !fresh {
            return Ok(());
        }
        let (key, value) = taken.what;
        let position = self.keys.entry(key).or_default().push(value);
        self.clients.entry(client).or_default().take(taken, position)
    }

    fn complete(
        &mut self,
        client: ClientId,
        serial: u64,
        value: Option<u64>,
        outcome: Outcome,
    ) -> Result<(), String> {
        let session = self.clients.entry(client).or_default();
        let Some(pending) = session.pending.take().filter(|pending| pending.serial == serial)
        else {
            return Err("ended, but was not under way".into());
        };
        let versions = self.keys.entry(pending.key).or_default();
        if pending.write.is_some() {
            if let Some(position) = session.end_write(pending, outcome)? {
                versions.learn(position);
            }
            return Ok(());
        }
        let found = match outcome {
            Outcome::Ok => versions.find(value, pending.oldest).map(Some),
            Outcome::Failed | Outcome::Unknown => Ok(None),
        };
        if let Ok(Some(position)) = found {
            versions.learn(position);
        }
        versions.end_read();
        found.map(|_| ())
    }
}

impl Property for ClientHistories {
    fn id(&self) -> &'static str {
        "S16"
    }

    fn name(&self) -> &'static str {
        "linearizable histories"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        let (client, serial, key, said) = match event.kind {
            EventKind::Invoked { client, serial, write, key, value } => {
                self.invoke(client, serial, key, write.then_some(value));
                return Ok(());
            }
            EventKind::WriteApplied { shard, index, client, serial, key, value, fresh, .. } => {
                let taken = Taken { shard, index, serial, what: (key, value) };
                (client, serial, key, self.apply(client, taken, fresh))
            }
            EventKind::Completed { client, serial, key, value, outcome, .. } => {
                *compared += u64::from(outcome == Outcome::Ok);
                (client, serial, key, self.complete(client, serial, value, outcome))
            }
            _ => return Ok(()),
        };
        said.map_err(|why| format!("{client}'s operation {serial} on key {key} {why}"))
    }
}

#[cfg(test)]
#[path = "client_histories_tests.rs"]
mod tests;
