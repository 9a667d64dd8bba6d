//! The names of things: small numbers that are never used twice.
//!
//! Every module uses these; they know nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty), $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

id!(
    /// A machine, `n1` to `n5`.
    NodeId(u16), "n"
);
id!(
    /// One incarnation of one shard on one node, such as `r9`; never reused (TiKV: peer id).
    ReplicaId(u64), "r"
);
id!(
    /// One client, `c1`, `c2`, …
    ClientId(u16), "c"
);

/// A shard. Never used twice. The first twenty-six are called `shard_a` to `shard_z`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ShardId(pub u64);

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u8::try_from(self.0) {
            Ok(n @ 1..=26) => write!(f, "shard_{}", char::from(b'a' + n - 1)),
            _ => write!(f, "shard_{}", self.0),
        }
    }
}

impl From<u64> for ReplicaId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_in_the_diagrams() {
        let names = format!("{} {} {} {}", NodeId(4), ShardId(2), ReplicaId(9), ClientId(1));
        assert_eq!(names, "n4 shard_b r9 c1");
        assert_eq!(ShardId(27).to_string(), "shard_27");
    }
}
