//! Files and folders that are either whole or absent.
//!
//! ```text
//! PLACE.part-NUMBERS         what is being written
//! PLACE.part-NUMBERS.lock    locked as long as somebody writes it
//! ```
//!
//! A process that is killed leaves both behind, but holds no lock: whoever begins the next part for the same place takes such
//! leftovers away. The lock comes before its part and goes after it, so that a part without one is a leftover too. No name
//! comes twice: what is taken away is never what somebody else has begun since.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::DatasetError;

const PART: &str = ".part-";
const LOCK: &str = ".lock";

/// A file or folder that is being written beside its place. It is gone when this value is, unless it was [put](Self::put) there.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    place: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Unfinished {
    /// A part for a place, which is still to be created, and an end of what was left there by processes that are gone.
    pub(crate) fn beside(place: &Path) -> Result<Self, DatasetError> {
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
        }
        remove_leftovers(place);
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let numbers = [
                u128::from(std::process::id()),
                now.map_or(0, |now| now.as_nanos()),
            ];
            let path = with_ending(place, &format!("{PART}{}-{}", numbers[0], numbers[1]));
            let lock = with_ending(&path, LOCK);
            let held = match File::create_new(&lock) {
                Ok(held) => held,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(DatasetError::io(&lock, error)),
            };
            match held.try_lock() {
                // Where it could be locked by others first, it was taken for a leftover.
                Err(TryLockError::WouldBlock) => {}
                Ok(()) if !lock.exists() => {}
                // A file system without locks has leftovers that nobody can tell, and works otherwise.
                Ok(()) | Err(TryLockError::Error(_)) => {
                    return Ok(Self {
                        path,
                        place: place.to_path_buf(),
                        lock,
                        _held: held,
                    });
                }
            }
        }
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts what was written into its place; a file that is there is replaced.
    pub(crate) fn put(self) -> Result<(), DatasetError> {
        fs::rename(&self.path, &self.place).map_err(|error| DatasetError::io(&self.place, error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        remove(&self.path);
        remove(&self.lock);
    }
}

/// Removes the parts for a place that nobody holds a lock of.
fn remove_leftovers(place: &Path) {
    let Some(entries) = place.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
        return;
    };
    let start = with_ending(place.file_name().unwrap_or_default().as_ref(), PART);
    let start = start.as_os_str().as_encoded_bytes();
    for entry in entries.flatten() {
        let found = entry.file_name();
        if !found.as_encoded_bytes().starts_with(start) {
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
        let place = folder.path().join("new").join("file.gz");
        drop(Unfinished::beside(&place).unwrap());
        for content in ["one", "two"] {
            let part = Unfinished::beside(&place).unwrap();
            fs::write(part.path(), content).unwrap();
            assert_eq!(
                names(place.parent().unwrap()).len(),
                if content == "one" { 2 } else { 3 }
            );
            part.put().unwrap();
            assert_eq!(fs::read_to_string(&place).unwrap(), content);
        }
        let given_up = Unfinished::beside(&place).unwrap();
        fs::create_dir(given_up.path()).unwrap();
        fs::write(given_up.path().join("inside"), "half").unwrap();
        drop(given_up);
        assert_eq!(names(place.parent().unwrap()), ["file.gz"]);
    }

    #[test]
    fn leftovers_go_and_what_somebody_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // A file with its lock, a folder, and a lock whose part was never begun.
        for name in [
            "x.part-1",
            "x.part-1.lock",
            "x.part-3-4.lock",
            "x.partly",
            "xx.part-1",
        ] {
            fs::write(path(name), "left").unwrap();
        }
        fs::create_dir(path("x.part-2")).unwrap();
        let held = Unfinished::beside(&path("y")).unwrap();
        fs::write(held.path(), "at work").unwrap();
        let second = Unfinished::beside(&path("y")).unwrap();
        assert!(held.path().is_file() && held.lock.is_file() && second.path() != held.path());
        drop((held, second));

        drop(Unfinished::beside(&path("x")).unwrap());
        assert_eq!(names(folder.path()), ["x.partly", "xx.part-1"]);
    }
}
