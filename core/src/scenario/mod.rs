//! Scripts of commands with captions: the reference scenario of the four phases, and the gallery.
//!
//! Drives `cluster` as a person could, watches for each phase's end, and tells what it cost.

mod captions;
mod phases;
mod reads;
mod script;
mod story;
mod tales;
mod use_cases;

pub use script::{Awaited, Script, ScriptError, ScriptStep};
pub use story::{STORIES, Story};

pub(crate) use phases::{NAMES, PhaseCost, Phases};
