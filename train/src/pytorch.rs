//! Weights that PyTorch wrote.
//!
//! Whatever `torch.save` has written as a state dictionary is read, by itself or inside of a dictionary of other things
//! (`{"epoch": …, "state_dict": …}`), and safetensors files too. Nothing of a file is run, and what it claims is compared
//! with its size before memory is taken.

use std::fs;
use std::io::Read;
use std::path::Path;

use burn::tensor::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};

use crate::TrainError;
use crate::weights::{self, Array, Weights};

/// How many times over the numbers of a file may be used: arrays can share them.
const SHARED: u64 = 8;

/// Reads the tensors of a file whose names begin with what `choose` finds before them, which is left off: `state_dict.`,
/// `module.` or nothing. `choose` is given all names, in order, and may find none, with the reason.
pub fn read(
    path: &Path,
    choose: impl FnOnce(&[&str]) -> Result<String, String>,
) -> Result<Weights, TrainError> {
    let fault = |reason: String| TrainError::weights(path, reason);
    let choose = |mut names: Vec<&str>| {
        names.sort_unstable();
        choose(&names).map_err(fault)
    };
    let mut found = Weights::new();
    if is_safetensors(path)? {
        let (weights, _) = weights::load(path)?;
        let prefix = choose(weights.keys().map(String::as_str).collect())?;
        for (name, array) in weights {
            if let Some(name) = name.strip_prefix(&prefix) {
                found.insert(name.to_string(), array);
            }
        }
        return Ok(found);
    }
    let reader =
        PytorchReader::new(path).map_err(|e| fault(format!("not a checkpoint of PyTorch: {e}")))?;
    let tensors = reader.tensors();
    let prefix = choose(tensors.keys().map(String::as_str).collect())?;
    let size = fs::metadata(path)
        .map_err(TrainError::io("read", path))?
        .len();
    let chosen = tensors
        .iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?, tensor)));
    let all = chosen.clone().fold(0u64, |sum, (_, tensor)| {
        sum.saturating_add(tensor.byte_len() as u64)
    });
    if all > SHARED * size {
        return Err(fault(format!(
            "its arrays claim {all} bytes, the file has {size}"
        )));
    }
    for (name, tensor) in chosen {
        found.insert(name.to_string(), array(path, tensor, size)?);
    }
    Ok(found)
}

/// Whether a file begins with the length of a JSON text and its bracket, as neither a pickle nor an archive does.
fn is_safetensors(path: &Path) -> Result<bool, TrainError> {
    let mut start = [0; 9];
    let mut file = fs::File::open(path).map_err(TrainError::io("open", path))?;
    Ok(file.read_exact(&mut start).is_ok() && start[6..] == [0, 0, b'{'])
}

/// The numbers of a tensor. `size` is that of the file: a view can claim more numbers than there are.
fn array(path: &Path, tensor: &Tensor, size: u64) -> Result<Array, TrainError> {
    let fault = |reason: String| TrainError::weights(path, reason);
    if tensor.byte_len() as u64 > size {
        return Err(fault(format!(
            "`{}` claims {} bytes, the file has {size}",
            tensor.name,
            tensor.byte_len()
        )));
    }
    let bytes = tensor.read().map_err(|e| fault(e.to_string()))?;
    let values = match tensor.dtype() {
        DType::F32 => numbers(&bytes, f32::from_ne_bytes),
        DType::F64 => numbers(&bytes, |b| f64::from_ne_bytes(b) as f32),
        DType::F16 => numbers(&bytes, |b| f16::from_ne_bytes(b).to_f32()),
        DType::BF16 => numbers(&bytes, |b| bf16::from_ne_bytes(b).to_f32()),
        other => {
            return Err(fault(format!(
                "`{}` holds {other:?} numbers, weights are floating-point",
                tensor.name
            )));
        }
    };
    Ok(Array {
        shape: tensor.shape().to_vec(),
        values,
    })
}

fn numbers<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|b| number(*b))
        .collect()
}
