//! What a run is made with: plain data, validated once, all limits in one place.
//!
//! Stored in every recording. Used by `Simulation::new`; the rest of the core gets checked values.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::NodeId;
use crate::key::{Key, KeyRange};
use crate::operation::{ReadFrom, ReadPolicy};
use crate::placement::hot::AutoSplit;
use crate::plant::{self, Plant};
use crate::scenario::{STORIES, Story};
use crate::sim::WakeOrder;

/// What a run is made with. The defaults are the reference scenario of the four phases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Where all randomness comes from.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: u16,
    /// How many of them, from the first on, hold the first shard.
    pub voters: u16,
    /// How many clients there are.
    pub clients: u16,
    /// First key of the key space.
    pub first_key: u64,
    /// Last key, inclusive.
    pub last_key: u64,
    /// Into how many equal shards the key space is cut at the start.
    pub initial_shards: u16,
    /// Bounds of a link's one-way latency; each link's own is drawn once from the seed.
    pub link_latency_ns: (u64, u64),
    /// How much longer a single message may take.
    pub link_jitter_ns: u64,
    /// Time on a link for each byte of a message.
    pub link_ns_per_byte: u64,
    /// How long a disk takes to make what was written durable.
    pub flush_latency_ns: u64,
    /// Interval of a leader's heartbeats.
    pub heartbeat_ms: u64,
    /// Bounds of the election timeout.
    pub election_timeout_ms: (u64, u64),
    /// A snapshot is taken after this many entries, and the log before it dropped.
    pub snapshot_every: u64,
    /// How many entries before the snapshot are kept, for followers that are only a little behind.
    pub log_kept: u64,
    /// How many client operations a node serves in a second at most, one after the other; 0: any
    /// number at once. What nodes send each other does not wait for it.
    pub node_capacity: u32,
    /// How long a client thinks between two operations, on average.
    pub think_ns: u64,
    /// Of a hundred client operations, how many are writes.
    pub write_percent: u8,
    /// Of a hundred writes of the clients' own, how many delete.
    pub delete_percent: u8,
    /// Of a hundred writes of the clients' own, how many read first and then set what they found,
    /// if it is still there.
    pub update_percent: u8,
    /// Of a hundred reads of the clients' own, how many scan.
    pub scan_percent: u8,
    /// Most keys that such a scan asks for.
    pub scan_keys: u64,
    /// How replicas make sure that a read is linearizable.
    pub read_policy: ReadPolicy,
    /// Which replica reads go to.
    pub read_from: ReadFrom,
    /// Beside which node each client sits, in the order of their ids: its own node is next door, the
    /// others are as far from it as from that node. Clients without one sit by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_homes: Vec<NodeId>,
    /// First and last of the keys that each client's own load is about, in the order of their ids;
    /// that of other clients is about all keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_keys: Vec<(Key, Key)>,
    /// Nodes that are far from the others, and near each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub far_nodes: Vec<NodeId>,
    /// How much longer a message to or from there takes, one way.
    pub far_latency_ns: u64,
    /// What placement does about a shard that stays hot.
    pub auto_split: AutoSplit,
    /// Whether placement evens leaders and replicas over the nodes, by number and by load.
    pub balance: bool,
    /// Bounds of a node's clock offset, drawn from the seed, either way.
    pub clock_offset_ns: u64,
    /// In which order tasks that are ready at the same instant run.
    pub wake_order: WakeOrder,
    /// The scenario of the gallery whose captions are told; empty for the four phases.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scenario: String,
    /// The bug that is planted, in a build that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 7,
            nodes: 5,
            voters: 3,
            clients: 6,
            first_key: 1,
            last_key: 200,
            initial_shards: 1,
            link_latency_ns: (1_500_000, 3_500_000),
            link_jitter_ns: 400_000,
            link_ns_per_byte: 80,
            flush_latency_ns: 200_000,
            heartbeat_ms: 200,
            election_timeout_ms: (600, 1_200),
            snapshot_every: 64,
            log_kept: 16,
            node_capacity: 150,
            think_ns: 8_000_000,
            write_percent: 60,
            delete_percent: 0,
            update_percent: 0,
            scan_percent: 0,
            scan_keys: 20,
            read_policy: ReadPolicy::ReadIndex,
            read_from: ReadFrom::Leader,
            client_homes: Vec::new(),
            client_keys: Vec::new(),
            far_nodes: Vec::new(),
            far_latency_ns: 0,
            auto_split: AutoSplit::Off,
            balance: false,
            clock_offset_ns: 2_000_000,
            wake_order: WakeOrder::Fifo,
            scenario: String::new(),
            plant: None,
        }
    }
}

impl Options {
    /// The defaults with another seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Most nodes: the scene and the placement table are made for a handful.
    pub const NODES_MAX: u16 = 9;
    /// Most clients.
    pub const CLIENTS_MAX: u16 = 8_192;
    /// Most shards at the start.
    pub const INITIAL_SHARDS_MAX: u16 = 1_024;
    /// Most operations a second that a node's capacity is given as: beyond that it is no bound.
    pub const NODE_CAPACITY_MAX: u32 = 1_000_000;
    /// Furthest that nodes are apart: there and back must fit into what a client waits for an
    /// answer.
    pub const FAR_LATENCY_MAX_NS: u64 = 100_000_000;

    pub(crate) fn key_space(&self) -> KeyRange {
        KeyRange::inclusive(self.first_key, self.last_key)
    }

    /// Checks every limit.
    ///
    /// # Errors
    /// [`Error::Options`] names the first option that is out of its limits, and the limits.
    pub fn validate(&self) -> Result<(), Error> {
        let bad = |text: String| Err(Error::Options(text));
        plant::check(self.plant).map_err(|e| Error::Options(e.to_string()))?;
        if !(1..=Self::NODES_MAX).contains(&self.nodes) {
            return bad(format!("nodes must be 1 to {}, not {}", Self::NODES_MAX, self.nodes));
        }
        if !(1..=self.nodes).contains(&self.voters) {
            return bad(format!("voters must be 1 to {} (nodes), not {}", self.nodes, self.voters));
        }
        if self.clients > Self::CLIENTS_MAX {
            return bad(format!("clients must be at most {}", Self::CLIENTS_MAX));
        }
        if self.first_key > self.last_key || self.last_key >= 1 << 32 {
            return bad("first_key must not be above last_key, and that must be below 2^32".into());
        }
        let keys = self.last_key - self.first_key + 1;
        if !(1..=Self::INITIAL_SHARDS_MAX).contains(&self.initial_shards)
            || u64::from(self.initial_shards) > keys
        {
            return bad(format!(
                "initial_shards must be 1 to {} and at most one a key",
                Self::INITIAL_SHARDS_MAX
            ));
        }
        if self.link_latency_ns.0 == 0 || self.link_latency_ns.0 > self.link_latency_ns.1 {
            return bad("link_latency_ns must be (low, high) with 0 < low <= high".into());
        }
        let (low, high) = self.election_timeout_ms;
        if self.heartbeat_ms == 0 || low <= self.heartbeat_ms * 2 || high <= low {
            return bad(
                "election_timeout_ms must be (low, high) with 2 heartbeats < low < high".into()
            );
        }
        if self.snapshot_every == 0 {
            return bad("snapshot_every must be at least 1".into());
        }
        if !self.scenario.is_empty() && Story::named(&self.scenario).is_none() {
            let names: Vec<&str> = STORIES.iter().map(|s| s.name).collect();
            return bad(format!(
                "there is no scenario \"{}\": there are {}",
                self.scenario,
                names.join(", ")
            ));
        }
        self.validate_load()
    }

    fn validate_load(&self) -> Result<(), Error> {
        let bad = |text: &str| Err(Error::Options(text.into()));
        if self.write_percent > 100 {
            return bad("write_percent must be at most 100");
        }
        if self.scan_percent > 100 {
            return bad("scan_percent must be at most 100");
        }
        if self.delete_percent > 100 || self.update_percent > 100 - self.delete_percent {
            return bad("delete_percent and update_percent together must be at most 100");
        }
        if self.scan_keys == 0 {
            return bad("scan_keys must be at least 1");
        }
        if self.node_capacity > Self::NODE_CAPACITY_MAX {
            return bad(
                "node_capacity must be at most 1000000 operations a second; 0 for no bound",
            );
        }
        self.validate_places()
    }

    /// Where nodes and clients are, and what clients ask for.
    fn validate_places(&self) -> Result<(), Error> {
        let bad = |text: &str| Err(Error::Options(text.into()));
        let clients = usize::from(self.clients);
        if self.client_homes.len() > clients || self.client_keys.len() > clients {
            return bad("client_homes and client_keys must not name more clients than there are");
        }
        let mut named = self.client_homes.iter().chain(&self.far_nodes);
        if named.any(|node| !(1..=self.nodes).contains(&node.0)) {
            return bad("client_homes and far_nodes must name nodes that there are");
        }
        let space = self.key_space();
        let fits = |&(first, last): &(Key, Key)| {
            first <= last && space.contains(first) && space.contains(last)
        };
        if !self.client_keys.iter().all(fits) {
            return bad("client_keys must be (first, last) keys of the key space");
        }
        if self.far_latency_ns > Self::FAR_LATENCY_MAX_NS {
            return bad("far_latency_ns must be at most 100000000 (100 ms)");
        }
        Ok(())
    }
}
