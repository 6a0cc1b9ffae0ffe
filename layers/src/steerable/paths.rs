//! The paths of a tensor product: which block of the input meets which block of the attributes in which block of the
//! output, and where the weights of that path lie.

use super::layout::placed;
use crate::LayerError;
use crate::irreps::Irreps;
use std::ops::Range;

/// One path of a [`TensorProduct`](super::TensorProduct), by the numbers of the blocks it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductPath {
    /// Block of the input.
    pub input: usize,
    /// Block of the attributes.
    pub attribute: usize,
    /// Block of the output.
    pub output: usize,
    /// Where its weights lie in the layer's weight vector: a matrix row by row, a row for each channel of the attribute
    /// and, fastest, of the input, a column for each channel of the output.
    pub weights: Range<usize>,
    /// The first of those rows in the matrix of all paths into the output block.
    pub(super) row: usize,
}

/// The most weights of a product: 4 GiB of numbers, more than any network has. Below it, no arithmetic on them overflows.
const MOST_WEIGHTS: usize = 1 << 30;

/// All paths, and the matrices `[fan_in, channels]` of the output blocks, one after the other in the weight vector.
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) input: Irreps,
    pub(super) attributes: Irreps,
    pub(super) output: Irreps,
    /// In the order of input blocks, then attribute blocks, then output blocks.
    pub(super) list: Vec<ProductPath>,
    /// For each output block, the number of its channels' inputs.
    pub(super) fan_in: Vec<usize>,
    /// For each output block, where its matrix lies in the weight vector.
    pub(super) matrices: Vec<Range<usize>>,
}

impl Paths {
    pub(super) fn new(
        input: &Irreps,
        attributes: &Irreps,
        output: &Irreps,
    ) -> Result<Self, LayerError> {
        let mut list = Vec::new();
        let mut fan_in = vec![0; output.blocks().len()];
        for (i, left) in input.blocks().iter().enumerate() {
            for (a, right) in attributes.blocks().iter().enumerate() {
                for (o, out) in output.blocks().iter().enumerate() {
                    if left.irrep.couples(right.irrep, out.irrep) {
                        list.push(ProductPath {
                            input: i,
                            attribute: a,
                            output: o,
                            weights: 0..0,
                            row: fan_in[o],
                        });
                        let rows = left.multiplicity.saturating_mul(right.multiplicity);
                        fan_in[o] = rows.saturating_add(fan_in[o]);
                    }
                }
            }
        }
        let mut matrices = Vec::with_capacity(fan_in.len());
        let mut start = 0usize;
        for (block, &rows) in output.blocks().iter().zip(&fan_in) {
            if rows == 0 {
                return Err(LayerError::Unreachable {
                    block: *block,
                    output: output.clone(),
                    input: input.clone(),
                    attributes: attributes.clone(),
                });
            }
            let end = start.saturating_add(rows.saturating_mul(block.multiplicity));
            matrices.push(start..end);
            start = end;
        }
        if start > MOST_WEIGHTS {
            return Err(LayerError::TooManyWeights {
                weights: start,
                most: MOST_WEIGHTS,
            });
        }
        for path in &mut list {
            let channels = output.blocks()[path.output].multiplicity;
            let rows = input.blocks()[path.input].multiplicity
                * attributes.blocks()[path.attribute].multiplicity;
            let start = matrices[path.output].start + path.row * channels;
            path.weights = start..start + rows * channels;
        }
        Ok(Self {
            input: input.clone(),
            attributes: attributes.clone(),
            output: output.clone(),
            list,
            fan_in,
            matrices,
        })
    }

    /// How many weights there are.
    pub(super) fn weights(&self) -> usize {
        self.matrices.last().map_or(0, |last| last.end)
    }

    /// Channels that have a bias: scalars, which no element of O(3) moves.
    pub(super) fn biases(&self) -> usize {
        let scalars = self.output.blocks().iter();
        scalars
            .filter(|block| block.irrep.is_scalar())
            .map(|block| block.multiplicity)
            .sum()
    }

    /// For each output block, its range in the bias vector, if it has one.
    pub(super) fn bias_ranges(&self) -> Vec<Option<Range<usize>>> {
        let mut start = 0;
        placed(&self.output)
            .map(|(block, _)| {
                block.irrep.is_scalar().then(|| {
                    start += block.multiplicity;
                    start - block.multiplicity..start
                })
            })
            .collect()
    }
}
