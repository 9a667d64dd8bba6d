//! One shard's state: range, epoch, data and sessions, and the rules by which entries change it.
//!
//! Pure: no IO, no clock, no knowledge of logs or disks. `state_machine` feeds it committed
//! entries. The rules are TiKV's (`components/raftstore/src/store/fsm/apply.rs`): an operation is
//! checked against the epoch when it is applied, which is the check that counts, whatever was
//! checked when it was proposed.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::id::{ClientId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch, Key, KeyRange, Member};
use crate::operation::WriteAnswer;
use crate::plant::{self, Plant};
use crate::trace::digest_of;

use super::entry::{Applied, Split, Write};
use super::types::{Membership, ReplicaNode};

/// One shard's state at one log index. Cheap to clone: data and sessions are shared until one side
/// writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardState {
    /// Which shard.
    pub shard: ShardId,
    /// The keys that it holds.
    pub range: KeyRange,
    /// How often its shape has changed.
    pub epoch: Epoch,
    /// Key to value.
    pub data: Rc<BTreeMap<Key, Value>>,
    /// Client to its last write, so that a retried one is applied once. No more than there are
    /// clients.
    pub sessions: Rc<BTreeMap<ClientId, Session>>,
    /// Sum of the digests of all pairs in `data`: independent of order, and adds up across a split.
    pub data_digest: u64,
    /// The same of `sessions`.
    pub sessions_digest: u64,
}

/// A value, and which write put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// What was written.
    pub value: u64,
    /// At which log index of the shard that held the key then.
    pub index: u64,
}

/// A client's last write (Raft, section 8: "the latest serial number processed for each client,
/// along with the associated response").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// Its serial.
    pub serial: u64,
    /// The log index at which it was applied first.
    pub index: u64,
    /// What it answered there, and so answers again.
    pub answer: WriteAnswer,
}

/// The two halves that a split leaves.
pub struct Halves {
    /// The new shard's state.
    pub child: ShardState,
    /// The digest of the parent's data before.
    pub before: u64,
}

impl ShardState {
    /// A shard without data.
    #[must_use]
    pub fn empty(shard: ShardId, range: KeyRange, epoch: Epoch) -> Self {
        Self {
            shard,
            range,
            epoch,
            data: Rc::default(),
            sessions: Rc::default(),
            data_digest: 0,
            sessions_digest: 0,
        }
    }

    /// Applies a client's write at `index`.
    pub fn write(&mut self, write: &Write, index: u64) -> Applied {
        // The version alone: a membership change moves no key (TiKV: `check_region_epoch`,
        // `check_conf_ver` is false).
        let fits = write.version == self.epoch.version && self.range.contains(write.key);
        if !fits && !plant::is(Plant::NoEpochCheckAtApply) {
            return Applied::Stale;
        }
        if let Some(session) = self.sessions.get(&write.client)
            && session.serial >= write.serial
            && !plant::is(Plant::RetryAppliedAgain)
            && !(session.serial > write.serial && plant::is(Plant::OlderSerialApplied))
        {
            // An older serial than the last is a delayed duplicate: its client has its answer
            // already.
            return Applied::Written { index: session.index, answer: session.answer, fresh: false };
        }
        let found = self.data.get(&write.key).map(|v| v.value);
        let (mut value, mut answer) = write.change.applied_to(found);
        if plant::is(Plant::DeleteLeavesValue) {
            value = value.or(found);
        }
        if plant::is(Plant::ComparisonNeverFails) {
            answer = WriteAnswer::Done;
        }
        if answer == WriteAnswer::Done {
            self.set(write.key, value.map(|value| Value { value, index }));
        }
        self.remember(write.client, Session { serial: write.serial, index, answer });
        Applied::Written { index, answer, fresh: true }
    }

    fn set(&mut self, key: Key, value: Option<Value>) {
        let data = Rc::make_mut(&mut self.data);
        let old = match value {
            Some(value) => data.insert(key, value),
            None => data.remove(&key),
        };
        let digest = |value: Option<Value>| value.map_or(0, |value| pair_digest(key, value));
        self.data_digest = self.data_digest.wrapping_sub(digest(old)).wrapping_add(digest(value));
    }

    fn remember(&mut self, client: ClientId, session: Session) {
        let old = Rc::make_mut(&mut self.sessions).insert(client, session);
        let forgotten = old.map_or(0, |old| digest_of(&(client, old)));
        self.sessions_digest = self
            .sessions_digest
            .wrapping_sub(forgotten)
            .wrapping_add(digest_of(&(client, session)));
    }

    /// Applies a split: keeps the left half and returns the right one; `None` without effect if it
    /// does not fit.
    pub fn split(&mut self, split: &Split, members: &[Member]) -> Result<Halves, Applied> {
        if split.epoch != self.epoch && !plant::is(Plant::NoEpochCheckAtApply) {
            return Err(Applied::Stale);
        }
        let named = |m: &Member| split.replicas.iter().any(|(node, _)| *node == m.node);
        let Some((left, right)) = self.range.split_at(split.key) else {
            return Err(Applied::Refused);
        };
        if !members.iter().all(named) {
            return Err(Applied::Refused);
        }
        let before = self.data_digest;
        let first = split.key.0 + u64::from(plant::is(Plant::SplitKeyOffByOne));
        let mut moved = Rc::make_mut(&mut self.data).split_off(&Key(first));
        if plant::is(Plant::ChildGetsEverything) {
            Rc::make_mut(&mut self.data).append(&mut moved);
            moved = (*self.data).clone();
        }
        if plant::is(Plant::ChildGetsWrongHalf) {
            std::mem::swap(&mut moved, Rc::make_mut(&mut self.data));
        }
        let moved_digest =
            moved.iter().fold(0u64, |sum, (k, v)| sum.wrapping_add(pair_digest(*k, *v)));
        self.range = left;
        self.epoch.version += u64::from(!plant::is(Plant::EpochNotBumped));
        self.data_digest = self.data_digest.wrapping_sub(moved_digest);
        let mut child = Self {
            shard: split.child,
            range: right,
            epoch: self.epoch,
            data: Rc::new(moved),
            // A write retried across the split must be known on whichever side its key is now.
            sessions: Rc::clone(&self.sessions),
            data_digest: moved_digest,
            sessions_digest: self.sessions_digest,
        };
        if plant::is(Plant::SessionsNotSplit) {
            child.forget_sessions();
        }
        Ok(Halves { child, before })
    }

    /// For [`Plant::SessionsNotSplit`] and [`Plant::SessionsNotInSnapshot`].
    pub(super) fn forget_sessions(&mut self) {
        self.sessions = Rc::default();
        self.sessions_digest = 0;
    }

    /// The digest of the data, computed anew: what `data_digest` must be. A split tells of this one,
    /// so that what it conserves can be checked.
    #[must_use]
    pub fn summed_data_digest(&self) -> u64 {
        self.data.iter().fold(0, |sum, (key, value)| sum.wrapping_add(pair_digest(*key, *value)))
    }

    /// A digest of all of it.
    #[must_use]
    pub fn digest(&self) -> u64 {
        digest_of(&(self.shard, self.range, self.epoch, self.data_digest, self.sessions_digest))
    }

    /// This shard with these replicas.
    #[must_use]
    pub fn descriptor(&self, membership: &Membership) -> Descriptor {
        Descriptor {
            shard: self.shard,
            range: self.range,
            epoch: self.epoch,
            members: members(membership),
            joint: membership.get_joint_config().len() > 1,
        }
    }
}

/// The replicas of a membership, by id.
#[must_use]
pub fn members(membership: &Membership) -> Vec<Member> {
    let member = |(replica, at): (&ReplicaId, &ReplicaNode)| Member {
        replica: *replica,
        node: at.node,
        voter: membership.voter_ids().any(|v| v == *replica),
    };
    membership.nodes().map(member).collect()
}

/// Whether the live replicas are a majority of each of the membership's configurations.
pub(crate) fn has_quorum(membership: &Membership, live: &BTreeMap<ReplicaId, bool>) -> bool {
    membership.get_joint_config().iter().all(|voters| {
        let up = voters.iter().filter(|v| live.get(v).copied().unwrap_or(false)).count();
        up * 2 > voters.len()
    })
}

/// The digest of one pair: their sum is that of the data.
pub(crate) fn pair_digest(key: Key, value: Value) -> u64 {
    digest_of(&(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;
    use crate::operation::Change;

    fn shard() -> ShardState {
        let epoch = Epoch { version: 1, conf_ver: 1 };
        ShardState::empty(ShardId(1), KeyRange::inclusive(1, 200), epoch)
    }

    fn write(serial: u64, key: u64, version: u64) -> Write {
        change(serial, key, version, Change::Put { value: serial * 10 })
    }

    fn change(serial: u64, key: u64, version: u64, change: Change) -> Write {
        Write { client: ClientId(1), serial, key: Key(key), change, version }
    }

    /// Took effect, or did so before, at that index.
    fn done(index: u64, fresh: bool) -> Applied {
        Applied::Written { index, answer: WriteAnswer::Done, fresh }
    }

    fn split(epoch: Epoch, key: u64) -> Split {
        Split { epoch, key: Key(key), child: ShardId(2), replicas: vec![(NodeId(1), ReplicaId(4))] }
    }

    fn halves(parent: &mut ShardState) -> Halves {
        let asked = split(parent.epoch, 101);
        parent.split(&asked, &MEMBERS).unwrap_or_else(|refused| panic!("it fits, but {refused}"))
    }

    const MEMBERS: [Member; 1] = [Member { replica: ReplicaId(1), node: NodeId(1), voter: true }];

    #[test]
    fn a_retried_write_takes_effect_once_even_across_a_split() {
        let mut parent = shard();
        assert_eq!(parent.write(&write(1, 150, 1), 6), done(6, true));
        let mut child = halves(&mut parent).child;
        let again = child.write(&write(1, 150, 2), 9);
        assert_eq!(again, done(6, false));
    }

    #[test]
    fn a_retried_compare_and_set_answers_what_it_answered_first() {
        let mut shard = shard();
        let first = change(1, 50, 1, Change::CompareAndSet { expected: None, value: 1 });
        assert_eq!(shard.write(&first, 6), done(6, true));
        let second = change(2, 50, 1, Change::CompareAndSet { expected: None, value: 2 });
        let answer = WriteAnswer::Unequal { found: Some(1) };
        let unequal = Applied::Written { index: 7, answer, fresh: true };
        assert_eq!(shard.write(&second, 7), unequal);
        let other = Write { client: ClientId(2), ..change(1, 50, 1, Change::Delete) };
        assert_eq!(shard.write(&other, 8), done(8, true));
        // It would be made now; but it was not when it was applied.
        let again = Applied::Written { index: 7, answer, fresh: false };
        assert_eq!(shard.write(&second, 9), again);
        assert_eq!(shard.data.get(&Key(50)), None);
    }

    #[test]
    fn a_deleted_key_leaves_nothing_behind() {
        let mut shard = shard();
        shard.write(&write(1, 50, 1), 6);
        let without = (shard.data.clone(), shard.data_digest);
        shard.write(&write(2, 60, 1), 7);
        shard.write(&change(3, 60, 1, Change::Delete), 8);
        assert_eq!((shard.data.clone(), shard.data_digest), without);
        assert_eq!(shard.data_digest, shard.summed_data_digest());
        let empty = change(4, 70, 1, Change::Delete);
        assert_eq!(shard.write(&empty, 9), done(9, true), "there was nothing to delete");
        assert_eq!((shard.data.clone(), shard.data_digest), without);
    }

    #[test]
    fn states_whose_sessions_differ_have_different_digests() {
        let (mut one, mut other) = (shard(), shard());
        one.write(&write(1, 50, 1), 6);
        other.write(&Write { client: ClientId(2), ..write(1, 50, 1) }, 6);
        assert_eq!(one.data_digest, other.data_digest);
        assert_ne!(one.digest(), other.digest());
    }

    #[test]
    fn an_operation_with_a_stale_epoch_has_no_effect() {
        let mut parent = shard();
        let old = parent.epoch;
        assert!(parent.split(&split(old, 101), &MEMBERS).is_ok());
        let before = parent.clone();
        assert_eq!(parent.write(&write(1, 50, old.version), 7), Applied::Stale);
        assert!(matches!(parent.split(&split(old, 51), &MEMBERS), Err(Applied::Stale)));
        assert_eq!(parent, before);
    }

    #[test]
    fn the_halves_of_a_split_add_up_to_the_parent() {
        let mut parent = shard();
        (1..=200).for_each(|k| {
            parent.write(&write(k, k, 1), k + 5);
        });
        let whole = parent.clone();
        let halves = halves(&mut parent);
        let mut both = (*parent.data).clone();
        both.extend(halves.child.data.iter().map(|(k, v)| (*k, *v)));
        assert_eq!(both, *whole.data);
        let sum = parent.data_digest.wrapping_add(halves.child.data_digest);
        assert_eq!((sum, halves.before), (whole.data_digest, whole.data_digest));
        assert_eq!((parent.data.len(), halves.child.data.len()), (100, 100));
    }

    #[test]
    fn a_split_that_does_not_fit_changes_nothing() {
        let mut parent = shard();
        let before = parent.clone();
        for key in [1, 201, 500] {
            assert!(parent.split(&split(parent.epoch, key), &MEMBERS).is_err(), "key {key}");
        }
        let stranger = [Member { replica: ReplicaId(9), node: NodeId(9), voter: true }];
        assert!(parent.split(&split(parent.epoch, 101), &stranger).is_err());
        assert_eq!(parent, before);
    }
}
