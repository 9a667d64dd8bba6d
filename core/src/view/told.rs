//! What the page tells beside what it draws: scenarios, answers to Why, what faults and messages
//! cost.

use serde::{Deserialize, Serialize};

use super::Availability;
use crate::network::MessageKind;

/// A scenario of the gallery, as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioView {
    /// Its name in links.
    pub name: String,
    /// A few words.
    pub title: String,
    /// What happens, in a sentence.
    pub about: String,
    /// The property that it shows.
    pub property: String,
    /// Whether it is found false.
    pub is_found_false: bool,
    /// What is done, as text: see [`Script`](crate::Script).
    pub script: String,
}

/// From then on that can be done with those keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailabilityChange {
    /// From 1, without a gap.
    pub number: u64,
    /// When.
    pub time_ns: u64,
    /// First key.
    pub first: u64,
    /// Last key, inclusive.
    pub last: u64,
    /// What can be done.
    pub availability: Availability,
}

/// What a fault cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentView {
    /// What happened, as the event list has it.
    pub what: String,
    /// When.
    pub at_ns: u64,
    /// Whether keys could not be written because of it.
    pub hit: bool,
    /// Time until somebody campaigned or led because of it.
    pub noticed_ns: Option<u64>,
    /// Time until every key could be written again.
    pub recovered_ns: Option<u64>,
}

/// How much was sent of one kind of message, since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficView {
    /// Which kind.
    pub kind: MessageKind,
    /// Messages, replies included.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A question that the state raises, with its answer from the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyView {
    /// What it is about: `shard`, `replica`, `client` or `phase`.
    pub kind: String,
    /// Which one.
    pub id: u64,
    /// Such as `Why is entry 17 of shard_a not committed?`.
    pub question: String,
    /// In a sentence or two.
    pub answer: String,
}

/// Where the split that made a shard stands in its parent's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OriginView {
    /// The parent.
    pub parent: u64,
    /// Index of the split's entry.
    pub index: u64,
    /// Index with which the shard's own log begins, that of its first state.
    pub first: u64,
}
