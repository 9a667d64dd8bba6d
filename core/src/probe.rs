//! What the checkers must know and the trace must not hold: rows as they are written and become
//! durable, promises as they leave a node, entries as they are applied.
//!
//! A [`Probe`] is handed out beside the `Trace`. Storage, state machines and nodes tell it facts;
//! the observer takes them after each step and hands them on together with the events, in the order
//! in which all of it happened. Facts are in no digest and in no recording, and nothing may be
//! decided by them: a run is the same with a probe and without. One that is off, as it is by
//! default, drops what it is told before it is even put together.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Key, KeyRange};
use crate::raft::seat::Seat;
use crate::sim::{Owner, Time};
use crate::trace::Trace;

/// A handle on what is told in one run. The default is off.
#[derive(Clone, Default)]
pub(crate) struct Probe(Option<Rc<Told>>);

struct Told {
    trace: Trace,
    facts: RefCell<Vec<Timed>>,
}

/// A fact, and how many events there were before it.
pub(crate) type Timed = (u64, Fact);

impl Probe {
    /// One that is on; its facts are taken in the order of `trace`'s events.
    pub(crate) fn beside(trace: &Trace) -> Self {
        Self(Some(Rc::new(Told { trace: trace.clone(), facts: RefCell::default() })))
    }

    /// Tells what `fact` makes, if anybody listens.
    pub(crate) fn tell(&self, fact: impl FnOnce() -> Fact) {
        if let Some(told) = &self.0 {
            let fact = fact();
            told.facts.borrow_mut().push((told.trace.seq(), fact));
        }
    }

    /// Takes what was told since the last call, in order, and leaves the empty `facts` for what
    /// comes.
    pub(crate) fn take(&self, facts: &mut Vec<Timed>) {
        if let Some(told) = &self.0 {
            std::mem::swap(&mut *told.facts.borrow_mut(), facts);
        }
    }
}

/// Something that is so, or was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A batch of rows was written on a node's disk: readers see it, and a crash takes it back.
    Written { node: NodeId, by: Owner, rows: Rc<Vec<RowFact>> },
    /// The oldest batch that was not durable is.
    Durable { node: NodeId, rows: Rc<Vec<RowFact>> },
    /// A node crashed: what it had written and was not durable is gone.
    Crashed { node: NodeId },
    /// All that was on a disk is lost.
    DiskLost { node: NodeId },
    /// A replica applied an entry with that digest.
    Applied { seat: Seat, at: LogPoint, digest: u64 },
    /// A replica's answer to another one leaves its node, and promises something.
    Promised { seat: Seat, promise: Promise },
    /// A node starts from its disk, with these replicas.
    NodeStarted { node: NodeId, found: Vec<Found> },
    /// A message for the replica `to` of `shard`, from another one once that is a member, is handed
    /// to the one of `seat`.
    Handed { seat: Seat, shard: ShardId, to: ReplicaId, from: Option<ReplicaId> },
    /// A replica's state holds this, right behind the entry at `index`.
    Holds { seat: Seat, index: u64, holds: Holds },
    /// An answer to a client leaves a node: the operation is done.
    Answered { seat: Seat, answered: Answered },
    /// What is left of a replica at the end of the step in which it was destroyed.
    Remains { seat: Seat, tasks: usize, timers: usize, held: bool },
}

/// A live replica as its node finds it on its disk when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) replica: ReplicaId,
    pub(crate) shard: ShardId,
    pub(crate) vote: Option<VoteFact>,
    pub(crate) snapshot: Option<LogPoint>,
    /// Index of its last entry that is still in the log; 0 if there is none.
    pub(crate) last: u64,
}

/// What is in a replica's state, counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) range: KeyRange,
    pub(crate) keys: u64,
    /// The first and the last key.
    pub(crate) outermost: Option<(Key, Key)>,
    /// The sum of the digests of all pairs.
    pub(crate) digest: u64,
}

/// An answer to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// How often its node had started.
    pub(crate) start: u32,
    /// When the question reached the node, and when the answer leaves it.
    pub(crate) arrived: Time,
    pub(crate) left: Time,
    /// For which keys, and under which version of the shard.
    pub(crate) keys: KeyRange,
    pub(crate) version: u64,
    /// The shard's range at that version; `None` if it has changed since.
    pub(crate) range: Option<KeyRange>,
    pub(crate) grounds: Grounds,
}

/// On what an answer rests, and the term in which that was so: of the entry of a write, of the leader
/// that a quorum or a lease confirmed. The replica's own may be newer by the time the answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grounds {
    pub(crate) term: u64,
    pub(crate) basis: Basis,
}

/// On what an answer rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// On an entry that was applied: a write.
    Entry,
    /// On a quorum that still took the replica for its leader.
    Quorum,
    /// On a leader's lease.
    Lease,
    /// On what a follower's leader said, which may rest on a lease if that is what reads ask for.
    Follower { lease: bool },
}

/// A change to the rows of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowFact {
    /// The node's catalog names it: live, or destroyed.
    Record { replica: ReplicaId, shard: ShardId, destroyed: bool },
    /// Its vote.
    Vote { replica: ReplicaId, vote: VoteFact },
    /// What it knows to be committed.
    Committed { replica: ReplicaId, at: LogPoint },
    /// Up to where its log is dropped.
    Purged { replica: ReplicaId, at: LogPoint },
    /// Its snapshot.
    Snapshot { replica: ReplicaId, snapshot: SnapshotFact },
    /// An entry of its log.
    Entry { replica: ReplicaId, index: u64, entry: EntryFact },
    /// Its entries from one index to another one, both deleted.
    EntriesDeleted { replica: ReplicaId, from: u64, to: u64 },
    /// All its rows are deleted.
    Deleted { replica: ReplicaId },
}

impl RowFact {
    /// Whose row it is.
    pub(crate) fn replica(&self) -> ReplicaId {
        match self {
            Self::Record { replica, .. }
            | Self::Vote { replica, .. }
            | Self::Committed { replica, .. }
            | Self::Purged { replica, .. }
            | Self::Snapshot { replica, .. }
            | Self::Entry { replica, .. }
            | Self::EntriesDeleted { replica, .. }
            | Self::Deleted { replica } => *replica,
        }
    }
}

/// A place in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogPoint {
    pub(crate) term: u64,
    pub(crate) index: u64,
}

/// A vote: for whom, and whether that one is known to have won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VoteFact {
    pub(crate) term: u64,
    pub(crate) candidate: ReplicaId,
    pub(crate) won: bool,
}

impl VoteFact {
    /// Whether a replica that gave `before` may write this one later: never a lower one, nor another
    /// one in the same term; but whomever it voted for, it follows who has won.
    pub(crate) fn may_follow(&self, before: &Self) -> bool {
        let loses = self.won && !before.won;
        let same = self.candidate == before.candidate && self.won == before.won;
        self.term > before.term || (self.term == before.term && (loses || same))
    }

    /// Whether `replica` itself has won with it.
    pub(crate) fn is_won_by(&self, replica: ReplicaId) -> bool {
        self.won && self.candidate == replica
    }
}

/// The replicas, each with its shard, that begin in a batch: live, and with a snapshot.
pub(crate) fn births(rows: &[RowFact]) -> Vec<(ReplicaId, ShardId)> {
    let mut born: Vec<(ReplicaId, ShardId)> = rows.iter().filter_map(live_record).collect();
    if !born.is_empty() {
        let with_state: BTreeSet<ReplicaId> = rows.iter().filter_map(with_snapshot).collect();
        born.retain(|(replica, _)| with_state.contains(replica));
    }
    born
}

fn live_record(row: &RowFact) -> Option<(ReplicaId, ShardId)> {
    match *row {
        RowFact::Record { replica, shard, destroyed: false } => Some((replica, shard)),
        _ => None,
    }
}

fn with_snapshot(row: &RowFact) -> Option<ReplicaId> {
    matches!(row, RowFact::Snapshot { .. }).then(|| row.replica())
}

/// A log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryFact {
    pub(crate) term: u64,
    /// Of all that it says.
    pub(crate) digest: u64,
    /// The membership that it makes, if it makes one.
    pub(crate) config: Option<Rc<Config>>,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotFact {
    /// Of the last entry in it.
    pub(crate) at: LogPoint,
    pub(crate) range: KeyRange,
    pub(crate) config: Rc<Config>,
}

/// A membership: the voters of its configuration, of both while it is joint, and where all members
/// are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Config {
    pub(crate) voters: Vec<Vec<ReplicaId>>,
    pub(crate) nodes: Vec<(ReplicaId, NodeId)>,
}

impl Config {
    /// Whether those of whom `has` is true are a majority of each configuration.
    pub(crate) fn has_quorum(&self, mut has: impl FnMut(ReplicaId, NodeId) -> bool) -> bool {
        let mut of = |id: ReplicaId| self.node_of(id).is_some_and(|node| has(id, node));
        self.voters.iter().all(|voters| {
            let those = voters.iter().filter(|id| of(**id)).count();
            those * 2 > voters.len()
        })
    }

    /// Where a member is.
    pub(crate) fn node_of(&self, replica: ReplicaId) -> Option<NodeId> {
        self.nodes.iter().find(|(id, _)| *id == replica).map(|(_, node)| *node)
    }
}

/// What an answer to another replica promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// The sender votes like this in that term.
    Vote { term: u64, candidate: ReplicaId },
    /// The sender has all entries up to this one.
    Log(LogPoint),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventKind;

    const NODE: NodeId = NodeId(1);

    #[test]
    fn facts_are_taken_once_with_the_number_of_events_before_them() {
        let trace = Trace::observed();
        let probe = Probe::beside(&trace);
        probe.tell(|| Fact::Crashed { node: NODE });
        trace.record(EventKind::NodePaused { node: NODE });
        probe.tell(|| Fact::Crashed { node: NODE });
        let mut facts = Vec::new();
        probe.take(&mut facts);
        assert_eq!(facts.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [0, 1]);
        facts.clear();
        probe.take(&mut facts);
        assert!(facts.is_empty());
    }

    #[test]
    fn a_probe_that_is_off_does_not_even_ask_what_it_would_be_told() {
        let probe = Probe::default();
        probe.tell(|| panic!("nobody listens"));
        let mut facts = Vec::new();
        probe.take(&mut facts);
        assert!(facts.is_empty());
    }

    #[test]
    fn a_joint_configuration_needs_a_majority_of_both_halves_and_of_nobody_else() {
        let voters = vec![[1, 2, 3].map(ReplicaId).to_vec(), [3, 4, 5].map(ReplicaId).to_vec()];
        let node = |id: u16| (ReplicaId(u64::from(id)), NodeId(id));
        let config = Config { voters, nodes: (1..=9).map(node).collect() };
        let quorum = |ids: &[u64]| config.has_quorum(|id, _| ids.contains(&id.0));
        assert!(quorum(&[1, 3, 5]));
        assert!(!quorum(&[1, 2, 3]));
        assert!(!quorum(&[1, 5, 6, 7, 8, 9]));
    }
}
