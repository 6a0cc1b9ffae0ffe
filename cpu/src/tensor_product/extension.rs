//! The kernels as operations of Burn's backends, with their own backward.

use super::gate;
use super::gathered;
use super::plan::{GatePlan, GatheredPlan, ProductPlan};
use super::product::{self, Gradients, Inputs, Wanted};
use super::rows::RowIndex;
use crate::bridge::{Numbers, in_precision, tensor};
use crate::number::Number;
use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::Shape;
use burn_flex::FlexTensor;
use std::sync::Arc;

/// Backends with this crate's tensor products.
#[backend_extension(Flex, Autodiff)]
pub(super) trait TensorProducts: Backend {
    /// Contraction with the attributes, then mixing. `bias` may be empty.
    fn product(
        features: FloatTensor<Self>,
        attributes: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: Arc<ProductPlan>,
    ) -> FloatTensor<Self>;

    /// Mixing, then contraction of what each row of attributes reads.
    fn gathered_product(
        features: FloatTensor<Self>,
        attributes: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: Arc<GatheredPlan>,
        index: Arc<RowIndex>,
    ) -> FloatTensor<Self>;

    /// The gate.
    fn gate(features: FloatTensor<Self>, plan: Arc<GatePlan>) -> FloatTensor<Self>;
}

/// Contiguous features, attributes and weights.
struct Operands([Numbers; 3]);

impl Operands {
    fn new(features: FlexTensor, attributes: FlexTensor, weights: FlexTensor) -> Self {
        Self([features, attributes, weights].map(Numbers::new))
    }

    fn inputs<T: Number>(&self) -> Inputs<'_, T> {
        let [features, attributes, weights] = &self.0;
        Inputs {
            features: features.slice(),
            attributes: attributes.slice(),
            weights: weights.slice(),
        }
    }
}

fn product_forward<T: Number>(
    operands: &Operands,
    bias: FlexTensor,
    plan: &ProductPlan,
) -> FlexTensor {
    let inputs = operands.inputs::<T>();
    let rows = inputs.attributes.len() / plan.attributes;
    let output = product::forward(plan, &inputs, Numbers::new(bias).slice());
    tensor(output, [rows, plan.output])
}

fn gathered_forward<T: Number>(
    operands: &Operands,
    plan: &GatheredPlan,
    index: &RowIndex,
) -> FlexTensor {
    let output = gathered::forward(plan, &operands.inputs::<T>(), index);
    tensor(output, [index.index().len(), plan.output])
}

fn gate_forward<T: Number>(features: &Numbers, plan: &GatePlan) -> FlexTensor {
    let features = features.slice::<T>();
    let rows = features.len() / plan.input;
    tensor(gate::forward(plan, features), [rows, plan.output])
}

fn gate_backward<T: Number>(features: &Numbers, gradient: &Numbers, plan: &GatePlan) -> FlexTensor {
    let features = features.slice::<T>();
    let rows = features.len() / plan.input;
    tensor(
        gate::backward(plan, features, gradient.slice()),
        [rows, plan.input],
    )
}

fn product_backward<T: Number>(
    operands: &Operands,
    gradient: &Numbers,
    plan: &ProductPlan,
    wanted: Wanted,
    biases: usize,
) -> [Option<FlexTensor>; 4] {
    let inputs = operands.inputs::<T>();
    let rows = inputs.attributes.len() / plan.attributes;
    let found = product::backward(plan, &inputs, gradient.slice(), wanted, biases);
    let [features, attributes, weights, bias] = [
        [rows, plan.input].into(),
        [rows, plan.attributes].into(),
        [inputs.weights.len()].into(),
        [biases].into(),
    ];
    shaped(found, wanted, [features, attributes, weights, bias])
}

fn gathered_backward<T: Number>(
    operands: &Operands,
    gradient: &Numbers,
    plan: &GatheredPlan,
    index: &RowIndex,
    wanted: Wanted,
) -> [Option<FlexTensor>; 4] {
    let inputs = operands.inputs::<T>();
    let found = gathered::backward(plan, &inputs, index, gradient.slice(), wanted);
    let shapes = [
        [index.rows(), plan.input].into(),
        [index.index().len(), plan.attributes].into(),
        [inputs.weights.len()].into(),
        [0].into(),
    ];
    shaped(found, wanted, shapes)
}

fn shaped<T: Number>(
    found: Gradients<T>,
    wanted: Wanted,
    [features, attributes, weights, bias]: [Shape; 4],
) -> [Option<FlexTensor>; 4] {
    [
        wanted.features.then(|| tensor(found.features, features)),
        wanted
            .attributes
            .then(|| tensor(found.attributes, attributes)),
        wanted.weights.then(|| tensor(found.weights, weights)),
        (!found.bias.is_empty()).then(|| tensor(found.bias, bias)),
    ]
}

impl TensorProducts for Flex {
    fn product(
        features: FlexTensor,
        attributes: FlexTensor,
        weights: FlexTensor,
        bias: FlexTensor,
        plan: Arc<ProductPlan>,
    ) -> FlexTensor {
        let dtype = features.dtype();
        let operands = Operands::new(features, attributes, weights);
        in_precision!(dtype, product_forward(&operands, bias, &plan))
    }

    fn gathered_product(
        features: FlexTensor,
        attributes: FlexTensor,
        weights: FlexTensor,
        plan: Arc<GatheredPlan>,
        index: Arc<RowIndex>,
    ) -> FlexTensor {
        let dtype = features.dtype();
        let operands = Operands::new(features, attributes, weights);
        in_precision!(dtype, gathered_forward(&operands, &plan, &index))
    }

    fn gate(features: FlexTensor, plan: Arc<GatePlan>) -> FlexTensor {
        let dtype = features.dtype();
        in_precision!(dtype, gate_forward(&Numbers::new(features), &plan))
    }
}

/// What is kept between forward and backward: references, no copies.
#[derive(Debug, Clone)]
struct Saved {
    features: NodeId,
    attributes: NodeId,
    weights: NodeId,
    wanted: [bool; 3],
    biases: usize,
}

impl Saved {
    fn operands(&self, checkpointer: &mut Checkpointer) -> Operands {
        let mut read = |node| checkpointer.retrieve_node_output::<FlexTensor>(node);
        Operands::new(
            read(self.features),
            read(self.attributes),
            read(self.weights),
        )
    }

    fn wanted(&self) -> Wanted {
        let [features, attributes, weights] = self.wanted;
        Wanted {
            features,
            attributes,
            weights,
        }
    }
}

#[derive(Debug)]
struct Product;

impl Backward<Flex, 4> for Product {
    type State = (Saved, Arc<ProductPlan>);

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        grads: &mut grads::Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = Numbers::new(grads.consume::<Flex>(&ops.node));
        let (saved, plan) = ops.state;
        let operands = saved.operands(checkpointer);
        let wanted = saved.wanted();
        let found = in_precision!(
            gradient.dtype(),
            product_backward(&operands, &gradient, &plan, wanted, saved.biases)
        );
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct GatheredProduct;

impl Backward<Flex, 3> for GatheredProduct {
    type State = (Saved, Arc<GatheredPlan>, Arc<RowIndex>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut grads::Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = Numbers::new(grads.consume::<Flex>(&ops.node));
        let (saved, plan, index) = ops.state;
        let operands = saved.operands(checkpointer);
        let wanted = saved.wanted();
        let found = in_precision!(
            gradient.dtype(),
            gathered_backward(&operands, &gradient, &plan, &index, wanted)
        );
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct Gated;

impl Backward<Flex, 1> for Gated {
    type State = (NodeId, Arc<GatePlan>);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut grads::Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = Numbers::new(grads.consume::<Flex>(&ops.node));
        let (features, plan) = ops.state;
        let features = Numbers::new(checkpointer.retrieve_node_output::<FlexTensor>(features));
        let dtype = gradient.dtype();
        let slopes = in_precision!(dtype, gate_backward(&features, &gradient, &plan));
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<Flex>(node.id, slopes);
        }
    }
}

impl<C: CheckpointStrategy> TensorProducts for Autodiff<Flex, C> {
    fn product(
        features: FloatTensor<Self>,
        attributes: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        plan: Arc<ProductPlan>,
    ) -> FloatTensor<Self> {
        let wanted = [&features, &attributes, &weights].map(|tensor| tensor.is_tracked());
        let biases = if bias.is_tracked() {
            bias.shape().num_elements()
        } else {
            0
        };
        let nodes = [
            features.node(),
            attributes.node(),
            weights.node(),
            bias.node(),
        ];
        match Product.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let saved = Saved {
                    features: prep.checkpoint(&features),
                    attributes: prep.checkpoint(&attributes),
                    weights: prep.checkpoint(&weights),
                    wanted,
                    biases,
                };
                let output = Flex::product(
                    features.into_primitive(),
                    attributes.into_primitive(),
                    weights.into_primitive(),
                    bias.into_primitive(),
                    plan.clone(),
                );
                prep.finish((saved, plan), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::product(
                features.into_primitive(),
                attributes.into_primitive(),
                weights.into_primitive(),
                bias.into_primitive(),
                plan,
            )),
        }
    }

    fn gathered_product(
        features: FloatTensor<Self>,
        attributes: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        plan: Arc<GatheredPlan>,
        index: Arc<RowIndex>,
    ) -> FloatTensor<Self> {
        let wanted = [&features, &attributes, &weights].map(|tensor| tensor.is_tracked());
        let nodes = [features.node(), attributes.node(), weights.node()];
        match GatheredProduct
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let saved = Saved {
                    features: prep.checkpoint(&features),
                    attributes: prep.checkpoint(&attributes),
                    weights: prep.checkpoint(&weights),
                    wanted,
                    biases: 0,
                };
                let output = Flex::gathered_product(
                    features.into_primitive(),
                    attributes.into_primitive(),
                    weights.into_primitive(),
                    plan.clone(),
                    index.clone(),
                );
                prep.finish((saved, plan, index), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::gathered_product(
                features.into_primitive(),
                attributes.into_primitive(),
                weights.into_primitive(),
                plan,
                index,
            )),
        }
    }

    fn gate(features: FloatTensor<Self>, plan: Arc<GatePlan>) -> FloatTensor<Self> {
        match Gated
            .prepare::<C>([features.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let saved = prep.checkpoint(&features);
                let output = Flex::gate(features.into_primitive(), plan.clone());
                prep.finish((saved, plan), output)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::gate(features.into_primitive(), plan)),
        }
    }
}
