//! What to do next for a shard: pure rules from how it stands and how it is wanted, one small step
//! at a time.
//!
//! Each step is safe to repeat: it carries the epoch under which it was planned, and the plan is
//! made anew from the shard's own report before the next one (TiKV's PD calls such a list of steps
//! an operator; here nothing is kept between steps, so placement may forget all but what is
//! wanted). Used by `placement`.

use std::collections::BTreeSet;

use crate::event::Step;
use crate::id::{NodeId, ReplicaId};
use crate::key::{Descriptor, Member};
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

impl Layout {
    /// The layout that a shard has.
    pub(crate) fn of(descriptor: &Descriptor) -> Self {
        let nodes = |voter| {
            let those = descriptor.members.iter().filter(move |m| m.voter == voter);
            those.map(|m| m.node).collect()
        };
        Self { voters: nodes(true), learners: nodes(false) }
    }
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

/// What a plan heeds beside the leader's report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outlook {
    /// Nodes that are not live, or whose replica of the shard does not answer its leader.
    pub(super) lost: BTreeSet<NodeId>,
    /// Learners that have had their time to catch up, and have not.
    pub(super) overdue: BTreeSet<ReplicaId>,
    /// Members whose node has lost the disk that they were on. Their nodes are among those that are
    /// lost.
    pub(super) without_disk: BTreeSet<ReplicaId>,
    /// A node that is not wanted, where a learner was ordered under the membership that is in force
    /// and has not come.
    pub(super) ordered: Option<NodeId>,
}

/// The next step for a shard that stands as `report` says, led by the replica on `leader`.
pub(crate) fn next_step(
    report: &ShardReport,
    leader: NodeId,
    layout: &Layout,
    outlook: &Outlook,
) -> Plan {
    match (step_towards(report, leader, layout, outlook), outlook.ordered) {
        // Nobody wants it any more, and it may come yet: nothing ends that but the next membership.
        // It is made a member, so that it is removed and destroyed like any other.
        (Plan::Wait(_) | Plan::Reached, Some(node)) => {
            Plan::Do(Step::AddLearner { node, replica: ReplicaId(0) })
        }
        (plan, _) => plan,
    }
}

fn step_towards(report: &ShardReport, leader: NodeId, layout: &Layout, outlook: &Outlook) -> Plan {
    let members = &report.descriptor.members;
    if report.descriptor.joint {
        return Plan::Do(Step::LeaveJoint {});
    }
    // They cannot come back, and a node holds one replica of a shard: they go before others come.
    let gone = members.iter().filter(|m| outlook.without_disk.contains(&m.replica));
    let nodes: Vec<NodeId> = gone.map(|m| m.node).collect();
    if !nodes.is_empty() {
        return Plan::Do(Step::Remove { nodes });
    }
    if let Some(m) = members.iter().find(|m| outlook.overdue.contains(&m.replica)) {
        return Plan::Do(Step::RollBack { node: m.node, replica: m.replica });
    }
    if let Some(plan) = add(report, layout, outlook).or_else(|| promote(report, layout)) {
        return plan;
    }
    if !layout.voters.contains(&leader) {
        return transfer(report, layout, outlook);
    }
    // A voter that shall only learn goes too, and comes back as a learner with a new id.
    let as_wanted = |m: &&Member| {
        layout.voters.contains(&m.node) || (!m.voter && layout.learners.contains(&m.node))
    };
    let others = members.iter().filter(|m| !as_wanted(m));
    let nodes: Vec<NodeId> = others.map(|m| m.node).collect();
    if nodes.is_empty() { Plan::Reached } else { Plan::Do(Step::Remove { nodes }) }
}

/// Adds learners where a replica is wanted, first of all on nodes that are live; waits for the
/// others.
fn add(report: &ShardReport, layout: &Layout, outlook: &Outlook) -> Option<Plan> {
    let all = layout.voters.iter().chain(&layout.learners).copied();
    let missing = all.filter(|node| report.descriptor.member_on(*node).is_none());
    let (live, lost): (Vec<_>, Vec<_>) = missing.partition(|node| !outlook.lost.contains(node));
    if let Some(node) = live.first() {
        return Some(Plan::Do(Step::AddLearner { node: *node, replica: ReplicaId(0) }));
    }
    let (node, shard) = (lost.first()?, report.descriptor.shard);
    Some(Plan::Wait(format!("{shard} waits for {node}, which has not been heard of lately")))
}

/// Waits for learners to catch up, then promotes those that shall vote, all at once.
fn promote(report: &ShardReport, layout: &Layout) -> Option<Plan> {
    if let Some((m, lag)) = behind(report, layout).next() {
        let (node, shard) = (m.node, report.descriptor.shard);
        let within = format!("a learner has caught up when it is within {CAUGHT_UP_WITHIN}");
        return Some(Plan::Wait(format!("{node} is {lag} entries of {shard} behind; {within}")));
    }
    let learners = report.descriptor.members.iter().filter(|m| !m.voter);
    let nodes: Vec<NodeId> =
        learners.map(|m| m.node).filter(|node| layout.voters.contains(node)).collect();
    (!nodes.is_empty()).then_some(Plan::Do(Step::Promote { nodes }))
}

/// The learners that are wanted, as such or to vote, and have not caught up; by how many entries.
pub(super) fn behind<'a>(
    report: &'a ShardReport,
    layout: &'a Layout,
) -> impl Iterator<Item = (Member, u64)> + 'a {
    let wanted = |m: &Member| {
        !m.voter && (layout.voters.contains(&m.node) || layout.learners.contains(&m.node))
    };
    let members = report.descriptor.members.iter().copied();
    let lag = |m: Member| (m, report.last_log.saturating_sub(matched(report, m.replica)));
    // However short the log: one that has answered nothing yet has caught up with nothing.
    let is_behind =
        |(m, lag): &(Member, u64)| *lag > CAUGHT_UP_WITHIN || matched(report, m.replica) == 0;
    members.filter(wanted).map(lag).filter(is_behind)
}

fn transfer(report: &ShardReport, layout: &Layout, outlook: &Outlook) -> Plan {
    let voters = layout.voters.iter().filter_map(|node| report.descriptor.member_on(*node));
    let live = voters.filter(|m| !outlook.lost.contains(&m.node));
    let best = live.max_by_key(|m| {
        let caught_up =
            report.last_log.saturating_sub(matched(report, m.replica)) <= CAUGHT_UP_WITHIN;
        let first = layout.voters.first() == Some(&m.node);
        (caught_up, first, matched(report, m.replica))
    });
    match best {
        Some(m) => Plan::Do(Step::Transfer { to: m.node }),
        None => Plan::Wait(format!(
            "{} has no live voter where it is wanted, to lead it",
            report.descriptor.shard
        )),
    }
}

/// Up to which index a replica is known to match its leader.
pub(super) fn matched(report: &ShardReport, replica: ReplicaId) -> u64 {
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
        ShardReport { descriptor, last_log: 100, matched, silent: Vec::new() }
    }

    fn nodes(ids: &[u16]) -> Vec<NodeId> {
        ids.iter().map(|n| NodeId(*n)).collect()
    }

    fn plan(report: &ShardReport, leader: u16, voters: &[u16], learners: &[u16]) -> Plan {
        plan_while(report, leader, (voters, learners), &Outlook::default())
    }

    fn plan_while(
        report: &ShardReport,
        leader: u16,
        (voters, learners): (&[u16], &[u16]),
        outlook: &Outlook,
    ) -> Plan {
        let layout = Layout { voters: nodes(voters), learners: nodes(learners) };
        next_step(report, NodeId(leader), &layout, outlook)
    }

    fn lost(ids: &[u16]) -> Outlook {
        Outlook { lost: nodes(ids).into_iter().collect(), ..Outlook::default() }
    }

    #[test]
    fn a_node_that_is_lost_is_waited_for_and_holds_up_no_other() {
        let on = report(&[1, 2, 3], &[], 0);
        let wanted: (&[u16], &[u16]) = (&[1, 2, 3], &[4, 5]);
        let add = Plan::Do(Step::AddLearner { node: NodeId(5), replica: ReplicaId(0) });
        assert_eq!(plan_while(&on, 1, wanted, &lost(&[4])), add);
        let on = report(&[1, 2, 3], &[5], 95);
        assert!(
            matches!(plan_while(&on, 1, wanted, &lost(&[4])), Plan::Wait(why) if why.contains("n4"))
        );
    }

    #[test]
    fn a_learner_that_is_overdue_is_given_up() {
        let outlook = Outlook { overdue: [ReplicaId(4)].into(), ..Outlook::default() };
        let give_up = Plan::Do(Step::RollBack { node: NodeId(4), replica: ReplicaId(4) });
        let on = report(&[1, 2, 3], &[4], 10);
        assert_eq!(plan_while(&on, 1, (&[1, 2, 3], &[4]), &outlook), give_up);
    }

    #[test]
    fn what_was_lost_with_a_disk_goes_before_it_is_replaced() {
        let without_disk = Outlook { without_disk: [ReplicaId(3)].into(), ..lost(&[3]) };
        let wanted: (&[u16], &[u16]) = (&[1, 2, 3], &[]);
        let remove = Plan::Do(Step::Remove { nodes: nodes(&[3]) });
        assert_eq!(plan_while(&report(&[1, 2, 3], &[], 95), 1, wanted, &without_disk), remove);
        let add = Plan::Do(Step::AddLearner { node: NodeId(3), replica: ReplicaId(0) });
        assert_eq!(plan(&report(&[1, 2], &[], 95), 1, wanted.0, wanted.1), add);
    }

    #[test]
    fn a_learner_that_was_ordered_and_is_not_wanted_any_more_comes_and_goes() {
        let outlook = Outlook { ordered: Some(NodeId(4)), ..Outlook::default() };
        let wanted: (&[u16], &[u16]) = (&[1, 2, 3], &[]);
        let add = Plan::Do(Step::AddLearner { node: NodeId(4), replica: ReplicaId(0) });
        assert_eq!(plan_while(&report(&[1, 2, 3], &[], 95), 1, wanted, &outlook), add);
        let waits_for_another: (&[u16], &[u16]) = (&[1, 2, 3], &[5]);
        let outlook = Outlook { ordered: Some(NodeId(4)), ..lost(&[5]) };
        assert_eq!(plan_while(&report(&[1, 2, 3], &[], 95), 1, waits_for_another, &outlook), add);
        let remove = Plan::Do(Step::Remove { nodes: nodes(&[4]) });
        assert_eq!(plan(&report(&[1, 2, 3], &[4], 0), 1, wanted.0, wanted.1), remove);
    }

    #[test]
    fn leadership_goes_to_no_node_that_is_lost() {
        let on = report(&[1, 2, 3, 4, 5], &[], 95);
        let to = |node| Plan::Do(Step::Transfer { to: NodeId(node) });
        assert_eq!(plan_while(&on, 1, (&[4, 5], &[]), &lost(&[4])), to(5));
        let nobody = plan_while(&on, 1, (&[4, 5], &[]), &lost(&[4, 5]));
        assert!(matches!(nobody, Plan::Wait(_)));
    }

    #[test]
    fn a_voter_that_shall_only_learn_goes_and_comes_back_as_a_learner() {
        let wanted: (&[u16], &[u16]) = (&[1, 2], &[3]);
        let remove = Plan::Do(Step::Remove { nodes: nodes(&[3]) });
        assert_eq!(plan(&report(&[1, 2, 3], &[], 95), 1, wanted.0, wanted.1), remove);
        let add = Plan::Do(Step::AddLearner { node: NodeId(3), replica: ReplicaId(0) });
        assert_eq!(plan(&report(&[1, 2], &[], 95), 1, wanted.0, wanted.1), add);
        assert_eq!(plan(&report(&[1, 2], &[3], 95), 1, wanted.0, wanted.1), Plan::Reached);
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
    fn a_learner_that_has_answered_nothing_has_not_caught_up_however_short_the_log() {
        let mut young = report(&[1, 2, 3], &[4], 0);
        young.last_log = 7;
        assert!(matches!(plan(&young, 1, &[1, 2, 4], &[]), Plan::Wait(_)));
        young.matched = vec![(ReplicaId(4), 1)];
        let promote = Plan::Do(Step::Promote { nodes: nodes(&[4]) });
        assert_eq!(plan(&young, 1, &[1, 2, 4], &[]), promote);
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
