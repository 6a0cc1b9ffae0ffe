//! What a separable convolution is at inference: ordinary ones, one after the other.
//!
//! ```text
//! dsep            M[(o, h), (i, h')]        = δ_hh' m[o, i]
//! separable+2d    M[(o, s, θ), (i, s', θ')] = δ_ss' m[(o, θ), (i, θ')],  then for each field  δ_θθ' m[(o, s), s']
//! ```

use burn::nn::conv::Conv2d;
use burn::prelude::*;

use super::SeparableGroupConv2d;
use super::layer::FactorLayers;
use crate::convolution::export::ordinary;
use crate::convolution::{Padding2d, Window};
use crate::kernel::AngleOffsets;

impl SeparableGroupConv2d {
    /// The same map as ordinary convolutions, one after the other, from C_in·|H| to C_out·|H| channels. The last one has the
    /// layer's window; see [`Convolution::export`](crate::Convolution::export).
    pub fn export(&self) -> Vec<Conv2d> {
        match &self.factors {
            FactorLayers::Separable(layers) => {
                vec![layers.over_group.export(), layers.spatial.export()]
            }
            FactorLayers::Gsep(layers) => {
                let (window, bank) = layers
                    .plane
                    .window()
                    .around(layers.filter_bank(AngleOffsets::default()));
                vec![ordinary(bank, layers.plane.filter_bias(), window, 1)]
            }
            FactorLayers::Dsep(layers) => {
                let mixing = for_each(layers.mixing.filter_bank(), self.group.order());
                vec![pixelwise(mixing, 1), layers.depthwise.export()]
            }
            FactorLayers::Separable2d(layers) => {
                let rotations = layers.over_rotations.filter_bank();
                let scales = layers.along_scales.filter_bank();
                let [of_rotations, of_scales] = [
                    layers.over_rotations.group().order(),
                    layers.along_scales.group().order(),
                ];
                vec![
                    pixelwise(for_each_scale(rotations, of_rotations, of_scales), 1),
                    pixelwise(for_each(scales, of_rotations), self.channels[1]),
                    layers.spatial.export(),
                ]
            }
        }
    }
}

/// A convolution in one pixel.
fn pixelwise(matrix: Tensor<4>, groups: usize) -> Conv2d {
    let window = Window {
        kernel_size: 1.into(),
        stride: 1,
        padding: Padding2d::None,
        dilation: 1,
    };
    ordinary(matrix, None, window, groups)
}

/// A matrix `[out, in, 1, 1]` for each of some elements, which are the faster axis: `[out · elements, in · elements, 1, 1]`.
fn for_each(matrix: Tensor<4>, elements: usize) -> Tensor<4> {
    let [rows, columns, ..] = matrix.dims();
    let identity = Tensor::<2>::eye(elements, &matrix.device()).cast(matrix.dtype());
    let identity = identity.reshape([1, elements, 1, elements]);
    let all = matrix.reshape([rows, 1, columns, 1]) * identity;
    all.reshape([rows * elements, columns * elements, 1, 1])
}

/// A matrix over fields and rotations for each scale, which lies between the two.
fn for_each_scale(matrix: Tensor<4>, rotations: usize, scales: usize) -> Tensor<4> {
    let [rows, columns, ..] = matrix.dims();
    let [out, into] = [rows / rotations, columns / rotations];
    let identity = Tensor::<2>::eye(scales, &matrix.device()).cast(matrix.dtype());
    let identity: Tensor<6> = identity.reshape([1, scales, 1, 1, scales, 1]);
    let matrix: Tensor<6> = matrix.reshape([out, 1, rotations, into, 1, rotations]);
    (matrix * identity).reshape([rows * scales, columns * scales, 1, 1])
}
