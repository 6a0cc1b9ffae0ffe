//! Where a convolution puts its kernel: size, stride, padding and dilation.
//!
//! ```text
//! reach   d (k − 1)                            pixels from the first tap to the last
//! padding p = reach / 2 for same and circular, 0 for none
//! output  ⌊(n + 2p − reach − 1) / s⌋ + 1       exact under 90° turns if s divides n + 2p − reach − 1
//! ```
//!
//! A turn about the image's centre maps the set of window positions to itself if the windows lie symmetrically about
//! that centre: then nothing is left over at one end, and the output has the same centre as the input.

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::dense::{Conv2dOptions, conv2d};
use crate::error::LayerError;
use crate::exactness::warn_once;
use crate::group::Group;
use crate::kernel::{KernelSize, in_window};

/// What lies beyond the border of the image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Padding2d {
    /// Nothing: the kernel stays inside, and the output is smaller.
    #[default]
    None,
    /// Zeros, as many as keep the size at stride 1.
    Same,
    /// The image again, periodically, at the same size as [`Same`](Self::Same).
    Circular,
}

/// A kernel's size, and its stride, padding and dilation, which are the same along both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Taps along each side.
    pub kernel_size: KernelSize,
    /// Pixels between output positions.
    pub stride: usize,
    /// What lies beyond the border.
    pub padding: Padding2d,
    /// Pixels between taps.
    pub dilation: usize,
}

impl Window {
    /// Pixels from the first tap to the last, vertically and horizontally.
    fn reach(&self) -> [usize; 2] {
        let sides = self.kernel_size.height_and_width();
        sides.map(|side| self.dilation * (side - 1))
    }

    /// Pixels added at each end of the vertical and of the horizontal axis.
    pub fn padding_pixels(&self) -> [usize; 2] {
        match self.padding {
            Padding2d::None => [0, 0],
            Padding2d::Same | Padding2d::Circular => self.reach().map(|reach| reach / 2),
        }
    }

    /// Pixels by which the image is continued periodically at each end of both axes.
    pub fn wrapped_pixels(&self) -> [usize; 2] {
        match self.padding {
            Padding2d::None | Padding2d::Same => [0, 0],
            Padding2d::Circular => self.padding_pixels(),
        }
    }

    /// Height and width of the output for an input `[height, width]`; `None` where the kernel does not fit.
    pub fn output_size(&self, size: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let padded = size[axis] + 2 * self.padding_pixels()[axis];
            let steps = padded.checked_sub(self.reach()[axis] + 1)?;
            Some(steps / self.stride + 1)
        };
        Some([along(0)?, along(1)?])
    }

    /// Whether an equivariant layer over `group` can use this window, on `[height, width]` if that is known.
    pub(crate) fn validate(
        &self,
        group: &Group,
        input_size: Option<[usize; 2]>,
    ) -> Result<(), LayerError> {
        for (value, what) in [(self.stride, "stride"), (self.dilation, "dilation")] {
            if value == 0 {
                return Err(LayerError::Zero { what });
            }
        }
        if !self.kernel_size.is_square() && mixes_axes(group) {
            return Err(LayerError::Oblong {
                kernel_size: self.kernel_size,
                group: group.name().into(),
            });
        }
        let sides = self.kernel_size.height_and_width();
        for (kernel_size, reach) in sides.into_iter().zip(self.reach()) {
            if self.padding != Padding2d::None && reach % 2 == 1 {
                let dilation = self.dilation;
                return Err(LayerError::HalfPixel {
                    kernel_size,
                    dilation,
                });
            }
        }
        let Some(size) = input_size else {
            return Ok(());
        };
        self.validate_size(group, size)
    }

    /// Whether the window fits into a map, `[height, width]`, and keeps the group's symmetry on it.
    fn validate_size(&self, group: &Group, size: [usize; 2]) -> Result<(), LayerError> {
        let moved = moved_axes(group);
        // What cannot be computed comes before what isn't exact.
        (0..2).try_for_each(|axis| self.validate_axis(axis, size[axis], false))?;
        (0..2).try_for_each(|axis| self.validate_axis(axis, size[axis], moved[axis]))
    }

    /// `moved`: whether the group moves points along the axis, so that windows must lie symmetrically on it.
    fn validate_axis(&self, axis: usize, size: usize, moved: bool) -> Result<(), LayerError> {
        let (padding, window) = (self.padding_pixels()[axis], self.reach()[axis] + 1);
        let padded = size + 2 * padding;
        if size == 0 || padded < window {
            return Err(LayerError::WindowTooLarge {
                kernel_size: window,
                padded,
            });
        }
        if self.padding == Padding2d::Circular && padding > size {
            return Err(LayerError::WrapsTwice { padding, size });
        }
        let left_over = (padded - window) % self.stride;
        if moved && left_over > 0 {
            return Err(LayerError::WindowsLeaveStrip {
                size,
                kernel_size: window,
                stride: self.stride,
                padding,
                left_over,
                smaller: size - left_over,
                larger: size + self.stride - left_over,
            });
        }
        Ok(())
    }

    /// The same window for kernels of another size about the same points, and how many pixels of the image it leaves out at
    /// each end of the vertical and of the horizontal axis.
    pub(super) fn of_size(&self, kernel_size: KernelSize) -> (Self, [usize; 2]) {
        let own = Self {
            kernel_size,
            ..*self
        };
        let cropped = match self.padding {
            Padding2d::None => [0, 1].map(|axis| (self.reach()[axis] - own.reach()[axis]) / 2),
            Padding2d::Same | Padding2d::Circular => [0, 0],
        };
        (own, cropped)
    }

    /// The window of a bank that may be smaller, and the bank in it. Where the window says how large the output is, as it does
    /// without padding, that is the whole window, with zeros around the bank.
    pub(super) fn around(&self, bank: Tensor<4>) -> (Self, Tensor<4>) {
        let [_, _, height, width] = bank.dims();
        match self.of_size([height, width].into()) {
            (own, [0, 0]) => (own, bank),
            _ => (*self, in_window(bank, self.kernel_size.height_and_width())),
        }
    }

    /// Correlates `[batch, channels_in, height, width]` with a bank `[channels_out, channels_in / groups, height, width]`, for a
    /// layer over `group`. Says once if the stride breaks the group's symmetry on an input of this size.
    ///
    /// # Panics
    /// If the input is smaller than the window.
    pub(crate) fn correlate(
        &self,
        layer: &str,
        group: &Group,
        input: Tensor<4>,
        bank: Tensor<4>,
        bias: Option<Tensor<1>>,
    ) -> Tensor<4> {
        let ([_, channels, height, width], [_, seen, ..]) = (input.dims(), bank.dims());
        match self.validate_size(group, [height, width]) {
            Ok(()) => {}
            Err(inexact @ LayerError::WindowsLeaveStrip { .. }) => warn_once(layer, &inexact),
            Err(error) => panic!("{layer}: {error}"),
        }
        let zeros = match self.padding {
            Padding2d::None | Padding2d::Circular => [0, 0],
            Padding2d::Same => self.padding_pixels(),
        };
        let input = continue_periodically(input, self.wrapped_pixels());
        let options = Conv2dOptions::new()
            .with_stride([self.stride; 2])
            .with_padding(zeros)
            .with_dilation([self.dilation; 2])
            .with_groups(channels / seen.max(1));
        conv2d(input, bank, bias, options)
    }
}

/// Whether some element gives a coordinate a part of the other.
fn mixes_axes(group: &Group) -> bool {
    group.elements().any(|h| {
        let [[_, xy], [yx, _]] = group.matrix(h);
        xy != 0.0 || yx != 0.0
    })
}

/// Whether some element changes the direction of the y (rows) and of the x axis (columns). What merely scales is never exact.
fn moved_axes(group: &Group) -> [bool; 2] {
    let moves = |axis: usize| {
        let is_moved = |h: usize| {
            let row = group.matrix(h)[axis];
            row[axis] <= 0.0 || row[1 - axis] != 0.0
        };
        group.elements().any(is_moved)
    };
    [moves(1), moves(0)]
}

/// Continues a batch of images periodically at all four sides, as [circular](Padding2d::Circular) padding does.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`
/// - output: `[batch, channels, height + 2·above, width + 2·beside]`
///
/// # Panics
/// If the images have fewer pixels along an axis.
pub fn continue_periodically(images: Tensor<4>, [above, beside]: [usize; 2]) -> Tensor<4> {
    wrap(wrap(images, 2, above), 3, beside)
}

/// Continues an image periodically by `pixels` at both ends of an axis.
fn wrap(image: Tensor<4>, axis: usize, pixels: usize) -> Tensor<4> {
    if pixels == 0 {
        return image;
    }
    let size = image.dims()[axis];
    assert!(
        pixels <= size,
        "circular padding of {pixels} pixels is more than the {size} pixels of the input"
    );
    let end = image.clone().narrow(axis, size - pixels, pixels);
    let start = image.clone().narrow(axis, 0, pixels);
    Tensor::cat(vec![end, image, start], axis)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn window(kernel_size: usize, stride: usize, padding: Padding2d, dilation: usize) -> Window {
        Window {
            kernel_size: kernel_size.into(),
            stride,
            padding,
            dilation,
        }
    }

    fn validate(window: Window, group: &str, size: [usize; 2]) -> Result<(), LayerError> {
        window.validate(&group.parse().unwrap(), Some(size))
    }

    #[test]
    fn zeros_are_refused() {
        for broken in [
            window(3, 0, Padding2d::None, 1),
            window(3, 1, Padding2d::None, 0),
        ] {
            let error = validate(broken, "C4", [9, 9]).unwrap_err();
            assert!(matches!(error, LayerError::Zero { .. }), "{error}");
        }
    }

    #[rstest]
    fn padding_needs_a_centre_on_a_pixel(
        #[values(Padding2d::Same, Padding2d::Circular)] padding: Padding2d,
    ) {
        let error = validate(window(4, 1, padding, 1), "C4", [9, 9]).unwrap_err();
        assert!(error.to_string().contains("half a pixel"), "{error}");
        // An even dilation puts the centre of an even kernel on a pixel; without padding any kernel goes.
        assert_eq!(validate(window(4, 1, padding, 2), "C4", [9, 9]), Ok(()));
        assert_eq!(
            validate(window(4, 1, Padding2d::None, 1), "C4", [9, 9]),
            Ok(())
        );
        assert_eq!(
            validate(window(4, 1, Padding2d::None, 1), "C8", [9, 9]),
            Ok(())
        );
    }

    #[test]
    fn strides_must_fit_where_the_group_moves_the_axis() {
        let strided = window(3, 2, Padding2d::Same, 1);
        assert_eq!(validate(strided, "C4", [9, 9]), Ok(()));
        assert_eq!(validate(strided, "trivial", [8, 8]), Ok(()));
        for group in ["C2", "C3", "C4", "D4"] {
            let error = validate(strided, group, [8, 9]).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("7 or 9 pixels"), "{group}: {text}");
        }
        // D1 mirrors y alone: the columns may be left over.
        assert_eq!(validate(strided, "D1", [9, 8]), Ok(()));
        assert!(validate(strided, "D1", [8, 9]).is_err());
    }

    #[test]
    fn the_sizes_named_in_the_refusal_work() {
        for (size, stride) in [(10, 3), (11, 3), (12, 4), (13, 4), (14, 5)] {
            let strided = window(3, stride, Padding2d::None, 1);
            if let Err(error) = validate(strided, "C4", [size, size]) {
                let LayerError::WindowsLeaveStrip {
                    smaller, larger, ..
                } = error
                else {
                    panic!("{error}");
                };
                assert_eq!(validate(strided, "C4", [smaller, larger]), Ok(()));
            }
        }
    }

    #[test]
    fn inputs_smaller_than_the_kernel_are_refused() {
        let large = window(5, 1, Padding2d::None, 2);
        assert!(matches!(
            validate(large, "C4", [8, 8]),
            Err(LayerError::WindowTooLarge {
                kernel_size: 9,
                padded: 8
            })
        ));
        assert_eq!(large.output_size([8, 9]), None);
        assert_eq!(large.output_size([9, 11]), Some([1, 3]));
        let wrapping = window(7, 1, Padding2d::Circular, 1);
        assert!(matches!(
            validate(wrapping, "C4", [2, 2]),
            Err(LayerError::WrapsTwice {
                padding: 3,
                size: 2
            })
        ));
    }
    /// A signal is an image of height 1. What turns it away from its line is refused.
    #[test]
    fn oblong_windows_need_a_group_that_keeps_the_axes_apart() {
        let signal = Window {
            kernel_size: [1, 5].into(),
            ..window(1, 2, Padding2d::Same, 2)
        };
        assert_eq!(signal.padding_pixels(), [0, 4]);
        assert_eq!(signal.output_size([1, 9]), Some([1, 5]));
        for group in ["trivial", "C2", "D1", "D2"] {
            assert_eq!(validate(signal, group, [1, 9]), Ok(()), "{group}");
        }
        for group in ["C3", "C4", "D4"] {
            let error = validate(signal, group, [1, 9]).unwrap_err();
            assert!(matches!(error, LayerError::Oblong { .. }), "{error}");
            assert!(error.to_string().contains("1×5"), "{error}");
        }
    }
}
