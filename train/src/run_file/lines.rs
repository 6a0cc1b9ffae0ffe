//! Where the text of a run file sets its keys.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, Error};

use super::fault::{Fault, Part};

/// The places of all keys in a text.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    text: String,
    /// By full name: where the key stands, and where its value.
    places: BTreeMap<String, [Range<usize>; 2]>,
}

impl Lines {
    /// The places of a document's keys.
    pub fn new(text: &str, document: &DeTable<'_>) -> Self {
        let mut places = BTreeMap::new();
        collect(document, "", &mut places);
        Self {
            text: text.into(),
            places,
        }
    }

    /// Line and column, counted from 1, of what a parser could not read.
    pub fn of_error(text: &str, error: &Error) -> (usize, usize) {
        position(text, error.span().map_or(0, |span| span.start))
    }

    /// Line and column, counted from 1, of a fault: those of the innermost table around a key that the text does not set,
    /// and the first of all where there is none.
    pub fn of_fault(&self, fault: &Fault) -> (usize, usize) {
        let mut key = fault.key.as_str();
        loop {
            if let Some([name, value]) = self.places.get(key) {
                let place = match fault.part {
                    Part::Key => name,
                    Part::Value => value,
                };
                return position(&self.text, place.start);
            }
            match key.rsplit_once('.') {
                Some((table, _)) => key = table,
                None => return (1, 1),
            }
        }
    }

    /// The keys of a table, or of the top for an empty name, as they follow each other.
    pub fn order(&self, table: &str) -> Vec<&str> {
        let inner = |name: &str| match table {
            "" => !name.contains('.'),
            table => name
                .strip_prefix(table)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|leaf| !leaf.contains('.')),
        };
        let mut found: Vec<(usize, &str)> = (self.places.iter())
            .filter(|(name, _)| inner(name))
            .map(|(name, [key, _])| (key.start, name.rsplit('.').next().unwrap_or(name)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, leaf)| leaf).collect()
    }
}

fn collect(table: &DeTable<'_>, prefix: &str, places: &mut BTreeMap<String, [Range<usize>; 2]>) {
    for (key, value) in table {
        let name = match prefix {
            "" => key.get_ref().to_string(),
            prefix => format!("{prefix}.{}", key.get_ref()),
        };
        if let Some(inner) = value.get_ref().as_table() {
            collect(inner, &name, places);
        }
        places.insert(name, [key.span(), value.span()]);
    }
}

/// Line and column, counted from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}
