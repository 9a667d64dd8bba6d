//! S16, clients' histories are linearizable for each key, also across splits, moves and transfers,
//! and a write that is retried is applied once (Herlihy and Wing; Raft, section 8; the "version
//! oracle" of Elle and of TigerBeetle's auditor: with the order of writes known, one look at each
//! answer does).
//!
//! The order of a key's writes is that in which they are applied first, anywhere: within a shard
//! that is log order, and a split carries it over to the child, whose log begins behind it. So a
//! read, on whatever replica, must return a value that is not older than what anyone was told
//! before the read began: by the answer to a write or to another read. A part of a scan is a read
//! of every key in it, those that it found absent included; the parts leave no key out.
//!
//! A write that is acknowledged must have been applied; each is applied freshly once, at one place;
//! one whose outcome is unknown may be applied late or never; one that failed, or that nobody asked
//! for, never. A compare-and-set finds what the write before it left, and its client is told what
//! its first application answered, however often it was retried.

use std::collections::BTreeMap;

use litemap::LiteMap;

use super::Property;
use super::client_sessions::{Pending, Session, Taken};
use super::scans::Scans;
use super::versions::Versions;
use crate::event::{Event, EventKind, Outcome};
use crate::id::{ClientId, ShardId};
use crate::key::Key;
use crate::operation::{Answer, Operation, WriteAnswer};

/// See the module.
#[derive(Default)]
pub(crate) struct ClientHistories {
    /// One row for each key that was ever asked for.
    keys: BTreeMap<Key, Versions>,
    clients: LiteMap<ClientId, Session>,
    scans: Scans,
    /// The newest write of each shard. What lies at or below it is applied again, by those who come
    /// after.
    newest: LiteMap<ShardId, u64>,
    /// The event that is looked at.
    seq: u64,
}

impl ClientHistories {
    fn invoke(&mut self, client: ClientId, serial: u64, key: Key, operation: Operation) {
        let oldest = match operation {
            Operation::Scan { end } => {
                self.scans.begin(client, serial, (key, end), self.seq);
                0
            }
            Operation::Read => {
                let versions = self.keys.entry(key).or_default();
                versions.begin_read();
                versions.known()
            }
            Operation::Write(_) => 0,
        };
        let pending = Pending { serial, key, operation, oldest, took: None };
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
        let versions = self.keys.entry(taken.key).or_default();
        let (found, last) = versions.latest();
        let (left, answer) = taken.change.applied_to(found);
        // What compared unequal leaves the key alone, and has seen the write before it.
        let position = if answer != WriteAnswer::Done { last } else { versions.push(left) };
        self.tidy(taken.key);
        self.clients.entry(client).or_default().take(taken, position)?;
        if answer == taken.answer {
            return Ok(());
        }
        Err(format!("answered {:?}, but its predecessor left {found:?}", taken.answer))
    }

    fn complete(
        &mut self,
        client: ClientId,
        serial: u64,
        outcome: Outcome,
        answer: Option<Answer>,
    ) -> Result<(), String> {
        let session = self.clients.entry(client).or_default();
        let Some(pending) = session.pending.take().filter(|pending| pending.serial == serial)
        else {
            return Err("ended, but was not under way".into());
        };
        let Pending { key, oldest, .. } = pending;
        match (pending.operation, answer) {
            (Operation::Write(change), answer) => {
                let answer = match answer {
                    Some(Answer::Written(answer)) => Some(answer),
                    _ => None,
                };
                if let Some(position) = session.end_write(pending, change, outcome, answer)? {
                    self.learn(key, position);
                }
                Ok(())
            }
            (Operation::Read, answer) => {
                let versions = self.keys.entry(key).or_default();
                versions.end_read();
                if let Some(Answer::Value(value)) = answer {
                    let position = versions.find(value, oldest)?;
                    self.learn(key, position);
                }
                self.tidy(key);
                Ok(())
            }
            (Operation::Scan { .. }, answer) => {
                let scan = self.scans.end(client);
                match (scan, answer) {
                    (Some(scan), Some(Answer::Scanned { pairs }))
                        if (scan.next, scan.pairs) != (scan.end, pairs) =>
                    {
                        let (pairs_seen, next) = (scan.pairs, scan.next);
                        Err(format!(
                            "ended with {pairs} pairs, but its parts have {pairs_seen} up to {next}"
                        ))
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// A scan got its next part; returns how many keys were looked at.
    fn take_part(
        &mut self,
        (client, serial): (ClientId, u64),
        (start, next): (Key, Key),
        pairs: &[(Key, u64)],
    ) -> Result<u64, String> {
        let Some(scan) = self.scans.get(client).filter(|scan| scan.serial == serial) else {
            return Err("got a part, but was not under way".into());
        };
        if start != scan.next || next <= start || next > scan.end {
            return Err(format!("got {start} up to {next}, but asked for {} on", scan.next));
        }
        let inside = |(key, _): &(Key, u64)| start <= *key && *key < next;
        if !pairs.iter().all(inside) || !pairs.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(format!("got pairs that are not in order from {start} up to {next}"));
        }
        let found: BTreeMap<Key, u64> = pairs.iter().copied().collect();
        let known: Vec<Key> = self.keys.range(start..next).map(|(key, _)| *key).collect();
        let strange = found.keys().filter(|key| !self.keys.contains_key(key)).copied();
        let keys: Vec<Key> = strange.chain(known).collect();
        let looked_at = keys.len() as u64;
        for key in keys {
            let versions = self.keys.entry(key).or_default();
            let oldest = self.scans.known_then(&scan, key, versions.known());
            let position = versions
                .find(found.get(&key).copied(), oldest)
                .map_err(|why| format!("scanned key {key} and {why}"))?;
            self.learn(key, position);
        }
        self.scans.go_on(client, next, pairs.len() as u64, self.seq);
        Ok(looked_at)
    }

    /// Somebody was told of what is at that position of the key.
    fn learn(&mut self, key: Key, position: u64) {
        let versions = self.keys.entry(key).or_default();
        let before = versions.known();
        if position > before {
            versions.learn(position);
            self.scans.raise(key, before, self.seq);
        }
        self.tidy(key);
    }

    fn tidy(&mut self, key: Key) {
        if !self.scans.any()
            && let Some(versions) = self.keys.get_mut(&key)
        {
            versions.forget();
        }
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
        self.seq = event.seq;
        let (client, serial, key, said) = match event.kind {
            EventKind::Invoked { client, serial, key, operation } => {
                self.invoke(client, serial, key, operation);
                return Ok(());
            }
            EventKind::WriteApplied {
                shard,
                index,
                client,
                serial,
                key,
                change,
                answer,
                fresh,
                ..
            } => {
                let taken = Taken { shard, index, serial, key, change, answer };
                (client, serial, key, self.apply(client, taken, fresh))
            }
            EventKind::Scanned { client, serial, start, next, ref pairs } => {
                let looked_at = self.take_part((client, serial), (start, next), pairs);
                *compared += *looked_at.as_ref().unwrap_or(&0);
                (client, serial, start, looked_at.map(|_| ()))
            }
            EventKind::Completed { client, serial, key, outcome, answer, .. } => {
                *compared += u64::from(outcome == Outcome::Ok);
                (client, serial, key, self.complete(client, serial, outcome, answer))
            }
            _ => return Ok(()),
        };
        said.map_err(|why| format!("{client}'s operation {serial} on key {key} {why}"))
    }
}

#[cfg(test)]
#[path = "client_histories_tests.rs"]
mod tests;
