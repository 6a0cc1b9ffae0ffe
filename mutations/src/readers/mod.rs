//! Every reader of files that others wrote, each with a few small valid files to begin from.
//!
//! A reader gets bytes. Where it reads no stream, they lie in a temporary folder, beside whatever else belongs to such data,
//! because that is how the program meets them; commands that need no more than a file are called as the program calls them.

mod data;
mod pictures;
#[cfg(feature = "program")]
mod program;
mod sound;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::mutator::Frame;

/// What went wrong, other than in the file that was read.
pub type Trouble = Box<dyn std::error::Error>;

/// The names of the readers of data.
const DATA: [&str; 13] = [
    "idx",
    "amat",
    "npy",
    "particles",
    "hdf5-images",
    "hdf5-labels",
    "picture",
    "picture-rows",
    "picture-folder",
    "index-csv",
    "labels-csv",
    "wav",
    "audio-folder",
];

/// The names of the readers of the program.
#[cfg(feature = "program")]
const PROGRAM: [&str; 5] = ["run-file", "predict", "weights", "checkpoint", "pytorch"];
#[cfg(not(feature = "program"))]
const PROGRAM: [&str; 0] = [];

/// The names of all readers that were built.
pub fn names() -> impl Iterator<Item = &'static str> {
    DATA.into_iter().chain(PROGRAM)
}

/// A reader that panics, takes too much memory, too much time or ends its process: what has to be found is found only if
/// this is.
pub const FAILING: &str = "failing";

/// Reads the data, or says why not.
type Read = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// A reader.
pub struct Reader {
    /// One of [`names`].
    pub name: &'static str,
    /// What its files consist of.
    pub frame: Frame,
    /// Valid files.
    pub seeds: Vec<Vec<u8>>,
    read: Read,
    // Goes with the reader.
    _folder: TempDir,
}

impl Reader {
    /// Makes the valid files and the folder.
    pub fn open(name: &str) -> Result<Self, Trouble> {
        let name = names().chain([FAILING]).find(|known| *known == name);
        let name =
            name.ok_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")))?;
        let folder = tempfile::tempdir()?;
        let root = folder.path().to_path_buf();
        let (frame, seeds, read) = match name {
            "idx" => data::idx()?,
            "amat" => data::amat()?,
            "npy" => data::npy()?,
            "particles" => data::particles(root)?,
            "hdf5-images" => data::hdf5(root, "x")?,
            "hdf5-labels" => data::hdf5(root, "y")?,
            "picture" => pictures::picture()?,
            "picture-rows" => pictures::rows(root)?,
            "picture-folder" => pictures::folder(root)?,
            "index-csv" => data::index_csv(root)?,
            "labels-csv" => data::labels_csv(root)?,
            "wav" => sound::wav()?,
            "audio-folder" => sound::folder(root)?,
            #[cfg(feature = "program")]
            "run-file" => program::run_file(root),
            #[cfg(feature = "program")]
            "predict" => program::predict(root)?,
            #[cfg(feature = "program")]
            "weights" => program::weights(root)?,
            #[cfg(feature = "program")]
            "checkpoint" => program::checkpoint(root)?,
            #[cfg(feature = "program")]
            "pytorch" => program::pytorch(root),
            _ => failing(),
        };
        Ok(Self {
            name,
            frame,
            seeds,
            read,
            _folder: folder,
        })
    }

    /// Reads a file of these bytes, or says why it is refused.
    pub fn read(&self, bytes: &[u8]) -> Result<(), String> {
        (self.read)(bytes)
    }
}

type Parts = (Frame, Vec<Vec<u8>>, Read);

/// A reader of one file at `path`.
fn of_file(path: PathBuf, read: impl Fn(&Path) -> Result<(), String> + 'static) -> Read {
    Box::new(move |bytes| {
        fs::write(&path, bytes).map_err(words)?;
        read(&path)
    })
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn failing() -> Parts {
    let read = |bytes: &[u8]| match bytes.first() {
        Some(0..8) => panic!("as it should"),
        Some(8..12) => {
            // Used, so that it is taken.
            let taken = vec![1_u8; 16 << 30];
            Err(format!("{} bytes", std::hint::black_box(taken).len()))
        }
        Some(12..16) => std::process::abort(),
        Some(16..20) => {
            // A few seconds of a processor.
            let sum = (0..4_000_000_000_u64).fold(0, |sum, at| std::hint::black_box(sum ^ at));
            Err(sum.to_string())
        }
        Some(20..128) => Ok(()),
        _ => Err("refused".into()),
    };
    let seeds = (0..=255).map(|first| vec![first; 3]).collect();
    (Frame::Plain, seeds, Box::new(read))
}
