//! Steps that would endanger a quorum are refused (TiKV: `check_conf_change` in
//! `components/raftstore/src/store/fsm/peer.rs`; the test that gave the idea:
//! `test_conf_change_safe`).
//!
//! A membership change is agreed on by the voters from before it and, while joint, by those after
//! it. Each of them must have a live majority, as far as heartbeats and the leader tell, before it
//! is asked for: once it is in the log, it cannot be taken back. Pure.

use std::collections::BTreeSet;

use crate::event::{Refusal, Step};
use crate::id::NodeId;
use crate::key::Descriptor;
use crate::plant::{self, Plant};

/// Why `step` must not be taken while the nodes `lost` are not live; none if it may.
pub(super) fn refuses(
    step: &Step,
    descriptor: &Descriptor,
    lost: &BTreeSet<NodeId>,
) -> Option<Refusal> {
    let after = voters_after(step, descriptor)?;
    [voters(descriptor).collect(), after].iter().find_map(|voters| without_quorum(voters, lost))
}

/// Where the voters are once `step` is taken; none if it changes no quorum.
pub(super) fn voters_after(step: &Step, descriptor: &Descriptor) -> Option<Vec<NodeId>> {
    let now = voters(descriptor);
    match step {
        Step::AddLearner { .. } | Step::RollBack { .. } => Some(now.collect()),
        Step::Promote { nodes } => Some(now.chain(nodes.iter().copied()).collect()),
        Step::Remove { nodes } => Some(now.filter(|n| !nodes.contains(n)).collect()),
        // Handing over, splitting and destroying change no quorum, and to leave a joint
        // configuration is to need fewer.
        Step::Transfer { .. } | Step::Split { .. } | Step::Destroy { .. } | Step::LeaveJoint {} => {
            None
        }
    }
}

fn voters(descriptor: &Descriptor) -> impl Iterator<Item = NodeId> {
    descriptor.members.iter().filter(|m| m.voter).map(|m| m.node)
}

/// Whether too few of `voters` are live.
pub(super) fn without_quorum(voters: &[NodeId], lost: &BTreeSet<NodeId>) -> Option<Refusal> {
    if plant::is(Plant::QuorumNotMinded) {
        return None;
    }
    let live = voters.iter().filter(|node| !lost.contains(node)).count();
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    (live * 2 <= voters.len())
        .then_some(Refusal::NoQuorum { live: count(live), voters: count(voters.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ReplicaId, ShardId};
    use crate::key::{Epoch, KeyRange, Member};

    /// A shard with voters on these nodes, and learners on those.
    fn shard(voters: &[u16], learners: &[u16]) -> Descriptor {
        let member = |voter| {
            move |n: &u16| Member { replica: ReplicaId(u64::from(*n)), node: NodeId(*n), voter }
        };
        let members = voters.iter().map(member(true)).chain(learners.iter().map(member(false)));
        Descriptor {
            shard: ShardId(1),
            range: KeyRange::inclusive(1, 9),
            epoch: Epoch::default(),
            members: members.collect(),
            joint: false,
        }
    }

    fn nodes(ids: &[u16]) -> Vec<NodeId> {
        ids.iter().map(|n| NodeId(*n)).collect()
    }

    fn judged(step: &Step, on: &Descriptor, lost: &[u16]) -> Option<(u16, u16)> {
        match refuses(step, on, &nodes(lost).into_iter().collect()) {
            Some(Refusal::NoQuorum { live, voters }) => Some((live, voters)),
            None => None,
            Some(other) => panic!("{other}"),
        }
    }

    #[test]
    fn with_one_of_three_down_only_the_dead_one_may_be_removed() {
        let remove = |n| Step::Remove { nodes: nodes(&[n]) };
        assert_eq!(judged(&remove(3), &shard(&[1, 2, 3], &[]), &[3]), None);
        assert_eq!(judged(&remove(2), &shard(&[1, 2, 3], &[]), &[3]), Some((1, 2)));
        assert_eq!(judged(&remove(2), &shard(&[1, 2, 3], &[]), &[]), None);
    }

    #[test]
    fn a_learner_is_promoted_only_where_that_leaves_a_live_quorum() {
        let promote = |n: &[u16]| Step::Promote { nodes: nodes(n) };
        let on = shard(&[1, 2, 3], &[4, 5]);
        assert_eq!(judged(&promote(&[4]), &on, &[3]), None);
        assert_eq!(judged(&promote(&[4]), &on, &[3, 4]), Some((2, 4)));
        assert_eq!(judged(&promote(&[4, 5]), &on, &[3, 4]), None);
        assert_eq!(judged(&promote(&[4, 5]), &on, &[3, 4, 5]), Some((2, 5)));
    }

    #[test]
    fn nothing_changes_while_there_is_no_quorum_but_a_joint_configuration_is_left() {
        let on = shard(&[1, 2, 3], &[4]);
        let learner = (NodeId(5), ReplicaId(9));
        let add = Step::AddLearner { node: learner.0, replica: learner.1 };
        assert_eq!(judged(&add, &on, &[2, 3]), Some((1, 3)));
        assert_eq!(judged(&add, &on, &[3]), None);
        assert_eq!(judged(&Step::LeaveJoint {}, &on, &[2, 3]), None);
    }
}
