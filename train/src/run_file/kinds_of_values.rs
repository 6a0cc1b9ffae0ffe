//! Whether tables are tables and values are values.
//!
//! The parser would take a list for a table, by the order of its keys, and a table for a name, as a variant with content. Nobody
//! means that.

use serde::Deserialize;
use toml::{Table, Value};

use super::explain::keys;
use super::fault::{Fault, Part};
use super::settings::value_of;
use super::tables::TaskKey;

/// Refuses a value where a table is meant, and a table where a value is.
pub(super) fn check(given: &Table) -> Result<(), Fault> {
    if let Some(task) = given.get("task").filter(|task| !task.is_str()) {
        return Err(fault("task", "a text", task));
    }
    // A task that nobody knows is told of by the parser.
    let Ok(TaskKey { task }) = TaskKey::deserialize(given.clone()) else {
        return Ok(());
    };
    for key in keys(task) {
        if let Some((section, _)) = key.name.rsplit_once('.')
            && let Some(value) = value_of(given, section).filter(|value| !value.is_table())
        {
            return Err(fault(section, "a table", value));
        }
        match value_of(given, &key.name) {
            Some(value) if key.is_table() && !value.is_table() => {
                return Err(fault(&key.name, "a table", value));
            }
            Some(value) if !key.is_table() && value.is_table() => {
                return Err(fault(&key.name, key.values(), value));
            }
            _ => {}
        }
    }
    Ok(())
}

fn fault(key: &str, expected: &str, found: &Value) -> Fault {
    let found = match found {
        Value::Table(_) => "a table".to_string(),
        Value::Array(list) if list.iter().any(Value::is_table) => "a list of tables".into(),
        Value::Array(_) => "a list".into(),
        other => other.to_string(),
    };
    Fault {
        part: Part::Value,
        ..Fault::new(key, &found, expected)
    }
}
