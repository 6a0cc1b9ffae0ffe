//! Writing a picture from top to bottom, whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType, Compression, Encoder, StreamWriter};

use crate::TrainError;
use crate::files::beside;

/// A PNG that is being written beside its place.
pub struct Canvas {
    path: PathBuf,
    beside: PathBuf,
    /// None before the header is written, and when all rows are.
    writer: Option<StreamWriter<'static, File>>,
    file: File,
    /// Whether the picture is in its place.
    finished: bool,
}

impl Canvas {
    /// A picture of red, green and blue bytes; `size` is `[height, width]`.
    pub fn colour(path: &Path, size: [usize; 2]) -> Result<Self, TrainError> {
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
    ) -> Result<Self, TrainError> {
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

    fn create(
        path: &Path,
        [height, width]: [usize; 2],
        set: impl FnOnce(&mut Encoder<'_, File>),
    ) -> Result<Self, TrainError> {
        let beside = beside(path);
        let creating = TrainError::io("create", &beside);
        let open = || {
            let file = File::create(&beside)?;
            Ok((file.try_clone()?, file))
        };
        let (file, target) = open().map_err(creating)?;
        let mut encoder = Encoder::new(target, width as u32, height as u32);
        encoder.set_depth(BitDepth::Eight);
        set(&mut encoder);
        let writer = encoder
            .write_header()
            .and_then(|writer| writer.into_stream_writer());
        let mut canvas = Self {
            path: path.to_path_buf(),
            beside,
            writer: None,
            file,
            finished: false,
        };
        canvas.writer = Some(writer.map_err(|e| canvas.unwritten(e.into()))?);
        Ok(canvas)
    }

    /// Appends rows.
    pub fn write(&mut self, rows: &[u8]) -> Result<(), TrainError> {
        let written = match &mut self.writer {
            Some(writer) => writer.write_all(rows),
            None => Ok(()),
        };
        written.map_err(|e| self.unwritten(e))
    }

    /// Puts the picture, all of whose rows are written, in its place.
    pub fn finish(mut self) -> Result<(), TrainError> {
        if let Some(writer) = self.writer.take() {
            writer
                .finish()
                .map_err(std::io::Error::from)
                .and_then(|()| self.file.sync_all())
                .and_then(|()| fs::rename(&self.beside, &self.path))
                .map_err(|e| self.unwritten(e))?;
            self.finished = true;
        }
        Ok(())
    }

    fn unwritten(&self, error: std::io::Error) -> TrainError {
        TrainError::io("write", &self.path)(error)
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        // Half a picture is of no use.
        if !self.finished {
            let _ = fs::remove_file(&self.beside);
        }
    }
}
