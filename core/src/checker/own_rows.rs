//! S20, a message for one shard changes no other: a message reaches the replica that it is meant
//! for, from one of the same shard, and whoever works for a replica writes that replica's rows alone
//! (TiKV: one peer an fsm, and `PeerMsg` routed by region id; CockroachDB: a store's `raftMu` a
//! replica).
//!
//! Two replicas may be written in one batch where one begins or ends: a split's child, a tombstone.

use std::collections::{BTreeMap, BTreeSet};

use super::Property;
use super::disks::Disks;
use crate::event::Event;
use crate::id::{ReplicaId, ShardId};
use crate::probe::{Fact, RowFact};
use crate::sim::Owner;

/// How many replicas are known: the newest ones, as whoever sends messages was made lately.
const REPLICAS_MAX: usize = 1 << 14;

/// See the module.
#[derive(Default)]
pub(crate) struct OwnRows {
    /// Of which shard each replica is.
    shards: BTreeMap<ReplicaId, ShardId>,
}

impl OwnRows {
    fn note(&mut self, rows: &[RowFact]) {
        for row in rows {
            if let RowFact::Record { replica, shard, .. } = *row {
                self.shards.insert(replica, shard);
                if self.shards.len() > REPLICAS_MAX {
                    self.shards.pop_first();
                }
            }
        }
    }
}

/// A replica in `rows` that whoever writes them, as `by`, has no business with.
fn foreign(by: Owner, rows: &[RowFact]) -> Option<ReplicaId> {
    let others = || rows.iter().filter(|row| row.replica().0 != by.scope);
    others().next()?;
    let named = |row: &RowFact| matches!(row, RowFact::Record { .. }).then(|| row.replica());
    let in_catalog: BTreeSet<ReplicaId> = others().filter_map(named).collect();
    let ends = |row: &&RowFact| matches!(row, RowFact::Deleted { .. });
    let may = |row: &&RowFact| ends(row) || in_catalog.contains(&row.replica());
    others().find(|row| !may(row)).map(RowFact::replica)
}

impl Property for OwnRows {
    fn id(&self) -> &'static str {
        "S20"
    }

    fn name(&self) -> &'static str {
        "a message changes its own shard alone"
    }

    fn check(&mut self, _: &Event, _: &mut u64) -> Result<(), String> {
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, _: &Disks, compared: &mut u64) -> Result<(), String> {
        match fact {
            Fact::Written { node, by, rows } => {
                self.note(rows);
                *compared += 1;
                match foreign(*by, rows) {
                    None => Ok(()),
                    Some(replica) if by.scope == 0 => {
                        Err(format!("{node} itself writes rows of {replica}"))
                    }
                    Some(replica) => {
                        let by = ReplicaId(by.scope);
                        Err(format!("on {node}, rows of {replica} are written on behalf of {by}"))
                    }
                }
            }
            Fact::Handed { seat, shard, to, from } => {
                *compared += 1;
                let from = from.and_then(|from| Some((from, *self.shards.get(&from)?)));
                if (seat.shard, seat.replica) != (*shard, *to) {
                    return Err(format!(
                        "a message for {to} of {shard} is handed to {} of {} on {}",
                        seat.replica, seat.shard, seat.node
                    ));
                }
                match from.filter(|(_, of)| of != shard) {
                    None => Ok(()),
                    Some((from, of)) => Err(format!(
                        "a message of {from} of {of} is handed to {to} of {shard} on {}",
                        seat.node
                    )),
                }
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fact_story::{
        config, entry, first_rows, record, seat, snapshot, vote, written, written_by,
    };
    use super::super::story::Story;
    use super::*;

    /// r1 of shard_a and r4 of shard_b are on `n1`.
    fn story() -> Story<OwnRows> {
        let mut story = Story::new(OwnRows::default());
        story.fine_fact(&written(1, first_rows((1, 1, 1))));
        story.fine_fact(&written(1, first_rows((1, 2, 4))));
        story
    }

    fn handed(at: (u16, u64, u64), shard: u64, to: u64, from: u64) -> Fact {
        let (shard, to, from) = (ShardId(shard), ReplicaId(to), Some(ReplicaId(from)));
        Fact::Handed { seat: seat(at), shard, to, from }
    }

    #[test]
    fn each_writes_its_own_a_parent_its_child_and_the_node_its_catalog() {
        let mut story = story();
        story.fine_fact(&written_by(1, 1, vec![vote(1, 6, 2, false), entry(1, 6, 6)]));
        let mut born = first_rows((1, 3, 7));
        born.push(snapshot(1, 6, 9, config(&[&[1, 2, 3]], &[])));
        story.fine_fact(&written_by(1, 1, born));
        let gone = RowFact::Deleted { replica: ReplicaId(4) };
        story.fine_fact(&written(1, vec![gone, record((1, 2, 9), true)]));
        story.fine_fact(&handed((1, 1, 1), 1, 1, 2));
        assert_eq!(story.compared, 6);
    }

    #[test]
    fn rows_of_another_replica_are_found() {
        let other = written_by(1, 1, vec![entry(1, 6, 6), entry(4, 6, 6)]);
        story().wrong_fact(&other, "rows of r4 are written on behalf of r1");
        story().wrong_fact(&written(1, vec![vote(4, 6, 4, false)]), "n1 itself writes rows of r4");
    }

    #[test]
    fn a_message_that_reaches_or_comes_from_another_shard_is_found() {
        story().wrong_fact(&handed((1, 2, 4), 1, 1, 2), "handed to r4 of shard_b");
        story().wrong_fact(&handed((1, 2, 4), 2, 4, 1), "a message of r1 of shard_a");
    }
}
