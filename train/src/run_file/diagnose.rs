//! From a parser's complaint to file, line, column and the nearest valid key.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Table;
use toml::de::DeTable;

use super::{ConfigError, Fault, RunConfig, TaskKey, keys};

/// A parser's error in a file.
pub fn file_error(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let mut start = error.span().map_or(0, |span| span.start);
    let mut section = section_at(text, start);
    // A table whose keys depend on its `kind` complains as a whole: the key at fault is looked up in it.
    if let Some(table) = table_at(text, start)
        && let Some(span) = match unknown_key(error.message()) {
            Some(key) => key_span(text, &format!("{table}.{key}")),
            None => culprit(text, &table),
        }
    {
        (start, section) = (span.start, table);
    }
    let (line, column) = position(text, start);
    ConfigError::File {
        path: path.to_path_buf(),
        line,
        column,
        message: explain(error.message(), &section),
    }
}

/// A value that parsed but cannot work: points at the override or at the line that set it.
pub fn value_error(path: &Path, text: &str, set: &[String], fault: Fault) -> ConfigError {
    let message = fault.reason;
    let by_override = set.iter().rev().find(|set| {
        let key = set.split('=').next().unwrap_or_default().trim();
        let rest = key.strip_prefix(&fault.key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    if let Some(text) = by_override {
        return ConfigError::Override {
            text: text.clone(),
            message,
        };
    }
    let start = key_span(text, &fault.key).map_or(0, |span| span.start);
    let (line, column) = position(text, start);
    ConfigError::File {
        path: path.to_path_buf(),
        line,
        column,
        message,
    }
}

/// Rewords serde's messages; `section` is the table where the complaint arose, empty at the top.
pub fn explain(message: &str, section: &str) -> String {
    let message = message.trim().replace('\n', "; ");
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (Some(found), true) = (quoted.first(), message.starts_with("unknown ")) else {
        return expected_found(&message).unwrap_or(message);
    };
    let valid = &quoted[1..];
    let is_key = message.starts_with("unknown field");
    let place = match (is_key, section) {
        (true, "") => "at the top of the file".to_string(),
        (true, section) => format!("in [{section}]"),
        (false, _) => String::new(),
    };
    let what = if is_key { "key" } else { "value" };
    let mut text = format!("unknown {what} `{found}` {place}")
        .trim_end()
        .to_string();
    // The same key of the same table belongs to another task.
    let elsewhere = keys::with_leaf(found).filter(|key| {
        is_key
            && key
                .rsplit_once('.')
                .is_none_or(|(table, _)| table != section)
    });
    match (nearest(found, valid), elsewhere) {
        (Some(near), _) => text.push_str(&format!("; did you mean `{near}`?")),
        (None, Some(key)) => text.push_str(&format!("; did you mean `{key}`?")),
        (None, None) => {}
    }
    if !valid.is_empty() {
        text.push_str(&format!(" (valid: {})", valid.join(", ")));
    }
    text
}

/// "invalid type: …, expected …" in the words of someone who writes files.
fn expected_found(message: &str) -> Option<String> {
    let rest = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number ≥ 0",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list, as in [1, 2]",
        name if name.starts_with("struct ") => "a table",
        other => other,
    };
    Some(format!("expected {expected}, found {found}"))
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

/// Line and column, counted from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut before = &text[..0];
    if let Some(part) = text.get(..offset.min(text.len())) {
        before = part;
    }
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

/// The table header above a byte offset.
fn section_at(text: &str, offset: usize) -> String {
    let upto = text.get(..offset).unwrap_or("");
    // A key of the first line of a header belongs to the table above it: only whole lines count.
    upto.lines()
        .take(upto.matches('\n').count())
        .filter_map(|line| {
            let line = line.trim();
            line.strip_prefix('[')?.split(']').next()
        })
        .last()
        .unwrap_or("")
        .trim()
        .to_string()
}

/// The table that starts, with its header or its brace, at a byte offset.
fn table_at(text: &str, offset: usize) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let table = document
        .get_ref()
        .iter()
        .find(|(_, value)| value.get_ref().as_table().is_some() && value.span().start == offset)?;
    Some(table.0.get_ref().to_string())
}

/// The value of a table without which there would be another complaint, or none.
fn culprit(text: &str, table: &str) -> Option<Range<usize>> {
    let whole: Table = text.parse().ok()?;
    let complaint = |file: Table| {
        let read = TaskKey::deserialize(file.clone())
            .and_then(|TaskKey { task }| RunConfig::read(task, file));
        read.err().map(|error| error.message().to_string())
    };
    let before = complaint(whole.clone());
    let keys = whole.get(table)?.as_table()?.keys();
    // Without its kind a table would be read as another.
    let key = keys.filter(|key| *key != "kind").find(|key| {
        let mut without = whole.clone();
        if let Some(table) = without.get_mut(table).and_then(|t| t.as_table_mut()) {
            table.remove(*key);
        }
        complaint(without) != before
    })?;
    spans(text, &format!("{table}.{key}")).map(|[_, value]| value)
}

/// The key that serde does not know.
fn unknown_key(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// Where a file sets `section.key`.
fn key_span(text: &str, key: &str) -> Option<Range<usize>> {
    spans(text, key).map(|[key, _]| key)
}

/// Where the key and the value of `section.key` are in a file.
fn spans(text: &str, key: &str) -> Option<[Range<usize>; 2]> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut parts = key.split('.').peekable();
    loop {
        let part = parts.next()?;
        let (name, value) = table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == part)?;
        if parts.peek().is_none() {
            return Some([name.span(), value.span()]);
        }
        table = value.get_ref().as_table()?;
    }
}
