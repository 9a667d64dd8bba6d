//! What becomes of a raft message that reaches a node: handed to its replica, kept until that runs,
//! or refused.

use super::Node;
use super::catalog::Admission;
use crate::event::EventKind;
use crate::id::{ReplicaId, ShardId};
use crate::message::Message;
use crate::network::{Envelope, MessageKind, Route};
use crate::plant::{self, Plant};
use crate::probe::Fact;
use crate::raft::message::{RaftMessage, RaftReply, Rpc};
use crate::replica::{Stage, WAITING_MAX};

impl Node {
    pub(super) fn receive_raft(&self, shard: ShardId, envelope: Envelope<Message>) {
        let Message::Raft(RaftMessage { to, from, rpc }) = &envelope.payload else {
            return;
        };
        let (route, kind) = (Route::from(&envelope), MessageKind::from(rpc));
        let refuse = |reply| self.0.network.reply(&route, Message::RaftReply(reply));
        match self.admit(shard, *to, *from) {
            Admission::Here => {}
            Admission::Gone => return refuse(RaftReply::Gone { kind }),
            Admission::NotNow => return refuse(RaftReply::NotNow { kind }),
        }
        if let Rpc::Snapshot { state, .. } = rpc
            && !plant::is(Plant::OverlappingSnapshotInstalled)
            && let Some(overlaps) = self.overlap(shard, &state.range)
        {
            let node = self.0.id;
            self.0.trace.record(EventKind::SnapshotRefused { node, shard, overlaps });
            return refuse(RaftReply::NotNow { kind });
        }
        let mut replicas = self.0.replicas.borrow_mut();
        let Some(replica) = replicas.get_mut(&shard) else {
            return;
        };
        if matches!(rpc, Rpc::Append(_) | Rpc::Snapshot { .. }) {
            replica.heard = Some(self.0.sim.now());
        }
        match &mut replica.stage {
            Stage::Starting { waiting, .. } => {
                if waiting.len() < WAITING_MAX {
                    waiting.push(envelope);
                }
            }
            Stage::Running(group) => {
                let (group, network, to) = (group.clone(), self.0.network.clone(), to.0);
                let probe = self.0.probe.clone();
                drop(replicas);
                let group = self.misled(envelope.id, group);
                if from.is_some_and(|sender| group.machine().has_removed(sender)) {
                    return refuse(RaftReply::Expelled { kind });
                }
                probe.tell(|| {
                    let (seat, from) = (group.seat(), from.map(|sender| sender.replica));
                    Fact::Handed { seat, shard, to: ReplicaId(to), from }
                });
                let arrival = self.expect_range(shard, &envelope);
                self.spawn(to, async move {
                    let _until_answered = arrival;
                    let Message::Raft(RaftMessage { rpc, .. }) = envelope.payload else {
                        return;
                    };
                    let asked = rpc.asks_to_promise();
                    let reply = group.answer(kind, rpc).await;
                    if let Some(promise) = asked.filter(|asked| reply.promises(asked)) {
                        probe.tell(|| Fact::Promised { seat: group.seat(), promise });
                    }
                    network.reply(&route, Message::RaftReply(reply));
                });
            }
        }
    }

    /// Reserves the range of a snapshot until it is answered, so that no other is let in that
    /// overlaps it.
    fn expect_range(&self, shard: ShardId, envelope: &Envelope<Message>) -> Option<Arrival> {
        let Message::Raft(RaftMessage { rpc: Rpc::Snapshot { state, .. }, .. }) = &envelope.payload
        else {
            return None;
        };
        self.0.arriving.borrow_mut().insert(envelope.id, (shard, state.range));
        Some(Arrival { node: self.clone(), message: envelope.id })
    }
}

/// A snapshot that is being installed; its range is free again when this is dropped.
struct Arrival {
    node: Node,
    message: u64,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.node.0.arriving.borrow_mut().remove(&self.message);
    }
}
