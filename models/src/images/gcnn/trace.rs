//! The size of the map after each layer, and what is wrong with images for which there is none.

use gcnn_layers::{LiftingConv2dConfig, Padding2d};

use super::InputShape;
use super::config::{GcnnConfig, POOL_SIZE};
use crate::ModelError;

impl GcnnConfig {
    pub(super) fn trace(&self, input: InputShape) -> Result<Vec<[usize; 2]>, ModelError> {
        let InputShape { height, width, .. } = input;
        self.trace_sizes([height, width]).map_err(|stop| {
            if height == 1 && width > 1 {
                return ModelError::NoImage { width };
            }
            let [before_height, before_width] = stop.before;
            match stop.reason {
                StopReason::TooSmall { what, kernel_size } => ModelError::ImageTooSmall {
                    height,
                    width,
                    what,
                    layer: stop.layer,
                    kernel_size,
                    before_height,
                    before_width,
                    larger: self
                        .working_sizes(height.max(width)..height.max(width) + 256)
                        .next(),
                },
                StopReason::Inexact => {
                    let size = height.max(width);
                    let smaller = self.working_sizes(size.saturating_sub(16)..size).last();
                    let larger = self.working_sizes(size..size + 16).next();
                    ModelError::InexactPooling {
                        height,
                        width,
                        layer: stop.layer,
                        before_height,
                        before_width,
                        nearby: smaller.into_iter().chain(larger).collect(),
                    }
                }
            }
        })
    }

    fn working_sizes(&self, sizes: std::ops::Range<usize>) -> impl Iterator<Item = usize> {
        sizes.filter(|&n| self.trace_sizes([n, n]).is_ok())
    }

    /// Follows the map's size through the layers.
    fn trace_sizes(&self, mut size: [usize; 2]) -> Result<Vec<[usize; 2]>, Stop> {
        let mut sizes = Vec::with_capacity(self.kernel_sizes.len());
        // Scalings make kernels larger, and never map windows of two pixels to such.
        let turns = self.group.elements().any(|h| {
            let [[x, xy], [yx, y]] = self.group.matrix(h);
            x != y || x < 0.0 || xy != 0.0 || yx != 0.0
        });
        for (index, &kernel_size) in self.kernel_sizes.iter().enumerate() {
            let layer = index + 1;
            let kernel_size = match self.padding {
                Padding2d::None => self.widest(kernel_size),
                Padding2d::Same | Padding2d::Circular => kernel_size,
            };
            let stop = |before, reason| Stop {
                layer,
                before,
                reason,
            };
            if size.iter().any(|&n| n < kernel_size) {
                let what = "the kernel";
                return Err(stop(size, StopReason::TooSmall { what, kernel_size }));
            }
            if self.padding == Padding2d::None {
                size = size.map(|n| n + 1 - kernel_size);
            }
            if self.pool_after.contains(&layer) {
                if size.iter().any(|&n| n < POOL_SIZE) {
                    let (what, kernel_size) = ("the pooling", POOL_SIZE);
                    return Err(stop(size, StopReason::TooSmall { what, kernel_size }));
                }
                if turns && size.iter().any(|n| n % POOL_SIZE != 0) {
                    return Err(stop(size, StopReason::Inexact));
                }
                size = size.map(|n| n / POOL_SIZE);
            }
            sizes.push(size);
        }
        Ok(sizes)
    }

    /// The side of a kernel under the element that makes it largest.
    fn widest(&self, kernel_size: usize) -> usize {
        let kernel = LiftingConv2dConfig::new(self.group.clone(), [1, 1], kernel_size);
        let window = kernel.with_kernel(self.kernel).window().kernel_size;
        window.height_and_width()[1]
    }
}

struct Stop {
    layer: usize,
    before: [usize; 2],
    reason: StopReason,
}

enum StopReason {
    TooSmall {
        what: &'static str,
        kernel_size: usize,
    },
    Inexact,
}
