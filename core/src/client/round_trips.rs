//! How fast nodes have answered a client lately, to find the nearest.
//!
//! Pure data: `attempt` measures and asks. An estimate is a moving average, as TCP's of the round
//! trip (RFC 6298). The estimates of nodes that are not asked shrink slowly, so that each is tried
//! again now and then: it may have come nearer, or back.

use std::time::Duration;

use litemap::LiteMap;

use crate::few;
use crate::id::NodeId;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct RoundTrips {
    /// By node, in nanoseconds.
    estimates: LiteMap<NodeId, u64>,
}

/// Each answer counts for one eighth of the estimate.
const WEIGHT: u64 = 8;
/// Each answer of another node makes an estimate smaller by this part: twice as far is asked again
/// after some hundred answers.
const FADING: u64 = 128;

impl RoundTrips {
    /// `node` has answered after `took`, or has not answered within it.
    pub(super) fn learn(&mut self, node: NodeId, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        for (_, estimate) in self.estimates.iter_mut().filter(|(known, _)| **known != node) {
            *estimate -= *estimate / FADING;
        }
        let estimate = self.estimates.entry(node).or_insert(took);
        *estimate = *estimate - *estimate / WEIGHT + took / WEIGHT;
    }

    /// `node` has not answered at all: it counts as that far away.
    pub(super) fn lost(&mut self, node: NodeId, after: Duration) {
        self.estimates.insert(node, u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Whether `node` did not answer, and nothing has shown since that it may again: until some
    /// ninety answers of others have made it a node that is half as far away as that.
    pub(super) fn is_silent(&self, node: NodeId, after: Duration) -> bool {
        let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        self.estimates.get(&node).is_some_and(|estimate| *estimate > after / 2)
    }

    /// The nearest first; one that has never been asked counts as near.
    pub(super) fn sort(&self, nodes: &mut [NodeId]) {
        few::sort_by_key(nodes, |node| (self.estimates.get(node).copied().unwrap_or(0), *node));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: [NodeId; 3] = [NodeId(1), NodeId(2), NodeId(3)];

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn sorted(trips: &RoundTrips) -> [NodeId; 3] {
        let mut nodes = N;
        trips.sort(&mut nodes);
        nodes
    }

    #[test]
    fn the_one_that_answers_fastest_comes_first_once_all_have_been_tried() {
        let mut trips = RoundTrips::default();
        assert_eq!(sorted(&trips), N);
        for (node, took) in N.into_iter().zip([9, 3, 6]) {
            trips.learn(node, ms(took));
        }
        assert_eq!(sorted(&trips), [N[1], N[2], N[0]]);
    }

    #[test]
    fn one_that_does_not_answer_goes_last_and_is_tried_again_later() {
        let mut trips = RoundTrips::default();
        N.into_iter().for_each(|node| trips.learn(node, ms(3)));
        trips.lost(N[0], ms(300));
        assert_eq!(sorted(&trips)[2], N[0]);
        assert!(trips.is_silent(N[0], ms(300)) && !trips.is_silent(N[1], ms(300)));
        let again = (0..2_000).find(|_| {
            trips.learn(N[1], ms(3));
            trips.learn(N[2], ms(3));
            sorted(&trips)[0] == N[0]
        });
        assert!(again.is_some_and(|tries| tries > 100), "{again:?}");
    }
}
