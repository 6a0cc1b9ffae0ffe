//! What the CPU kernels do, as their tables: made from the paths of a layer.

use super::activation::{SIGMOID_SCALE, SILU_SCALE};
use super::attributes::couplings;
use super::layout::placed;
use super::paths::{Paths, ProductPath};
use crate::irreps::{Irrep, Irreps};
use gcnn_cpu::tensor_product::{GatePlan, GatheredPlan, Mixed, ProductPlan, Spread, Steps};
use std::ops::Range;

/// The steps of one path: `from(i)` and `to(k)` say where components start.
fn add(
    steps: &mut Steps,
    degrees: [usize; 3],
    attribute: impl Fn(usize) -> usize,
    from: impl Fn(usize) -> usize,
    to: impl Fn(usize) -> usize,
    width: usize,
) {
    let mut entries: Vec<_> = couplings(degrees[0], degrees[1], degrees[2]).collect();
    entries.sort_by_key(|&(left, right, output, _)| (output, left, right));
    for same in entries.chunk_by(|a, b| (a.0, a.2) == (b.0, b.2)) {
        let (left, _, output, _) = same[0];
        let terms = same
            .iter()
            .map(|&(_, right, _, value)| (attribute(right), value));
        steps.push(from(left), to(output), width, terms);
    }
}

/// Where component `component` of channel `channel` of each attribute block lies.
fn attribute_place(attributes: &Irreps, block: usize, channel: usize) -> impl Fn(usize) -> usize {
    let start = attributes.slices()[block].start;
    let channels = attributes.blocks()[block].multiplicity;
    move |component| start + component * channels + channel
}

/// The share of some neighbouring input blocks in the product, and the bias if it is to add that.
pub(super) fn product(paths: &Paths, inputs: Range<usize>, bias: bool) -> ProductPlan {
    let mut blocks = Vec::new();
    let mut contracted = 0;
    let biases = paths.bias_ranges();
    let slices = paths.input.slices();
    let base = slices.get(inputs.start).map_or(0, |slice| slice.start);
    let width: usize = inputs.clone().map(|block| slices[block].len()).sum();
    let mut steps = Steps::default();
    for (number, (out, place)) in placed(&paths.output).enumerate() {
        let into = || {
            let all = paths.list.iter();
            all.filter(|path| path.output == number && inputs.contains(&path.input))
        };
        let copies = |path: &&ProductPath| {
            let channels = paths.input.blocks()[path.input].multiplicity;
            (
                channels,
                paths.attributes.blocks()[path.attribute].multiplicity,
            )
        };
        let fan_in: usize = into().map(|path| copies(&path)).map(|(a, b)| a * b).sum();
        let row = into().next().map_or(0, |path| path.row);
        let mut column = 0;
        for path in into() {
            let (channels, attributes) = copies(&path);
            let from_irrep = paths.input.blocks()[path.input].irrep;
            let by_irrep = paths.attributes.blocks()[path.attribute].irrep;
            let start = slices[path.input].start - base;
            for channel in 0..attributes {
                add(
                    &mut steps,
                    [from_irrep.degree(), by_irrep.degree(), out.irrep.degree()],
                    attribute_place(&paths.attributes, path.attribute, channel),
                    |component| start + component * channels,
                    |component| contracted + component * fan_in + column,
                    channels,
                );
                column += channels;
            }
        }
        blocks.push(Mixed {
            start: place.start,
            components: out.irrep.dim(),
            channels: out.multiplicity,
            fan_in,
            contracted,
            weights: paths.matrices[number].start + row * out.multiplicity,
            bias: biases[number].clone().filter(|_| bias),
        });
        contracted += fan_in * out.irrep.dim();
    }
    ProductPlan {
        input: width,
        attributes: paths.attributes.dim(),
        output: paths.output.dim(),
        contracted,
        blocks,
        steps,
    }
}

/// The share of some neighbouring input blocks in the product of gathered features.
pub(super) fn gathered(paths: &Paths, inputs: Range<usize>) -> GatheredPlan {
    let slices = paths.input.slices();
    let base = slices.get(inputs.start).map_or(0, |slice| slice.start);
    let outputs = paths.output.slices();
    let mut blocks = Vec::new();
    let mut steps = Steps::default();
    let mut mixed = 0;
    for number in inputs.clone() {
        let block = paths.input.blocks()[number];
        let from = || paths.list.iter().filter(|path| path.input == number);
        let into = |path: &ProductPath| {
            let channels = paths.output.blocks()[path.output].multiplicity;
            (
                channels,
                paths.attributes.blocks()[path.attribute].multiplicity,
            )
        };
        let width: usize = from().map(into).map(|(a, b)| a * b).sum();
        let mut columns = Vec::new();
        let mut column = 0;
        for path in from() {
            let (channels, attributes) = into(path);
            let out = paths.output.blocks()[path.output];
            let by = paths.attributes.blocks()[path.attribute].irrep;
            let start = outputs[path.output].start;
            for channel in 0..attributes {
                let weights = path.weights.start + channel * block.multiplicity * channels;
                columns.push((column, channels, weights));
                add(
                    &mut steps,
                    [block.irrep.degree(), by.degree(), out.irrep.degree()],
                    attribute_place(&paths.attributes, path.attribute, channel),
                    |component| mixed + component * width + column,
                    |component| start + component * channels,
                    channels,
                );
                column += channels;
            }
        }
        blocks.push(Spread {
            start: slices[number].start - base,
            components: block.irrep.dim(),
            channels: block.multiplicity,
            mixed,
            width,
            columns,
        });
        mixed += width * block.irrep.dim();
    }
    GatheredPlan {
        input: inputs.map(|block| slices[block].len()).sum(),
        attributes: paths.attributes.dim(),
        output: paths.output.dim(),
        mixed,
        blocks,
        steps,
    }
}

/// The gate between an input and an output.
pub(super) fn gate(input: &Irreps, output: &Irreps) -> GatePlan {
    let mut scalar = 0;
    let mut gate = output.multiplicity(Irrep::SCALAR);
    let mut others = input.slices().into_iter().skip(1);
    let (mut scalars, mut gated) = (Vec::new(), Vec::new());
    for (block, place) in placed(output) {
        let channels = block.multiplicity;
        if block.irrep.is_scalar() {
            scalars.push([scalar, place.start, channels]);
            scalar += channels;
        } else if let Some(from) = others.next() {
            gated.push([gate, from.start, place.start, block.irrep.dim(), channels]);
            gate += channels;
        }
    }
    GatePlan {
        input: input.dim(),
        output: output.dim(),
        silu: SILU_SCALE,
        sigmoid: SIGMOID_SCALE,
        scalars,
        gated,
    }
}
