//! Reads images and masks.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::dataset::{Scene, SegmentationDataset};
use super::listing::{Listing, Pair};
use super::notes::Notes;
use super::{MaskKind, SegmentationConfig};
use crate::DatasetError;
use crate::nuclei::Labels;
use crate::picture::{Picture, PictureFormat, PictureHeader, PictureLimits, Preparation, Samples};

/// The most memory that the scenes of a split may take: 8 GiB.
const MOST_BYTES: u64 = 1 << 33;

/// How large a picture may be.
const LIMITS: &PictureLimits = &PictureLimits::DATASET;

/// Reads the scenes of a folder.
pub(super) struct Reader<'a> {
    pub(super) config: &'a SegmentationConfig,
    pub(super) listing: &'a Listing,
}

/// A picture of classes or instances, and the file that it is from.
struct Mask<'a> {
    picture: Picture,
    file: &'a Path,
}

impl Reader<'_> {
    /// Reads some of the images.
    pub(super) fn read(
        &self,
        chosen: &[usize],
    ) -> Result<(SegmentationDataset, Notes), DatasetError> {
        self.check_memory(chosen)?;
        let read: Vec<Result<(Scene, bool), DatasetError>> =
            chosen.par_iter().map(|image| self.scene(*image)).collect();
        let mut notes = Notes::default();
        let mut scenes = Vec::with_capacity(chosen.len());
        // Of several faulty images the first in order is named, not the first that a thread came upon.
        for scene in read {
            let (scene, is_merged) = scene?;
            let is_empty = (scene.instances.as_ref())
                .is_some_and(|numbers| numbers.iter().all(|number| *number == 0));
            notes.look_at(&scene.name, is_empty, is_merged);
            scenes.push(scene);
        }
        let (channels, names) = (self.config.channels(), self.config.class_names());
        Ok((SegmentationDataset::new(scenes, channels, names)?, notes))
    }

    /// Looks at the beginning of every file: whether masks fit their images and are kept exactly, and all scenes fit into memory.
    fn check_memory(&self, chosen: &[usize]) -> Result<(), DatasetError> {
        let looked_at: Vec<Result<u64, DatasetError>> = chosen
            .par_iter()
            .map(|image| self.look_at(*image))
            .collect();
        let mut bytes = 0u64;
        for found in looked_at {
            bytes = bytes.saturating_add(found?);
        }
        if bytes <= MOST_BYTES {
            return Ok(());
        }
        let expected = format!("images of at most {} MiB together", MOST_BYTES >> 20);
        let count = chosen.len();
        let found = format!(
            "{count} of {} MiB; `train_limit`, `valid_limit` and `test_limit` read fewer",
            bytes >> 20
        );
        Err(DatasetError::malformed(
            &self.listing.place(),
            expected,
            found,
        ))
    }

    /// How many bytes a scene will take. Those that the crate carries are small.
    fn look_at(&self, image: usize) -> Result<u64, DatasetError> {
        let Pair::Files([file, mask]) = self.listing.pair(image)? else {
            return Ok(0);
        };
        let header = PictureHeader::read(mask, LIMITS)?;
        if header.format == PictureFormat::Jpeg {
            let expected = "a picture that keeps numbers as they are: PNG or TIFF";
            return Err(DatasetError::malformed(
                mask,
                expected,
                "JPEG, which changes them",
            ));
        }
        let [height, width] = PictureHeader::read(file, LIMITS)?.size;
        check_size(mask, header.size, [height, width])?;
        // Floats of the image, a class, and perhaps a number.
        let pixel = 4 * self.config.channels() + 1 + 2;
        Ok((height as u64)
            .saturating_mul(width as u64)
            .saturating_mul(pixel as u64))
    }

    /// Reads a scene, and whether its mask has one number for several instances.
    fn scene(&self, image: usize) -> Result<(Scene, bool), DatasetError> {
        let name = self.listing.images[image].name.clone();
        match self.listing.pair(image)? {
            Pair::Files([file, mask]) => {
                let picture = Picture::read(file, LIMITS)?;
                let numbers = Picture::read_numbers(mask, LIMITS)?;
                self.put_together(name, picture, Mask::new(numbers, mask))
            }
            Pair::Carried([(bytes, file), (labels, mask)]) => {
                let picture = Picture::from_bytes(bytes, &file, LIMITS)?;
                let numbers = Picture::numbers_from_bytes(labels, &mask, LIMITS)?;
                self.put_together(name, picture, Mask::new(numbers, &mask))
            }
        }
    }

    fn put_together(
        &self,
        name: String,
        picture: Picture,
        mask: Mask,
    ) -> Result<(Scene, bool), DatasetError> {
        let size = picture.size();
        check_size(mask.file, mask.picture.size(), size)?;
        let [height, width] = size;
        let channels = self.config.channels();
        let picture = picture.in_channels(channels);
        let pixels = Preparation::default().apply(&picture, size);
        let (classes, instances, is_merged) = match self.config.masks {
            MaskKind::Classes => (mask.classes(&self.config.classes)?, None, false),
            MaskKind::Instances => {
                let numbers = mask.numbers(MaskKind::Instances)?;
                let labels = Labels {
                    size,
                    numbers: &numbers,
                };
                let classes = labels.classes_with(self.config.border);
                let is_merged = labels.is_mask();
                (classes, Some(numbers), is_merged)
            }
        };
        let scene = Scene {
            name,
            channels,
            height,
            width,
            pixels,
            classes,
            instances,
        };
        Ok((scene, is_merged))
    }
}

impl<'a> Mask<'a> {
    fn new(picture: Picture, file: &'a Path) -> Self {
        Self { picture, file }
    }

    /// The number of each pixel.
    fn numbers(self, kind: MaskKind) -> Result<Vec<u16>, DatasetError> {
        let Self { picture, file } = self;
        let (found, is_colour) = (picture.kind(), picture.channels() != 1);
        let (what, way_out) = match kind {
            MaskKind::Classes => (
                "the number of each pixel's class: grey of 8 bits, or a palette",
                "give each colour a number, in Python by \
                 `np.unique(mask.reshape(-1, 3), axis=0, return_inverse=True)[1].reshape(mask.shape[:2]).astype(\"uint8\")`",
            ),
            MaskKind::Instances => (
                "the number of each pixel's instance: grey of 16 or 8 bits",
                "number the instances, in Python by `skimage.measure.label(mask.any(-1)).astype(\"uint16\")`, or say \
                 `masks = \"classes\"`",
            ),
        };
        match picture.into_samples() {
            _ if is_colour => {
                let found = format!("{found}; {way_out}");
                Err(DatasetError::malformed(file, what, found))
            }
            Samples::Words(numbers) => Ok(numbers),
            Samples::Bytes(numbers) => Ok(numbers.into_iter().map(u16::from).collect()),
            Samples::Floats(_) => {
                let expected = "whole numbers from 0 to 65,535, in 16 or 8 bits";
                let found = format!(
                    "{found}; in Python `skimage.segmentation.relabel_sequential(mask)[0].astype(\"uint16\")` numbers \
                     instances anew from 1"
                );
                Err(DatasetError::malformed(file, expected, found))
            }
        }
    }

    /// The class of each pixel, one of these.
    fn classes(self, names: &[String]) -> Result<Vec<u8>, DatasetError> {
        let (file, [_, width]) = (self.file, self.picture.size());
        let numbers = self.numbers(MaskKind::Classes)?;
        let beyond = |number: &u16| usize::from(*number) >= names.len();
        let Some(place) = numbers.iter().position(beyond) else {
            // There are at most 256 classes.
            return Ok(numbers.into_iter().map(|number| number as u8).collect());
        };
        let last = names.len() - 1;
        let expected = format!("class numbers from 0 to {last}, as `classes` has names");
        let number = numbers[place];
        let hint = match number {
            255 => "; a mask in black and white is divided by 255 first",
            _ => "",
        };
        let found = format!(
            "{number} in row {}, column {}, from 0{hint}",
            place / width,
            place % width
        );
        Err(DatasetError::malformed(file, expected, found))
    }
}

/// Refuses a mask of another size than its image.
fn check_size(
    mask: &Path,
    found: [usize; 2],
    [height, width]: [usize; 2],
) -> Result<(), DatasetError> {
    if found == [height, width] {
        return Ok(());
    }
    Err(DatasetError::malformed(
        mask,
        format!("a mask of {height} × {width} pixels, as its image has"),
        format!("{} × {}", found[0], found[1]),
    ))
}

/// Refuses training images without a pixel of some class: nothing could be learned about it.
pub(super) fn check_classes(
    train: &SegmentationDataset,
    place: PathBuf,
) -> Result<(), DatasetError> {
    let shares = train.class_shares();
    let missing = train.class_names().iter().zip(shares);
    let missing: Vec<&str> = missing
        .filter(|(_, share)| *share == 0.0)
        .map(|(name, _)| &name[..])
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let count = train.len();
    let expected = format!("pixels of every class in the {count} training images");
    let found = format!(
        "none of {}; take the class out of `classes`, or use more images or another seed",
        missing.join(", ")
    );
    Err(DatasetError::malformed(&place, expected, found))
}
