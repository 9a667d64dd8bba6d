//! Everything that travels on the network: between replicas, from clients, from and to placement.
//!
//! Plain data. `network` sees it as a `Payload`; `node`, `client` and `placement` make and read it.

use crate::event::Refusal;
use crate::id::{NodeId, ReplicaId, ShardId};
use crate::key::{Descriptor, Epoch, Key, KeyRange};
use crate::network::{MessageKind, Payload};
use crate::operation::{ReadMode, ReadPolicy, WriteAnswer};
use crate::raft::entry::{Split, Write};
use crate::raft::{RaftMessage, RaftReply};

/// What a message carries.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Raft(RaftMessage),
    RaftReply(RaftReply),
    Request(Request),
    Reply {
        write: bool,
        reply: Reply,
    },
    /// A follower that shall serve a read asks its leader from which log index on it may: meant for
    /// that incarnation.
    ReadIndex {
        leader: ReplicaId,
        policy: ReadPolicy,
    },
    /// The answer to it; `None` if that replica does not lead, or cannot say so for sure.
    ReadIndexIs(Option<u64>),
    Admin(Admin),
    AdminReply(AdminReply),
    Heartbeat(Heartbeat),
    /// A node with an empty disk asks placement from which id on replicas are new.
    Join,
    /// From this one on: a replica with an older id may have lived there on a disk that is lost.
    Floor(ReplicaId),
    /// Placement's answer to a heartbeat: replicas that are out of their shard's membership.
    Orders(Vec<(ShardId, ReplicaId)>),
    /// A client that knows no route asks placement for the shard that holds a key.
    Locate(Key),
    LocatedAt(Option<Located>),
}

/// What a client asks of the shard named in the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Write(Write),
    Read {
        key: Key,
        version: u64,
        mode: ReadMode,
    },
    /// The pairs from `start` on, as far as the shard and a page go.
    Scan {
        start: Key,
        end: Key,
        version: u64,
        mode: ReadMode,
    },
}

impl Request {
    /// The keys that it asks for.
    pub(crate) fn keys(&self) -> KeyRange {
        match *self {
            Self::Write(Write { key, .. }) | Self::Read { key, .. } => {
                KeyRange { start: key, end: Key(key.0 + 1) }
            }
            Self::Scan { start, end, .. } => KeyRange { start, end },
        }
    }
}

/// Most pairs in one answer to a scan: a page travels in about the time of a snapshot of a small
/// shard, and the reader goes on behind it (TiKV bounds a raw scan by 10,240; its clients ask for
/// 256 at a time).
pub(crate) const PAGE_PAIRS_MAX: usize = 256;

/// A shard, and the node that leads it as far as the one who says so knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) descriptor: Descriptor,
    pub(crate) leader: Option<NodeId>,
}

/// What a node answers to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Written(WriteAnswer),
    Value(Option<u64>),
    /// All pairs from where the scan asked up to, not including, `next`.
    Page {
        pairs: Vec<(Key, u64)>,
        next: Key,
    },
    /// The route is stale: nothing was done. These are the shards that hold its keys now, as far as
    /// the node knows.
    EpochNotMatch(Vec<Located>),
    /// Nothing was done; perhaps that node leads.
    NotLeader(Option<NodeId>),
    /// The shard is not here: nothing was done.
    NotHere,
    /// Nothing was done; it may work soon.
    NotNow,
    /// Nothing was done: too many operations wait for that node (TiKV: `ServerIsBusy`).
    Busy,
    /// It may have been done: the same operation must be asked again under the same serial.
    Unknown,
}

/// What placement asks of a shard's leader, or of the node that holds a replica to be destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admin {
    Status,
    Split(Split),
    AddLearner { epoch: Epoch, replica: ReplicaId, node: NodeId },
    Promote { epoch: Epoch, replicas: Vec<ReplicaId> },
    Transfer { to: ReplicaId },
    Remove { epoch: Epoch, replicas: Vec<ReplicaId> },
    LeaveJoint { epoch: Epoch },
    Destroy { replica: ReplicaId },
}

/// What a node answers to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AdminReply {
    /// Done, or begun where it takes time; this is how the shard stands.
    Done(ShardReport),
    /// The replica is destroyed, or was never here.
    Destroyed,
    /// Nothing was done: the shard has changed since. This is how it stands.
    Stale(ShardReport),
    /// Nothing was done; perhaps that node leads.
    NotLeader(Option<NodeId>),
    /// It may have been done: look before asking again.
    Unknown(String),
    /// Nothing was done: it would do harm as things stand.
    Refused(Refusal),
}

/// How a shard stands, told by its leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShardReport {
    pub(crate) descriptor: Descriptor,
    /// Index of the leader's last log entry.
    pub(crate) last_log: u64,
    /// Up to which index each other replica is known to match.
    pub(crate) matched: Vec<(ReplicaId, u64)>,
    /// The other replicas that have not answered the leader for an election timeout.
    pub(crate) silent: Vec<ReplicaId>,
}

/// What a node tells placement of itself every now and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// It holds no replica before this one; 0 while it has not been told.
    pub(crate) floor: ReplicaId,
    /// Every live replica that it holds.
    pub(crate) holds: Vec<(ShardId, ReplicaId)>,
    /// The shards that it leads.
    pub(crate) leads: Vec<Descriptor>,
    /// What clients asked of each of those since the heartbeat before.
    pub(crate) loads: Vec<ShardLoad>,
}

/// What clients asked of a shard's leader in an interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShardLoad {
    pub(crate) shard: ShardId,
    pub(crate) operations_per_second: u32,
    /// The keys of some of those operations, each as likely as any other: at most
    /// [`SAMPLES_MAX`].
    pub(crate) samples: Vec<KeyRange>,
}

/// Most sampled keys in one report of a shard (TiKV: `split.sample-num`).
pub(crate) const SAMPLES_MAX: usize = 20;

/// Bytes of a message around its content.
const HEADER_BYTES: u64 = 48;
/// Bytes of a descriptor.
const DESCRIPTOR_BYTES: u64 = 96;
/// Bytes of a key and its value.
const PAIR_BYTES: u64 = 16;

impl Payload for Message {
    fn kind(&self) -> MessageKind {
        match self {
            Self::Raft(m) => m.kind(),
            Self::RaftReply(r) => r.kind(),
            Self::Request(Request::Write(_)) | Self::Reply { write: true, .. } => {
                MessageKind::Write
            }
            Self::Request(Request::Read { .. } | Request::Scan { .. })
            | Self::Reply { write: false, .. } => MessageKind::Read,
            Self::ReadIndex { .. } | Self::ReadIndexIs(_) => MessageKind::ReadIndex,
            Self::Admin(_)
            | Self::AdminReply(_)
            | Self::Heartbeat(_)
            | Self::Join
            | Self::Floor(_)
            | Self::Orders(_)
            | Self::Locate(_)
            | Self::LocatedAt(_) => MessageKind::Placement,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Raft(m) => m.bytes(),
            Self::RaftReply(r) => r.bytes(),
            Self::Reply { reply: Reply::EpochNotMatch(located), .. } => {
                HEADER_BYTES + located.len() as u64 * DESCRIPTOR_BYTES
            }
            Self::Reply { reply: Reply::Page { pairs, .. }, .. } => {
                HEADER_BYTES + pairs.len() as u64 * PAIR_BYTES
            }
            Self::AdminReply(_) => HEADER_BYTES + DESCRIPTOR_BYTES,
            Self::Heartbeat(h) => {
                let samples: u64 = h.loads.iter().map(|l| l.samples.len() as u64).sum();
                HEADER_BYTES
                    + (h.holds.len() + h.loads.len()) as u64 * 16
                    + h.leads.len() as u64 * DESCRIPTOR_BYTES
                    + samples * PAIR_BYTES
            }
            _ => HEADER_BYTES + 16,
        }
    }

    fn ok(&self) -> bool {
        match self {
            Self::RaftReply(r) => r.ok(),
            Self::Reply { reply, .. } => reply.is_done(),
            Self::AdminReply(r) => matches!(r, AdminReply::Done(_) | AdminReply::Destroyed),
            Self::ReadIndexIs(index) => index.is_some(),
            _ => true,
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Raft(m) => m.summary(),
            Self::RaftReply(r) => r.summary(),
            Self::Request(Request::Write(w)) => {
                format!("write {} {} at version {}", w.key, w.change, w.version)
            }
            Self::Request(Request::Read { key, version, .. }) => {
                format!("read {key} at version {version}")
            }
            Self::Request(Request::Scan { start, end, version, .. }) => {
                let range = KeyRange { start: *start, end: *end };
                format!("scan {range} at version {version}")
            }
            Self::ReadIndex { .. } => "from which entry on may I answer a read?".into(),
            Self::ReadIndexIs(Some(index)) => format!("from entry {index} on"),
            Self::ReadIndexIs(None) => "I cannot say".into(),
            Self::Reply { reply, .. } => reply.summary(),
            Self::Admin(admin) => format!("{admin:?}"),
            Self::AdminReply(AdminReply::Done(r) | AdminReply::Stale(r)) => {
                r.descriptor.to_string()
            }
            Self::AdminReply(r) => format!("{r:?}"),
            Self::Heartbeat(h) => format!("{} replicas, leads {}", h.holds.len(), h.leads.len()),
            Self::Join => "my disk is empty: which replica ids are new?".into(),
            Self::Floor(floor) => format!("from {floor} on"),
            Self::Locate(key) => format!("where is {key}?"),
            Self::LocatedAt(Some(l)) => l.descriptor.to_string(),
            Self::LocatedAt(None) => "nowhere that placement knows".into(),
            Self::Orders(destroy) => format!("{} replicas to destroy", destroy.len()),
        }
    }
}

impl Reply {
    fn is_done(&self) -> bool {
        matches!(self, Self::Written(_) | Self::Value(_) | Self::Page { .. })
    }

    fn summary(&self) -> String {
        match self {
            Self::Written(WriteAnswer::Done) => "written".into(),
            Self::Written(WriteAnswer::Unequal { found: Some(v) }) => format!("not set: it is {v}"),
            Self::Written(WriteAnswer::Unequal { found: None }) => "not set: no value".into(),
            Self::Value(Some(v)) => format!("value {v}"),
            Self::Value(None) => "no value".into(),
            Self::Page { pairs, next } => format!("{} pairs, next is {next}", pairs.len()),
            Self::EpochNotMatch(located) => {
                let names: Vec<String> = located
                    .iter()
                    .map(|l| {
                        format!(
                            "{} {} @ {}",
                            l.descriptor.shard, l.descriptor.range, l.descriptor.epoch
                        )
                    })
                    .collect();
                format!("stale epoch, now: {}", names.join(", "))
            }
            Self::NotLeader(Some(node)) => format!("not leader, try {node}"),
            Self::NotLeader(None) => "not leader".into(),
            Self::NotHere => "not here".into(),
            Self::NotNow => "not now".into(),
            Self::Busy => "busy, ask again".into(),
            Self::Unknown => "outcome unknown".into(),
        }
    }
}
