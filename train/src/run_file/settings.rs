//! Settings by their full names, `section.key`, in tables as TOML has them.

use std::collections::BTreeMap;

use toml::{Table, Value};

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

/// The setting of a full name.
pub fn value_of<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    let mut parts = name.split('.');
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = value.as_table()?.get(part)?;
    }
    Some(value)
}

/// The table of a full name; the whole one for an empty name.
pub(super) fn table_of<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    if name.is_empty() {
        return Some(table);
    }
    let mut table = table;
    for part in name.split('.') {
        table = table.get_mut(part)?.as_table_mut()?;
    }
    Some(table)
}

/// Sets a full name, and makes the tables around it; in words why that cannot be.
pub(super) fn put(table: &mut Table, name: &str, value: Value) -> Result<(), String> {
    match name.split_once('.') {
        None if name.is_empty() => Err("the key is empty; expected section.key=value".into()),
        None => {
            table.insert(name.to_string(), value);
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
