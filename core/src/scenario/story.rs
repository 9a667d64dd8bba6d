//! The built-in scenarios: each a script with captions, each showing one property.
//!
//! Data only. The page lists them and links to each by name; a native test runs each of them to its
//! end. Captions come true in the order in which they stand. A new scenario is one value in
//! `tales`, `reads` or `use_cases`, and its name in [`STORIES`].

use super::captions::Caption;
use super::{reads, tales, use_cases};
use crate::event::EventKind;
use crate::options::Options;
use crate::view::ScenarioView;

/// A built-in scenario whose captions wait for events: what is done, what is told, what it shows.
#[derive(Debug)]
pub struct Story {
    /// Its name in links.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What happens, in a sentence.
    pub about: &'static str,
    /// The property that it shows: its id and name, as the checkers list them.
    pub property: &'static str,
    /// The id of the property that it finds false; none if everything holds.
    pub finds: Option<&'static str>,
    /// What is done: see [`Script`](super::Script).
    pub script: &'static str,
    /// What the run is made with, beside seed and name.
    pub(crate) options: fn() -> Options,
    /// What is told, in order.
    pub(crate) captions: &'static [Caption],
}

impl Story {
    /// The scenario with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        STORIES.iter().find(|story| story.name == name)
    }

    /// What its run is made with.
    #[must_use]
    pub fn options(&self, seed: u64) -> Options {
        Options { seed, scenario: self.name.into(), ..(self.options)() }
    }
}

impl From<&Story> for ScenarioView {
    fn from(s: &Story) -> Self {
        Self {
            name: s.name.into(),
            title: s.title.into(),
            about: s.about.into(),
            property: s.property.into(),
            is_found_false: s.finds.is_some(),
            script: s.script.into(),
        }
    }
}

/// A caption that names the OpenRaft call and TiKV's word.
pub(super) const fn told(
    id: &'static str,
    text: &'static str,
    [call, tikv]: [&'static str; 2],
    told_by: fn(&EventKind) -> bool,
) -> Caption {
    Caption { id, phase: 0, text, call, tikv, told_by }
}

/// All of them, in the order in which they teach.
pub const STORIES: &[Story] = &[
    tales::LEADER_CRASH,
    tales::SPLIT_UNDER_LOAD,
    tales::STALE_ROUTE,
    tales::LAGGING_LEARNER,
    tales::MINORITY,
    tales::MOVE_BACK,
    tales::CRASH_IN_SPLIT,
    reads::READ_AFTER_RESTART,
    reads::STALE_LEASE_READ,
    use_cases::HORIZONTAL_SCALING,
    use_cases::LOAD_BALANCING,
    use_cases::DATA_LOCALITY,
    use_cases::RESOURCE_ISOLATION,
];
