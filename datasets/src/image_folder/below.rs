//! The files of a folder that are examples, however deep they lie: for networks that are asked about all of them.

use std::path::{Path, PathBuf};

use super::listing::has_ending;
use super::table::{self, Wanted};
use super::targets::TargetColumns;
use crate::DatasetError;
use crate::entries::entries;

/// The most folders within each other: more are links that go round.
const DEEPEST: usize = 32;

/// The most files.
const MOST: usize = 1 << 24;

/// The files in a folder and in all folders below it that are named as is wanted, folder by folder, sorted by name. Hidden files and
/// those of systems are passed over.
///
/// # Errors
/// Where a folder cannot be read, or there are more than 2²⁴ such files or 32 folders within each other.
pub fn files_below(
    folder: &Path,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, DatasetError> {
    let mut found = Vec::new();
    collect(folder, 0, is_wanted, &mut found)?;
    Ok(found)
}

/// Whether a file is named like a picture.
pub fn is_picture(file: &Path) -> bool {
    has_ending(file)
}

fn collect(
    folder: &Path,
    depth: usize,
    is_wanted: &dyn Fn(&Path) -> bool,
    found: &mut Vec<PathBuf>,
) -> Result<(), DatasetError> {
    if depth > DEEPEST {
        let expected = format!("at most {DEEPEST} folders within each other");
        return Err(DatasetError::malformed(folder, expected, "more"));
    }
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries(folder)?
        .kept
        .into_iter()
        .partition(|path| path.is_dir());
    found.extend(files.into_iter().filter(|file| is_wanted(file)));
    if found.len() > MOST {
        let expected = format!("at most {MOST} files");
        return Err(DatasetError::malformed(folder, expected, "more"));
    }
    folders
        .iter()
        .try_for_each(|inner| collect(inner, depth + 1, is_wanted, found))
}

/// The files of a table of pictures, as it names them, and their classes: its columns `file` and `class`.
///
/// # Errors
/// Where there is no such table, or it is damaged; with line and column.
pub fn read_labels(path: &Path) -> Result<Vec<(String, String)>, DatasetError> {
    let lines = table::read(path, Wanted::Classes)?.into_iter();
    Ok(lines.map(|line| (line.file, line.class)).collect())
}

/// The files of a table of pictures, as it names them, and what stands in some columns of it; NaN where a cell is empty.
///
/// # Errors
/// Where there is no such table, it is damaged, or it lacks a column; with line and column.
pub fn read_targets(
    path: &Path,
    columns: &TargetColumns,
) -> Result<Vec<(String, Vec<f32>)>, DatasetError> {
    columns.check()?;
    let lines = table::read(path, Wanted::Targets(columns))?.into_iter();
    Ok(lines.map(|line| (line.file, line.targets)).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn pictures_are_found_however_deep_and_nothing_else_is() {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "b.png",
            "a/c.JPG",
            "a/d/e.tiff",
            "a/notes.txt",
            ".hidden/f.png",
            "a/Thumbs.db",
        ] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = files_below(root.path(), &is_picture).unwrap();
        let names: Vec<&Path> = found
            .iter()
            .map(|file| file.strip_prefix(root.path()).unwrap())
            .collect();
        assert_eq!(names, ["b.png", "a/c.JPG", "a/d/e.tiff"].map(Path::new));
        assert!(files_below(&root.path().join("nothing"), &is_picture).is_err());
        let mut deep = root.path().to_path_buf();
        for _ in 0..40 {
            deep.push("x");
        }
        fs::create_dir_all(deep).unwrap();
        let error = files_below(root.path(), &is_picture)
            .unwrap_err()
            .to_string();
        assert!(error.contains("at most 32 folders"), "{error}");
    }
}
