//! The community's files, made again: what its generator saves, under the same names.
//!
//! Each file is written beside its place and only then put there. Files that are there are left alone.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{COMMUNITY_FILES, COMMUNITY_SIZES, Community};
use crate::images::Split;
use crate::nbody::{NBodySystem, store};
use crate::{DatasetError, files};

/// What a split has a file of.
const KINDS: [&str; 4] = ["loc", "vel", "edges", "charges"];

/// How far the simulations of a split are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Making {
    /// Which split.
    pub split: Split,
    /// How many simulations are done.
    pub done: usize,
    /// How many it has.
    pub total: usize,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It was there already.
    Present(PathBuf),
    /// It was written.
    Written(PathBuf),
}

/// Writes the community's twelve files, 170 MB, into a folder, which is made where there is none: positions, velocities, edges and
/// charges of 10,000 training, 2,000 validation and 2,000 test simulations. A split whose four files are all there is not
/// made again.
///
/// # Errors
/// Where a folder or file cannot be written, and where a split has some of its files and they are not the ones that would be
/// written: nothing of it is written then.
pub fn make(folder: &Path, progress: &mut dyn FnMut(Making)) -> Result<Vec<Made>, DatasetError> {
    make_first(COMMUNITY_SIZES, folder, progress)
}

/// The same with the first simulations of each split.
pub(super) fn make_first(
    sizes: [usize; 3],
    folder: &Path,
    progress: &mut dyn FnMut(Making),
) -> Result<Vec<Made>, DatasetError> {
    fs::create_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
    let mut made = Vec::new();
    for (split, total) in Split::THREE.into_iter().zip(sizes) {
        made.extend(make_split(split, total, folder, progress)?);
    }
    Ok(made)
}

fn make_split(
    split: Split,
    total: usize,
    folder: &Path,
    progress: &mut dyn FnMut(Making),
) -> Result<Vec<Made>, DatasetError> {
    let names = KINDS.map(|kind| store::file_name(kind, split, COMMUNITY_FILES));
    let places = names.each_ref().map(|name| folder.join(name));
    if places.iter().all(|place| place.exists()) {
        return Ok(places.map(Made::Present).into());
    }
    // Before the simulations: a folder that cannot be written is known at once.
    let part = files::part(&folder.join(split.to_string()))?;
    let simulations = Community::default().run(split, total, &mut |done| {
        progress(Making { split, done, total });
    })?;
    store::write_files(
        part.path(),
        NBodySystem::Charged,
        split,
        COMMUNITY_FILES,
        &simulations,
    )?;
    let parts = names.map(|name| part.path().join(name));
    for (part, place) in parts.iter().zip(&places) {
        if place.exists() && read(part)? != read(place)? {
            return Err(DatasetError::malformed(
                place,
                "the community's simulations, or no file",
                "others",
            ));
        }
    }
    let put = |(part, place): (&PathBuf, PathBuf)| {
        if place.exists() {
            return Ok(Made::Present(place));
        }
        File::open(part)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(part, &place))
            .map_err(|error| DatasetError::io(&place, error))?;
        Ok(Made::Written(place))
    };
    parts.iter().zip(places).map(put).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    fs::read(path).map_err(|error| DatasetError::io(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nbody::{NBodyConfig, NBodySource};
    use crate::npy::NpyArray;

    const SIZES: [usize; 3] = [5, 3, 4];

    fn make(folder: &Path) -> Result<Vec<Made>, DatasetError> {
        make_first(SIZES, folder, &mut |_| {})
    }

    fn written(made: &[Made]) -> usize {
        let written = |one: &&Made| matches!(one, Made::Written(_));
        made.iter().filter(written).count()
    }

    #[test]
    fn the_files_are_read_as_the_same_simulations() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("deep").join("nbody");
        let mut heard = Vec::new();
        let made = make_first(SIZES, &folder, &mut |making| heard.push(making)).unwrap();
        assert_eq!((made.len(), written(&made)), (12, 12));
        assert_eq!(heard.len(), 3);
        let (split, done, total) = (Split::Valid, 3, 3);
        assert_eq!(heard[1], Making { split, done, total });
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), 12, "{names:?}");
        assert_eq!(names[0], "charges_test_charged5_initvel1small.npy");
        for (kind, shape) in [
            ("loc", vec![5, 49, 3, 5]),
            ("vel", vec![5, 49, 3, 5]),
            ("edges", vec![5, 5, 5]),
            ("charges", vec![5, 5, 1]),
        ] {
            let file = folder.join(format!("{kind}_train_charged5_initvel1small.npy"));
            assert_eq!(NpyArray::read(&file).unwrap().shape, shape);
        }
        let read = NBodyConfig::default().with_path(&folder).load().unwrap();
        let config = NBodyConfig::default().with_source(NBodySource::Community);
        let again = config.with_sizes(SIZES).with_cache(false).load().unwrap();
        for (read, again) in [
            (read.train, again.train),
            (read.valid, again.valid),
            (read.test, again.test),
        ] {
            assert_eq!(read.trajectories(), again.trajectories());
            assert_eq!(read.identity(), again.identity());
        }
    }

    #[test]
    fn files_that_are_there_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path()).unwrap();
        let file = |kind: &str| {
            folder
                .path()
                .join(format!("{kind}_valid_{COMMUNITY_FILES}.npy"))
        };
        assert_eq!(written(&make(folder.path()).unwrap()), 0);
        // What is missing comes back, beside files that are the same.
        let edges = fs::read(file("edges")).unwrap();
        fs::remove_file(file("edges")).unwrap();
        assert_eq!(written(&make(folder.path()).unwrap()), 1);
        assert_eq!(fs::read(file("edges")).unwrap(), edges);
        // Not beside other ones.
        fs::remove_file(file("edges")).unwrap();
        fs::write(file("vel"), b"mine").unwrap();
        let error = make(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("vel_valid_charged5_initvel1small.npy: expected the community's"),
            "{error}"
        );
        assert_eq!(fs::read(file("vel")).unwrap(), b"mine");
        assert!(!file("edges").exists());
        // Nothing that was begun stays.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 11);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_before_anything_is_simulated() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("file").join("nbody");
        fs::write(folder.path().join("file"), b"").unwrap();
        let mut heard = 0;
        let error = make_first(SIZES, &below, &mut |_| heard += 1).unwrap_err();
        assert!(matches!(error, DatasetError::Io { .. }), "{error}");
        assert!(error.to_string().contains("nbody"), "{error}");
        assert_eq!(heard, 0);
    }
}
