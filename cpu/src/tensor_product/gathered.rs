//! Mixing of features where they are, contraction where they are gathered to.

use super::matrix::{Part, add_scaled, dot, multiply};
use super::plan::GatheredPlan;
use super::product::{Gradients, Inputs, Wanted};
use super::rows::RowIndex;
use super::segments::{segment, total};
use crate::number::Number;
use crate::simd::vectorised;
use rayon::prelude::*;

/// The weights from each input block to all its mixed channels, `[channels, width]` block by block.
fn pack<T: Number>(plan: &GatheredPlan, weights: &[T]) -> Vec<Vec<T>> {
    let blocks = plan.blocks.iter().map(|block| {
        let mut packed = vec![T::ZERO; block.channels * block.width];
        for &(column, count, start) in &block.columns {
            for channel in 0..block.channels {
                packed[channel * block.width + column..][..count]
                    .copy_from_slice(&weights[start + channel * count..][..count]);
            }
        }
        packed
    });
    blocks.collect()
}

/// Adds packed gradients where their weights are.
fn unpack<T: Number>(plan: &GatheredPlan, packed: &[Vec<T>], weights: &mut [T]) {
    for (block, packed) in plan.blocks.iter().zip(packed) {
        for &(column, count, start) in &block.columns {
            for channel in 0..block.channels {
                add_scaled(
                    &mut weights[start + channel * count..][..count],
                    T::ONE,
                    &packed[channel * block.width + column..][..count],
                );
            }
        }
    }
}

/// Mixed features of all rows.
fn mix<T: Number>(plan: &GatheredPlan, features: &[T], packed: &[Vec<T>], rows: usize) -> Vec<T> {
    let mut mixed = vec![T::ZERO; rows * plan.mixed];
    let segment = segment(rows);
    mixed
        .par_chunks_mut((segment * plan.mixed).max(1))
        .enumerate()
        .for_each(|(number, mixed)| {
            let rows = mixed.len() / plan.mixed;
            let features = &features[number * segment * plan.input..][..rows * plan.input];
            for (block, packed) in plan.blocks.iter().zip(packed) {
                for component in 0..block.components {
                    let from = block.start + component * block.channels;
                    let to = block.mixed + component * block.width;
                    multiply(
                        [rows, block.channels, block.width],
                        (&mut *mixed, Part::rows(to, plan.mixed)),
                        false,
                        (features, Part::rows(from, plan.input)),
                        (&packed[..], Part::rows(0, block.width)),
                    );
                }
            }
        });
    mixed
}

pub(super) fn forward<T: Number>(
    plan: &GatheredPlan,
    inputs: &Inputs<'_, T>,
    index: &RowIndex,
) -> Vec<T> {
    let packed = pack(plan, inputs.weights);
    let mixed = mix(plan, inputs.features, &packed, index.rows());
    let mut output = vec![T::ZERO; index.index().len() * plan.output];
    let segment = segment(index.index().len());
    output
        .par_chunks_mut((segment * plan.output).max(1))
        .zip(index.index().par_chunks(segment))
        .zip(inputs.attributes.par_chunks(segment * plan.attributes))
        .for_each(|((output, index), attributes)| {
            contract(plan, &mixed, index, attributes, output);
        });
    output
}

vectorised! {
    /// Adds to each row of output the contraction of the mixed row that it reads.
    fn contract<T: Number>(
        plan: &GatheredPlan,
        mixed: &[T],
        index: &[u32],
        attributes: &[T],
        output: &mut [T],
    ) {
        let rows = output
            .chunks_exact_mut(plan.output)
            .zip(index)
            .zip(attributes.chunks_exact(plan.attributes));
        for ((output, &read), attributes) in rows {
            let mixed = &mixed[read as usize * plan.mixed..][..plan.mixed];
            for step in &plan.steps.list {
                let factor = plan.steps.factor(step, attributes);
                let from = &mixed[step.from..][..step.width];
                add_scaled(&mut output[step.to..][..step.width], factor, from);
            }
        }
    }
}

vectorised! {
    /// The gradient of some mixed rows, from `first` on: from those of all rows that read them.
    fn collect<T: Number>(
        plan: &GatheredPlan,
        index: &RowIndex,
        first: usize,
        attributes: &[T],
        gradient: &[T],
        slopes: &mut [T],
    ) {
        for (row, slopes) in slopes.chunks_exact_mut(plan.mixed.max(1)).enumerate() {
            for &reader in index.readers(first + row) {
                let reader = reader as usize;
                let attributes = &attributes[reader * plan.attributes..][..plan.attributes];
                let gradient = &gradient[reader * plan.output..][..plan.output];
                for step in &plan.steps.list {
                    let factor = plan.steps.factor(step, attributes);
                    let from = &gradient[step.to..][..step.width];
                    add_scaled(&mut slopes[step.from..][..step.width], factor, from);
                }
            }
        }
    }
}

vectorised! {
    /// The gradient of one row of attributes.
    fn steer<T: Number>(plan: &GatheredPlan, mixed: &[T], gradient: &[T], to: &mut [T]) {
        for step in &plan.steps.list {
            let factor = dot(
                &mixed[step.from..][..step.width],
                &gradient[step.to..][..step.width],
            );
            plan.steps.spread(step, factor, to);
        }
    }
}

pub(super) fn backward<T: Number>(
    plan: &GatheredPlan,
    inputs: &Inputs<'_, T>,
    index: &RowIndex,
    gradient: &[T],
    wanted: Wanted,
) -> Gradients<T> {
    let packed = pack(plan, inputs.weights);
    let rows = index.rows();
    let mut for_attributes = Vec::new();
    if wanted.attributes {
        let mixed = mix(plan, inputs.features, &packed, rows);
        for_attributes = vec![T::ZERO; index.index().len() * plan.attributes];
        let readers = for_attributes.par_chunks_exact_mut(plan.attributes);
        readers.enumerate().for_each(|(reader, to)| {
            let mixed = &mixed[index.index()[reader] as usize * plan.mixed..][..plan.mixed];
            let gradient = &gradient[reader * plan.output..][..plan.output];
            steer(plan, mixed, gradient, to);
        });
    }
    let mut for_features = vec![T::ZERO; rows * plan.input];
    let segment = segment(rows);
    let weights: Vec<Vec<Vec<T>>> = for_features
        .par_chunks_mut((segment * plan.input).max(1))
        .enumerate()
        .map(|(number, for_features)| {
            let first = number * segment;
            let rows = for_features.len() / plan.input;
            let mut slopes = vec![T::ZERO; rows * plan.mixed];
            collect(plan, index, first, inputs.attributes, gradient, &mut slopes);
            let features = &inputs.features[first * plan.input..][..rows * plan.input];
            let blocks = plan.blocks.iter().zip(&packed);
            let for_packed = blocks.map(|(block, packed)| {
                let mut for_packed = vec![T::ZERO; packed.len()];
                for component in 0..block.components {
                    let outer = Part::rows(block.start + component * block.channels, plan.input);
                    let inner = Part::rows(block.mixed + component * block.width, plan.mixed);
                    let matrix = Part::rows(0, block.width);
                    if wanted.features {
                        multiply(
                            [rows, block.width, block.channels],
                            (&mut *for_features, outer),
                            false,
                            (&slopes[..], inner),
                            (&packed[..], matrix.transposed()),
                        );
                    }
                    if wanted.weights {
                        multiply(
                            [block.channels, rows, block.width],
                            (&mut for_packed[..], matrix),
                            true,
                            (features, outer.transposed()),
                            (&slopes[..], inner),
                        );
                    }
                }
                for_packed
            });
            for_packed.collect()
        })
        .collect();
    let mut for_weights = Vec::new();
    if wanted.weights {
        for_weights = vec![T::ZERO; inputs.weights.len()];
        for packed in &weights {
            unpack(plan, packed, &mut for_weights);
        }
    }
    Gradients {
        features: for_features,
        attributes: for_attributes,
        weights: for_weights,
        bias: total(Vec::new()),
    }
}
