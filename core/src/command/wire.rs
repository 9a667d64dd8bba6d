//! A command as plain data: `{ "type": "crash", "node": 1 }`, in recordings, scripts and on the
//! page.
//!
//! Serde's own internally tagged form is compiled anew for every format and every command: a third
//! of the page's code. So a command is read as a JSON object, whatever it is read from, and then
//! field by field, as the table below says.

use serde::de::{self, DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Error, Map, Value};

use super::Command;

/// The field that says which command it is.
const TAG: &str = "type";

/// What a command is read from: each field is taken out once.
struct Fields(Map<String, Value>);

impl Fields {
    /// A field that must be there, unless nothing at all may stand for it.
    fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Result<T, Error> {
        match self.0.remove(name) {
            Some(value) => parse(name, value),
            None => T::deserialize(Value::Null).map_err(|_| Error::missing_field(name)),
        }
    }

    /// A field that may be left out.
    fn or_default<T: DeserializeOwned + Default>(
        &mut self,
        name: &'static str,
    ) -> Result<T, Error> {
        self.0.remove(name).map_or_else(|| Ok(T::default()), |value| parse(name, value))
    }

    /// All that is left, as one value.
    fn rest<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        T::deserialize(Value::Object(std::mem::take(&mut self.0)))
    }
}

fn parse<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, Error> {
    T::deserialize(value).map_err(|error| de::Error::custom(format_args!("{name}: {error}")))
}

/// One command from its fields; those after the semicolon may be left out.
macro_rules! command {
    ($from:ident, $command:ident { $($field:ident),* $(; $($optional:ident),*)? }) => {
        Command::$command {
            $($field: $from.take(stringify!($field))?,)*
            $($($optional: $from.or_default(stringify!($optional))?,)*)?
        }
    };
    ($from:ident, $command:ident (rest)) => {
        Command::$command($from.rest()?)
    };
}

/// The name of each command, and its fields. One that is missing here does not compile.
macro_rules! commands {
    ($($name:literal: $command:ident $fields:tt,)*) => {
        impl Command {
            /// The names of all commands.
            pub(crate) const NAMES: &[&str] = &[$($name),*];
        }

        fn name(command: &Command) -> &'static str {
            match command {
                $(Command::$command { .. } => $name,)*
            }
        }

        fn read(name: &str, from: &mut Fields) -> Result<Command, Error> {
            Ok(match name {
                $($name => command!(from, $command $fields),)*
                _ => return Err(Error::unknown_variant(name, Command::NAMES)),
            })
        }
    };
}

commands! {
    "next_phase": NextPhase {},
    "phase": Phase { phase },
    "crash": Crash { node },
    "restart": Restart { node },
    "pause": Pause { node },
    "resume": Resume { node },
    "isolate": Isolate { node },
    "separate": Separate { groups; one_way },
    "cut": Cut(rest),
    "hold": Hold(rest),
    "release": Release(rest),
    "heal_link": HealLink(rest),
    "slow_link": SlowLink { from, to, by_ns },
    "lossy_link": LossyLink { from, to; loss_permille, duplicate_permille, reorder_ns },
    "heal": Heal {},
    "drop_message": DropMessage { id },
    "delay_message": DelayMessage { id, by_ns },
    "duplicate_message": DuplicateMessage { id },
    "release_message": ReleaseMessage { id },
    "elect": Elect { shard, node },
    "hold_apply": HoldApply { node, shard },
    "release_apply": ReleaseApply { node, shard },
    "slow_disk": SlowDisk { node, flush_latency_ns },
    "hold_disk": HoldDisk { node },
    "release_disk": ReleaseDisk { node },
    "fill_disk": FillDisk { node },
    "free_disk": FreeDisk { node },
    "lose_disk": LoseDisk { node },
    "set_clock": SetClock { node, offset_ns, drift_ppm },
    "split": Split { shard, key },
    "transfer_leader": TransferLeader { shard, node },
    "move": Move { shard, voters, learners },
    "crash_placement": CrashPlacement {},
    "restart_placement": RestartPlacement {},
    "write": Write { key, value },
    "read": Read { key },
    "delete": Delete { key },
    "compare_and_set": CompareAndSet { key, expected, value },
    "scan": Scan { start, end },
    "load": Load { on },
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut fields = Fields(Map::deserialize(from)?);
        let Some(Value::String(name)) = fields.0.remove(TAG) else {
            return Err(D::Error::missing_field(TAG));
        };
        let command = read(&name, &mut fields).map_err(D::Error::custom)?;
        match fields.0.keys().next() {
            Some(field) => Err(D::Error::custom(format_args!("{name}: unknown field `{field}`"))),
            None => Ok(command),
        }
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // Serde's externally tagged form: one with fields is an object of them, under its name.
        let form = Self::serialize(self, serde_json::value::Serializer);
        let form = form.map_err(S::Error::custom)?;
        let fields = form.as_object().and_then(|form| form.values().next()?.as_object());
        let mut map = to.serialize_map(Some(1 + fields.map_or(0, Map::len)))?;
        map.serialize_entry(TAG, name(self))?;
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
    use crate::key::Key;
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
            (
                Command::CompareAndSet { key: Key(1), expected: None, value: 2 },
                r#"{"type":"compare_and_set","expected":null,"key":1,"value":2}"#,
            ),
        ];
        for (command, text) in cases {
            assert_eq!(serde_json::to_string(&command).expect("plain data"), text);
            assert_eq!(serde_json::from_str::<Command>(text).expect("as it was written"), command);
        }
    }

    #[test]
    fn what_may_be_left_out_has_a_default() {
        let cases = [
            (
                r#"{"type":"separate","groups":[[1],[2,3]]}"#,
                Command::Separate {
                    groups: vec![vec![NodeId(1)], vec![NodeId(2), NodeId(3)]],
                    one_way: false,
                },
            ),
            (
                r#"{"type":"cut","from":1,"to":2}"#,
                Command::Cut(Traffic::between(NodeId(1), NodeId(2))),
            ),
            (
                r#"{"type":"compare_and_set","key":1,"value":2}"#,
                Command::CompareAndSet { key: Key(1), expected: None, value: 2 },
            ),
        ];
        for (text, command) in cases {
            assert_eq!(serde_json::from_str::<Command>(text).expect(text), command);
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
            (r#"{"type":"crash","node":"one"}"#, "node: invalid type: string \"one\""),
            (r#"{"type":"crash","node":1,"harder":true}"#, "unknown field `harder`"),
            (r#"{"type":"cut","from":1,"to":2,"shart":3}"#, "unknown field `shart`"),
            (r#"{"type":"heal","node":1}"#, "heal: unknown field `node`"),
            (r#"{"type":"crash","node":-1}"#, "node: invalid value: integer `-1`"),
            (r#"[1]"#, "invalid type: sequence"),
        ];
        for (text, says) in cases {
            let error = serde_json::from_str::<Command>(text).expect_err(text).to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
