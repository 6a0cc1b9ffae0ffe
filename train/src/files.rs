//! Files that are either whole or absent.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::TrainError;

/// Writes beside the target and renames: whoever reads `path` finds the old contents or the new, never a part.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), TrainError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    let beside = path.with_file_name(name);
    let mut file = File::create(&beside).map_err(TrainError::io("create", &beside))?;
    file.write_all(contents)
        .and_then(|()| file.sync_all())
        .map_err(TrainError::io("write", &beside))?;
    fs::rename(&beside, path).map_err(TrainError::io("replace", path))?;
    // The rename itself is durable once the folder is on disk; not every file system can sync a folder.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Reads a whole file as text.
pub fn read_text(path: &Path) -> Result<String, TrainError> {
    fs::read_to_string(path).map_err(TrainError::io("read", path))
}

/// Whether two paths mean one file that exists.
pub fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}
