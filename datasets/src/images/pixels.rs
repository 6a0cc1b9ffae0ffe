//! How pixels are kept: as bytes, as floats, or in files that are read when an image is asked for.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::ImageDataset;
use crate::DatasetError;
use crate::identity::Identity;

/// Images that are read one by one when they are asked for.
pub trait ReadImages: fmt::Debug + Send + Sync {
    /// Reads image `index` into `image`, `[channels, height, width]`, values from 0 to 1.
    fn read(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError>;

    /// `[images in a block, blocks in a window]`: images of a block are read together, and the blocks of a window can be
    /// remembered at once. A shuffled epoch goes through such images window by window, so that each block is read once.
    /// By default any order is as good as any other.
    fn locality(&self) -> [usize; 2] {
        [1, 1]
    }

    /// What the images of this reader are, in a few digits that are equal where all of them are.
    fn identity(&self) -> Result<String, DatasetError>;
}

/// Pixels as they are kept.
#[derive(Debug, Clone)]
pub(super) enum Pixels {
    /// Bytes stand for 0 to 1 in steps of 1/255.
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
    /// Stretches of images that are read from files, one after the other.
    Lazy(Vec<Stretch>),
}

/// Images of a reader.
type Stretch = (Arc<dyn ReadImages>, Range<usize>);

impl Pixels {
    pub(super) fn lazy(reader: Arc<dyn ReadImages>, count: usize) -> Self {
        Self::Lazy(vec![(reader, 0..count)])
    }

    /// How many values there are in images of that many values.
    pub(super) fn len(&self, image_len: usize) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
            Self::Lazy(stretches) => {
                let images: usize = stretches.iter().map(|(_, range)| range.len()).sum();
                images.saturating_mul(image_len)
            }
        }
    }

    /// Adds all pixels to a hash: values in memory, or what readers say of theirs and which of them are meant.
    pub(super) fn add_to(&self, identity: &mut Identity) -> Result<(), DatasetError> {
        match self {
            Self::Bytes(bytes) => identity.bytes(bytes),
            Self::Floats(floats) => {
                identity.numbers(floats.iter().map(|value| value.to_le_bytes()))
            }
            Self::Lazy(stretches) => {
                let mut known: Vec<(*const (), String)> = Vec::new();
                for (reader, range) in stretches {
                    let place = Arc::as_ptr(reader).cast::<()>();
                    let own = match known.iter().find(|(other, _)| *other == place) {
                        Some((_, own)) => own.clone(),
                        None => reader.identity()?,
                    };
                    identity.bytes(own.as_bytes());
                    identity.counts(&[range.start, range.end]);
                    known.push((place, own));
                }
            }
        }
        Ok(())
    }

    /// Copies image `index`, which has to be there, into `image`.
    pub(super) fn copy(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError> {
        let place = index * image.len()..(index + 1) * image.len();
        match self {
            Self::Floats(floats) => image.copy_from_slice(&floats[place]),
            Self::Bytes(bytes) => {
                for (value, byte) in image.iter_mut().zip(&bytes[place]) {
                    *value = f32::from(*byte) / 255.0;
                }
            }
            Self::Lazy(stretches) => {
                let mut start = 0;
                for (reader, range) in stretches {
                    if index - start < range.len() {
                        return reader.read(range.start + index - start, image);
                    }
                    start += range.len();
                }
                panic!("there are {start} images, none with the number {index}");
            }
        }
        Ok(())
    }

    /// Some of the images, which have to be there.
    pub(super) fn slice(&self, images: Range<usize>, image_len: usize) -> Self {
        let place = images.start * image_len..images.end * image_len;
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes[place].to_vec()),
            Self::Floats(floats) => Self::Floats(floats[place].to_vec()),
            Self::Lazy(stretches) => Self::Lazy(cut(stretches, images)),
        }
    }

    /// The images at these places, which have to be there, sorted.
    pub(super) fn select(&self, places: &[usize], image_len: usize) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(gather(bytes, places, image_len)),
            Self::Floats(floats) => Self::Floats(gather(floats, places, image_len)),
            Self::Lazy(stretches) => {
                let runs = places.chunk_by(|one, next| one + 1 == *next);
                let kept = runs.flat_map(|run| cut(stretches, run[0]..run[run.len() - 1] + 1));
                Self::Lazy(kept.collect())
            }
        }
    }

    /// The images of several sets. Bytes stay bytes where all sets hold bytes, since floats take four times the memory;
    /// images in files stay there.
    pub(super) fn concatenate(parts: &[&ImageDataset]) -> Result<Self, DatasetError> {
        let lazy: Vec<_> = parts
            .iter()
            .filter_map(|part| match &part.pixels {
                Self::Lazy(stretches) => Some(stretches),
                _ => None,
            })
            .collect();
        if lazy.len() == parts.len() {
            return Ok(Self::Lazy(lazy.into_iter().flatten().cloned().collect()));
        }
        if !lazy.is_empty() {
            return Err(DatasetError::setting(
                "parts",
                "sets that are all in memory or all in files",
                "both",
            ));
        }
        let bytes: Option<Vec<&[u8]>> = parts
            .iter()
            .map(|part| match &part.pixels {
                Self::Bytes(bytes) => Some(&bytes[..]),
                _ => None,
            })
            .collect();
        if let Some(bytes) = bytes {
            return Ok(Self::Bytes(bytes.concat()));
        }
        let lengths = parts.iter().map(|part| part.count() * part.image_len());
        let mut pixels = vec![0.0; lengths.sum()];
        let images = parts
            .iter()
            .flat_map(|part| (0..part.count()).map(move |index| (part, index)));
        for (image, (part, index)) in pixels.chunks_exact_mut(parts[0].image_len()).zip(images) {
            part.try_copy_image(index, image)?;
        }
        Ok(Self::Floats(pixels))
    }

    pub(super) fn locality(&self) -> [usize; 2] {
        match self {
            Self::Lazy(stretches) => stretches
                .iter()
                .map(|(reader, _)| reader.locality())
                .max()
                .unwrap_or([1, 1]),
            _ => [1, 1],
        }
    }
}

/// Some of the images of stretches.
fn cut(stretches: &[Stretch], images: Range<usize>) -> Vec<Stretch> {
    let mut start = 0;
    let mut kept = Vec::new();
    for (reader, range) in stretches {
        let first = images.start.max(start);
        let last = images.end.min(start + range.len());
        if first < last {
            let kept_range = range.start + first - start..range.start + last - start;
            kept.push((reader.clone(), kept_range));
        }
        start += range.len();
    }
    kept
}

/// The runs of `len` values at these places.
pub(super) fn gather<T: Clone>(values: &[T], places: &[usize], len: usize) -> Vec<T> {
    let runs = places.iter().map(|place| place * len..(place + 1) * len);
    runs.flat_map(|run| &values[run]).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Image i is the number i / 100.
    #[derive(Debug)]
    struct Counting;

    impl ReadImages for Counting {
        fn identity(&self) -> Result<String, DatasetError> {
            Ok(format!("{self:?}"))
        }

        fn read(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError> {
            image[0] = index as f32 / 100.0;
            Ok(())
        }
    }

    #[test]
    fn images_in_files_are_cut_and_joined_without_reading() {
        let all = ImageDataset::from_reader(Arc::new(Counting), vec![0; 10], [1, 1, 1], 1).unwrap();
        let joined = ImageDataset::concatenate(&[&all.slice(7..9), &all.slice(2..5)]).unwrap();
        let values = |images: &ImageDataset| -> Vec<f32> {
            (0..images.count())
                .map(|index| 100.0 * images.image(index)[0])
                .collect()
        };
        assert_eq!(values(&joined), [7.0, 8.0, 2.0, 3.0, 4.0]);
        assert_eq!(values(&joined.slice(1..4)), [8.0, 2.0, 3.0]);
        assert!(joined.is_lazy() && joined.slice(5..9).is_empty());
        let memory = ImageDataset::from_bytes(vec![0], vec![0], [1, 1, 1], 1).unwrap();
        assert!(ImageDataset::concatenate(&[&all, &memory]).is_err());
    }
}
