//! Writing a picture from top to bottom, whole or not at all.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use gcnn_datasets::Unfinished;
use png::{BitDepth, ColorType, Compression, Encoder, StreamWriter};

use crate::ProgramError;

/// A PNG that is being written beside its place.
pub struct Canvas {
    path: PathBuf,
    writer: StreamWriter<'static, File>,
    part: Unfinished,
}

impl Canvas {
    /// A picture of red, green and blue bytes; `size` is `[height, width]`.
    pub fn colour(path: &Path, size: [usize; 2]) -> Result<Self, ProgramError> {
        Self::create(path, size, |encoder| {
            encoder.set_color(ColorType::Rgb);
            encoder.set_compression(Compression::Fast);
        })
    }

    /// A picture of numbers with a colour for each: red, green and blue, and whether it is seen at all.
    pub fn indexed(
        path: &Path,
        size: [usize; 2],
        colours: &[([u8; 3], bool)],
    ) -> Result<Self, ProgramError> {
        let palette: Vec<u8> = colours.iter().flat_map(|(colour, _)| *colour).collect();
        let alpha: Vec<u8> = colours
            .iter()
            .map(|(_, seen)| u8::from(*seen) * 255)
            .collect();
        Self::create(path, size, |encoder| {
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(palette);
            encoder.set_trns(alpha);
        })
    }

    /// A grey picture of numbers of 16 bits; rows have the first byte of each first.
    pub fn numbers(path: &Path, size: [usize; 2]) -> Result<Self, ProgramError> {
        Self::create(path, size, |encoder| {
            encoder.set_color(ColorType::Grayscale);
            encoder.set_depth(BitDepth::Sixteen);
        })
    }

    fn create(
        path: &Path,
        [height, width]: [usize; 2],
        set: impl FnOnce(&mut Encoder<'_, File>),
    ) -> Result<Self, ProgramError> {
        let open = || {
            let part = Unfinished::beside(path)?;
            Ok((File::create(part.path())?, part))
        };
        let (file, part) = open().map_err(ProgramError::io("create", path))?;
        let mut encoder = Encoder::new(file, width as u32, height as u32);
        encoder.set_depth(BitDepth::Eight);
        set(&mut encoder);
        let writer = encoder
            .write_header()
            .and_then(|writer| writer.into_stream_writer())
            .map_err(|error| ProgramError::io("write", path)(error.into()))?;
        Ok(Self {
            path: path.to_path_buf(),
            writer,
            part,
        })
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &[u8]) -> Result<(), ProgramError> {
        let written = self.writer.write_all(rows);
        written.map_err(ProgramError::io("write", &self.path))
    }

    /// Puts the picture, all of whose rows are written, in its place.
    pub fn finish(self) -> Result<(), ProgramError> {
        let finished = self.writer.finish().map_err(std::io::Error::from);
        finished
            .and_then(|()| self.part.put())
            .map_err(ProgramError::io("write", &self.path))
    }
}
