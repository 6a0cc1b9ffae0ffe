//! Contraction and mixing of features that have a row of attributes each.

use super::matrix::{Part, add_scaled, dot, multiply};
use super::plan::ProductPlan;
use super::segments::{segment, total};
use crate::number::Number;
use crate::simd::vectorised;
use rayon::prelude::*;

/// What goes in.
pub(super) struct Inputs<'a, T> {
    pub(super) features: &'a [T],
    pub(super) attributes: &'a [T],
    pub(super) weights: &'a [T],
}

/// Which gradients are wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) features: bool,
    pub(super) attributes: bool,
    pub(super) weights: bool,
}

/// Gradients; those not wanted are empty.
pub(super) struct Gradients<T> {
    pub(super) features: Vec<T>,
    pub(super) attributes: Vec<T>,
    pub(super) weights: Vec<T>,
    pub(super) bias: Vec<T>,
}

/// Rows that are worked on at a time: as many as fit into a core's cache.
fn chunk<T>(plan: &ProductPlan) -> usize {
    const CACHE: usize = 192 * 1024;
    (CACHE / (plan.contracted.max(1) * size_of::<T>())).clamp(16, 256)
}

vectorised! {
    /// The contracted features of some rows, block by block `[rows, components, fan_in]`.
    fn contract<T: Number>(
        plan: &ProductPlan,
        features: &[T],
        attributes: &[T],
        contracted: &mut [T],
    ) {
        let rows = attributes.len() / plan.attributes;
        let places = places(plan, rows);
        for row in 0..rows {
            let features = &features[row * plan.input..][..plan.input];
            let attributes = &attributes[row * plan.attributes..][..plan.attributes];
            for (step, &(start, size)) in plan.steps.list.iter().zip(&places) {
                let to = &mut contracted[start + row * size..][..step.width];
                let from = &features[step.from..][..step.width];
                let factor = plan.steps.factor(step, attributes);
                if step.first {
                    for (to, &from) in to.iter_mut().zip(from) {
                        *to = factor * from;
                    }
                } else {
                    add_scaled(to, factor, from);
                }
            }
        }
    }
}

/// Where each step's place lies in the blocks of `rows` rows: that of the first row, and the distance between rows. Steps
/// come block by block.
fn places(plan: &ProductPlan, rows: usize) -> Vec<(usize, usize)> {
    let mut blocks = plan.blocks.iter();
    let (mut start, mut size) = (0, 0);
    let place = |to: usize| {
        while to >= start + size {
            let Some(block) = blocks.next() else { break };
            (start, size) = (block.contracted, block.components * block.fan_in);
        }
        (start * rows + (to - start), size)
    };
    let steps = plan.steps.list.iter();
    steps.map(|step| step.to).map(place).collect()
}

vectorised! {
    /// The gradients of some rows' features and attributes from those of their contraction; none where there is no room.
    fn expand<T: Number>(
        plan: &ProductPlan,
        rows: &Inputs<'_, T>,
        slopes: &[T],
        for_features: &mut [T],
        for_attributes: &mut [T],
    ) {
        let count = rows.attributes.len() / plan.attributes;
        let places = places(plan, count);
        for row in 0..count {
            let attributes = &rows.attributes[row * plan.attributes..][..plan.attributes];
            for (step, &(start, size)) in plan.steps.list.iter().zip(&places) {
                let slopes = &slopes[start + row * size..][..step.width];
                let from = row * plan.input + step.from;
                if !for_features.is_empty() {
                    let factor = plan.steps.factor(step, attributes);
                    add_scaled(&mut for_features[from..][..step.width], factor, slopes);
                }
                if !for_attributes.is_empty() {
                    let factor = dot(&rows.features[from..][..step.width], slopes);
                    let to = &mut for_attributes[row * plan.attributes..][..plan.attributes];
                    plan.steps.spread(step, factor, to);
                }
            }
        }
    }
}

pub(super) fn forward<T: Number>(plan: &ProductPlan, inputs: &Inputs<'_, T>, bias: &[T]) -> Vec<T> {
    let rows = inputs.attributes.len() / plan.attributes;
    let mut output = vec![T::ZERO; rows * plan.output];
    let chunk = chunk::<T>(plan).min(segment(rows));
    output
        .par_chunks_mut(chunk * plan.output)
        .zip(inputs.attributes.par_chunks(chunk * plan.attributes))
        .enumerate()
        .for_each_init(
            || vec![T::ZERO; chunk * plan.contracted],
            |contracted, (number, (output, attributes))| {
                let rows = attributes.len() / plan.attributes;
                let features = &inputs.features[number * chunk * plan.input..][..rows * plan.input];
                contract(plan, features, attributes, contracted);
                for block in &plan.blocks {
                    if let Some(range) = &block.bias {
                        for row in output.chunks_exact_mut(plan.output) {
                            row[block.start..block.start + block.channels]
                                .copy_from_slice(&bias[range.clone()]);
                        }
                    }
                    for component in 0..block.components {
                        let start = rows * block.contracted + component * block.fan_in;
                        let stride = block.components * block.fan_in;
                        let to = block.start + component * block.channels;
                        multiply(
                            [rows, block.fan_in, block.channels],
                            (&mut *output, Part::rows(to, plan.output)),
                            block.bias.is_some(),
                            (&contracted[..], Part::rows(start, stride)),
                            (inputs.weights, Part::rows(block.weights, block.channels)),
                        );
                    }
                }
            },
        );
    output
}

pub(super) fn backward<T: Number>(
    plan: &ProductPlan,
    inputs: &Inputs<'_, T>,
    gradient: &[T],
    wanted: Wanted,
    biases: usize,
) -> Gradients<T> {
    let rows = gradient.len() / plan.output;
    let segment = segment(rows);
    let zeros = |wanted: bool, length: usize| vec![T::ZERO; if wanted { length } else { 0 }];
    let mut for_features = zeros(wanted.features, rows * plan.input);
    let mut for_attributes = zeros(wanted.attributes, rows * plan.attributes);
    // Chunks of nothing where a gradient isn't wanted.
    let mut feature_parts: Vec<&mut [T]> = for_features
        .chunks_mut(segment * plan.input.max(1))
        .collect();
    let mut attribute_parts: Vec<&mut [T]> = for_attributes
        .chunks_mut(segment * plan.attributes)
        .collect();
    let count = rows.div_ceil(segment);
    feature_parts.resize_with(count, Default::default);
    attribute_parts.resize_with(count, Default::default);
    let parts: Vec<_> = feature_parts.into_iter().zip(attribute_parts).collect();

    let (weights, bias): (Vec<_>, Vec<_>) = parts
        .into_par_iter()
        .enumerate()
        .map(|(number, (for_features, for_attributes))| {
            let mut for_weights = zeros(wanted.weights, inputs.weights.len());
            let mut for_bias = vec![T::ZERO; biases];
            let start = number * segment;
            let end = rows.min(start + segment);
            let chunk = chunk::<T>(plan);
            let mut contracted = vec![T::ZERO; chunk * plan.contracted];
            let mut slopes = vec![T::ZERO; chunk * plan.contracted];
            for first in (start..end).step_by(chunk) {
                let last = end.min(first + chunk);
                let rows = last - first;
                let features = &inputs.features[first * plan.input..last * plan.input];
                let attributes =
                    &inputs.attributes[first * plan.attributes..last * plan.attributes];
                let gradient = &gradient[first * plan.output..last * plan.output];
                if wanted.weights {
                    contract(plan, features, attributes, &mut contracted);
                }
                for block in &plan.blocks {
                    if let Some(range) = block.bias.as_ref().filter(|_| biases > 0) {
                        for row in gradient.chunks_exact(plan.output) {
                            let row = &row[block.start..block.start + block.channels];
                            add_scaled(&mut for_bias[range.clone()], T::ONE, row);
                        }
                    }
                    for component in 0..block.components {
                        let start = rows * block.contracted + component * block.fan_in;
                        let inner = Part::rows(start, block.components * block.fan_in);
                        let from = block.start + component * block.channels;
                        let outer = Part::rows(from, plan.output);
                        let matrix = Part::rows(block.weights, block.channels);
                        if wanted.weights {
                            multiply(
                                [block.fan_in, rows, block.channels],
                                (&mut for_weights[..], matrix),
                                true,
                                (&contracted[..], inner.transposed()),
                                (gradient, outer),
                            );
                        }
                        if wanted.features || wanted.attributes {
                            multiply(
                                [rows, block.channels, block.fan_in],
                                (&mut slopes[..], inner),
                                false,
                                (gradient, outer),
                                (inputs.weights, matrix.transposed()),
                            );
                        }
                    }
                }
                if wanted.features || wanted.attributes {
                    // Empty stays empty.
                    let part = |numbers: &mut [T], width: usize| {
                        let at = (first - start) * width..(last - start) * width;
                        match numbers.is_empty() {
                            true => 0..0,
                            false => at,
                        }
                    };
                    let these = part(for_features, plan.input);
                    let those = part(for_attributes, plan.attributes);
                    expand(
                        plan,
                        &Inputs {
                            features,
                            attributes,
                            weights: inputs.weights,
                        },
                        &slopes,
                        &mut for_features[these],
                        &mut for_attributes[those],
                    );
                }
            }
            (for_weights, for_bias)
        })
        .unzip();
    Gradients {
        features: for_features,
        attributes: for_attributes,
        weights: total(weights),
        bias: total(bias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor_product::plan::{Mixed, Steps};

    /// Vectors times vectors: their scalar product is mixed to three scalars with a bias, the first component of one times
    /// the whole other to two channels of a vector.
    fn plan() -> ProductPlan {
        let (channels, mut steps) = (2, Steps::default());
        for i in 0..3 {
            steps.push(i * channels, 0, channels, [(i, 1.0)]);
        }
        for i in 0..3 {
            steps.push(i * channels, 2 + i * channels, channels, [(0, 0.5)]);
        }
        let scalars = Mixed {
            start: 0,
            components: 1,
            channels: 3,
            fan_in: 2,
            contracted: 0,
            weights: 0,
            bias: Some(0..3),
        };
        let vectors = Mixed {
            start: 3,
            components: 3,
            channels: 2,
            fan_in: 2,
            contracted: 2,
            weights: 6,
            bias: None,
        };
        ProductPlan {
            input: 6,
            attributes: 3,
            output: 9,
            contracted: 8,
            blocks: vec![scalars, vectors],
            steps,
        }
    }

    fn some(count: usize, seed: usize) -> Vec<f64> {
        let number = |i: usize| (((i + seed) * 2_654_435_761) >> 9) % 9;
        (0..count).map(|i| number(i) as f64 / 2.0 - 2.0).collect()
    }

    fn formula(x: &[f64], a: &[f64], w: &[f64], bias: &[f64]) -> Vec<f64> {
        let row = |(x, a): (&[f64], &[f64])| {
            let mut out = vec![0.0; 9];
            for o in 0..3 {
                let dot = |c: usize| (0..3).map(|i| x[2 * i + c] * a[i]).sum::<f64>();
                out[o] = bias[o] + (0..2).map(|c| w[3 * c + o] * dot(c)).sum::<f64>();
            }
            for (i, o) in (0..3).flat_map(|i| (0..2).map(move |o| (i, o))) {
                let term = |c: usize| w[6 + 2 * c + o] * 0.5 * a[0] * x[2 * i + c];
                out[3 + 2 * i + o] = term(0) + term(1);
            }
            out
        };
        x.chunks(6).zip(a.chunks(3)).flat_map(row).collect()
    }

    #[test]
    fn contraction_and_mixing_equal_their_formula_and_its_slopes() {
        let (plan, rows) = (plan(), 19);
        let mut values = [
            some(6 * rows, 1),
            some(3 * rows, 2),
            some(10, 3),
            some(3, 4),
        ];
        let inputs = Inputs {
            features: &values[0],
            attributes: &values[1],
            weights: &values[2],
        };
        let out = forward(&plan, &inputs, &values[3]);
        let expected = formula(&values[0], &values[1], &values[2], &values[3]);
        assert!(
            out.iter()
                .zip(&expected)
                .all(|(a, b)| (a - b).abs() < 1e-12)
        );
        let gradient = some(out.len(), 5);
        let wanted = Wanted {
            features: true,
            attributes: true,
            weights: true,
        };
        let found = backward(&plan, &inputs, &gradient, wanted, 3);
        let found = [found.features, found.attributes, found.weights, found.bias];
        let loss = |values: &[Vec<f64>; 4]| -> f64 {
            let out = formula(&values[0], &values[1], &values[2], &values[3]);
            out.iter().zip(&gradient).map(|(y, g)| y * g).sum()
        };
        // The loss is linear in each number: a step of 1 gives its slope.
        for (which, found) in found.iter().enumerate() {
            assert_eq!(found.len(), values[which].len());
            for i in (0..found.len()).step_by(3) {
                let before = loss(&values);
                values[which][i] += 1.0;
                let slope = loss(&values) - before;
                values[which][i] -= 1.0;
                assert!((slope - found[i]).abs() < 1e-9, "{which}, {i}");
            }
        }
    }

    #[test]
    #[should_panic]
    fn a_plan_for_wider_rows_is_refused() {
        let plan = plan();
        let inputs = Inputs {
            features: &[1f32; 5],
            attributes: &[1.0; 3],
            weights: &[1.0; 10],
        };
        forward(&plan, &inputs, &[0.0; 3]);
    }
}
