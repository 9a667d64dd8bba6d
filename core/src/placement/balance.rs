//! How to even leaders and replicas over the nodes: pure rules from what nodes report.
//!
//! TiKV's PD has schedulers of the same three ideas: `balance-hot-region`, `balance-leader` and
//! `balance-region`. One move at a time, and only one that makes the nodes more even by more than a
//! tolerance, so that it comes to rest and noise moves nothing. Used by `placement::load`.

use crate::few;
use crate::id::{NodeId, ShardId};

/// What leading a shard counts for by itself, in operations a second: leaders without load are
/// spread too.
const LEADER_WEIGHT: u32 = 15;
/// Nodes are even whose load differs by no more than this and a fifth of the greater one: rates of
/// a few clients vary as much from one second to the next.
const TOLERANCE: u32 = 20;
const TOLERANCE_PART: u32 = 5;

/// A shard as balancing sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) shard: ShardId,
    pub(crate) leader: NodeId,
    /// The leader's node is one of them.
    pub(crate) voters: Vec<NodeId>,
    pub(crate) learners: Vec<NodeId>,
    pub(crate) operations_per_second: u32,
}

/// What would make the nodes more even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// Hand leadership over.
    Leader { shard: ShardId, from: NodeId, to: NodeId },
    /// Move a voter, and leadership with it if it is the leader's.
    Replica { shard: ShardId, from: NodeId, to: NodeId },
}

impl Placed {
    fn weight(&self) -> u32 {
        self.operations_per_second + LEADER_WEIGHT
    }

    fn holds(&self, node: NodeId) -> bool {
        self.voters.contains(&node) || self.learners.contains(&node)
    }
}

/// How much clients ask of each node, by the shards that it leads.
fn loads(nodes: &[NodeId], shards: &[Placed]) -> Vec<(u32, NodeId)> {
    let of = |node: NodeId| shards.iter().filter(|s| s.leader == node).map(Placed::weight).sum();
    nodes.iter().map(|node| (of(*node), *node)).collect()
}

/// How many replicas each node holds.
fn counts(nodes: &[NodeId], shards: &[Placed]) -> Vec<(u32, NodeId)> {
    let of = |node: NodeId| shards.iter().filter(|s| s.holds(node)).count();
    nodes.iter().map(|node| (u32::try_from(of(*node)).unwrap_or(u32::MAX), *node)).collect()
}

/// The next move, if the `nodes`, which are all up, are not even.
pub(crate) fn next_move(nodes: &[NodeId], shards: &[Placed]) -> Option<Move> {
    shift_load(nodes, shards).or_else(|| shift_replica(nodes, shards))
}

/// Takes load off a node, the one that has the most first: by leadership alone if that does, else
/// with a replica.
fn shift_load(nodes: &[NodeId], shards: &[Placed]) -> Option<Move> {
    let (mut loads, counts) = (loads(nodes, shards), counts(nodes, shards));
    few::sort_by_key(&mut loads, |load| *load);
    let held = |node: NodeId| counts.iter().find(|(_, n)| *n == node).map_or(0, |(c, _)| *c);
    loads.iter().rev().find_map(|&(most, from)| {
        let mut ways = Vec::new();
        for s in shards.iter().filter(|s| s.leader == from) {
            for &(load, to) in &loads {
                // The greater of both afterwards: it must be clearly less than now.
                let after = (load + s.weight()).max(most - s.weight());
                let even = most.saturating_sub(load) <= TOLERANCE + most / TOLERANCE_PART;
                if even || after + TOLERANCE / 2 > most {
                    continue;
                }
                let (shard, votes) = (s.shard, s.voters.contains(&to));
                // The most even first; of those, one that moves no data, then the one with the
                // least load.
                let cost = (after, !votes, s.weight());
                if votes {
                    ways.push((cost, Move::Leader { shard, from, to }));
                } else if !s.holds(to) && held(to) <= held(from) {
                    ways.push((cost, Move::Replica { shard, from, to }));
                }
            }
        }
        ways.into_iter().min_by_key(|(cost, _)| *cost).map(|(_, way)| way)
    })
}

/// Moves a follower from the node that holds the most replicas to the one that holds the fewest.
fn shift_replica(nodes: &[NodeId], shards: &[Placed]) -> Option<Move> {
    let counts = counts(nodes, shards);
    let &(most, from) = counts.iter().max()?;
    let &(fewest, to) = counts.iter().min()?;
    if most < fewest + 2 {
        return None;
    }
    let movable = |s: &&Placed| s.voters.contains(&from) && s.leader != from && !s.holds(to);
    let idlest = shards.iter().filter(movable).min_by_key(|s| (s.operations_per_second, s.shard));
    idlest.map(|s| Move::Replica { shard: s.shard, from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(n: u16) -> Vec<NodeId> {
        (1..=n).map(NodeId).collect()
    }

    /// Shards led by the first of their voters, with their load.
    fn table(rows: &[(&[u16], u32)]) -> Vec<Placed> {
        let placed = |(id, (voters, load)): (u64, &(&[u16], u32))| Placed {
            shard: ShardId(id),
            leader: NodeId(voters[0]),
            voters: voters.iter().map(|n| NodeId(*n)).collect(),
            learners: Vec::new(),
            operations_per_second: *load,
        };
        (1..).zip(rows).map(placed).collect()
    }

    fn carry_out(shards: &mut [Placed], way: Move) {
        let (Move::Leader { shard, .. } | Move::Replica { shard, .. }) = way;
        let s = shards.iter_mut().find(|s| s.shard == shard).expect("it is one of them");
        match way {
            Move::Leader { from, to, .. } => {
                assert!(s.leader == from && s.voters.contains(&to), "{way:?} of {s:?}");
                s.leader = to;
            }
            Move::Replica { from, to, .. } => {
                assert!(!s.holds(to), "{way:?} of {s:?}");
                let at = s.voters.iter().position(|n| *n == from).expect("it votes there");
                s.voters[at] = to;
                if s.leader == from {
                    s.leader = to;
                }
            }
        }
    }

    /// Moves until nothing is left to move; how often.
    fn rest(nodes: &[NodeId], shards: &mut [Placed]) -> usize {
        for moves in 0..500 {
            let Some(way) = next_move(nodes, shards) else {
                return moves;
            };
            carry_out(shards, way);
        }
        panic!("it never comes to rest: {shards:?}");
    }

    fn spread(of: &[(u32, NodeId)]) -> (u32, u32) {
        let least = of.iter().map(|(n, _)| *n).min().expect("there are nodes");
        (least, of.iter().map(|(n, _)| *n).max().expect("there are nodes"))
    }

    #[test]
    fn what_is_even_enough_stays_as_it_is() {
        let cases: [&[(&[u16], u32)]; 4] = [
            &[],
            &[(&[1, 2, 3], 150)],
            &[
                (&[1, 2, 3], 100),
                (&[2, 3, 4], 80),
                (&[3, 4, 5], 90),
                (&[4, 5, 1], 85),
                (&[5, 1, 2], 95),
            ],
            &[(&[1, 2, 3], 0), (&[2, 1, 3], 0), (&[3, 1, 2], 0)],
        ];
        for (rows, n) in cases.into_iter().zip([5, 3, 5, 3]) {
            assert_eq!(next_move(&nodes(n), &table(rows)), None, "{rows:?}");
        }
    }

    #[test]
    fn the_hottest_node_gives_leadership_to_a_voter_before_it_moves_data() {
        let shards = table(&[(&[1, 2, 3], 90), (&[1, 2, 3], 60)]);
        let way = next_move(&nodes(3), &shards);
        let to = NodeId(2);
        assert_eq!(way, Some(Move::Leader { shard: ShardId(2), from: NodeId(1), to }));
    }

    #[test]
    fn one_shard_that_is_all_the_load_is_not_passed_round() {
        let mut shards = table(&[(&[1, 2, 3], 400)]);
        let moved = rest(&nodes(5), &mut shards);
        assert_eq!((moved, shards[0].leader), (0, NodeId(1)));
    }

    #[test]
    fn nodes_that_are_empty_get_their_share_of_replicas_and_of_load() {
        let all: &[u16] = &[1, 2, 3];
        let mut shards = table(&[(all, 60), (all, 70), (all, 80), (all, 50), (all, 40), (all, 30)]);
        let moved = rest(&nodes(5), &mut shards);
        let (fewest, most) = spread(&counts(&nodes(5), &shards));
        assert!(most - fewest <= 1, "{shards:?}");
        let (least, most) = spread(&loads(&nodes(5), &shards));
        assert!(least > 0 && most <= 2 * least, "{shards:?}");
        assert!(moved <= 12, "{moved} moves");
    }

    /// From any table it comes to rest, in a number of moves that depends on its size alone.
    #[test]
    fn it_comes_to_rest_from_any_table() {
        let mut drawn = 1_u64;
        let mut below = |n: u64| {
            drawn = drawn
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (drawn >> 33) % n
        };
        for _ in 0..300 {
            let n = u16::try_from(3 + below(5)).expect("small");
            let count = 1 + below(16);
            let mut shards = Vec::new();
            for id in 1..=count {
                let first = u16::try_from(below(n.into())).expect("small");
                let voters: Vec<NodeId> = (0..3).map(|i| NodeId((first + i) % n + 1)).collect();
                shards.push(Placed {
                    shard: ShardId(id),
                    leader: voters[0],
                    voters,
                    learners: Vec::new(),
                    operations_per_second: u32::try_from(below(200)).expect("small"),
                });
            }
            let moved = rest(&nodes(n), &mut shards);
            assert!(moved <= 6 * shards.len(), "{moved} moves of {count} shards");
        }
    }
}
