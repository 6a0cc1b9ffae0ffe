//! Spline kernels against pixel kernels, against their definition, and their centres' gradients.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use super::{BSplineConfig, Support};
use crate::error::LayerError;
use crate::group::Group;
use crate::kernel::{Kernel, KernelConfig, SampledKernel, Spaces};

const SUPPORTS: [Support; 4] = [
    Support::Dense,
    Support::Localized,
    Support::Atrous,
    Support::Deformable,
];

fn splines(order: usize, support: Support) -> BSplineConfig {
    BSplineConfig {
        order,
        support,
        ..BSplineConfig::default()
    }
}

fn sample(config: BSplineConfig, group: &str, size: usize) -> SampledKernel {
    let group: Group = group.parse().unwrap();
    KernelConfig::b_spline(config)
        .sample(&group, size.into())
        .unwrap()
}

#[rstest]
fn low_orders_on_the_pixel_grid_are_pixel_kernels(
    #[values(0, 1)] order: usize,
    #[values("trivial", "C2", "C4", "D1", "D4")] name: &str,
    #[values(1, 2, 3, 4, 5)] size: usize,
) {
    let group: Group = name.parse().unwrap();
    let pixels = KernelConfig::pixel().sample(&group, size.into()).unwrap();
    let splines = sample(splines(order, Support::Dense), name, size);
    for h in group.elements() {
        assert_eq!(splines.values(h), pixels.values(h));
    }
    assert!(splines.permutation().is_some() && splines.along_group().is_none());
    assert_eq!(splines.fan_in(), pixels.fan_in());
}

/// Away from the border every pixel is covered, whatever the turn.
#[rstest]
fn dense_splines_add_up_to_one(
    #[values(2, 3, 4, 5)] order: usize,
    #[values("D4", "C8", "D12")] name: &str,
    #[values(1.0, 1.25)] scale: f64,
) {
    let config = BSplineConfig {
        scale,
        ..splines(order, Support::Dense)
    };
    let kernel = sample(config, name, 21);
    for h in 0..kernel.order() {
        let rows = kernel.values(h).chunks(kernel.weights());
        for (z, row) in rows.enumerate() {
            let (x, y) = ((z % 21) as f64 - 10.0, 10.0 - (z / 21) as f64);
            if x.hypot(y) <= 1.5 {
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }
    for row in kernel.along_group().unwrap() {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn quadratic_weights_give_a_quadratic_kernel() {
    let kernel = sample(splines(2, Support::Dense), "trivial", 9);
    let side = 8;
    // Σ_j j² B²(x − j) = x² + 1/4, with centres at j = −3.5 … 3.5. The other axis adds up to one.
    let weights: Vec<f64> = (0..side * side)
        .map(|j| ((j % side) as f64 - 3.5).powi(2) - 0.25)
        .collect();
    for (z, row) in kernel.values(0).chunks(side * side).enumerate() {
        let (x, y) = ((z % 9) as f64 - 4.0, 4.0 - (z / 9) as f64);
        if x.abs() <= 2.0 && y.abs() <= 2.0 {
            let value: f64 = row.iter().zip(&weights).map(|(b, w)| b * w).sum();
            assert!((value - x * x).abs() < 1e-12, "{x}: {value}");
        }
    }
}

/// No spline is cut off: what a pixel further out would see is zero, and the kernel's own border sees something.
#[rstest]
fn splines_fit_into_the_kernel(
    #[values(1, 2, 3, 4, 5)] order: usize,
    #[values(1.0, 1.5)] scale: f64,
    #[values(6, 9)] size: usize,
) {
    let config = BSplineConfig {
        scale,
        ..splines(order, Support::Dense)
    };
    let Ok(()) = config.validate(size.into()) else {
        return;
    };
    let group = Group::trivial();
    let small = super::PlaneSplines::new(&config, &group, size.into());
    let reach = (order as f64 + 1.0) / 2.0 * scale;
    for [x, y] in small.centres {
        for c in [x, y] {
            assert!(c.abs() + reach <= (size as f64 + 1.0) / 2.0 + 1e-9);
        }
    }
}

#[rstest]
// Side by side as many as fit; on the disc without corners.
#[case(splines(2, Support::Dense), "D4", 5, [8, 16])]
#[case(splines(3, Support::Dense), "D4", 5, [8, 9])]
#[case(splines(2, Support::Dense), "C8", 5, [8, 12])]
#[case(splines(3, Support::Dense), "C8", 7, [8, 21])]
#[case(BSplineConfig { rotations: Some(4), ..splines(3, Support::Dense) }, "C16", 5, [4, 9])]
#[case(BSplineConfig { scale: 2.0, ..splines(1, Support::Dense) }, "C4", 7, [4, 9])]
// Three by three and three rotations, on each coset.
#[case(splines(2, Support::Localized), "C8", 7, [3, 9])]
#[case(splines(2, Support::Localized), "D8", 7, [6, 9])]
#[case(splines(2, Support::Localized), "D1", 7, [2, 9])]
#[case(splines(2, Support::Localized), "trivial", 7, [1, 9])]
// The corners of the spread grid turn out of the kernel.
#[case(splines(2, Support::Atrous), "C4", 7, [2, 9])]
#[case(splines(2, Support::Atrous), "C8", 7, [4, 5])]
#[case(BSplineConfig { side: Some(4), rotations: Some(5), ..splines(1, Support::Atrous) }, "D8", 9, [10, 12])]
#[case(splines(2, Support::Deformable), "C8", 7, [4, 5])]
// A single tap.
#[case(splines(3, Support::Localized), "C8", 1, [3, 1])]
#[case(splines(3, Support::Deformable), "C8", 1, [4, 1])]
fn weights_are_the_centres(
    #[case] config: BSplineConfig,
    #[case] group: &str,
    #[case] size: usize,
    #[case] expected: [usize; 2],
) {
    config.validate(size.into()).unwrap();
    let kernel = sample(config, group, size);
    assert_eq!([kernel.group_weights(), kernel.weights()], expected);
}

/// No weight is without effect. (At order 0 a turned square can lie between all pixels.)
#[rstest]
fn every_weight_is_seen(
    #[values(1, 2, 3)] order: usize,
    #[values("C4", "D4", "C8", "C6")] name: &str,
    #[values(4, 5, 7)] size: usize,
) {
    for support in SUPPORTS {
        let config = splines(order, support);
        if config.validate(size.into()).is_err() {
            continue;
        }
        let kernel = sample(config, name, size);
        let seen = |columns: usize, rows: &mut dyn Iterator<Item = &[f64]>| {
            let mut seen = vec![false; columns];
            rows.for_each(|row| row.iter().zip(&mut seen).for_each(|(v, s)| *s |= *v != 0.0));
            seen.into_iter().all(|s| s)
        };
        for h in 0..kernel.order() {
            let mut rows = kernel.values(h).chunks(kernel.weights());
            assert!(seen(kernel.weights(), &mut rows), "{support:?}");
        }
        if let Some(along) = kernel.along_group() {
            let mut rows = along.iter().map(Vec::as_slice);
            assert!(seen(kernel.group_weights(), &mut rows), "{support:?}");
        }
    }
}

#[test]
fn what_cannot_work_is_refused_with_what_would() {
    let refused = |config: BSplineConfig, size: usize| config.validate(size.into()).unwrap_err();
    let dense = |order| splines(order, Support::Dense);
    assert!(matches!(
        refused(dense(4), 3),
        LayerError::SplineTooWide {
            smallest: Some(4),
            ..
        }
    ));
    assert!(dense(4).validate(4.into()).is_ok());
    let wide = BSplineConfig {
        scale: 2.0,
        ..dense(2)
    };
    assert!(matches!(
        refused(wide, 4),
        LayerError::SplineTooWide {
            smallest: Some(5),
            ..
        }
    ));
    assert!(wide.validate(5.into()).is_ok());
    assert!(wide.validate(1.into()).is_ok());
    let endless = BSplineConfig {
        scale: 1e300,
        ..dense(2)
    };
    let nowhere = refused(endless, 33);
    assert!(matches!(
        nowhere,
        LayerError::SplineTooWide { smallest: None, .. }
    ));
    assert!(
        nowhere
            .to_string()
            .ends_with("; a smaller order or scale works")
    );
    let of_range = [
        dense(6),
        splines(0, Support::Deformable),
        BSplineConfig {
            scale: 0.5,
            ..dense(2)
        },
        BSplineConfig {
            scale: f64::NAN,
            ..dense(2)
        },
    ];
    for config in of_range {
        let error = refused(config, 9);
        assert!(matches!(error, LayerError::OutOfRange { .. }), "{error}");
    }
    let side = |side, support| BSplineConfig {
        side: Some(side),
        ..splines(2, support)
    };
    assert_eq!(refused(side(3, Support::Dense), 5), LayerError::DenseSide);
    let zero = refused(side(0, Support::Atrous), 5);
    assert_eq!(zero, LayerError::Zero { what: "side" });
}

fn on_group(config: BSplineConfig, size: usize, group: &Group, device: &Device) -> Kernel {
    let spaces = Spaces::Group {
        output: group,
        input: group,
        range: None,
    };
    let kernel = KernelConfig::b_spline(config);
    let (kernel, ..) = kernel.init(&spaces, size.into(), device).unwrap();
    kernel
}

fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn tensor<const D: usize>(values: &[f64], dims: [usize; D], device: &Device) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), dims);
    Tensor::from_data(data, (device, DType::F64))
}

/// Where trained centres begin, the kernel is the one that isn't trained.
#[rstest]
fn trained_centres_begin_as_an_atrous_grid(
    #[values(1, 2, 3)] order: usize,
    #[values("C4", "D4", "C8", "D6", "R4", "C8xR3(1.5)")] name: &str,
) {
    let device = Device::flex();
    let group: Group = name.parse().unwrap();
    let bank = |support| {
        let kernel = sample(splines(order, support), name, 7);
        let [m, j] = [kernel.group_weights(), kernel.weights()];
        let weights = tensor(&noise(6 * m * j, 1), [2, 3, m, j], &device);
        let bank = on_group(splines(order, support), 7, &group, &device).bank(weights);
        bank.to_data().iter::<f64>().collect::<Vec<_>>()
    };
    for (a, b) in bank(Support::Deformable).iter().zip(bank(Support::Atrous)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

/// Σ r · bank as a function of the centres.
struct Loss {
    basis: Kernel,
    weights: Tensor<4>,
    r: Vec<f64>,
    device: Device,
}

impl Loss {
    fn new(order: usize, name: &str) -> Self {
        let device = Device::flex().autodiff();
        let group: Group = name.parse().unwrap();
        let kernel = sample(splines(order, Support::Deformable), name, 5);
        let [m, j] = [kernel.group_weights(), kernel.weights()];
        Self {
            basis: on_group(splines(order, Support::Deformable), 5, &group, &device),
            weights: tensor(&noise(6 * m * j, 1), [2, 3, m, j], &device),
            r: noise(6 * group.order().pow(2) * 169, 2),
            device,
        }
    }

    fn centres(&self) -> [Vec<f64>; 2] {
        let start = [
            self.basis.centres().unwrap().to_data().iter().collect(),
            self.basis
                .group_centres()
                .unwrap()
                .to_data()
                .iter()
                .collect(),
        ];
        // Off the grid, where nothing cancels by symmetry.
        start.map(|centres: Vec<f64>| {
            let moves = noise(centres.len(), 3);
            centres
                .iter()
                .zip(moves)
                .map(|(c, by)| c + 0.3 * by)
                .collect()
        })
    }

    fn at(&self, [centres, angles]: &[Vec<f64>; 2]) -> (Tensor<1>, Kernel) {
        let mut basis = self.basis.clone();
        let plane = basis.learned_plane.as_mut().unwrap();
        let dims = [centres.len() / 2, 2];
        plane.centres = Param::from_tensor(tensor(centres, dims, &self.device));
        let along = basis.learned_group.as_mut().unwrap();
        let [_, axes] = along.centres.dims();
        let dims = [angles.len() / axes, axes];
        along.centres = Param::from_tensor(tensor(angles, dims, &self.device));
        let bank = basis.bank(self.weights.clone());
        let numbers = bank.dims().iter().product();
        let r = tensor(&self.r[..numbers], bank.dims(), &self.device);
        ((bank * r).sum(), basis)
    }
}

#[rstest]
fn centres_get_the_gradients_of_finite_differences(
    #[values(2, 3, 4)] order: usize,
    #[values("C4", "D4", "C8", "C2", "R3(1.5)", "C4xR2(1.5)")] name: &str,
) {
    let loss = Loss::new(order, name);
    let centres = loss.centres();
    let (value, basis) = loss.at(&centres);
    let gradients = value.backward();
    let of_plane = basis.centres().unwrap().grad(&gradients).unwrap();
    let of_angles = basis.group_centres().unwrap().grad(&gradients).unwrap();
    let found: [Vec<f64>; 2] = [
        of_plane.to_data().iter().collect(),
        of_angles.to_data().iter().collect(),
    ];
    let step = 1e-5;
    for kind in 0..2 {
        for i in 0..centres[kind].len() {
            let moved = |by: f64| {
                let mut centres = centres.clone();
                centres[kind][i] += by;
                loss.at(&centres).0.into_scalar::<f64>()
            };
            let expected = (moved(step) - moved(-step)) / (2.0 * step);
            let found = found[kind][i];
            let tolerance = 1e-5 * (1.0 + expected.abs());
            assert!(
                (found - expected).abs() < tolerance,
                "{kind} {i}: {found} {expected}"
            );
        }
    }
}

/// A centre that goes once around is where it was.
#[test]
fn angles_are_periodic() {
    let loss = Loss::new(2, "D4");
    let centres = loss.centres();
    let mut around = centres.clone();
    around[1][0] += 4.0;
    around[1][3] -= 8.0;
    let value = |c| loss.at(c).0.into_scalar::<f64>();
    assert!((value(&centres) - value(&around)).abs() < 1e-9);
}

#[test]
fn without_anything_to_move_nothing_is_trained() {
    let device = Device::flex();
    let trained = |name: &str, size: usize| {
        let group: Group = name.parse().unwrap();
        let basis = on_group(splines(2, Support::Deformable), size, &group, &device);
        [basis.centres().is_some(), basis.group_centres().is_some()]
    };
    assert_eq!(trained("C4", 5), [true, true]);
    assert_eq!(trained("D1", 5), [true, false]);
    assert_eq!(trained("C4", 1), [false, true]);
}
