//! Class scores of every patch of an image.

use burn::prelude::*;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use gcnn_layers::GlobalPoolKind;

/// Pools a map over every window of the size that the map of a single patch has, in place of the whole map.
///
/// # Shapes
/// - map: `[batch, channels, height, width]`
/// - output: the same, smaller by `window − 1`
///
/// # Panics
/// If the map is smaller than the window, because the image is smaller than the patch.
pub(crate) fn pool_windows(map: Tensor<4>, window: [usize; 2], kind: GlobalPoolKind) -> Tensor<4> {
    let [_, _, height, width] = map.dims();
    assert!(
        height >= window[0] && width >= window[1],
        "the image is smaller than the patches that the network is built for: its last map has {height}×{width} positions, \
         that of a patch {}×{}",
        window[0],
        window[1]
    );
    if window == [1, 1] {
        return map;
    }
    match kind {
        GlobalPoolKind::Max => max_pool2d(map, MaxPoolOptions::new(window).with_stride([1, 1])),
        GlobalPoolKind::Mean => avg_pool2d(map, AvgPoolOptions::new(window).with_stride([1, 1])),
        GlobalPoolKind::Centre => {
            let [[above, rows], [left, columns]] = window.map(|side| kind.window(side));
            let [up, beside] = [height + 1 - window[0], width + 1 - window[1]];
            let map = map.narrow(2, above, up + rows - 1);
            pool_windows(
                map.narrow(3, left, beside + columns - 1),
                [rows, columns],
                GlobalPoolKind::Mean,
            )
        }
    }
}

/// Index of the first of the largest values, as tensors have it; what is no number is not large.
pub fn argmax(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, index| {
        let (largest, value) = (values[best], values[index]);
        match value > largest || (largest.is_nan() && !value.is_nan()) {
            true => index,
            false => best,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_numbers_is_the_answer() {
        assert_eq!(argmax(&[0.25, 0.5, 0.5, 0.25]), 1);
        assert_eq!(argmax(&[f32::NAN, -1.0, f32::NAN, 2.0]), 3);
        assert_eq!(argmax(&[1.0, f32::NAN]), 0);
        assert_eq!(argmax(&[f32::NAN; 2]), 0);
        assert_eq!(argmax(&[]), 0);
        assert_eq!(argmax(&[f32::NEG_INFINITY; 2]), 0);
    }
}
