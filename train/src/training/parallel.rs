//! One step in parts: every device takes a share of the batch, as many examples at once as memory allows, and the first one
//! gathers the gradients.
//!
//! ```text
//! loss = Σ_p n_p / n · loss_p        ∇ loss = Σ_p n_p / n · ∇ loss_p        n = Σ_p n_p examples
//! ```
//!
//! This is the step of one device, but for rounding, wherever the loss is a mean over examples and examples don't meet in
//! the network. In a batch normalisation they do: each part is normalised by itself, and the running statistics follow
//! the first device's parts. Weights travel to the other devices at every step, as in Burn's strategy of a main device.
//! Devices of one backend share a random stream, so that dropout on several of them depends on which thread draws first.
//!
//! Burn's other strategy leaves the weights where they are and sums gradients on all devices at once. In Burn 0.22.1 that
//! sum (`all_reduce`) exists for CUDA alone: flex and ndarray do not implement it, wgpu answers that it has no transport.
//! The strategy is also part of Burn's `Learner`, which cannot resume bit for bit, so that it is not used here; a `Learner` of
//! one's own trains these layers by it like any other Burn module.

use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::prelude::*;

use crate::TrainError;
use crate::task::Task;

/// Gradients for `model`, which is on the first device, and the outcomes of all examples, which carry no gradient. At most
/// `at_once` examples pass through a network together; 0 sets no bound.
pub fn step<T: Task>(
    task: &T,
    model: &T::Model,
    batch: &T::Batch,
    devices: &[Device],
    at_once: usize,
) -> Result<(GradientsParams, Tensor<2>), TrainError> {
    let size = task.size(batch);
    let at_once = if at_once == 0 { size } else { at_once };
    let main = &devices[0];
    // Outcomes stay on their device until all are together.
    let share = |model: &T::Model, examples: Range<usize>, device: &Device| {
        let mut sum = GradientsAccumulator::new();
        let mut outcomes = Vec::new();
        for part in parts(examples, at_once) {
            if part.len() == size {
                let step = task.step(model, batch, device)?;
                let grads = GradientsParams::from_grads(step.loss.backward(), model);
                return Ok((grads, step.outcomes));
            }
            let weight = part.len() as f64 / size as f64;
            let step = task.step(model, &task.part(batch, part), device)?;
            let grads = GradientsParams::from_grads((step.loss * weight).backward(), model);
            sum.accumulate(model, grads);
            outcomes.push(step.outcomes);
        }
        Ok::<_, TrainError>((sum.grads(), Tensor::cat(outcomes, 0)))
    };
    let shares = shares(size, devices.len());
    if shares.len() < 2 {
        return share(model, 0..size, main);
    }
    let home = main.clone().inner();
    let mut gathered = GradientsAccumulator::new();
    let outcomes = thread::scope(|scope| {
        let others: Vec<_> = shares[1..]
            .iter()
            .zip(&devices[1..])
            .map(|(examples, device)| {
                let (replica, examples, home) = (replica(model, device), examples.clone(), &home);
                scope.spawn(move || {
                    let (grads, outcomes) = share(&replica, examples, device)?;
                    let grads = grads.to_device(home, &replica);
                    Ok::<_, TrainError>((grads, outcomes.to_device(home)))
                })
            })
            .collect();
        let (grads, outcomes) = share(model, shares[0].clone(), main)?;
        gathered.accumulate(model, grads);
        let mut all = vec![outcomes];
        // In the order of the devices, not in the order in which they finish: sums come out the same every time.
        for other in others {
            let found = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            let (grads, outcomes) = found?;
            gathered.accumulate(model, grads);
            all.push(outcomes);
        }
        Ok::<_, TrainError>(all)
    })?;
    Ok((gathered.grads(), Tensor::cat(outcomes, 0)))
}

/// Consecutive ranges of nearly equal length, none longer than `at_once`.
fn parts(examples: Range<usize>, at_once: usize) -> Vec<Range<usize>> {
    if examples.len() <= at_once {
        return vec![examples];
    }
    let moved = |part: Range<usize>| examples.start + part.start..examples.start + part.end;
    let count = examples.len().div_ceil(at_once.max(1));
    shares(examples.len(), count)
        .into_iter()
        .map(moved)
        .collect()
}

/// A copy on another device, with gradients of its own. Leaving the autodiff device on the way gives it running
/// statistics of its own, too: clones share them, and moving a clone would move the original's.
fn replica<M: Module>(model: &M, device: &Device) -> M {
    model.valid().fork(&device.clone().inner()).train()
}

/// Consecutive ranges of nearly equal length, none of them empty.
fn shares(size: usize, parts: usize) -> Vec<Range<usize>> {
    let parts = parts.min(size);
    let start = |part: usize| size * part / parts;
    (0..parts)
        .map(|part| start(part)..start(part + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use burn::optim::SgdConfig;

    use super::*;
    use crate::finetune::Tuning;
    use crate::run_file::FinetuneConfig;
    use crate::run_file::{Experiment, RunConfig};
    use crate::task::Split;
    use crate::tasks::classification::Classification;
    use crate::tasks::dynamics::ParticleDynamics;
    use crate::weights::arrays::{Weights, apply, collect};

    fn config(text: &str) -> RunConfig {
        RunConfig::parse(text, "run.toml".as_ref(), &[]).expect("a run file")
    }

    fn device() -> Device {
        Device::flex().autodiff()
    }

    /// A network whose weights are known, not drawn: the random stream is shared by all tests of a process. Scales and running
    /// variances are positive.
    fn model_of<T: Task>(task: &T) -> T::Model {
        let model = task.init(&device()).expect("a model");
        let mut weights = collect(&model);
        for (name, array) in &mut weights {
            let (centre, reach) = match name.contains("norm") {
                true => (1.0, 0.5),
                false => (0.0, 0.3),
            };
            for (place, value) in array.values.iter_mut().enumerate() {
                *value = centre + reach * (place as f32 * 0.7 + name.len() as f32).sin();
            }
        }
        apply(model, &weights).expect("weights of the same network")
    }

    fn batch_of<T: Task>(task: &T) -> T::Batch {
        let mut batches = task.training_batches(0, 0).expect("batches");
        batches.next().expect("a batch").expect("in order")
    }

    /// The weights after a step of plain gradient descent on some devices, so many examples at once, and the outcomes.
    fn step_from<T: Task>(
        task: &T,
        model: T::Model,
        batch: &T::Batch,
        count: usize,
        at_once: usize,
    ) -> (Weights, Vec<f32>) {
        let devices = vec![device(); count];
        let (grads, outcomes) = step(task, &model, batch, &devices, at_once).expect("a step");
        let model = SgdConfig::new().init().step(1.0, model, grads);
        assert_eq!(model.devices(), [device()]);
        let outcomes = outcomes.into_data().iter::<f32>().collect();
        (collect(&model), outcomes)
    }

    /// The same from fresh weights, on the first batch.
    fn step_on<T: Task>(task: &T, count: usize, at_once: usize) -> (Weights, Vec<f32>) {
        step_from(task, model_of(task), &batch_of(task), count, at_once)
    }

    #[test]
    fn several_devices_and_several_parts_take_the_step_of_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = config(&format!(
            "task = \"nbody\"\n[dataset]\ntrain = 10\nvalid = 2\ntest = 2\ncache_path = {:?}\n\
             [model]\nkind = \"segnn\"\nhidden = \"4x0e+4x1o\"\nlayers = 1\n",
            folder.path()
        ));
        let Experiment::NBody(own) = &config.experiment else {
            panic!("particles");
        };
        let data = own.dataset.load().expect("simulations");
        let task = ParticleDynamics::new(data, own, &config).expect("a task");
        assert_eq!(task.examples(Split::Train), 10);
        let (expected, outcomes) = step_on(&task, 1, 0);
        for (count, at_once) in [(2, 0), (3, 0), (16, 0), (1, 4), (1, 1), (2, 2)] {
            let (found, other_outcomes) = step_on(&task, count, at_once);
            assert_eq!(
                found.keys().collect::<Vec<_>>(),
                expected.keys().collect::<Vec<_>>()
            );
            for (name, array) in &expected {
                for (a, b) in array.values.iter().zip(&found[name].values) {
                    assert!(
                        (a - b).abs() < 1e-5,
                        "{name} on {count}, {at_once} at once: {a} and {b}"
                    );
                }
            }
            assert_eq!(outcomes.len(), other_outcomes.len());
            for (a, b) in outcomes.iter().zip(&other_outcomes) {
                assert!((a - b).abs() < 1e-5 * a, "{count}: {a} and {b}");
            }
        }
    }

    /// Learning to classify tissue with a network that has batch normalisation, eight patches a step.
    fn tissue() -> Classification {
        let config = config(
            "task = \"nuclei\"\n[dataset]\nsource = \"built-in\"\n[model]\nchannels = [2, 2]\nkernel_sizes = [3, 3, 3]\n\
             pool_after = [1]\ndropout = 0.0\n[training]\nbatch_size = 8\n",
        );
        let Experiment::Images(own) = &config.experiment else {
            panic!("images");
        };
        let data = own.dataset.load().expect("carried images");
        Classification::new(data, own, &config).expect("a task")
    }

    fn bits(weights: &Weights, name: &str) -> Vec<u32> {
        weights[name].values.iter().map(|v| v.to_bits()).collect()
    }

    /// Running statistics of a batch normalisation follow the first share, bit for bit what a step on it alone gives.
    #[test]
    fn running_statistics_are_those_of_the_first_share() {
        let task = tissue();
        let (whole, outcomes) = step_on(&task, 1, 0);
        let (shared, other_outcomes) = step_on(&task, 2, 0);
        assert_eq!(outcomes.len(), other_outcomes.len());
        let first = task.part(&batch_of(&task), 0..4);
        let (alone, _) = step_from(&task, model_of(&task), &first, 1, 0);
        let statistics: Vec<&String> = whole
            .keys()
            .filter(|name| name.contains("running"))
            .collect();
        assert!(!statistics.is_empty());
        for name in statistics {
            assert_ne!(bits(&whole, name), bits(&shared, name), "{name}");
            assert_eq!(bits(&alone, name), bits(&shared, name), "{name}");
        }
    }

    /// Whatever takes the step, and in however many parts: what is frozen stays, weights and running statistics.
    #[test]
    fn frozen_layers_stay_on_several_devices_and_in_parts() {
        let task = tissue();
        let finetune = FinetuneConfig {
            freeze: vec!["lifting".into(), "blocks.0".into()],
            ..FinetuneConfig::default()
        };
        for (count, at_once) in [(1, 0), (2, 0), (1, 3), (2, 3)] {
            let model = model_of(&task);
            let before = collect(&model);
            let tuning = Tuning::new(&finetune, &model).expect("names of layers");
            let model = tuning.freeze(model);
            let (after, _) = step_from(&task, model, &batch_of(&task), count, at_once);
            let frozen = tuning.frozen();
            assert!(frozen.iter().any(|name| name.contains("running")));
            for name in before.keys() {
                let same = bits(&before, name) == bits(&after, name);
                assert_eq!(same, frozen.contains(name), "{name} on {count}, {at_once}");
            }
        }
    }

    #[test]
    fn shares_are_even_and_cover_everything() {
        assert_eq!(shares(10, 3), [0..3, 3..6, 6..10]);
        assert_eq!(shares(2, 3), [0..1, 1..2]);
        assert_eq!(shares(5, 1), vec![0..5]);
        assert!(shares(0, 2).is_empty());
        assert_eq!(parts(3..10, 3), [3..5, 5..7, 7..10]);
        assert_eq!(parts(3..10, 7), vec![3..10]);
    }
}
