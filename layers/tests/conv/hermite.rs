//! Hermite kernels in the layers that take them by configuration.

use gcnn_layers::kernel::HermiteConfig;
use gcnn_layers::{KernelConfig, Padding2d};
use rstest::rstest;

use super::equivariance::{EXACT, exact_errors, smooth_errors};

fn functions(order: usize) -> KernelConfig {
    KernelConfig::hermite(HermiteConfig {
        order,
        ..HermiteConfig::default()
    })
}

#[rstest]
fn exact_elements(
    #[values("C2", "C4", "D1", "D4", "flip", "C8", "D12")] name: &str,
    #[values(0, 1, 3)] order: usize,
    #[values((9, 5, 2, 1), (9, 4, 1, 2))] window: (usize, usize, usize, usize),
) {
    let (size, kernel_size, stride, dilation) = window;
    let window = (kernel_size, stride, Padding2d::None, dilation);
    let errors = exact_errors(name, size, window, functions(order));
    assert!(errors.iter().all(|&e| e < EXACT), "{errors:?}");
}

/// The error on smooth images that sampling leaves, and the end of the window.
#[rstest]
#[case("C8", 5, [0.0015, 0.006, 0.018, 0.035])]
#[case("C8", 7, [0.006, 0.011, 0.015, 0.018])]
#[case("D8", 7, [0.006, 0.011, 0.015, 0.018])]
#[case("C16", 9, [0.002, 0.002, 0.002, 0.002])]
fn other_elements_err_by_what_the_window_cuts_off(
    #[case] name: &str,
    #[case] size: usize,
    #[case] bounds: [f64; 4],
) {
    let errors = [1, 2, 3, 4].map(|order| smooth_errors(name, size, functions(order)));
    println!("{name} {size}×{size}: [lifting, group] by order {errors:.4?}");
    for (error, bound) in errors.iter().zip(bounds) {
        assert!(error.iter().all(|&e| e < bound), "{errors:?}");
    }
}
