//! Spatial pooling: the maximum or the mean over a window that slides over the plane, for each channel and
//! orientation by itself.
//!
//! ```text
//! maximum   (P f)(x, h) = max_{u ∈ window} f(s·x + u, h)
//! mean      (P f)(x, h) = 1/k² Σ_{u ∈ window} f(s·x + u, h)
//! ```
//!
//! H only permutes the orientations and turns the plane, so pooling commutes with it as soon as the windows do:
//! a rotation by 90° or a mirror maps the k×k windows on an axis of n pixels, padded by p on both sides, to
//! themselves exactly if
//!
//! ```text
//! (n + 2p − k) mod s = 0
//! ```
//!
//! that is, if the last window ends where the padded axis ends. Otherwise a strip on the right and at the bottom
//! is dropped, which a rotation would move to another side. The configurations refuse such sizes when they are told
//! the size of the input. Source: Cohen & Welling 2016, sections 6.1 to 6.3 (pooling and subsampling).

use burn::prelude::*;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

use crate::LayerError;
use crate::exactness::warn_once;

/// Configuration of a [`SpatialMaxPool2d`].
#[derive(Config, Debug)]
pub struct SpatialMaxPool2dConfig {
    /// Side of the square window.
    pub kernel_size: usize,
    /// Step between windows.
    #[config(default = "kernel_size")]
    pub stride: usize,
    /// Padding on each side, which never wins: it counts as −∞.
    #[config(default = "0")]
    pub padding: usize,
    /// Height and width of the maps to be pooled. When given, sizes that break exactness under 90° are refused.
    #[config(default = "None")]
    pub input_size: Option<[usize; 2]>,
}

impl SpatialMaxPool2dConfig {
    /// Checks the settings, and with a stated input size also that rotations by 90° commute with the layer exactly.
    pub fn validate(&self) -> Result<(), LayerError> {
        validate_windows(self.kernel_size, self.stride, self.padding, self.input_size)
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> SpatialMaxPool2d {
        self.try_init()
            .unwrap_or_else(|error| panic!("SpatialMaxPool2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<SpatialMaxPool2d, LayerError> {
        self.validate()?;
        Ok(SpatialMaxPool2d {
            kernel_size: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
        })
    }
}

/// Keeps the largest value of each window.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::SpatialMaxPool2dConfig;
///
/// let pool = SpatialMaxPool2dConfig::new(2).with_input_size(Some([24, 24])).init();
/// let map = Tensor::<5>::zeros([1, 10, 4, 24, 24], &Device::flex());
/// assert_eq!(pool.forward(map).dims(), [1, 10, 4, 12, 12]);
/// // 25 pixels are not covered by windows of 2: rotating would drop another strip.
/// assert!(SpatialMaxPool2dConfig::new(2).with_input_size(Some([25, 25])).validate().is_err());
/// ```
#[derive(Module, Debug)]
pub struct SpatialMaxPool2d {
    kernel_size: usize,
    stride: usize,
    padding: usize,
}

impl SpatialMaxPool2d {
    /// # Shapes
    /// - input: `[batch, …, height, width]`: a map on the plane or on the group
    /// - output: `[batch, …, height_out, width_out]`
    ///
    /// # Panics
    /// If the input, with padding, is smaller than the window, or has no axis for channels.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        self.expect(&input);
        let options = MaxPoolOptions::new([self.kernel_size; 2])
            .with_stride([self.stride; 2])
            .with_padding([self.padding; 2]);
        on_planes(input, |planes| max_pool2d(planes, options))
    }

    /// Panics where the layer cannot take the input.
    pub(crate) fn expect<const D: usize>(&self, input: &Tensor<D>) {
        let window = (self.kernel_size, self.stride, self.padding);
        expect_windows("SpatialMaxPool2d", window, input);
    }

    /// Whether the windows are 2×2, side by side, and there is at least one.
    pub(crate) fn halves<const D: usize>(&self, input: &Tensor<D>) -> bool {
        let dims = input.dims();
        [self.kernel_size, self.stride, self.padding] == [2, 2, 0]
            && dims[D - 2..].iter().all(|n| *n >= 2)
    }
}

/// Configuration of a [`SpatialAvgPool2d`].
#[derive(Config, Debug)]
pub struct SpatialAvgPool2dConfig {
    /// Side of the square window.
    pub kernel_size: usize,
    /// Step between windows.
    #[config(default = "kernel_size")]
    pub stride: usize,
    /// Padding on each side, which is left out of the average.
    #[config(default = "0")]
    pub padding: usize,
    /// Height and width of the maps to be pooled. When given, sizes that break exactness under 90° are refused.
    #[config(default = "None")]
    pub input_size: Option<[usize; 2]>,
}

impl SpatialAvgPool2dConfig {
    /// Checks the settings, and with a stated input size also that rotations by 90° commute with the layer exactly.
    pub fn validate(&self) -> Result<(), LayerError> {
        validate_windows(self.kernel_size, self.stride, self.padding, self.input_size)
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> SpatialAvgPool2d {
        self.try_init()
            .unwrap_or_else(|error| panic!("SpatialAvgPool2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<SpatialAvgPool2d, LayerError> {
        self.validate()?;
        Ok(SpatialAvgPool2d {
            kernel_size: self.kernel_size,
            stride: self.stride,
            padding: self.padding,
        })
    }
}

/// Averages the values of each window.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::SpatialAvgPool2dConfig;
///
/// let pool = SpatialAvgPool2dConfig::new(3).with_stride(2).init();
/// let map = Tensor::<4>::zeros([1, 10, 25, 25], &Device::flex());
/// assert_eq!(pool.forward(map).dims(), [1, 10, 12, 12]);
/// ```
#[derive(Module, Debug)]
pub struct SpatialAvgPool2d {
    kernel_size: usize,
    stride: usize,
    padding: usize,
}

impl SpatialAvgPool2d {
    /// # Shapes
    /// - input: `[batch, …, height, width]`: a map on the plane or on the group
    /// - output: `[batch, …, height_out, width_out]`
    ///
    /// # Panics
    /// If the input, with padding, is smaller than the window, or has no axis for channels.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let window = (self.kernel_size, self.stride, self.padding);
        expect_windows("SpatialAvgPool2d", window, &input);
        let options = AvgPoolOptions::new([self.kernel_size; 2])
            .with_stride([self.stride; 2])
            .with_padding([self.padding; 2])
            .with_count_include_pad(false);
        on_planes(input, |planes| avg_pool2d(planes, options))
    }
}

/// Applies a map of `[batch, planes, height, width]` to tensors with any number of axes before height and width.
fn on_planes<const D: usize>(
    input: Tensor<D>,
    pool: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<D> {
    let mut dims = input.dims();
    let [batch, height, width] = [dims[0], dims[D - 2], dims[D - 1]];
    let planes = dims[1..D - 2].iter().product();
    let pooled = pool(input.reshape([batch, planes, height, width]));
    let [_, _, height, width] = pooled.dims();
    dims[D - 2] = height;
    dims[D - 1] = width;
    pooled.reshape(dims)
}

/// Panics where windows do not fit. Maps on a group of more than one element turn: of those a size that breaks exactness is
/// reported, once.
#[track_caller]
fn expect_windows<const D: usize>(
    layer: &str,
    (kernel_size, stride, padding): (usize, usize, usize),
    input: &Tensor<D>,
) {
    let dims = input.dims();
    assert!(
        D >= 4,
        "{layer} takes [batch, channels, …, height, width]; found {dims:?}"
    );
    let size = [dims[D - 2], dims[D - 1]];
    match validate_windows(kernel_size, stride, padding, Some(size)) {
        Ok(()) => {}
        Err(inexact @ LayerError::WindowsLeaveStrip { .. }) => {
            if D > 4 && dims[2] > 1 {
                warn_once(layer, &inexact);
            }
        }
        Err(error) => panic!("{layer}: {error}"),
    }
}

fn validate_windows(
    kernel_size: usize,
    stride: usize,
    padding: usize,
    input_size: Option<[usize; 2]>,
) -> Result<(), LayerError> {
    if kernel_size == 0 {
        return Err(LayerError::Zero {
            what: "the pooling window's side",
        });
    }
    if stride == 0 {
        return Err(LayerError::Zero {
            what: "the pooling stride",
        });
    }
    if 2 * padding > kernel_size {
        return Err(LayerError::PoolPadding {
            padding,
            kernel_size,
        });
    }
    // What cannot be computed comes before what isn't exact.
    for size in input_size.into_iter().flatten() {
        let padded = size + 2 * padding;
        if padded < kernel_size {
            return Err(LayerError::WindowTooLarge {
                kernel_size,
                padded,
            });
        }
    }
    for size in input_size.into_iter().flatten() {
        let padded = size + 2 * padding;
        let left_over = (padded - kernel_size) % stride;
        if left_over != 0 {
            return Err(LayerError::WindowsLeaveStrip {
                size,
                kernel_size,
                stride,
                padding,
                left_over,
                smaller: size.saturating_sub(left_over),
                larger: size + stride - left_over,
            });
        }
    }
    Ok(())
}
