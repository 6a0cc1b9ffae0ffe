//! The two attentions, with filter banks in place of group convolutions.
//!
//! ```text
//! α_C = σ(W₂ (ReLU(W₁ mean_x f) + ReLU(W₁ max_x f)))
//! α_S = σ(k ∗ [mean_c α_C f, max_c α_C f])
//! ```
//!
//! A 1×1 convolution of a map that has one position is a matrix. Where k has more responses than the map has elements of H, α_S
//! takes the largest of those that belong to each element.

use burn::prelude::*;
use burn::tensor::activation::{relu, sigmoid};

use crate::convolution::dense::{Conv2dOptions, conv2d};

/// What a gate computes with.
pub(super) struct Banks {
    /// W₁, `[hidden · order, channels · order, 1, 1]`.
    pub(super) squeeze: Tensor<4>,
    /// W₂, `[channels · order, hidden · order, 1, 1]`.
    pub(super) excite: Tensor<4>,
    /// k, `[responses, 2 · order, height, width]`; the responses are a multiple of the order.
    pub(super) spatial: Tensor<4>,
    /// Pixels between the taps of k.
    pub(super) dilation: [usize; 2],
}

/// What a gate makes of a map.
pub(super) struct Attended {
    /// α_C, `[batch, channels, order, 1, 1]`.
    pub(super) channel: Tensor<5>,
    /// α_S, `[batch, 1, order, height, width]`.
    pub(super) spatial: Tensor<5>,
    /// α_C f.
    pub(super) map: Tensor<5>,
}

impl Banks {
    /// f − α_S α_C f.
    ///
    /// # Shapes
    /// - map: `[batch, channels, order, height, width]`
    /// - output: the same
    pub(super) fn gate(&self, map: Tensor<5>) -> Tensor<5> {
        let attended = self.attend(map.clone());
        map - attended.spatial * attended.map
    }

    /// Both attentions to a map `[batch, channels, order, height, width]`.
    pub(super) fn attend(&self, map: Tensor<5>) -> Attended {
        let channel = self.channel(map.clone());
        let map = channel.clone() * map;
        Attended {
            spatial: self.spatial(map.clone()),
            channel,
            map,
        }
    }

    fn channel(&self, map: Tensor<5>) -> Tensor<5> {
        let [batch, channels, order, height, width] = map.dims();
        let places: Tensor<3> = map.reshape([batch, channels * order, height * width]);
        let statistics = Tensor::cat(vec![places.clone().mean_dim(2), places.max_dim(2)], 0);
        let hidden = relu(statistics.squeeze_dim::<2>(2).matmul(matrix(&self.squeeze)));
        // W₂ is linear: the sum of both may come before it.
        let hidden = hidden.clone().narrow(0, 0, batch) + hidden.narrow(0, batch, batch);
        let attention = sigmoid(hidden.matmul(matrix(&self.excite)));
        attention.reshape([batch, channels, order, 1, 1])
    }

    fn spatial(&self, map: Tensor<5>) -> Tensor<5> {
        let [batch, _, order, height, width] = map.dims();
        let statistics = Tensor::cat(vec![map.clone().mean_dim(1), map.max_dim(1)], 1);
        let statistics = statistics.reshape([batch, 2 * order, height, width]);
        let [responses, _, rows, columns] = self.spatial.dims();
        let [down, right] = self.dilation;
        let options = Conv2dOptions::new()
            .with_padding([down * (rows - 1) / 2, right * (columns - 1) / 2])
            .with_dilation(self.dilation);
        let responses_to = conv2d(statistics, self.spatial.clone(), None, options);
        let responses_to = match responses == order {
            true => responses_to.reshape([batch, 1, order, height, width]),
            false => responses_to
                .reshape([batch, order, responses / order, height, width])
                .max_dim(2)
                .swap_dims(1, 2),
        };
        sigmoid(responses_to)
    }
}

/// A 1×1 bank as a matrix from its inputs to its outputs.
fn matrix(bank: &Tensor<4>) -> Tensor<2> {
    let [outputs, inputs, _, _] = bank.dims();
    bank.clone().reshape([outputs, inputs]).transpose()
}
