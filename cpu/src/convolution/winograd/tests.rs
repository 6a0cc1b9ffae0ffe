//! The transforms of every instruction set against sums over pixels and taps.

use rstest::rstest;

use super::kernels::TileKernels;
use super::tile::Tile;
use super::transforms::Tiles;
use crate::convolution::kernels::{Kernels, tests::available};
use crate::number::Number;
use crate::shared::Shared;

/// Numbers in [−1, 1] that look random.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let number = |i: usize| {
        let bits = (i as u32 + seed).wrapping_mul(2_654_435_761) >> 8;
        bits as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(number).collect()
}

fn transforms<T>(kernels: &Kernels<T>, tile: Tile) -> &TileKernels<T> {
    match tile {
        Tile::Two => &kernels.two,
        Tile::Four => &kernels.four,
    }
}

/// ‖a − b‖∞ / ‖b‖∞
fn difference(a: &[f64], b: &[f64]) -> f64 {
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    let error = largest(&mut a.iter().zip(b).map(|(a, b)| (a - b).abs()));
    error / largest(&mut b.iter().map(|b| b.abs()))
}

/// Errors of a row of three tiles and of its weight gradient, with as many channels as a register has lanes.
fn errors<T: Number + Into<f64>>(kernels: &Kernels<T>, tile: Tile) -> [f64; 2] {
    const COUNT: usize = 3;
    let (size, points, lanes) = (tile.size(), tile.points(), kernels.lanes);
    let (columns, rows) = (COUNT * size + 2, size + 2);
    let some = |count: usize, seed: u32| -> Vec<T> {
        numbers(count, seed).into_iter().map(T::from).collect()
    };
    let source = some(rows * columns * lanes, 1);
    let weight = some(9 * lanes, 2);
    let gradient = some(size * COUNT * size * lanes, 3);
    let zeros = |count: usize| vec![T::ZERO; count * lanes];
    let (mut source_points, mut gradient_points) = (zeros(points * COUNT), zeros(points * COUNT));
    let (mut weight_points, mut target) = (zeros(points), zeros(size * COUNT * size));
    let mut weight_gradient = zeros(9);
    fn job<'a, T>(
        from: &'a [T],
        to: &'a mut [T],
        lanes: usize,
        columns: usize,
        count: usize,
    ) -> Tiles<'a, T> {
        Tiles {
            from,
            to: Shared::new(to),
            start: 0,
            pixel: lanes,
            row: columns * lanes,
            tile: lanes,
            point: count * lanes,
            count,
            channels: lanes,
        }
    }
    let run = transforms(kernels, tile);
    // SAFETY: no one else has the buffers, and there are kernels only for this processor.
    unsafe {
        (run.source)(&job(&source, &mut source_points, lanes, columns, COUNT));
        (run.kernel)(&job(&weight, &mut weight_points, lanes, 3, 1));
        (run.gradient)(&job(
            &gradient,
            &mut gradient_points,
            lanes,
            COUNT * size,
            COUNT,
        ));
        let product = |i: usize| {
            let (point, c) = (i / (COUNT * lanes), i % lanes);
            source_points[i] * weight_points[point * lanes + c]
        };
        let products: Vec<T> = (0..source_points.len()).map(product).collect();
        (run.target)(&job(&products, &mut target, lanes, COUNT * size, COUNT));
        let sum = |i: usize| {
            let at = |tile: usize| (i / lanes * COUNT + tile) * lanes + i % lanes;
            let term =
                |sum: T, tile: usize| sum + source_points[at(tile)] * gradient_points[at(tile)];
            (0..COUNT).fold(T::ZERO, term)
        };
        let sums: Vec<T> = (0..points * lanes).map(sum).collect();
        (run.kernel_gradient)(&job(&sums, &mut weight_gradient, lanes, 3, 1));
    }

    let value = |numbers: &[T], i: usize| -> f64 { numbers[i].into() };
    let mut expected = vec![0.0; target.len()];
    let mut expected_gradient = vec![0.0; weight_gradient.len()];
    for (y, x) in (0..size).flat_map(|y| (0..COUNT * size).map(move |x| (y, x))) {
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            for c in 0..lanes {
                let pixel = value(&source, ((y + i) * columns + x + j) * lanes + c);
                let (out, tap) = ((y * COUNT * size + x) * lanes + c, (3 * i + j) * lanes + c);
                expected[out] += pixel * value(&weight, tap);
                expected_gradient[tap] += pixel * value(&gradient, out);
            }
        }
    }
    let all = |numbers: &[T]| -> Vec<f64> { numbers.iter().map(|&n| n.into()).collect() };
    [
        difference(&all(&target), &expected),
        difference(&all(&weight_gradient), &expected_gradient),
    ]
}

#[rstest]
fn transforms_of_every_instruction_set_give_the_convolution_and_its_gradient(
    #[values(Tile::Two, Tile::Four)] tile: Tile,
) {
    for (name, kernels) in available() {
        for error in errors(kernels, tile) {
            assert!(error < 3e-6, "{tile:?}, {name}: {error}");
        }
    }
    for error in errors(f64::kernels(), tile) {
        assert!(error < 1e-14, "{tile:?} in 64 bits: {error}");
    }
}

#[test]
fn tiles_are_chosen_by_their_products() {
    for (target, tile) in [
        ([24, 24], Some(Tile::Four)),
        ([26, 26], Some(Tile::Four)),
        ([10, 10], Some(Tile::Four)),
        // 4 tiles of 36 points, or 9 of 16.
        ([6, 6], Some(Tile::Two)),
        ([2, 2], Some(Tile::Two)),
        ([1, 1], None),
        ([1, 40], None),
        ([3, 3], Some(Tile::Four)),
        ([1, 3], None),
    ] {
        assert_eq!(Tile::of(target), tile, "{target:?}");
    }
}
