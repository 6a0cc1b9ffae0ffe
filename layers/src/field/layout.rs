//! Fields as parts of tensors.
//!
//! ```text
//! channels        field after field, each with its components: [multiplicity, dim] inside a block
//! numbers         one for each field, `[fields]`, or one for each direction that nothing changes, `[invariants]`
//! ```

use burn::prelude::*;

use super::representation::FieldType;

/// What belongs to fields, to channels and to directions that nothing changes, and how one is made of the other.
#[derive(Module, Debug)]
pub(super) struct Layout {
    blocks: Vec<BlockLayout>,
}

#[derive(Module, Debug)]
struct BlockLayout {
    multiplicity: usize,
    dim: usize,
    /// The directions of a field that nothing changes, orthonormal, `[invariants, dim]`.
    invariants: Option<Tensor<2>>,
}

impl BlockLayout {
    fn invariants(&self) -> usize {
        let each = self.invariants.as_ref();
        self.multiplicity * each.map_or(0, |directions| directions.dims()[0])
    }
}

impl Layout {
    pub(super) fn new(fields: &FieldType, device: &Device) -> Self {
        let blocks = fields.blocks().iter().map(|block| {
            let (dim, directions) = (
                block.representation.dim(),
                block.representation.invariants(),
            );
            let dims = [directions.len(), dim];
            BlockLayout {
                multiplicity: block.multiplicity,
                dim,
                invariants: (!directions.is_empty())
                    .then(|| Tensor::from_data(TensorData::new(directions.concat(), dims), device)),
            }
        });
        Self {
            blocks: blocks.collect(),
        }
    }

    /// Numbers of fields as numbers of their channels.
    pub(super) fn repeated(&self, of_fields: Tensor<1>) -> Tensor<1> {
        let mut start = 0;
        let parts = self.blocks.iter().map(|block| {
            start += block.multiplicity;
            let own = of_fields
                .clone()
                .narrow(0, start - block.multiplicity, block.multiplicity);
            own.unsqueeze_dim::<2>(1)
                .repeat_dim(1, block.dim)
                .reshape([block.multiplicity * block.dim])
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// The mean over the channels of each field.
    pub(super) fn means(&self, of_channels: Tensor<1>) -> Tensor<1> {
        let parts = self.own(of_channels).map(|(block, own)| {
            let means: Tensor<1> = own.mean_dim(1).squeeze_dim(1);
            means.reshape([block.multiplicity])
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// What a vector of channels is along the directions that nothing changes; none where there are no such directions.
    pub(super) fn along_invariants(&self, of_channels: Tensor<1>) -> Option<Tensor<1>> {
        let parts = self.own(of_channels).filter_map(|(block, own)| {
            let directions = block.invariants.clone()?.cast(own.dtype());
            let along = own.matmul(directions.transpose());
            Some(along.reshape([block.invariants()]))
        });
        let parts: Vec<_> = parts.collect();
        (!parts.is_empty()).then(|| Tensor::cat(parts, 0))
    }

    /// The vector of channels that is so much along each direction that nothing changes.
    pub(super) fn of_invariants(&self, along: Tensor<1>) -> Tensor<1> {
        let (mut start, device, dtype) = (0, along.device(), along.dtype());
        let parts = self.blocks.iter().map(|block| {
            let channels = [block.multiplicity * block.dim];
            let Some(directions) = block.invariants.clone() else {
                return Tensor::zeros(channels, (&device, dtype));
            };
            let count = block.invariants();
            start += count;
            let own = along.clone().narrow(0, start - count, count);
            let own: Tensor<2> = own.reshape([block.multiplicity, count / block.multiplicity]);
            own.matmul(directions.cast(dtype)).reshape(channels)
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// The channels of each block, `[multiplicity, dim]`.
    fn own(&self, of_channels: Tensor<1>) -> impl Iterator<Item = (&BlockLayout, Tensor<2>)> {
        let mut start = 0;
        self.blocks.iter().map(move |block| {
            let count = block.multiplicity * block.dim;
            start += count;
            let own = of_channels.clone().narrow(0, start - count, count);
            (block, own.reshape([block.multiplicity, block.dim]))
        })
    }
}

/// How many directions nothing changes.
pub(super) fn invariants(fields: &FieldType) -> usize {
    let blocks = fields.blocks().iter();
    let of_block = blocks.map(|block| {
        let irreps = block.representation.irreps().into_iter();
        block.multiplicity * irreps.filter(|irrep| irrep.is_trivial()).count()
    });
    of_block.sum()
}

/// Features block by block, `[batch, multiplicity, dim, height, width]`.
pub(super) fn blocks(fields: &FieldType, features: Tensor<4>) -> Vec<Tensor<5>> {
    let [batch, _, height, width] = features.dims();
    let blocks = fields.blocks().iter().zip(fields.slices());
    let own = blocks.map(|(block, channels)| {
        let dim = block.representation.dim();
        let own = features.clone().narrow(1, channels.start, channels.len());
        own.reshape([batch, block.multiplicity, dim, height, width])
    });
    own.collect()
}

/// The inverse of [`blocks`].
pub(super) fn joined(blocks: Vec<Tensor<5>>) -> Tensor<4> {
    let mut flat: Vec<Tensor<4>> = blocks
        .into_iter()
        .map(|block| {
            let [batch, multiplicity, dim, height, width] = block.dims();
            block.reshape([batch, multiplicity * dim, height, width])
        })
        .collect();
    match flat.len() {
        1 => flat.remove(0),
        _ => Tensor::cat(flat, 1),
    }
}

/// Checks that a tensor has the channels of fields; `layer` names who asks.
#[track_caller]
pub(super) fn expect_fields(layer: &str, fields: &FieldType, features: &Tensor<4>) {
    let (dims, channels) = (features.dims(), fields.dim());
    assert!(
        dims[1] == channels,
        "{layer} takes the fields {fields}, [batch, {channels}, height, width]; found {dims:?}"
    );
}
