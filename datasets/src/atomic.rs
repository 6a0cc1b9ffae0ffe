//! Files and folders that are either whole or absent: everything that is written takes its place here.
//!
//! ```text
//! .NAME.part-RANDOM         what is being written, beside its place NAME
//! .NAME.part-RANDOM.lock    locked as long as somebody writes it
//! ```
//!
//! A process that is killed leaves both behind, but holds no lock: whoever begins the next part for the same place takes such
//! leftovers away. The lock comes before its part and goes after it, so that a part without one is a leftover too.
//!
//! ```
//! use gcnn_datasets::Unfinished;
//!
//! let folder = tempfile::tempdir()?;
//! let place = folder.path().join("values.txt");
//! let part = Unfinished::beside(&place)?;
//! std::fs::write(part.path(), "1 2 3")?;
//! assert!(!place.exists());
//! part.put()?;
//! assert_eq!(std::fs::read_to_string(&place)?, "1 2 3");
//! # Ok::<(), std::io::Error>(())
//! ```

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

const PART: &str = ".part-";
const LOCK: &str = ".lock";

/// A file or folder that is being written beside its place. It is gone when this value is, unless it was [put](Self::put) there.
#[derive(Debug)]
pub struct Unfinished {
    part: PathBuf,
    place: PathBuf,
    // Removed when it is dropped, which is after the part.
    _lock: NamedTempFile,
}

impl Unfinished {
    /// A part for a place in a folder that exists, and an end of what was left there by processes that are gone. The part itself
    /// is still to be created.
    ///
    /// # Errors
    /// Those of the file system, where nothing can be created in the folder.
    pub fn beside(place: &Path) -> io::Result<Self> {
        remove_leftovers(place);
        let mut locks = tempfile::Builder::new();
        let prefix = prefix(place);
        locks.prefix(&prefix).suffix(LOCK);
        loop {
            let lock = locks.tempfile_in(folder(place))?;
            match lock.as_file().try_lock() {
                // Where it could be locked by others first, it was taken for a leftover.
                Err(TryLockError::WouldBlock) => {}
                Ok(()) if !lock.path().exists() => {}
                // A file system without locks has leftovers that nobody can tell, and works otherwise.
                Ok(()) | Err(TryLockError::Error(_)) => {
                    return Ok(Self {
                        part: lock.path().with_extension(""),
                        place: place.to_path_buf(),
                        _lock: lock,
                    });
                }
            }
        }
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.part
    }

    /// Puts what was written into its place, once it is on disk; a file that is there is replaced.
    ///
    /// # Errors
    /// Those of the file system; nothing is left behind then, and what was in the place stays.
    pub fn put(self) -> io::Result<()> {
        if self.part.is_file() {
            OpenOptions::new()
                .write(true)
                .open(&self.part)?
                .sync_all()?;
        }
        fs::rename(&self.part, &self.place)?;
        // The rename itself is durable once the folder is on disk; not every file system can sync a folder.
        if let Ok(folder) = File::open(folder(&self.place)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        remove(&self.part);
    }
}

/// The folder that a place is in.
fn folder(place: &Path) -> &Path {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What the names of the parts for a place begin with.
fn prefix(place: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(place.file_name().unwrap_or_default());
    prefix.push(PART);
    prefix
}

/// Removes the parts for a place that nobody holds a lock of.
fn remove_leftovers(place: &Path) {
    let prefix = prefix(place);
    let entries = fs::read_dir(folder(place)).into_iter().flatten();
    for entry in entries.flatten() {
        let found = entry.file_name();
        if !found
            .as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
        {
            continue;
        }
        let path = entry.path();
        let (part, lock) = match path.extension() {
            Some(ending) if ending == &LOCK[1..] => (path.with_extension(""), path),
            _ => (path.clone(), with_ending(&path, LOCK)),
        };
        // Kept until both are gone.
        let _held = match OpenOptions::new().read(true).write(true).open(&lock) {
            Ok(file) if file.try_lock().is_ok() => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            _ => continue,
        };
        remove(&part);
        remove(&lock);
    }
}

/// Removes a file or a folder. That it is gone already, or can't be removed, changes nothing for what is written now.
fn remove(path: &Path) {
    let _ = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_put_is_in_its_place_and_the_rest_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("file.gz");
        drop(Unfinished::beside(&place).unwrap());
        for content in ["one", "two"] {
            let part = Unfinished::beside(&place).unwrap();
            fs::write(part.path(), content).unwrap();
            let files = if content == "one" { 2 } else { 3 };
            assert_eq!(names(folder.path()).len(), files);
            part.put().unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), content);
        }
        let given_up = Unfinished::beside(&place).unwrap();
        fs::create_dir(given_up.path()).unwrap();
        fs::write(given_up.path().join("inside"), "half").unwrap();
        drop(given_up);
        assert_eq!(names(folder.path()), ["file.gz"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let plain = folder.path().join("plain");
            fs::write(&plain, "").unwrap();
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&place), mode(&plain), "as readable as any file");
        }
    }

    #[test]
    fn what_cannot_take_its_place_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("taken");
        fs::create_dir(&place).unwrap();
        let part = Unfinished::beside(&place).unwrap();
        fs::write(part.path(), "words").unwrap();
        part.put().unwrap_err();
        assert_eq!(names(folder.path()), ["taken"]);
        Unfinished::beside(&folder.path().join("nowhere/file")).unwrap_err();
    }

    #[test]
    fn leftovers_go_and_what_somebody_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // A file with its lock, a lock whose part was never begun, and names of others.
        for name in [
            ".x.part-1",
            ".x.part-1.lock",
            ".x.part-3.lock",
            ".x.partly",
            ".xx.part-1",
        ] {
            fs::write(path(name), "left").unwrap();
        }
        fs::create_dir(path(".x.part-2")).unwrap();
        let held = Unfinished::beside(&path("y")).unwrap();
        fs::write(held.path(), "at work").unwrap();
        let second = Unfinished::beside(&path("y")).unwrap();
        assert!(held.path().is_file() && held._lock.path().is_file());
        assert_ne!(second.path(), held.path());
        drop((held, second));

        drop(Unfinished::beside(&path("x")).unwrap());
        assert_eq!(names(folder.path()), [".x.partly", ".xx.part-1"]);
    }
}
