//! Labelled images in memory, their splits, and the statistics that normalise them.
//!
//! ```text
//! normalised(c) = (pixel(c) − mean_c) / std_c        c a channel, statistics over the training split alone
//! ```

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::DatasetError;

/// Pixels as they are kept: bytes stand for 0 to 1 in steps of 1/255.
#[derive(Debug, Clone)]
enum Pixels {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// Labelled images of one size, `[count, channels, height, width]`, with values from 0 to 1.
#[derive(Debug, Clone)]
pub struct ImageDataset {
    pixels: Pixels,
    labels: Vec<u8>,
    shape: [usize; 3],
    classes: usize,
    class_names: Option<Arc<[String]>>,
    sources: Option<Vec<u32>>,
}

impl ImageDataset {
    /// Takes images of `[channels, height, width]`, one after the other, with a label below `classes` each.
    pub fn from_floats(
        pixels: Vec<f32>,
        labels: Vec<u8>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, DatasetError> {
        if let Some(value) = pixels.iter().find(|value| !value.is_finite()) {
            return Err(DatasetError::setting("pixels", "finite numbers", value));
        }
        Self::new(Pixels::Floats(pixels), labels, shape, classes)
    }

    /// Like [`Self::from_floats`] for bytes, 255 becoming 1.
    pub fn from_bytes(
        pixels: Vec<u8>,
        labels: Vec<u8>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, DatasetError> {
        Self::new(Pixels::Bytes(pixels), labels, shape, classes)
    }

    fn new(
        pixels: Pixels,
        labels: Vec<u8>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, DatasetError> {
        let found = match &pixels {
            Pixels::Bytes(bytes) => bytes.len(),
            Pixels::Floats(floats) => floats.len(),
        };
        let expected = shape
            .iter()
            .try_fold(labels.len(), |size, extent| size.checked_mul(*extent));
        if expected != Some(found) || shape.contains(&0) {
            let expected = format!(
                "{} images of {} × {} × {}",
                labels.len(),
                shape[0],
                shape[1],
                shape[2]
            );
            return Err(DatasetError::setting(
                "pixels",
                expected,
                format!("{found} values"),
            ));
        }
        if let Some(label) = labels.iter().find(|label| usize::from(**label) >= classes) {
            return Err(DatasetError::setting(
                "labels",
                format!("classes 0 to {}", classes.saturating_sub(1)),
                label,
            ));
        }
        Ok(Self {
            pixels,
            labels,
            shape,
            classes,
            class_names: None,
            sources: None,
        })
    }

    /// Says which larger image each example was cut from. Examples of one source are alike, so that an interval for a
    /// measurement has to be taken over sources, not over examples.
    pub fn with_sources(mut self, sources: Vec<u32>) -> Result<Self, DatasetError> {
        if sources.len() != self.count() {
            let expected = format!("one for each of the {} images", self.count());
            return Err(DatasetError::setting("sources", expected, sources.len()));
        }
        self.sources = Some(sources);
        Ok(self)
    }

    /// Gives the classes names.
    pub fn with_class_names(
        mut self,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, DatasetError> {
        let names: Arc<[String]> = names.into_iter().map(Into::into).collect();
        if names.len() != self.classes {
            let expected = format!("one for each of the {} classes", self.classes);
            return Err(DatasetError::setting("class names", expected, names.len()));
        }
        self.class_names = Some(names);
        Ok(self)
    }

    /// How many images there are.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Channels of an image.
    pub fn channels(&self) -> usize {
        self.shape[0]
    }

    /// Rows of an image.
    pub fn height(&self) -> usize {
        self.shape[1]
    }

    /// Columns of an image.
    pub fn width(&self) -> usize {
        self.shape[2]
    }

    /// `[channels, height, width]`.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Numbers in an image: channels × height × width.
    pub fn image_len(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many classes the labels stand for.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The labels of all images.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The names of the classes, where they have some.
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// The number of the larger image that each example was cut from, where the examples were cut from larger images.
    pub fn sources(&self) -> Option<&[u32]> {
        self.sources.as_deref()
    }

    /// Copies image `index` into `image`.
    ///
    /// # Panics
    /// Panics if there is no such image or if `image` isn't [`Self::image_len`] long.
    pub fn copy_image(&self, index: usize, image: &mut [f32]) {
        let place = index * self.image_len()..(index + 1) * self.image_len();
        match &self.pixels {
            Pixels::Floats(floats) => image.copy_from_slice(&floats[place]),
            Pixels::Bytes(bytes) => {
                let bytes = &bytes[place];
                assert_eq!(image.len(), bytes.len(), "room for one image");
                for (value, byte) in image.iter_mut().zip(bytes) {
                    *value = f32::from(*byte) / 255.0;
                }
            }
        }
    }

    /// Image `index`, `[channels, height, width]`. Panics if there is no such image.
    pub fn image(&self, index: usize) -> Vec<f32> {
        let mut image = vec![0.0; self.image_len()];
        self.copy_image(index, &mut image);
        image
    }

    /// The images of a range of indices, cut to those that there are.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.count());
        let start = range.start.min(end);
        let place = start * self.image_len()..end * self.image_len();
        let pixels = match &self.pixels {
            Pixels::Bytes(bytes) => Pixels::Bytes(bytes[place].to_vec()),
            Pixels::Floats(floats) => Pixels::Floats(floats[place].to_vec()),
        };
        Self {
            pixels,
            labels: self.labels[start..end].to_vec(),
            shape: self.shape,
            classes: self.classes,
            class_names: self.class_names.clone(),
            sources: self
                .sources
                .as_ref()
                .map(|sources| sources[start..end].to_vec()),
        }
    }

    /// The images of several sets, one set after the other. They must agree in shape and classes; sources are kept if all
    /// sets have them.
    pub fn concatenate(parts: &[&Self]) -> Result<Self, DatasetError> {
        let Some(first) = parts.first() else {
            return Err(DatasetError::setting(
                "parts",
                "at least one set of images",
                "none",
            ));
        };
        for part in parts {
            if (part.shape, part.classes) != (first.shape, first.classes) {
                let describe =
                    |set: &Self| format!("images of {:?} in {} classes", set.shape, set.classes);
                return Err(DatasetError::setting(
                    "parts",
                    describe(first),
                    describe(part),
                ));
            }
        }
        let sources = parts.iter().map(|part| part.sources()).collect();
        Ok(Self {
            pixels: Pixels::concatenate(parts),
            labels: parts
                .iter()
                .flat_map(|part| &part.labels)
                .copied()
                .collect(),
            shape: first.shape,
            classes: first.classes,
            class_names: first.class_names.clone(),
            sources: Option::<Vec<&[u32]>>::map(sources, |sources| sources.concat()),
        })
    }
}

impl Pixels {
    /// Bytes stay bytes where all sets hold bytes: floats take four times the memory.
    fn concatenate(parts: &[&ImageDataset]) -> Self {
        let bytes: Option<Vec<&[u8]>> = parts
            .iter()
            .map(|part| match &part.pixels {
                Self::Bytes(bytes) => Some(&bytes[..]),
                Self::Floats(_) => None,
            })
            .collect();
        if let Some(bytes) = bytes {
            return Self::Bytes(bytes.concat());
        }
        let lengths = parts.iter().map(|part| part.count() * part.image_len());
        let mut pixels = vec![0.0; lengths.sum()];
        let images = parts
            .iter()
            .flat_map(|part| (0..part.count()).map(move |index| (part, index)));
        for (image, (part, index)) in pixels.chunks_exact_mut(parts[0].image_len()).zip(images) {
            part.copy_image(index, image);
        }
        Self::Floats(pixels)
    }
}

/// Mean and standard deviation of each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// What is subtracted, per channel.
    pub mean: Vec<f32>,
    /// What is divided by, per channel.
    pub std: Vec<f32>,
}

impl Normalisation {
    /// The statistics of a set of images. A channel without variation gets the standard deviation 1.
    pub fn of(images: &ImageDataset) -> Self {
        let [channels, height, width] = images.shape();
        let plane = height * width;
        let mut sums = vec![[0.0f64; 2]; channels];
        let mut image = vec![0.0; images.image_len()];
        for index in 0..images.count() {
            images.copy_image(index, &mut image);
            for (sum, pixels) in sums.iter_mut().zip(image.chunks_exact(plane)) {
                for pixel in pixels {
                    let pixel = f64::from(*pixel);
                    sum[0] += pixel;
                    sum[1] += pixel * pixel;
                }
            }
        }
        let count = (images.count() * plane).max(1) as f64;
        let mean = |sum: &[f64; 2]| sum[0] / count;
        let std = |sum: &[f64; 2]| {
            let variance = sum[1] / count - mean(sum).powi(2);
            if variance > 1e-12 {
                variance.sqrt()
            } else {
                1.0
            }
        };
        Self {
            mean: sums.iter().map(|sum| mean(sum) as f32).collect(),
            std: sums.iter().map(|sum| std(sum) as f32).collect(),
        }
    }

    /// How many channels it is for.
    pub fn channels(&self) -> usize {
        self.mean.len()
    }

    /// Normalises one image, `[channels, height, width]`, in place.
    pub fn apply(&self, image: &mut [f32]) {
        let plane = image.len() / self.mean.len().max(1);
        if plane == 0 {
            return;
        }
        for ((pixels, mean), std) in image.chunks_exact_mut(plane).zip(&self.mean).zip(&self.std) {
            let scale = 1.0 / std;
            for pixel in pixels {
                *pixel = (*pixel - mean) * scale;
            }
        }
    }

    /// Whether it fits images of that many channels and divides by no zero.
    pub fn validate(&self, channels: usize) -> Result<(), DatasetError> {
        if self.mean.len() != channels || self.std.len() != channels {
            let found = format!(
                "{} means and {} deviations",
                self.mean.len(),
                self.std.len()
            );
            return Err(DatasetError::setting(
                "normalisation",
                format!("statistics of {channels} channels"),
                found,
            ));
        }
        let usable = |value: &&f32| value.is_finite() && **value > 0.0;
        if self.mean.iter().all(|mean| mean.is_finite()) && self.std.iter().all(|std| usable(&std))
        {
            return Ok(());
        }
        let found = format!("mean {:?}, deviation {:?}", self.mean, self.std);
        Err(DatasetError::setting(
            "normalisation",
            "finite means and positive deviations",
            found,
        ))
    }
}

/// One of the three splits, or all images together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What the weights are fitted to.
    Train,
    /// What choices are made on: the best epoch, the learning rate.
    Valid,
    /// What is measured once, at the end.
    Test,
    /// All three, one after the other.
    All,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
            Self::All => "all",
        })
    }
}

impl std::str::FromStr for Split {
    type Err = DatasetError;

    fn from_str(name: &str) -> Result<Self, DatasetError> {
        match name {
            "train" => Ok(Self::Train),
            "valid" => Ok(Self::Valid),
            "test" => Ok(Self::Test),
            "all" => Ok(Self::All),
            other => Err(DatasetError::setting(
                "split",
                "train, valid, test or all",
                other,
            )),
        }
    }
}

/// What a report says about where its numbers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The data set's name.
    pub name: String,
    /// Where it comes from and how it was made, in a sentence.
    pub origin: String,
    /// What is counted: images, simulations.
    pub items: String,
    /// Items in the training split.
    pub train: usize,
    /// Items in the validation split.
    pub valid: usize,
    /// Items in the test split.
    pub test: usize,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            origin,
            items,
            train,
            valid,
            test,
        } = self;
        write!(
            f,
            "{name} ({origin}): {train} training, {valid} validation, {test} test {items}"
        )
    }
}

/// A data set in its three splits.
#[derive(Debug, Clone)]
pub struct Splits {
    /// What the weights are fitted to.
    pub train: Arc<ImageDataset>,
    /// What choices are made on.
    pub valid: Arc<ImageDataset>,
    /// What is measured once, at the end.
    pub test: Arc<ImageDataset>,
    /// Statistics of the training split.
    pub normalisation: Normalisation,
    /// Name, origin and sizes.
    pub description: Description,
}

impl Splits {
    /// Puts three splits together, which must agree in shape and classes, and measures the training split.
    pub fn new(
        name: &str,
        origin: &str,
        train: ImageDataset,
        valid: ImageDataset,
        test: ImageDataset,
    ) -> Result<Self, DatasetError> {
        for (other, field) in [(&valid, "valid"), (&test, "test")] {
            if (other.shape, other.classes) != (train.shape, train.classes) {
                let describe = |set: &ImageDataset| {
                    format!("images of {:?} in {} classes", set.shape, set.classes)
                };
                return Err(DatasetError::setting(
                    field,
                    describe(&train),
                    describe(other),
                ));
            }
        }
        if train.is_empty() {
            return Err(DatasetError::setting("train", "at least one image", "none"));
        }
        Ok(Self {
            normalisation: Normalisation::of(&train),
            description: Description {
                name: name.to_string(),
                origin: origin.to_string(),
                items: "images".into(),
                train: train.count(),
                valid: valid.count(),
                test: test.count(),
            },
            train: Arc::new(train),
            valid: Arc::new(valid),
            test: Arc::new(test),
        })
    }

    /// One split, or all of them put together (a copy).
    pub fn get(&self, split: Split) -> Result<Arc<ImageDataset>, DatasetError> {
        Ok(match split {
            Split::Train => self.train.clone(),
            Split::Valid => self.valid.clone(),
            Split::Test => self.test.clone(),
            Split::All => Arc::new(ImageDataset::concatenate(&[
                &self.train,
                &self.valid,
                &self.test,
            ])?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_channels() -> ImageDataset {
        let pixels = vec![0.0, 0.2, 0.5, 0.5, 0.4, 0.6, 0.5, 0.5];
        ImageDataset::from_floats(pixels, vec![0, 2], [2, 1, 2], 3).unwrap()
    }

    #[test]
    fn images_come_back_as_they_went_in() {
        let images = two_channels();
        assert_eq!(
            (
                images.count(),
                images.channels(),
                images.height(),
                images.width()
            ),
            (2, 2, 1, 2)
        );
        assert_eq!(images.image(1), [0.4, 0.6, 0.5, 0.5]);
        let bytes = ImageDataset::from_bytes(vec![0, 51, 255], vec![1], [1, 1, 3], 2).unwrap();
        assert_eq!(bytes.image(0), [0.0, 0.2, 1.0]);
    }

    #[test]
    fn wrong_sizes_and_labels_are_refused() {
        for (pixels, labels, shape) in [
            (vec![0.0; 3], vec![0], [1, 2, 2]),
            (vec![0.0; 4], vec![3], [1, 2, 2]),
            (vec![f32::NAN; 4], vec![0], [1, 2, 2]),
            (vec![], vec![0], [1, 0, 2]),
            (vec![0.0; 4], vec![0, 0], [usize::MAX, 2, 2]),
        ] {
            assert!(ImageDataset::from_floats(pixels, labels, shape, 3).is_err());
        }
    }

    #[test]
    fn statistics_are_those_of_each_channel() {
        let normalisation = Normalisation::of(&two_channels());
        assert!((normalisation.mean[0] - 0.3).abs() < 1e-6);
        assert!((normalisation.std[0] - 0.05f32.sqrt()).abs() < 1e-6);
        // The second channel is constant.
        assert_eq!((normalisation.mean[1], normalisation.std[1]), (0.5, 1.0));
        let mut image = two_channels().image(0);
        normalisation.apply(&mut image);
        assert!((image[0] + 0.3 / 0.05f32.sqrt()).abs() < 1e-5);
        assert_eq!(image[2..], [0.0, 0.0]);
        assert!(normalisation.validate(2).is_ok());
        assert!(normalisation.validate(1).is_err());
        assert!(
            Normalisation {
                mean: vec![0.0],
                std: vec![0.0]
            }
            .validate(1)
            .is_err()
        );
    }

    #[test]
    fn slices_and_sums_of_sets() {
        let images = two_channels();
        assert_eq!(images.slice(1..9).labels(), [2]);
        assert!(images.slice(5..9).is_empty());
        let all = ImageDataset::concatenate(&[&images.slice(1..2), &images]).unwrap();
        assert_eq!(all.labels(), [2, 0, 2]);
        assert_eq!(all.image(0), images.image(1));
        assert_eq!((all.sources(), all.class_names()), (None, None));
        let other = ImageDataset::from_floats(vec![0.0; 4], vec![0], [1, 2, 2], 3).unwrap();
        assert!(ImageDataset::concatenate(&[&images, &other]).is_err());
        assert!(Splits::new("x", "y", images.clone(), other, images.clone()).is_err());
        let splits = Splits::new(
            "x",
            "y",
            images.slice(0..1),
            images.slice(1..2),
            images.slice(0..0),
        )
        .unwrap();
        assert_eq!(splits.get(Split::All).unwrap().labels(), [0, 2]);
        assert_eq!(
            splits.description.to_string(),
            "x (y): 1 training, 1 validation, 0 test images"
        );
    }

    #[test]
    fn sources_and_names_go_with_the_images() {
        let bytes = |values: &[u8], sources: &[u32]| {
            ImageDataset::from_bytes(values.to_vec(), vec![1; values.len()], [1, 1, 1], 2)
                .and_then(|images| images.with_sources(sources.to_vec()))
                .and_then(|images| images.with_class_names(["no", "yes"]))
        };
        let images = bytes(&[0, 51, 255], &[7, 7, 9]).unwrap();
        let end = images.slice(1..3);
        assert_eq!(end.sources(), Some(&[7, 9][..]));
        let all = ImageDataset::concatenate(&[&end, &images]).unwrap();
        assert_eq!(all.sources(), Some(&[7, 9, 7, 7, 9][..]));
        assert_eq!(all.class_names().unwrap(), ["no", "yes"]);
        assert_eq!([all.image(0), all.image(4)], [[0.2], [1.0]]);
        assert!(matches!(all.pixels, Pixels::Bytes(_)));
        // A set without sources: nobody knows what an interval should be taken over.
        let plain = ImageDataset::from_floats(vec![0.5], vec![0], [1, 1, 1], 2).unwrap();
        let mixed = ImageDataset::concatenate(&[&images, &plain]).unwrap();
        assert_eq!(
            (mixed.sources(), mixed.image(1), mixed.image(3)),
            (None, vec![0.2], vec![0.5])
        );
        assert!(bytes(&[0, 1], &[7]).is_err());
        assert!(plain.with_class_names(["one"]).is_err());
    }
}
