//! A tissue image with the outlines of its nuclei, and the class of each of its pixels.

use std::path::Path;

use super::{Border, CLASSES, Labels};
use crate::DatasetError;
use crate::picture::{Picture, PictureLimits, Samples};

/// A stained tissue image and the number of the nucleus that each pixel belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tissue {
    /// `[height, width]`.
    pub size: [usize; 2],
    /// 3 of a colour image, 1 of a grey one.
    pub channels: usize,
    /// Red, green and blue of each pixel, or its grey, row by row.
    pub pixels: Vec<u8>,
    /// The number of each pixel's nucleus, 0 for none.
    pub labels: Vec<u16>,
}

impl Tissue {
    /// Reads an image and its labels: a colour or grey image of 8 bits, and a grey image of 16 or 8 bits of the same size.
    pub fn read(image: &Path, labels: &Path) -> Result<Self, DatasetError> {
        let read = |path| Picture::read(path, &PictureLimits::DATASET);
        Self::new(read(image)?, image, read(labels)?, labels)
    }

    /// Like [`Self::read`] for files in memory; the paths are what errors call them.
    pub(super) fn from_bytes(
        image: (&[u8], &Path),
        labels: (&[u8], &Path),
    ) -> Result<Self, DatasetError> {
        let read = |(bytes, name)| Picture::from_bytes(bytes, name, &PictureLimits::DATASET);
        Self::new(read(image)?, image.1, read(labels)?, labels.1)
    }

    fn new(
        image: Picture,
        image_path: &Path,
        labels: Picture,
        labels_path: &Path,
    ) -> Result<Self, DatasetError> {
        let size = image.size();
        if labels.size() != size {
            let [height, width] = size;
            let [found_height, found_width] = labels.size();
            return Err(DatasetError::malformed(
                labels_path,
                format!("{height} × {width} labels, as the image has pixels"),
                format!("{found_height} × {found_width}"),
            ));
        }
        let kinds = [image.kind(), labels.kind()];
        // Slide scanners' exports carry an alpha channel that says nothing; it is left out.
        let (channels, pixels) = match (image.channels(), image.into_samples()) {
            (channels @ (1 | 3), Samples::Bytes(pixels)) => (channels, pixels),
            _ => {
                let [found, _] = kinds;
                let expected = "a colour or grey image of 8 bits";
                return Err(DatasetError::malformed(image_path, expected, found));
            }
        };
        let labels = match (labels.channels(), labels.into_samples()) {
            (1, Samples::Words(labels)) => labels,
            (1, Samples::Bytes(labels)) => labels.into_iter().map(u16::from).collect(),
            _ => {
                let [_, found] = kinds;
                let expected = "grey labels of 16 or 8 bits";
                return Err(DatasetError::malformed(labels_path, expected, found));
            }
        };
        Ok(Self {
            size,
            channels,
            pixels,
            labels,
        })
    }

    /// Refuses an image of another number of channels than the settings say.
    pub(super) fn check_channels(&self, grey: bool, image: &Path) -> Result<(), DatasetError> {
        let (expected, found) = match (grey, self.channels) {
            (true, 1) | (false, 3) => return Ok(()),
            (true, _) => ("a grey image of 8 bits, as `grey` says", "colour of 8 bits"),
            (false, _) => (
                "a colour image of 8 bits",
                "grey of 8 bits, which `grey = true` reads",
            ),
        };
        Err(DatasetError::malformed(image, expected, found))
    }

    /// Whether the labels are a mask, which says where nuclei are but not which is which: one number for all of them, in
    /// several pieces. Nuclei that touch are one there, and the border between them is missing.
    pub fn is_mask(&self) -> bool {
        self.numbers().is_mask()
    }

    /// Its labels, as those of any image.
    pub(super) fn numbers(&self) -> Labels<'_> {
        Labels {
            size: self.size,
            numbers: &self.labels,
        }
    }

    /// Copies the patch of `size` × `size` pixels around a pixel into `patch`, `[channels, size, size]`. The pixel stands at row
    /// and column `size / 2` of the patch, which has to lie in the image.
    pub(super) fn copy_patch(&self, centre: [usize; 2], size: usize, patch: &mut [u8]) {
        let (width, channels) = (self.size[1], self.channels);
        let corner = centre.map(|centre| centre - size / 2);
        for row in 0..size {
            let start = channels * ((corner[0] + row) * width + corner[1]);
            let line = &self.pixels[start..start + channels * size];
            for (column, pixel) in line.chunks_exact(channels).enumerate() {
                for (channel, value) in pixel.iter().enumerate() {
                    patch[(channel * size + row) * size + column] = *value;
                }
            }
        }
    }

    /// The pixels of each class that a patch fits around. A patch of an even size has its centre between four pixels: it
    /// has a class where all four agree, for a quarter turn of the patch brings another of them to the place of its pixel,
    /// and a turned patch must have the same class.
    pub(super) fn centres(&self, size: usize, border: Border) -> [Vec<u32>; CLASSES] {
        let [height, width] = self.size;
        let classes = self.classes_with(border);
        let mut centres = [(); CLASSES].map(|()| Vec::new());
        let first = size / 2;
        for row in first..(height + first + 1).saturating_sub(size) {
            for column in first..(width + first + 1).saturating_sub(size) {
                let place = row * width + column;
                let class = classes[place];
                // There are pixels above and to the left: a patch of two or more reaches there.
                let agree = size % 2 == 1
                    || [place - 1, place - width, place - width - 1]
                        .iter()
                        .all(|other| classes[*other] == class);
                if agree {
                    centres[usize::from(class)].push(place as u32);
                }
            }
        }
        centres
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::nuclei) fn tissue(labels: &[&str]) -> Tissue {
        let size = [labels.len(), labels[0].len()];
        Tissue {
            size,
            channels: 3,
            pixels: (0..size[0] * size[1] * 3)
                .map(|value| value as u8)
                .collect(),
            labels: labels
                .iter()
                .flat_map(|line| line.bytes())
                .map(|byte| u16::from(byte - b'0'))
                .collect(),
        }
    }

    #[test]
    fn a_mask_has_one_number_for_several_nuclei() {
        assert!(tissue(&["9900", "0000", "0099"]).is_mask());
        // Two nuclei with a number each; one nucleus, which may be crooked; none.
        assert!(!tissue(&["1100", "0000", "0022"]).is_mask());
        assert!(!tissue(&["9900", "0090", "0009"]).is_mask());
        assert!(!tissue(&["0000"]).is_mask());
    }

    #[test]
    fn patches_hold_their_centre_at_half_their_size() {
        let tissue = tissue(&["0000", "0000", "0000"]);
        let mut patch = [0; 12];
        tissue.copy_patch([1, 2], 2, &mut patch);
        // Pixels (0, 1), (0, 2), (1, 1), (1, 2) of red, then of green, then of blue.
        assert_eq!(patch, [3, 6, 15, 18, 4, 7, 16, 19, 5, 8, 17, 20]);
        assert_eq!(
            tissue.centres(2, Border::default())[0],
            [5, 6, 7, 9, 10, 11]
        );
        assert_eq!(tissue.centres(3, Border::default())[0], [5, 6]);
        assert!(tissue.centres(4, Border::default())[0].is_empty());
    }

    #[test]
    fn the_four_middle_pixels_of_an_even_patch_have_one_class() {
        let tissue = tissue(&["00000", "00000", "00011", "00011"]);
        // Background where the square above and to the left of the pixel, with it, holds no nucleus.
        let [background, interior, border] = tissue.centres(2, Border::default());
        assert_eq!(background, [6, 7, 8, 9, 11, 12, 16, 17]);
        assert!(interior.is_empty());
        assert_eq!(border, [19]);
        assert_eq!(tissue.centres(1, Border::default())[2], [13, 14, 18, 19]);
    }
}
