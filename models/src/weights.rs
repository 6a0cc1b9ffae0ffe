//! Weights in and out of modules and safetensors files.
//!
//! A file is hostile until proven otherwise: names, shapes and number types are compared with the module before
//! anything is written into it, and values are only ever copied out of the bytes that the format has checked.

use std::collections::{BTreeMap, HashMap};

use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::named::{self, MapNamed, VisitNamed};

/// Keys of the metadata of weights files.
pub mod keys {
    /// The run file.
    pub const CONFIG: &str = "gcnn.config";
    /// What the task adds to it.
    pub const DATA: &str = "gcnn.data";
    /// What the examples were that the weights were trained on.
    pub const IDENTITY: &str = "gcnn.identity";
    /// The epoch.
    pub const EPOCH: &str = "gcnn.epoch";
    /// The validation measures.
    pub const METRICS: &str = "gcnn.metrics";
    /// The [card](crate::zoo::Card) of a network of the zoo.
    pub const CARD: &str = "gcnn.card";
    /// The [steps](crate::PlainNetworkConfig) of an exported network.
    pub const PLAIN: &str = "gcnn.plain";
    /// The modules of a network that was exported for PyTorch, which such files have beside the others.
    pub const TORCH_MODULES: &str = "gcnn.pytorch";
    /// The name of a network that was exported for the code that it was published with; such files have no other keys.
    pub const OFFICIAL: &str = "gcnn.official";
}

/// What is wrong with weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The bytes are not of the format.
    #[error("not a safetensors file: {0}")]
    Format(String),
    /// Numbers of another type than float32.
    #[error("`{name}` holds {found} numbers, F32 was expected")]
    Numbers {
        /// The array.
        name: String,
        /// What it holds.
        found: String,
    },
    /// The format has no place for the arrays.
    #[error("the weights cannot be stored: {0}")]
    Unstorable(String),
    /// Arrays are missing, of another shape, or too many: one sentence each.
    #[error("the weights do not fit the network: {}", listed(.0))]
    Differences(Vec<String>),
}

/// The first few faults, and how many more there are.
fn listed(faults: &[String]) -> String {
    let shown = &faults[..faults.len().min(4)];
    let mut text = shown.join("; ");
    if faults.len() > shown.len() {
        text.push_str(&format!("; and {} more", faults.len() - shown.len()));
    }
    text
}

/// Named float32 arrays: what a module or an optimizer has learned.
pub type Weights = BTreeMap<String, Array>;

/// One float32 array.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Extent of each axis.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

impl Array {
    /// Copies a tensor's values off its device.
    pub fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        Self {
            shape,
            values: tensor.into_data().iter::<f32>().collect(),
        }
    }

    /// From the data of a tensor.
    pub fn from_data(data: &TensorData) -> Self {
        Self {
            shape: data.shape().to_vec(),
            values: data.iter::<f32>().collect(),
        }
    }

    /// As the data of a tensor.
    pub fn to_data(&self) -> TensorData {
        TensorData::new(self.values.clone(), self.shape.clone())
    }
}

/// Reads every parameter and running statistic of a module, by its path in the module tree.
///
/// It also makes lazily initialised parameters real, in the order of the module tree: called once right after
/// `init`, it fixes the order in which the random stream is used.
pub fn collect<M: Module>(module: &M) -> Weights {
    struct Collector(Weights);
    impl VisitNamed for Collector {
        fn visit_float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            self.0.insert(name.into(), Array::of(param.val()));
        }
    }
    named::visit(module, Collector(Weights::new())).0
}

/// Number of trainable parameters; running statistics, which move without a gradient, do not count.
pub fn count_trainable<M: Module>(module: &M) -> usize {
    struct Counter(usize);
    impl ModuleVisitor for Counter {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                self.0 += param.lazy_shape().num_elements();
            }
        }
    }
    let mut counter = Counter(0);
    module.visit(&mut counter);
    counter.0
}

/// Puts weights into a module of exactly these parameters, or says what does not fit.
pub fn apply<M: Module>(module: M, weights: &Weights) -> Result<M, WeightsError> {
    compare(&collect(&module), weights)?;

    struct Applier<'a>(&'a Weights);
    impl MapNamed for Applier<'_> {
        fn map_float<const D: usize>(
            &mut self,
            name: &str,
            param: Param<Tensor<D>>,
        ) -> Param<Tensor<D>> {
            match self.0.get(name) {
                Some(array) => {
                    let (device, id) = (param.lazy_device(), param.id);
                    let dtype = param.val().dtype();
                    let tensor = Tensor::from_data(array.to_data(), (&device, dtype));
                    param.transform_for_load(tensor, id)
                }
                None => param,
            }
        }
    }
    Ok(named::map(module, Applier(weights)))
}

/// Refuses arrays whose names or shapes differ from those that are expected, and names the differences.
pub fn compare(expected: &Weights, found: &Weights) -> Result<(), WeightsError> {
    let mut faults = Vec::new();
    for (name, array) in expected {
        match found.get(name) {
            None => faults.push(format!("`{name}` {:?} is missing", array.shape)),
            Some(other) if other.shape != array.shape => faults.push(format!(
                "`{name}` has shape {:?}, the network needs {:?}",
                other.shape, array.shape
            )),
            Some(_) => {}
        }
    }
    for name in found.keys().filter(|name| !expected.contains_key(*name)) {
        faults.push(format!("`{name}` does not belong to the network"));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(WeightsError::Differences(faults))
}

/// Arrays and metadata as the bytes of a safetensors file.
pub fn to_bytes(
    weights: &Weights,
    metadata: HashMap<String, String>,
) -> Result<Vec<u8>, WeightsError> {
    let bytes: BTreeMap<&String, Vec<u8>> = weights
        .iter()
        .map(|(name, array)| {
            (
                name,
                array.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            )
        })
        .collect();
    let mut views = Vec::with_capacity(weights.len());
    for (name, array) in weights {
        let view = TensorView::new(Dtype::F32, array.shape.clone(), &bytes[name])
            .map_err(|e| WeightsError::Unstorable(format!("`{name}`: {e}")))?;
        views.push((name.as_str(), view));
    }
    let written = safetensors::serialize(views, Some(metadata));
    sorted(written.map_err(|e| WeightsError::Unstorable(e.to_string()))?)
}

/// The same file with the keys of its header in order, which otherwise are in another one each time.
fn sorted(file: Vec<u8>) -> Result<Vec<u8>, WeightsError> {
    let unstorable = |reason: &str| WeightsError::Unstorable(reason.into());
    let (length, rest) = file
        .split_first_chunk()
        .ok_or_else(|| unstorable("no header"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or_else(|| unstorable("no header"))?;
    let header: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(header).map_err(|e| unstorable(&e.to_string()))?;
    let mut header = serde_json::to_vec(&header).map_err(|e| unstorable(&e.to_string()))?;
    // The data begin at a multiple of eight bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut sorted = (header.len() as u64).to_le_bytes().to_vec();
    sorted.extend(header);
    sorted.extend_from_slice(data);
    Ok(sorted)
}

/// The metadata of the bytes of a safetensors file, without its arrays.
pub fn metadata(contents: &[u8]) -> Result<HashMap<String, String>, WeightsError> {
    let (_, header) =
        SafeTensors::read_metadata(contents).map_err(|e| WeightsError::Format(e.to_string()))?;
    Ok(header.metadata().clone().unwrap_or_default())
}

/// All float32 arrays and the metadata of the bytes of a safetensors file.
pub fn from_bytes(contents: &[u8]) -> Result<(Weights, HashMap<String, String>), WeightsError> {
    let metadata = metadata(contents)?;
    let file =
        SafeTensors::deserialize(contents).map_err(|e| WeightsError::Format(e.to_string()))?;
    let mut weights = Weights::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(WeightsError::Numbers {
                name,
                found: format!("{:?}", view.dtype()),
            });
        }
        let values = view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        let shape = view.shape().to_vec();
        weights.insert(name, Array { shape, values });
    }
    Ok((weights, metadata))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::nn::{BatchNormConfig, LinearConfig};

    use super::*;

    #[test]
    fn what_is_saved_comes_back_bit_for_bit() {
        let values = vec![0.1, -0.0, f32::MIN_POSITIVE / 2.0, f32::INFINITY];
        let array = Array {
            shape: vec![2, 1, 2],
            values,
        };
        let empty = Array {
            shape: vec![0, 3],
            values: Vec::new(),
        };
        let weights = Weights::from([("a.b".to_string(), array), ("empty".to_string(), empty)]);
        let metadata = HashMap::from([("key".to_string(), "a \"value\"".to_string())]);
        let bytes = to_bytes(&weights, metadata.clone()).expect("saved");
        let (found, found_metadata) = from_bytes(&bytes).expect("loaded");
        assert_eq!(found, weights);
        assert_eq!(found["a.b"].values[1].to_bits(), (-0.0f32).to_bits());
        assert_eq!(found_metadata, metadata);
    }

    #[test]
    fn running_statistics_are_part_of_the_weights_but_not_trained() {
        let device = Device::flex().autodiff();
        let norm = BatchNormConfig::new(3).init(&device);
        assert_eq!(count_trainable(&norm), 6);
        let mut weights = collect(&norm);
        assert_eq!(weights.len(), 4);
        weights
            .get_mut("running_var")
            .expect("a running variance")
            .values = vec![1.0, 2.0, 3.0];
        let changed = apply(norm, &weights).expect("weights of the same layer");
        assert_eq!(collect(&changed), weights);
        assert_eq!(count_trainable(&changed), 6);
    }

    #[test]
    fn every_difference_is_named() {
        let device = Device::flex();
        let linear = LinearConfig::new(2, 3).init(&device);
        let mut weights = collect(&linear);
        weights.remove("bias");
        weights.get_mut("weight").expect("a weight").shape = vec![3, 2];
        let stranger = Array {
            shape: vec![1],
            values: vec![0.0],
        };
        weights.insert("stranger".into(), stranger);
        let error = apply(linear, &weights)
            .expect_err("three differences")
            .to_string();
        for part in [
            "`bias` [3] is missing",
            "`weight` has shape [3, 2], the network needs [2, 3]",
            "`stranger` does not belong",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
