//! The operation as Burn's backends see it, with its own backward.

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Flex, backend_extension};
use burn::tensor::Shape;
use burn_flex::FlexTensor;

use super::activation::Activation;
use super::kernels::{self, Fields};
use super::loops::Line;
use crate::bridge::{Numbers, in_precision, tensor};
use crate::number::Number;

/// Backends that normalise fields in one pass.
#[backend_extension(Flex, Autodiff)]
pub(super) trait FieldNorm: Backend {
    /// The output, and the statistics `[2, channels]`.
    fn normalise(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// Backends that scale and shift fields in one pass. There is no backward: it is for evaluation.
#[backend_extension(Flex)]
pub(super) trait FieldLine: Backend {
    /// slope · input + offset, then the activation.
    fn line(
        input: FloatTensor<Self>,
        slope: FloatTensor<Self>,
        offset: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
}

impl FieldLine for Flex {
    fn line(
        input: FlexTensor,
        slope: FlexTensor,
        offset: FlexTensor,
        activation: Activation,
    ) -> FlexTensor {
        let operands = [input, slope, offset].map(Numbers::new);
        let dtype = operands[0].dtype();
        in_precision!(dtype, along(&operands, activation))
    }
}

fn along<T: Number>([input, slope, offset]: &[Numbers; 3], activation: Activation) -> FlexTensor {
    let shape = input.shape();
    let fields = fields(&shape);
    let pairs = slope.slice::<T>().iter().zip(offset.slice::<T>());
    let lines: Vec<Line> = pairs
        .map(|(slope, offset)| Line {
            slope: slope.double(),
            offset: offset.double(),
        })
        .collect();
    let output = kernels::affine(input.slice::<T>(), fields, &lines, activation);
    tensor(output, activated(shape, fields, activation))
}

/// The shape after an activation.
fn activated(mut shape: Shape, fields: Fields, activation: Activation) -> Shape {
    if activation == Activation::ReluMaxPool {
        let rank = shape.num_dims();
        [shape[rank - 2], shape[rank - 1]] = fields.pooled_plane();
    }
    shape
}

fn fields(shape: &Shape) -> Fields {
    let [batch, channels] = [shape[0], shape[1]];
    let rank = shape.num_dims();
    Fields {
        batch,
        channels,
        length: shape.num_elements() / (batch * channels).max(1),
        plane: [shape[rank - 2], shape[rank - 1]],
    }
}

impl FieldNorm for Flex {
    fn normalise(
        input: FlexTensor,
        scale: FlexTensor,
        shift: FlexTensor,
        epsilon: f64,
        activation: Activation,
    ) -> (FlexTensor, FlexTensor) {
        let operands = [input, scale, shift].map(Numbers::new);
        let dtype = operands[0].dtype();
        in_precision!(dtype, forward(&operands, epsilon, activation))
    }
}

fn forward<T: Number>(
    [input, scale, shift]: &[Numbers; 3],
    epsilon: f64,
    activation: Activation,
) -> (FlexTensor, FlexTensor) {
    let shape = input.shape();
    let fields = fields(&shape);
    let statistics = kernels::statistics(input.slice::<T>(), fields);
    let lines: Vec<Line> = statistics
        .iter()
        .zip(scale.slice::<T>().iter().zip(shift.slice::<T>()))
        .map(|([mean, variance], (scale, shift))| {
            let slope = scale.double() / (variance + epsilon).sqrt();
            let offset = shift.double() - slope * mean;
            Line { slope, offset }
        })
        .collect();
    let output = kernels::affine(input.slice::<T>(), fields, &lines, activation);
    let after = activated(shape, fields, activation);
    let rows = [0, 1].map(|row| statistics.iter().map(move |pair| T::of(pair[row])));
    let statistics = rows.into_iter().flatten().collect();
    (
        tensor(output, after),
        tensor::<T>(statistics, Shape::from([2, fields.channels])),
    )
}

/// What is kept between forward and backward: references, no copies.
#[derive(Debug, Clone)]
struct Saved {
    input: NodeId,
    scale: NodeId,
    output: FlexTensor,
    statistics: FlexTensor,
    epsilon: f64,
    activation: Activation,
}

fn backward<T: Number>([input, scale, gradient]: &[Numbers; 3], saved: Saved) -> [FlexTensor; 3] {
    let [output, statistics] = [saved.output, saved.statistics].map(Numbers::new);
    let shape = input.shape();
    let fields = fields(&shape);
    let (means, variances) = statistics.slice::<T>().split_at(fields.channels);
    let standard: Vec<[f64; 2]> = means
        .iter()
        .zip(variances)
        .map(|(mean, variance)| {
            let inverse = (variance.double() + saved.epsilon).sqrt().recip();
            [mean.double(), inverse]
        })
        .collect();
    let (for_input, for_scale, for_shift) = kernels::Backward {
        input: input.slice::<T>(),
        output: output.slice(),
        gradient: gradient.slice::<T>(),
        standard: &standard,
        scale: scale.slice::<T>(),
        activation: saved.activation,
    }
    .gradients(fields);
    let per_channel = Shape::from([fields.channels]);
    [
        tensor(for_input, shape),
        tensor(for_scale, per_channel.clone()),
        tensor(for_shift, per_channel),
    ]
}

#[derive(Debug)]
struct Normalise;

impl Backward<Flex, 3> for Normalise {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let saved = ops.state;
        let input = checkpointer.retrieve_node_output::<FlexTensor>(saved.input);
        let scale = checkpointer.retrieve_node_output::<FlexTensor>(saved.scale);
        let operands = [input, scale, gradient].map(Numbers::new);
        let dtype = operands[0].dtype();
        let gradients = in_precision!(dtype, backward(&operands, saved));
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> FieldNorm for Autodiff<Flex, C> {
    fn normalise(
        input: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        epsilon: f64,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let prepared = Normalise
            .prepare::<C>([input.node(), scale.node(), shift.node()])
            .compute_bound()
            .stateful();
        match prepared {
            OpsKind::Tracked(mut prep) => {
                let (input_node, scale_node) = (prep.checkpoint(&input), prep.checkpoint(&scale));
                let (output, statistics) = Flex::normalise(
                    input.into_primitive(),
                    scale.into_primitive(),
                    shift.into_primitive(),
                    epsilon,
                    activation,
                );
                let saved = Saved {
                    input: input_node,
                    scale: scale_node,
                    output: output.clone(),
                    statistics: statistics.clone(),
                    epsilon,
                    activation,
                };
                (
                    prep.finish(saved, output),
                    <Self as AutodiffBackend>::from_inner(statistics),
                )
            }
            OpsKind::UnTracked(prep) => {
                let (output, statistics) = Flex::normalise(
                    input.into_primitive(),
                    scale.into_primitive(),
                    shift.into_primitive(),
                    epsilon,
                    activation,
                );
                (
                    prep.finish(output),
                    <Self as AutodiffBackend>::from_inner(statistics),
                )
            }
        }
    }
}
