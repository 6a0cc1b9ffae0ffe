use burn::optim::AdamConfig;
use burn::optim::GradientsParams;
use gcnn_datasets::{SegmentationConfig, SegmentationSource};
use gcnn_models::GroupUnetConfig;

use super::*;
use crate::run_file::{Experiment, TaskName};
use crate::task::equivariance::Symmetric;
use crate::task::evaluate;

fn tissue(group: &str) -> Segmentation {
    let own = SegmentationExperiment {
        dataset: SegmentationConfig::new(SegmentationSource::BuiltIn)
            .with_limits([Some(3), Some(2), Some(2)])
            .with_patch_size(32)
            .with_patches_per_image(4),
        model: SegmentationModelConfig::Unet(GroupUnetConfig {
            group: group.parse().expect("a group"),
            channels: vec![4, 6],
            ..GroupUnetConfig::default()
        }),
        ..Default::default()
    };
    let mut config = RunConfig::new(TaskName::Segmentation);
    config.experiment = Experiment::Segmentation(own.clone());
    config.training.batch_size = 4;
    let splits = own.dataset.load().expect("carried images");
    Segmentation::new(splits, &own, &config).expect("a task")
}

#[test]
fn whole_images_are_measured_once_each_and_things_are_counted() {
    let (task, device) = (tissue("C4"), Device::flex());
    device.seed(1);
    let model = task.init(&device).expect("a model");
    let outcomes = evaluate(&task, &model, Split::Test, &device, |_| {}).expect("outcomes");
    assert_eq!((outcomes.len(), outcomes.scores().len()), (2, 6));
    // Every true thing is found or missed.
    for (row, scene) in outcomes.scores().chunks(3).zip(task.tested_on().scenes()) {
        let numbers = scene.instances.as_deref().expect("instances");
        let things: std::collections::BTreeSet<u16> =
            numbers.iter().copied().filter(|n| *n > 0).collect();
        assert_eq!((row[0] + row[2]) as usize, things.len());
    }
    let measures = task.measures(&outcomes);
    let names: Vec<&str> = measures.iter().map(|measure| measure.name).collect();
    assert_eq!(names, ["dice", "iou", "accuracy", "f1", "loss"]);
    for measure in &measures[..4] {
        assert!((0.0..=1.0).contains(&measure.value), "{measure:?}");
    }
}

/// The truth as the answer is the best that there is, but for things without an interior.
#[test]
fn the_truth_scores_full_marks() {
    let task = tissue("C4");
    let device = Device::flex();
    for batch in task.batches(Split::Test).expect("batches") {
        let batch = batch.expect("a batch");
        let shape = [1, 1, batch.height, batch.width];
        let classes: Vec<i64> = batch
            .classes
            .iter()
            .map(|class| i64::from(*class))
            .collect();
        let classes = Tensor::<4, Int>::from_data(TensorData::new(classes, shape), &device);
        let scores = (0..3).map(|class| classes.clone().equal_elem(class).float() * 20.0);
        let judged = judge(Tensor::cat(scores.collect(), 1), classes, None);
        let row: Vec<f32> = judged.outcomes.into_data().iter::<f32>().collect();
        assert!(row[0] < 1e-6 && row[1..] == [1.0; 3], "{row:?}");
        let truth = batch.instances.as_deref().expect("instances");
        let counts = task.counted(&batch, judged.answers, truth).expect("counts");
        assert!(f1(&counts, &[0]) > 0.85, "{counts:?}");
    }
}

#[test]
fn some_steps_make_the_loss_smaller() {
    let task = tissue("C4");
    let device = Device::flex().autodiff();
    device.seed(1);
    let mut model = task.init(&device).expect("a model");
    let mut optimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for epoch in 0..8 {
        for batch in task.training_batches(epoch, 0).expect("batches") {
            let step = task.step(&model, &batch.expect("a batch"), &device);
            let step = step.expect("a step");
            losses.push(step.loss.clone().into_scalar::<f64>());
            let gradients = GradientsParams::from_grads(step.loss.backward(), &model);
            model = optimizer.step(0.01, model, gradients);
        }
    }
    let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len() as f64;
    let (first, last) = (mean(&losses[..3]), mean(&losses[losses.len() - 3..]));
    assert!(last < 0.8 * first, "{losses:?}");
}

#[test]
fn the_report_tells_equivariant_networks_from_others() {
    let device = Device::flex();
    let worst = |group: &str| {
        let task = tissue(group);
        device.seed(1);
        let model = task.init(&device).expect("a model");
        let survey = task
            .survey(&model, &device, &mut |_, _| ())
            .expect("a report");
        let errors = survey.outcome().into_iter().map(|e| e.relative_error);
        (survey.elements.len(), errors.fold(0.0, f64::max))
    };
    let (elements, error) = worst("D4");
    assert!(elements == 8 && error < 1e-5, "{error}");
}

#[test]
fn balanced_weights_give_every_class_the_same_share() {
    let weights = balanced_weights(&[0.8, 0.15, 0.05, 0.0]);
    for (weight, share) in weights.iter().zip([0.8, 0.15, 0.05]) {
        assert!((f64::from(*weight) * share - 1.0 / 3.0).abs() < 1e-6);
    }
    assert_eq!(weights[3], 1.0);
}

#[test]
fn other_images_are_refused() {
    let task = tissue("C4");
    let format = SegmentationFormat {
        channels: 1,
        ..task.format().clone()
    };
    let error = format
        .accepts(task.tested_on())
        .expect_err("three channels");
    assert!(error.to_string().contains("1 channels"), "{error}");
    let format = SegmentationFormat {
        class_names: vec!["one".into(), "two".into()],
        ..task.format().clone()
    };
    assert!(format.validate().is_err());
}
