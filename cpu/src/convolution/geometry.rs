//! The sizes of a convolution.

use super::plan::{Axis, Pass};

const TOO_LARGE: &str = "the sizes are too large";
/// More pixels than tiles read beyond the border of a source.
const TILE_BORDER: usize = 16;
/// More channels than the widest panel stores.
const PANEL: usize = 64;
/// More points than a tile's pixels are transformed to.
const POINTS: usize = 64;

/// Pixels of the padded input along one axis, and those that the kernel covers.
fn covered(input: usize, kernel: usize, padding: usize, dilation: usize) -> Option<(usize, usize)> {
    let padded = input.checked_add(padding.checked_mul(2)?)?;
    let extent = dilation
        .checked_mul(kernel.checked_sub(1)?)?
        .checked_add(1)?;
    Some((padded, extent))
}

/// The sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub batch: usize,
    pub channels_in: usize,
    pub channels_out: usize,
    pub input: [usize; 2],
    pub kernel: [usize; 2],
    pub output: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    /// One, or as many as channels.
    pub groups: usize,
}

impl Geometry {
    /// # Panics
    /// If the shapes do not fit together, as tensor operations do, or are too large to count with; if there are other groups
    /// than one, or than one for each channel.
    pub fn new(
        input: [usize; 4],
        weight: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
        dilation: [usize; 2],
        groups: usize,
    ) -> Self {
        let [batch, channels_in, height, width] = input;
        let [channels_out, channels, kernel_height, kernel_width] = weight;
        assert!(
            Some(channels_in) == channels.checked_mul(groups),
            "conv2d: the input has {channels_in} channels, the weight is for {channels} in {groups} groups"
        );
        assert!(
            groups == 1 || (groups == channels_in && groups == channels_out),
            "conv2d: {groups} groups of {channels_in} channels to {channels_out}"
        );
        let (input, kernel) = ([height, width], [kernel_height, kernel_width]);
        let output = [0, 1].map(|a| {
            assert!(
                stride[a] > 0 && dilation[a] > 0 && kernel[a] > 0,
                "conv2d: stride, dilation and kernel size must be at least 1"
            );
            let (padded, extent) = covered(input[a], kernel[a], padding[a], dilation[a])
                .unwrap_or_else(|| panic!("conv2d: {TOO_LARGE}"));
            assert!(
                padded >= extent,
                "conv2d: the kernel covers {extent} pixels, the padded input has {padded}"
            );
            (padded - extent) / stride[a] + 1
        });
        let sizes = Self {
            batch,
            channels_in,
            channels_out,
            input,
            kernel,
            output,
            stride,
            padding,
            dilation,
            groups,
        };
        assert!(sizes.can_be_counted(), "conv2d: {TOO_LARGE}");
        sizes
    }

    /// Whether no number of pixels or channels that is computed from these sizes, working memory included, is too large
    /// for the integers that it is computed with. Whatever fits into a computer's memory is small enough.
    fn can_be_counted(&self) -> bool {
        let most = |count: usize, factor: usize| count.checked_mul(factor);
        // Sources with the borders of both passes, rounded up to tiles.
        let border = |a: usize| {
            let (padded, extent) = covered(
                self.input[a],
                self.kernel[a],
                self.padding[a],
                self.dilation[a],
            )?;
            padded
                .checked_add(most(extent, 2)?)?
                .checked_add(TILE_BORDER)
        };
        let numbers = || {
            let pixels = most(border(0)?, border(1)?)?;
            let channels = self
                .channels_in
                .checked_add(self.channels_out)?
                .checked_add(PANEL)?;
            let maps = most(most(pixels, channels)?, self.batch.max(1))?;
            let taps = most(self.kernel[0], self.kernel[1])?;
            let inputs = self.channels_in.checked_add(PANEL)?;
            let outputs = self.channels_out.checked_add(PANEL)?;
            let weights = most(most(inputs, outputs)?, taps)?;
            // Each is transformed to a few points.
            most(maps.max(weights), POINTS)
        };
        let strides = self.stride.iter().all(|&s| s <= u32::MAX as usize);
        strides && numbers().is_some_and(|n| n <= isize::MAX as usize / size_of::<f64>())
    }

    /// Kernel taps.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether each channel is convolved by itself. (One channel is, too; for it the dense convolution is the same.)
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1
    }

    /// Numbers of the weight.
    pub fn weights(&self) -> usize {
        self.channels_out * (self.channels_in / self.groups) * self.taps()
    }

    /// # Panics
    /// If these are not the numbers of the input.
    pub fn check_input<T>(&self, numbers: &[T]) {
        let all = self.batch * self.channels_in * self.input[0] * self.input[1];
        assert_eq!(numbers.len(), all, "conv2d: numbers of the input");
    }

    /// # Panics
    /// If these are not the numbers of the weight.
    pub fn check_weight<T>(&self, numbers: &[T]) {
        assert_eq!(
            numbers.len(),
            self.weights(),
            "conv2d: numbers of the weight"
        );
    }

    /// # Panics
    /// If these are not the numbers of the output.
    pub fn check_output<T>(&self, numbers: &[T]) {
        let all = self.batch * self.channels_out * self.output[0] * self.output[1];
        assert_eq!(numbers.len(), all, "conv2d: numbers of the output");
    }

    /// The convolution: input to output.
    pub fn forward(&self) -> Pass {
        Pass::new([0, 1].map(|a| {
            Axis::forward(
                self.input[a],
                self.output[a],
                self.kernel[a],
                self.stride[a],
                self.padding[a],
                self.dilation[a],
            )
        }))
    }

    /// The gradient with respect to the input: output gradient to input gradient.
    pub fn backward(&self) -> Pass {
        Pass::new([0, 1].map(|a| {
            Axis::backward(
                self.input[a],
                self.output[a],
                self.kernel[a],
                self.stride[a],
                self.padding[a],
                self.dilation[a],
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::padding([1, 1, 4, 4], [1, 1], [usize::MAX / 2 + 3, 0], [1, 1])]
    #[case::padded([1, 1, 4, 4], [1, 1], [usize::MAX / 4, 0], [1, 1])]
    #[case::area([1, 1, 4, 4], [1, 1], [1 << 31, 1 << 31], [1, 1])]
    #[case::dilation([1, 1, 4, 4], [1, 1], [0, 0], [usize::MAX, 1])]
    #[case::dilation_that_wraps([1, 1, 4, 4], [1, 1], [0, 0], [usize::MAX / 2 + 1, 1])]
    #[case::stride([1, 1, 4, 4], [usize::MAX, 1], [0, 0], [1, 1])]
    #[case::batch([usize::MAX / 16, 1, 4, 4], [1, 1], [0, 0], [1, 1])]
    #[case::channels([1, usize::MAX - 8, 0, 0], [1, 1], [2, 2], [1, 1])]
    #[should_panic(expected = "conv2d: the sizes are too large")]
    fn sizes_beyond_all_memory_are_refused(
        #[case] input: [usize; 4],
        #[case] stride: [usize; 2],
        #[case] padding: [usize; 2],
        #[case] dilation: [usize; 2],
    ) {
        let weight = [1, input[1], 3, 3];
        Geometry::new(input, weight, stride, padding, dilation, 1);
    }

    #[rstest]
    #[case::channels([2, 3, 4, 4], [5, 2, 3, 3], [1, 1], "3 channels, the weight is for 2")]
    #[case::kernel([2, 3, 4, 4], [5, 3, 5, 3], [1, 1], "covers 5 pixels, the padded input has 4")]
    #[case::stride([2, 3, 4, 4], [5, 3, 3, 3], [0, 1], "at least 1")]
    #[case::empty_kernel([2, 3, 4, 4], [5, 3, 0, 3], [1, 1], "at least 1")]
    fn shapes_that_do_not_fit_are_refused(
        #[case] input: [usize; 4],
        #[case] weight: [usize; 4],
        #[case] stride: [usize; 2],
        #[case] says: &str,
    ) {
        let run = || Geometry::new(input, weight, stride, [0, 0], [1, 1], 1);
        let panic = std::panic::catch_unwind(run).expect_err("refused");
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or(panic.downcast_ref::<&str>().copied());
        assert!(words.is_some_and(|words| words.contains(says)), "{words:?}");
    }

    #[test]
    fn large_sizes_are_taken() {
        let weight = [2000, 2000, 3, 3];
        let sizes = Geometry::new([64, 2000, 4096, 4096], weight, [2, 1], [1, 1], [1, 3], 1);
        assert_eq!(sizes.output, [2048, 4092]);
    }
}
