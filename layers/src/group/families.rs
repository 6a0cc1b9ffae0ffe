//! Rotations and reflections.
//!
//! ```text
//! C_N         R(2πr/N)                               index r = 0 … N−1
//! D_N         R(2πr/N) Mᵐ,  M (x, y) = (x, −y)       index r + N·m
//! flip        Fᵐ,  F (x, y) = (−x, y)                index m
//! products    R(α) M R(β) = R(α − β) M,  M² = 1
//! ```

use std::f64::consts::TAU;

use super::matrix::{self, Matrix};
use super::{Axis, AxisKind, Coordinates, Group, GroupError, Tables};

impl Group {
    /// The largest N of [`cyclic`](Self::cyclic) and [`dihedral`](Self::dihedral): 128 rotations are 2.8° apart, finer
    /// than any pixel kernel resolves.
    pub const MAX_ROTATIONS: usize = 128;

    /// The group of the identity alone: an ordinary convolutional network.
    pub fn trivial() -> Self {
        Self::from_rotations(1, false, "trivial".into())
    }

    /// C_N, the rotations by multiples of 360°/N. C_1 is [`trivial`](Self::trivial).
    pub fn cyclic(n: usize) -> Result<Self, GroupError> {
        match n {
            1 => Ok(Self::trivial()),
            2..=Self::MAX_ROTATIONS => Ok(Self::from_rotations(n, false, format!("C{n}"))),
            _ => Err(GroupError::Rotations { family: 'C', n }),
        }
    }

    /// D_N, the rotations of C_N and their products with the mirror (x, y) → (x, −y).
    pub fn dihedral(n: usize) -> Result<Self, GroupError> {
        match n {
            1..=Self::MAX_ROTATIONS => Ok(Self::from_rotations(n, true, format!("D{n}"))),
            _ => Err(GroupError::Rotations { family: 'D', n }),
        }
    }

    /// The mirror from left to right, (x, y) → (−x, y), and the identity: for what has an up and a down but no left and right,
    /// as most photographs do.
    pub fn flip() -> Self {
        Self::turned(1, Some([-1.0, 1.0]), "flip".into())
    }

    fn from_rotations(n: usize, mirrors: bool, name: String) -> Self {
        Self::turned(n, mirrors.then_some([1.0, -1.0]), name)
    }

    /// R(2πr/N) Mᵐ at index r + N·m, with m = 0 alone where there is no mirror; M multiplies x and y by its signs.
    fn turned(n: usize, mirror: Option<[f64; 2]>, name: String) -> Self {
        let components = if mirror.is_some() { 2 } else { 1 };
        let split = |index: usize| (index % n, index / n);
        let elements = 0..components * n;
        let matrix = |index| {
            let (r, m) = split(index);
            let (cos, sin) = cos_sin(r, n);
            let [x, y] = mirror.filter(|_| m == 1).unwrap_or([1.0; 2]);
            [[cos * x, -sin * y], [sin * x, cos * y]]
        };
        // (R(α) Mᵐ)⁻¹ R(β) Mˡ = Mᵐ R(β − α) Mˡ
        let relative = |h: usize, k: usize| {
            let ((r, m), (s, l)) = (split(h), split(k));
            let turned = if m == 0 { s + n - r } else { r + n - s };
            turned % n + n * (m ^ l)
        };
        let pairs = elements
            .clone()
            .flat_map(|h| elements.clone().map(move |k| (h, k)));
        let matrices: Vec<Matrix> = elements.clone().map(matrix).collect();
        let angle = Axis {
            kind: AxisKind::Angle,
            step: TAU / n as f64,
            samples: n,
            period: Some(n as f64),
        };
        let place = |index| Coordinates {
            component: index / n,
            steps: vec![(index % n) as f64],
        };
        Self::of_tables(Tables {
            name,
            inverse_matrices: elements.clone().map(|h| matrices[relative(h, 0)]).collect(),
            determinants: elements.clone().map(|h| [1.0, -1.0][h / n]).collect(),
            relatives: pairs.map(|(h, k)| Some(relative(h, k))).collect(),
            axes: vec![angle],
            components,
            coordinates: elements.map(place).collect(),
            logarithm: Box::new(move |map| {
                let ([[xx, _], [yx, _]], reflects) = (map, matrix::determinant(map) < 0.0);
                // What M does to x is undone before the angle is read.
                let sign = mirror.filter(|_| reflects).map_or(1.0, |[x, _]| x);
                (usize::from(reflects), vec![(sign * yx).atan2(sign * xx)])
            }),
            volume: 1.0,
            factors: None,
            matrices,
        })
    }
}

/// cos and sin of 2πr/N for r < N, without rounding at multiples of 90°: there the matrices must be signed permutations.
fn cos_sin(r: usize, n: usize) -> (f64, f64) {
    match (4 * r).checked_rem(n) {
        Some(0) => match 4 * r / n {
            0 => (1.0, 0.0),
            1 => (0.0, 1.0),
            2 => (-1.0, 0.0),
            _ => (0.0, -1.0),
        },
        _ => {
            let (sin, cos) = (TAU * r as f64 / n as f64).sin_cos();
            (cos, sin)
        }
    }
}
