//! `--set section.key=value` on top of a run file.

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
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(fault("expected section.key=value".into()));
        };
        let key = key.trim();
        put(&mut table, key, parse_value(value.trim())).map_err(fault)?;
        let read = TaskKey::deserialize(table.clone())
            .and_then(|TaskKey { task }| RunConfig::read(task, table.clone()));
        config = read.map_err(|e| {
            fault(diagnose::explain(
                e.message(),
                &section_of(key, e.message()),
            ))
        })?;
    }
    Ok(config)
}

/// What a file and overrides, which were applied before without complaint, set.
pub fn given(text: &str, set: &[String]) -> Table {
    let mut table = text.parse::<Table>().unwrap_or_default();
    for (key, value) in set.iter().filter_map(|s| s.split_once('=')) {
        let _ = put(&mut table, key.trim(), parse_value(value.trim()));
    }
    table
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
