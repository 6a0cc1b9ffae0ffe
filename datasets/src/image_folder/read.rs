//! The pictures of a folder as images of one size.

use std::path::Path;

use rayon::prelude::*;

use super::config::Channels;
use super::listing::Listed;
use super::parts::Part;
use super::{ImageFolderConfig, LIMITS};
use crate::DatasetError;
use crate::images::{ImageDataset, ImageSource, Split, Targets};
use crate::picture::{Picture, PictureHeader, Preparation, Samples};

/// Reads the pictures of parts whose headers have been looked at.
pub(super) struct Reader<'a> {
    config: &'a ImageFolderConfig,
    classes: &'a [String],
    channels: usize,
    /// `[height, width]` of all images.
    size: [usize; 2],
    preparation: Preparation,
}

/// The channels of pictures whose number nobody has said: those that are all grey have one.
pub(super) fn channels_of_files(config: &ImageFolderConfig) -> Result<Channels, DatasetError> {
    let all = config.parts_of(Split::All)?;
    let files: Vec<&Listed> = all.parts.iter().flat_map(|part| &part.files).collect();
    let headers: Vec<Result<PictureHeader, DatasetError>> = files
        .par_iter()
        .map(|listed| PictureHeader::read(&listed.file, LIMITS))
        .collect();
    for header in headers {
        if header?.channels != 1 {
            return Ok(Channels::Colour);
        }
    }
    Ok(Channels::Grey)
}

impl<'a> Reader<'a> {
    /// Looks at the beginning of every picture: their sizes, and for each part whether bytes hold its values.
    pub(super) fn new(
        config: &'a ImageFolderConfig,
        classes: &'a [String],
        parts: &mut [Part],
    ) -> Result<Self, DatasetError> {
        let channels = match config.wanted_channels() {
            Channels::Auto => channels_of_files(config)?,
            said => said,
        };
        let first = parts.iter().find_map(|part| part.files.first());
        let size = match (config.size, first) {
            (Some(size), _) => size.height_and_width(),
            (None, Some(first)) => PictureHeader::read(&first.file, LIMITS)?.size,
            (None, None) => [0, 0],
        };
        if size.contains(&0) {
            return Err(DatasetError::malformed(
                &config.path,
                "images with pixels",
                "none",
            ));
        }
        let own = Self {
            config,
            classes,
            channels: if channels == Channels::Grey { 1 } else { 3 },
            size,
            preparation: config.preparation(),
        };
        let keeps_bytes = own.preparation.keeps_bytes();
        parts
            .iter_mut()
            .for_each(|part| part.is_bytes = keeps_bytes);
        // Before a file is looked at: many of them would take long to be too many.
        own.check_memory(parts)?;
        for part in &mut *parts {
            // Of several faulty images the first in order is named, not the first that a thread came upon.
            let headers: Vec<Result<PictureHeader, DatasetError>> = part
                .files
                .par_iter()
                .map(|listed| {
                    let header = PictureHeader::read(&listed.file, LIMITS)?;
                    own.check_size(&listed.file, header.size)?;
                    Ok(header)
                })
                .collect();
            for header in headers {
                part.is_bytes &= header?.is_bytes;
            }
        }
        own.check_memory(parts)?;
        Ok(own)
    }

    /// Whether the pixels of all images fit into memory.
    fn check_memory(&self, parts: &[Part]) -> Result<(), DatasetError> {
        let count: u64 = parts.iter().map(|part| part.files.len() as u64).sum();
        let [height, width] = self.size;
        let image = (height as u64).saturating_mul(width as u64);
        let image = image.saturating_mul(self.channels as u64);
        let bytes = parts.iter().fold(0u64, |bytes, part| {
            let value = if part.is_bytes { 1 } else { size_of::<f32>() };
            let values = image.saturating_mul(part.files.len() as u64);
            bytes.saturating_add(values.saturating_mul(value as u64))
        });
        let most = self.config.memory_limit_mib;
        if bytes <= most.saturating_mul(1 << 20) {
            return Ok(());
        }
        let expected = format!("images of at most {most} MiB together (memory_limit_mib)");
        let bytes = bytes.div_ceil(1 << 20);
        let found = format!("{count} of {height} × {width}, {bytes} MiB");
        Err(DatasetError::malformed(&self.config.path, expected, found))
    }

    /// Refuses a picture of another size where none is said that all are brought to.
    fn check_size(&self, file: &Path, found: [usize; 2]) -> Result<(), DatasetError> {
        if self.config.size.is_some() || found == self.size {
            return Ok(());
        }
        let [height, width] = self.size;
        Err(DatasetError::malformed(
            file,
            format!("{height} × {width} pixels, as the first image has"),
            format!(
                "{} × {}; `size = {}` in [dataset] brings all pictures to one size, and `gcnn init` looks at the folder and \
                 proposes one",
                found[0],
                found[1],
                height.min(width)
            ),
        ))
    }

    /// Reads the images of a part.
    pub(super) fn read(&self, part: &Part) -> Result<ImageDataset, DatasetError> {
        let shape = [self.channels, self.size[0], self.size[1]];
        let labels = part.files.iter().map(|listed| listed.class).collect();
        // Pictures that have something in place of a class are all of one that means nothing.
        let classes = self.classes.len().max(1);
        let images = if part.is_bytes {
            let pixels = self.read_all(&part.files, |file, picture| match picture.samples() {
                Samples::Bytes(_) => Ok(self.preparation.apply_in_bytes(picture, self.size)),
                // The file is another one than it was when its header was read.
                _ => Err(DatasetError::malformed(file, "8 bits, as before", "more")),
            })?;
            ImageDataset::from_bytes(pixels, labels, shape, classes)?
        } else {
            let pixels = self.read_all(&part.files, |_, picture| {
                Ok(self.preparation.apply(picture, self.size))
            })?;
            ImageDataset::from_floats(pixels, labels, shape, classes)?
        };
        let names = part.files.iter().map(|listed| &listed.name[..]);
        let images = images.with_names(names)?;
        let images = match &self.config.target {
            None => images.with_class_names(self.classes.iter().cloned())?,
            Some(columns) => {
                let known = part.files.iter().filter_map(|listed| listed.known.as_ref());
                let values = known.flat_map(|known| known.values.iter().copied());
                let names = columns.names().iter().cloned();
                images.with_targets(Targets::new(columns.kind(), names, values.collect())?)?
            }
        };
        match &part.groups {
            Some(groups) => images.with_sources(groups.clone()),
            None => Ok(images),
        }
    }

    /// Reads images, `[images, channels, height, width]`.
    fn read_all<T: Copy + Default + Send>(
        &self,
        files: &[Listed],
        values: impl Fn(&Path, &Picture) -> Result<Vec<T>, DatasetError> + Sync,
    ) -> Result<Vec<T>, DatasetError> {
        let image_len = self.channels * self.size[0] * self.size[1];
        let mut pixels = vec![T::default(); files.len() * image_len];
        let read: Vec<Result<(), DatasetError>> = pixels
            .par_chunks_exact_mut(image_len)
            .zip(files)
            .map(|(image, listed)| {
                let picture = Picture::read(&listed.file, LIMITS)?;
                self.check_size(&listed.file, picture.size())?;
                let picture = picture.in_channels(self.channels);
                image.copy_from_slice(&values(&listed.file, &picture)?);
                Ok(())
            })
            .collect();
        read.into_iter().collect::<Result<(), _>>()?;
        Ok(pixels)
    }
}
