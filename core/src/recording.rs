//! A run as data: build, options, and the commands with their places. Enough to run it again,
//! anywhere.
//!
//! Made and read by `simulation`; the page shares it as text.

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::error::Error;
use crate::options::Options;
use crate::trace::Digest;

/// Which OpenRaft this build runs.
pub const OPENRAFT_VERSION: &str = "0.10.0-alpha.37";
/// This build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Most commands in a recording: far more than a person or a swarm gives, and still read in an
/// instant.
pub(crate) const COMMANDS_MAX: usize = 100_000;
/// Most checkpoints in a recording: enough to tell where a run differs, few enough for a link.
pub(crate) const CHECKPOINTS_MAX: usize = 32;
/// Timers from the first checkpoint to the second; twice as many whenever there are too many.
const FIRST_DISTANCE: u64 = 512;
/// Longest text that is read as a recording, in bytes.
pub(crate) const TEXT_MAX: usize = 16 << 20;

/// A run as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The build that made it, such as `shardscope 0.1.0, openraft 0.10.0-alpha.37`.
    pub build: String,
    /// What the run was made with.
    pub options: Options,
    /// The commands, in order.
    pub commands: Vec<Timed>,
    /// Where the run stood on its way, at even distances.
    #[serde(default)]
    pub checkpoints: Vec<Checkpoint>,
    /// Where the run stood when it was recorded.
    pub end: Checkpoint,
}

/// A command and its place in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timed {
    /// After so many timers had fired.
    pub fired: u64,
    /// At this virtual time.
    pub time_ns: u64,
    /// The command.
    pub command: Command,
}

/// A place in a run, and its digest there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Timers fired.
    pub fired: u64,
    /// Virtual time.
    pub time_ns: u64,
    /// The digest.
    pub digest: Digest,
}

/// The checkpoints of a run so far, at even distances that grow with it.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
    distance: u64,
    taken: Vec<Checkpoint>,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { distance: FIRST_DISTANCE, taken: Vec::new() }
    }
}

impl Checkpoints {
    /// Whether one is to be taken after so many timers.
    pub(crate) fn is_due(&self, fired: u64) -> bool {
        fired.is_multiple_of(self.distance)
    }

    pub(crate) fn take(&mut self, checkpoint: Checkpoint) {
        self.taken.push(checkpoint);
        if self.taken.len() > CHECKPOINTS_MAX {
            self.distance *= 2;
            let distance = self.distance;
            self.taken.retain(|c| c.fired.is_multiple_of(distance));
        }
    }

    pub(crate) fn taken(&self) -> &[Checkpoint] {
        &self.taken
    }
}

impl Recording {
    /// What this build calls itself.
    #[must_use]
    pub fn this_build() -> String {
        format!("shardscope {VERSION}, openraft {OPENRAFT_VERSION}")
    }

    /// As text, on one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("plain data without maps always has a JSON form")
    }

    /// From text.
    ///
    /// # Errors
    /// [`Error::Recording`] says where the text is damaged; [`Error::Version`] that another build
    /// made it.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        if text.len() > TEXT_MAX {
            return Err(Error::Recording(format!("it is longer than {TEXT_MAX} bytes")));
        }
        // The build first: another build's recording may differ in all the rest.
        #[derive(Deserialize)]
        struct Build {
            build: String,
        }
        let damaged = |e: serde_json::Error| Error::Recording(e.to_string());
        let Build { build: recorded } = serde_json::from_str(text).map_err(damaged)?;
        let ours = Self::this_build();
        if recorded != ours {
            return Err(Error::Version { recorded, ours });
        }
        let recording: Self = serde_json::from_str(text).map_err(damaged)?;
        recording.check()?;
        Ok(recording)
    }

    /// Checks its limits, and that its commands are in order.
    ///
    /// # Errors
    /// [`Error::Recording`] or [`Error::Options`] names what is wrong.
    pub fn check(&self) -> Result<(), Error> {
        self.options.validate()?;
        if self.commands.len() > COMMANDS_MAX {
            return Err(Error::Recording(format!("it has more than {COMMANDS_MAX} commands")));
        }
        if self.checkpoints.len() > CHECKPOINTS_MAX {
            return Err(Error::Recording(format!(
                "it has more than {CHECKPOINTS_MAX} checkpoints"
            )));
        }
        let places = self.commands.iter().map(|c| (c.fired, c.time_ns));
        let places: Vec<_> = places.chain([(self.end.fired, self.end.time_ns)]).collect();
        let out_of_order = |w: &[(u64, u64)]| w[0].0 > w[1].0 || w[0].1 > w[1].1;
        if let Some(at) = places.windows(2).position(out_of_order) {
            let text = format!("what follows command {} lies before it", at + 1);
            return Err(Error::Recording(text));
        }
        let checkpoints = self.checkpoints.iter().chain([&self.end]).map(|c| (c.fired, c.time_ns));
        if !checkpoints.is_sorted() {
            return Err(Error::Recording("its checkpoints are out of order".into()));
        }
        Ok(())
    }
}
