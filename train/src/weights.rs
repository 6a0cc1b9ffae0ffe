//! Weights in and out of modules and safetensors files.
//!
//! A file is hostile until proven otherwise: names, shapes and number types are compared with the module before
//! anything is written into it, and values are only ever copied out of the bytes that the format has checked.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::TensorData;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::TrainError;
use crate::files::write_atomically;

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
    struct Collector {
        path: Vec<String>,
        weights: Weights,
    }
    impl ModuleVisitor for Collector {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_string());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.weights
                .insert(self.path.join("."), Array::of(param.val()));
        }
    }
    let mut collector = Collector {
        path: Vec::new(),
        weights: Weights::new(),
    };
    module.visit(&mut collector);
    collector.weights
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
pub fn apply<M: Module>(module: M, weights: &Weights) -> Result<M, String> {
    compare(&collect(&module), weights)?;

    struct Applier<'a> {
        path: Vec<String>,
        weights: &'a Weights,
    }
    impl ModuleMapper for Applier<'_> {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_string());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            match self.weights.get(&self.path.join(".")) {
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
    Ok(module.map(&mut Applier {
        path: Vec::new(),
        weights,
    }))
}

/// The differences between what a module needs and what is given, if any.
fn compare(expected: &Weights, found: &Weights) -> Result<(), String> {
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
    let more = faults.len().saturating_sub(4);
    faults.truncate(4);
    let mut text = format!("the weights do not fit the network: {}", faults.join("; "));
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    Err(text)
}

/// Writes arrays and metadata to a safetensors file, whole or not at all.
pub fn save(
    path: &Path,
    weights: &Weights,
    metadata: HashMap<String, String>,
) -> Result<(), TrainError> {
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
            .map_err(|e| TrainError::weights(path, format!("`{name}` cannot be stored: {e}")))?;
        views.push((name.as_str(), view));
    }
    let contents = safetensors::serialize(views, Some(metadata))
        .map_err(|e| TrainError::weights(path, format!("the weights cannot be stored: {e}")))?;
    write_atomically(path, &contents)
}

/// Reads all float32 arrays and the metadata of a safetensors file.
pub fn load(path: &Path) -> Result<(Weights, HashMap<String, String>), TrainError> {
    let contents = fs::read(path).map_err(TrainError::io("read", path))?;
    let (_, header) = SafeTensors::read_metadata(&contents)
        .map_err(|e| TrainError::weights(path, format!("not a safetensors file: {e}")))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(&contents)
        .map_err(|e| TrainError::weights(path, format!("not a safetensors file: {e}")))?;
    let mut weights = Weights::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            return Err(TrainError::weights(
                path,
                format!(
                    "`{name}` holds {:?} numbers, F32 was expected",
                    view.dtype()
                ),
            ));
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
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("weights.safetensors");
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
        save(&path, &weights, metadata.clone()).expect("saved");
        let (found, found_metadata) = load(&path).expect("loaded");
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
        let error = apply(linear, &weights).expect_err("three differences");
        for part in [
            "`bias` [3] is missing",
            "`weight` has shape [3, 2], the network needs [2, 3]",
            "`stranger` does not belong",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
