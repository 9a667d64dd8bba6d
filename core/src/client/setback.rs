//! Why an attempt came to nothing: what the answer meant, or that there was none. For observers.

use std::fmt;

use super::attempt::{ATTEMPT_TTL, Aim};
use crate::id::NodeId;
use crate::message::Reply;

/// An attempt that was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setback {
    aim: Aim,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Silent,
    Stale,
    NotLeader(Option<NodeId>),
    NotHere,
    NotNow,
    Busy,
    Unknown,
}

impl Setback {
    /// What is wrong with the answer, `None` being that none came in time; `None` if nothing is.
    pub(super) fn of(aim: Aim, reply: Option<&Reply>) -> Option<Self> {
        let why = match reply {
            Some(Reply::Written(_) | Reply::Value(_) | Reply::Page { .. }) => return None,
            None => Why::Silent,
            Some(Reply::EpochNotMatch(_)) => Why::Stale,
            Some(Reply::NotLeader(leader)) => Why::NotLeader(*leader),
            Some(Reply::NotHere) => Why::NotHere,
            Some(Reply::NotNow) => Why::NotNow,
            Some(Reply::Busy) => Why::Busy,
            Some(Reply::Unknown) => Why::Unknown,
        };
        Some(Self { aim, why })
    }
}

impl fmt::Display for Setback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aim: Aim { shard, version, target }, why } = self;
        match why {
            Why::Silent => write!(
                f,
                "{target} gave no answer for {} ms: it is down, cut off, or gets nothing committed.",
                ATTEMPT_TTL.as_millis()
            ),
            Why::Stale => write!(
                f,
                "It named {shard} at version {version}, and {target} holds another: a stale epoch \
                 has no effect, and the answer carries the new descriptors."
            ),
            Why::NotLeader(leader) => {
                write!(f, "{target} does not lead {shard}: only the leader answers")?;
                match leader {
                    Some(leader) => write!(f, ", and it named {leader}."),
                    None => write!(f, ", and it knows of none."),
                }
            }
            Why::NotHere => write!(f, "{target} holds no replica of {shard}."),
            Why::NotNow => write!(
                f,
                "{target} was not sure of {shard}: it reached no quorum, or had only just come to \
                 lead."
            ),
            Why::Busy => write!(
                f,
                "Too much waited for {target}: it turned this one away, and nothing was done."
            ),
            Why::Unknown => write!(
                f,
                "{target} does not know whether it took effect: it is asked again under the same \
                 number, under which it does so once."
            ),
        }
    }
}
