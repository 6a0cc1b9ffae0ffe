//! Symmetries of the laws of motion, applied to training simulations at random.
//!
//! ```text
//! orthogonal       (x, v) ↦ (R x, R v),   R uniform in O(3)
//! time reversal    predict x(t) from x(t + Δt) and −v(t + Δt), for every other simulation
//! ```
//!
//! The first gives a network without symmetry what an equivariant one has by construction, and is wasted on the latter.
//! The second no layer here has by construction. It reads the velocities of the target frame, which are in the
//! simulations but not in the task: a network trained with it has seen more than the benchmark's pairs.

use serde::{Deserialize, Serialize};

use super::dataset::NBodyBatch;
use crate::random::{Purpose, Random};

/// The `[augmentation]` table for particles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NBodyAugmentation {
    /// Turn and reflect each training simulation at random.
    pub orthogonal: bool,
    /// Run every other training simulation backwards.
    pub time_reversal: bool,
}

impl NBodyAugmentation {
    /// Whether to turn and reflect.
    pub fn with_orthogonal(mut self, orthogonal: bool) -> Self {
        self.orthogonal = orthogonal;
        self
    }

    /// Whether to run some backwards.
    pub fn with_time_reversal(mut self, time_reversal: bool) -> Self {
        self.time_reversal = time_reversal;
        self
    }

    /// What happens to a simulation in an epoch: whether it runs backwards, and what it is turned by.
    pub(super) fn draw(
        self,
        seed: u64,
        epoch: usize,
        simulation: u32,
    ) -> (bool, Option<[[f64; 3]; 3]>) {
        let mut random = Random::new(
            seed,
            Purpose::Augmentation,
            epoch as u64,
            u64::from(simulation),
        );
        let reversed = self.time_reversal && random.unit() < 0.5;
        (reversed, self.orthogonal.then(|| orthogonal(&mut random)))
    }
}

/// Turns the vectors of one simulation of a batch.
pub(super) fn turn(batch: &mut NBodyBatch, index: usize, matrix: &[[f64; 3]; 3]) {
    let vectors = [
        &mut batch.positions,
        &mut batch.velocities,
        &mut batch.targets,
    ];
    let width = 3 * batch.particles;
    for numbers in vectors {
        for vector in numbers[index * width..][..width].as_chunks_mut::<3>().0 {
            let old = vector.map(f64::from);
            *vector =
                matrix.map(|row| (row[0] * old[0] + row[1] * old[1] + row[2] * old[2]) as f32);
        }
    }
}

/// A uniformly distributed element of O(3): three normal vectors made orthonormal (Gram and Schmidt), the third with a
/// sign of its own.
fn orthogonal(random: &mut Random) -> [[f64; 3]; 3] {
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let mut rows: Vec<[f64; 3]> = Vec::with_capacity(3);
    while rows.len() < 3 {
        let mut row = random.normal3();
        for other in &rows {
            let along = dot(row, *other);
            row = [0, 1, 2].map(|axis| row[axis] - along * other[axis]);
        }
        let length = dot(row, row).sqrt();
        // One that is nearly in the plane of the others is drawn again.
        if length > 1e-3 {
            rows.push(row.map(|value| value / length));
        }
    }
    [rows[0], rows[1], rows[2]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrices_are_orthogonal_and_half_of_them_reflect() {
        let all = NBodyAugmentation::default().with_orthogonal(true);
        let mut reflections = 0;
        let mut mean = [[0.0; 3]; 3];
        for simulation in 0..2_000 {
            let (reversed, matrix) = all.draw(1, 0, simulation);
            let m = matrix.expect("a matrix");
            assert!(!reversed);
            for (i, first) in m.iter().enumerate() {
                for (j, second) in m.iter().enumerate() {
                    let product: f64 = first.iter().zip(second).map(|(a, b)| a * b).sum();
                    assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
                for (sum, value) in mean[i].iter_mut().zip(first) {
                    *sum += value / 2_000.0;
                }
            }
            let determinant = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
                - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
                + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
            reflections += usize::from(determinant < 0.0);
        }
        // Five standard errors of a share of one half, and of a mean with variance 1/3.
        assert!((888..1112).contains(&reflections), "{reflections}");
        assert!(mean.iter().flatten().all(|value| value.abs() < 0.065));
    }

    #[test]
    fn nothing_happens_by_default_and_everything_depends_on_the_epoch() {
        assert_eq!(NBodyAugmentation::default().draw(1, 2, 3), (false, None));
        let both = NBodyAugmentation::default()
            .with_orthogonal(true)
            .with_time_reversal(true);
        assert_eq!(both.draw(1, 2, 3), both.draw(1, 2, 3));
        assert_ne!(both.draw(1, 2, 3).1, both.draw(1, 3, 3).1);
        let backwards = (0..1_000).filter(|i| both.draw(1, 0, *i).0).count();
        assert!((420..580).contains(&backwards), "{backwards}");
    }
}
