//! `--set section.key=value` on top of a run file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::{ConfigError, RunConfig, TaskKey, diagnose};

/// Applies overrides one after the other, so that an error names the one at fault.
pub fn apply(path: &Path, text: &str, set: &[String]) -> Result<RunConfig, ConfigError> {
    let mut table: Table =
        toml::from_str(text).map_err(|e| diagnose::file_error(path, text, &e))?;
    let mut config = RunConfig::default();
    for assignment in set {
        let fault = |message: String| ConfigError::Override {
            text: assignment.clone(),
            message,
        };
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(fault("expected section.key=value".into()));
        };
        let (key, text) = (key.trim(), text.trim());
        let with = |value: Value| {
            let mut with = table.clone();
            put(&mut with, key, value).map(|()| with).map_err(fault)
        };
        let typed = with(parse_value(text))?;
        let found = read(&typed).map(|read| (read, typed)).or_else(|e| {
            // A text may look like something else: a folder `2018`, a name `true`.
            let quoted = with(Value::String(text.to_string()))?;
            match read(&quoted) {
                Ok(read) => Ok((read, quoted)),
                Err(_) => {
                    let section = section_of(key, e.message());
                    Err(fault(diagnose::explain(e.message(), &section)))
                }
            }
        });
        (config, table) = found?;
    }
    Ok(config)
}

/// A run file's table as a configuration.
fn read(table: &Table) -> Result<RunConfig, toml::de::Error> {
    let TaskKey { task } = TaskKey::deserialize(table.clone())?;
    RunConfig::read(task, table.clone())
}

/// What a file and overrides, which were applied before without complaint, set.
pub fn given(text: &str, set: &[String]) -> Table {
    let mut table = text.parse::<Table>().unwrap_or_default();
    for (key, value) in set.iter().filter_map(|s| s.split_once('=')) {
        let _ = put(&mut table, key.trim(), parse_value(value.trim()));
    }
    table
}

/// Every setting of a table by its full name. A table that holds nothing is a setting, too.
pub fn flatten(table: &Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    collect(table, "", &mut flat);
    flat
}

fn collect(table: &Table, prefix: &str, flat: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let name = match prefix {
            "" => key.clone(),
            prefix => format!("{prefix}.{key}"),
        };
        match value {
            Value::Table(inner) if !inner.is_empty() => collect(inner, &name, flat),
            value => {
                flat.insert(name, value.clone());
            }
        }
    }
}

/// The table that complained: the one in front of the part that the message is about.
fn section_of(key: &str, message: &str) -> String {
    let parts: Vec<&str> = key.split('.').collect();
    let at_fault = parts
        .iter()
        .position(|part| message.contains(&format!("`{part}`")))
        .unwrap_or(parts.len() - 1);
    parts[..at_fault].join(".")
}

/// A TOML value where it reads as one, otherwise the text itself.
fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_string()))
}

/// Sets `section.key` in a table.
pub fn put(table: &mut Table, key: &str, value: Value) -> Result<(), String> {
    match key.split_once('.') {
        None if key.is_empty() => Err("the key is empty; expected section.key=value".into()),
        None => {
            table.insert(key.to_string(), value);
            Ok(())
        }
        Some((head, rest)) => {
            let inner = table
                .entry(head.to_string())
                .or_insert_with(|| Value::Table(Table::new()));
            match inner {
                Value::Table(inner) => put(inner, rest, value),
                other => Err(format!("`{head}` is {other}, it has no key `{rest}`")),
            }
        }
    }
}
