//! Stories of clients, legal and not.

use super::super::story::{Story, wrote};
use super::*;

/// What one client or another does with key 50 of shard_a.
impl Story<ClientHistories> {
    fn begins(&mut self, client: u16, serial: u64, write: Option<u64>) {
        self.fine(EventKind::Invoked {
            client: ClientId(client),
            serial,
            write: write.is_some(),
            key: Key(50),
            value: write.unwrap_or(0),
        });
    }

    fn writes(&mut self, client: u16, serial: u64, value: u64) {
        self.begins(client, serial, Some(value));
    }

    fn reads(&mut self, client: u16, serial: u64) {
        self.begins(client, serial, None);
    }

    /// The write is applied at that index, and acknowledged.
    fn acknowledged(&mut self, index: u64, client: u16, serial: u64, value: u64) {
        self.fine(wrote((1, 1, 1), index, (client, serial), (50, value)));
        self.fine(ended(client, serial, Outcome::Ok, Some(value)));
    }
}

fn ended(client: u16, serial: u64, outcome: Outcome, value: Option<u64>) -> EventKind {
    let (client, write, key, attempts) = (ClientId(client), false, Key(50), 1);
    EventKind::Completed { client, serial, write, key, value, outcome, attempts }
}

fn story() -> Story<ClientHistories> {
    Story::new(ClientHistories::default())
}

/// Two writes are acknowledged, 10 and then 20; a read that began in between is under way.
fn two_writes() -> Story<ClientHistories> {
    let mut story = story();
    story.writes(1, 1, 10);
    story.acknowledged(6, 1, 1, 10);
    story.reads(2, 1);
    story.writes(1, 2, 20);
    story.acknowledged(7, 1, 2, 20);
    story
}

#[test]
fn a_read_returns_what_was_written_last_or_meanwhile() {
    let mut told = story();
    told.reads(1, 1);
    told.fine(ended(1, 1, Outcome::Ok, None));
    for value in [10, 20] {
        two_writes().fine(ended(2, 1, Outcome::Ok, Some(value)));
    }
    let mut told = two_writes();
    told.reads(3, 1);
    told.fine(ended(3, 1, Outcome::Ok, Some(20)));
    told.fine(ended(2, 1, Outcome::Ok, Some(10)));
    assert_eq!(told.compared, 4, "two writes and two reads");
}

#[test]
fn a_write_that_is_applied_by_all_and_again_after_a_restart_takes_effect_once() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.acknowledged(6, 1, 1, 10);
    told.writes(1, 2, 20);
    told.acknowledged(7, 1, 2, 20);
    for node in [2, 3, 1] {
        told.fine(wrote((node, 1, u64::from(node)), 6, (1, 1), (50, 10)));
        told.fine(wrote((node, 1, u64::from(node)), 7, (1, 2), (50, 20)));
    }
    told.reads(2, 1);
    told.fine(ended(2, 1, Outcome::Ok, Some(20)));
}

#[test]
fn a_stale_and_a_phantom_read_are_found() {
    let stale = "read 0xa, which was overwritten before it began";
    let mut told = two_writes();
    told.reads(3, 1);
    told.wrong(ended(3, 1, Outcome::Ok, Some(10)), stale);
    two_writes().wrong(ended(2, 1, Outcome::Ok, Some(30)), "read 0x1e, never written");
    two_writes().wrong(ended(2, 1, Outcome::Ok, None), "read nothing, which was overwritten");
}

#[test]
fn reads_never_go_back_even_if_the_write_is_not_acknowledged() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.acknowledged(6, 1, 1, 10);
    told.writes(1, 2, 20);
    told.fine(wrote((1, 1, 1), 7, (1, 2), (50, 20)));
    told.reads(2, 1);
    told.reads(3, 1);
    told.fine(ended(2, 1, Outcome::Ok, Some(20)));
    told.fine(ended(3, 1, Outcome::Ok, Some(10)));
    told.reads(2, 2);
    told.wrong(ended(2, 2, Outcome::Ok, Some(10)), "overwritten before it began");
}

#[test]
fn an_acknowledged_write_that_was_never_applied_is_found() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.wrong(ended(1, 1, Outcome::Ok, Some(10)), "is acknowledged, and lost");
}

#[test]
fn a_retried_write_that_is_applied_twice_is_found_also_across_a_split() {
    two_writes().wrong(wrote((1, 1, 1), 8, (1, 2), (50, 20)), "took effect twice");
    two_writes()
        .wrong(wrote((1, 2, 4), 6, (1, 2), (50, 20)), "at 7 of shard_a and at 6 of shard_b");
}

#[test]
fn a_write_of_unknown_outcome_takes_effect_late_or_never() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.fine(ended(1, 1, Outcome::Unknown, Some(10)));
    told.reads(1, 2);
    told.fine(ended(1, 2, Outcome::Ok, None));
    told.reads(1, 3);
    told.fine(wrote((1, 1, 1), 6, (1, 1), (50, 10)));
    told.fine(ended(1, 3, Outcome::Ok, Some(10)));
    told.reads(1, 4);
    told.wrong(ended(1, 4, Outcome::Ok, None), "read nothing");
}

#[test]
fn a_write_that_failed_for_certain_and_one_that_nobody_asked_for_are_found() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.fine(ended(1, 1, Outcome::Failed, Some(10)));
    told.wrong(wrote((1, 1, 1), 6, (1, 1), (50, 10)), "having failed for certain");
    let mut told = story();
    told.writes(1, 1, 10);
    told.fine(wrote((1, 1, 1), 6, (1, 1), (50, 10)));
    told.wrong(ended(1, 1, Outcome::Failed, Some(10)), "failed for certain, but took effect");
    story().wrong(wrote((1, 1, 1), 6, (1, 1), (50, 10)), "nobody asked for it");
    let mut told = story();
    told.writes(1, 1, 10);
    told.wrong(wrote((1, 1, 1), 6, (1, 1), (50, 11)), "as a write of 0xb to key 50");
}
