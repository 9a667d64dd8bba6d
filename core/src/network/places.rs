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
