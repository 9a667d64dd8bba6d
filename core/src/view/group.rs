//! What the page sees of one raft group: its replicas, their logs, and the messages between them.

use serde::{Deserialize, Serialize};

use crate::network::MessageKind;

/// One replica on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaView {
    /// Never used twice; drawn as `r9`.
    pub id: u64,
    /// The shard that it is a replica of.
    pub shard: u64,
    /// The node that holds it.
    pub node: u16,
    /// What it is.
    pub role: RoleView,
    /// The term of its vote.
    pub term: u64,
    /// Log index up to which it knows entries to be committed.
    pub committed: u64,
    /// Log index up to which its state machine has applied.
    pub applied: u64,
    /// Last log index that it holds.
    pub last_log: u64,
    /// Log index that its last snapshot covers.
    pub snapshot: u64,
    /// Its range: first key, and last key inclusive; `None` while uninitialized.
    pub range: Option<(u64, u64)>,
    /// Its epoch: version and conf_ver.
    pub epoch: (u64, u64),
    /// How many keys it holds.
    pub keys: u64,
    /// The node of the leader that it follows.
    pub leader: Option<u16>,
    /// Time since it last heard of that leader.
    pub leader_heard_ns: Option<u64>,
    /// Election time left, in thousandths of the whole: 1000 just heard, 0 about to campaign.
    /// `None` for those that never campaign. For a leader: what is left of its lease.
    pub election_left_permille: Option<u32>,
    /// For a learner: how much of the leader's log it has, in thousandths.
    pub catch_up_permille: Option<u32>,
    /// For a candidate: the nodes whose vote is on disk for it.
    pub votes_granted: Vec<u16>,
    /// For a candidate: the nodes that have answered it, itself among them. A vote of another one is
    /// given and not heard of yet; the answer of one that gave none was a refusal.
    pub votes_heard: Vec<u16>,
    /// For a leader: what it knows of each other replica.
    pub progress: Vec<ProgressView>,
    /// Whether it takes entries but is kept from applying them.
    pub apply_held: bool,
}

/// What a leader knows of another replica's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressView {
    /// On which node.
    pub node: u16,
    /// Highest log index known to match.
    pub matched: u64,
}

/// A replica's role, with its letter in the placement table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleView {
    /// `L`
    Leader,
    /// `F`
    Follower,
    /// `C`
    Candidate,
    /// `N`
    Learner,
    /// `U`: made by a message, waits for its data.
    Uninitialized,
    /// On the disk of a node that is down; in the table what it is as a member.
    Asleep,
    /// `–` in the table, fading in the scene: destroyed, its id never comes back.
    Tombstone,
}

/// One message in flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Never used twice.
    pub id: u64,
    /// What it carries.
    pub kind: MessageKind,
    /// Whether it answers a request.
    pub reply: bool,
    /// For a reply: whether it says yes (granted, appended, done).
    pub ok: bool,
    /// The shard whose lane it travels in; `None` for placement's.
    pub shard: Option<u64>,
    /// `n1`…, `c1`…, or `placement`.
    pub from: String,
    /// `n1`…, `c1`…, or `placement`.
    pub to: String,
    /// When it was sent.
    pub sent_ns: u64,
    /// When it will arrive; `None` while it is held.
    pub due_ns: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// Its content in a few words, such as `entries 207..210, commit 206`.
    pub summary: String,
}

/// A replica's log tail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogView {
    /// The replica.
    pub replica: u64,
    /// Its shard.
    pub shard: u64,
    /// Its node.
    pub node: u16,
    /// Index of the last entry no longer in the log (covered by a snapshot); 0 if none.
    pub purged: u64,
    /// The last entries.
    pub entries: Vec<LogEntryView>,
}

/// One log entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntryView {
    /// Its index.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// What it stores.
    pub kind: LogEntryKind,
}

/// What a log entry stores, with its glyph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEntryKind {
    /// `·`
    Data,
    /// `⚙`
    Membership,
    /// `✂`
    Split,
    /// `∅`
    Blank,
}
