//! Where clients and nodes are: which node a client sits beside, and which nodes are far from the
//! others.
//!
//! Plain data from the options (TiKV: store labels such as `zone`). Asked by `link`.

use super::Endpoint;
use crate::id::NodeId;
use crate::options::Options;

/// See the module. By default every link's latency is drawn alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// By client, from the first on.
    homes: Vec<NodeId>,
    far: Vec<NodeId>,
    far_ns: u64,
}

impl From<&Options> for Places {
    fn from(options: &Options) -> Self {
        Self {
            homes: options.client_homes.clone(),
            far: options.far_nodes.clone(),
            far_ns: options.far_latency_ns,
        }
    }
}

impl Places {
    /// Where it is: at its home, if it has one.
    pub(super) fn of(&self, endpoint: Endpoint) -> Endpoint {
        let Endpoint::Client(client) = endpoint else {
            return endpoint;
        };
        let home = self.homes.get(usize::from(client.0) - 1);
        home.map_or(endpoint, |node| Endpoint::Node(*node))
    }

    /// How much longer it takes from one place to another, because one of them is far.
    pub(super) fn apart_ns(&self, from: Endpoint, to: Endpoint) -> u64 {
        let far = |at| matches!(at, Endpoint::Node(node) if self.far.contains(&node));
        if far(from) == far(to) { 0 } else { self.far_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::Links;
    use super::*;
    use crate::id::ClientId;

    const FAR_NS: u64 = 40_000_000;

    fn links(places: Places) -> Links {
        Links::new(7, (1_000_000, 2_000_000), places)
    }

    fn latency(links: &mut Links, from: Endpoint, to: Endpoint) -> u64 {
        links.between(from, to).latency_ns
    }

    #[test]
    fn a_client_is_next_door_to_its_home_and_as_far_from_others_as_that_is() {
        let (n1, n5) = (Endpoint::Node(NodeId(1)), Endpoint::Node(NodeId(5)));
        let (at_home, without) = (Endpoint::Client(ClientId(1)), Endpoint::Client(ClientId(2)));
        let homes = vec![NodeId(5)];
        let mut links = links(Places { homes, far: vec![NodeId(5)], far_ns: FAR_NS });
        assert!(latency(&mut links, at_home, n5) < 1_000_000);
        for ends in [(at_home, n1), (n1, at_home)] {
            let as_node = |end| if end == at_home { n5 } else { end };
            let theirs = latency(&mut links, as_node(ends.0), as_node(ends.1));
            assert_eq!(latency(&mut links, ends.0, ends.1), theirs);
            assert!(theirs > FAR_NS);
        }
        assert!(latency(&mut links, without, n5) > FAR_NS, "it is with the others");
        assert!(latency(&mut links, without, n1) <= 2_000_000);
    }

    /// Far nodes are near each other, and a run without any place has the links it always had.
    #[test]
    fn only_the_way_between_far_and_near_is_longer() {
        let node = |n| Endpoint::Node(NodeId(n));
        let far = vec![NodeId(4), NodeId(5)];
        let mut apart = links(Places { homes: Vec::new(), far, far_ns: FAR_NS });
        let mut plain = links(Places::default());
        for (from, to, more) in [(1, 2, 0), (4, 5, 0), (1, 4, FAR_NS), (5, 3, FAR_NS)] {
            let usual = latency(&mut plain, node(from), node(to));
            assert_eq!(latency(&mut apart, node(from), node(to)), usual + more);
        }
    }
}
