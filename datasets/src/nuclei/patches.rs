//! Patches cut out of tissue images: as many of each class, in an order that any number of them can be taken from.

use rayon::prelude::*;

use super::folder::Folder;
use super::losses::Losses;
use super::{Border, CLASS_NAMES, CLASSES};
use crate::random::{Purpose, Random, key};
use crate::{DatasetError, ImageDataset};

/// The most memory that the patches of a split may take: 8 GiB.
const MOST_BYTES: usize = 1 << 33;

/// How patches are cut out of the images of a folder.
pub(super) struct Cut<'a> {
    pub(super) folder: &'a Folder,
    /// Rows and columns of a patch.
    pub(super) size: usize,
    /// How many patches an image gives at most.
    pub(super) per_image: usize,
    /// Whether images have one channel in place of three.
    pub(super) grey: bool,
    /// How far the border of a nucleus reaches.
    pub(super) border: Border,
    /// The seed of the choice of pixels.
    pub(super) seed: u64,
}

impl Cut<'_> {
    /// `[channels, height, width]` of a patch.
    fn shape(&self) -> [usize; 3] {
        [if self.grey { 1 } else { 3 }, self.size, self.size]
    }

    /// Cuts the patches of some images: the first of each image, then the second of each, and so on. All patches of a turn are
    /// of one class, unless there is a limit: then images take turns at the classes too, so that any limit has about as many
    /// patches of each.
    pub(super) fn patches(
        &self,
        images: &[usize],
        limit: Option<usize>,
    ) -> Result<(ImageDataset, Losses), DatasetError> {
        let patch_len: usize = self.shape().iter().product();
        // A limit takes patches in turn, so that no image gives more than its part of it, rounded up.
        let share = limit.map_or(usize::MAX, |limit| limit.div_ceil(images.len().max(1)));
        let most = self.per_image.min(share);
        if (patch_len * most).saturating_mul(images.len()) > MOST_BYTES {
            let expected = format!(
                "patches of at most {MOST_BYTES} bytes in {} images",
                images.len()
            );
            let found = format!("{most} of {patch_len} bytes each");
            return Err(DatasetError::setting("patches_per_image", expected, found));
        }
        let cut: Vec<Result<Patches, DatasetError>> = images
            .par_iter()
            .enumerate()
            .map(|(place, image)| {
                let first_class = limit.map_or(0, |_| place % CLASSES);
                self.of_image(*image, most, first_class)
            })
            .collect();
        // Of several faulty images the first in order is named, not the first that a thread came upon.
        let cut: Vec<Patches> = cut.into_iter().collect::<Result<_, _>>()?;
        let count: usize = cut.iter().map(|patches| patches.labels.len()).sum();
        let wanted = limit.unwrap_or(usize::MAX);
        let wanted = wanted.min(most / CLASSES * CLASSES * images.len());
        let mut losses = Losses::new(wanted, count.min(wanted));
        for (patches, image) in cut.iter().zip(images) {
            losses.look_at(
                &self.folder.images[*image].name,
                patches.places,
                patches.is_mask,
            );
        }
        let mut pixels = Vec::with_capacity(count * patch_len);
        let mut labels = Vec::with_capacity(count);
        let mut sources = Vec::with_capacity(count);
        for turn in 0..most {
            for (patches, image) in cut.iter().zip(images) {
                if let Some(label) = patches.labels.get(turn) {
                    pixels.extend_from_slice(
                        &patches.pixels[turn * patch_len..(turn + 1) * patch_len],
                    );
                    labels.push(*label);
                    sources.push(*image as u32);
                }
            }
        }
        let all = ImageDataset::from_bytes(pixels, labels, self.shape(), CLASSES)?
            .with_sources(sources)?
            .with_class_names(CLASS_NAMES)?;
        let images = match limit {
            Some(limit) if limit < count => all.slice(0..limit),
            _ => all,
        };
        Ok((images, losses))
    }

    /// At most `most` patches of an image, one of each class in turn, beginning with `first_class`.
    fn of_image(
        &self,
        image: usize,
        most: usize,
        first_class: usize,
    ) -> Result<Patches, DatasetError> {
        let tissue = self.folder.read(image, self.grey)?;
        let size = self.size;
        if tissue.size.iter().any(|extent| *extent < size) {
            let [height, width] = tissue.size;
            return Err(DatasetError::malformed(
                &self.folder.file(image),
                format!("an image of at least {size} × {size}, the size of a patch"),
                format!("{height} × {width}"),
            ));
        }
        let mut centres = tissue.centres(size, self.border);
        let places = centres.each_ref().map(Vec::len);
        let fewest = places.iter().copied().min().unwrap_or(0);
        let per_class = fewest.min(self.per_image / CLASSES);
        let image_key = key(&self.folder.images[image].name);
        for (class, centres) in centres.iter_mut().enumerate() {
            let mut random = Random::new(self.seed, Purpose::Patches, image_key, class as u64);
            // The beginning of a shuffle: more patches keep the first ones.
            for place in 0..per_class {
                let other = place + random.below(centres.len() - place);
                centres.swap(place, other);
            }
        }
        let count = most.min(per_class * CLASSES);
        let patch_len: usize = self.shape().iter().product();
        let mut pixels = vec![0; count * patch_len];
        let mut labels = Vec::with_capacity(count);
        for (number, patch) in pixels.chunks_exact_mut(patch_len).enumerate() {
            let class = (first_class + number) % CLASSES;
            let centre = centres[class][number / CLASSES] as usize;
            let centre = [centre / tissue.size[1], centre % tissue.size[1]];
            tissue.copy_patch(centre, size, patch);
            labels.push(class as u8);
        }
        Ok(Patches {
            pixels,
            labels,
            places,
            is_mask: tissue.is_mask(),
        })
    }
}

/// The patches of one image.
struct Patches {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    /// How many pixels of each class a patch fits around.
    places: [usize; CLASSES],
    /// Whether its labels don't tell nuclei apart.
    is_mask: bool,
}
