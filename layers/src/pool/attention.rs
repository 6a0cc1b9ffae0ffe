//! Learnt pooling over H: a mean whose weights are told by the responses.
//!
//! ```text
//! a(x, h)     = softmax_h Σ_c w_c f_c(x, h)
//! (P f)_c(x)  = Σ_h a(x, h) f_c(x, h)
//! ```
//!
//! The weights move along H with the responses, so that the result turns with its input: P ∘ L_g = L_g ∘ P. With w = 0, where it begins, it
//! is the mean; with large ones the response that they point at. It lies between the two kinds of [`Projection`](super::Projection),
//! and all fields are read at the same orientation.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::activation::softmax;

use crate::{LayerError, Parameters, expect};

/// Configuration of an [`AttentionProjection`].
#[derive(Config, Debug)]
pub struct AttentionProjectionConfig {
    /// Number of fields.
    pub channels: usize,
}

impl AttentionProjectionConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        match self.channels {
            0 => Err(LayerError::Zero {
                what: "the number of fields",
            }),
            _ => Ok(()),
        }
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        Parameters::new().with("score", [self.channels])
    }

    /// Builds the layer: the mean over H.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> AttentionProjection {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("AttentionProjection: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<AttentionProjection, LayerError> {
        self.validate()?;
        Ok(AttentionProjection {
            score: Param::from_tensor(Tensor::zeros([self.channels], device)),
        })
    }
}

/// Pools a feature map on the group over H, by learnt weights.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::AttentionProjectionConfig;
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let pool = AttentionProjectionConfig::new(8).init(&device);
/// let map = Tensor::<5>::zeros([1, 8, 4, 12, 12], &device);
/// assert_eq!(pool.forward(map).dims(), [1, 8, 12, 12]);
/// # }
/// ```
#[derive(Module, Debug)]
pub struct AttentionProjection {
    /// w, `[channels]`.
    pub score: Param<Tensor<1>>,
}

impl AttentionProjection {
    /// # Shapes
    /// - input: `[batch, channels, group, height, width]`
    /// - output: `[batch, channels, height, width]`
    ///
    /// # Panics
    /// If the input has another number of fields, or numbers of another type than the layer.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<4> {
        (self.weights(&input) * input).sum_dim(2).squeeze_dim(2)
    }

    /// How much every orientation counts: a, `[batch, 1, group, height, width]`.
    ///
    /// # Panics
    /// As [`forward`](Self::forward).
    pub fn weights(&self, input: &Tensor<5>) -> Tensor<5> {
        let score = self.score.val();
        let [fields] = score.dims();
        expect::channels("AttentionProjection", fields, input);
        expect::numbers("AttentionProjection", score.dtype(), input.dtype());
        let scores = (input.clone() * score.reshape([1, fields, 1, 1, 1])).sum_dim(1);
        softmax(scores, 2)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::{Group, group_action, plane_action};
    use burn::tensor::Distribution;

    fn map(order: usize) -> Tensor<5> {
        Tensor::random(
            [2, 3, order, 5, 5],
            Distribution::Normal(0.0, 1.0),
            &Device::flex(),
        )
    }

    fn with_scores(scores: [f64; 3]) -> AttentionProjection {
        let device = Device::flex();
        AttentionProjection {
            score: Param::from_tensor(Tensor::from_data(scores, &device)),
        }
    }

    fn largest(difference: Tensor<4>) -> f64 {
        difference.abs().max().into_scalar()
    }

    #[test]
    fn turns_with_its_input() {
        let group: Group = "D4".parse().unwrap();
        let (pool, input) = (with_scores([1.5, -0.5, 2.0]), map(8));
        for g in group.elements() {
            let turned = pool.forward(group_action(&group, g, input.clone()));
            let expected = plane_action(&group, g, pool.forward(input.clone()));
            assert!(largest(turned - expected) < 1e-5);
        }
    }

    #[test]
    fn lies_between_mean_and_what_it_points_at() {
        let input = map(4);
        let fresh = AttentionProjectionConfig::new(3).init(&Device::flex());
        let mean = input.clone().mean_dim(2).squeeze_dim::<4>(2);
        assert!(largest(fresh.forward(input.clone()) - mean) < 1e-6);
        // The first field alone decides, and gives its maximum.
        let pointed = with_scores([1e4, 0.0, 0.0]).forward(input.clone());
        let most = input.narrow(1, 0, 1).max_dim(2).squeeze_dim::<4>(2);
        assert!(largest(pointed.narrow(1, 0, 1) - most) < 1e-5);
    }

    #[test]
    fn scores_are_trained() {
        let device = Device::flex().autodiff();
        let pool = AttentionProjectionConfig::new(3).init(&device);
        let input = Tensor::<5>::from_data(map(4).into_data(), &device);
        let output = pool.forward(input);
        let gradients = (output.clone() * output).sum().backward();
        let gradient = pool.score.val().grad(&gradients).unwrap();
        assert!(gradient.abs().min().into_scalar::<f64>() > 1e-6);
    }

    #[test]
    fn no_fields_are_refused() {
        assert!(AttentionProjectionConfig::new(0).validate().is_err());
    }
}
