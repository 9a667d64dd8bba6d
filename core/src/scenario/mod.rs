//! Scripts of commands with captions: the reference scenario of the four phases.
//!
//! Drives `cluster` as a person could, watches for each phase's end, and tells what it cost.

mod captions;
mod phases;

pub(crate) use phases::{NAMES, PhaseCost, Phases};
