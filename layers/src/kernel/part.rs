//! Responses whose kernels have one window, and that see the same inputs.
//!
//! ```text
//! rotations       one part: every response sees every input through a window of one size
//! scales          a part per scale: a coarser one has a larger window, and sees fewer scales that are coarser still
//! ```

use burn::prelude::*;

use super::layout::Layout;
use super::{KernelSize, Spaces};

/// A part of a kernel's responses.
#[derive(Module, Debug)]
pub(crate) struct Part {
    /// Which row of the weights `[relative, j]`, or of the turned kernels `[relative, h]`, each of the bank's `[h, h'(, z)]`
    /// is. One after the last is a row of zeros. Absent where they are in order.
    arrange: Option<Tensor<1, Int>>,
    /// Whether some pair of response and input has no weight.
    zeros: bool,
    /// Which inputs are seen, where not all are.
    seen: Option<Tensor<1, Int>>,
    /// Where each input of the group is among those that are seen, one after the last for those that aren't.
    among: Option<Tensor<1, Int>>,
    #[module(skip)]
    responses: Vec<usize>,
    #[module(skip)]
    inputs: usize,
    #[module(skip)]
    size: KernelSize,
}

/// Where every element merely permutes a kernel's weights: which weight tap z of element h takes, at `h · taps + z`, and how
/// many weights there are.
pub(super) type Permutation<'a> = (&'a [usize], usize);

/// The parts of a kernel, in the order of their first responses.
pub(super) fn parts(
    layout: &Layout,
    permutation: Option<Permutation>,
    spaces: &Spaces,
    device: &Device,
) -> Vec<Part> {
    let order_in = spaces.order_in();
    let rows = layout.pairs().chunks(order_in);
    // What a closed group leaves out, in going from one sampling to another, is left to zeros.
    let sees_all = spaces.turning().is_closed();
    let mut found: Vec<(KernelSize, Vec<usize>, Vec<usize>)> = Vec::new();
    for (h, row) in rows.enumerate() {
        let of_row = row.iter().enumerate();
        let seen: Vec<usize> = of_row.filter_map(|(k, g)| g.map(|_| k)).collect();
        // A response that sees nothing sees zeros.
        let seen = match sees_all || seen.is_empty() {
            true => (0..order_in).collect(),
            false => seen,
        };
        let size = layout.windows()[h];
        let own = |(other, inputs, _): &&mut (KernelSize, Vec<usize>, Vec<usize>)| {
            *other == size && *inputs == seen
        };
        match found.iter_mut().find(own) {
            Some((_, _, responses)) => responses.push(h),
            None => found.push((size, seen, vec![h])),
        }
    }
    let of = |(size, inputs, responses)| {
        Part::new(
            layout,
            permutation,
            order_in,
            (size, inputs, responses),
            device,
        )
    };
    found.into_iter().map(of).collect()
}

impl Part {
    fn new(
        layout: &Layout,
        permutation: Option<Permutation>,
        order_in: usize,
        (size, inputs, responses): (KernelSize, Vec<usize>, Vec<usize>),
        device: &Device,
    ) -> Self {
        let (taps, relative) = (size.taps(), layout.relative());
        let ints = |values: Vec<usize>| {
            let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
            Tensor::<1, Int>::from_data(values.as_slice(), device)
        };
        let pair = |h: usize, k: usize| layout.pairs()[h * order_in + k];
        let pairs: Vec<(usize, Option<usize>)> = (responses.iter().enumerate())
            .flat_map(|(place, &h)| inputs.iter().map(move |&k| (place, pair(h, k))))
            .collect();
        let zeros = pairs.iter().any(|(_, g)| g.is_none());
        let arrange = match permutation {
            // A permutation has one part, of all responses in their order.
            Some((source, weights)) => {
                let row = |h: usize, g: usize, z: usize| g * weights + source[h * taps + z];
                let rows = pairs.into_iter().flat_map(|(h, g)| {
                    (0..taps).map(move |z| g.map_or(relative * weights, |g| row(h, g, z)))
                });
                Some(ints(rows.collect()))
            }
            None => {
                let (count, last) = (responses.len(), relative * responses.len());
                let rows: Vec<usize> = pairs
                    .into_iter()
                    .map(|(place, g)| g.map_or(last, |g| g * count + place))
                    .collect();
                let in_order = rows.iter().enumerate().all(|(place, &row)| place == row);
                // Without a group axis the turned kernels are in order already.
                (!in_order || rows.len() != last).then(|| ints(rows))
            }
        };
        let all = inputs.len() == order_in;
        let among = (0..order_in).map(|k| inputs.iter().position(|&of| of == k));
        let among = among.map(|place| place.unwrap_or(inputs.len())).collect();
        Self {
            arrange,
            zeros,
            among: (!all).then(|| ints(among)),
            inputs: inputs.len(),
            seen: (!all).then(|| ints(inputs)),
            responses,
            size,
        }
    }

    /// The filters, from rows of weights or of turned kernels. A window is that of the part, unless the kernels are sampled
    /// in a smaller one.
    pub(super) fn bank(
        &self,
        rows: Tensor<2>,
        [c_out, c_in]: [usize; 2],
        size: KernelSize,
    ) -> Tensor<4> {
        let (h, [height, width]) = (self.responses(), size.height_and_width());
        let rows = match self.zeros {
            true => {
                let [_, numbers] = rows.dims();
                let zeros = Tensor::zeros([1, numbers], (&rows.device(), rows.dtype()));
                Tensor::cat(vec![rows, zeros], 0)
            }
            false => rows,
        };
        let filters = match &self.arrange {
            Some(order) => rows.select(0, order.clone()),
            None => rows,
        };
        filters
            .reshape([h, self.inputs, size.taps(), c_out, c_in])
            .permute([3, 0, 4, 1, 2])
            .reshape([c_out * h, c_in * self.inputs, height, width])
    }

    /// What the responses see of a map `[batch, channels, order_in, height, width]`.
    pub(crate) fn seen(&self, maps: Tensor<5>) -> Tensor<5> {
        match &self.seen {
            Some(seen) => maps.select(2, seen.clone()),
            None => maps,
        }
    }

    /// The responses' own elements of a map `[batch, channels, order, height, width]`.
    pub(crate) fn own(&self, maps: Tensor<5>) -> Tensor<5> {
        if self.responses.len() == maps.dims()[2] {
            return maps;
        }
        let own: Vec<i64> = self.responses.iter().map(|&h| h as i64).collect();
        let own = Tensor::<1, Int>::from_data(own.as_slice(), &maps.device());
        maps.select(2, own)
    }

    /// Filters `[…, inputs, height, width]` among all inputs, with zeros for those that aren't seen.
    pub(super) fn among_all(&self, filters: Tensor<4>, order_in: usize) -> Tensor<4> {
        let Some(among) = &self.among else {
            return filters;
        };
        let [count, _, height, width] = filters.dims();
        let (device, dtype) = (filters.device(), filters.dtype());
        let zeros = Tensor::zeros([count, 1, height, width], (&device, dtype));
        let all = Tensor::cat(vec![filters, zeros], 1).select(1, among.clone());
        debug_assert_eq!(all.dims()[1], order_in);
        all
    }

    /// The elements of the responses.
    pub(super) fn elements(&self) -> Vec<usize> {
        self.responses.clone()
    }

    /// How many responses there are.
    pub(crate) fn responses(&self) -> usize {
        self.responses.len()
    }

    /// How many inputs are seen.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The window.
    pub(crate) fn size(&self) -> KernelSize {
        self.size
    }

    /// Taps of the window.
    pub(super) fn taps(&self) -> usize {
        self.size.taps()
    }
}

/// A bank `[channels_out, channels_in, height, width]` in a larger window about the same centre, with zeros around it.
pub(crate) fn in_window(bank: Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    let [_, _, own_height, own_width] = bank.dims();
    let [above, beside] = [(height - own_height) / 2, (width - own_width) / 2];
    match [above, beside] {
        [0, 0] => bank,
        _ => bank.pad((beside, beside, above, above), 0.0),
    }
}
