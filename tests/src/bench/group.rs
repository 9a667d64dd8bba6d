//! One raft group of three replicas, on any runtime: the cluster's own log store, state machine and
//! types, disks that are durable at once, and a network that is a sleep and a call.
//!
//! It must not know which runtime it is on; `writes` chooses.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{AnyError, AsyncRuntime, Membership, OptionalSend, Raft, ServerState};
use shardscope_core::conformance::parts::birth;
use shardscope_core::conformance::parts::config::raft_config;
use shardscope_core::conformance::parts::entry::{Proposal, Write};
use shardscope_core::conformance::parts::log_store::LogStore;
use shardscope_core::conformance::parts::seat::Seat;
use shardscope_core::conformance::parts::state::ShardState;
use shardscope_core::conformance::parts::state_machine::StateMachine;
use shardscope_core::conformance::parts::types::{
    NodeBatch, NodeDisk, ReplicaNode, Snapshot, Types, Vote,
};
use shardscope_core::{
    Change, ClientId, Epoch, Key, KeyRange, NodeId, Options, ReplicaId, ShardId,
};

/// Replicas of the group.
const REPLICAS: u16 = 3;
/// From one replica to another: the finest that tokio's timers know.
const LATENCY: Duration = Duration::from_millis(1);
/// How long a leader may take to be there, in virtual time.
const ELECTION_LIMIT: Duration = Duration::from_secs(10);
/// Keys that are written.
const KEYS: u64 = 200;
/// As by OpenRaft's own defaults. The cluster's are far lower, to show compaction; here it would
/// hide what is compared behind the copying of state.
const SNAPSHOT_EVERY: u64 = 5_000;
/// See [`SNAPSHOT_EVERY`].
const LOG_KEPT: u64 = 1_000;

type Replica<RT> = Raft<Types<RT>, StateMachine>;

/// Where all replicas are found; empty once the group has ended.
type Peers<RT> = Rc<RefCell<BTreeMap<ReplicaId, Replica<RT>>>>;

/// Lets `clients` of a new group write `writes` times each, one after the other; returns how long
/// that took on the wall clock.
pub(crate) async fn write_all<RT: AsyncRuntime>(clients: u16, writes: u64) -> Duration {
    let peers = start::<RT>().await;
    let leader = peers.borrow()[&ReplicaId(1)].clone();
    // A fresh leader may refuse the first writes, and what they set up is not to be measured.
    warm_up::<RT>(&leader).await;

    let started = Instant::now();
    let client = |client| RT::spawn(write_in_turn(leader.clone(), ClientId(client), writes));
    let running: Vec<_> = (1..=clients).map(client).collect();
    for client in running {
        client.await.expect("a client writes until it is done");
    }
    let took = started.elapsed();

    let replicas = std::mem::take(&mut *peers.borrow_mut());
    for replica in replicas.values() {
        replica.shutdown().await.expect("it has not stopped before");
    }
    took
}

async fn start<RT: AsyncRuntime>() -> Peers<RT> {
    let options =
        Options { snapshot_every: SNAPSHOT_EVERY, log_kept: LOG_KEPT, ..Options::default() };
    let config = raft_config(&options).expect("the options differ from the defaults only in size");
    let seats: Vec<Seat> = (1..=REPLICAS)
        .map(|n| Seat { node: NodeId(n), shard: ShardId(1), replica: ReplicaId(u64::from(n)) })
        .collect();
    let nodes: BTreeMap<_, _> =
        seats.iter().map(|seat| (seat.replica, ReplicaNode { node: seat.node })).collect();
    let voters = nodes.keys().copied().collect();
    let membership = Membership::new(vec![voters], nodes).expect("every voter has a node");
    let peers = Peers::<RT>::default();
    for seat in seats {
        let range = KeyRange::inclusive(1, KEYS);
        let state = ShardState::empty(seat.shard, range, Epoch { version: 1, conf_ver: 1 });
        let disk = NodeDisk::immediate();
        let mut batch = NodeBatch::default();
        birth::put_first_rows(&mut batch, seat.replica, state.clone(), membership.clone(), None);
        disk.format(batch);
        let log = LogStore::new(disk.clone(), seat.replica);
        let machine = StateMachine::detached(seat, disk, state);
        let wires = Wires(peers.clone());
        let replica = Raft::new(seat.replica, config.clone(), wires, log, machine).await;
        let replica = replica.expect("its disk holds what a replica begins with");
        peers.borrow_mut().insert(seat.replica, replica);
    }
    let first = peers.borrow()[&ReplicaId(1)].clone();
    first.trigger().elect(false).await.expect("it has just been started");
    let elected = first.wait(Some(ELECTION_LIMIT)).state(ServerState::Leader, "campaigned").await;
    elected.expect("nobody else campaigns");
    peers
}

async fn warm_up<RT: AsyncRuntime>(leader: &Replica<RT>) {
    let write = |serial| write(ClientId(0), serial);
    while leader.client_write(write(1)).await.is_err() {
        RT::sleep(LATENCY).await;
    }
    for serial in 2..100 {
        leader.client_write(write(serial)).await.expect("it has just taken one");
    }
}

async fn write_in_turn<RT: AsyncRuntime>(leader: Replica<RT>, client: ClientId, writes: u64) {
    for serial in 1..=writes {
        leader.client_write(write(client, serial)).await.expect("nothing fails here");
    }
}

fn write(client: ClientId, serial: u64) -> Proposal {
    let key = Key((serial * 7 + u64::from(client.0) * 13) % KEYS + 1);
    let change = Change::Put { value: serial };
    Proposal::Write(Write { client, serial, key, change, version: 1 })
}

/// Makes the ways from one replica to the others.
struct Wires<RT: AsyncRuntime>(Peers<RT>);

impl<RT: AsyncRuntime> RaftNetworkFactory<Types<RT>> for Wires<RT> {
    type Network = Wire<RT>;

    async fn new_client(&mut self, target: ReplicaId, _: &ReplicaNode) -> Wire<RT> {
        Wire { peers: self.0.clone(), target }
    }
}

/// The way to one replica: a sleep, a call, and a sleep.
struct Wire<RT: AsyncRuntime> {
    peers: Peers<RT>,
    target: ReplicaId,
}

impl<RT: AsyncRuntime> Wire<RT> {
    fn peer(&self) -> Result<Replica<RT>, RPCError<Types<RT>>> {
        let peer = self.peers.borrow().get(&self.target).cloned();
        peer.ok_or_else(|| stopped(&"the group has ended"))
    }
}

fn stopped<RT: AsyncRuntime>(why: &dyn std::fmt::Display) -> RPCError<Types<RT>> {
    RPCError::Unreachable(Unreachable::new(&AnyError::error(why)))
}

impl<RT: AsyncRuntime> RaftNetworkV2<Types<RT>> for Wire<RT> {
    type SnapshotData = Rc<ShardState>;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types<RT>>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<Types<RT>>, RPCError<Types<RT>>> {
        RT::sleep(LATENCY).await;
        let response = self.peer()?.append_entries(rpc).await;
        RT::sleep(LATENCY).await;
        response.map_err(|e| stopped(&e))
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<Types<RT>>,
        _: RPCOption,
    ) -> Result<VoteResponse<Types<RT>>, RPCError<Types<RT>>> {
        RT::sleep(LATENCY).await;
        let response = self.peer()?.vote(rpc).await;
        RT::sleep(LATENCY).await;
        response.map_err(|e| stopped(&e))
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        _: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Types<RT>>, StreamingError<Types<RT>>> {
        RT::sleep(LATENCY).await;
        let installed = self.peer()?.install_full_snapshot(vote, snapshot).await;
        RT::sleep(LATENCY).await;
        installed.map_err(|e| stopped(&e).into())
    }
}
