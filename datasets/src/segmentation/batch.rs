//! Some images of one size with the classes of their pixels.

use std::ops::Range;

/// Some images of one size with the classes of their pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentationBatch {
    /// `[count, channels, height, width]`.
    pub images: Vec<f32>,
    /// `[count, height, width]`.
    pub classes: Vec<u8>,
    /// `[count, height, width]`, the number of the instance that each pixel belongs to, of whole images that have some.
    pub instances: Option<Vec<u16>>,
    /// How many images.
    pub count: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// The number of the scene that each image is from.
    pub scenes: Vec<u32>,
}

impl SegmentationBatch {
    /// A batch of some of these images.
    ///
    /// # Panics
    /// Panics if there are no such images.
    pub fn part(&self, images: Range<usize>) -> Self {
        let plane = self.height * self.width;
        let image = self.channels * plane;
        Self {
            images: self.images[images.start * image..images.end * image].to_vec(),
            classes: self.classes[images.start * plane..images.end * plane].to_vec(),
            instances: (self.instances.as_ref())
                .map(|numbers| numbers[images.start * plane..images.end * plane].to_vec()),
            count: images.len(),
            channels: self.channels,
            height: self.height,
            width: self.width,
            scenes: self.scenes[images].to_vec(),
        }
    }
}
