//! What is done to a single replica from outside: its timer fired, its applying held.

use super::Node;
use crate::error::CommandError;
use crate::event::EventKind;
use crate::id::ShardId;
use crate::raft::Group;
use crate::raft::seat::Seat;

impl Node {
    /// The running replica of `shard`, or why there is none.
    fn running(&self, shard: ShardId) -> Result<(Seat, Group), CommandError> {
        let fact = self.fact(shard).and_then(|fact| Some((fact.seat, fact.group?)));
        fact.ok_or_else(|| {
            let node = self.id();
            CommandError::NotNow(format!(
                "{node} runs no replica of {shard}: name a node that does"
            ))
        })
    }

    /// Has the replica's election timeout fire now, as if it had not heard of a leader for too
    /// long and had been promised the votes: it campaigns in the next term.
    pub(crate) fn elect(&self, shard: ShardId) -> Result<(), CommandError> {
        let (seat, group) = self.running(shard)?;
        let here = group.machine().descriptor().and_then(|d| d.member_on(seat.node));
        if here.is_none_or(|m| !m.voter || m.replica != seat.replica) {
            return Err(CommandError::NotAVoter(shard, seat.node));
        }
        if group.is_leader() {
            let node = seat.node;
            return Err(CommandError::NotNow(format!(
                "{node} leads {shard} already: name another of its voters"
            )));
        }
        let Seat { node, shard, replica } = seat;
        self.0.trace.record(EventKind::ElectionForced { node, shard, replica });
        self.spawn(replica.0, async move {
            // Fails only if the replica has stopped meanwhile.
            drop(group.campaign().await);
        });
        Ok(())
    }

    /// Has the replica take entries and apply none, or apply them again.
    pub(crate) fn hold_apply(&self, shard: ShardId, hold: bool) -> Result<(), CommandError> {
        let (Seat { node, shard, replica }, group) = self.running(shard)?;
        let gate = group.machine().gate();
        match (gate.is_closed(), hold) {
            (false, true) => gate.close(),
            (true, false) => gate.open(),
            (true, true) => {
                let text = format!("{node} holds what it applies of {shard} already");
                return Err(CommandError::NotNow(text));
            }
            (false, false) => {
                let text = format!("{node} applies {shard}: nothing is held");
                return Err(CommandError::NotNow(text));
            }
        }
        self.0.trace.record(if hold {
            EventKind::ApplyHeld { node, shard, replica }
        } else {
            EventKind::ApplyReleased { node, shard, replica }
        });
        Ok(())
    }
}
