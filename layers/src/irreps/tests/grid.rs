use rstest::rstest;

use super::super::*;
use super::{distance, times};

#[rstest]
#[case(0)]
#[case(1)]
#[case(4)]
#[case(L_MAX)]
fn coming_back_from_the_smallest_grid_is_exact(#[case] l_max: usize) {
    for normalisation in [
        HarmonicsNormalisation::Integral,
        HarmonicsNormalisation::Component,
        HarmonicsNormalisation::Norm,
    ] {
        let grid = SphericalGrid::new(l_max, normalisation).unwrap();
        assert_eq!(grid.points().len(), (l_max + 1) * (2 * l_max + 1));
        assert!((grid.weights().iter().sum::<f64>() - 1.0).abs() < 1e-13);
        let coefficients: Vec<f64> = (0..grid.coefficients())
            .map(|i| (1.7 * i as f64).sin())
            .collect();
        let samples = times(&grid.to_grid(), &coefficients);
        assert!(distance(&times(&grid.from_grid(), &samples), &coefficients) < 1e-12);
    }
}

/// The mean over the sphere of y^(2k) is 1/(2k + 1): exact up to the stated degree, and not beyond.
#[test]
fn quadrature_has_its_stated_degree() {
    let grid = SphericalGrid::new(5, HarmonicsNormalisation::Norm).unwrap();
    let mean = |power: i32| -> f64 {
        let values = grid.points().iter().map(|point| point[1].powi(power));
        values
            .zip(grid.weights())
            .map(|(value, weight)| value * weight)
            .sum()
    };
    for power in (0..=10).step_by(2) {
        assert!((mean(power) - 1.0 / f64::from(power + 1)).abs() < 1e-14);
    }
    assert!((mean(12) - 1.0 / 13.0).abs() > 1e-7);
}

/// A square has twice the degree, so on a grid for it turning and squaring commute; on a coarse one they do not.
#[test]
fn nonlinearities_commute_with_rotations_where_the_grid_is_fine_enough() {
    let error = |polar, azimuth| {
        let grid =
            SphericalGrid::with_resolution(3, polar, azimuth, HarmonicsNormalisation::Component)
                .unwrap();
        let irreps = Irreps::spherical_harmonics(3).unwrap();
        let square = |coefficients: &[f64]| {
            let mut samples = times(&grid.to_grid(), coefficients);
            samples.iter_mut().for_each(|sample| *sample *= *sample);
            times(&grid.from_grid(), &samples)
        };
        let coefficients: Vec<f64> = (0..16).map(|i| (1.7 * i as f64).cos()).collect();
        let rotation = random_rotation(9);
        let turned = irreps.transform(&rotation, &coefficients).unwrap();
        let after = irreps.transform(&rotation, &square(&coefficients)).unwrap();
        distance(&square(&turned), &after)
    };
    // f² Y has degree 9: 5 circles integrate degree 9, and 10 points on each resolve it.
    assert!(error(5, 10) < 1e-12);
    assert!(error(4, 7) > 1e-2);
}

#[test]
fn unsuitable_grids_are_refused() {
    let with = |l_max, polar, azimuth| {
        SphericalGrid::with_resolution(l_max, polar, azimuth, HarmonicsNormalisation::Norm)
    };
    assert_eq!(
        with(2, 3, 4).unwrap_err().to_string(),
        "a spherical grid of 3 × 4 points does not serve degree 2: it needs at least 3 × 5 and at most 512 each way"
    );
    assert!(matches!(
        with(2, 2, 5),
        Err(IrrepsError::GridResolution { .. })
    ));
    assert!(matches!(
        with(2, usize::MAX, 5),
        Err(IrrepsError::GridResolution { .. })
    ));
    assert!(matches!(
        with(usize::MAX, 3, 5),
        Err(IrrepsError::DegreeTooHigh { .. })
    ));
}
