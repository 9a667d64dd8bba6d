//! How a replica comes to be on a disk: its first rows, and when a split may make it.
//!
//! A shard that begins, from nothing or from a split, begins like this on every replica: log purged
//! at the initial log id, a vote of the initial term that nobody has won, and a snapshot at that
//! log id with range, membership and data. No `initialize()`; one replica campaigns, and a learner
//! that comes later gets a snapshot by itself. The constants are TiKV's `RAFT_INIT_LOG_TERM` and
//! `RAFT_INIT_LOG_INDEX` (`components/raftstore/src/store/peer_storage.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::entry::Split;
use super::state::ShardState;
use super::types::{
    Entry, EntryPayload, Membership, NodeBatch, NodeDisk, Part, Record, RecordState, ReplicaNode,
    Row, RowKey, SnapshotMeta, StoredMembership, StoredSnapshot, Vote, log_id,
};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, KeyRange};
use crate::plant::{self, Plant};

/// Term of a new shard's initial log id and vote.
pub const INITIAL_TERM: u64 = 5;
/// Index of a new shard's initial log id.
pub const INITIAL_INDEX: u64 = 5;

/// Whose the node's own rows are.
const NOBODY: ReplicaId = ReplicaId(0);

/// Adds to `batch` the rows with which `replica` begins, its vote not below one that it already
/// gave.
pub fn put_first_rows(
    batch: &mut NodeBatch,
    replica: ReplicaId,
    state: ShardState,
    membership: Membership,
    given: Option<Vote>,
) {
    let initial = Some(log_id(INITIAL_TERM, INITIAL_INDEX));
    let initial_vote = Vote::new(INITIAL_TERM, replica);
    let vote = match given {
        Some(given) if given > initial_vote && !plant::is(Plant::SplitLowersVote) => given,
        _ => initial_vote,
    };
    let shard = state.shard;
    let last_membership = StoredMembership::new(initial, membership);
    let meta = SnapshotMeta { last_log_id: initial, last_membership };
    let snapshot = StoredSnapshot { meta, state: Rc::new(state) };
    batch
        .put(replica.row(Part::Record), Row::Record(Record { shard, state: RecordState::Live }))
        .put(replica.row(Part::Vote), Row::Vote(vote))
        .put(replica.row(Part::Committed), Row::LogId(initial))
        .put(replica.row(Part::Purged), Row::LogId(initial))
        .put(replica.row(Part::Snapshot), Row::Snapshot(Rc::new(snapshot)));
}

/// The membership of a split's child: the parent's, with each replica replaced by the one named for
/// its node.
#[must_use]
pub fn child_membership(parent: &Membership, split: &Split) -> Membership {
    let named: BTreeMap<NodeId, ReplicaId> = split.replicas.iter().copied().collect();
    let born: BTreeMap<ReplicaId, (ReplicaId, ReplicaNode)> =
        parent.nodes().filter_map(|(old, at)| Some((*old, (*named.get(&at.node)?, *at)))).collect();
    let configs = parent
        .get_joint_config()
        .iter()
        .map(|voters| voters.iter().filter_map(|old| Some(born.get(old)?.0)).collect())
        .collect();
    membership(configs, born.into_values().collect())
}

/// For [`Plant::JointConfigurationSkipped`]: makes a joint configuration its newer half.
pub(crate) fn skip_joint(entry: &mut Entry) {
    if let EntryPayload::Membership(joint) = &mut entry.payload {
        let newer = joint.get_joint_config().last().cloned().into_iter().collect();
        *joint = membership(newer, joint.nodes().map(|(id, at)| (*id, *at)).collect());
    }
}

/// A membership whose voters all have a node, which its makers see to.
pub(crate) fn membership(
    configs: Vec<BTreeSet<ReplicaId>>,
    nodes: BTreeMap<ReplicaId, ReplicaNode>,
) -> Membership {
    Membership::new(configs, nodes).expect("every voter was given a node together with its id")
}

/// Adds to `batch` that a node holds no replica before `floor`.
pub fn put_floor(batch: &mut NodeBatch, floor: ReplicaId) {
    batch.put(NOBODY.row(Part::Floor), Row::Floor(floor));
}

/// The id below which every replica is refused; none on a disk that is empty.
#[must_use]
pub fn floor(disk: &NodeDisk) -> Option<ReplicaId> {
    match disk.get(&NOBODY.row(Part::Floor)) {
        Some(Row::Floor(floor)) => Some(floor),
        _ => None,
    }
}

/// The node's catalog: every replica that it holds or has held, by id.
#[must_use]
pub fn catalog(disk: &NodeDisk) -> Vec<(ReplicaId, Record)> {
    let mut found = Vec::new();
    let mut from = ReplicaId(0).row(Part::Record);
    // Leaps from replica to replica, so that the cost is in their number and not in that of their
    // rows.
    while let Some(replica) = disk.scan(from.., |rows| rows.next().map(|(key, _)| key.replica)) {
        if let Some(Row::Record(record)) = disk.get(&replica.row(Part::Record)) {
            found.push((replica, record));
        }
        from = RowKey { replica: ReplicaId(replica.0 + 1), part: Part::Record };
    }
    found
}

/// Whether a split may make `replica` of `shard` on this disk, and if so, the vote that it must
/// keep.
///
/// No, if the catalog knows that very replica to be initialized or destroyed, or a newer one of the
/// shard: the split is applied again, or late, and the world has moved on (TiKV: `check_need_skip`
/// in `fsm/apply.rs`).
#[must_use]
pub fn may_be_born(disk: &NodeDisk, shard: ShardId, replica: ReplicaId) -> Option<Option<Vote>> {
    if floor(disk).is_some_and(|floor| replica < floor) {
        return None;
    }
    for (known, record) in catalog(disk).into_iter().filter(|(_, r)| r.shard == shard) {
        let uninitialized = record.state == RecordState::Live && !is_initialized(disk, known);
        let moved_on = known > replica || (known == replica && !uninitialized);
        if moved_on && !plant::is(Plant::SplitOverwritesChild) {
            return None;
        }
    }
    match disk.get(&replica.row(Part::Vote)) {
        Some(Row::Vote(vote)) => Some(Some(vote)),
        _ => Some(None),
    }
}

/// Whether a replica has a range: it began with one, or installed a snapshot.
#[must_use]
pub fn is_initialized(disk: &NodeDisk, replica: ReplicaId) -> bool {
    range(disk, replica).is_some()
}

/// The range of a replica's last snapshot; `None` while uninitialized.
#[must_use]
pub fn range(disk: &NodeDisk, replica: ReplicaId) -> Option<KeyRange> {
    snapshot(disk, replica).map(|stored| stored.state.range)
}

/// What a replica's last snapshot says that its shard is; `None` while uninitialized.
#[must_use]
pub fn descriptor(disk: &NodeDisk, replica: ReplicaId) -> Option<Descriptor> {
    let stored = snapshot(disk, replica)?;
    Some(stored.state.descriptor(stored.meta.last_membership.membership()))
}

/// A replica's last snapshot; `None` while uninitialized.
pub(crate) fn snapshot(disk: &NodeDisk, replica: ReplicaId) -> Option<Rc<StoredSnapshot>> {
    match disk.get(&replica.row(Part::Snapshot)) {
        Some(Row::Snapshot(stored)) => Some(stored),
        _ => None,
    }
}

/// Whether a replica still has the vote that it began with: it has not campaigned, nor been asked
/// for its vote, nor heard from a leader.
#[must_use]
pub fn is_untouched(disk: &NodeDisk, replica: ReplicaId) -> bool {
    let initial = Vote::new(INITIAL_TERM, replica);
    matches!(disk.get(&replica.row(Part::Vote)), Some(Row::Vote(vote)) if vote == initial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Epoch, Key};

    fn begin(disk: &NodeDisk, replica: u64, given: Option<Vote>) {
        let state = ShardState::empty(ShardId(2), KeyRange::inclusive(1, 9), Epoch::default());
        let mut batch = NodeBatch::default();
        put_first_rows(&mut batch, ReplicaId(replica), state, Membership::default(), given);
        disk.write(batch, None);
    }

    fn vote_of(disk: &NodeDisk, replica: u64) -> Vote {
        match disk.get(&ReplicaId(replica).row(Part::Vote)) {
            Some(Row::Vote(vote)) => vote,
            other => panic!("no vote but {other:?}"),
        }
    }

    #[test]
    fn a_vote_that_the_child_already_gave_is_never_lowered() {
        let disk = NodeDisk::immediate();
        let given = Vote::new(6, ReplicaId(4));
        begin(&disk, 5, Some(given));
        assert_eq!(vote_of(&disk, 5), given);
        begin(&disk, 6, Some(Vote::new(1, ReplicaId(4))));
        assert_eq!(vote_of(&disk, 6), Vote::new(INITIAL_TERM, ReplicaId(6)));
    }

    #[test]
    fn a_split_never_brings_back_a_child_that_is_destroyed_initialized_or_replaced() {
        let disk = NodeDisk::immediate();
        let may = |replica| may_be_born(&disk, ShardId(2), ReplicaId(replica)).is_some();
        let record = |replica: u64, state| {
            let mut batch = NodeBatch::default();
            let row = Row::Record(Record { shard: ShardId(2), state });
            batch.put(ReplicaId(replica).row(Part::Record), row);
            disk.write(batch, None);
        };
        assert!(may(5), "nothing is known of it");
        record(5, RecordState::Live);
        assert!(may(5), "uninitialized: the split takes it over");
        begin(&disk, 5, None);
        assert!(!may(5), "it lives");
        assert!(may(8), "a newer one may come");
        record(5, RecordState::Tombstone(Epoch::default()));
        assert!(!may(5), "destroyed");
        record(7, RecordState::Live);
        assert!(!may(6), "a newer one was here");
    }

    #[test]
    fn a_child_has_the_parents_shape_with_the_new_ids() {
        let at = |n| ReplicaNode { node: NodeId(n) };
        let nodes: BTreeMap<_, _> = (1..=4).map(|n| (ReplicaId(u64::from(n)), at(n))).collect();
        let configs = vec![[1, 2, 3].map(ReplicaId).into(), [1, 2].map(ReplicaId).into()];
        let parent = membership(configs, nodes);
        let split = Split {
            epoch: Epoch::default(),
            key: Key(5),
            child: ShardId(2),
            replicas: (1..=4).map(|n| (NodeId(n), ReplicaId(10 + u64::from(n)))).collect(),
        };
        let child = child_membership(&parent, &split);
        let configs = child.get_joint_config();
        assert_eq!(configs[0], [11, 12, 13].map(ReplicaId).into());
        assert_eq!(configs[1], [11, 12].map(ReplicaId).into());
        assert_eq!(child.learner_ids().collect::<Vec<_>>(), [ReplicaId(14)]);
        assert_eq!(child.get_node(&ReplicaId(14)), Some(&at(4)));
    }
}
