//! Files that are either whole or absent.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::TrainError;

/// Writes beside the target and renames: whoever reads `path` finds the old contents or the new, never a part.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), TrainError> {
    let beside = beside(path);
    let mut file = File::create(&beside).map_err(TrainError::io("create", &beside))?;
    let written = file
        .write_all(contents)
        .and_then(|()| file.sync_all())
        .map_err(TrainError::io("write", &beside))
        .and_then(|()| fs::rename(&beside, path).map_err(TrainError::io("replace", path)));
    if written.is_err() {
        // Half a file is of no use.
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The rename itself is durable once the folder is on disk; not every file system can sync a folder.
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Where a file is written before it takes its place.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".tmp");
    path.with_file_name(name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_take_its_place_leaves_nothing_behind() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("taken");
        fs::create_dir(&path).expect("a folder");
        let error = write_atomically(&path, b"words").expect_err("a folder is there");
        assert!(error.to_string().contains("cannot replace"), "{error}");
        assert!(!beside(&path).exists());
        let path = root.path().join("free");
        write_atomically(&path, b"words").expect("written");
        assert_eq!(read_text(&path).expect("a file"), "words");
        assert!(!beside(&path).exists());
    }
}
