//! Values that escnn computed.

use safetensors::{Dtype, SafeTensors};

/// Named arrays of other people's code.
pub(super) struct Reference(SafeTensors<'static>);

impl Reference {
    pub(super) fn spaces() -> Self {
        let bytes = include_bytes!("../../tests/fixtures/escnn_spaces.safetensors");
        Self(SafeTensors::deserialize(bytes).unwrap())
    }

    #[cfg(feature = "flex")]
    pub(super) fn modules() -> Self {
        let bytes = include_bytes!("../../tests/fixtures/escnn_modules.safetensors");
        Self(SafeTensors::deserialize(bytes).unwrap())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.tensor(name).is_ok()
    }

    pub(super) fn values(&self, name: &str) -> Vec<f64> {
        let array = self.0.tensor(name);
        let array = array.unwrap_or_else(|error| panic!("{name}: {error}"));
        let data = array.data();
        match array.dtype() {
            Dtype::F64 => {
                let bytes = data.chunks_exact(8);
                bytes
                    .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                    .collect()
            }
            Dtype::I64 => {
                let bytes = data.chunks_exact(8);
                bytes
                    .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64)
                    .collect()
            }
            _ => {
                let bytes = data.chunks_exact(4);
                bytes
                    .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
                    .collect()
            }
        }
    }

    #[cfg(feature = "flex")]
    pub(super) fn dims(&self, name: &str) -> Vec<usize> {
        self.0.tensor(name).unwrap().shape().to_vec()
    }
}

/// Pictures turned by 90° clockwise, `[…, n, n]`: escnn's mirror is ours, turned.
pub(super) fn turned(pictures: &[f64], n: usize) -> Vec<f64> {
    let pixel = |at: usize| {
        let (picture, row, column) = (at / (n * n), at / n % n, at % n);
        pictures[(picture * n + n - 1 - column) * n + row]
    };
    (0..pictures.len()).map(pixel).collect()
}
