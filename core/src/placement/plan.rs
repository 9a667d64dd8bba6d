//! What to do next for a shard: pure rules from how it stands and how it is wanted, one small step
//! at a time.
//!
//! Each step is safe to repeat: it carries the epoch under which it was planned, and the plan is
//! made anew from the shard's own report before the next one (TiKV's PD calls such a list of steps
//! an operator; here nothing is kept between steps, so placement may forget all but what is
//! wanted). Used by `placement`.

use crate::event::Step;
use crate::id::{NodeId, ReplicaId};
use crate::key::Member;
use crate::message::ShardReport;

use serde::{Deserialize, Serialize};

/// How far behind the leader a learner may be when it is made a voter, in entries.
pub(crate) const CAUGHT_UP_WITHIN: u64 = 10;

/// Where a shard is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// Where its voters shall be; leadership is handed to the first of them when the leader has to
    /// go.
    pub(crate) voters: Vec<NodeId>,
    /// Where its learners shall be.
    pub(crate) learners: Vec<NodeId>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// This step. For a new learner, the replica id is still to be allocated.
    Do(Step),
    /// Nothing yet, for this reason.
    Wait(String),
    /// The shard is as it is wanted.
    Reached,
}

/// The next step for a shard that stands as `report` says, led by the replica on `leader`.
pub(crate) fn next_step(report: &ShardReport, leader: NodeId, layout: &Layout) -> Plan {
    let members = &report.descriptor.members;
    if report.descriptor.joint {
        return Plan::Do(Step::LeaveJoint {});
    }
    let wanted = |node: &NodeId| layout.voters.contains(node) || layout.learners.contains(node);
    let all = layout.voters.iter().chain(&layout.learners);
    if let Some(node) = all.copied().find(|n| report.descriptor.member_on(*n).is_none()) {
        return Plan::Do(Step::AddLearner { node, replica: ReplicaId(0) });
    }
    if let Some(plan) = promote(report, members, layout) {
        return plan;
    }
    if !layout.voters.contains(&leader) {
        return transfer(report, layout);
    }
    let nodes: Vec<NodeId> = members.iter().map(|m| m.node).filter(|n| !wanted(n)).collect();
    if !nodes.is_empty() {
        return Plan::Do(Step::Remove { nodes });
    }
    Plan::Reached
}

/// Waits for learners to catch up, then promotes those that shall vote, all at once.
fn promote(report: &ShardReport, members: &[Member], layout: &Layout) -> Option<Plan> {
    let learners = members.iter().filter(|m| !m.voter);
    let (mut behind, mut nodes) = (None, Vec::new());
    for m in learners {
        let wanted = layout.voters.contains(&m.node);
        if !wanted && !layout.learners.contains(&m.node) {
            continue;
        }
        let lag = report.last_log.saturating_sub(matched(report, m.replica));
        if lag > CAUGHT_UP_WITHIN {
            behind = behind.or(Some((m.node, lag)));
        } else if wanted {
            nodes.push(m.node);
        }
    }
    if let Some((node, lag)) = behind {
        let shard = report.descriptor.shard;
        let within = format!("a learner has caught up when it is within {CAUGHT_UP_WITHIN}");
        return Some(Plan::Wait(format!("{node} is {lag} entries of {shard} behind; {within}")));
    }
    (!nodes.is_empty()).then_some(Plan::Do(Step::Promote { nodes }))
}

fn transfer(report: &ShardReport, layout: &Layout) -> Plan {
    let best =
        layout.voters.iter().filter_map(|node| report.descriptor.member_on(*node)).max_by_key(
            |m| {
                let caught_up =
                    report.last_log.saturating_sub(matched(report, m.replica)) <= CAUGHT_UP_WITHIN;
                let first = layout.voters.first() == Some(&m.node);
                (caught_up, first, matched(report, m.replica))
            },
        );
    match best {
        Some(m) => Plan::Do(Step::Transfer { to: m.node }),
        None => Plan::Wait(format!("{} has no voter where it is wanted", report.descriptor.shard)),
    }
}

fn matched(report: &ShardReport, replica: ReplicaId) -> u64 {
    report.matched.iter().find(|(r, _)| *r == replica).map_or(0, |(_, index)| *index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ShardId;
    use crate::key::{Descriptor, Epoch, KeyRange};

    fn report(voters: &[u16], learners: &[u16], matched: u64) -> ShardReport {
        let member = |voter| {
            move |n: &u16| Member { replica: ReplicaId(u64::from(*n)), node: NodeId(*n), voter }
        };
        let members: Vec<Member> =
            voters.iter().map(member(true)).chain(learners.iter().map(member(false))).collect();
        let matched = members.iter().map(|m| (m.replica, matched)).collect();
        let descriptor = Descriptor {
            shard: ShardId(2),
            range: KeyRange::inclusive(101, 200),
            epoch: Epoch::default(),
            members,
            joint: false,
        };
        ShardReport { descriptor, last_log: 100, matched }
    }

    fn nodes(ids: &[u16]) -> Vec<NodeId> {
        ids.iter().map(|n| NodeId(*n)).collect()
    }

    fn plan(report: &ShardReport, leader: u16, voters: &[u16], learners: &[u16]) -> Plan {
        next_step(
            report,
            NodeId(leader),
            &Layout { voters: nodes(voters), learners: nodes(learners) },
        )
    }

    #[test]
    fn a_shard_moves_by_learner_promotion_transfer_and_removal() {
        let add = |n| Plan::Do(Step::AddLearner { node: NodeId(n), replica: ReplicaId(0) });
        assert_eq!(plan(&report(&[1, 2, 3], &[], 0), 1, &[4, 5], &[]), add(4));
        assert_eq!(plan(&report(&[1, 2, 3], &[4], 0), 1, &[4, 5], &[]), add(5));
        assert!(matches!(plan(&report(&[1, 2, 3], &[4, 5], 50), 1, &[4, 5], &[]), Plan::Wait(_)));
        let caught_up = report(&[1, 2, 3], &[4, 5], 95);
        let promote = Plan::Do(Step::Promote { nodes: nodes(&[4, 5]) });
        assert_eq!(plan(&caught_up, 1, &[4, 5], &[]), promote);
        let all = report(&[1, 2, 3, 4, 5], &[], 95);
        assert_eq!(plan(&all, 1, &[4, 5], &[]), Plan::Do(Step::Transfer { to: NodeId(4) }));
        let remove = Plan::Do(Step::Remove { nodes: nodes(&[1, 2, 3]) });
        assert_eq!(plan(&all, 4, &[4, 5], &[]), remove);
        assert_eq!(plan(&report(&[4, 5], &[], 95), 4, &[4, 5], &[]), Plan::Reached);
    }

    #[test]
    fn learners_that_are_wanted_as_such_stay_learners() {
        let caught_up = report(&[1, 2, 3], &[4, 5], 95);
        assert_eq!(plan(&caught_up, 1, &[1, 2, 3], &[4, 5]), Plan::Reached);
        let behind = report(&[1, 2, 3], &[4, 5], 10);
        assert!(matches!(plan(&behind, 1, &[1, 2, 3], &[4, 5]), Plan::Wait(_)));
    }

    #[test]
    fn a_joint_configuration_that_was_left_behind_is_finished_first() {
        let mut joint = report(&[1, 2, 3], &[], 95);
        joint.descriptor.joint = true;
        assert_eq!(plan(&joint, 1, &[4, 5], &[]), Plan::Do(Step::LeaveJoint {}));
    }
}
