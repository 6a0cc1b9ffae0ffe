//! Class scores of every patch of an image.

use burn::prelude::*;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use gcnn_layers::ProjectionKind;

/// Pools a map over every window of the size that the map of a single patch has, in place of the whole map.
///
/// # Shapes
/// - map: `[batch, channels, height, width]`
/// - output: the same, smaller by `window − 1`
///
/// # Panics
/// If the map is smaller than the window, because the image is smaller than the patch.
pub(crate) fn pool_windows(map: Tensor<4>, window: [usize; 2], kind: ProjectionKind) -> Tensor<4> {
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
        ProjectionKind::Max => max_pool2d(map, MaxPoolOptions::new(window).with_stride([1, 1])),
        ProjectionKind::Mean => avg_pool2d(map, AvgPoolOptions::new(window).with_stride([1, 1])),
    }
}
