//! One replica's `openraft::Raft` with its storage, in the glossary's words.
//!
//! Owned by `replica`. It must not know other shards, ranges of other replicas, or placement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::watch::WatchReceiver;
use openraft::errors::{LinearizableReadError, RaftError};
use openraft::raft::SnapshotResponse;
use openraft::raft::linearizable_read::Linearizer;
use openraft::type_config::TypeConfigExt;
use openraft::{ChangeMembers, Config, Precondition, Raft, ServerState};

use super::compaction::Compaction;
use super::entry::{Applied, Proposal};
use super::error::{ReadError, WriteError, read_error, stopped, write_error};
use super::log_store::LogStore;
use super::message::{C, RaftReply, Rpc};
use super::seat::{NodeSide, Seat};
use super::state_machine::StateMachine;
use super::transport::Transport;
use super::types::{NodeDisk, ReplicaNode, Snapshot};
use crate::event::Role;
use crate::id::{NodeId, ReplicaId};
use crate::key::Epoch;
use crate::network::MessageKind;
use crate::operation::ReadPolicy;
use crate::plant::{self, Plant};
use crate::probe::{Basis, Grounds, Probe};
use crate::sim::SimInstant;
use crate::trace::Trace;

/// One replica's raft: a handle, cheap to clone.
#[derive(Clone)]
pub(crate) struct Group {
    pub(super) seat: Seat,
    pub(super) raft: Raft<C, StateMachine>,
    pub(super) machine: StateMachine,
    log: LogStore,
}

/// What a group needs of its node.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) config: Arc<Config>,
    pub(crate) disk: NodeDisk,
    pub(crate) transport: Transport,
    pub(crate) trace: Trace,
    pub(crate) probe: Probe,
    pub(crate) node: NodeSide,
}

/// How a replica stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupStatus {
    pub(crate) role: Role,
    pub(crate) term: u64,
    pub(crate) leader: Option<ReplicaId>,
    pub(crate) last_log: u64,
    pub(crate) committed: u64,
    pub(crate) applied: u64,
    pub(crate) snapshot: u64,
    /// For a leader: up to which index each other replica is known to match.
    pub(crate) matched: Vec<(ReplicaId, u64)>,
    /// For a leader: when, by its node's clock, it sent what a quorum has acknowledged since.
    pub(crate) acknowledged: Option<SimInstant>,
}

impl Group {
    /// Starts the replica of `seat` from what is on its disk.
    pub(crate) async fn start(seat: Seat, parts: Parts) -> Result<Self, String> {
        let Parts { config, disk, transport, trace, probe, node } = parts;
        let log = LogStore::new(disk.clone(), seat.replica);
        let compaction = Compaction::new(config.max_in_snapshot_log_to_keep);
        let machine = StateMachine::new(seat, disk, (trace, probe), node, compaction);
        let network = transport.for_replica(seat.shard, machine.clone());
        let raft = Raft::new(seat.replica, config, network, log.clone(), machine.clone())
            .await
            .map_err(|fatal| fatal.to_string())?;
        let group = Self { seat, raft, machine, log };
        // Without a range it has nothing to stand for: it votes and follows, and lets others act.
        group.set_ticking(group.machine.is_initialized());
        Ok(group)
    }

    pub(crate) fn set_ticking(&self, on: bool) {
        self.raft.runtime_config().tick(on);
    }

    pub(crate) fn seat(&self) -> Seat {
        self.seat
    }

    pub(crate) fn machine(&self) -> &StateMachine {
        &self.machine
    }

    pub(crate) fn log(&self) -> &LogStore {
        &self.log
    }

    /// Answers another replica.
    pub(crate) async fn answer(&self, kind: MessageKind, rpc: Rpc) -> RaftReply {
        let stopped = || RaftReply::NotNow { kind };
        match rpc {
            Rpc::Append(r) => {
                self.raft.append_entries(r).await.map_or_else(|_| stopped(), RaftReply::Append)
            }
            Rpc::Vote(mut r) => {
                if plant::is(Plant::VoteIgnoresLog) {
                    let own = self.log.last();
                    r.last_log_id = r.last_log_id.max(own);
                }
                let asked = r.vote;
                let answered = self.raft.vote(r).await;
                answered.map_or_else(
                    |_| stopped(),
                    |mut response| {
                        let term = response.vote.leader_id.term;
                        if plant::is(Plant::VoteGrantedTwice) && term == asked.leader_id.term {
                            (response.vote, response.vote_granted) = (asked, true);
                        }
                        RaftReply::Vote { kind, response }
                    },
                )
            }
            Rpc::PreVote(r) => self
                .raft
                .pre_vote(r)
                .await
                .map_or_else(|_| stopped(), |response| RaftReply::Vote { kind, response }),
            Rpc::Snapshot { vote, meta, state } => {
                let snapshot = Snapshot { meta, snapshot: state };
                let installed = self.raft.install_full_snapshot(vote, snapshot).await;
                // OpenRaft answers at once if it has heard that all in the snapshot is committed,
                // durable here or not (docs/findings/snapshot-before-flush.md).
                if !plant::is(Plant::SnapshotAnsweredEarly) {
                    self.log.synced().await;
                }
                let taken = |by: &SnapshotResponse<C>| by.vote == vote;
                installed.map_or_else(
                    |_| stopped(),
                    |response| RaftReply::Snapshot { taken: taken(&response), response },
                )
            }
            Rpc::Transfer(r) => self
                .raft
                .handle_transfer_leader(r)
                .await
                .map_or_else(|_| stopped(), RaftReply::Transfer),
        }
    }

    /// Proposes an entry and waits until it is applied here: the entry's term, and what it did.
    pub(crate) async fn propose(&self, proposal: Proposal) -> Result<(u64, Applied), WriteError> {
        let done = self.raft.client_write(proposal).await.map_err(write_error)?;
        Ok((done.log_id.leader_id.term, done.data))
    }

    /// Returns once a read of what this leader has applied is linearizable, and on what that rests.
    pub(crate) async fn read_barrier(
        &self,
        policy: ReadPolicy,
        ttl: Duration,
    ) -> Result<Grounds, ReadError> {
        let believed = |basis| Grounds { term: self.status().term, basis };
        if plant::has_lease(self.seat.replica) {
            return Ok(believed(Basis::Lease));
        }
        if plant::is(Plant::ReadWithoutReadIndex) && self.is_leader() {
            return Ok(believed(Basis::Quorum));
        }
        let (linearizer, basis) = self.linearizer(policy).await?;
        // A leader reads no earlier than its own first entry: the term is the leader's.
        let grounds = Grounds { term: linearizer.read_log_id().committed_leader_id().term, basis };
        // With a deadline of its own, OpenRaft's wait would tell the time of day in its error, and a
        // browser's has none to tell.
        match C::timeout(ttl, linearizer.await_ready(&self.raft)).await {
            Ok(Ok(_)) => Ok(grounds),
            Ok(Err(_)) => Err(ReadError::NotLeader(None)),
            Err(_) => Err(ReadError::Behind),
        }
    }

    /// The log index up to which any replica must have applied before a read of its state is
    /// linearizable, if it is asked for after this call begins. Answered by the leader alone.
    pub(crate) async fn read_index(&self, policy: ReadPolicy) -> Result<u64, ReadError> {
        Ok(self.linearizer(policy).await?.0.read_log_id().index())
    }

    /// Returns once this replica has applied up to `index`.
    pub(crate) async fn applied(&self, index: u64, ttl: Duration) -> Result<(), ReadError> {
        let wait = self.raft.wait(None);
        let applied = wait.applied_index_at_least(Some(index), "a follower's read");
        match C::timeout(ttl, applied).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ReadError::Behind),
        }
    }

    async fn linearizer(&self, policy: ReadPolicy) -> Result<(Linearizer<C>, Basis), ReadError> {
        if policy == ReadPolicy::Lease {
            match self.raft.get_read_linearizer(openraft::ReadPolicy::LeaseRead).await {
                // The lease has run out: a quorum must say.
                Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_))) => {}
                found => return found.map(|l| (l, Basis::Lease)).map_err(read_error),
            }
        }
        let found = self.raft.get_read_linearizer(openraft::ReadPolicy::ReadIndex).await;
        found.map(|l| (l, Basis::Quorum)).map_err(read_error)
    }

    fn still(&self, epoch: Epoch) -> Result<(), WriteError> {
        let is = self.machine.state(|s| s.epoch) == Some(epoch);
        let all_the_same = plant::is(Plant::StepWithoutPrecondition);
        if is || all_the_same { Ok(()) } else { Err(WriteError::Stale) }
    }

    /// Changes the membership if it is still the one that this replica has applied, at `epoch`.
    async fn change(
        &self,
        epoch: Epoch,
        change: ChangeMembers<ReplicaId, ReplicaNode>,
        keep_removed: bool,
    ) -> Result<(), WriteError> {
        if plant::is(Plant::StepWithoutPrecondition) {
            let done = self.raft.change_membership(change, keep_removed).await;
            return done.map(|_| ()).map_err(write_error);
        }
        self.still(epoch)?;
        let last_membership_log_id = *self.machine.membership().log_id();
        let still = Precondition::LastMembershipLogId { last_membership_log_id };
        self.raft
            .change_membership_if(change, keep_removed, [still])
            .await
            .map(|_| ())
            .map_err(write_error)
    }

    pub(crate) async fn add_learner(
        &self,
        epoch: Epoch,
        replica: ReplicaId,
        node: NodeId,
    ) -> Result<(), WriteError> {
        let added = BTreeMap::from([(replica, ReplicaNode { node })]);
        self.change(epoch, ChangeMembers::AddNodes(added), true).await
    }

    pub(crate) async fn promote(
        &self,
        epoch: Epoch,
        replicas: BTreeSet<ReplicaId>,
    ) -> Result<(), WriteError> {
        self.still(epoch)?;
        let voters = self.machine.membership().voter_ids().chain(replicas.clone()).collect();
        self.hear_quorums(voters).await?;
        self.change(epoch, ChangeMembers::AddVoterIds(replicas), true).await
    }

    /// Takes replicas, voters and learners, out of the membership.
    pub(crate) async fn remove(
        &self,
        epoch: Epoch,
        replicas: BTreeSet<ReplicaId>,
    ) -> Result<(), WriteError> {
        self.still(epoch)?;
        let membership = self.machine.membership();
        let (voters, learners): (BTreeSet<_>, BTreeSet<_>) =
            replicas.into_iter().partition(|r| membership.voter_ids().any(|v| v == *r));
        let change = if voters.is_empty() {
            ChangeMembers::RemoveNodes(learners)
        } else {
            let left = membership.voter_ids().filter(|v| !voters.contains(v)).collect();
            self.hear_quorums(left).await?;
            ChangeMembers::RemoveVoters(voters)
        };
        self.change(epoch, change, false).await
    }

    /// Leaves a joint configuration for its newer half.
    pub(crate) async fn leave_joint(&self, epoch: Epoch) -> Result<(), WriteError> {
        // Adding nobody: OpenRaft then flattens the joint configuration.
        self.change(epoch, ChangeMembers::AddVoterIds(BTreeSet::new()), false).await
    }

    /// Begins to hand leadership over.
    pub(crate) async fn transfer(&self, to: ReplicaId) -> Result<(), WriteError> {
        plant::keep_lease(self.seat.replica);
        self.raft.trigger().transfer_leader(to).await.map_err(|e| stopped(&e))
    }

    /// Campaigns at once, without asking around first.
    pub(crate) async fn campaign(&self) -> Result<(), WriteError> {
        self.raft.trigger().elect(false).await.map_err(|e| stopped(&e))
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.raft.is_leader()
    }

    pub(crate) fn status(&self) -> GroupStatus {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow_watched();
        let index = |id: &Option<super::types::LogId>| id.map_or(0, |id| id.index);
        GroupStatus {
            role: role(metrics.state),
            term: metrics.current_term,
            leader: metrics.current_leader,
            last_log: metrics.last_log_index.unwrap_or(0),
            committed: index(&metrics.local_committed),
            applied: index(&metrics.last_applied),
            snapshot: index(&metrics.snapshot),
            matched: metrics
                .replication
                .iter()
                .flatten()
                .filter(|(replica, _)| **replica != self.seat.replica)
                .map(|(replica, matched)| (*replica, index(matched)))
                .collect(),
            acknowledged: metrics.last_quorum_acked.map(|at| *at),
        }
    }

    /// Calls `changed` with role, term and leader, now and whenever one of them changes, until the
    /// replica stops.
    pub(crate) async fn watch_role(self, mut changed: impl FnMut(Role, u64, Option<ReplicaId>)) {
        let mut watch = self.raft.server_metrics();
        // The handle must not keep its own replica alive.
        drop(self);
        loop {
            let (role, term, leader) = {
                let m = watch.borrow_and_update();
                (role(m.state), m.vote.leader_id.term, m.current_leader)
            };
            changed(role, term, leader);
            if watch.changed().await.is_err() {
                return;
            }
        }
    }
}

fn role(state: ServerState) -> Role {
    match state {
        ServerState::Leader => Role::Leader,
        ServerState::Candidate => Role::Candidate,
        ServerState::Follower => Role::Follower,
        ServerState::Learner | ServerState::Shutdown => Role::Learner,
    }
}
