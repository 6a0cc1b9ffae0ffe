//! Files that are either whole or absent.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::TrainError;

/// What files end in that are being written.
const PART: &str = ".tmp";

/// Writes beside the target and renames: whoever reads `path` finds the old contents or the new, never a part. The name beside it
/// is nobody else's.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), TrainError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push("-");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PART);
    // Files of one's own are private while they are temporary; these are to be what any new file is.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // Dropped before it has its place, it is gone: half a file is of no use.
    let mut file = builder
        .tempfile_in(folder)
        .map_err(TrainError::io("create", path))?;
    let written = file
        .write_all(contents)
        .and_then(|()| file.as_file().sync_all());
    written.map_err(TrainError::io("write", path))?;
    let placed = file.persist(path).map_err(|e| e.error);
    placed.map_err(TrainError::io("replace", path))?;
    // The rename itself is durable once the folder is on disk; not every file system can sync a folder.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Takes away what processes that were killed had begun to write in a folder. Whoever calls it is alone there.
pub fn remove_leftovers(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten();
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(PART) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Where a picture is written before it takes its place.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(PART);
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
        let alone = || fs::read_dir(root.path()).expect("a folder").count();
        assert_eq!(alone(), 1);
        let path = root.path().join("free");
        write_atomically(&path, b"words").expect("written");
        write_atomically(&path, b"other words").expect("written over");
        assert_eq!(read_text(&path).expect("a file"), "other words");
        assert_eq!(alone(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let plain = root.path().join("plain");
            fs::write(&plain, "").expect("written");
            let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode();
            assert_eq!(mode(&path), mode(&plain), "as readable as any file");
        }
        fs::write(root.path().join(".free-Xy12.tmp"), "half").expect("written");
        remove_leftovers(root.path());
        assert_eq!(read_text(&path).expect("a file"), "other words");
        assert!(!root.path().join(".free-Xy12.tmp").exists());
    }
}
