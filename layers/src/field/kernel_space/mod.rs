//! The space of kernels between two representations. Plain f64, no tensors.
//!
//! ```text
//! constraint   K(g x) = ρ_out(g) K(x) ρ_in(g)⁻¹        for every g: the convolution with K then turns with its input
//! on a ring    K(r, φ) = exp(−(r − r_j)² / 2σ_j²) Σ_m (C_m cos mφ + S_m sin mφ),   m ≤ band of the ring
//! ```
//!
//! In the bases of the irreps the constraint falls into pairs of irreps, and leaves their frequencies m apart: what is fixed there is
//! a handful of matrices (`angular`), which no pixel has been asked about yet. Sampled on the pixel grid and taken back to the fields'
//! own bases they span the kernels. Rotations by 90° and the mirror map the grid to itself, so that under them the sampled kernels keep
//! the constraint exactly. The space is that of escnn's default settings.
//! Source: Weiler and Cesa 2019, section 2.5 and appendix F; Lang and Weiler 2021 for any compact group.

mod angular;
mod rings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::angular::Angular;
use self::rings::{Ring, rings};
use super::representation::{Decomposition, FieldError, Representation};
use crate::LayerError;
use crate::kernel::MAX_KERNEL_SIZE;

/// Numbers in all kernels of a space together.
const MAX_NUMBERS: usize = 1 << 25;

/// Kernels whose squares sum to no more than this lie between the pixels, and are left out.
const FAINT: f64 = 1e-2;

/// Where a kernel of the basis comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelElement {
    /// Which irrep of the output it leads to, in the order of its decomposition.
    pub output: usize,
    /// Which irrep of the input it comes from.
    pub input: usize,
    /// The radius of its ring, in pixels.
    pub radius: f64,
    /// Its angular frequency m.
    pub frequency: usize,
    /// The squares of what it makes of a constant, summed: Σ_ij (Σ_x K_ij(x))².
    pub of_constant: f64,
}

/// A basis of the kernels from one field to another, sampled on a square of pixels.
///
/// ```
/// use gcnn_layers::field::{FieldType, KernelSpace};
///
/// let fields: FieldType = "C4: trivial + regular".parse()?;
/// let [image, regular] = [0, 1].map(|block| &fields.blocks()[block].representation);
/// let kernels = KernelSpace::new(image, regular, 5)?;
/// // One in the middle, and frequencies up to 2 on two rings: 1 + 5 + 5.
/// assert_eq!(kernels.elements().len(), 11);
/// assert_eq!(kernels.values().len(), 11 * 4 * 1 * 5 * 5);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct KernelSpace {
    elements: Vec<KernelElement>,
    values: Vec<f64>,
    numbers: usize,
}

impl KernelSpace {
    /// The kernels from `input` to `output` on `size` × `size` pixels.
    pub fn new(
        input: &Representation,
        output: &Representation,
        size: usize,
    ) -> Result<Self, LayerError> {
        let (pieces, [input, output]) = pieces(input, output, size)?;
        let (d_in, d_out, taps) = (input.dim(), output.dim(), size * size);
        let numbers = d_in * d_out * taps;
        let mut values = vec![0.0; pieces.len() * numbers];
        for (piece, kernel) in pieces.iter().zip(values.chunks_exact_mut(numbers.max(1))) {
            let [rows, columns] = [
                output.range(piece.element.output),
                input.range(piece.element.input),
            ];
            let inner = columns.len();
            for (at, tap) in piece
                .values
                .iter()
                .enumerate()
                .filter(|(_, tap)| **tap != 0.0)
            {
                let (entry, tap_of) = (at / taps, at % taps);
                let (o, i) = (rows.start + entry / inner, columns.start + entry % inner);
                for row in 0..d_out {
                    let left = output.change(row, o) * tap;
                    for column in 0..d_in {
                        let place = (row * d_in + column) * taps + tap_of;
                        kernel[place] += left * input.change(column, i);
                    }
                }
            }
        }
        Ok(Self {
            elements: pieces.into_iter().map(|piece| piece.element).collect(),
            values,
            numbers,
        })
    }

    /// Where the kernels of the basis come from; nothing is sampled for all components.
    pub fn elements_of(
        input: &Representation,
        output: &Representation,
        size: usize,
    ) -> Result<Vec<KernelElement>, LayerError> {
        let (pieces, _) = pieces(input, output, size)?;
        Ok(pieces.into_iter().map(|piece| piece.element).collect())
    }

    /// Where the kernels of the basis come from.
    pub fn elements(&self) -> &[KernelElement] {
        &self.elements
    }

    /// All kernels, `[elements, components_out, components_in, height, width]` row by row. The squares of one sum to the dimension of
    /// the irrep that it leads to.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The same, when nothing else is needed any more.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// One kernel, `[components_out, components_in, height, width]` row by row.
    pub fn kernel(&self, element: usize) -> &[f64] {
        &self.values[element * self.numbers..][..self.numbers]
    }
}

/// A kernel between two irreps, `[dim_out, dim_in, height, width]`.
struct Piece {
    element: KernelElement,
    values: Vec<f64>,
}

/// A representation and its irreps.
struct Side {
    dim: usize,
    decomposition: Decomposition,
    starts: Vec<usize>,
}

impl Side {
    fn new(of: &Representation) -> Self {
        let decomposition = of.decomposition();
        let mut start = 0;
        let starts = decomposition.irreps.iter().map(|irrep| {
            start += irrep.dim();
            start - irrep.dim()
        });
        Self {
            dim: of.dim(),
            starts: starts.collect(),
            decomposition,
        }
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn range(&self, irrep: usize) -> std::ops::Range<usize> {
        let start = self.starts[irrep];
        start..start + self.decomposition.irreps[irrep].dim()
    }

    fn change(&self, component: usize, column: usize) -> f64 {
        self.decomposition.change[component * self.dim + column]
    }
}

fn pieces(
    input: &Representation,
    output: &Representation,
    size: usize,
) -> Result<(Vec<Piece>, [Side; 2]), LayerError> {
    match size {
        0 => {
            return Err(LayerError::Zero {
                what: "kernel_size",
            });
        }
        1..=MAX_KERNEL_SIZE => {}
        size => return Err(LayerError::KernelSize { size }),
    }
    if input.group() != output.group() {
        return Err(FieldError::other_group(input.group(), output.group()).into());
    }
    let sides = [Side::new(input), Side::new(output)];
    let [from, to] = [0, 1].map(|side: usize| &sides[side].decomposition.irreps);
    // Between irreps, whatever the copies of them.
    let mut between = BTreeMap::new();
    let (mut pieces, each) = (Vec::new(), sides[0].dim() * sides[1].dim() * size * size);
    for (o, output_irrep) in to.iter().enumerate() {
        for (i, input_irrep) in from.iter().enumerate() {
            let kernels = between
                .entry((*output_irrep, *input_irrep))
                .or_insert_with(|| sampled(&Angular::new(*output_irrep, *input_irrep), size));
            for (ring, frequency, values) in kernels.iter() {
                pieces.push(Piece {
                    element: KernelElement {
                        output: o,
                        input: i,
                        radius: ring.radius,
                        frequency: *frequency,
                        of_constant: values
                            .chunks_exact(size * size)
                            .map(|taps| taps.iter().sum::<f64>().powi(2))
                            .sum(),
                    },
                    values: values.clone(),
                });
            }
            let numbers = pieces.len().saturating_mul(each);
            if numbers > MAX_NUMBERS {
                return Err(LayerError::LargeKernelSpace {
                    input: input.to_string(),
                    output: output.to_string(),
                    kernel_size: size,
                    most: MAX_NUMBERS,
                });
            }
        }
    }
    Ok((pieces, sides))
}

/// The kernels between two irreps on the pixel grid, each with its ring and its frequency.
fn sampled(angular: &Angular, size: usize) -> Vec<(Ring, usize, Vec<f64>)> {
    let mut found = Vec::new();
    for ring in rings(size) {
        for frequency in 0..=ring.band {
            for coefficients in angular.fixed(frequency) {
                let values = on_pixels(&coefficients, ring, frequency, size);
                let squares: f64 = values.iter().map(|value| value * value).sum();
                if squares > FAINT {
                    let scale = (angular.output_dim() as f64 / squares).sqrt();
                    let values = values.into_iter().map(|value| scale * value).collect();
                    found.push((ring, frequency, values));
                }
            }
        }
    }
    found
}

/// Coefficients `[dim_out, dim_in, 2]` of cos mφ and sin mφ as a kernel.
fn on_pixels(coefficients: &[f64], ring: Ring, frequency: usize, size: usize) -> Vec<f64> {
    let centre = (size as f64 - 1.0) / 2.0;
    let taps = size * size;
    let waves: Vec<[f64; 2]> = (0..taps)
        .map(|tap| {
            let (x, y) = ((tap % size) as f64 - centre, centre - (tap / size) as f64);
            let radius = x.hypot(y);
            // In the middle there is no angle.
            let height = match radius == 0.0 && frequency > 0 {
                true => 0.0,
                false => ring.height(radius),
            };
            let (sin, cos) = (frequency as f64 * y.atan2(x)).sin_cos();
            [height * cos, height * sin]
        })
        .collect();
    let entries = coefficients.chunks_exact(2);
    entries
        .flat_map(|entry| {
            waves
                .iter()
                .map(|wave| entry[0] * wave[0] + entry[1] * wave[1])
        })
        .collect()
}
