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

/// What is kept of these hunts, and of others what was kept of them `before`.
pub(super) fn text(hunts: &[Hunt], before: &[Kept]) -> String {
    let is_hunted = |kept: &&Kept| hunts.iter().any(|hunt| hunt.plant == kept.plant);
    let others = before.iter().filter(|kept| !is_hunted(kept)).cloned();
    let mut all: Vec<Kept> = hunts.iter().filter_map(Kept::of).chain(others).collect();
    all.sort_by_key(|kept| kept.plant);
    let line = |kept: Kept| {
        let Kept { plant, found, seed, length } = kept;
        format!("{} {found} {seed} {}\n", plant.name(), length.as_secs())
    };
    let lines: String = all.into_iter().map(line).collect();
    format!("{HEAD}{lines}")
}

impl Kept {
    fn of(hunt: &Hunt) -> Option<Self> {
        let catch = hunt.catch.as_ref()?;
        let (found, seed, length) = (catch.verdict.name(), catch.seed, catch.length);
        Some(Self { plant: hunt.plant, found, seed, length })
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back() {
        let catch = |plant, found: &str, seed| {
            let length = Duration::from_secs(seed + 1);
            Kept { plant, found: found.into(), seed, length }
        };
        let kept = [
            catch(Plant::VoteNotFlushed, "R10", 1),
            catch(Plant::RemovedReplicaStays, "liveness", 9),
        ];
        assert_eq!(Kept::all(&text(&[], &kept)), Ok(kept.to_vec()));
        assert!(Kept::all("no-such-plant R1 1 1").is_err());
    }
}
