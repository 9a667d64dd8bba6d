//! R3, log matching on the committed prefix: whoever has a committed entry has the same one, in its
//! log and in what it applies (Raft, figure 3; TLA+ `LogMatching`).
//!
//! The first replica to apply an index says its term and the digest of all that the entry says;
//! every other one must say the same, and each must apply what is on its own disk. `R5` and `R7`
//! look at what entries did.

use super::Property;
use super::disks::Disks;
use super::history::History;
use crate::event::Event;
use crate::probe::{Fact, LogPoint};
use crate::raft::seat::Seat;

/// See the module.
#[derive(Default)]
pub(crate) struct LogMatching {
    /// Term and digest.
    entries: History<(u64, u64)>,
}

impl Property for LogMatching {
    fn id(&self) -> &'static str {
        "R3"
    }

    fn name(&self) -> &'static str {
        "log matching"
    }

    fn check(&mut self, event: &Event, _: &mut u64) -> Result<(), String> {
        self.entries.follow(&event.kind);
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        let Fact::Applied { seat, at: LogPoint { term, index }, digest } = *fact else {
            return Ok(());
        };
        let Seat { node, shard, replica } = seat;
        let now = (term, digest);
        let own = disks.written(node, replica).and_then(|rows| rows.log.get(&index));
        *compared += 1;
        let Some(own) = own else {
            return Err(format!("{node} applies entry {index} of {shard}, which it does not have"));
        };
        if (own.term, own.digest) != now {
            return Err(format!(
                "{node} applies another entry {index} of {shard} than the one of term {} in its log",
                own.term
            ));
        }
        let first = self.entries.earlier(shard, index, now).unwrap_or(now);
        if first == now {
            return Ok(());
        }
        Err(format!(
            "entry {index} of {shard} was of term {}, digest {:016x}, where it was applied first; \
             {replica} on {node} has one of term {term}, digest {digest:016x}",
            first.0, first.1
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{entry, entry_applied, first_rows, seat, written};
    use super::super::story::{Story, started};
    use super::*;
    use crate::event::Origin;

    /// Replicas 1 and 2 of shard_a have entry 6 of term 6; 3 has one of term 7 there.
    fn story() -> Story<LogMatching> {
        let mut story = Story::new(LogMatching::default());
        for (n, term) in [(1, 6), (2, 6), (3, 7)] {
            let at = (n, 1, u64::from(n));
            story.fine(started(at, Origin::Bootstrap, Some((1, 200))));
            story.fine_fact(&written(n, first_rows(at)));
            story.fine_fact(&written(n, vec![entry(u64::from(n), 6, term)]));
        }
        story
    }

    #[test]
    fn whoever_applies_an_entry_has_the_same_one() {
        let mut story = story();
        story.fine_fact(&entry_applied((1, 1, 1), 6, 6));
        story.fine_fact(&entry_applied((2, 1, 2), 6, 6));
        assert_eq!(story.compared, 2);
    }

    #[test]
    fn another_entry_another_content_and_one_that_is_not_in_the_log_are_found() {
        let mut told = story();
        told.fine_fact(&entry_applied((1, 1, 1), 6, 6));
        told.wrong_fact(&entry_applied((3, 1, 3), 6, 7), "was of term 6");
        told.wrong_fact(&entry_applied((2, 1, 2), 7, 6), "which it does not have");
        let other =
            Fact::Applied { seat: seat((1, 1, 1)), at: LogPoint { term: 6, index: 6 }, digest: 9 };
        story().wrong_fact(&other, "applies another entry 6");
    }
}
