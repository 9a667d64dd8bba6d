//! S16 once more, by search: for each key, some order of its operations explains what clients were
//! told (Wing and Gong; Lowe; see `order_search`).
//!
//! It looks at nothing but what clients asked for and were told: unlike `client_histories`, it does
//! not have to believe that the order in which replicas apply writes is theirs. What it cannot say
//! is where it went wrong. A scan is a read of every key in its range; those are left to
//! `client_histories`.

use std::collections::BTreeMap;

use super::Property;
use super::order_search::OrderSearch;
use crate::event::{Event, EventKind, Outcome};
use crate::key::Key;
use crate::operation::Operation;

/// See the module.
#[derive(Default)]
pub(crate) struct LinearOrder {
    /// One search for each key that was ever asked for.
    keys: BTreeMap<Key, OrderSearch>,
}

impl Property for LinearOrder {
    fn id(&self) -> &'static str {
        "S16"
    }

    fn name(&self) -> &'static str {
        "an order explains the histories"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match event.kind {
            EventKind::Invoked { operation: Operation::Scan { .. }, .. }
            | EventKind::Completed { operation: Operation::Scan { .. }, .. } => Ok(()),
            EventKind::Invoked { client, serial, key, operation } => {
                self.keys.entry(key).or_default().begin((client.0, serial), operation);
                Ok(())
            }
            EventKind::Completed { client, serial, key, operation, outcome, answer, .. } => {
                let search = self.keys.entry(key).or_default();
                let name = (client.0, serial);
                let said = match (outcome, answer) {
                    (Outcome::Ok, Some(answer)) => search.answered(name, answer).map(|searched| {
                        *compared += u64::from(searched);
                    }),
                    (Outcome::Failed, _) => search.failed(name),
                    (Outcome::Unknown, _) | (Outcome::Ok, None) => {
                        search.abandoned(name);
                        Ok(())
                    }
                };
                let verb = operation.verb();
                said.map_err(|why| format!("{client}'s operation {serial}, {verb} {key}: {why}"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, ended, invoked};
    use super::*;
    use crate::operation::{Answer, Change, WriteAnswer};

    const READ: Operation = Operation::Read;

    fn put(value: u64) -> Operation {
        Operation::Write(Change::Put { value })
    }

    fn read(client: u16, serial: u64, found: Option<u64>) -> EventKind {
        ended(client, serial, 50, READ, Outcome::Ok, Some(Answer::Value(found)))
    }

    fn written(client: u16, serial: u64, value: u64) -> EventKind {
        let answer = Some(Answer::Written(WriteAnswer::Done));
        ended(client, serial, 50, put(value), Outcome::Ok, answer)
    }

    /// Client 1 has written 10 and then 20; client 2 reads.
    fn story() -> Story<LinearOrder> {
        let mut story = Story::new(LinearOrder::default());
        for (serial, value) in [(1, 10), (2, 20)] {
            story.fine(invoked(1, serial, 50, put(value)));
            story.fine(written(1, serial, value));
        }
        story.fine(invoked(2, 1, 50, READ));
        story
    }

    #[test]
    fn a_stale_read_is_found_without_a_look_at_any_log() {
        let mut told = story();
        told.fine(read(2, 1, Some(20)));
        assert_eq!(told.compared, 3);
        story().wrong(read(2, 1, Some(10)), "the key held 0x14");
        story().wrong(read(2, 1, None), "no order explains");
    }

    #[test]
    fn keys_are_searched_apart_and_scans_are_left_to_the_oracle() {
        let mut told = story();
        let scan = Operation::Scan { end: Key(60) };
        told.fine(invoked(3, 1, 50, scan));
        told.fine(invoked(4, 1, 51, READ));
        told.fine(ended(4, 1, 51, READ, Outcome::Ok, Some(Answer::Value(None))));
        let answer = Some(Answer::Scanned { pairs: 7 });
        told.fine(ended(3, 1, 50, scan, Outcome::Ok, answer));
    }
}
