//! Features, elements of O(3) and layers with known weights, in either precision.

use crate::irreps::{Irreps, Matrix3};
use crate::testing::noise;
use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::DType;

/// Rows of noise in the given precision.
pub(super) fn features(rows: usize, width: usize, seed: u64, at: &(Device, DType)) -> Tensor<2> {
    noise([rows, width], seed, &at.0).cast(at.1)
}

/// g x, by the plain matrices.
pub(super) fn turned(irreps: &Irreps, element: &Matrix3, features: &Tensor<2>) -> Tensor<2> {
    let values = irreps
        .transform(element, &numbers(features.clone()))
        .unwrap();
    let data = TensorData::new(values, features.dims());
    Tensor::from_data(data, (&features.device(), features.dtype()))
}

/// The numbers of a tensor in double precision.
pub(super) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// ‖a − b‖ / ‖b‖.
pub(super) fn distance(a: Tensor<2>, b: Tensor<2>) -> f64 {
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let size = norm(&mut b.iter().copied());
    assert!(size > 1e-3, "nothing to compare with");
    norm(&mut a.iter().zip(&b).map(|(a, b)| a - b)) / size
}

/// The layer with all its weights replaced by noise, in the given precision.
pub(super) fn with_noise<M: Module>(layer: M, seed: u64, at: &(Device, DType)) -> M {
    struct Noise<'a>(u64, &'a (Device, DType));
    impl ModuleMapper for Noise<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            self.0 += 1;
            let value = noise(tensor.dims(), self.0, &self.1.0).cast(self.1.1);
            Param::from_mapped_value(id, value, mapper)
        }
    }
    layer.map(&mut Noise(seed, at))
}
