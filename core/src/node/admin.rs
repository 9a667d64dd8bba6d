//! Placement's orders on a node: splits and membership steps on the leader, destruction anywhere.

use std::collections::BTreeSet;

use super::Node;
use super::serve::node_of;
use crate::event::EventKind;
use crate::id::ShardId;
use crate::message::{Admin, AdminReply, Message, ShardReport};
use crate::network::Route;
use crate::plant::{self, Plant};
use crate::raft::entry::{Applied, Proposal, Split};
use crate::raft::{Group, WriteError};

impl Node {
    pub(super) async fn administer(self, route: Route, shard: ShardId, admin: Admin) {
        if plant::is(Plant::StepWithoutPrecondition) {
            self.spawn(0, self.clone().hear_again(shard, admin.clone()));
        }
        let reply = match admin {
            Admin::Destroy { replica } => {
                self.destroy(self.seat(shard, replica)).await;
                AdminReply::Destroyed
            }
            admin => self.administer_as_leader(shard, admin).await,
        };
        self.0.network.reply(&route, Message::AdminReply(reply));
    }

    pub(super) async fn administer_as_leader(&self, shard: ShardId, admin: Admin) -> AdminReply {
        let Some(group) = self.group(shard) else {
            return AdminReply::NotLeader(None);
        };
        let Some(report) = report(&group) else {
            return AdminReply::NotLeader(None);
        };
        if !group.is_leader() {
            let leader = group.status().leader;
            return AdminReply::NotLeader(leader.and_then(|r| node_of(&group, r)));
        }
        let set = |replicas: Vec<_>| replicas.into_iter().collect::<BTreeSet<_>>();
        let done = match admin {
            Admin::Status | Admin::Destroy { .. } => Ok(()),
            Admin::Split(split) => return self.propose_split(&group, split, report).await,
            Admin::AddLearner { epoch, replica, node } => {
                group.add_learner(epoch, replica, node).await
            }
            Admin::Promote { epoch, replicas } => group.promote(epoch, set(replicas)).await,
            Admin::Transfer { to } => {
                if plant::is(Plant::LeaderDropsLastEntry) {
                    self.spawn(group.seat().replica.0, group.clone().drop_last_entry());
                }
                if let Err(why) = group.check_heir(to).await {
                    return AdminReply::Refused(why);
                }
                if let Some(to) = node_of(&group, to) {
                    self.0.trace.record(EventKind::TransferStarted { node: self.0.id, shard, to });
                }
                group.transfer(to).await
            }
            Admin::Remove { epoch, replicas } => group.remove(epoch, set(replicas)).await,
            Admin::LeaveJoint { epoch } => group.leave_joint(epoch).await,
        };
        answer(&group, done, report)
    }

    async fn propose_split(&self, group: &Group, split: Split, before: ShardReport) -> AdminReply {
        // Early and cheap; the check that counts is made when the entry is applied.
        if split.epoch != before.descriptor.epoch {
            return AdminReply::Stale(before);
        }
        self.0.trace.record(EventKind::SplitProposed {
            node: self.0.id,
            shard: before.descriptor.shard,
            key: split.key,
            child: split.child,
        });
        let done = match group.propose(Proposal::Split(split)).await.map(|(_, applied)| applied) {
            Ok(Applied::Split) => Ok(()),
            Ok(Applied::Stale) => Err(WriteError::Stale),
            Ok(_) => Err(WriteError::Refused("the split key or a node does not fit".into())),
            Err(error) => Err(error),
        };
        answer(group, done, before)
    }
}

fn answer(group: &Group, done: Result<(), WriteError>, before: ShardReport) -> AdminReply {
    let now = report(group).unwrap_or(before);
    match done {
        Ok(()) => AdminReply::Done(now),
        Err(WriteError::Stale) => AdminReply::Stale(now),
        Err(WriteError::NotLeader(leader)) => {
            AdminReply::NotLeader(leader.and_then(|r| node_of(group, r)))
        }
        Err(WriteError::Unknown(why) | WriteError::Refused(why)) => AdminReply::Unknown(why),
        Err(WriteError::Harmful(why)) => AdminReply::Refused(why),
    }
}

fn report(group: &Group) -> Option<ShardReport> {
    let descriptor = group.machine().descriptor()?;
    let status = group.status();
    let (last_log, matched) = (status.last_log, status.matched);
    Some(ShardReport { descriptor, last_log, matched, silent: group.silent() })
}
