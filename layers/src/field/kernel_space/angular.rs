//! Kernels between two irreps on a circle.
//!
//! ```text
//! K(φ) = C cos mφ + S sin mφ,     (g K)(φ) = ρ_out(g) K(g⁻¹φ) ρ_in(g)⁻¹
//! projector onto what is fixed    P = mean over g of K ↦ g K
//! ```
//!
//! The mean over a finite group is a sum. Over SO(2) and O(2) it is the sum over C_n and D_n, exactly, as soon as n is larger than all
//! frequencies together. There are at most 8 coefficients, so that a basis of what P leaves alone is found by Gram and Schmidt, the
//! longest column first.

use crate::field::representation::{Isometry, PlaneIrrep};

/// Kernels from one irrep to another.
pub(super) struct Angular {
    output: PlaneIrrep,
    input: PlaneIrrep,
}

impl Angular {
    pub(super) fn new(output: PlaneIrrep, input: PlaneIrrep) -> Self {
        Self { output, input }
    }

    pub(super) fn output_dim(&self) -> usize {
        self.output.dim()
    }

    /// The kernels of a frequency, orthonormal: coefficients `[dim_out, dim_in, 2]` of cos mφ and sin mφ.
    pub(super) fn fixed(&self, frequency: usize) -> Vec<Vec<f64>> {
        let group = self.output.group();
        let highest = self.output.frequency() + self.input.frequency() + frequency;
        let elements = group.sampled_at(group.rotations().unwrap_or(highest + 1));
        let count = 2 * self.output.dim() * self.input.dim();
        let mut projector = vec![0.0; count * count];
        for element in &elements {
            self.add(*element, frequency, &mut projector);
        }
        let share = 1.0 / elements.len() as f64;
        projector.iter_mut().for_each(|entry| *entry *= share);
        let columns = (0..count).map(|column| {
            let rows = (0..count).map(|row| projector[row * count + column]);
            rows.collect()
        });
        orthonormal(columns.collect())
    }

    /// Adds the matrix of an element on coefficients.
    fn add(&self, element: Isometry, frequency: usize, to: &mut [f64]) {
        let (left, right) = (self.output.value(element), self.input.value(element));
        let (sin, cos) = (frequency as f64 * element.angle).sin_cos();
        // cos m(φ − θ) and ± sin m(φ − θ) in cos mφ and sin mφ; sin 0φ is nothing.
        let sign = if element.reflects { -1.0 } else { 1.0 };
        let waves = match frequency {
            0 => [1.0, 0.0, 0.0, 0.0],
            _ => [cos, -sign * sin, sin, sign * cos],
        };
        let (d_out, d_in) = (self.output.dim(), self.input.dim());
        let count = 2 * d_out * d_in;
        for row in 0..count {
            let (o, i, c) = (row / 2 / d_in, row / 2 % d_in, row % 2);
            for column in 0..count {
                let (p, j, b) = (column / 2 / d_in, column / 2 % d_in, column % 2);
                to[row * count + column] +=
                    left[o * d_out + p] * right[i * d_in + j] * waves[c * 2 + b];
            }
        }
    }
}

/// An orthonormal basis of what columns span.
fn orthonormal(mut columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    loop {
        let mut longest: (usize, f64) = (0, 1e-9);
        for (place, column) in columns.iter().enumerate() {
            let squares = dot(column, column);
            // Of equal ones the first, whatever the rounding.
            if squares > longest.1 + 1e-9 {
                longest = (place, squares);
            }
        }
        if longest.1 <= 1e-9 {
            return basis;
        }
        let length = longest.1.sqrt();
        let next: Vec<f64> = columns[longest.0].iter().map(|v| v / length).collect();
        for column in &mut columns {
            let along = dot(column, &next);
            let parts = column.iter_mut().zip(&next);
            parts.for_each(|(entry, part)| *entry -= along * part);
        }
        basis.push(next);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::field::representation::PointGroup;

    /// (g K)(φ) = K(φ) for all elements, those that no sum has gone over among them.
    #[rstest]
    fn are_fixed_by_every_element(
        #[values("C1", "C2", "C6", "C8", "D1", "D3", "D8", "SO(2)", "O(2)")] name: &str,
    ) {
        let group: PointGroup = name.parse().unwrap();
        let irreps = PlaneIrrep::all(group, 4);
        let n = group.rotations().unwrap_or(97);
        for (output, input) in irreps
            .iter()
            .flat_map(|a| irreps.iter().map(move |b| (*a, *b)))
        {
            let angular = Angular::new(output, input);
            for frequency in 0..9 {
                let kernels = angular.fixed(frequency);
                for element in group.sampled_at(n) {
                    let count = 2 * output.dim() * input.dim();
                    let mut action = vec![0.0; count * count];
                    angular.add(element, frequency, &mut action);
                    for kernel in &kernels {
                        for (row, expected) in action.chunks_exact(count).zip(kernel) {
                            let found: f64 = row.iter().zip(kernel).map(|(a, b)| a * b).sum();
                            assert!(
                                (found - expected).abs() < 1e-12,
                                "{output} {input} {frequency}"
                            );
                        }
                    }
                }
            }
        }
    }

    /// From k to l there are kernels of frequency |k − l| and k + l, two of each where both have two components; reflections leave half of
    /// them.
    #[rstest]
    fn frequencies_are_sums_and_differences(#[values("SO(2)", "O(2)")] name: &str) {
        let group: PointGroup = name.parse().unwrap();
        let irreps = PlaneIrrep::all(group, 5);
        for (output, input) in irreps
            .iter()
            .flat_map(|a| irreps.iter().map(move |b| (*a, *b)))
        {
            let (k, l) = (input.frequency(), output.frequency());
            let numbers = output.dim() * input.dim();
            for frequency in 0..12 {
                let fits = [k.abs_diff(l), k + l]
                    .into_iter()
                    .filter(|&m| m == frequency)
                    .count();
                let found = Angular::new(output, input).fixed(frequency).len();
                let expected = match (numbers, group.reflects()) {
                    // Between numbers there are constants, of the same sign under reflections.
                    (1, _) => usize::from(frequency == 0 && output == input),
                    (2, false) => 2 * usize::from(fits > 0),
                    (2, true) => usize::from(fits > 0),
                    (_, false) => 2 * fits,
                    (_, true) => fits,
                };
                assert_eq!(found, expected, "{input} to {output}, {frequency}");
            }
        }
    }
}
