//! S11, a destroyed replica never comes back: nothing, neither a message nor a late split nor a
//! restart, makes it again (TiKV: `PeerState::Tombstone`, and why it is kept, in
//! `components/raftstore/src/store/fsm/store.rs`).

use super::Property;
use super::tombstones::Tombstones;
use crate::event::{Event, EventKind};
use crate::options::Options;

/// See the module.
pub(crate) struct DestroyedStaysSo {
    tombstones: Tombstones,
}

impl DestroyedStaysSo {
    pub(crate) fn new(options: &Options) -> Self {
        Self { tombstones: Tombstones::new(options) }
    }
}

impl Property for DestroyedStaysSo {
    fn id(&self) -> &'static str {
        "S11"
    }

    fn name(&self) -> &'static str {
        "destroyed stays destroyed"
    }

    fn check(&mut self, event: &Event, compared: &mut u64) -> Result<(), String> {
        self.tombstones.follow(event);
        let EventKind::ReplicaStarted { node, shard, replica, origin, .. } = event.kind else {
            return Ok(());
        };
        *compared += 1;
        if self.tombstones.contain(node, replica) {
            return Err(format!("{replica} of {shard} is back on {node} ({origin:?}), destroyed"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, crashed, destroyed, started};
    use super::*;
    use crate::event::Origin;

    fn story() -> Story<DestroyedStaysSo> {
        let mut story = Story::new(DestroyedStaysSo::new(&Options::default()));
        story.fine(started((1, 2, 4), Origin::Split, Some((101, 200))));
        story.fine(destroyed((1, 2, 4)));
        story
    }

    #[test]
    fn newer_ones_and_one_whose_tombstone_was_not_durable_may_start() {
        let mut story = story();
        story.fine(started((1, 2, 9), Origin::Message, None));
        story.fine(destroyed((1, 2, 9)));
        story.fine(crashed(1));
        story.fine(started((1, 2, 9), Origin::Restart, None));
        assert_eq!(story.compared, 3);
    }

    #[test]
    fn a_destroyed_replica_that_comes_back_is_found() {
        story().wrong(started((1, 2, 4), Origin::Message, None), "r4 of shard_b is back on n1");
        let mut late = story();
        late.at(1_000);
        late.fine(crashed(1));
        late.wrong(started((1, 2, 4), Origin::Restart, Some((101, 200))), "is back on n1");
    }
}
