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
use crate::kernel::KernelConfig;

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

/// A square kernel's size, stride, padding and dilation, the same along both axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Taps along a side.
    pub kernel_size: usize,
    /// Pixels between output positions.
    pub stride: usize,
    /// What lies beyond the border.
    pub padding: Padding2d,
    /// Pixels between taps.
    pub dilation: usize,
}

impl Window {
    /// Pixels from the first tap to the last.
    fn reach(&self) -> usize {
        self.dilation * (self.kernel_size - 1)
    }

    /// Pixels added at each end of an axis.
    pub fn padding_pixels(&self) -> usize {
        match self.padding {
            Padding2d::None => 0,
            Padding2d::Same | Padding2d::Circular => self.reach() / 2,
        }
    }

    /// Pixels by which the image is continued periodically at each end of an axis.
    pub fn wrapped_pixels(&self) -> usize {
        match self.padding {
            Padding2d::None | Padding2d::Same => 0,
            Padding2d::Circular => self.padding_pixels(),
        }
    }

    /// Output pixels along an axis of `size` pixels; `None` where the kernel does not fit.
    pub fn output_size(&self, size: usize) -> Option<usize> {
        let steps = (size + 2 * self.padding_pixels()).checked_sub(self.reach() + 1)?;
        Some(steps / self.stride + 1)
    }

    /// Whether an equivariant layer over `group` can use this window, on `[height, width]` if that is known.
    pub(super) fn validate(
        &self,
        group: &Group,
        kernel: &KernelConfig,
        input_size: Option<[usize; 2]>,
    ) -> Result<(), LayerError> {
        kernel.validate(self.kernel_size)?;
        for (value, what) in [(self.stride, "stride"), (self.dilation, "dilation")] {
            if value == 0 {
                return Err(LayerError::Zero { what });
            }
        }
        if self.padding != Padding2d::None && self.reach() % 2 == 1 {
            return Err(LayerError::HalfPixel {
                kernel_size: self.kernel_size,
                dilation: self.dilation,
            });
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
        (0..2).try_for_each(|axis| self.validate_axis(size[axis], false))?;
        (0..2).try_for_each(|axis| self.validate_axis(size[axis], moved[axis]))
    }

    /// `moved`: whether the group moves points along the axis, so that windows must lie symmetrically on it.
    fn validate_axis(&self, size: usize, moved: bool) -> Result<(), LayerError> {
        let (padding, window) = (self.padding_pixels(), self.reach() + 1);
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

    /// Correlates `[batch, channels_in, height, width]` with a bank `[channels_out, channels_in, size, size]`, for a layer
    /// over `group`. Says once if the stride breaks the group's symmetry on an input of this size.
    ///
    /// # Panics
    /// If the input is smaller than the window.
    pub(super) fn correlate(
        &self,
        layer: &str,
        group: &Group,
        input: Tensor<4>,
        bank: Tensor<4>,
        bias: Option<Tensor<1>>,
    ) -> Tensor<4> {
        let [_, _, height, width] = input.dims();
        match self.validate_size(group, [height, width]) {
            Ok(()) => {}
            Err(inexact @ LayerError::WindowsLeaveStrip { .. }) => warn_once(layer, &inexact),
            Err(error) => panic!("{layer}: {error}"),
        }
        let wrapped = self.wrapped_pixels();
        let zeros = self.padding_pixels() - wrapped;
        let input = continue_periodically(input, wrapped);
        let options = Conv2dOptions::new()
            .with_stride([self.stride; 2])
            .with_padding([zeros; 2])
            .with_dilation([self.dilation; 2]);
        conv2d(input, bank, bias, options)
    }
}

/// Whether some element changes the y (rows) and the x coordinate (columns) of some point.
fn moved_axes(group: &Group) -> [bool; 2] {
    let moves = |axis: usize| {
        let identity = if axis == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
        group.elements().any(|h| group.matrix(h)[axis] != identity)
    };
    [moves(1), moves(0)]
}

/// Continues a batch of images periodically at all four sides, as [circular](Padding2d::Circular) padding does.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`
/// - output: `[batch, channels, height + 2·pixels, width + 2·pixels]`
///
/// # Panics
/// If the images have fewer pixels along an axis.
pub fn continue_periodically(images: Tensor<4>, pixels: usize) -> Tensor<4> {
    wrap(wrap(images, 2, pixels), 3, pixels)
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
            kernel_size,
            stride,
            padding,
            dilation,
        }
    }

    fn validate(window: Window, group: &str, size: [usize; 2]) -> Result<(), LayerError> {
        window.validate(
            &group.parse().unwrap(),
            &KernelConfig::default(),
            Some(size),
        )
    }

    #[test]
    fn zeros_are_refused() {
        for broken in [
            window(0, 1, Padding2d::None, 1),
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
        assert_eq!(large.output_size(8), None);
        assert_eq!(large.output_size(9), Some(1));
        let wrapping = window(7, 1, Padding2d::Circular, 1);
        assert!(matches!(
            validate(wrapping, "C4", [2, 2]),
            Err(LayerError::WrapsTwice {
                padding: 3,
                size: 2
            })
        ));
    }
}
