//! A five-node, range-sharded, multi-raft key-value cluster of the real OpenRaft, in one
//! deterministic simulation.
//!
//! Drive it through [`Simulation`]: the page, the tests and the native tools all do.
//!
//! A map of the code, from the outside in:
//!
//! ```text
//! simulation   the façade: submit, step, advance, view, digest, recording
//! scenario     the four phases, the gallery, scripts: what is done, when, and what is told
//! observer     heat, availability, the page's view      checker   one property a file
//! cluster      owns the world; one arm a command
//! placement    ids, wanted layout, one step at a time; hot shards, even nodes
//! client, router   what clients ask, from where, and believe
//! node         one machine: catalog of replicas, serving, placement's orders
//! raft         the only module that names OpenRaft: group, log store, state machine, transport
//! network, disk    links and everything in flight; rows in atomic batches
//! trace, event     what happened, with a rolling digest    probe   what only the checkers are told
//! sim          the deterministic runtime: clock, tasks, timers, channels, randomness
//! plant        bugs to be planted, in builds that have them
//! ```
//!
//! It runs one way: no lower module calls a higher one.
//!
//! What it is not: a database. There is no real network and no real disk, values are integers, and
//! all nodes share one thread and one virtual clock. What it is for is to see, break and check the
//! protocols.

mod checker;
mod client;
mod cluster;
mod command;
#[doc(hidden)]
pub mod conformance;
mod disk;
mod error;
mod event;
mod few;
mod id;
mod key;
mod message;
mod network;
mod node;
mod observer;
mod operation;
mod options;
mod placement;
mod plant;
mod probe;
mod raft;
mod recording;
mod replay;
mod replica;
mod router;
mod scenario;
mod sim;
mod simulation;
mod trace;
pub mod view;

pub use command::Command;
pub use error::{CommandError, Error};
pub use event::{DropReason, EntryKind, Event, EventKind, Origin, Outcome, Refusal, Role, Step};
pub use id::{ClientId, NodeId, ReplicaId, ShardId};
pub use key::{Descriptor, Epoch, Key, KeyRange, Member};
pub use network::{Endpoint, Lossy, MessageKind, Traffic};
pub use observer::Violation;
pub use operation::{Answer, Change, Operation, ReadFrom, ReadPolicy, WriteAnswer};
pub use options::Options;
pub use placement::hot::AutoSplit;
pub use plant::{Plant, PlantError};
pub use recording::{Checkpoint, OPENRAFT_VERSION, Recording, Timed, VERSION};
pub use replay::Replay;
pub use scenario::{Awaited, STORIES, Script, ScriptError, ScriptStep, Story};
pub use sim::{Time, WakeOrder};
pub use simulation::{Budget, Condition, EVENTS_MAX, NodeUsage, Progress, Simulation, Usage};
pub use trace::Digest;
