//! Subsampling without aliases: a blur, then every second pixel.
//!
//! ```text
//! odd sides     out(i) = (in(2i − 1) + 2 in(2i) + in(2i + 1)) / 4
//! even sides    out(i) = (in(2i − 1) + 3 in(2i) + 3 in(2i + 1) + in(2i + 2)) / 8
//! ```
//!
//! along each axis, where beyond the border the last pixel goes on. A side of n pixels becomes one of ⌈n/2⌉. Which filter it is follows
//! from the side: with it the new pixels lie symmetrically on the old side, and right angles and reflections commute with the layer
//! exactly, at every size. After a maximum over neighbours ([`SpatialMaxPool2d`](crate::SpatialMaxPool2d) with stride 1) it is max-pooling
//! that forgets less of shifts. Source: Zhang 2019, "Making convolutional networks shift-invariant again".

use burn::prelude::*;

/// Configuration of a [`BlurPool2d`]. It has no settings.
#[derive(Config, Debug)]
pub struct BlurPool2dConfig {}

impl BlurPool2dConfig {
    /// Builds the layer. It has no parameters and lives on no device.
    pub fn init(&self) -> BlurPool2d {
        BlurPool2d {}
    }
}

/// Halves maps by a weighted mean over neighbours.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::BlurPool2dConfig;
///
/// # #[cfg(feature = "flex")] {
/// let half = BlurPool2dConfig::new().init();
/// let map = Tensor::<5>::ones([1, 10, 4, 15, 8], &Device::flex());
/// assert_eq!(half.forward(map).dims(), [1, 10, 4, 8, 4]);
/// # }
/// ```
#[derive(Module, Debug)]
pub struct BlurPool2d {}

impl BlurPool2d {
    /// # Shapes
    /// - input: `[batch, …, height, width]`: a map on the plane or on the group
    /// - output: `[batch, …, ⌈height / 2⌉, ⌈width / 2⌉]`
    ///
    /// # Panics
    /// If the input has no axes of a plane, or no pixels.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let dims = input.dims();
        assert!(
            D >= 3 && dims[D - 2..].iter().all(|side| *side > 0),
            "BlurPool2d takes maps of one pixel and more, [batch, …, height, width]; found {dims:?}"
        );
        let [height, width] = [dims[D - 2], dims[D - 1]];
        let planes: usize = dims[..D - 2].iter().product();
        let maps: Tensor<3> = input.reshape([planes, height, width]);
        let maps = along(along(maps, 1), 2);
        let mut smaller = dims;
        smaller[D - 2] = height.div_ceil(2);
        smaller[D - 1] = width.div_ceil(2);
        maps.reshape(smaller)
    }
}

/// Halved along an axis.
fn along(maps: Tensor<3>, axis: usize) -> Tensor<3> {
    let side = maps.dims()[axis];
    if side == 1 {
        return maps;
    }
    let weights: &[f64] = match side % 2 {
        1 => &[0.25, 0.5, 0.25],
        _ => &[0.125, 0.375, 0.375, 0.125],
    };
    let first = maps.clone().narrow(axis, 0, 1);
    let last = maps.clone().narrow(axis, side - 1, 1);
    let padded = Tensor::cat(vec![first, maps, last], axis);
    let half = side.div_ceil(2);
    let tap = |(offset, weight): (usize, &f64)| {
        let taps = (0..half)
            .map(|i| (2 * i + offset) as i64)
            .collect::<Vec<_>>();
        let taps = Tensor::<1, Int>::from_data(taps.as_slice(), &padded.device());
        padded.clone().select(axis, taps) * *weight
    };
    let sum = weights
        .iter()
        .enumerate()
        .map(tap)
        .reduce(|sum, own| sum + own);
    sum.unwrap_or(padded)
}
