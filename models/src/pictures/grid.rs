//! Where patches lie in a picture that is larger than a patch.
//!
//! ```text
//! scores(y, x) = Φ(patch whose first pixel is (s y, s x)),   s the network's stride
//! pixel p has the class of the patch whose middle s × s pixels p is among
//! ```

/// The number in a class map where there is no class: closer to the border than half a patch, or where scores are no numbers.
pub const NO_CLASS: u8 = 255;

/// Where patches lie in a picture.
#[derive(Debug, Clone, Copy)]
pub struct PatchGrid {
    /// `[height, width]` of a patch.
    pub patch: [usize; 2],
    /// Pixels from one patch to the next.
    pub stride: usize,
    /// `[height, width]` of the picture.
    pub size: [usize; 2],
    /// Pixels before those that the first patch gives its class to.
    pub margin: [usize; 2],
    /// Patches along each axis.
    pub count: [usize; 2],
}

impl PatchGrid {
    /// Patches of a picture whose `size`, `[height, width]`, is at least that of a patch.
    pub fn new(size: [usize; 2], patch: [usize; 2], stride: usize) -> Self {
        let axes = [0, 1];
        Self {
            patch,
            stride,
            size,
            margin: axes.map(|axis| patch[axis].saturating_sub(stride) / 2),
            count: axes.map(|axis| (size[axis] - patch[axis]) / stride + 1),
        }
    }

    /// Pixels along an axis that so many patches side by side cover.
    pub fn covered(&self, axis: usize, count: usize) -> usize {
        self.stride * (count - 1) + self.patch[axis]
    }

    /// The patch whose class a pixel has.
    pub fn patch_of(&self, axis: usize, pixel: usize) -> Option<usize> {
        let patch = pixel.checked_sub(self.margin[axis])? / self.stride;
        (patch < self.count[axis]).then_some(patch)
    }

    /// A row of patches' classes as a row of pixels' numbers; without classes, a row of [`NO_CLASS`].
    pub fn spread(&self, classes: Option<&[u8]>) -> Vec<u8> {
        (0..self.size[1])
            .map(|pixel| match (classes, self.patch_of(1, pixel)) {
                (Some(classes), Some(patch)) => classes[patch],
                _ => NO_CLASS,
            })
            .collect()
    }
}
