//! Between Burn's tensors and the kernels, which take slices.

use burn::backend::DispatchDevice;
use burn::prelude::*;
use burn::tensor::DType;

/// Whether the kernels of this crate can take the tensor: floats of 32 or 64 bits on a flex device, with or without
/// gradients.
pub fn supports<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device().inner();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
        && matches!(tensor.dtype(), DType::F32 | DType::F64)
}
