//! R1, election safety: one leader at most per shard and term (Raft, figure 3).

use std::collections::BTreeMap;

use super::Property;
use crate::event::{Event, EventKind, Role};
use crate::id::{ReplicaId, ShardId};

/// See the module.
#[derive(Default)]
pub(crate) struct ElectionSafety {
    leaders: BTreeMap<(ShardId, u64), ReplicaId>,
}

impl Property for ElectionSafety {
    fn id(&self) -> &'static str {
        "R1"
    }

    fn name(&self) -> &'static str {
        "election safety"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        let EventKind::RoleChanged { shard, replica, role: Role::Leader, term, .. } = event.kind
        else {
            return Ok(());
        };
        *compared += 1;
        let first = *self.leaders.entry((shard, term)).or_insert(replica);
        if first == replica {
            Ok(())
        } else {
            Err(format!("{first} and {replica} both lead {shard} in term {term}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;
    use crate::sim::Time;

    #[test]
    fn two_leaders_of_a_shard_in_one_term_are_found() {
        let mut property = ElectionSafety::default();
        let mut leads = |shard, replica, term| {
            let (node, shard, replica) = (NodeId(1), ShardId(shard), ReplicaId(replica));
            let kind = EventKind::RoleChanged { node, shard, replica, role: Role::Leader, term };
            property.check(&Event { seq: 1, time: Time::ZERO, kind }, &mut 0)
        };
        assert!(leads(1, 1, 6).is_ok());
        assert!(leads(2, 4, 6).is_ok(), "another shard");
        assert!(leads(1, 2, 7).is_ok(), "another term");
        assert!(leads(1, 1, 6).is_ok(), "the same one again");
        assert!(leads(1, 3, 6).is_err());
    }
}
