//! Which row reads which: the geometry of a depthwise convolution along one axis, of the image or of its gradient.
//!
//! ```text
//! convolution       source(y, i) = y·s + i·d − p
//! input gradient    source(y, i) = (y + i·d − (d·(k − 1) − p)) / s, where that is whole, with the kernel turned by 180°
//! ```
//!
//! Both are a convolution of a source whose rows stand `spacing` apart, with zeros between and around them.

use super::super::geometry::Geometry;
use std::ops::Range;

/// One axis of a convolution or an input gradient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    /// Positions of the source.
    pub source: usize,
    /// From one of them to the next.
    pub spacing: usize,
    /// Positions of the target.
    pub target: usize,
    /// Taps of the kernel.
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    /// Where the first tap of the first position lies in front of the source; behind its beginning where negative.
    padding: isize,
}

impl Axis {
    /// From input to output.
    pub fn forward(sizes: &Geometry, axis: usize) -> Self {
        Self {
            source: sizes.input[axis],
            spacing: 1,
            target: sizes.output[axis],
            kernel: sizes.kernel[axis],
            stride: sizes.stride[axis],
            dilation: sizes.dilation[axis],
            padding: sizes.padding[axis] as isize,
        }
    }

    /// From output gradient to input gradient.
    pub fn backward(sizes: &Geometry, axis: usize) -> Self {
        let extent = sizes.dilation[axis] * (sizes.kernel[axis] - 1);
        Self {
            source: sizes.output[axis],
            spacing: sizes.stride[axis],
            target: sizes.input[axis],
            kernel: sizes.kernel[axis],
            stride: 1,
            dilation: sizes.dilation[axis],
            padding: extent as isize - sizes.padding[axis] as isize,
        }
    }

    /// The position that tap `i` of target position `y` reads, where there is one.
    pub fn read(&self, y: usize, i: usize) -> Option<usize> {
        let at = (y * self.stride + i * self.dilation).checked_add_signed(-self.padding)?;
        let inside = at.is_multiple_of(self.spacing) && at / self.spacing < self.source;
        inside.then_some(at / self.spacing)
    }

    /// All that some target positions may read.
    pub fn reach(&self, targets: Range<usize>) -> Range<usize> {
        let bound = |at: usize| {
            let at = at.saturating_add_signed(-self.padding);
            at.div_ceil(self.spacing).min(self.source)
        };
        let start = bound(targets.start * self.stride);
        let last = targets.end.saturating_sub(1) * self.stride;
        let end = bound(last + (self.kernel - 1) * self.dilation + 1);
        start..end.max(start)
    }

    /// Zeros in front of the source, where it is stored with such.
    pub fn before(&self) -> usize {
        self.padding.max(0) as usize
    }

    /// Where the first tap of the first target position is there.
    pub fn start(&self) -> usize {
        (-self.padding).max(0) as usize
    }

    /// Positions of the source, with the zeros before, between and behind.
    pub fn bordered(&self) -> usize {
        let source = self.before() + self.source.saturating_sub(1) * self.spacing + 1;
        let last = self.target.saturating_sub(1) * self.stride;
        source.max(self.start() + last + (self.kernel - 1) * self.dilation + 1)
    }
}
