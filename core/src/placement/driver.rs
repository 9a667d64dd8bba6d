//! One task for each shard that is not as it is wanted: looks, plans, orders, and looks again, until
//! the shard is as it is wanted.
//!
//! Shards do not wait for each other. A driver keeps nothing that matters: each step is planned from
//! the leader's own report and carries its epoch, so that it may be repeated, delayed or lost, and
//! another driver, after a crash, goes on wherever this one was.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{Receiver, Sender, channel};
use futures::future::{Either, select};
use litemap::LiteMap;

use super::plan::{self, Layout, Outlook, Plan, next_step};
use super::store::Home;
use super::{OWNER, Placement, quorum};
use crate::event::{EventKind, Refusal, Step};
use crate::few;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch, Key, KeyRange, Member};
use crate::message::{Admin, AdminReply, ShardReport};
use crate::raft::entry::Split;
use crate::sim::Time;

/// How long to wait before looking again at a shard that is not ready for its next step: at first,
/// and at most, after doubling each time.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(160);

/// How long a transfer that was ordered is given to come true.
const TRANSFER_AGAIN: Duration = Duration::from_millis(500);

/// How long a learner may make no progress before it is given up: far more than its snapshot takes.
/// Another one, with another id, is tried as soon as its node is live.
pub(super) const LEARNER_OVERDUE_AFTER: Duration = Duration::from_secs(10);

/// Most nodes that are asked for a shard's leader in a row: leadership may move while it is looked
/// for, but hints are not followed for ever.
const ASKED_MAX: usize = 12;

/// What others see of a driver.
pub(super) struct Driver {
    /// Has it look at once. Holds one wake: more say no more.
    wake: Sender<()>,
    /// What it does or waits for.
    pub(super) note: String,
    /// Who votes after the membership step that it asked for last, which may be on its way still.
    pub(super) asked: Option<BTreeSet<NodeId>>,
}

/// How a turn ended.
enum Turn {
    /// A step was taken: look again at once.
    Moved,
    /// There is nothing to do now.
    Waits,
    /// The shard is as it is wanted.
    Settled,
}

/// A driver at work.
struct Drive {
    placement: Placement,
    shard: ShardId,
    /// A transfer was ordered; it is not ordered again before then.
    transfer_again: Option<Time>,
    /// The learners that are behind: up to which index each matched when it last made progress, and
    /// when that was.
    learners: LiteMap<ReplicaId, (u64, Time)>,
    /// The refusal told last: one is told once.
    refused: Option<(Step, Refusal)>,
}

impl Placement {
    /// Has a shard looked after until it is as it is wanted.
    pub(super) fn unsettle(&self, shard: ShardId) {
        let mut at_work = self.0.at_work.borrow_mut();
        if let Some(driver) = at_work.drivers.get_mut(&shard) {
            // Fails if it is to look at once already.
            drop(driver.wake.try_send(()));
            return;
        }
        let (wake, woken) = channel(0);
        at_work.drivers.insert(shard, Driver { wake, note: String::new(), asked: None });
        let (transfer_again, learners, refused) = Default::default();
        let placement = self.clone();
        let drive = Drive { placement, shard, transfer_again, learners, refused };
        self.0.sim.spawn(OWNER, drive.run(woken));
    }

    fn note_for(&self, shard: ShardId, note: String) {
        if let Some(driver) = self.0.at_work.borrow_mut().drivers.get_mut(&shard) {
            driver.note = note;
        }
    }

    fn note_asked(&self, shard: ShardId, voters: Option<Vec<NodeId>>) {
        if let Some(driver) = self.0.at_work.borrow_mut().drivers.get_mut(&shard) {
            driver.asked = voters.map(|voters| voters.into_iter().collect());
        }
    }

    fn note_step(&self, shard: ShardId, step: Step) {
        self.note_for(shard, format!("{shard}: {step}"));
        self.0.trace.record(EventKind::PlacementStep { shard, step });
    }

    /// Asks the shard's leader how it stands, and learns who that is.
    ///
    /// One that says less than is known already, since it has not applied it yet or leads a minority,
    /// is not planned with: what it would be asked for may have been done.
    async fn look(&self, shard: ShardId) -> Option<(NodeId, ShardReport)> {
        let members = self.0.store.shard(shard);
        let members = members.iter().flat_map(|d| &d.members).map(|m| m.node);
        let leader = self.leader(shard);
        let others = members.filter(|node| Some(*node) != leader);
        let mut ask: Vec<NodeId> = leader.into_iter().chain(others).collect();
        // Who has not been heard of lately costs a whole deadline, and is asked last.
        few::sort_by_key(&mut ask, |node| !self.is_live(*node));
        let mut asked = 0;
        while asked < ask.len().min(ASKED_MAX) {
            let node = ask[asked];
            asked += 1;
            match self.order(shard, node, Admin::Status).await {
                Some(AdminReply::Done(report)) => {
                    self.learn(&report.descriptor, node);
                    let known = self.0.store.shard(shard);
                    if known.is_none_or(|known| known.epoch <= report.descriptor.epoch) {
                        return Some((node, report));
                    }
                }
                Some(AdminReply::NotLeader(Some(hint))) => ask.insert(asked, hint),
                _ => {}
            }
        }
        self.note_for(shard, format!("no leader of {shard} answers"));
        None
    }

    /// The nodes that are not live, or whose replica does not answer its leader.
    fn lost_to(&self, report: &ShardReport, layout: &Layout) -> BTreeSet<NodeId> {
        let members = &report.descriptor.members;
        let without_disk = self.without_disk(&report.descriptor);
        let is_lost =
            |m: &&Member| report.silent.contains(&m.replica) || without_disk.contains(&m.replica);
        let wanted = layout.voters.iter().chain(&layout.learners).copied();
        let mut lost = self.lost(wanted.chain(members.iter().map(|m| m.node)));
        lost.extend(members.iter().filter(is_lost).map(|m| m.node));
        lost
    }

    /// Orders a transfer, unless its target leads already.
    pub(super) async fn transfer_once(self, shard: ShardId, member: Member) {
        let Some((leader, _)) = self.look(shard).await else {
            return;
        };
        if leader == member.node {
            return;
        }
        let step = Step::Transfer { to: member.node };
        self.note_step(shard, step.clone());
        let order = Admin::Transfer { to: member.replica };
        if let Some(AdminReply::Refused(why)) = self.order(shard, leader, order).await {
            self.0.trace.record(EventKind::StepRefused { shard, step, why });
        }
    }
}

impl Drive {
    async fn run(mut self, mut woken: Receiver<()>) {
        let mut pause = LOOK_AGAIN;
        loop {
            match self.turn().await {
                Turn::Moved => pause = LOOK_AGAIN,
                Turn::Waits => {
                    let rest = std::pin::pin!(self.placement.0.sim.sleep(pause));
                    let by_wake = matches!(select(woken.next(), rest).await, Either::Left(_));
                    pause = if by_wake { LOOK_AGAIN } else { (pause * 2).min(LOOK_AGAIN_MAX) };
                }
                Turn::Settled => break,
            }
        }
        let placement = self.placement.0;
        placement.at_work.borrow_mut().drivers.remove(&self.shard);
        placement.trace.record(EventKind::PlacementReached { shard: self.shard });
    }

    /// Takes the next step, if there is one to take now.
    async fn turn(&mut self) -> Turn {
        let store = &self.placement.0.store;
        store.synced().await;
        let Some((leader, report)) = self.placement.look(self.shard).await else {
            return Turn::Waits;
        };
        if let Some((key, child)) = store.split(self.shard) {
            return self.split(leader, report, key, child).await;
        }
        let without_disk = self.placement.without_disk(&report.descriptor);
        if !without_disk.is_empty() && store.layout(self.shard).is_none() {
            // They go, and come back where they were.
            store.want_layout(self.shard, Layout::of(&report.descriptor));
        }
        let layout = store.layout(self.shard);
        let outlook = self.outlook(&report, &layout.as_deref().cloned().unwrap_or_default());
        let plan = match layout {
            Some(layout) => next_step(&report, leader, &layout, &outlook),
            None if report.descriptor.joint => Plan::Do(Step::LeaveJoint {}),
            None => Plan::Reached,
        };
        match plan {
            Plan::Do(step) => match quorum::refuses(&step, &report.descriptor, &outlook.lost) {
                Some(why) => self.refuse(step, why),
                None => self.take(leader, &report, step).await,
            },
            Plan::Wait(why) => {
                self.placement.note_for(self.shard, why);
                Turn::Waits
            }
            Plan::Reached => Turn::Settled,
        }
    }

    /// Who is lost, and which learners have had their time.
    fn outlook(&mut self, report: &ShardReport, layout: &Layout) -> Outlook {
        let now = self.placement.0.sim.now();
        let behind: Vec<Member> = plan::behind(report, layout).map(|(m, _)| m).collect();
        self.learners.retain(|replica, _| behind.iter().any(|m| m.replica == *replica));
        let mut overdue = BTreeSet::new();
        for m in behind {
            let matched = plan::matched(report, m.replica);
            let (best, since) = self.learners.entry(m.replica).or_insert((matched, now));
            if matched > *best {
                (*best, *since) = (matched, now);
            }
            if now.since(*since) >= LEARNER_OVERDUE_AFTER {
                overdue.insert(m.replica);
            }
        }
        let ordered = self.placement.0.store.ordered(self.shard);
        let wanted = |node: &NodeId| layout.voters.contains(node) || layout.learners.contains(node);
        let ordered = ordered.iter().map(|(_, order)| order.home.node).find(|node| !wanted(node));
        let lost = self.placement.lost_to(report, layout);
        let without_disk = self.placement.without_disk(&report.descriptor);
        Outlook { lost, overdue, ordered, without_disk }
    }

    fn refuse(&mut self, step: Step, why: Refusal) -> Turn {
        let shard = self.shard;
        self.placement.note_for(shard, format!("{shard}: {step}: {why}"));
        let told = (step.clone(), why);
        if self.refused.as_ref() != Some(&told) {
            self.refused = Some(told);
            self.placement.0.trace.record(EventKind::StepRefused { shard, step, why });
        }
        Turn::Waits
    }

    async fn split(
        &mut self,
        leader: NodeId,
        report: ShardReport,
        key: Key,
        child: ShardId,
    ) -> Turn {
        let Descriptor { shard, epoch, range, ref members, joint } = report.descriptor;
        let placement = &self.placement;
        let store = &placement.0.store;
        // Done already, perhaps by an order whose answer was lost.
        if range.end <= key {
            store.finish_split(shard, child);
            return Turn::Moved;
        }
        let born = members.iter().map(|m| Member { replica: store.allocate_replica(), ..*m });
        let born: Vec<Member> = born.collect();
        store.synced().await;
        let replicas = born.iter().map(|m| (m.node, m.replica)).collect();
        placement.note_step(shard, Step::Split { key, child });
        let order = Admin::Split(Split { epoch, key, child, replicas });
        match placement.order(shard, leader, order).await {
            Some(AdminReply::Done(now)) => {
                placement.learn(&now.descriptor, leader);
                // As the split made it, whatever has happened to its parent since.
                let epoch = Epoch { version: epoch.version + 1, ..epoch };
                let range = KeyRange { start: key, end: range.end };
                let child_now = Descriptor { shard: child, range, epoch, members: born, joint };
                placement.learn(&child_now, leader);
                store.finish_split(shard, child);
                Turn::Moved
            }
            Some(AdminReply::Stale(now)) => self.look_again(&now, epoch),
            _ => Turn::Waits,
        }
    }

    /// What was asked for under `epoch` was refused as stale: look at once if there is something new
    /// to see. Else a membership is in the leader's log and not agreed on: that takes its time.
    fn look_again(&self, now: &ShardReport, epoch: Epoch) -> Turn {
        if now.descriptor.epoch != epoch {
            return Turn::Moved;
        }
        let note = format!("{}: waits for the membership before to be agreed on", self.shard);
        self.placement.note_for(self.shard, note);
        Turn::Waits
    }

    async fn take(&mut self, leader: NodeId, report: &ShardReport, step: Step) -> Turn {
        let (shard, placement) = (self.shard, self.placement.clone());
        let Some((step, order)) = self.order(report, step) else {
            return Turn::Waits;
        };
        placement.0.store.synced().await;
        placement.note_step(shard, step.clone());
        placement.note_asked(shard, quorum::voters_after(&step, &report.descriptor));
        match placement.order(shard, leader, order).await {
            Some(AdminReply::Done(report)) => placement.learn(&report.descriptor, leader),
            Some(AdminReply::Stale(now)) => {
                return self.look_again(&now, report.descriptor.epoch);
            }
            Some(AdminReply::Refused(why)) => return self.refuse(step, why),
            Some(AdminReply::Unknown(why)) => {
                placement.note_for(shard, format!("{shard}: {step}: {why}"));
                return Turn::Waits;
            }
            _ => {}
        }
        // A transfer is only begun: let it come true before it is asked for again.
        if matches!(step, Step::Transfer { .. }) { Turn::Waits } else { Turn::Moved }
    }

    /// A step as the leader is asked for it; none if it is too early for it.
    fn order(&mut self, report: &ShardReport, step: Step) -> Option<(Step, Admin)> {
        let epoch = report.descriptor.epoch;
        let replicas = |nodes: &[NodeId]| {
            let member = |n: &NodeId| report.descriptor.member_on(*n).map(|m| m.replica);
            nodes.iter().filter_map(member).collect()
        };
        let order = match step {
            Step::AddLearner { node, .. } => {
                let home = Home { shard: self.shard, node };
                let replica = self.placement.0.store.order_learner(home, epoch.conf_ver);
                let order = Admin::AddLearner { epoch, replica, node };
                return Some((Step::AddLearner { node, replica }, order));
            }
            Step::Promote { ref nodes } => Admin::Promote { epoch, replicas: replicas(nodes) },
            Step::Remove { ref nodes } => Admin::Remove { epoch, replicas: replicas(nodes) },
            Step::RollBack { replica, .. } => Admin::Remove { epoch, replicas: vec![replica] },
            Step::Transfer { to } => {
                let to = report.descriptor.member_on(to)?.replica;
                let now = self.placement.0.sim.now();
                if self.transfer_again.is_some_and(|again| now < again) {
                    return None;
                }
                self.transfer_again = Some(now + TRANSFER_AGAIN);
                Admin::Transfer { to }
            }
            Step::LeaveJoint {} => Admin::LeaveJoint { epoch },
            // Planned by nobody: a split is ordered by its own row, a destruction by its task.
            Step::Split { .. } | Step::Destroy { .. } => return None,
        };
        Some((step, order))
    }
}
