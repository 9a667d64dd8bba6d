//! S17, one membership change at a time: voters change only through a joint configuration, a joint
//! one is followed by one that is not, and each change counts one up (Raft, section 6; Ongaro's
//! thesis, section 4.3; openraft's `Membership::next_coherent`; TiKV: `conf_ver` and
//! `check_conf_change`).
//!
//! Looks at each membership where it is applied first. That a joint configuration is left in the
//! end is liveness, and is not looked at here.

use litemap::LiteMap;

use super::Property;
use crate::event::{Event, EventKind, Origin};
use crate::few;
use crate::id::{ReplicaId, ShardId};
use crate::key::Descriptor;

/// See the module.
#[derive(Default)]
pub(crate) struct OneMembershipChange {
    /// Each shard's newest membership. One row a shard.
    newest: LiteMap<ShardId, Newest>,
}

struct Newest {
    /// It was applied at that index; 0 for the one that the shard began with.
    index: u64,
    conf_ver: u64,
    joint: bool,
    /// By id, of both halves if it is joint.
    voters: Vec<ReplicaId>,
}

impl Newest {
    fn new(index: u64, descriptor: &Descriptor) -> Self {
        let voters = descriptor.members.iter().filter(|m| m.voter).map(|m| m.replica);
        let mut voters: Vec<ReplicaId> = voters.collect();
        few::sort_by_key(&mut voters, |replica| *replica);
        Self { index, conf_ver: descriptor.epoch.conf_ver, joint: descriptor.joint, voters }
    }

    /// What is wrong with `next` as the one after this.
    fn followed_by(&self, next: &Self) -> Result<(), String> {
        let within = |some: &Self, all: &Self| some.voters.iter().all(|v| all.voters.contains(v));
        match (self.joint, next.joint) {
            _ if next.conf_ver != self.conf_ver + 1 => {
                Err(format!("conf_ver {} is followed by {}", self.conf_ver, next.conf_ver))
            }
            (true, true) => Err("a joint configuration is followed by another one".into()),
            (true, false) if !within(next, self) => {
                Err("a joint configuration is left with voters that it did not have".into())
            }
            (false, true) if !within(self, next) => {
                Err("a joint configuration begins without voters that there were".into())
            }
            (false, false) if self.voters != next.voters => {
                Err("voters change without a joint configuration".into())
            }
            _ => Ok(()),
        }
    }
}

impl Property for OneMembershipChange {
    fn id(&self) -> &'static str {
        "S17"
    }

    fn name(&self) -> &'static str {
        "one membership change at a time"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        match &event.kind {
            EventKind::ReplicaStarted {
                shard, replica, origin: Origin::Bootstrap, epoch, ..
            } => {
                // A first shard has no learners, and each of its voters is told of by its own
                // start.
                let (index, conf_ver, joint) = (0, epoch.conf_ver, false);
                let first = Newest { index, conf_ver, joint, voters: Vec::new() };
                let first = self.newest.entry(*shard).or_insert(first);
                first.voters.push(*replica);
                few::sort_by_key(&mut first.voters, |replica| *replica);
            }
            EventKind::SplitApplied { child, .. } => {
                self.newest.entry(child.shard).or_insert_with(|| Newest::new(0, child));
            }
            EventKind::MembershipApplied { descriptor, index, .. } => {
                let next = Newest::new(*index, descriptor);
                let Some(newest) = self.newest.get_mut(&descriptor.shard) else { return Ok(()) };
                if *index <= newest.index {
                    return Ok(());
                }
                *compared += 1;
                let last = std::mem::replace(newest, next);
                let shard = descriptor.shard;
                return last
                    .followed_by(newest)
                    .map_err(|why| format!("{shard}, index {index}: {why}: {descriptor}"));
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, membership, started};
    use super::*;

    /// shard_a began with voters 1, 2, 3.
    fn story() -> Story<OneMembershipChange> {
        let mut story = Story::new(OneMembershipChange::default());
        for replica in [2, 1, 3] {
            story.fine(started((1, 1, replica), Origin::Bootstrap, Some((1, 200))));
        }
        story
    }

    #[test]
    fn a_replica_moves_as_learner_through_joint_configurations() {
        let mut story = story();
        story.fine(membership(7, 2, &[1, 2, 3], &[4], false));
        story.fine(membership(8, 3, &[1, 2, 3, 4], &[], true));
        story.fine(membership(7, 2, &[1, 2, 3], &[4], false));
        story.fine(membership(9, 4, &[1, 2, 3, 4], &[], false));
        story.fine(membership(10, 5, &[1, 2, 3, 4], &[], true));
        story.fine(membership(11, 6, &[2, 3, 4], &[], false));
        assert_eq!(story.compared, 5, "one of them was applied again");
    }

    #[test]
    fn each_way_to_skip_a_step_is_found() {
        story().wrong(membership(7, 3, &[1, 2, 3], &[4], false), "conf_ver 1 is followed by 3");
        story().wrong(membership(7, 2, &[1, 2, 4], &[], false), "without a joint");
        story().wrong(membership(7, 2, &[1, 4, 5], &[], true), "without voters that there were");
        let joint = || {
            let mut story = story();
            story.fine(membership(7, 2, &[1, 2, 3, 4], &[], true));
            story
        };
        joint().wrong(membership(8, 3, &[1, 2, 4, 5], &[], true), "followed by another");
        joint().wrong(membership(8, 3, &[1, 2, 9], &[], false), "that it did not have");
    }
}
