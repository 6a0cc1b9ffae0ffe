//! Normalisation of fields within one example: over groups of fields, or over all fields at each place.
//!
//! ```text
//! group    out(b, c, h, x) = γ_c · (f(b, c, h, x) − μ) / √(σ² + ε) + β_c      μ, σ² over the fields of c's group, H and the plane
//! layer    the same                                                          μ, σ² over all fields and H, at x
//! ```
//!
//! Neither knows the batch, so that training and evaluation are the same, and batches of one example are as good as any. H permutes what
//! the statistics are taken over, and the plane turns with them: both commute with H exactly. Sources: Wu and He 2018 (group
//! normalisation); Ba, Kiros and Hinton 2016 (layer normalisation), at each place as in Liu et al. 2022 (ConvNeXt).

use burn::module::Param;
use burn::prelude::*;

use crate::{LayerError, Parameters, expect};

/// Over what statistics are taken.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum FieldNormKind {
    /// Over so many groups of neighbouring fields, each with H and the plane.
    Groups(usize),
    /// Over all fields and H, at each place.
    Layer,
}

/// Configuration of a [`FieldNorm`].
#[derive(Config, Debug)]
pub struct FieldNormConfig {
    /// Number of fields.
    pub channels: usize,
    /// Over what statistics are taken.
    pub kind: FieldNormKind,
    /// Added to the variance, against division by zero.
    #[config(default = 1e-5)]
    pub epsilon: f64,
}

impl FieldNormConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        if self.channels == 0 {
            return Err(LayerError::Zero {
                what: "the number of fields",
            });
        }
        match self.kind {
            FieldNormKind::Groups(0) => {
                return Err(LayerError::Zero {
                    what: "the number of groups of fields",
                });
            }
            FieldNormKind::Groups(groups) if !self.channels.is_multiple_of(groups) => {
                return Err(LayerError::UnequalGroups {
                    fields: self.channels,
                    groups,
                });
            }
            FieldNormKind::Groups(_) | FieldNormKind::Layer => {}
        }
        if self.epsilon.is_finite() && self.epsilon > 0.0 {
            return Ok(());
        }
        Err(LayerError::OutOfRange {
            what: "the epsilon of a normalisation",
            value: self.epsilon,
            range: "positive and finite",
        })
    }

    /// What the layer learns, by name and shape; nothing is made for it.
    pub fn parameters(&self) -> Parameters {
        let own = Parameters::new().with("scale", [self.channels]);
        own.with("shift", [self.channels])
    }

    /// Builds the layer: scale 1, shift 0.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> FieldNorm {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("FieldNorm: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<FieldNorm, LayerError> {
        self.validate()?;
        Ok(FieldNorm {
            scale: Param::from_tensor(Tensor::ones([self.channels], device)),
            shift: Param::from_tensor(Tensor::zeros([self.channels], device)),
            kind: self.kind,
            epsilon: self.epsilon,
        })
    }
}

/// Normalises the fields of each example by themselves.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{FieldNormConfig, FieldNormKind};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let norm = FieldNormConfig::new(12, FieldNormKind::Groups(3)).init(&device);
/// let map = Tensor::<5>::ones([2, 12, 4, 7, 7], &device);
/// assert_eq!(norm.forward(map).dims(), [2, 12, 4, 7, 7]);
/// # }
/// ```
#[derive(Module, Debug)]
pub struct FieldNorm {
    /// γ, `[channels]`.
    pub scale: Param<Tensor<1>>,
    /// β, `[channels]`.
    pub shift: Param<Tensor<1>>,
    #[module(skip)]
    kind: FieldNormKind,
    #[module(skip)]
    epsilon: f64,
}

impl FieldNorm {
    /// # Shapes
    /// - input: `[batch, channels, height, width]` or `[batch, channels, group, height, width]`
    /// - output: the same
    ///
    /// # Panics
    /// If the input has another number of fields, or numbers of another type than the layer.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let (dims, scale) = (input.dims(), self.scale.val());
        let [fields] = scale.dims();
        expect::channels("FieldNorm", fields, &input);
        expect::numbers("FieldNorm", scale.dtype(), input.dtype());
        assert!(
            D >= 4,
            "FieldNorm takes maps, [batch, {fields}, …, height, width]; found {dims:?}"
        );
        let plane = dims[D - 2] * dims[D - 1];
        let own = dims[2..D - 2].iter().product::<usize>();
        // What statistics are taken over is the second axis.
        let shape = match self.kind {
            FieldNormKind::Groups(groups) => [dims[0] * groups, fields / groups * own * plane, 1],
            FieldNormKind::Layer => [dims[0], fields * own, plane],
        };
        let values: Tensor<3> = input.reshape(shape);
        let centred = values.clone() - values.mean_dim(1);
        let variance = centred.clone().square().mean_dim(1);
        let normal = centred / (variance + self.epsilon).sqrt();
        let mut line = [1; D];
        line[1] = fields;
        normal.reshape(dims) * scale.reshape(line) + self.shift.val().reshape(line)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::{Group, group_action};
    use burn::tensor::Distribution;

    fn map(dims: [usize; 5]) -> Tensor<5> {
        Tensor::random(dims, Distribution::Normal(2.0, 3.0), &Device::flex())
    }

    fn kinds() -> [FieldNormKind; 4] {
        use FieldNormKind::{Groups, Layer};
        [Groups(1), Groups(2), Groups(6), Layer]
    }

    #[test]
    fn commutes_with_every_element() {
        let group: Group = "D4".parse().unwrap();
        let input = map([2, 6, 8, 5, 5]);
        for kind in kinds() {
            let mut norm = FieldNormConfig::new(6, kind).init(&Device::flex());
            let random = Tensor::random([6], Distribution::Default, &Device::flex());
            norm.scale = Param::from_tensor(random);
            for g in group.elements() {
                let turned = norm.forward(group_action(&group, g, input.clone()));
                let expected = group_action(&group, g, norm.forward(input.clone()));
                let error: f64 = (turned - expected).abs().max().into_scalar();
                assert!(error < 1e-5, "{kind:?}: {error}");
            }
        }
    }

    #[test]
    fn moments_are_zero_and_one() {
        let input = map([2, 6, 4, 5, 5]);
        for (kind, shape) in [
            (FieldNormKind::Groups(3), [6, 2 * 4 * 25, 1]),
            (FieldNormKind::Layer, [2, 24, 25]),
        ] {
            let norm = FieldNormConfig::new(6, kind).init(&Device::flex());
            let values: Tensor<3> = norm.forward(input.clone()).reshape(shape);
            let mean: f64 = values.clone().mean_dim(1).abs().max().into_scalar();
            let variance = values.square().mean_dim(1) - 1.0;
            let off: f64 = variance.abs().max().into_scalar();
            assert!(mean < 1e-5 && off < 1e-3, "{kind:?}: {mean}, {off}");
        }
    }

    /// On the plane, one group for each field is Burn's instance normalisation, and one for all its group normalisation.
    #[test]
    fn agrees_with_burns() {
        let device = Device::flex();
        let input = map([2, 6, 1, 5, 5]).squeeze_dim::<4>(2);
        for groups in [1, 3, 6] {
            let own = FieldNormConfig::new(6, FieldNormKind::Groups(groups)).init(&device);
            let burns = burn::nn::GroupNormConfig::new(groups, 6).init(&device);
            let difference = own.forward(input.clone()) - burns.forward(input.clone());
            let error: f64 = difference.abs().max().into_scalar();
            assert!(error < 1e-4, "{groups}: {error}");
        }
    }

    #[test]
    fn every_parameter_has_a_gradient() {
        let device = Device::flex().autodiff();
        let input = Tensor::<5>::from_data(map([2, 6, 4, 3, 3]).into_data(), &device);
        for kind in kinds() {
            let norm = FieldNormConfig::new(6, kind).init(&device);
            let output = norm.forward(input.clone());
            let gradients = (output.clone() * output * input.clone()).sum().backward();
            for parameter in [&norm.scale, &norm.shift] {
                let gradient = parameter.val().grad(&gradients).unwrap();
                assert!(gradient.abs().min().into_scalar::<f64>() > 1e-6, "{kind:?}");
            }
        }
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let refused = |channels, kind| FieldNormConfig::new(channels, kind).validate().is_err();
        assert!(refused(0, FieldNormKind::Layer));
        assert!(refused(6, FieldNormKind::Groups(0)));
        assert!(refused(6, FieldNormKind::Groups(4)));
        let epsilon = FieldNormConfig::new(6, FieldNormKind::Layer).with_epsilon(-1.0);
        assert!(epsilon.validate().is_err());
    }
}
