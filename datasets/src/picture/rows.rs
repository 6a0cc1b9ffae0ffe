//! Reading a picture from top to bottom, some rows at a time.
//!
//! A PNG that is neither interlaced nor lies on its side is decoded row by row and takes no more memory than the rows that
//! are asked for. All others are decoded whole. Values are the same either way.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::format::Format;
use super::{Picture, PictureLimits, Samples, decode, length, open, png, shielded};
use crate::DatasetError;

/// A picture, read from top to bottom.
pub struct PictureRows {
    path: PathBuf,
    size: [usize; 2],
    channels: usize,
    next: usize,
    source: Source,
}

enum Source {
    Png(Box<png::Opened<BufReader<File>>>),
    Whole(Samples),
}

impl PictureRows {
    /// Opens the picture at `path`.
    pub fn open(path: &Path, limits: &PictureLimits) -> Result<Self, DatasetError> {
        shielded(path, || {
            let mut stream = open(path)?;
            let limits = &limits.of_file(length(&mut stream, path)?);
            if Format::guess(&mut stream, path)? == Format::Png {
                let opened = png::Opened::new(stream, path, limits)?;
                return Ok(match opened.is_row_by_row() {
                    true => Self {
                        path: path.to_path_buf(),
                        size: opened.size(),
                        channels: opened.channels(),
                        next: 0,
                        source: Source::Png(Box::new(opened)),
                    },
                    false => Self::whole(path, opened.decode(path)?),
                });
            }
            Ok(Self::whole(path, decode(stream, path, limits)?))
        })
    }

    fn whole(path: &Path, picture: Picture) -> Self {
        Self {
            path: path.to_path_buf(),
            size: picture.size(),
            channels: picture.channels(),
            next: 0,
            source: Source::Whole(picture.into_samples()),
        }
    }

    /// `[height, width]`.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// 1 for grey, 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// No values, of the picture's depth: what [`Self::read`] appends to.
    pub fn none(&self) -> Samples {
        match &self.source {
            Source::Png(opened) => opened.none(),
            Source::Whole(samples) => samples.none(),
        }
    }

    /// Appends the next `count` rows, or those that are left.
    pub fn read(&mut self, count: usize, into: &mut Samples) -> Result<(), DatasetError> {
        let Self {
            path, size, next, ..
        } = self;
        let [height, width] = *size;
        let end = next.saturating_add(count).min(height);
        match &mut self.source {
            Source::Whole(samples) => {
                let row = self.channels * width;
                into.extend(samples, *next * row..end * row);
            }
            Source::Png(opened) => shielded(path, || {
                for _ in *next..end {
                    opened.read_row(into, path)?;
                }
                match end == height && *next < end {
                    true => opened.finish(path),
                    false => Ok(()),
                }
            })?,
        }
        *next = end;
        Ok(())
    }
}
