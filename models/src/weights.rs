//! Weights in and out of modules. What they are in files is told in [`file`](crate::file).
//!
//! Names and shapes are compared with the module before anything is written into it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use gcnn_layers::Parameters;

use crate::file::{WeightsError, compare};
use crate::named::{self, MapNamed, VisitNamed};

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

/// Names and shapes of a module's parameters and running statistics. No value is read.
pub fn parameters_of<M: Module>(module: &M) -> Parameters {
    struct Shapes(Parameters);
    impl VisitNamed for Shapes {
        fn visit_float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
            let shape = param.lazy_shape().to_vec();
            self.0 = std::mem::take(&mut self.0).with(name, shape);
        }
    }
    named::visit(module, Shapes(Parameters::new())).0
}

/// Names and shapes of arrays.
pub fn parameters_in(weights: &Weights) -> Parameters {
    let arrays = weights.iter();
    arrays.fold(Parameters::new(), |all, (name, array)| {
        all.with(name, array.shape.clone())
    })
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
    compare(&parameters_of(&module), &parameters_in(weights))?;

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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::nn::{BatchNormConfig, LinearConfig};

    use super::*;

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
