//! R7, what was committed never changes: the entry at an index of a shard is the same for everyone
//! who ever applies it (Raft, section 3.6.3 of Ongaro's thesis; the harness of TigerBeetle calls it
//! the history of commits).
//!
//! Looks at what entries say: whose write of what, which membership, which split, and whether it
//! took effect. `R5` looks at the states that they leave, which may be equal where the entries were
//! not.

use super::Property;
use super::history::History;
use crate::event::{Event, EventKind};
use crate::id::{ClientId, ShardId};
use crate::key::{Epoch, Key};
use crate::operation::{Change, WriteAnswer};
use crate::trace::digest_of;

/// See the module.
#[derive(Default)]
pub(crate) struct CommittedHistory {
    entries: History<Entry>,
}

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Write {
        client: ClientId,
        serial: u64,
        key: Key,
        change: Change,
        answer: WriteAnswer,
        fresh: bool,
    },
    Membership {
        digest: u64,
    },
    Split {
        child: ShardId,
        at: Key,
    },
    Stale {
        named: Epoch,
        current: Epoch,
    },
}

impl Property for CommittedHistory {
    fn id(&self) -> &'static str {
        "R7"
    }

    fn name(&self) -> &'static str {
        "committed history"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        self.entries.follow(&event.kind);
        let Some((shard, index, now)) = entry(&event.kind) else { return Ok(()) };
        let Some(first) = self.entries.earlier(shard, index, now) else { return Ok(()) };
        *compared += 1;
        if first == now {
            return Ok(());
        }
        Err(format!("{shard}'s entry {index} was {first:?} when it was applied first, now {now:?}"))
    }
}

fn entry(kind: &EventKind) -> Option<(ShardId, u64, Entry)> {
    Some(match *kind {
        EventKind::WriteApplied {
            shard,
            index,
            client,
            serial,
            key,
            change,
            answer,
            fresh,
            ..
        } => (shard, index, Entry::Write { client, serial, key, change, answer, fresh }),
        EventKind::MembershipApplied { ref descriptor, index, .. } => {
            let digest = digest_of(&(&descriptor.members, descriptor.joint));
            (descriptor.shard, index, Entry::Membership { digest })
        }
        EventKind::SplitApplied { ref parent, ref child, index, .. } => {
            (parent.shard, index, Entry::Split { child: child.shard, at: child.range.start })
        }
        EventKind::StaleRefused { shard, index, epoch, current, .. } => {
            (shard, index, Entry::Stale { named: epoch, current })
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, epoch, membership, split, wrote};
    use super::*;
    use crate::id::NodeId;

    #[test]
    fn everyone_who_applies_an_entry_applies_the_same_one() {
        let mut story = Story::new(CommittedHistory::default());
        for node in 1..=3 {
            story.fine(wrote((node, 1, u64::from(node)), 8, (1, 4), (50, 500)));
            story.fine(split(node));
        }
        story.fine(membership(10, 2, &[1, 2, 3], &[9], false));
        assert_eq!(story.compared, 4);
    }

    #[test]
    fn another_write_another_kind_of_entry_and_another_outcome_are_found() {
        let mut story = Story::new(CommittedHistory::default());
        story.fine(wrote((1, 1, 1), 8, (1, 4), (50, 500)));
        story.wrong(wrote((2, 1, 2), 8, (1, 4), (50, 501)), "entry 8 was Write");
        let (node, shard) = (NodeId(2), ShardId(1));
        let (named, current) = (epoch(1, 1), epoch(2, 1));
        let refused = EventKind::StaleRefused { node, shard, index: 8, epoch: named, current };
        story.wrong(refused, "entry 8 was Write");
        story.fine(membership(9, 2, &[1, 2, 3], &[9], false));
        story.wrong(membership(9, 2, &[1, 2, 3], &[8], false), "entry 9 was Membership");
        story.wrong(split(3), "entry 9 was Membership");
    }
}
