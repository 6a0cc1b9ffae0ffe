use super::super::*;
use super::{distance, points};

#[test]
fn degrees_zero_to_two_by_hand() {
    let [x, y, z] = [0.3, -0.5, 0.7];
    let root = 3f64.sqrt();
    let expected = [
        1.0,
        x,
        y,
        z,
        root * x * z,
        root * x * y,
        (2.0 * y * y - x * x - z * z) / 2.0,
        root * y * z,
        root / 2.0 * (z * z - x * x),
    ];
    let values = solid_harmonics(2, [x, y, z], HarmonicsNormalisation::Norm).unwrap();
    assert!(distance(&values, &expected) < 1e-15);
}

#[test]
fn normalisations_hold_at_every_point() {
    use std::f64::consts::PI;
    for point in points() {
        for (normalisation, expected) in [
            (HarmonicsNormalisation::Norm, |_| 1.0),
            (HarmonicsNormalisation::Component, |l| 2.0 * l + 1.0),
            (HarmonicsNormalisation::Integral, |l| {
                (2.0 * l + 1.0) / (4.0 * PI)
            }),
        ] as [(_, fn(f64) -> f64); 3]
        {
            let values = spherical_harmonics(L_MAX, point, normalisation).unwrap();
            for l in 0..=L_MAX {
                let sum: f64 = values[l * l..(l + 1) * (l + 1)].iter().map(|v| v * v).sum();
                assert!((sum / expected(l as f64) - 1.0).abs() < 1e-13);
            }
        }
    }
}

#[test]
fn solid_harmonics_are_homogeneous_and_have_the_parity_of_their_degree() {
    for point in points() {
        let values = solid_harmonics(L_MAX, point, HarmonicsNormalisation::Norm).unwrap();
        let scaled = solid_harmonics(
            L_MAX,
            point.map(|c| -1.25 * c),
            HarmonicsNormalisation::Norm,
        )
        .unwrap();
        for (index, (value, scaled)) in values.iter().zip(scaled).enumerate() {
            let power = (-1.25f64).powi(index.isqrt() as i32);
            assert!((scaled - power * value).abs() < 1e-13 * (1.0 + scaled.abs()));
        }
    }
}

/// Numerical derivative of fourth order, of one component of the argument.
fn slopes(f: impl Fn([f64; 3]) -> Vec<f64>, point: [f64; 3], axis: usize) -> Vec<f64> {
    let step = 1e-3;
    let at = |factor: f64| {
        let mut moved = point;
        moved[axis] += factor * step;
        f(moved)
    };
    let (a, b, c, d) = (at(-2.0), at(-1.0), at(1.0), at(2.0));
    (0..a.len())
        .map(|i| (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * step))
        .collect()
}

#[test]
fn gradients_match_finite_differences() {
    for point in points().map(|p| p.map(|c| c / 2.0)) {
        let norm = HarmonicsNormalisation::Norm;
        let (values, solid) = solid_harmonics_gradient(L_MAX, point, norm).unwrap();
        assert_eq!(values, solid_harmonics(L_MAX, point, norm).unwrap());
        for axis in 0..3 {
            let expected = slopes(|p| solid_harmonics(L_MAX, p, norm).unwrap(), point, axis);
            let ours: Vec<f64> = solid.iter().map(|gradient| gradient[axis]).collect();
            assert!(distance(&ours, &expected) < 1e-7);
        }
        // On the sphere derivatives of order five grow as l⁵/r⁵: a lower degree and a point not too near.
        let far = point.map(|c| c * 4.0);
        let (values, gradients) = spherical_harmonics_gradient(4, far, norm).unwrap();
        assert_eq!(values, spherical_harmonics(4, far, norm).unwrap());
        for axis in 0..3 {
            let expected = slopes(|p| spherical_harmonics(4, p, norm).unwrap(), far, axis);
            let ours: Vec<f64> = gradients.iter().map(|gradient| gradient[axis]).collect();
            assert!(distance(&ours, &expected) < 1e-8);
        }
    }
}

/// At the origin only degree 0 has a value and only degree 1 a slope, the identity.
#[test]
fn solid_harmonics_are_smooth_at_the_origin() {
    let (values, gradients) =
        solid_harmonics_gradient(L_MAX, [0.0; 3], HarmonicsNormalisation::Norm).unwrap();
    for (index, (value, gradient)) in values.iter().zip(gradients).enumerate() {
        assert_eq!(*value, f64::from(index == 0));
        let mut expected = [0.0; 3];
        if (1..4).contains(&index) {
            expected[index - 1] = 1.0;
        }
        assert_eq!(gradient, expected);
    }
}

#[test]
fn coincident_points_have_no_direction_and_finite_gradients() {
    for point in [[0.0; 3], [1e-13, 0.0, 0.0], [1e-300, -1e-300, 5e-324]] {
        let (values, gradients) =
            spherical_harmonics_gradient(L_MAX, point, HarmonicsNormalisation::Norm).unwrap();
        assert_eq!(values[0], 1.0);
        assert!(values[1..].iter().all(|value| *value == 0.0));
        assert!(gradients.concat().iter().all(|value| *value == 0.0));
    }
    // Points next to each other, but not coincident, have a direction.
    let values = spherical_harmonics(1, [0.0, 1e-9, 0.0], HarmonicsNormalisation::Norm).unwrap();
    assert_eq!(values, [1.0, 0.0, 1.0, 0.0]);
    // So have points so far away that their squares overflow.
    let values = spherical_harmonics(1, [0.0, 0.0, 1e200], HarmonicsNormalisation::Norm).unwrap();
    assert_eq!(values, [1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn degrees_without_tables_are_refused() {
    let error = spherical_harmonics(12, [1.0; 3], HarmonicsNormalisation::Norm).unwrap_err();
    assert_eq!(
        error.to_string(),
        "degree 12 is too high: degrees go from 0 to 11"
    );
}
