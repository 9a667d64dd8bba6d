//! How a command is written in a script: a common one by position, any by the names of its
//! fields.
//!
//! `slow_link from=n1 to=n2 by_ns=5ms`. Goes through the command's serialised form, so that every
//! command can be written here from the day on which it exists, and serde says what is missing.

use serde_json::{Map, Value, json};

use crate::command::Command;
use crate::id::ShardId;

/// What stands in a field.
#[derive(Clone, Copy)]
enum Kind {
    /// `n1`.
    Node,
    /// `shard_a`.
    Shard,
    /// A whole number.
    Number,
    /// `on` or `off`.
    Switch,
    /// Nodes up to the next word that is none; the field's name stands before them unless it is
    /// the first list.
    Nodes,
}

/// The word, an example, and the fields in the order in which they stand.
type Form = (&'static str, &'static str, &'static [(&'static str, Kind)]);

const FORMS: &[Form] = &[
    ("phase", "phase 1", &[("phase", Kind::Number)]),
    ("next_phase", "next_phase", &[]),
    ("crash", "crash n1", &[("node", Kind::Node)]),
    ("restart", "restart n1", &[("node", Kind::Node)]),
    ("pause", "pause n1", &[("node", Kind::Node)]),
    ("resume", "resume n1", &[("node", Kind::Node)]),
    ("isolate", "isolate n1", &[("node", Kind::Node)]),
    ("cut", "cut n1 n2", &[("from", Kind::Node), ("to", Kind::Node)]),
    ("heal", "heal", &[]),
    ("crash_placement", "crash_placement", &[]),
    ("restart_placement", "restart_placement", &[]),
    ("split", "split shard_a 101", &[("shard", Kind::Shard), ("key", Kind::Number)]),
    (
        "transfer_leader",
        "transfer_leader shard_a n2",
        &[("shard", Kind::Shard), ("node", Kind::Node)],
    ),
    (
        "move",
        "move shard_a n1 n2 n4 learners n5",
        &[("shard", Kind::Shard), ("voters", Kind::Nodes), ("learners", Kind::Nodes)],
    ),
    ("write", "write 17 4", &[("key", Kind::Number), ("value", Kind::Number)]),
    ("read", "read 17", &[("key", Kind::Number)]),
    ("delete", "delete 17", &[("key", Kind::Number)]),
    ("scan", "scan 10 20", &[("start", Kind::Number), ("end", Kind::Number)]),
    ("load", "load on", &[("on", Kind::Switch)]),
];

/// Reads a command.
pub(super) fn read(words: &[&str]) -> Result<Command, String> {
    let Some((verb, mut rest)) = words.split_first() else {
        return Err("say what to do, such as: crash n1".into());
    };
    let Some((name, example, fields)) = FORMS.iter().find(|(name, ..)| name == verb) else {
        if !Command::NAMES.contains(verb) {
            let known = Command::NAMES.join(", ");
            return Err(format!("there is no command \"{verb}\": there are {known}"));
        }
        let mut command = Map::from_iter([("type".to_string(), json!(verb))]);
        named(rest, &mut command)
            .map_err(|word| format!("write \"{word}\" with its field's name, such as: node=n1"))?;
        return made(command);
    };
    let mut command = Map::from_iter([("type".to_string(), json!(name))]);
    for (field, kind) in *fields {
        let value = if let Kind::Nodes = kind {
            nodes(field, &mut rest)?
        } else {
            let Some((word, tail)) = rest.split_first() else {
                return Err(format!("{name} wants a {}, such as: {example}", called(*kind)));
            };
            rest = tail;
            value(*kind, word)?
        };
        command.insert((*field).to_string(), value);
    }
    named(rest, &mut command)
        .map_err(|word| format!("\"{word}\" is too much: write it as: {example}"))?;
    made(command)
}

fn made(command: Map<String, Value>) -> Result<Command, String> {
    serde_json::from_value(Value::Object(command)).map_err(|error| error.to_string())
}

/// Takes in fields that are written with their names, `by_ns=5ms`; fails with the first word that
/// is none.
fn named<'a>(words: &[&'a str], command: &mut Map<String, Value>) -> Result<(), &'a str> {
    for word in words {
        let (field, text) = word.split_once('=').ok_or(*word)?;
        command.insert(field.to_string(), guessed(text));
    }
    Ok(())
}

/// What a value is meant to be, by its shape.
fn guessed(text: &str) -> Value {
    if text.contains(',') {
        return text.split(',').filter(|part| !part.is_empty()).map(guessed).collect();
    }
    let time = |unit: &str, scale: u64| {
        text.strip_suffix(unit)?.parse::<u64>().ok().and_then(|n| n.checked_mul(scale))
    };
    let times = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    let known = value(Kind::Switch, text).or_else(|_| value(Kind::Node, text));
    let number = || text.parse::<i64>().map(Value::from).ok();
    let time = || times.iter().find_map(|(unit, scale)| time(unit, *scale)).map(Value::from);
    known
        .or_else(|_| value(Kind::Shard, text))
        .ok()
        .or_else(number)
        .or_else(time)
        .unwrap_or_else(|| text.into())
}

/// A field that no form names, as [`guessed`] reads it.
fn plain(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(|v| plain(v) + ",").collect(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes a command as [`read`] reads it.
pub(super) fn write(command: &Command) -> String {
    let value = serde_json::to_value(command).unwrap_or_default();
    let verb = value["type"].as_str().unwrap_or_default();
    let mut text = verb.to_string();
    let fields = FORMS.iter().find(|(name, ..)| *name == verb).map_or(&[][..], |(_, _, f)| *f);
    for (field, kind) in fields {
        let number = |v: &Value| v.as_u64().unwrap_or_default();
        let value = &value[*field];
        match kind {
            Kind::Node => text += &format!(" n{}", number(value)),
            Kind::Shard => text += &format!(" {}", ShardId(number(value))),
            Kind::Number => text += &format!(" {}", number(value)),
            Kind::Switch => text += if *value == Value::Bool(true) { " on" } else { " off" },
            Kind::Nodes => {
                let list = value.as_array().map_or(&[][..], Vec::as_slice);
                if !list.is_empty() {
                    text += &format!(" {field}");
                }
                for node in list {
                    text += &format!(" n{}", number(node));
                }
            }
        }
    }
    let written = |name: &str| name == "type" || fields.iter().any(|(field, _)| *field == name);
    for (name, value) in value.as_object().into_iter().flatten() {
        if !written(name) && !value.is_null() {
            text += &format!(" {name}={}", plain(value));
        }
    }
    text
}

/// `n4`.
pub(super) fn node(word: &str) -> Result<u16, String> {
    let id = word.strip_prefix('n').and_then(|digits| digits.parse().ok());
    id.ok_or_else(|| format!("\"{word}\" is no node: the nodes are n1, n2 and so on"))
}

fn nodes(field: &str, rest: &mut &[&str]) -> Result<Value, String> {
    if rest.first() == Some(&field) {
        *rest = &rest[1..];
    } else if field != "voters" {
        return Ok(json!([]));
    }
    let is_list = |word: &&&str| !word.starts_with('l') && !word.starts_with('v');
    let named: Vec<&str> = rest.iter().take_while(is_list).copied().collect();
    *rest = &rest[named.len()..];
    named.into_iter().map(node).collect::<Result<Vec<u16>, String>>().map(|list| json!(list))
}

fn value(kind: Kind, word: &str) -> Result<Value, String> {
    match kind {
        Kind::Node | Kind::Nodes => node(word).map(Value::from),
        Kind::Shard => shard(word).map(Value::from),
        Kind::Number => {
            let number = word.parse::<u64>().map_err(|_| format!("\"{word}\" is no number"))?;
            Ok(number.into())
        }
        Kind::Switch => match word {
            "on" => Ok(true.into()),
            "off" => Ok(false.into()),
            _ => Err(format!("\"{word}\" is neither on nor off")),
        },
    }
}

/// `shard_a`, as it is shown.
fn shard(word: &str) -> Result<u64, String> {
    let wrong = || format!("\"{word}\" is no shard: the first is shard_a");
    let name = word.strip_prefix("shard_").ok_or_else(wrong)?;
    match name.as_bytes() {
        [letter @ b'a'..=b'z'] => Ok(u64::from(letter - b'a') + 1),
        _ => name.parse().map_err(|_| wrong()),
    }
}

fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::Node | Kind::Nodes => "node",
        Kind::Shard => "shard",
        Kind::Number => "number",
        Kind::Switch => "switch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every form's example is read, and written back as it was.
    #[test]
    fn every_command_has_a_form_that_reads_back() {
        for (_, example, _) in FORMS {
            let command = read(&example.split(' ').collect::<Vec<_>>()).expect(example);
            let written = write(&command).replace(" voters", "");
            assert_eq!(&written, example);
        }
    }

    /// A command that has no form, or more than its form, is written with the names of its fields.
    #[test]
    fn any_command_can_be_written_with_names() {
        let read = |text: &str| read(&text.split(' ').collect::<Vec<_>>());
        let split = Command::Split { shard: ShardId(2), key: crate::key::Key(150) };
        let mut command = Map::from_iter([("type".to_string(), json!("split"))]);
        named(&["shard=shard_b", "key=150"], &mut command).expect("both have names");
        assert_eq!(made(command), Ok(split));
        assert_eq!(guessed("n1,n4,"), json!([1, 4]));
        assert_eq!(
            (guessed("5ms"), guessed("-3"), guessed("on")),
            (json!(5_000_000), json!(-3), json!(true))
        );
        let error = read("crash n1 harder=on").expect_err("there is no such field");
        assert!(error.contains("harder"), "{error}");
        let error = read("crush n1").expect_err("there is no such command");
        assert!(error.contains("there are next_phase, phase, crash"), "{error}");
    }
}
