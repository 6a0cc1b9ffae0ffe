//! What the weights of a layer stand for, kept with them.
//!
//! Weights over C4 have the shapes of weights over D2, and those of `4x0e+4x1o` the shapes of `4x1o+4x0e`: loaded into the
//! other layer they would fit and mean nothing. Burn compares the paths and the shapes of what a record holds with a
//! module's, and nothing else; so the mark is a parameter whose *path* says what the layer is of,
//!
//! ```text
//! convolution.mark.over C4        in the record of a layer over C4
//! convolution.mark.over D2        where one over D2 looks for it, and says what is missing
//! ```
//!
//! Its value means nothing, it isn't trained and doesn't count as a parameter. A record from before there were marks is
//! loaded with Burn's `allow_partial`. It is an integer: files of floating-point arrays, such as those of the program,
//! don't hold it and tell the configuration in their header instead.

use std::fmt::Display;

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
    Param, ParamId,
};
use burn::prelude::*;

/// The type that Burn's visitors are told.
const CONTAINER: &str = "Struct:Mark";

/// A parameter whose path says what the layer beside it is of.
#[derive(Debug, Clone)]
pub struct Mark {
    name: String,
    value: Param<Tensor<1, Int>>,
}

impl Mark {
    /// The name of what the weights belong to.
    pub(crate) fn new(of: impl Display, device: &Device) -> Self {
        let value = Tensor::from_data(TensorData::from([1i32]), device);
        Self {
            // A dot would end a part of the path.
            name: of.to_string().replace('.', "·"),
            value: Param::initialized(ParamId::new(), value),
        }
    }

    fn with(self, change: impl FnOnce(Param<Tensor<1, Int>>) -> Param<Tensor<1, Int>>) -> Self {
        Self {
            name: self.name,
            value: change(self.value),
        }
    }
}

impl Module for Mark {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.value.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.with(|value| value.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.with(|value| value.to_device(device))
    }

    fn train(self) -> Self {
        self.with(Module::train)
    }

    fn valid(&self) -> Self {
        self.clone().with(|value| value.valid())
    }

    fn materialize(self) -> Self {
        self
    }

    fn num_params(&self) -> usize {
        0
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.enter_module(&self.name, CONTAINER);
        visitor.visit_int(&self.value);
        visitor.exit_module(&self.name, CONTAINER);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let name = self.name.clone();
        mapper.enter_module(&name, CONTAINER);
        let mapped = self.with(|value| mapper.map_int(value));
        mapper.exit_module(&name, CONTAINER);
        mapped
    }
}

impl ModuleDisplayDefault for Mark {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&self.name).optional()
    }
}

impl ModuleDisplay for Mark {}
