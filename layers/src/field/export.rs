//! What trained layers of fields are at inference: ordinary convolutions.

use burn::nn::conv::Conv2d;

use super::{SteerableBatchNorm2d, SteerableConv2d};
use crate::convolution::{fold_line, ordinary};

impl SteerableConv2d {
    /// The same map as an ordinary convolution.
    ///
    /// With [circular](crate::Padding2d::Circular) padding it has no padding of its own: its input is to be continued periodically by
    /// [`Window::wrapped_pixels`](crate::convolution::Window::wrapped_pixels) before.
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::SteerableConv2dConfig;
    ///
    /// # #[cfg(feature = "flex")] {
    /// let device = Device::flex();
    /// let (image, hidden) = ("SO(2): 3 trivial".parse()?, "SO(2): 4 trivial + 2 irrep(1)".parse()?);
    /// let conv = SteerableConv2dConfig::new(image, hidden, 5).init(&device);
    /// let plain = conv.export();
    /// let picture = Tensor::<4>::ones([1, 3, 9, 9], &device);
    /// let same = plain.forward(picture.clone()) - conv.forward(picture);
    /// assert!(same.abs().max().into_scalar::<f32>() < 1e-5);
    /// # }
    /// # Ok::<(), gcnn_layers::LayerError>(())
    /// ```
    pub fn export(&self) -> Conv2d {
        ordinary(self.filter_bank(), self.filter_bias(), self.window(), 1)
    }
}

impl SteerableBatchNorm2d {
    /// A convolution and this normalisation directly behind it, in evaluation, as one convolution.
    ///
    /// # Panics
    /// If the convolution has another number of output channels than the fields.
    pub fn fold_into(&self, convolution: Conv2d) -> Conv2d {
        let (fields, [channels, ..]) = (self.fields(), convolution.weight.dims());
        assert!(
            channels == fields.dim(),
            "SteerableBatchNorm2d of {fields} follows {} channels, not {channels}",
            fields.dim()
        );
        fold_line(convolution, self.line())
    }
}
