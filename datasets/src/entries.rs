//! What lies in a folder of pictures or clips: files that people put there, and not those that machines did.

use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::DatasetError;

/// The most files in a folder.
const MOST_FILES: usize = 10_000_000;

/// What file managers, archives and storage boxes leave in folders, in small letters; hidden files begin with a dot.
const SYSTEM: [&str; 7] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "__macosx",
    "@eadir",
    "$recycle.bin",
];

/// The entries of a folder.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// Those that count, sorted by name.
    pub(crate) kept: Vec<PathBuf>,
    /// How many hidden and system files there are beside them.
    pub(crate) passed_over: usize,
}

/// What is in a folder.
pub(crate) fn entries(folder: &Path) -> Result<Entries, DatasetError> {
    let reading = |source| DatasetError::io(folder, source);
    let mut entries = Entries::default();
    for entry in fs::read_dir(folder).map_err(reading)? {
        let entry = entry.map_err(reading)?;
        let name = entry.file_name();
        let is_system = name
            .to_str()
            .is_some_and(|name| SYSTEM.contains(&&name.to_lowercase()[..]));
        match is_system || name.as_encoded_bytes().starts_with(b".") {
            true => entries.passed_over += 1,
            false => entries.kept.push(entry.path()),
        }
        if entries.kept.len() + entries.passed_over > MOST_FILES {
            let expected = format!("at most {MOST_FILES} files");
            return Err(DatasetError::malformed(folder, expected, "more"));
        }
    }
    entries.kept.sort();
    Ok(entries)
}

/// The name of a class's folder in the composed form (NFC), in which é is one character.
pub(crate) fn class_name(folder: &Path) -> Result<String, DatasetError> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let name =
        name.ok_or_else(|| DatasetError::malformed(folder, "a name in UTF-8", "other bytes"))?;
    Ok(name.nfc().collect())
}

/// Whether two classes are one: their names are the same but for the form in which Unicode writes them.
pub fn is_same_class(one: &str, other: &str) -> bool {
    one.nfc().eq(other.nfc())
}
