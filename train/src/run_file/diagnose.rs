//! Tables as runs, or which key is at fault, and what would be right.

use serde::Deserialize;
use toml::de::Error;
use toml::{Table, Value};

use super::explain::{Key, keys};
use super::fault::{Fault, Part};
use super::settings::{table_of, value_of};
use super::tables::TaskKey;
use super::{RunConfig, TaskName, kinds_of_values};

/// Reads what a run file says.
pub(super) fn read(given: &Table) -> Result<RunConfig, Fault> {
    kinds_of_values::check(given)?;
    typed(given).map_err(|error| fault(given, &error))
}

fn typed(given: &Table) -> Result<RunConfig, Error> {
    let TaskKey { task } = TaskKey::deserialize(given.clone())?;
    RunConfig::read(task, given.clone())
}

/// A parser's complaint about a table, as the key that it is about.
fn fault(given: &Table, error: &Error) -> Fault {
    let message = error.message().trim().replace('\n', "; ");
    let unknown = unknown_key(&message);
    let mut key = place(error);
    let mut part = Part::Value;
    // The complaint names the table whose keys depend on its kind, not the key in it.
    while let Some(inner) = culprit(given, &key, &message, &error.to_string()) {
        let is_unknown = unknown == Some(inner.as_str());
        // A key without a name is not a step further.
        let is_last = is_unknown || inner.is_empty();
        key = match key.as_str() {
            "" => inner,
            table => format!("{table}.{inner}"),
        };
        if is_unknown {
            part = Part::Key;
        }
        if is_last {
            break;
        }
    }
    let reason = match unknown {
        Some(found) => {
            let section = match part {
                Part::Key => key.rsplit_once('.').map_or("", |(section, _)| section),
                Part::Value => &key,
            };
            unknown_reason(given, found, section, &quoted(&message)[1..])
        }
        None => reason(&message, value_of(given, &key)),
    };
    Fault { key, part, reason }
}

/// Where the parser was: the last line of an error without a text to point at.
fn place(error: &Error) -> String {
    let words = error.to_string();
    let line = words.trim_end().lines().skip(1).last().unwrap_or_default();
    let name = line
        .strip_prefix("in `")
        .and_then(|rest| rest.strip_suffix('`'));
    name.unwrap_or_default().to_string()
}

/// The key of a table without which there would be another complaint, or none.
fn culprit(given: &Table, table: &str, message: &str, complaint: &str) -> Option<String> {
    let mut whole = given.clone();
    let inner = table_of(&mut whole, table)?.clone();
    // Without its kind a table would be read as another: that comes last.
    let chosen = inner
        .keys()
        .filter(|key| !KIND_KEYS.contains(&key.as_str()))
        .find(|key| {
            let mut without = given.clone();
            if let Some(inner) = table_of(&mut without, table) {
                inner.remove(*key);
            }
            typed(&without)
                .err()
                .is_none_or(|error| error.to_string() != complaint)
        });
    let unknown = message
        .strip_prefix("unknown variant `")
        .and_then(|rest| rest.split('`').next());
    let is_wrong = |value: &Value| match unknown {
        Some(unknown) => value.as_str() == Some(unknown),
        None => !value.is_str() && message.ends_with("expected variant identifier"),
    };
    let kind =
        || (inner.iter()).find(|(key, value)| KIND_KEYS.contains(&key.as_str()) && is_wrong(value));
    (chosen.or_else(|| kind().map(|(key, _)| key))).cloned()
}

/// The keys that decide which others their table has.
const KIND_KEYS: [&str; 4] = ["task", "kind", "edges", "basis"];

/// The key that a complaint is about, if it is about one that nobody knows.
fn unknown_key(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// The names that a complaint quotes.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// A complaint in the words of someone who writes files; `value` is what stands there.
fn reason(message: &str, value: Option<&Value>) -> String {
    if message.starts_with("unknown variant ")
        && let [found, valid @ ..] = quoted(message).as_slice()
    {
        let near = nearest(found, valid);
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return format!(
            "unknown value `{found}`{near} (valid: {})",
            valid.join(", ")
        );
    }
    expected_found(message, value).unwrap_or_else(|| message.to_string())
}

/// "invalid type: …, expected …" in other words.
fn expected_found(message: &str, value: Option<&Value>) -> Option<String> {
    let rest = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number ≥ 0",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list, as in [1, 2]",
        "a map" => "a table",
        "string only" | "string or table" | "variant identifier" => "a text in quotes",
        name if name.starts_with("struct ") || name.starts_with("internally tagged enum ") => {
            "a table"
        }
        other => other,
    };
    let found = match (found, value) {
        ("unit variant", Some(value)) => format!("{} `{value}`", value.type_str()),
        (found, _) => found.to_string(),
    };
    Some(format!("expected {expected}, found {found}"))
}

/// Why a key of a table, or of the top where `section` is empty, is not known, and which one may be meant.
fn unknown_reason(given: &Table, found: &str, section: &str, known: &[&str]) -> String {
    let task = TaskKey::deserialize(given.clone()).map_or_else(|_| TaskName::default(), |k| k.task);
    let own = keys(task);
    let name = |leaf: &str| match section {
        "" => leaf.to_string(),
        section => format!("{section}.{leaf}"),
    };
    // Keys that all kinds share are not among those that a kind's own table knows.
    let shared = own.iter().filter(|key| key.kind.is_none() && !key.chooses);
    let mut valid: Vec<&str> = shared
        .filter(|key| !section.is_empty() && key.name == name(key.leaf()))
        .map(Key::leaf)
        .filter(|leaf| !known.contains(leaf))
        .collect();
    valid.extend(known);
    let hint = other_kinds(own, &name(found))
        .or_else(|| nearest(found, &valid).map(|near| format!("did you mean `{near}`?")))
        .or_else(|| {
            let elsewhere = own.iter().find(|key| key.leaf() == found)?;
            Some(format!("did you mean `{}`?", elsewhere.name))
        })
        .or_else(|| other_tasks(&name(found)));
    let mut text = match section {
        "" => format!("unknown key `{found}` at the top of the file"),
        section => format!("unknown key `{found}` in [{section}]"),
    };
    if let Some(hint) = hint {
        text.push_str(&format!("; {hint}"));
    }
    if !valid.is_empty() {
        text.push_str(&format!(" (valid: {})", valid.join(", ")));
    }
    text
}

/// The kinds of its table that have a key.
fn other_kinds(keys: &[Key], name: &str) -> Option<String> {
    let kinds = keys.iter().filter(|key| key.name == name);
    let kinds: Vec<&(String, String)> = kinds.filter_map(|key| key.kind.as_ref()).collect();
    let (chooser, _) = kinds.first()?;
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(_, kind)| format!("\"{kind}\""))
        .collect();
    Some(format!("it belongs to {chooser} = {}", kinds.join(" or ")))
}

/// The tasks that have a key.
fn other_tasks(name: &str) -> Option<String> {
    let tasks = TaskName::ALL.into_iter();
    let tasks: Vec<String> = tasks
        .filter(|task| keys(*task).iter().any(|key| key.name == name))
        .map(|task| format!("\"{task}\""))
        .collect();
    match tasks.is_empty() {
        true => None,
        false => Some(format!("it belongs to task = {}", tasks.join(" or "))),
    }
}

/// The candidate most like `word`, if any is near enough to be a slip of the pen.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    candidates
        .iter()
        .map(|c| (strsim::jaro_winkler(&word, &c.to_lowercase()), *c))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}
