//! Between Burn's tensors and the kernels, which take slices.

use burn::backend::DispatchDevice;
use burn::prelude::*;
use burn::tensor::{DType, Shape};
use burn_flex::FlexTensor;

use crate::number::Number;

/// Whether the kernels of this crate can take the tensor: floats of 32 or 64 bits on a flex device, with or without
/// gradients.
pub fn supports<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device().inner();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
        && matches!(tensor.dtype(), DType::F32 | DType::F64)
}

/// A tensor whose numbers lie one after the other, copied only where they don't.
pub(crate) struct Numbers(FlexTensor);

impl Numbers {
    pub fn new(tensor: FlexTensor) -> Self {
        if tensor.is_contiguous() {
            Self(tensor)
        } else {
            Self(tensor.to_contiguous())
        }
    }

    pub fn shape(&self) -> Shape {
        self.0.layout().shape().clone()
    }

    pub fn dtype(&self) -> DType {
        self.0.dtype()
    }

    /// # Panics
    /// If the tensor holds other numbers.
    pub fn slice<T: Number>(&self) -> &[T] {
        let start = self.0.layout().start_offset();
        &T::storage(&self.0)[start..start + self.0.layout().num_elements()]
    }
}

/// A tensor of the kernels' results.
pub(crate) fn tensor<T: Number>(numbers: Vec<T>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape.into()))
}

/// Runs a generic function in the precision of a tensor.
macro_rules! in_precision {
    ($dtype:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $dtype {
            burn::tensor::DType::F64 => $function::<f64>($($argument),*),
            _ => $function::<f32>($($argument),*),
        }
    };
}

pub(crate) use in_precision;
