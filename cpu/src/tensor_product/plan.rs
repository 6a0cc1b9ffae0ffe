//! What the kernels do, as lists that are made once.

use std::ops::Range;

/// to += (Σ_terms coefficient · attribute) · from, for `width` channels.
#[derive(Debug)]
pub(super) struct Step {
    pub from: usize,
    pub to: usize,
    pub width: usize,
    terms: Range<usize>,
    /// Whether this is the first step into `to`, which then needs no zeros.
    pub first: bool,
}

/// The steps of a contraction: which channels of a row, times which attributes, are added to which of another.
#[derive(Debug, Default)]
pub struct Steps {
    pub(super) list: Vec<Step>,
    /// Component of the attributes, coefficient.
    terms: Vec<(usize, f64)>,
}

impl Steps {
    /// Adds a step for `width` channels:
    ///
    /// ```text
    /// row'[to..to + width] += (Σ coefficient · attributes[component]) · row[from..from + width]
    /// ```
    ///
    /// Terms are pairs of a component and a coefficient. Steps with the same `to` follow one another.
    pub fn push(
        &mut self,
        from: usize,
        to: usize,
        width: usize,
        terms: impl IntoIterator<Item = (usize, f64)>,
    ) {
        let start = self.terms.len();
        self.terms.extend(terms);
        let first = self.list.last().is_none_or(|last| last.to != to);
        self.list.push(Step {
            from,
            to,
            width,
            terms: start..self.terms.len(),
            first,
        });
    }

    /// What a step multiplies by.
    #[inline(always)]
    pub(super) fn factor<T: crate::number::Number>(&self, step: &Step, attributes: &[T]) -> T {
        let mut factor = T::ZERO;
        for &(component, coefficient) in &self.terms[step.terms.clone()] {
            factor += T::of(coefficient) * attributes[component];
        }
        factor
    }

    /// The gradient of the attributes from that of a step's factor.
    #[inline(always)]
    pub(super) fn spread<T: crate::number::Number>(&self, step: &Step, factor: T, to: &mut [T]) {
        for &(component, coefficient) in &self.terms[step.terms.clone()] {
            to[component] += T::of(coefficient) * factor;
        }
    }
}

/// An output block of a [`ProductPlan`]: `[components, channels]`, mixed from `[components, fan_in]`.
#[derive(Debug)]
pub struct Mixed {
    /// Where it lies in an output row.
    pub start: usize,
    /// Components of each channel.
    pub components: usize,
    /// Channels that come out.
    pub channels: usize,
    /// Contracted channels.
    pub fan_in: usize,
    /// Where they lie in a contracted row: `[components, fan_in]`.
    pub contracted: usize,
    /// Where their weights `[fan_in, channels]` start.
    pub weights: usize,
    /// Where its biases are; it has a single component then.
    pub bias: Option<Range<usize>>,
}

/// Contract first, mix after: for features that have as many rows as the attributes.
#[derive(Debug)]
pub struct ProductPlan {
    /// Width of a row of features.
    pub input: usize,
    /// Width of a row of attributes, at least 1.
    pub attributes: usize,
    /// Width of an output row, at least 1.
    pub output: usize,
    /// Width of a contracted row.
    pub contracted: usize,
    /// The output's blocks. In a contracted row they lie one behind the other, in this order.
    pub blocks: Vec<Mixed>,
    /// From rows of features to contracted rows, block by block; every place of a contracted row is reached.
    pub steps: Steps,
}

impl ProductPlan {
    /// Multiplications for each row of attributes.
    pub fn cost(&self) -> usize {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| block.components * block.channels * block.fan_in)
            .sum()
    }
}

/// An input block of a [`GatheredPlan`], `[components, channels]`, and the channels that it is mixed to.
#[derive(Debug)]
pub struct Spread {
    /// Where the block lies in an input row.
    pub start: usize,
    /// Components of each channel.
    pub components: usize,
    /// Channels that go in.
    pub channels: usize,
    /// Where its mixed channels lie in a mixed row: `[components, width]`.
    pub mixed: usize,
    /// Mixed channels.
    pub width: usize,
    /// For each part of them, its first channel, their number, and where its `[channels, number]` weights start.
    pub columns: Vec<(usize, usize, usize)>,
}

/// Mix first, contract after: for features that are gathered to more rows than they have.
#[derive(Debug)]
pub struct GatheredPlan {
    /// Width of a row of features.
    pub input: usize,
    /// Width of a row of attributes, at least 1.
    pub attributes: usize,
    /// Width of an output row, at least 1.
    pub output: usize,
    /// Width of a mixed row.
    pub mixed: usize,
    /// The input's blocks.
    pub blocks: Vec<Spread>,
    /// From mixed rows to output rows.
    pub steps: Steps,
}

impl GatheredPlan {
    /// Multiplications for each row of features.
    pub fn cost(&self) -> usize {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| block.components * block.channels * block.width)
            .sum()
    }
}

/// What a gate does to an input row.
#[derive(Debug)]
pub struct GatePlan {
    /// Width of an input row, at least 1.
    pub input: usize,
    /// Width of an output row, at least 1.
    pub output: usize,
    /// What SiLU is multiplied by.
    pub silu: f64,
    /// What sigmoids are multiplied by.
    pub sigmoid: f64,
    /// SiLU: from, to, how many.
    pub scalars: Vec<[usize; 3]>,
    /// Gates: where they are, what they scale, to where, components, channels.
    pub gated: Vec<[usize; 5]>,
}
