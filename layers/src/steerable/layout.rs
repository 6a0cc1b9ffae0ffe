//! Blocks of features as tensors.

use crate::LayerError;
use crate::irreps::{Block, Irreps};
use burn::prelude::*;
use std::ops::Range;

/// Checks that a tensor can hold features of these irreps; `what` names it in the error.
pub fn check_features(
    what: &'static str,
    irreps: &Irreps,
    features: &Tensor<2>,
) -> Result<(), LayerError> {
    let found = features.dims()[1];
    if found != irreps.dim() {
        return Err(LayerError::FeatureWidth {
            what,
            irreps: irreps.clone(),
            found,
        });
    }
    Ok(())
}

/// [`check_features`] where a layer's documentation promises the right width.
pub(super) fn expect_features(what: &'static str, irreps: &Irreps, features: &Tensor<2>) {
    if let Err(error) = check_features(what, irreps, features) {
        panic!("{error}");
    }
}

/// Blocks with the place where each lies.
pub(super) fn placed(irreps: &Irreps) -> impl Iterator<Item = (Block, Range<usize>)> + '_ {
    irreps.blocks().iter().copied().zip(irreps.slices())
}

/// One block of features, `[rows, dim]` to `[rows, 2l+1, multiplicity]`.
pub(super) fn block(features: &Tensor<2>, block: Block, range: Range<usize>) -> Tensor<3> {
    let rows = features.dims()[0];
    features
        .clone()
        .slice([0..rows, range])
        .reshape([rows, block.irrep.dim(), block.multiplicity])
}

/// Joins blocks into features, the inverse of [`block`]. There is at least one block.
pub(super) fn join(blocks: Vec<Tensor<3>>) -> Tensor<2> {
    let mut flat = blocks.into_iter().map(|block| {
        let [rows, components, multiplicity] = block.dims();
        block.reshape([rows, components * multiplicity])
    });
    let first = flat.next();
    let rest: Vec<_> = flat.collect();
    match first {
        Some(first) if rest.is_empty() => first,
        first => Tensor::cat(first.into_iter().chain(rest).collect(), 1),
    }
}

/// Mixes the channels of a block: `[rows, 2l+1, channels]` times `[channels, mixed]`.
pub(super) fn mix(block: Tensor<3>, weight: Tensor<2>) -> Tensor<3> {
    let [rows, components, channels] = block.dims();
    let mixed = weight.dims()[1];
    block
        .reshape([rows * components, channels])
        .matmul(weight)
        .reshape([rows, components, mixed])
}

/// A table in double precision as a constant of the given type, on the device of `like`.
pub(super) fn constant(values: Vec<f64>, shape: [usize; 2], like: &Tensor<2>) -> Tensor<2> {
    Tensor::from_data(
        TensorData::new(values, shape),
        (&like.device(), like.dtype()),
    )
}
