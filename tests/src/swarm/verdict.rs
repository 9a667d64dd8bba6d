//! What a run came to.

use std::fmt;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found false, and all came true that had to.
    Passed,
    /// A property was found false.
    Safety {
        /// Its id.
        id: String,
        /// Its name, and what was seen.
        text: String,
        /// At which event.
        event: u64,
    },
    /// What must come true once the faults have ended did not.
    Liveness {
        /// What, and how things stood.
        text: String,
    },
    /// The simulation panicked.
    Crash {
        /// With this message.
        text: String,
    },
}

impl Verdict {
    /// Whether it is of the same failure as `other`: the same property, or the same panic but for
    /// its numbers.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        match (self, other) {
            (Self::Safety { id, .. }, Self::Safety { id: other, .. }) => id == other,
            (Self::Crash { text }, Self::Crash { text: other }) => words(text) == words(other),
            (Self::Passed, Self::Passed) | (Self::Liveness { .. }, Self::Liveness { .. }) => true,
            _ => false,
        }
    }

    /// Its kind and property in a word.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Passed => "passed".into(),
            Self::Safety { id, .. } => id.clone(),
            Self::Liveness { .. } => "liveness".into(),
            Self::Crash { .. } => "crash".into(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Safety { id, text, event } => write!(f, "safety, {id}, event {event}: {text}"),
            Self::Liveness { text } => write!(f, "liveness: {text}"),
            Self::Crash { text } => write!(f, "crash: {text}"),
        }
    }
}
