//! R10, promise before reply: when a replica's answer leaves its node, what it promises is durable
//! there, be it a vote or entries (Raft, figure 2, "updated on stable storage before responding to
//! RPCs"; Ongaro's thesis, section 3.8).
//!
//! A vote that has moved on to a later term, or to whoever has won this one, keeps the promise: the
//! replica votes for nobody else in that term.

use super::Property;
use super::disks::{Disks, Rows};
use crate::event::Event;
use crate::probe::{Fact, LogPoint, Promise};
use crate::raft::seat::Seat;

/// See the module.
pub(crate) struct PromiseFirst;

fn is_kept(rows: &Rows, promise: &Promise) -> bool {
    match *promise {
        Promise::Vote { term, candidate } => rows.vote.is_some_and(|vote| {
            vote.term > term || (vote.term == term && (vote.candidate == candidate || vote.won))
        }),
        Promise::Log(at) => rows.has(at),
    }
}

impl Property for PromiseFirst {
    fn id(&self) -> &'static str {
        "R10"
    }

    fn name(&self) -> &'static str {
        "promise before reply"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Promised { seat: Seat { node, shard, replica }, promise } = fact else {
            return Ok(());
        };
        *compared += 1;
        if disks.durable(*node, *replica).is_some_and(|rows| is_kept(rows, promise)) {
            return Ok(());
        }
        let what = match promise {
            Promise::Vote { term, candidate } => {
                format!("grants {candidate} its vote in term {term}")
            }
            Promise::Log(LogPoint { term, index }) => {
                format!("says that it has entry {index} of term {term}")
            }
        };
        Err(format!("{replica} of {shard} on {node} {what}, and that is not durable"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{
        disk_crashed, durable, entry, first_rows, promised, vote, written,
    };
    use super::super::story::Story;
    use super::*;

    const AT: (u16, u64, u64) = (1, 1, 1);

    fn log(term: u64, index: u64) -> Fact {
        promised(AT, Promise::Log(LogPoint { term, index }))
    }

    fn votes(term: u64, candidate: u64) -> Fact {
        promised(AT, Promise::Vote { term, candidate: crate::id::ReplicaId(candidate) })
    }

    /// Replica 1 of shard_a has voted for 2 in term 6, and has entry 6.
    fn story() -> Story<PromiseFirst> {
        let mut story = Story::new(PromiseFirst);
        for rows in [first_rows(AT), vec![vote(1, 6, 2, false), entry(1, 6, 6)]] {
            story.fine_fact(&written(1, rows.clone()));
            story.fine_fact(&durable(1, rows));
        }
        story
    }

    #[test]
    fn what_is_durable_may_be_promised() {
        let mut story = story();
        story.fine_fact(&log(6, 6));
        story.fine_fact(&log(5, 5));
        story.fine_fact(&votes(6, 2));
        let won = vec![vote(1, 6, 3, true)];
        story.fine_fact(&written(1, won.clone()));
        story.fine_fact(&durable(1, won));
        story.fine_fact(&votes(6, 2));
        let later = vec![vote(1, 7, 3, false)];
        story.fine_fact(&written(1, later.clone()));
        story.fine_fact(&durable(1, later));
        story.fine_fact(&votes(6, 2));
        assert_eq!(story.compared, 5);
    }

    #[test]
    fn a_promise_that_a_crash_would_break_is_found() {
        let mut story = story();
        story.fine_fact(&written(1, vec![vote(1, 7, 3, false), entry(1, 7, 6)]));
        story.wrong_fact(&log(6, 7), "has entry 7 of term 6, and that is not durable");
        story.wrong_fact(&votes(7, 3), "grants r3 its vote in term 7");
        story.wrong_fact(&votes(6, 3), "grants r3 its vote in term 6");
        story.fine_fact(&disk_crashed(1));
        story.fine_fact(&votes(6, 2));
    }
}
