//! What the page sees: plain data in the page's words, made anew at each request, never shared.
//!
//! Owns the names that the page and outside tools read. It must not know raft types or hold
//! references into the simulation. Made by `observer::view`; read by `web` and by tests. Field
//! names are camelCase on the other side. Times and durations are virtual nanoseconds unless a name
//! says otherwise.

mod group;
mod told;

use serde::{Deserialize, Serialize};

pub use group::*;
pub use told::*;

use crate::network::MessageKind;

/// Everything that is drawn, at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Virtual time since the start.
    pub time_ns: u64,
    /// Steps taken so far: one a message delivered or timer fired, with all that follows at that
    /// instant.
    pub steps: u64,
    /// Sequence number of the last event in the trace; 0 before the first.
    pub event_seq: u64,
    /// Rolling digest of the trace, 16 hexadecimal digits.
    pub digest: String,
    /// The seed, in decimal (it may exceed what a JavaScript number holds).
    pub seed: String,
    /// Exact version of the OpenRaft crate that runs.
    pub openraft: String,
    /// Where the reference scenario stands.
    pub phase: PhaseView,
    /// The scenario of the gallery that runs; `None` for the four phases.
    pub scenario: Option<ScenarioView>,
    /// The captions of all phases so far, or of the scenario, in order.
    pub captions: Vec<CaptionView>,
    /// The key space and its heat.
    pub key_space: KeySpaceView,
    /// All nodes, by id.
    pub nodes: Vec<NodeView>,
    /// All shards that exist, by range.
    pub shards: Vec<ShardView>,
    /// All replicas that a node holds, by shard, then node. Tombstones stay for a while, so that
    /// their end is seen.
    pub replicas: Vec<ReplicaView>,
    /// Messages in flight, by id: at most [`MESSAGES_MAX`](Self::MESSAGES_MAX).
    pub messages: Vec<MessageView>,
    /// How many messages are in flight in all.
    pub messages_total: u64,
    /// Links that are not clean: cut, held, slow or lossy, all that travels on them or a part.
    pub links: Vec<LinkView>,
    /// All clients, by id.
    pub clients: Vec<ClientView>,
    /// The log tail of each live replica, by shard, then node.
    pub logs: Vec<LogView>,
    /// Shards × nodes, as the placement table shows them.
    pub placement: Vec<PlacementRow>,
    /// What placement is doing or waiting for, in a sentence; empty when it is at rest.
    pub placement_note: String,
    /// Whether placement is down.
    pub placement_down: bool,
    /// What placement would do about hot shards if it were allowed to, in a sentence each.
    pub proposals: Vec<String>,
    /// The last faults, oldest first, and what they cost.
    pub incidents: Vec<IncidentView>,
    /// What was sent since the start, by kind.
    pub traffic: Vec<TrafficView>,
    /// What is stuck and why, the most pressing first.
    pub whys: Vec<WhyView>,
    /// The verdict of the checkers.
    pub safety: SafetyView,
}

impl View {
    /// Bound on `messages`: more dots than this cannot be told apart on a screen.
    pub const MESSAGES_MAX: usize = 200;
    /// Bound on the entries of one [`LogView`].
    pub const LOG_ENTRIES_MAX: usize = 32;
}

/// Where the reference scenario (design: the four phases) stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseView {
    /// The last phase that is complete, 0 before the first.
    pub completed: u8,
    /// The phase that runs now, 0 if none.
    pub running: u8,
    /// The names of the four phases.
    pub names: Vec<String>,
    /// Why the running phase is not complete yet, in a sentence; empty otherwise.
    pub waiting_for: String,
    /// What each complete phase cost.
    pub costs: Vec<PhaseCostView>,
}

/// What one phase cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseCostView {
    /// 1 to 4.
    pub phase: u8,
    /// Virtual time from its command to its end.
    pub duration_ns: u64,
    /// Messages sent.
    pub messages: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// The longest time for which a key could not be written.
    pub unwritable_ns: u64,
    /// The mean round trip of a link, to judge that by.
    pub round_trip_ns: u64,
    /// Clients' operations answered, from its start to the start of the next phase or to now; the
    /// three figures below are over the same time.
    pub operations: u64,
    /// The same for each virtual second.
    pub operations_per_second: u64,
    /// How long they took on average, from the client's first attempt to its answer.
    pub latency_ns: u64,
    /// What 99 of a hundred took at most.
    pub latency_p99_ns: u64,
    /// Digest at its end.
    pub digest: String,
}

/// One caption: one idea, shown once what it tells has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptionView {
    /// Stable name, for links.
    pub id: String,
    /// 1 to 4; 0 in a scenario of the gallery.
    pub phase: u8,
    /// The text; `**…**` marks what is strong.
    pub text: String,
    /// The OpenRaft call behind it.
    pub call: String,
    /// TiKV's word for it.
    pub tikv: String,
    /// Whether what it tells has happened.
    pub reached: bool,
}

/// The key space and its heat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeySpaceView {
    /// First key.
    pub first: u64,
    /// Last key, inclusive.
    pub last: u64,
    /// Operations in the last virtual second, in equal buckets of keys from the first on.
    pub heat: Vec<u32>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeView {
    /// 1 to 5.
    pub id: u16,
    /// `n1` to `n5`.
    pub name: String,
    /// Up, paused or down.
    pub status: NodeStatus,
    /// Whether every link to and from it is cut.
    pub isolated: bool,
    /// How long its disk takes for a flush.
    pub flush_latency_ns: u64,
    /// Whether nothing becomes durable on its disk.
    pub disk_held: bool,
    /// Whether its disk has no room for more.
    pub disk_full: bool,
    /// How far its clock is from the world's.
    pub clock_offset_ns: i64,
    /// Holds replicas, but a vote in none of them.
    pub guest: bool,
    /// Clients' operations that it served in the last virtual second.
    pub ops_per_second: u32,
    /// Clients' operations that wait for their turn on it.
    pub queued: u32,
    /// How often it was started.
    pub starts: u32,
}

/// A node's condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Runs.
    Up,
    /// Frozen, with all that it holds in memory.
    Paused,
    /// Crashed: only its disk is left.
    Down,
}

/// One shard, as its newest committed descriptor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardView {
    /// Never used twice.
    pub id: u64,
    /// `shard_a`, `shard_b`, …
    pub name: String,
    /// First key.
    pub first: u64,
    /// Last key, inclusive.
    pub last: u64,
    /// Counts splits.
    pub version: u64,
    /// Counts membership changes.
    pub conf_ver: u64,
    /// The node of its leader, if there is one.
    pub leader: Option<u16>,
    /// The nodes whose replicas vote, whether they are up or not.
    pub voters: Vec<u16>,
    /// The nodes whose replicas only learn.
    pub learners: Vec<u16>,
    /// Where it comes from; `None` for a shard of the beginning.
    pub origin: Option<OriginView>,
    /// Operations in the last virtual second.
    pub ops_per_second: u32,
    /// How long those took on average.
    pub latency_ns: u64,
    /// What 99 of a hundred of them took at most.
    pub latency_p99_ns: u64,
    /// Whether its load is above what calls for a split.
    pub hot: bool,
    /// What a client could do with it now.
    pub availability: Availability,
    /// For how long it has been without a gap in that (while writable), or how long the gap is
    /// (while not).
    pub since_ns: u64,
    /// The longest time in which no write to it could succeed, since the start.
    pub longest_gap_ns: u64,
}

/// What a client could do with a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// A leader that a quorum follows.
    Writable,
    /// The same, but it is handing over, or has proposed a split: it takes no writes.
    Readable,
    /// No leader, or none that reaches a quorum.
    Unavailable,
}

/// A link that is not clean, or a part of what travels on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    /// From which node.
    pub from: u16,
    /// To which node.
    pub to: u16,
    /// Only messages of this shard.
    pub shard: Option<u64>,
    /// Only messages of this kind.
    pub kind: Option<MessageKind>,
    /// Those messages are lost.
    pub cut: bool,
    /// Those messages wait.
    pub held: bool,
    /// How much longer than usual they take.
    pub slow_ns: u64,
    /// Of a thousand of them, how many are lost.
    pub loss_permille: u16,
    /// Of a thousand of them, how many arrive twice.
    pub duplicate_permille: u16,
    /// How much longer than that one may take, so that others overtake it.
    pub reorder_ns: u64,
}

/// One client, and what it believes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// 1, 2, …; drawn as `client 1`, named `c1` in messages.
    pub id: u16,
    /// Its router's cache, by range.
    pub routes: Vec<RouteView>,
    /// What it waits for: `write 17`, `read 180`; empty when idle.
    pub pending: String,
    /// Attempts of the pending operation so far.
    pub attempts: u32,
    /// Why its last attempt came to nothing, in a sentence; empty if none has been answered yet.
    pub setback: String,
    /// What its last repair was, such as `shard_a epoch 1 → 2`; empty at first.
    pub last_repair: String,
    /// Time since that.
    pub last_repair_ns: Option<u64>,
    /// The node that it sits beside, if any.
    pub home: Option<u16>,
    /// How long its operations of the last virtual second took on average; 0 if it had none.
    pub latency_ns: u64,
    /// Operations acknowledged.
    pub ok: u64,
    /// Operations that failed for good.
    pub failed: u64,
    /// Operations whose outcome is unknown.
    pub unknown: u64,
}

/// One line of a router's cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    /// The shard.
    pub shard: u64,
    /// First key.
    pub first: u64,
    /// Last key, inclusive.
    pub last: u64,
    /// Epoch version.
    pub version: u64,
    /// The node believed to lead.
    pub leader: Option<u16>,
    /// Whether that is behind the shard's newest committed epoch, or names a node that does not
    /// lead.
    pub stale: bool,
}

/// One row of the placement table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementRow {
    /// The shard's id.
    pub shard: u64,
    /// The shard's name.
    pub name: String,
    /// One cell a node: `L`, `F`, `N`, `C`, `U` or `–`.
    pub cells: Vec<String>,
}

/// The verdict of the checkers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SafetyView {
    /// Whether no property was found false.
    pub holds: bool,
    /// How many properties are checked.
    pub properties: u32,
    /// How many comparisons were made.
    pub checks: u64,
    /// The first violation, if any.
    pub violation: Option<ViolationView>,
}

/// A property found false.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViolationView {
    /// Such as `R1`.
    pub id: String,
    /// Such as `election safety`.
    pub name: String,
    /// What was seen, in a sentence.
    pub text: String,
    /// The event at which it was found.
    pub event: EventView,
}

/// One event as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Its place in the trace.
    pub seq: u64,
    /// When it happened.
    pub time_ns: u64,
    /// Its stable name, such as `leader_elected`.
    pub name: String,
    /// One line for a person.
    pub text: String,
    /// Whether it is worth a line in the list even when the simulation runs fast.
    pub major: bool,
    /// The node that it happened on.
    pub node: Option<u16>,
    /// The shard that it is about.
    pub shard: Option<u64>,
}
