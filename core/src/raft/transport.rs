//! OpenRaft's network on ours: one shared link between two nodes for all shards.
//!
//! Built on `openraft-multi`'s `GroupRouter`, which binds a target and a group to each call.
//! Deadlines are honoured: a lost reply would otherwise wedge replication for ever.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use openraft::{AnyError, OptionalSend};
use openraft_multi::{GroupNetworkAdapter, GroupRouter};

use super::message::{C, RaftMessage, RaftReply, Rpc};
use super::state::ShardState;
use super::state_machine::StateMachine;
use super::types::{ReplicaNode, Snapshot, Vote};
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::message::Message;
use crate::network::{Endpoint, Network};
use crate::plant::{self, Plant};

/// A node's end of the network, for all its replicas.
#[derive(Clone)]
pub(crate) struct Transport {
    network: Network<Message>,
    from: NodeId,
}

impl Transport {
    pub(crate) fn new(network: Network<Message>, from: NodeId) -> Self {
        Self { network, from }
    }

    /// The end of one replica of `shard`, which is what its `machine` says it is.
    pub(crate) fn for_replica(self, shard: ShardId, machine: StateMachine) -> ReplicaTransport {
        ReplicaTransport { transport: self, shard, machine }
    }
}

/// Makes the connections of one replica.
pub(crate) struct ReplicaTransport {
    transport: Transport,
    shard: ShardId,
    machine: StateMachine,
}

impl RaftNetworkFactory<C> for ReplicaTransport {
    type Network = GroupNetworkAdapter<C, ShardId, Lane>;

    async fn new_client(&mut self, target: ReplicaId, at: &ReplicaNode) -> Self::Network {
        let (transport, machine) = (self.transport.clone(), self.machine.clone());
        let lane = Lane { transport, machine, to: at.node };
        GroupNetworkAdapter::new(lane, target, self.shard)
    }
}

/// The way to one node.
#[derive(Clone)]
pub(crate) struct Lane {
    transport: Transport,
    machine: StateMachine,
    to: NodeId,
}

/// What a peer answers that is not what was asked for.
#[derive(Debug, thiserror::Error)]
enum Odd {
    #[error("no answer in time")]
    TimedOut,
    #[error("the replica there was destroyed")]
    Gone,
    #[error("this replica is no longer a member")]
    Expelled,
    #[error("the replica there cannot take it now")]
    NotNow,
    #[error("the answer is of another kind")]
    Kind,
}

impl Lane {
    async fn ask(
        &self,
        to: ReplicaId,
        shard: ShardId,
        rpc: Rpc,
        ttl: Duration,
    ) -> Result<RaftReply, RPCError<C>> {
        let Transport { network, from } = &self.transport;
        let message = Message::Raft(RaftMessage { to, from: self.machine.as_sender(), rpc });
        let (from, to) = (Endpoint::Node(*from), Endpoint::Node(self.to));
        match network.call(from, to, Some(shard), message, ttl).await {
            // Asked again at once: the deadline itself is the pause.
            Err(_) => Err(RPCError::Network(NetworkError::new(&Odd::TimedOut))),
            Ok(Message::RaftReply(RaftReply::Gone { .. })) => Err(unreachable_peer(&Odd::Gone)),
            Ok(Message::RaftReply(RaftReply::Expelled { .. })) => {
                self.machine.expelled();
                Err(unreachable_peer(&Odd::Expelled))
            }
            Ok(Message::RaftReply(RaftReply::NotNow { .. })) => Err(unreachable_peer(&Odd::NotNow)),
            Ok(Message::RaftReply(reply)) => Ok(reply),
            Ok(_) => Err(unreachable_peer(&Odd::Kind)),
        }
    }

    async fn ask_for_vote(
        &self,
        to: ReplicaId,
        shard: ShardId,
        rpc: Rpc,
        option: RPCOption,
    ) -> Result<VoteResponse<C>, RPCError<C>> {
        match self.ask(to, shard, rpc, option.soft_ttl()).await? {
            RaftReply::Vote { response, .. } => Ok(response),
            _ => Err(unreachable_peer(&Odd::Kind)),
        }
    }
}

/// Makes OpenRaft pause before it asks again.
fn unreachable_peer(odd: &Odd) -> RPCError<C> {
    RPCError::Unreachable(Unreachable::new(&AnyError::error(odd)))
}

impl GroupRouter<C, ShardId> for Lane {
    type SnapshotData = Rc<ShardState>;

    async fn append_entries(
        &self,
        target: ReplicaId,
        shard: ShardId,
        rpc: AppendEntriesRequest<C>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<C>, RPCError<C>> {
        let ttl = option.soft_ttl();
        let again = plant::is(Plant::LearnerCountedInQuorum).then(|| rpc.clone());
        let mut answer = self.ask(target, shard, Rpc::Append(rpc), ttl).await;
        if let (Err(_), Some(rpc)) = (&answer, again)
            && let Some((to, at)) = self.machine.learner()
        {
            let lane = Self { to: at, ..self.clone() };
            answer = lane.ask(to, shard, Rpc::Append(rpc), ttl).await;
        }
        if answer.is_err() && plant::is(Plant::LostAnswerTakenForSuccess) {
            return Ok(AppendEntriesResponse::Success);
        }
        match answer? {
            RaftReply::Append(AppendEntriesResponse::Conflict)
                if plant::is(Plant::ConflictTakenForSuccess) =>
            {
                Ok(AppendEntriesResponse::Success)
            }
            RaftReply::Append(response) => Ok(response),
            _ => Err(unreachable_peer(&Odd::Kind)),
        }
    }

    async fn vote(
        &self,
        target: ReplicaId,
        shard: ShardId,
        rpc: VoteRequest<C>,
        option: RPCOption,
    ) -> Result<VoteResponse<C>, RPCError<C>> {
        self.ask_for_vote(target, shard, Rpc::Vote(rpc), option).await
    }

    async fn pre_vote(
        &self,
        target: ReplicaId,
        shard: ShardId,
        rpc: VoteRequest<C>,
        option: RPCOption,
    ) -> Result<VoteResponse<C>, RPCError<C>> {
        self.ask_for_vote(target, shard, Rpc::PreVote(rpc), option).await
    }

    async fn full_snapshot(
        &self,
        target: ReplicaId,
        shard: ShardId,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<C>, StreamingError<C>> {
        let rpc = Rpc::Snapshot { vote, meta: snapshot.meta, state: snapshot.snapshot };
        let asked = pin!(self.ask(target, shard, rpc, option.soft_ttl()));
        // A leader that is none any more must stop: its next snapshot would be from after its time.
        match select(pin!(cancel), asked).await {
            Either::Left((closed, _)) => Err(StreamingError::Closed(closed)),
            Either::Right((Ok(RaftReply::Snapshot { response, .. }), _)) => Ok(response),
            Either::Right((Ok(_), _)) => Err(unreachable_peer(&Odd::Kind).into()),
            Either::Right((Err(e), _)) => Err(e.into()),
        }
    }

    async fn transfer_leader(
        &self,
        target: ReplicaId,
        shard: ShardId,
        req: TransferLeaderRequest<C>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<C>, RPCError<C>> {
        match self.ask(target, shard, Rpc::Transfer(req), option.soft_ttl()).await? {
            RaftReply::Transfer(response) => Ok(response),
            _ => Err(unreachable_peer(&Odd::Kind)),
        }
    }
}
