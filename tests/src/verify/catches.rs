//! What a catch is remembered by: `tests/golden/plants.txt`, a line each.

use std::time::Duration;

use shardscope_core::Plant;

use super::hunt::Hunt;

/// A line of it: which seed's run finds what false, within which virtual time under faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is planted.
    pub plant: Plant,
    /// The id of the property, or `liveness` or `crash`.
    pub found: String,
    /// The seed.
    pub seed: u64,
    /// For how long faults happen.
    pub length: Duration,
}

const HEAD: &str = "\
# Which seed finds each planted bug: its name, what is found false, the seed, and for how many
# virtual seconds faults happen. Written by `cargo xtask verify`.
";

/// What is kept of these hunts.
pub(super) fn text(hunts: &[Hunt]) -> String {
    let line = |hunt: &Hunt| {
        let catch = hunt.catch.as_ref()?;
        let (name, found) = (hunt.plant.name(), catch.verdict.name());
        let seconds = catch.length.as_secs();
        Some(format!("{name} {found} {} {seconds}\n", catch.seed))
    };
    HEAD.chars().chain(hunts.iter().filter_map(line).collect::<String>().chars()).collect()
}

impl Kept {
    /// Reads them back.
    ///
    /// # Errors
    /// Says which line makes no sense.
    pub fn all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| Self::one(line).ok_or_else(|| format!("no catch: {line}"))).collect()
    }

    fn one(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let plant = words.next()?.parse().ok()?;
        let found = words.next()?.to_owned();
        let seed = words.next()?.parse().ok()?;
        let length = Duration::from_secs(words.next()?.parse().ok()?);
        Some(Self { plant, found, seed, length })
    }
}
