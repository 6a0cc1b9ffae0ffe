//! Layers of fields: against escnn, against the regular half, under the groups, and in depth.

mod equivariance;
mod escnn;
mod guards;
mod regular;
mod variance;
mod vectors;

use burn::prelude::*;

use super::FieldType;

fn fields(text: &str) -> FieldType {
    text.parse().unwrap()
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// ‖a − b‖ / ‖b‖.
fn relative_error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    assert_eq!(a.dims(), b.dims());
    relative(&values(a), &values(b))
}

fn relative(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}
