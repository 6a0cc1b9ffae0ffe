//! Dropout on fields.
//!
//! ```text
//! out(b, c, h, x) = m(b, c) · f(b, c, h, x) / (1 − p),   m(b, c) = 0 with probability p, else 1
//! ```
//!
//! A field is kept or dropped as a whole, so every training step is equivariant by itself. Dropping single values
//! (`m` depends on h and x too), as the published P4CNN recipe does, is equivariant only on average over masks.
//! Source: Srivastava et al. 2014; Weiler & Cesa 2019 (field dropout).

use burn::module::{Flag, Param};
use burn::prelude::*;
use burn::tensor::Distribution;
use serde::{Deserialize, Serialize};

use crate::LayerError;

/// What [`FieldDropout`] drops at once. Written `field` and `value` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DropoutUnit {
    /// A channel with all its orientations and positions.
    #[default]
    Field,
    /// A single number.
    Value,
}

/// Configuration of a [`FieldDropout`].
#[derive(Config, Debug)]
pub struct FieldDropoutConfig {
    /// Probability of dropping a unit.
    pub probability: f64,
    /// What is dropped at once.
    #[config(default = "DropoutUnit::Field")]
    pub unit: DropoutUnit,
}

impl FieldDropoutConfig {
    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        if (0.0..1.0).contains(&self.probability) {
            return Ok(());
        }
        Err(LayerError::OutOfRange {
            what: "the dropout probability",
            value: self.probability,
            range: "at least 0 and below 1",
        })
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> FieldDropout {
        self.try_init()
            .unwrap_or_else(|error| panic!("FieldDropout: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<FieldDropout, LayerError> {
        self.validate()?;
        Ok(FieldDropout {
            probability: self.probability,
            unit: self.unit,
            training: Param::from_bool(true),
        })
    }
}

/// Drops fields at random in training; passes everything on unchanged in evaluation.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::FieldDropoutConfig;
///
/// let map = Tensor::<5>::ones([2, 10, 4, 7, 7], &Device::flex());
/// // No gradients on this device: evaluation.
/// let out = FieldDropoutConfig::new(0.3).init().forward(map.clone());
/// out.into_data().assert_eq(&map.into_data(), true);
/// ```
#[derive(Module, Debug)]
pub struct FieldDropout {
    probability: f64,
    #[module(skip)]
    unit: DropoutUnit,
    training: Param<Flag>,
}

impl FieldDropout {
    /// # Shapes
    /// - input: `[batch, channels, height, width]` or `[batch, channels, group, height, width]`
    /// - output: the same
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let device = input.device();
        if !self.drops(&device) {
            return input;
        }
        let dims = input.dims();
        let mask_dims = match self.unit {
            DropoutUnit::Field => std::array::from_fn(|axis| if axis < 2 { dims[axis] } else { 1 }),
            DropoutUnit::Value => dims,
        };
        let keep = 1.0 - self.probability;
        // The mask needs no gradient: on the plain device, the graph takes it as a constant.
        let mask = Tensor::random(
            mask_dims,
            Distribution::Bernoulli(keep),
            (&device.inner(), input.dtype()),
        );
        input * mask.div_scalar(keep)
    }

    fn drops(&self, device: &Device) -> bool {
        // A frozen part of a network stays on the device that trains the rest, hence both conditions.
        device.is_autodiff() && self.training.is_enabled() && self.probability > 0.0
    }

    /// A mask for this forward pass, or none where the layer passes everything on.
    #[cfg(feature = "flex")]
    pub(super) fn mask(&self, device: &Device) -> Option<gcnn_cpu::normalisation::Mask> {
        use gcnn_cpu::normalisation::Mask;
        self.drops(device).then(|| match self.unit {
            DropoutUnit::Field => Mask::of_fields(self.probability, device),
            DropoutUnit::Value => Mask::of_values(self.probability, device),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;
    use rstest::rstest;

    #[test]
    fn fields_are_dropped_whole_and_the_rest_is_scaled() {
        let device = Device::flex().autodiff();
        let map = Tensor::<5>::ones([64, 32, 4, 3, 3], &device);
        let out = FieldDropoutConfig::new(0.3).init().forward(map);
        let values: Vec<f32> = out.into_data().iter().collect();
        let mut kept = 0;
        for field in values.chunks(4 * 9) {
            assert!(
                field.iter().all(|v| *v == field[0]),
                "a field is torn: {field:?}"
            );
            if field[0] != 0.0 {
                assert!((field[0] - 1.0 / 0.7).abs() < 1e-6);
                kept += 1;
            }
        }
        // 2048 fields kept with probability 0.7: 1434 ± 21.
        assert!((1330..1540).contains(&kept), "kept {kept} of 2048");
    }

    #[test]
    fn values_are_dropped_one_by_one() {
        let device = Device::flex().autodiff();
        let layer = FieldDropoutConfig::new(0.5)
            .with_unit(DropoutUnit::Value)
            .init();
        let out = layer.forward(Tensor::<4>::ones([4, 4, 32, 32], &device));
        let values: Vec<f32> = out.into_data().iter().collect();
        let kept = values.iter().filter(|v| **v == 2.0).count();
        let dropped = values.iter().filter(|v| **v == 0.0).count();
        assert_eq!(kept + dropped, values.len());
        // 16384 values: half ± 64.
        assert!(
            (7800..8600).contains(&kept),
            "kept {kept} of {}",
            values.len()
        );
        for field in values.chunks(32 * 32) {
            assert!(field.contains(&0.0) && field.contains(&2.0));
        }
    }

    #[rstest]
    #[case::evaluation(Device::flex(), 0.5)]
    #[case::probability_zero(Device::flex().autodiff(), 0.0)]
    fn passes_everything_on_unchanged(#[case] device: Device, #[case] probability: f64) {
        let map = noise([2, 3, 4, 5, 5], 0, &device);
        let out = FieldDropoutConfig::new(probability)
            .init()
            .forward(map.clone());
        out.into_data().assert_eq(&map.into_data(), true);
    }

    #[rstest]
    #[case(1.0)]
    #[case(-0.1)]
    #[case(f64::NAN)]
    fn impossible_probabilities_are_refused(#[case] probability: f64) {
        let error = FieldDropoutConfig::new(probability).validate().unwrap_err();
        assert!(error.to_string().contains("dropout probability"));
    }
}
