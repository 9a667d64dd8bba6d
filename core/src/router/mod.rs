//! A client's cache: range → shard, epoch, leader. It repairs itself from the answers it gets.
//!
//! Pure data and rules (TiKV's clients call it the region cache). `client` owns one; nothing here
//! sends or waits.

use std::collections::BTreeMap;

use crate::id::{NodeId, ShardId};
use crate::key::{Descriptor, Key};
use crate::message::Located;
use crate::plant::{self, Plant};

/// What a client believes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    /// By first key; ranges never overlap.
    routes: BTreeMap<Key, Route>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) descriptor: Descriptor,
    /// The node believed to lead.
    pub(crate) leader: Option<NodeId>,
    /// Which member to try next while no leader is known.
    next: usize,
    /// How many attempts have come to nothing since one was answered.
    in_vain: usize,
}

/// A route that an answer has moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    pub(crate) shard: ShardId,
    /// Version before; 0 if the shard was not known.
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Route {
    /// The nodes of its voters.
    pub(crate) fn voters(&self) -> impl Iterator<Item = NodeId> {
        self.descriptor.members.iter().filter(|m| m.voter).map(|m| m.node)
    }

    /// Whether so many attempts came to nothing that each voter may have been asked: perhaps all
    /// members have changed, or those that are left know no better.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.in_vain >= self.voters().count()
    }

    /// The node to ask now.
    pub(crate) fn target(&self) -> Option<NodeId> {
        let voters: Vec<NodeId> = self.voters().collect();
        self.leader.or_else(|| voters.get(self.next % voters.len().max(1)).copied())
    }
}

impl Router {
    /// The route of `key`, if one is known.
    pub(crate) fn locate(&self, key: Key) -> Option<&Route> {
        let (_, route) = self.routes.range(..=key).next_back()?;
        route.descriptor.range.contains(key).then_some(route)
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.values()
    }

    /// Takes over what an answer says, where it is newer than what is known. Returns what it
    /// changed.
    pub(crate) fn repair(&mut self, located: &[Located]) -> Vec<Repair> {
        if plant::is(Plant::StaleRouteNeverRepaired) && !self.routes.is_empty() {
            return Vec::new();
        }
        located.iter().filter_map(|l| self.repair_one(l)).collect()
    }

    fn repair_one(&mut self, located: &Located) -> Option<Repair> {
        let Located { descriptor, leader } = located;
        let overlapping: Vec<Key> = self
            .routes
            .range(..descriptor.range.end)
            .filter(|(_, r)| r.descriptor.range.overlaps(&descriptor.range))
            .map(|(start, _)| *start)
            .collect();
        // Versions of shards that share a key are ordered: each split gives both halves a greater
        // one.
        let newer = |r: &Route| r.descriptor.epoch > descriptor.epoch;
        if overlapping.iter().any(|start| self.routes.get(start).is_some_and(newer)) {
            return None;
        }
        let mut from = 0;
        let mut same = false;
        for start in overlapping {
            if let Some(old) = self.routes.remove(&start) {
                from = from.max(old.descriptor.epoch.version);
                same |=
                    old.descriptor == *descriptor && (leader.is_none() || old.leader == *leader);
            }
        }
        let route = Route { descriptor: descriptor.clone(), leader: *leader, next: 0, in_vain: 0 };
        self.routes.insert(descriptor.range.start, route);
        let to = descriptor.epoch.version;
        (!same).then_some(Repair { shard: descriptor.shard, from, to })
    }

    /// That node leads the shard that holds `key`, somebody says.
    pub(crate) fn believe_leader(&mut self, key: Key, leader: NodeId) {
        if let Some(route) = self.route_mut(key) {
            route.leader = Some(leader);
        }
    }

    /// The node that was asked about `key` does not lead, and knows no better: try the next member.
    /// A follower that was asked for a read says nothing about who leads.
    pub(crate) fn doubt_leader(&mut self, key: Key, asked: NodeId) {
        let Some(route) = self.route_mut(key) else {
            return;
        };
        route.in_vain += 1;
        if route.leader.is_some_and(|leader| leader != asked) {
            return;
        }
        let voters: Vec<NodeId> = route.voters().collect();
        route.leader = None;
        route.next = voters.iter().position(|n| *n == asked).map_or(0, |at| at + 1);
    }

    /// An attempt at `key` was answered, or nobody knows a better route: it is tried anew.
    pub(crate) fn trust(&mut self, key: Key) {
        if let Some(route) = self.route_mut(key) {
            route.in_vain = 0;
        }
    }

    fn route_mut(&mut self, key: Key) -> Option<&mut Route> {
        let (_, route) = self.routes.range_mut(..=key).next_back()?;
        route.descriptor.range.contains(key).then_some(route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ReplicaId;
    use crate::key::{Epoch, KeyRange, Member};

    fn located(shard: u64, range: (u64, u64), version: u64) -> Located {
        let member =
            |n: u16| Member { replica: ReplicaId(u64::from(n)), node: NodeId(n), voter: true };
        let descriptor = Descriptor {
            shard: ShardId(shard),
            range: KeyRange::inclusive(range.0, range.1),
            epoch: Epoch { version, conf_ver: 1 },
            members: (1..=3).map(member).collect(),
            joint: false,
        };
        Located { descriptor, leader: Some(NodeId(1)) }
    }

    fn shard_of(router: &Router, key: u64) -> Option<u64> {
        router.locate(Key(key)).map(|r| r.descriptor.shard.0)
    }

    #[test]
    fn a_stale_route_is_repaired_from_the_answer_and_never_goes_back() {
        let mut router = Router::default();
        router.repair(&[located(1, (1, 200), 1)]);
        let repairs = router.repair(&[located(1, (1, 100), 2), located(2, (101, 200), 2)]);
        assert_eq!(repairs.len(), 2);
        assert_eq!((shard_of(&router, 100), shard_of(&router, 101)), (Some(1), Some(2)));
        assert_eq!(router.repair(&[located(1, (1, 200), 1)]), []);
        assert_eq!(shard_of(&router, 150), Some(2));
    }

    #[test]
    fn while_no_leader_is_known_every_voter_is_tried_in_turn() {
        let mut router = Router::default();
        router.repair(&[located(1, (1, 200), 1)]);
        let mut asked = Vec::new();
        for _ in 0..4 {
            let target = router.locate(Key(5)).and_then(Route::target).expect("there are voters");
            asked.push(target.0);
            router.doubt_leader(Key(5), target);
        }
        assert_eq!(asked, [1, 2, 3, 1]);
    }

    #[test]
    fn a_route_is_exhausted_once_as_many_attempts_came_to_nothing_as_it_has_voters() {
        let mut router = Router::default();
        router.repair(&[located(1, (1, 200), 1)]);
        let exhausted = |router: &Router| router.locate(Key(5)).is_some_and(Route::is_exhausted);
        // Hints that lead back to where nothing is answered do not count as answers.
        for node in [1, 2] {
            router.doubt_leader(Key(5), NodeId(node));
            router.believe_leader(Key(5), NodeId(1));
            assert!(!exhausted(&router));
        }
        router.doubt_leader(Key(5), NodeId(1));
        assert!(exhausted(&router));
        router.trust(Key(5));
        assert!(!exhausted(&router));
    }
}
