//! A command as plain data: `{ "type": "crash", "node": 1 }`, in recordings, scripts and on the
//! page.
//!
//! Serde's own internally tagged form copies what it reads into a buffer of its own first, and is
//! compiled anew for every format: a third of the page's code. So a command is read as a JSON
//! object, whatever it is read from, and then through serde's externally tagged form, which needs
//! no buffer: `{ "crash": { "node": 1 } }`.

use serde::de::Error as _;
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::Command;

/// The field that says which command it is.
const TAG: &str = "type";

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(from)?;
        let Some(Value::String(tag)) = fields.remove(TAG) else {
            return Err(D::Error::missing_field(TAG));
        };
        // One without fields is just its name there.
        let bare = fields.is_empty().then(|| Self::deserialize(Value::String(tag.clone())));
        if let Some(Ok(command)) = bare {
            return Ok(command);
        }
        let form = Map::from_iter([(tag, Value::Object(fields))]);
        Self::deserialize(Value::Object(form)).map_err(D::Error::custom)
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let form = Self::serialize(self, serde_json::value::Serializer);
        let (tag, fields) = match form.map_err(S::Error::custom)? {
            Value::Object(form) => form.into_iter().next().unwrap_or_default(),
            bare => (bare.as_str().unwrap_or_default().to_owned(), Value::Null),
        };
        let fields = fields.as_object();
        let mut map = to.serialize_map(Some(1 + fields.map_or(0, Map::len)))?;
        map.serialize_entry(TAG, &tag)?;
        for (name, value) in fields.into_iter().flatten() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{NodeId, ShardId};
    use crate::network::Traffic;

    #[test]
    fn a_command_is_one_flat_object_and_reads_back() {
        let voters = vec![NodeId(4), NodeId(5)];
        let cases = [
            (Command::Heal, r#"{"type":"heal"}"#),
            (Command::Crash { node: NodeId(1) }, r#"{"type":"crash","node":1}"#),
            (
                Command::Move { shard: ShardId(2), voters, learners: Vec::new() },
                r#"{"type":"move","learners":[],"shard":2,"voters":[4,5]}"#,
            ),
            (
                Command::Cut(Traffic::between(NodeId(1), NodeId(2)).of_shard(ShardId(3))),
                r#"{"type":"cut","from":1,"kind":null,"shard":3,"to":2}"#,
            ),
        ];
        for (command, text) in cases {
            assert_eq!(serde_json::to_string(&command).expect("plain data"), text);
            assert_eq!(serde_json::from_str::<Command>(text).expect("as it was written"), command);
        }
    }

    #[test]
    fn what_is_wrong_with_a_command_is_named() {
        let cases = [
            (r#"{"node":1}"#, "missing field `type`"),
            (
                r#"{"type":"crush","node":1}"#,
                "unknown variant `crush`, expected one of `next_phase`",
            ),
            (r#"{"type":"crush"}"#, "unknown variant `crush`, expected one of `next_phase`"),
            (r#"{"type":"crash"}"#, "missing field `node`"),
            (r#"{"type":"crash","node":"one"}"#, "invalid type: string \"one\""),
            (r#"{"type":"crash","node":1,"harder":true}"#, "unknown field `harder`"),
            (r#"{"type":"cut","from":1,"to":2,"shart":3}"#, "unknown field `shart`"),
            (r#"{"type":"heal","node":1}"#, "invalid type: map, expected unit"),
            (r#"[1]"#, "invalid type: sequence"),
        ];
        for (text, says) in cases {
            let error = serde_json::from_str::<Command>(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
