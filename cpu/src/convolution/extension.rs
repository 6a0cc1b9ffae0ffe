//! The convolution as an operation of Burn's backends, with its own backward.

use super::arrays;
use super::chunks::Wanted;
use super::geometry::Geometry;
use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, TensorMetadata, backend_extension};
use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;
use burn_flex::FlexTensor;

use crate::Finish;
use crate::bridge::{Numbers, in_precision, tensor};
use crate::number::Number;

/// Backends with this crate's convolution.
#[backend_extension(Flex, Autodiff)]
pub(super) trait PlainConvolution: Backend {
    /// Without bias where that is empty.
    fn convolve(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self>;
}

/// Backends on which the convolution and what follows it are one pass. There is no backward: with gradients, the two are
/// operations of their own.
#[backend_extension(Flex)]
pub(super) trait FinishedConvolution: Backend {
    /// Without bias where that is empty.
    fn convolve_and_finish(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvOptions<2>,
        finish: Finish,
    ) -> FloatTensor<Self>;
}

impl FinishedConvolution for Flex {
    fn convolve_and_finish(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        options: ConvOptions<2>,
        finish: Finish,
    ) -> FlexTensor {
        let dtype = input.dtype();
        in_precision!(dtype, forward(input, weight, bias, &options, finish))
    }
}

impl PlainConvolution for Flex {
    fn convolve(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        options: ConvOptions<2>,
    ) -> FlexTensor {
        Self::convolve_and_finish(input, weight, bias, options, Finish::Nothing)
    }
}

fn sizes(input: &Shape, weight: &Shape, options: &ConvOptions<2>) -> Geometry {
    Geometry::new(
        input.dims(),
        weight.dims(),
        options.stride,
        options.symmetric_padding(),
        options.dilation,
        options.groups,
    )
}

fn forward<T: Number>(
    input: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    options: &ConvOptions<2>,
    finish: Finish,
) -> FlexTensor {
    let sizes = sizes(&input.shape(), &weight.shape(), options);
    let (input, weight) = (Numbers::new(input), Numbers::new(weight));
    let bias = Numbers::new(bias);
    let bias = Some(bias.slice::<T>()).filter(|bias| !bias.is_empty());
    let out = arrays::convolve(input.slice(), weight.slice(), bias, &sizes, finish);
    let [height, width] = finish.size(sizes.output);
    tensor(
        out,
        Shape::from([sizes.batch, sizes.channels_out, height, width]),
    )
}

/// What a backward pass has at hand and what it is to find.
struct Step {
    input: Option<FlexTensor>,
    weight: Option<FlexTensor>,
    gradient: FlexTensor,
    saved: Saved,
    bias: bool,
}

/// Gradients with respect to input, weight and bias.
type Found = [Option<FlexTensor>; 3];

fn backward<T: Number>(step: Step) -> Found {
    let shapes = [step.saved.input_shape, step.saved.weight_shape];
    let sizes = sizes(&shapes[0], &shapes[1], &step.saved.options);
    let gradient = Numbers::new(step.gradient);
    // The input is needed for the weight's gradient alone, the weight for the input's.
    let wanted = Wanted {
        input: step.weight.is_some(),
        weight: step.input.is_some(),
    };
    let input = step.input.map(Numbers::new);
    let weight = step.weight.map(Numbers::new);
    let (for_input, for_weight) = arrays::gradients(
        input.as_ref().map(Numbers::slice).unwrap_or_default(),
        weight.as_ref().map(Numbers::slice).unwrap_or_default(),
        gradient.slice::<T>(),
        &sizes,
        wanted,
    );
    let for_bias = step
        .bias
        .then(|| arrays::bias_gradient(gradient.slice::<T>(), &sizes));
    let [input_shape, weight_shape] = shapes;
    [
        for_input.map(|g| tensor(g, input_shape)),
        for_weight.map(|g| tensor(g, weight_shape)),
        for_bias.map(|g| tensor(g, Shape::from([sizes.channels_out]))),
    ]
}

/// What is kept between forward and backward: references, no copies.
#[derive(Debug, Clone)]
struct Saved {
    /// The input, where the weight's gradient is wanted.
    input: Option<NodeId>,
    /// The weight, where the input's gradient is wanted.
    weight: Option<NodeId>,
    input_shape: Shape,
    weight_shape: Shape,
    options: ConvOptions<2>,
}

impl Saved {
    fn step(self, checkpointer: &mut Checkpointer, gradient: FlexTensor, bias: bool) -> Step {
        let mut read = |node: Option<NodeId>| {
            node.map(|node| checkpointer.retrieve_node_output::<FlexTensor>(node))
        };
        Step {
            input: read(self.input),
            weight: read(self.weight),
            gradient,
            bias,
            saved: self,
        }
    }
}

#[derive(Debug)]
struct Convolution;

impl Backward<Flex, 3> for Convolution {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let bias = ops.parents[2].is_some();
        let dtype = gradient.dtype();
        let step = ops.state.step(checkpointer, gradient, bias);
        let found = in_precision!(dtype, backward(step));
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> PlainConvolution for Autodiff<Flex, C> {
    fn convolve(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self> {
        let (wants_input, wants_weight) = (input.is_tracked(), weight.is_tracked());
        let (input_shape, weight_shape) = (input.shape(), weight.shape());
        match Convolution
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let saved = Saved {
                    input: wants_weight.then(|| prep.checkpoint(&input)),
                    weight: wants_input.then(|| prep.checkpoint(&weight)),
                    input_shape,
                    weight_shape,
                    options: options.clone(),
                };
                let out = Flex::convolve(
                    input.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    options,
                );
                prep.finish(saved, out)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::convolve(
                input.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                options,
            )),
        }
    }
}
