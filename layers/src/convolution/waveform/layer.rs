//! Convolutions over time and scale.

use burn::module::Param;
use burn::prelude::*;

use super::blur;
use crate::FieldBatchNorm;
use crate::convolution::dense::{Conv2dOptions, conv2d};
use crate::expect;
use crate::group::Group;
use crate::mark::Mark;

/// The scales of a group, whole numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scales(pub(super) Vec<usize>);

impl Scales {
    /// Of a group that scales by whole numbers, and does nothing else.
    pub(super) fn of(group: &Group) -> Option<Self> {
        let whole = |h: usize| {
            let [[x, xy], [yx, y]] = group.matrix(h);
            let is_scale = x == y && xy == 0.0 && yx == 0.0 && x >= 1.0 && x.fract() == 0.0;
            (is_scale && x <= f64::from(u16::MAX)).then_some(x as usize)
        };
        group.elements().map(whole).collect::<Option<_>>().map(Self)
    }
}

/// How a signal is read, at any scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether it is smoothed to what the scale resolves.
    pub(super) blur: bool,
    /// Samples between outputs.
    pub(super) stride: usize,
}

/// Lifts a waveform to time and scale. Made by [`LiftingConv1dConfig::init`](super::LiftingConv1dConfig::init).
#[derive(Module, Debug)]
pub struct LiftingConv1d {
    /// `[channels_out, channels_in, 1, taps]`.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    pub(super) mark: Mark,
    #[module(skip)]
    pub(super) scales: Scales,
    #[module(skip)]
    pub(super) reading: Reading,
    #[module(skip)]
    pub(super) group: Group,
}

impl LiftingConv1d {
    /// # Shapes
    /// - input: `[batch, channels_in, 1, time]`
    /// - output: `[batch, channels_out, scales, 1, time / stride]`, rounded up
    ///
    /// # Panics
    /// If the input has another number of channels, another height than 1, or numbers of another type.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<5> {
        let [_, c_in, _, _] = self.weight.dims();
        expect::channels("LiftingConv1d", c_in, &input);
        expect::numbers("LiftingConv1d", self.weight.val().dtype(), input.dtype());
        let [_, _, height, _] = input.dims();
        assert_eq!(height, 1, "LiftingConv1d takes signals, images of height 1");
        let at = |&scale: &usize| {
            let bias = self.bias.as_ref().map(Param::val);
            let weight = self.weight.val();
            at_scale(input.clone(), weight, bias, scale, self.reading)
        };
        Tensor::stack(self.scales.0.iter().map(at).collect(), 2)
    }

    /// The scales.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Mean over pairs of fields of (Σ w)²: 0 where every kernel is a wavelet, which has no mean.
    pub fn admissibility(&self) -> Tensor<1> {
        admissibility(self.weight.val())
    }

    /// The same with the normalisation that follows it, in evaluation, in its weights.
    ///
    /// # Panics
    /// If there isn't a field normalised for each output field.
    pub fn folded(&self, norm: &FieldBatchNorm) -> Self {
        let (weight, bias) = folded(self.weight.val(), self.bias.as_ref(), norm);
        Self {
            weight,
            bias: Some(bias),
            ..self.clone()
        }
    }
}

/// Correlates a map over time and scale with kernels over both. Made by
/// [`GroupConv1dConfig::init`](super::GroupConv1dConfig::init).
#[derive(Module, Debug)]
pub struct GroupConv1d {
    /// `[channels_out, channels_in, range, taps]`.
    pub weight: Param<Tensor<4>>,
    /// `[channels_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    pub(super) mark: Mark,
    #[module(skip)]
    pub(super) scales: Scales,
    /// How many scales the responses have.
    #[module(skip)]
    pub(super) out: usize,
    #[module(skip)]
    pub(super) reading: Reading,
    #[module(skip)]
    pub(super) group: Group,
}

impl GroupConv1d {
    /// # Shapes
    /// - input: `[batch, channels_in, scales, 1, time]`
    /// - output: `[batch, channels_out, scales_out, 1, time / stride]`, rounded up
    ///
    /// # Panics
    /// If the input has another number of channels or of scales, another height than 1, or numbers of another type.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        let [_, c_in, range, _] = self.weight.dims();
        expect::on_group("GroupConv1d", c_in, &self.group, &input);
        expect::numbers("GroupConv1d", self.weight.val().dtype(), input.dtype());
        let [batch, _, scales, height, time] = input.dims();
        assert_eq!(height, 1, "GroupConv1d takes signals, images of height 1");
        let at = |index: usize| {
            let seen = range.min(scales - index);
            let input = input.clone().narrow(2, index, seen);
            let input = input.reshape([batch, c_in * seen, 1, time]);
            let weight = self.weight.val().narrow(2, 0, seen);
            let bias = self.bias.as_ref().map(Param::val);
            at_scale(input, weight, bias, self.scales.0[index], self.reading)
        };
        Tensor::stack((0..self.out).map(at).collect(), 2)
    }

    /// The scales of the input.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Mean over pairs of fields of (Σ w)²: 0 where every kernel is a wavelet, which has no mean.
    pub fn admissibility(&self) -> Tensor<1> {
        admissibility(self.weight.val())
    }

    /// The same with the normalisation that follows it, in evaluation, in its weights.
    ///
    /// # Panics
    /// If there isn't a field normalised for each output field.
    pub fn folded(&self, norm: &FieldBatchNorm) -> Self {
        let (weight, bias) = folded(self.weight.val(), self.bias.as_ref(), norm);
        Self {
            weight,
            bias: Some(bias),
            ..self.clone()
        }
    }
}

fn admissibility(weight: Tensor<4>) -> Tensor<1> {
    let [c_out, c_in, range, taps] = weight.dims();
    let sums: Tensor<2> = weight.reshape([c_out * c_in, range * taps]).sum_dim(1);
    (sums.clone() * sums).mean()
}

/// Weights and bias with what follows, slope · x + offset per field, in them.
fn folded(
    weight: Tensor<4>,
    bias: Option<&Param<Tensor<1>>>,
    norm: &FieldBatchNorm,
) -> (Param<Tensor<4>>, Param<Tensor<1>>) {
    let [slope, offset] = norm.line();
    let [fields, ..] = weight.dims();
    assert_eq!(slope.dims(), [fields], "a field normalised for each one");
    let bias = match bias {
        Some(bias) => bias.val() * slope.clone() + offset,
        None => offset,
    };
    let weight = weight * slope.reshape([fields, 1, 1, 1]);
    (
        Param::from_tensor(weight.detach()),
        Param::from_tensor(bias.detach()),
    )
}

/// The responses at one scale.
///
/// # Shapes
/// - input: `[batch, channels_in, 1, time]`
/// - weight: `[channels_out, channels, samples, taps]`, channels · samples being channels_in
/// - output: `[batch, channels_out, 1, time / stride]`, rounded up
fn at_scale(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    scale: usize,
    Reading {
        blur: blurred,
        stride,
    }: Reading,
) -> Tensor<4> {
    let ([batch, c_in, _, time], [c_out, _, _, taps]) = (input.dims(), weight.dims());
    // Beyond both ends the smoothed signal goes on for two steps of the scale, where outputs can see that far.
    let steps = time.div_ceil(scale);
    let reach = (taps / 2).min(steps + 1);
    let beyond = reach.min(2);
    let all = steps + 2 * beyond;
    let length = (all * scale).next_multiple_of(blur::block(scale));
    let before = beyond * scale;
    let signals = input.reshape([batch * c_in, time]);
    let signals = signals.pad([(0, 0), (before, length - before - time)], 0.0);
    let (every, along) = match (scale.is_multiple_of(stride), stride.is_multiple_of(scale)) {
        (true, _) => (stride, 1),
        (false, true) => (scale, stride / scale),
        (false, false) => (1, 1),
    };
    let kept = scale / every;
    // Phases that no output lies on are left out.
    let phases = blur::phases(signals, scale, every, blurred).narrow(2, 0, all);
    let phases = phases
        .reshape([batch, c_in, kept, all])
        .swap_dims(1, 2)
        .reshape([batch * kept, c_in, 1, all]);
    // Taps that reach beyond both ends of every phase see nothing.
    let weight = weight.narrow(3, taps / 2 - reach, 2 * reach + 1);
    let weight = weight.reshape([c_out, c_in, 1, 2 * reach + 1]);
    let options = Conv2dOptions::new()
        .with_padding([0, reach - beyond])
        .with_stride([1, along]);
    let responses = conv2d(phases, weight, bias, options);
    let [_, _, _, steps] = responses.dims();
    let responses = responses
        .reshape([batch, kept, c_out, steps])
        .permute([0, 2, 3, 1])
        .reshape([batch, c_out, 1, steps * kept]);
    let wanted = time.div_ceil(stride);
    match (every, along) {
        // Neither of scale and stride divides the other: all outputs are there, and some are wanted.
        (1, 1) if stride > 1 => {
            let places: Vec<i64> = (0..wanted).map(|at| (at * stride) as i64).collect();
            let device = responses.device();
            responses.select(3, Tensor::from_data(places.as_slice(), &device))
        }
        _ => responses.narrow(3, 0, wanted),
    }
}
