//! Stories of clients, legal and not.

use super::super::story::{Story, at_key, ended, invoked, scanned, wrote};
use super::*;
use crate::operation::Change;

const READ: Operation = Operation::Read;

fn put(value: u64) -> Operation {
    Operation::Write(Change::Put { value })
}

fn set(expected: Option<u64>, value: u64) -> Change {
    Change::CompareAndSet { expected, value }
}

/// What a read, or a write that is done, is told.
fn value(value: Option<u64>) -> Option<Answer> {
    Some(Answer::Value(value))
}

const DONE: Option<Answer> = Some(Answer::Written(WriteAnswer::Done));

/// What one client or another does with key 50 of shard_a.
impl Story<ClientHistories> {
    fn writes(&mut self, client: u16, serial: u64, value: u64) {
        self.fine(invoked(client, serial, 50, put(value)));
    }

    fn reads(&mut self, client: u16, serial: u64) {
        self.fine(invoked(client, serial, 50, READ));
    }

    /// The write is applied at that index, and acknowledged.
    fn acknowledged(&mut self, index: u64, client: u16, serial: u64, value: u64) {
        self.fine(wrote((1, 1, 1), index, (client, serial), (50, value)));
        self.fine(ended(client, serial, 50, put(value), Outcome::Ok, DONE));
    }

    /// The change is asked for, applied at that index, and acknowledged.
    fn changes(&mut self, index: u64, client: u16, serial: u64, key: u64, change: Change) {
        self.fine(invoked(client, serial, key, Operation::Write(change)));
        self.fine(at_key(index, (client, serial), key, change, WriteAnswer::Done));
        self.fine(ended(client, serial, key, Operation::Write(change), Outcome::Ok, DONE));
    }
}

/// A read of key 50 that has ended so.
fn read(client: u16, serial: u64, found: Option<u64>) -> EventKind {
    ended(client, serial, 50, READ, Outcome::Ok, value(found))
}

/// A write to key 50 that is not done, for all that its client knows.
fn unsure(client: u16, serial: u64, written: u64, outcome: Outcome) -> EventKind {
    ended(client, serial, 50, put(written), outcome, None)
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
    told.fine(read(1, 1, None));
    for value in [10, 20] {
        two_writes().fine(read(2, 1, Some(value)));
    }
    let mut told = two_writes();
    told.reads(3, 1);
    told.fine(read(3, 1, Some(20)));
    told.fine(read(2, 1, Some(10)));
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
    told.fine(read(2, 1, Some(20)));
}

#[test]
fn a_stale_and_a_phantom_read_are_found() {
    let stale = "read 0xa, which was overwritten before it began";
    let mut told = two_writes();
    told.reads(3, 1);
    told.wrong(read(3, 1, Some(10)), stale);
    two_writes().wrong(read(2, 1, Some(30)), "read 0x1e, never written");
    two_writes().wrong(read(2, 1, None), "read nothing, which was overwritten");
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
    told.fine(read(2, 1, Some(20)));
    told.fine(read(3, 1, Some(10)));
    told.reads(2, 2);
    told.wrong(read(2, 2, Some(10)), "overwritten before it began");
}

#[test]
fn an_acknowledged_write_that_was_never_applied_is_found() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.wrong(ended(1, 1, 50, put(10), Outcome::Ok, DONE), "is acknowledged, and lost");
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
    told.fine(unsure(1, 1, 10, Outcome::Unknown));
    told.reads(1, 2);
    told.fine(read(1, 2, None));
    told.reads(1, 3);
    told.fine(wrote((1, 1, 1), 6, (1, 1), (50, 10)));
    told.fine(read(1, 3, Some(10)));
    told.reads(1, 4);
    told.wrong(read(1, 4, None), "read nothing");
}

#[test]
fn a_write_that_failed_for_certain_and_one_that_nobody_asked_for_are_found() {
    let mut told = story();
    told.writes(1, 1, 10);
    told.fine(unsure(1, 1, 10, Outcome::Failed));
    told.wrong(wrote((1, 1, 1), 6, (1, 1), (50, 10)), "having failed for certain");
    let mut told = story();
    told.writes(1, 1, 10);
    told.fine(wrote((1, 1, 1), 6, (1, 1), (50, 10)));
    told.wrong(unsure(1, 1, 10, Outcome::Failed), "failed for certain, but took effect");
    story().wrong(wrote((1, 1, 1), 6, (1, 1), (50, 10)), "nobody asked for it");
    let mut told = story();
    told.writes(1, 1, 10);
    told.wrong(wrote((1, 1, 1), 6, (1, 1), (50, 11)), "as another: key 50 = 11");
}

#[test]
fn after_a_delete_there_is_nothing_to_read() {
    let deleted = || {
        let mut told = two_writes();
        told.changes(8, 1, 3, 50, Change::Delete);
        told.reads(3, 1);
        told
    };
    deleted().fine(read(3, 1, None));
    deleted().wrong(read(3, 1, Some(20)), "overwritten before it began");
    deleted().fine(read(2, 1, Some(10)));
}

#[test]
fn a_compare_and_set_sees_what_the_write_before_it_left() {
    let broken = "but its predecessor left Some(20)";
    let of = |change, answer| at_key(8, (1, 3), 50, change, answer);
    let asked = |change| {
        let mut told = two_writes();
        told.fine(invoked(1, 3, 50, Operation::Write(change)));
        told
    };
    let unequal = |found| WriteAnswer::Unequal { found };
    asked(set(Some(20), 30)).fine(of(set(Some(20), 30), WriteAnswer::Done));
    asked(set(Some(10), 30)).fine(of(set(Some(10), 30), unequal(Some(20))));
    asked(set(Some(10), 30)).wrong(of(set(Some(10), 30), WriteAnswer::Done), broken);
    asked(set(Some(20), 30)).wrong(of(set(Some(20), 30), unequal(Some(10))), broken);
    asked(set(None, 30)).wrong(of(set(None, 30), unequal(Some(10))), broken);
}

#[test]
fn a_retried_compare_and_set_is_told_what_it_was_told_first() {
    let asked = set(Some(10), 30);
    let unequal = WriteAnswer::Unequal { found: Some(20) };
    let mut told = two_writes();
    told.fine(invoked(1, 3, 50, Operation::Write(asked)));
    told.fine(at_key(8, (1, 3), 50, asked, unequal));
    let answered = |answer| {
        let answer = Some(Answer::Written(answer));
        ended(1, 3, 50, Operation::Write(asked), Outcome::Ok, answer)
    };
    told.wrong(answered(WriteAnswer::Done), "when it was applied first");
    let mut told = two_writes();
    told.fine(invoked(1, 3, 50, Operation::Write(asked)));
    told.fine(at_key(8, (1, 3), 50, asked, unequal));
    told.fine(answered(unequal));
    told.reads(3, 1);
    told.wrong(read(3, 1, Some(10)), "overwritten before it began");
}

/// Keys 40 and 50 have values 4 and 20, and client 3 scans keys 1 to 99.
fn scanning() -> Story<ClientHistories> {
    let mut story = two_writes();
    story.fine(read(2, 1, Some(10)));
    story.changes(8, 2, 2, 40, Change::Put { value: 4 });
    story.fine(invoked(3, 1, 1, Operation::Scan { end: Key(100) }));
    story
}

fn scan_ended(pairs: u64) -> EventKind {
    let answer = Some(Answer::Scanned { pairs });
    ended(3, 1, 1, Operation::Scan { end: Key(100) }, Outcome::Ok, answer)
}

#[test]
fn each_part_of_a_scan_is_linearizable_by_itself() {
    let mut told = scanning();
    told.fine(scanned(3, 1, (1, 45), &[(40, 4)]));
    told.changes(9, 1, 3, 40, Change::Put { value: 5 });
    told.changes(10, 1, 4, 50, Change::Put { value: 30 });
    told.fine(scanned(3, 1, (45, 100), &[(50, 20)]));
    told.fine(scan_ended(2));
    let mut told = scanning();
    told.fine(scanned(3, 1, (1, 45), &[(40, 4)]));
    told.changes(9, 1, 3, 50, Change::Delete);
    told.fine(scanned(3, 1, (45, 100), &[]));
    told.fine(scan_ended(1));
}

#[test]
fn a_scan_that_is_stale_misses_a_key_or_makes_one_up_is_found() {
    let stale = "scanned key 50 and read 0xa, which was overwritten";
    scanning().wrong(scanned(3, 1, (1, 100), &[(40, 4), (50, 10)]), stale);
    let absent = "scanned key 40 and read nothing, which was overwritten";
    scanning().wrong(scanned(3, 1, (1, 100), &[(50, 20)]), absent);
    let phantom = "scanned key 60 and read 0x1, never written";
    scanning().wrong(scanned(3, 1, (1, 100), &[(40, 4), (50, 20), (60, 1)]), phantom);
    let mut told = scanning();
    told.fine(scanned(3, 1, (1, 45), &[(40, 4)]));
    told.changes(9, 1, 3, 50, Change::Delete);
    told.fine(scanned(3, 1, (45, 48), &[]));
    told.wrong(
        scanned(3, 1, (48, 100), &[(50, 20)]),
        "scanned key 50 and read 0x14, which was overwritten",
    );
}

#[test]
fn a_scan_whose_parts_leave_a_key_out_is_found() {
    let mut told = scanning();
    told.fine(scanned(3, 1, (1, 45), &[(40, 4)]));
    told.wrong(scanned(3, 1, (46, 100), &[(50, 20)]), "but asked for 45 on");
    scanning().wrong(scanned(3, 1, (1, 100), &[(50, 20), (40, 4)]), "not in order");
    let mut told = scanning();
    told.fine(scanned(3, 1, (1, 45), &[(40, 4)]));
    told.wrong(scan_ended(1), "its parts have 1 up to 45");
}

#[test]
fn a_read_after_a_scan_does_not_go_back_behind_it() {
    let mut told = scanning();
    told.fine(invoked(1, 3, 50, put(30)));
    told.fine(wrote((1, 1, 1), 9, (1, 3), (50, 30)));
    told.fine(scanned(3, 1, (1, 100), &[(40, 4), (50, 30)]));
    told.reads(2, 3);
    told.wrong(read(2, 3, Some(20)), "overwritten before it began");
}
