//! Planted bugs: what the checkers are held to.
//!
//! Each sits at one seam of this crate, as one line that asks [`is`], and is switched on by
//! [`Options::plant`](crate::Options). All of that is there in builds with the cargo feature
//! `plants` alone: in every other one [`is`] is a constant that says no. Asked by whoever has a
//! seam; it must not know what they do.
//!
//! The idea is that of mutation testing: a checker that has never found anything has not been shown
//! to be able to.

mod list;

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use list::Plant;

#[cfg(feature = "plants")]
mod sown;
#[cfg(feature = "plants")]
pub(crate) use sown::{Sown, has_lease, is, keep_lease, sow};

/// Whether that bug is planted in the run that goes on here.
#[cfg(not(feature = "plants"))]
pub(crate) const fn is(_: Plant) -> bool {
    false
}

/// For [`Plant::LeaseKeptAfterTransfer`].
#[cfg(not(feature = "plants"))]
pub(crate) const fn keep_lease(_: crate::id::ReplicaId) {}

/// For [`Plant::LeaseKeptAfterTransfer`].
#[cfg(not(feature = "plants"))]
pub(crate) const fn has_lease(_: crate::id::ReplicaId) -> bool {
    false
}

/// Plants that bug in a run.
#[cfg(not(feature = "plants"))]
pub(crate) const fn sow(_: &crate::sim::Sim, _: Option<Plant>) {}

/// Why a planted bug cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlantError {
    /// This build has none of them.
    #[error(
        "the bug {0} is not planted in this build: use `cargo xtask swarm --plant` or `cargo xtask \
         replay --planted`, or build with `--features plants`"
    )]
    NotInThisBuild(String),
    /// There is none of that name.
    #[error("there is no planted bug {0}: `cargo xtask swarm --list-plants` names them")]
    Unknown(String),
}

/// Checks that it can be planted in this build.
///
/// # Errors
/// [`PlantError::NotInThisBuild`] says how to come by a build that can.
pub(crate) fn check(plant: Option<Plant>) -> Result<(), PlantError> {
    match plant {
        Some(plant) if !cfg!(feature = "plants") => {
            Err(PlantError::NotInThisBuild(plant.name().into()))
        }
        _ => Ok(()),
    }
}

impl FromStr for Plant {
    type Err = PlantError;

    fn from_str(name: &str) -> Result<Self, PlantError> {
        if !cfg!(feature = "plants") {
            return Err(PlantError::NotInThisBuild(name.into()));
        }
        let named = Self::ALL.iter().copied().find(|plant| plant.name() == name);
        named.ok_or_else(|| PlantError::Unknown(name.into()))
    }
}

impl Serialize for Plant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Plant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn every_plant_has_a_name_and_a_sentence_of_its_own() {
        let mut names: Vec<&str> = Plant::ALL.iter().map(|p| p.name()).collect();
        let mut sentences: Vec<&str> = Plant::ALL.iter().map(|p| p.breaks()).collect();
        for told in [&mut names, &mut sentences] {
            told.sort_unstable();
            told.dedup();
            assert_eq!(told.len(), Plant::ALL.len());
        }
        let kebab = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(names.iter().all(kebab));
    }

    #[test]
    fn a_build_without_planted_bugs_says_how_to_come_by_one() {
        let options = Options { plant: Some(Plant::NoTombstone), ..Options::default() };
        let refused = options.validate().err().map(|e| e.to_string());
        let named = "no-tombstone".parse::<Plant>().err().map(|e| e.to_string());
        if cfg!(feature = "plants") {
            assert_eq!((refused, named), (None, None));
        } else {
            for text in [refused, named] {
                assert!(text.is_some_and(|text| text.contains("--features plants")));
            }
        }
    }

    #[test]
    fn options_without_a_plant_do_not_mention_it() {
        let text = serde_json::to_string(&Options::default()).expect("plain data");
        assert!(!text.contains("plant"), "{text}");
    }
}
