//! Parameters with their names: the path in the module tree, `blocks.0.convolution.weight`.

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;

/// Looks at every float parameter of a module, in the order of the module tree.
pub trait VisitNamed {
    /// Looks at one of them.
    fn visit_float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>);
}

/// Replaces the float parameters and the switches of a module.
pub trait MapNamed {
    /// What becomes of a parameter.
    fn map_float<const D: usize>(
        &mut self,
        name: &str,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>>;

    /// What becomes of a switch; they stay as they are unless this says otherwise.
    fn map_flag(&mut self, _name: &str, flag: Param<Flag>) -> Param<Flag> {
        flag
    }
}

/// Shows every parameter to a visitor and returns it.
pub fn visit<M: Module, V: VisitNamed>(module: &M, visitor: V) -> V {
    let mut named = Named::new(visitor);
    module.visit(&mut named);
    named.inner
}

/// Gives every parameter to a mapper.
pub fn map<M: Module>(module: M, mapper: impl MapNamed) -> M {
    module.map(&mut Named::new(mapper))
}

/// Keeps the path while Burn goes through the tree.
struct Named<V> {
    path: Vec<String>,
    inner: V,
}

impl<V> Named<V> {
    fn new(inner: V) -> Self {
        Self {
            path: Vec::new(),
            inner,
        }
    }

    fn name(&self) -> String {
        self.path.join(".")
    }
}

impl<V: VisitNamed> ModuleVisitor for Named<V> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.inner.visit_float(&self.name(), param);
    }
}

impl<V: MapNamed> ModuleMapper for Named<V> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.inner.map_float(&self.name(), param)
    }

    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.inner.map_flag(&self.name(), flag)
    }
}
