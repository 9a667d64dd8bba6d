//! How many clients ask, how often, and for how long.

use std::fmt;
use std::time::Duration;

use shardscope_core::Options;

/// A load of a whole cluster.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// What the page begins with.
    AsOnThePage,
    /// So many clients, each asking again as soon as it has its answer.
    WithoutPause { clients: u16 },
}

impl Load {
    /// The page's cluster with this load.
    pub(crate) fn options(self) -> Options {
        match self {
            Load::AsOnThePage => Options::default(),
            Load::WithoutPause { clients } => {
                Options { clients, think_ns: 0, ..Options::default() }
            }
        }
    }

    /// For how much virtual time it is measured: the more there is to do, the shorter.
    pub(crate) fn length(self) -> Duration {
        Duration::from_secs(match self {
            Load::AsOnThePage => 10,
            Load::WithoutPause { clients: ..=64 } => 2,
            Load::WithoutPause { .. } => 1,
        })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clients = self.options().clients;
        match self {
            Load::AsOnThePage => write!(f, "{clients} clients as on the page"),
            Load::WithoutPause { .. } => write!(f, "{clients} clients without pause"),
        }
    }
}
