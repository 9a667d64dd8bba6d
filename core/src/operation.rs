//! What clients ask for and what they are told: plain data.
//!
//! Used by `client`, by `message` on the way, by `raft::entry` in the log, by `event` and the
//! checkers. The rules by which writes take effect are in `raft::state`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::key::Key;

/// What a client asks of a key, or of the keys from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Its value.
    Read,
    /// A change of it.
    Write(Change),
    /// All pairs from that key up to, not including, `end`.
    ///
    /// It goes shard by shard, and within a shard page by page. Each part is linearizable by
    /// itself, at its shard; all of them together are no snapshot: what is written meanwhile may be
    /// seen in a later part and not in an earlier one (as TiKV's `RawScan`).
    Scan {
        /// First key that is no longer asked for.
        end: Key,
    },
}

/// What a write does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Sets the value.
    Put {
        /// To this.
        value: u64,
    },
    /// Leaves no pair behind.
    Delete,
    /// Sets the value if it is what the client expects (TiKV: `RawCompareAndSwap`).
    CompareAndSet {
        /// What the client expects; `None`: that there is none.
        expected: Option<u64>,
        /// What to set it to.
        value: u64,
    },
}

/// What a write answers: also when it is asked again, from the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteAnswer {
    /// The change is made.
    Done,
    /// The value was another than expected: nothing is changed.
    Unequal {
        /// What it was.
        found: Option<u64>,
    },
}

/// What an operation answers when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What a read found.
    Value(Option<u64>),
    /// What a write did.
    Written(WriteAnswer),
    /// How much a scan found; the pairs came with its parts.
    Scanned {
        /// How many pairs.
        pairs: u64,
    },
}

/// How a replica makes sure that a read is linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadPolicy {
    /// The leader asks a quorum whether it still leads (Ongaro's thesis, section 6.4).
    #[default]
    ReadIndex,
    /// The leader trusts its lease while that lasts, and asks only then.
    ///
    /// What it risks: a lease holds only as long as those who granted it keep to it. OpenRaft's
    /// follower forgets on a restart what it granted, so it may elect another leader while the old
    /// one still answers from its lease: a stale read. So may a clock that drifts too far.
    Lease,
}

/// Which replica a client's reads go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadFrom {
    /// The leader.
    #[default]
    Leader,
    /// A follower; each client another one. It asks its leader for a read index and waits until it
    /// has applied it (TiKV: `replica_read`). The leader is what remains when none answers.
    Follower,
    /// The voter that has answered this client the fastest lately (TiKV: `closest-replicas`).
    Nearest,
}

/// How a read is to be served, as its request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadMode {
    pub(crate) policy: ReadPolicy,
    /// Whether a replica that does not lead shall serve it.
    pub(crate) anywhere: bool,
}

impl Operation {
    /// Whether it changes something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Write(_))
    }

    /// What it is called.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write(Change::Put { .. }) => "write",
            Self::Write(Change::Delete) => "delete",
            Self::Write(Change::CompareAndSet { .. }) => "compare and set",
            Self::Scan { .. } => "scan",
        }
    }
}

impl Change {
    /// What it makes of a value, and what it answers.
    #[must_use]
    pub fn applied_to(&self, found: Option<u64>) -> (Option<u64>, WriteAnswer) {
        match *self {
            Self::Put { value } => (Some(value), WriteAnswer::Done),
            Self::Delete => (None, WriteAnswer::Done),
            Self::CompareAndSet { expected, value } if expected == found => {
                (Some(value), WriteAnswer::Done)
            }
            Self::CompareAndSet { .. } => (found, WriteAnswer::Unequal { found }),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { value } => write!(f, "= {value}"),
            Self::Delete => f.write_str("deleted"),
            Self::CompareAndSet { expected: Some(expected), value } => {
                write!(f, "= {value} if it is {expected}")
            }
            Self::CompareAndSet { expected: None, value } => {
                write!(f, "= {value} if there is none")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_or_answers_what_it_found() {
        let set = Change::CompareAndSet { expected: None, value: 2 };
        assert_eq!(Change::Put { value: 1 }.applied_to(None), (Some(1), WriteAnswer::Done));
        assert_eq!(Change::Delete.applied_to(Some(1)), (None, WriteAnswer::Done));
        assert_eq!(set.applied_to(None), (Some(2), WriteAnswer::Done));
        let unequal = WriteAnswer::Unequal { found: Some(1) };
        assert_eq!(set.applied_to(Some(1)), (Some(1), unequal));
    }
}
