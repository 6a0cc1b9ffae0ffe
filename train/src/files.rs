//! Files that are either whole or absent.

use std::fs;
use std::path::Path;

use gcnn_datasets::Unfinished;

use crate::TrainError;

/// Writes a file: whoever reads `path` finds the old contents or the new, never a part.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), TrainError> {
    let part = Unfinished::beside(path).map_err(TrainError::io("create", path))?;
    fs::write(part.path(), contents).map_err(TrainError::io("write", path))?;
    part.put().map_err(TrainError::io("replace", path))
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
    fn errors_say_what_was_tried() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join("taken");
        fs::create_dir(&path).expect("a folder");
        let error = write_atomically(&path, b"words").expect_err("a folder is there");
        assert!(error.to_string().contains("cannot replace"), "{error}");
        let path = root.path().join("nowhere/file");
        let error = write_atomically(&path, b"words").expect_err("no folder");
        assert!(error.to_string().contains("cannot create"), "{error}");
        let path = root.path().join("free");
        write_atomically(&path, b"words").expect("written");
        write_atomically(&path, b"other words").expect("written over");
        assert_eq!(read_text(&path).expect("a file"), "other words");
        assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 2);
    }
}
