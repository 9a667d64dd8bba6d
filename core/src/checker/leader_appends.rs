//! R2, a leader only appends: as long as it leads, a replica neither overwrites nor cuts off an
//! entry of its log (Raft, figure 3, "leader append-only"; TLA+ `LeaderAppendOnly`).
//!
//! Looks at what is written on disk. A replica leads from when it writes that it has won its term
//! until it writes another vote: to follow anyone else it must write that one's first, also after a
//! crash. To drop a log up to a snapshot is neither.

use litemap::LiteMap;

use super::Property;
use super::disks::{Disks, Rows};
use crate::event::Event;
use crate::id::{NodeId, ReplicaId};
use crate::probe::{Fact, RowFact};

/// See the module.
#[derive(Default)]
pub(crate) struct LeaderAppends {
    /// One small row for each replica that is not destroyed.
    replicas: LiteMap<(NodeId, ReplicaId), Log>,
}

#[derive(Default)]
struct Log {
    leads: bool,
    /// Index of the last entry written.
    last: u64,
}

impl Log {
    fn of(replica: ReplicaId, rows: &Rows) -> Self {
        let leads = rows.vote.is_some_and(|vote| vote.is_won_by(replica));
        Self { leads, last: rows.last() }
    }

    fn write(&mut self, row: &RowFact, compared: &mut u64) -> Result<(), String> {
        let before = self.last;
        match *row {
            RowFact::Vote { replica, vote } => self.leads = vote.is_won_by(replica),
            RowFact::Snapshot { ref snapshot, .. } => self.last = before.max(snapshot.at.index),
            RowFact::Entry { index, .. } => {
                *compared += u64::from(self.leads);
                self.last = before.max(index);
                if self.leads && index <= before {
                    return Err(format!("leads, and overwrites {index} of its log up to {before}"));
                }
            }
            RowFact::EntriesDeleted { from, to: u64::MAX, .. } => {
                self.last = before.min(from.saturating_sub(1));
                if self.leads && from <= before {
                    return Err(format!("leads, and cuts off its log up to {before} from {from}"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Property for LeaderAppends {
    fn id(&self) -> &'static str {
        "R2"
    }

    fn name(&self) -> &'static str {
        "a leader only appends"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, disks: &Disks, compared: &mut u64) -> Result<(), String> {
        match fact {
            Fact::Written { node, rows, .. } => {
                for row in rows.iter() {
                    let at = (*node, row.replica());
                    if let RowFact::Deleted { .. } = row {
                        self.replicas.remove(&at);
                        continue;
                    }
                    let done = self.replicas.entry(at).or_default().write(row, compared);
                    done.map_err(|why| format!("{} on {node} {why}", at.1))?;
                }
            }
            Fact::Crashed { node } | Fact::DiskLost { node } => {
                self.replicas.retain(|(at, _), _| at != node);
                for (replica, rows) in disks.written_on(*node).into_iter().flatten() {
                    self.replicas.insert((*node, *replica), Log::of(*replica, rows));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{disk_crashed, durable, entry, first_rows, vote, written};
    use super::super::story::Story;
    use super::*;

    fn cut(from: u64) -> RowFact {
        RowFact::EntriesDeleted { replica: ReplicaId(1), from, to: u64::MAX }
    }

    /// Replica 1 has entries up to 7 of term 6, in which it leads.
    fn story() -> Story<LeaderAppends> {
        let mut story = Story::new(LeaderAppends::default());
        let leads = vec![vote(1, 6, 1, true), entry(1, 6, 6), entry(1, 7, 6)];
        for rows in [first_rows((1, 1, 1)), leads] {
            story.fine_fact(&written(1, rows.clone()));
            story.fine_fact(&durable(1, rows));
        }
        story
    }

    #[test]
    fn a_leader_appends_and_drops_and_one_that_follows_again_may_cut_off() {
        let mut story = story();
        story.fine_fact(&written(1, vec![entry(1, 8, 6)]));
        let dropped = RowFact::EntriesDeleted { replica: ReplicaId(1), from: 0, to: 7 };
        story.fine_fact(&written(1, vec![dropped]));
        story.fine_fact(&written(1, vec![vote(1, 7, 2, true)]));
        story.fine_fact(&written(1, vec![cut(8)]));
        story.fine_fact(&written(1, vec![entry(1, 8, 7)]));
        assert_eq!(story.compared, 3);
    }

    #[test]
    fn what_a_crash_took_is_written_again_at_the_same_place() {
        let mut story = story();
        story.fine_fact(&written(1, vec![entry(1, 8, 6)]));
        story.fine_fact(&disk_crashed(1));
        story.fine_fact(&written(1, vec![vote(1, 7, 1, false)]));
        story.fine_fact(&written(1, vec![vote(1, 7, 1, true), entry(1, 8, 7)]));
    }

    #[test]
    fn a_leader_that_overwrites_or_cuts_off_is_found() {
        story().wrong_fact(&written(1, vec![entry(1, 7, 6)]), "overwrites 7");
        story().wrong_fact(&written(1, vec![cut(7)]), "cuts off its log up to 7 from 7");
    }
}
