//! Reading the reference files.

use burn::module::Param;
use burn::nn::Linear;
use burn::prelude::*;
use safetensors::{Dtype, SafeTensors};

/// A reference file in memory.
pub struct Fixture {
    bytes: Vec<u8>,
    device: Device,
}

impl Fixture {
    pub fn open(name: &str) -> Self {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).expect("the fixture is there");
        Self {
            bytes,
            device: Device::flex(),
        }
    }

    /// A tensor's shape and its values.
    pub fn values(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = SafeTensors::deserialize(&self.bytes).expect("a safetensors file");
        let view = file.tensor(name).expect("the tensor is there");
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => words(data)
                .map(|w| f64::from(f32::from_le_bytes(w)))
                .collect(),
            Dtype::F64 => words(data).map(f64::from_le_bytes).collect(),
            Dtype::I64 => words(data).map(|w| i64::from_le_bytes(w) as f64).collect(),
            other => panic!("no reader for {other:?}"),
        };
        (view.shape().to_vec(), values)
    }

    pub fn has(&self, name: &str) -> bool {
        let file = SafeTensors::deserialize(&self.bytes).expect("a safetensors file");
        file.tensor(name).is_ok()
    }

    /// Numbers of nodes.
    pub fn nodes(&self, name: &str) -> Vec<u32> {
        self.values(name).1.into_iter().map(|v| v as u32).collect()
    }

    pub fn floats(&self, name: &str) -> Vec<f32> {
        self.values(name).1.into_iter().map(|v| v as f32).collect()
    }

    pub fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let (shape, values) = self.values(name);
        let values: Vec<f32> = values.into_iter().map(|v| v as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    /// PyTorch's linear map, whose weight is `[out, in]`.
    pub fn linear(&self, name: &str) -> Linear {
        let bias = format!("{name}.bias");
        Linear {
            weight: Param::from_tensor(self.weight(name)),
            bias: self
                .has(&bias)
                .then(|| Param::from_tensor(self.tensor(&bias))),
        }
    }

    /// Rows of a linear map, `[in, out]`.
    pub fn weight(&self, name: &str) -> Tensor<2> {
        self.tensor::<2>(&format!("{name}.weight")).transpose()
    }
}

fn words<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    data.chunks_exact(N)
        .map(|word| word.try_into().expect("N bytes"))
}

/// Largest difference relative to the largest value.
pub fn relative_error(found: Tensor<2>, expected: Tensor<2>) -> f64 {
    let largest = |tensor: Tensor<2>| {
        let data = tensor.abs().max().into_data();
        data.iter::<f64>().next().expect("one value")
    };
    largest(found - expected.clone()) / largest(expected)
}
