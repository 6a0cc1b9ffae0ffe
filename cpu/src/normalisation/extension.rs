//! The operation as Burn's backends see it, with its own backward.

use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, DType, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::{Element, Shape, TensorData};
use burn_flex::FlexTensor;

use super::Activation;
use super::kernels::{self, Fields};
use super::loops::{Line, Number};

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
        match input.dtype() {
            DType::F64 => along::<f64>(input, slope, offset, activation),
            _ => along::<f32>(input, slope, offset, activation),
        }
    }
}

fn along<T: Stored>(
    input: FlexTensor,
    slope: FlexTensor,
    offset: FlexTensor,
    activation: Activation,
) -> FlexTensor {
    let [input, slope, offset] = [input, slope, offset].map(contiguous);
    let shape = input.shape();
    let fields = fields(&shape);
    let pairs = T::of(&slope).iter().zip(T::of(&offset));
    let lines: Vec<Line> = pairs
        .map(|(slope, offset)| Line {
            slope: Number::to_f64(*slope),
            offset: Number::to_f64(*offset),
        })
        .collect();
    let output = kernels::affine(T::of(&input), fields, &lines, activation);
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

/// Numbers that a tensor can hold.
trait Stored: Number + Element {
    fn of(tensor: &FlexTensor) -> &[Self];
}

macro_rules! stored {
    ($number:ty) => {
        impl Stored for $number {
            fn of(tensor: &FlexTensor) -> &[Self] {
                let start = tensor.layout().start_offset();
                &tensor.storage::<$number>()[start..start + tensor.layout().num_elements()]
            }
        }
    };
}
stored!(f32);
stored!(f64);

fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

fn tensor<T: Stored>(numbers: Vec<T>, shape: Shape) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(numbers, shape))
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
        match input.dtype() {
            DType::F64 => forward::<f64>(input, scale, shift, epsilon, activation),
            _ => forward::<f32>(input, scale, shift, epsilon, activation),
        }
    }
}

fn forward<T: Stored>(
    input: FlexTensor,
    scale: FlexTensor,
    shift: FlexTensor,
    epsilon: f64,
    activation: Activation,
) -> (FlexTensor, FlexTensor) {
    let [input, scale, shift] = [input, scale, shift].map(contiguous);
    let shape = input.shape();
    let fields = fields(&shape);
    let statistics = kernels::statistics(T::of(&input), fields);
    let lines: Vec<Line> = statistics
        .iter()
        .zip(T::of(&scale).iter().zip(T::of(&shift)))
        .map(|([mean, variance], (scale, shift))| {
            let slope = Number::to_f64(*scale) / (variance + epsilon).sqrt();
            let offset = Number::to_f64(*shift) - slope * mean;
            Line { slope, offset }
        })
        .collect();
    let output = kernels::affine(T::of(&input), fields, &lines, activation);
    let after = activated(shape, fields, activation);
    let rows = [0, 1].map(|row| statistics.iter().map(move |pair| T::from_f64(pair[row])));
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

fn backward<T: Stored>(
    input: FlexTensor,
    scale: FlexTensor,
    gradient: FlexTensor,
    saved: Saved,
) -> [FlexTensor; 3] {
    let [input, scale, gradient] = [input, scale, gradient].map(contiguous);
    let shape = input.shape();
    let fields = fields(&shape);
    let (means, variances) = T::of(&saved.statistics).split_at(fields.channels);
    let standard: Vec<[f64; 2]> = means
        .iter()
        .zip(variances)
        .map(|(mean, variance)| {
            let inverse = (Number::to_f64(*variance) + saved.epsilon).sqrt().recip();
            [Number::to_f64(*mean), inverse]
        })
        .collect();
    let (for_input, for_scale, for_shift) = kernels::Backward {
        input: T::of(&input),
        output: T::of(&saved.output),
        gradient: T::of(&gradient),
        standard: &standard,
        scale: T::of(&scale),
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
        let gradients = match gradient.dtype() {
            DType::F64 => backward::<f64>(input, scale, gradient, saved),
            _ => backward::<f32>(input, scale, gradient, saved),
        };
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
