//! Two equivariant layers in an ordinary Burn project, trained by Burn's own `Learner`.
//!
//! ```sh
//! cargo run --release --example classifier
//! ```
//!
//! The network answers the same for a digit and for the same digit turned by 90°: trained or not, to rounding.

use std::error::Error;
use std::path::Path;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::Dataset;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamConfig;
use burn::prelude::*;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{
    ClassificationOutput, ExecutionStrategy, InferenceStep, Learner, SupervisedTraining,
    TrainOutput, TrainStep,
};
use gcnn_examples::{Digit, DigitBatch, DigitBatcher, Digits};
use gcnn_layers::{
    FieldBatchNorm, FieldBatchNormConfig, GlobalPool2d, GlobalPool2dConfig, GlobalPoolKind, Group,
    GroupConv2d, GroupConv2dConfig, LayerError, LiftingConv2d, LiftingConv2dConfig,
    SpatialMaxPool2d, SpatialMaxPool2dConfig,
};

/// Lifting convolution, group convolution, pooling over everything, linear map.
#[derive(Module, Debug)]
struct Classifier {
    lift: LiftingConv2d,
    lift_norm: FieldBatchNorm,
    halve: SpatialMaxPool2d,
    conv: GroupConv2d,
    conv_norm: FieldBatchNorm,
    pool: GlobalPool2d,
    head: Linear,
}

impl Classifier {
    fn new(device: &Device) -> Result<Self, LayerError> {
        let group = Group::cyclic(4)?;
        Ok(Self {
            lift: LiftingConv2dConfig::new(group.clone(), [1, 8], 5).init(device),
            lift_norm: FieldBatchNormConfig::new(8).init(device),
            halve: SpatialMaxPool2dConfig::new(2).init(),
            conv: GroupConv2dConfig::new(group, [8, 24], 5).init(device),
            conv_norm: FieldBatchNormConfig::new(24).init(device),
            pool: GlobalPool2dConfig::new()
                .with_kind(GlobalPoolKind::Max)
                .init(),
            head: LinearConfig::new(24, 10).init(device),
        })
    }

    /// `[batch, 1, 28, 28]` to `[batch, 10]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let map = self.lift.forward(images); // [batch, 8, 4, 24, 24]: four orientations
        let map = self.lift_norm.forward_relu_pool(map, &self.halve); // [batch, 8, 4, 12, 12]
        let map = self.conv.forward(map); // [batch, 24, 4, 8, 8]
        let map = self.conv_norm.forward_relu(map, None);
        self.head.forward(self.pool.forward(map))
    }

    fn classify(&self, batch: DigitBatch) -> ClassificationOutput {
        let output = self.forward(batch.images);
        let loss = CrossEntropyLossConfig::new()
            .init(&output.device())
            .forward(output.clone(), batch.classes.clone());
        ClassificationOutput::new(loss, output, batch.classes)
    }
}

impl TrainStep for Classifier {
    type Input = DigitBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: DigitBatch) -> TrainOutput<ClassificationOutput> {
        let item = self.classify(batch);
        TrainOutput::new(self, item.loss.backward(), item)
    }
}

impl InferenceStep for Classifier {
    type Input = DigitBatch;
    type Output = ClassificationOutput;

    fn step(&self, batch: DigitBatch) -> ClassificationOutput {
        self.classify(batch)
    }
}

/// Trains on one set of digits and validates on another.
fn train(
    train: impl Dataset<Digit> + 'static,
    valid: impl Dataset<Digit> + 'static,
    epochs: usize,
    folder: &Path,
    device: &Device,
) -> Result<Classifier, Box<dyn Error>> {
    let training = device.clone().autodiff();
    let train = DataLoaderBuilder::new(DigitBatcher)
        .batch_size(64)
        .shuffle(1)
        .set_device(training.clone())
        .build(train);
    let valid = DataLoaderBuilder::new(DigitBatcher)
        .batch_size(256)
        .set_device(device.clone())
        .build(valid);

    let model = Classifier::new(&training)?;
    let result = SupervisedTraining::new(folder, train, valid)
        .metrics((AccuracyMetric::new(), LossMetric::new()))
        .with_training_strategy(ExecutionStrategy::single(training).into())
        .num_epochs(epochs)
        .with_application_logger(None)
        .summary()
        .launch(Learner::new(model, AdamConfig::new().init(), 3e-3));
    match result.error {
        Some(error) => Err(error.to_string().into()),
        None => Ok(result.model),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Any device will do: Device::wgpu(…) with the cargo feature `wgpu` of `gcnn-layers`.
    let device = Device::flex();
    device.seed(1);
    let [digits, valid, test] = Digits::splits()?;
    let model = train(digits, valid, 5, Path::new("runs/classifier"), &device)?;

    let digits = (0..test.len()).map(|index| test.get(index));
    let batch = DigitBatcher.batch(digits.collect::<Result<_, _>>()?, &device);
    let logits = model.forward(batch.images.clone());
    let share = share_correct(&logits, batch.classes);
    println!("{:.1} % of {} test digits", 100.0 * share, test.len());

    let turned = model.forward(quarter_turn(batch.images));
    let change = (turned - logits).abs().max().into_scalar::<f32>();
    println!("turning them by 90° changes no logit by more than {change:.1e}");
    Ok(())
}

fn share_correct(logits: &Tensor<2>, classes: Tensor<1, Int>) -> f64 {
    let [count, _] = logits.dims();
    let answers = logits.clone().argmax(1).squeeze_dim::<1>(1);
    let correct = answers.equal(classes).int().sum().into_scalar::<i32>();
    f64::from(correct) / count as f64
}

/// Images turned by 90° anticlockwise.
fn quarter_turn(images: Tensor<4>) -> Tensor<4> {
    images.swap_dims(2, 3).flip([2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_and_does_not_care_how_digits_are_turned() {
        let device = Device::flex();
        device.seed(1);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [digits, valid, test] = Digits::splits().expect("carried digits");
        let model = train(digits, valid, 2, folder.path(), &device).expect("trained");

        let digits = (0..500).map(|index| test.get(index).expect("a digit"));
        let batch = DigitBatcher.batch(digits.collect(), &device);
        let logits = model.forward(batch.images.clone());
        let share = share_correct(&logits, batch.classes);
        assert!(share > 0.5, "{share} after two epochs");

        let change = (model.forward(quarter_turn(batch.images)) - logits.clone()).abs();
        let relative = change.max().into_scalar::<f32>() / logits.abs().max().into_scalar::<f32>();
        assert!(relative < 1e-5, "{relative}");
    }
}
