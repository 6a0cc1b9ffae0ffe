//! Weights that PyTorch wrote.
//!
//! Whatever `torch.save` has written as a state dictionary is read, by itself or inside of a dictionary of other things
//! (`{"epoch": …, "state_dict": …}`), and safetensors files too. Numbers may be float16, bfloat16, float32 or float64 in
//! either; they become float32. Nothing of a file is run, and what it claims is compared with its size before memory is
//! taken.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use burn::tensor::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};
use safetensors::{Dtype, SafeTensors};

use crate::TrainError;
use crate::weights::arrays::{Array, Weights};

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Its arrays.
    pub weights: Weights,
    /// What a safetensors file says beside them; a file of PyTorch says nothing.
    pub metadata: HashMap<String, String>,
}

/// How the numbers of a tensor are stored.
#[derive(Debug, Clone, Copy)]
enum Precision {
    F16,
    BF16,
    F32,
    F64,
}

impl Precision {
    /// The numbers of some bytes, as float32: exactly, but for float64, which is rounded.
    fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => numbers(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Self::BF16 => numbers(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            Self::F32 => numbers(bytes, f32::from_le_bytes),
            Self::F64 => numbers(bytes, |b| f64::from_le_bytes(b) as f32),
        }
    }
}

/// How many times over the numbers of a file may be used: arrays can share them.
const SHARED: u64 = 8;

/// Reads the tensors of a file whose names begin with what `choose` finds before them, which is left off: `state_dict.`,
/// `module.` or nothing. `choose` is given all names, in order, and may find none, with the reason.
pub fn read(
    path: &Path,
    choose: impl FnOnce(&[&str]) -> Result<String, String>,
) -> Result<Checkpoint, TrainError> {
    let fault = |reason: String| TrainError::weights(path, reason);
    let choose = |mut names: Vec<&str>| {
        names.sort_unstable();
        choose(&names).map_err(fault)
    };
    if is_safetensors(path)? {
        return read_safetensors(path, choose);
    }
    let mut found = Weights::new();
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
    Ok(Checkpoint {
        weights: found,
        metadata: HashMap::new(),
    })
}

/// The same of a safetensors file. The format's own reader compares all that is claimed with the bytes that are there.
fn read_safetensors(
    path: &Path,
    choose: impl FnOnce(Vec<&str>) -> Result<String, TrainError>,
) -> Result<Checkpoint, TrainError> {
    let fault = |reason: String| TrainError::weights(path, reason);
    let not = |e: safetensors::SafeTensorError| fault(format!("not a safetensors file: {e}"));
    let contents = fs::read(path).map_err(TrainError::io("read", path))?;
    let (_, header) = SafeTensors::read_metadata(&contents).map_err(not)?;
    let file = SafeTensors::deserialize(&contents).map_err(not)?;
    let prefix = choose(file.names())?;
    let mut weights = Weights::new();
    for (name, view) in file.iter() {
        let Some(own) = name.strip_prefix(&prefix) else {
            continue;
        };
        let precision = match view.dtype() {
            Dtype::F16 => Precision::F16,
            Dtype::BF16 => Precision::BF16,
            Dtype::F32 => Precision::F32,
            Dtype::F64 => Precision::F64,
            other => return Err(fault(not_floating(name, other))),
        };
        let array = Array {
            shape: view.shape().to_vec(),
            values: precision.decode(view.data()),
        };
        weights.insert(own.to_string(), array);
    }
    Ok(Checkpoint {
        weights,
        metadata: header.metadata().clone().unwrap_or_default(),
    })
}

fn not_floating(name: &str, found: impl std::fmt::Debug) -> String {
    format!("`{name}` holds {found:?} numbers, weights are F16, BF16, F32 or F64")
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
    let precision = match tensor.dtype() {
        DType::F16 => Precision::F16,
        DType::BF16 => Precision::BF16,
        DType::F32 => Precision::F32,
        DType::F64 => Precision::F64,
        other => return Err(fault(not_floating(&tensor.name, other))),
    };
    Ok(Array {
        shape: tensor.shape().to_vec(),
        values: precision.decode(&bytes),
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
