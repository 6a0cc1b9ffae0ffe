//! Labelled images, in memory or read when they are asked for, their splits, and the statistics that normalise them.

mod beside;
mod duplicates;
mod identity;
pub(crate) mod normalisation;
pub(crate) mod part;
mod pixels;
pub(crate) mod settings;
mod source;
mod split;
mod splits;
mod targets;

use std::ops::Range;
use std::sync::Arc;

use crate::DatasetError;
use beside::{Beside, check_count};
pub use normalisation::ChannelNormalisation;
use pixels::Pixels;
pub use pixels::ReadImages;
pub use source::{ImageSource, Places};
pub use split::Split;
pub use splits::{Description, SplitImages, Splits};
pub use targets::{TargetKind, Targets};

/// Labelled images of one size, `[count, channels, height, width]`, with values from 0 to 1. A signal is an image of height 1,
/// its values from −1 to 1.
#[derive(Debug, Clone)]
pub struct ImageDataset {
    pixels: Pixels,
    labels: Vec<u8>,
    shape: [usize; 3],
    classes: usize,
    class_names: Option<Arc<[String]>>,
    beside: Beside,
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

    /// Like [`Self::from_floats`] for images that a reader reads when they are asked for, one for each label.
    pub fn from_reader(
        reader: Arc<dyn ReadImages>,
        labels: Vec<u8>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, DatasetError> {
        let pixels = Pixels::lazy(reader, labels.len());
        Self::new(pixels, labels, shape, classes)
    }

    fn new(
        pixels: Pixels,
        labels: Vec<u8>,
        shape: [usize; 3],
        classes: usize,
    ) -> Result<Self, DatasetError> {
        let image_len = shape
            .iter()
            .try_fold(1, |size: usize, extent| size.checked_mul(*extent));
        let expected = image_len.and_then(|size| size.checked_mul(labels.len()));
        let found = pixels.len(image_len.unwrap_or(0));
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
            beside: Beside::default(),
        })
    }

    /// Says which larger image each example was cut from. Examples of one source are alike, so that an interval for a
    /// measurement has to be taken over sources, not over examples.
    pub fn with_sources(mut self, sources: Vec<u32>) -> Result<Self, DatasetError> {
        check_count("sources", sources.len(), self.count())?;
        self.beside.sources = Some(sources);
        Ok(self)
    }

    /// Says by how much each image was scaled, or each signal stretched, for measurements as a function of it. What images are
    /// ([`Self::identity`]) does not depend on it.
    pub fn with_factors(mut self, factors: Vec<f32>) -> Result<Self, DatasetError> {
        check_count("factors", factors.len(), self.count())?;
        self.beside.factors = Some(factors);
        Ok(self)
    }

    /// Gives the images names: of the files that they are from, for example. What images are
    /// ([`Self::identity`]) does not depend on them.
    pub fn with_names(
        mut self,
        names: impl IntoIterator<Item = impl Into<Arc<str>>>,
    ) -> Result<Self, DatasetError> {
        let names: Vec<Arc<str>> = names.into_iter().map(Into::into).collect();
        check_count("names", names.len(), self.count())?;
        self.beside.names = Some(names);
        Ok(self)
    }

    /// Says what the images have in place of a class. Their labels mean nothing then: give them one class.
    pub fn with_targets(mut self, targets: Targets) -> Result<Self, DatasetError> {
        check_count("targets", targets.count(), self.count())?;
        self.beside.targets = Some(targets);
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
        self.beside.sources.as_deref()
    }

    /// The name of each image, where they have some: of an image of a folder its path below the folder, `/` between the parts.
    pub fn names(&self) -> Option<&[Arc<str>]> {
        self.beside.names.as_deref()
    }

    /// By how much each image was scaled (below 1: made smaller) or each signal stretched (below 1: made shorter), where that
    /// is known.
    pub fn factors(&self) -> Option<&[f32]> {
        self.beside.factors.as_deref()
    }

    /// What the images have in place of a class, where they have something.
    pub fn targets(&self) -> Option<&Targets> {
        self.beside.targets.as_ref()
    }

    /// Copies image `index` into `image`.
    ///
    /// # Panics
    /// Panics if there is no such image, if `image` isn't [`Self::image_len`] long, or if the images are read when they are
    /// asked for and this one can't be read: see [`Self::try_copy_image`].
    pub fn copy_image(&self, index: usize, image: &mut [f32]) {
        if let Err(error) = self.try_copy_image(index, image) {
            panic!("image {index}: {error}");
        }
    }

    /// Copies image `index` into `image`. Images in memory can always be copied.
    ///
    /// # Panics
    /// Panics if there is no such image or if `image` isn't [`Self::image_len`] long.
    pub fn try_copy_image(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError> {
        assert_eq!(image.len(), self.image_len(), "room for one image");
        self.pixels.copy(index, image)
    }

    /// Whether images are read when they are asked for.
    pub fn is_lazy(&self) -> bool {
        matches!(self.pixels, Pixels::Lazy(_))
    }

    /// `[images in a block, blocks in a window]` as in [`ReadImages::locality`]; `[1, 1]` for images in memory.
    pub(crate) fn locality(&self) -> [usize; 2] {
        self.pixels.locality()
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
        let pixels = self.pixels.slice(start..end, self.image_len());
        Self {
            pixels,
            labels: self.labels[start..end].to_vec(),
            shape: self.shape,
            classes: self.classes,
            class_names: self.class_names.clone(),
            beside: self.beside.slice(start..end),
        }
    }

    /// The images of several sets, one set after the other. They must agree in shape, classes and the kind and names of targets;
    /// sources, names and factors are kept if all sets have them.
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
            if !part.has_targets_like(first) {
                let expected = "the same targets in all sets";
                return Err(DatasetError::setting("parts", expected, "others"));
            }
        }
        let beside: Vec<&Beside> = parts.iter().map(|part| &part.beside).collect();
        Ok(Self {
            pixels: Pixels::concatenate(parts)?,
            labels: parts
                .iter()
                .flat_map(|part| &part.labels)
                .copied()
                .collect(),
            shape: first.shape,
            classes: first.classes,
            class_names: first.class_names.clone(),
            beside: Beside::concatenate(&beside),
        })
    }

    /// Whether both have targets of the same kind and names, or neither has any.
    fn has_targets_like(&self, other: &Self) -> bool {
        match (self.targets(), other.targets()) {
            (Some(own), Some(others)) => own.is_like(others),
            (own, others) => own.is_none() && others.is_none(),
        }
    }

    /// The same of sets that nobody else needs: a single one is not copied.
    pub(crate) fn joined(parts: Vec<Self>) -> Result<Self, DatasetError> {
        match <[Self; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) => Self::concatenate(&parts.iter().collect::<Vec<_>>()),
        }
    }
}

#[cfg(test)]
mod tests;
