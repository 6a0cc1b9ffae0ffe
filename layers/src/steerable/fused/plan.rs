//! What the kernels do, as lists: made once from the paths of a layer.

use crate::so3::Irreps;
use crate::steerable::attributes::couplings;
use crate::steerable::layout::placed;
use crate::steerable::paths::Paths;
use std::ops::Range;

/// to += (Σ_terms coefficient · attribute) · from, for `width` channels.
#[derive(Debug)]
pub(in crate::steerable) struct Step {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) width: usize,
    terms: Range<usize>,
    /// Whether this is the first step into `to`, which then needs no zeros.
    pub(super) first: bool,
}

/// Steps with their terms.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) list: Vec<Step>,
    /// Component of the attributes, coefficient.
    terms: Vec<(usize, f64)>,
}

impl Steps {
    /// The steps of one path: `from(i)` and `to(k)` say where components start.
    fn add(
        &mut self,
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
            let start = self.terms.len();
            let terms = same
                .iter()
                .map(|&(_, right, _, value)| (attribute(right), value));
            self.terms.extend(terms);
            let first = self.list.last().is_none_or(|last| last.to != to(output));
            self.list.push(Step {
                from: from(left),
                to: to(output),
                width,
                terms: start..self.terms.len(),
                first,
            });
        }
    }

    /// What a step multiplies by.
    #[inline(always)]
    pub(super) fn factor<T: super::matrix::Number>(&self, step: &Step, attributes: &[T]) -> T {
        let mut factor = T::ZERO;
        for &(component, coefficient) in &self.terms[step.terms.clone()] {
            factor += T::of(coefficient) * attributes[component];
        }
        factor
    }

    /// The gradient of the attributes from that of a step's factor.
    #[inline(always)]
    pub(super) fn spread<T: super::matrix::Number>(&self, step: &Step, factor: T, to: &mut [T]) {
        for &(component, coefficient) in &self.terms[step.terms.clone()] {
            to[component] += T::of(coefficient) * factor;
        }
    }
}

/// Where component `component` of channel `channel` of each attribute block lies.
fn attribute_place(attributes: &Irreps, block: usize, channel: usize) -> impl Fn(usize) -> usize {
    let start = attributes.slices()[block].start;
    let channels = attributes.blocks()[block].multiplicity;
    move |component| start + component * channels + channel
}

/// An output block of a [`ProductPlan`].
#[derive(Debug)]
pub(super) struct Mixed {
    /// Where it lies in an output row.
    pub(super) start: usize,
    pub(super) components: usize,
    pub(super) channels: usize,
    /// Contracted channels, those of the inputs that the plan is for.
    pub(super) fan_in: usize,
    /// Where they lie in a contracted row: `[components, fan_in]`.
    pub(super) contracted: usize,
    /// Where the first of their weights is.
    pub(super) weights: usize,
    /// Where its biases are.
    pub(super) bias: Option<Range<usize>>,
}

/// Contract first, mix after: for features that have as many rows as the attributes.
#[derive(Debug)]
pub(in crate::steerable) struct ProductPlan {
    pub(super) input: usize,
    pub(super) attributes: usize,
    pub(super) output: usize,
    /// Width of a contracted row.
    pub(super) contracted: usize,
    pub(super) blocks: Vec<Mixed>,
    pub(super) steps: Steps,
}

impl ProductPlan {
    /// The share of some neighbouring input blocks in the product, and the bias if it is to add that.
    pub(in crate::steerable) fn new(paths: &Paths, inputs: Range<usize>, bias: bool) -> Self {
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
            let copies = |path: &&super::super::paths::ProductPath| {
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
                    steps.add(
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
        Self {
            input: width,
            attributes: paths.attributes.dim(),
            output: paths.output.dim(),
            contracted,
            blocks,
            steps,
        }
    }
}

/// The channels that one input block is mixed to, for all paths from it.
#[derive(Debug)]
pub(super) struct Spread {
    /// Where the block lies in an input row.
    pub(super) start: usize,
    pub(super) components: usize,
    pub(super) channels: usize,
    /// Where its mixed channels lie in a mixed row: `[components, width]`.
    pub(super) mixed: usize,
    pub(super) width: usize,
    /// For each path, the first of its columns, their number, and where its `[channels, columns]` weights start.
    pub(super) columns: Vec<(usize, usize, usize)>,
}

/// Mix first, contract after: for features that are gathered to more rows than they have.
#[derive(Debug)]
pub(in crate::steerable) struct GatheredPlan {
    pub(super) input: usize,
    pub(super) attributes: usize,
    pub(super) output: usize,
    /// Width of a mixed row.
    pub(super) mixed: usize,
    pub(super) blocks: Vec<Spread>,
    pub(super) steps: Steps,
}

impl GatheredPlan {
    /// The share of some neighbouring input blocks in the product.
    pub(in crate::steerable) fn new(paths: &Paths, inputs: Range<usize>) -> Self {
        let slices = paths.input.slices();
        let base = slices.get(inputs.start).map_or(0, |slice| slice.start);
        let outputs = paths.output.slices();
        let mut blocks = Vec::new();
        let mut steps = Steps::default();
        let mut mixed = 0;
        for number in inputs.clone() {
            let block = paths.input.blocks()[number];
            let from = || paths.list.iter().filter(|path| path.input == number);
            let into = |path: &super::super::paths::ProductPath| {
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
                    steps.add(
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
        Self {
            input: inputs.map(|block| slices[block].len()).sum(),
            attributes: paths.attributes.dim(),
            output: paths.output.dim(),
            mixed,
            blocks,
            steps,
        }
    }

    /// Multiplications for each row of features when mixing comes first.
    pub(in crate::steerable) fn cost(&self) -> usize {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| block.components * block.channels * block.width)
            .sum()
    }
}

impl ProductPlan {
    /// Multiplications for each row of attributes when contraction comes first.
    pub(in crate::steerable) fn cost(&self) -> usize {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| block.components * block.channels * block.fan_in)
            .sum()
    }
}

/// What a gate does to an input row.
#[derive(Debug)]
pub(in crate::steerable) struct GatePlan {
    pub(super) input: usize,
    pub(super) output: usize,
    /// SiLU: from, to, how many.
    pub(super) scalars: Vec<[usize; 3]>,
    /// Gates: where they are, what they scale, to where, components, channels.
    pub(super) gated: Vec<[usize; 5]>,
}

impl GatePlan {
    pub(in crate::steerable) fn new(input: &Irreps, output: &Irreps) -> Self {
        let mut scalar = 0;
        let mut gate = output.multiplicity(crate::so3::Irrep::SCALAR);
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
        Self {
            input: input.dim(),
            output: output.dim(),
            scalars,
            gated,
        }
    }
}
