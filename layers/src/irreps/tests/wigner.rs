use super::super::*;
use super::{distance, points, product, times, transposed};

#[test]
fn degree_one_is_the_rotation_itself() {
    let rotation = random_rotation(3);
    assert_eq!(
        distance(&wigner_d(1, &rotation).unwrap(), &rotation.concat()),
        0.0
    );
}

#[test]
fn products_go_to_products() {
    for seed in 0..4 {
        let (first, second) = (random_rotation(2 * seed), random_rotation(2 * seed + 1));
        let both = wigner_d_up_to(L_MAX, &multiply(&first, &second)).unwrap();
        let first = wigner_d_up_to(L_MAX, &first).unwrap();
        let second = wigner_d_up_to(L_MAX, &second).unwrap();
        for l in 0..=L_MAX {
            let difference = distance(&both[l], &product(&first[l], &second[l], 2 * l + 1));
            assert!(difference < 1e-13, "l = {l}: {difference:e}");
        }
    }
}

#[test]
fn matrices_are_orthogonal_and_the_inverse_goes_to_the_transpose() {
    let rotation = random_rotation(11);
    let back = wigner_d_up_to(L_MAX, &transpose(&rotation)).unwrap();
    for (l, matrix) in wigner_d_up_to(L_MAX, &rotation).unwrap().iter().enumerate() {
        let n = 2 * l + 1;
        let identity: Vec<f64> = (0..n * n)
            .map(|entry| f64::from(entry % (n + 1) == 0))
            .collect();
        assert!(distance(&back[l], &transposed(matrix, n)) < 1e-13);
        assert!(distance(&product(matrix, &back[l], n), &identity) < 1e-13);
    }
}

#[test]
fn harmonics_turn_with_their_argument() {
    for (seed, point) in points().enumerate() {
        let rotation = random_rotation(seed as u64);
        let matrices = wigner_d_up_to(L_MAX, &rotation).unwrap();
        let here = spherical_harmonics(L_MAX, point, HarmonicsNormalisation::Component).unwrap();
        let there = spherical_harmonics(
            L_MAX,
            apply(&rotation, point),
            HarmonicsNormalisation::Component,
        )
        .unwrap();
        for (l, matrix) in matrices.iter().enumerate() {
            let degree = l * l..(l + 1) * (l + 1);
            let difference = distance(&times(matrix, &here[degree.clone()]), &there[degree]);
            assert!(difference < 1e-12, "l = {l}: {difference:e}");
        }
    }
}

/// The generators come from ladder operators, D from Clebsch-Gordan tensors: exp(θ X_a) = D(R_a(θ)) ties the two.
#[test]
fn rotations_about_the_axes_are_exponentials_of_the_generators() {
    let angle = 0.4;
    for axis in 0..3 {
        let direction = [0, 1, 2].map(|component| f64::from(component == axis));
        let matrices = wigner_d_up_to(L_MAX, &axis_angle(direction, angle).unwrap()).unwrap();
        for (l, expected) in matrices.iter().enumerate() {
            let n = 2 * l + 1;
            let generator = &generators(l).unwrap()[axis];
            let mut term: Vec<f64> = (0..n * n).map(|e| f64::from(e % (n + 1) == 0)).collect();
            let mut sum = term.clone();
            for power in 1..40 {
                term = product(&term, generator, n);
                term.iter_mut()
                    .for_each(|entry| *entry *= angle / f64::from(power));
                sum.iter_mut()
                    .zip(&term)
                    .for_each(|(total, part)| *total += part);
            }
            let difference = distance(&sum, expected);
            assert!(difference < 1e-12, "axis {axis}, l = {l}: {difference:e}");
        }
    }
}

#[test]
fn parity_decides_what_a_reflection_does() {
    let rotation = random_rotation(2);
    for l in 0..=L_MAX {
        let plain = wigner_d(l, &rotation).unwrap();
        let negative: Vec<f64> = plain.iter().map(|entry| -entry).collect();
        for (parity, expected) in [(Parity::Even, &plain), (Parity::Odd, &negative)] {
            let irrep = Irrep::new(l, parity).unwrap();
            assert_eq!(&irrep.matrix(&rotation).unwrap(), &plain);
            assert_eq!(&irrep.matrix(&negate(&rotation)).unwrap(), expected);
        }
    }
    let mirrored = negate(&rotation);
    assert_eq!(Irrep::VECTOR.matrix(&mirrored).unwrap(), mirrored.concat());
}

#[test]
fn matrices_that_are_not_rotations_are_refused() {
    let rotation = random_rotation(2);
    assert_eq!(
        wigner_d(2, &negate(&rotation)),
        Err(IrrepsError::NotARotation)
    );
    let mut bent = rotation;
    bent[0][0] += 0.01;
    assert!(matches!(
        wigner_d(2, &bent),
        Err(IrrepsError::NotOrthogonal { .. })
    ));
    bent[0][0] = f64::NAN;
    assert!(matches!(
        Irrep::VECTOR.matrix(&bent),
        Err(IrrepsError::NotOrthogonal { .. })
    ));
    assert!(matches!(
        wigner_d(12, &rotation),
        Err(IrrepsError::DegreeTooHigh { .. })
    ));
}

#[test]
fn axis_angle_and_euler_angles_agree_with_each_other() {
    let about = |axis, angle| axis_angle(axis, angle).unwrap();
    let (x, y) = ([2.0, 0.0, 0.0], [0.0, 0.5, 0.0]);
    let (alpha, beta, gamma) = (0.3, 1.1, -2.0);
    let expected = multiply(
        &about(y, alpha),
        &multiply(&about(x, beta), &about(y, gamma)),
    );
    let euler = euler_yxy(alpha, beta, gamma);
    assert!(distance(&euler.concat(), &expected.concat()) < 1e-15);
    // Counter-clockwise: a quarter about z takes x to y.
    let turned = apply(
        &about([0.0, 0.0, 1e-200], std::f64::consts::FRAC_PI_2),
        [1.0, 0.0, 0.0],
    );
    assert!(distance(&turned, &[0.0, 1.0, 0.0]) < 1e-15);
    assert!(matches!(
        axis_angle([0.0; 3], 1.0),
        Err(IrrepsError::NoAxis { .. })
    ));
    assert!(matches!(
        axis_angle([f64::INFINITY, 0.0, 0.0], 1.0),
        Err(IrrepsError::NoAxis { .. })
    ));
}

#[test]
fn random_elements_are_reproducible_and_spread_evenly() {
    assert_eq!(random_rotation(7), random_rotation(7));
    assert_ne!(random_rotation(7), random_rotation(8));
    assert!((determinant(&random_orthogonal(4)) - 1.0).abs() < 1e-14);
    assert!((determinant(&random_orthogonal(5)) + 1.0).abs() < 1e-14);
    // Over the Haar measure every D^l with l > 0 averages to 0.
    let count = 4000;
    let mut mean = vec![0.0; 25];
    for seed in 0..count {
        let matrix = wigner_d(2, &random_rotation(seed)).unwrap();
        mean.iter_mut()
            .zip(matrix)
            .for_each(|(sum, entry)| *sum += entry / count as f64);
    }
    // Entries have standard deviation 1/√5, so this is five standard errors.
    let bound = 5.0 / (5.0 * count as f64).sqrt();
    assert!(distance(&mean, &[0.0; 25]) < bound, "{mean:?}");
}
