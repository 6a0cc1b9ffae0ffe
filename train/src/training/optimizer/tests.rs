use burn::nn::{Linear, LinearConfig};
use burn::optim::ModuleOptimizer;
use rstest::rstest;

use gcnn_models::weights::parameters_of;

use super::*;
use crate::weights::arrays::{apply, collect};

/// A layer whose weights are known, not drawn: the random stream is shared by all tests of a process.
fn layer(device: &Device) -> Linear {
    let linear = LinearConfig::new(3, 2).init(device);
    let weights = collect(&linear)
        .into_iter()
        .map(|(name, mut array)| {
            for (i, value) in array.values.iter_mut().enumerate() {
                *value = (i as f32 * 0.7 + name.len() as f32).sin();
            }
            (name, array)
        })
        .collect();
    apply(linear, &weights).expect("weights of the same layer")
}

fn gradients(layer: &Linear, step: usize, device: &Device) -> GradientsParams {
    let t = step as f32;
    let input = Tensor::<2>::from_floats([[1.0, t.sin(), t.cos()], [0.5, t, -1.0]], device);
    GradientsParams::from_grads(layer.forward(input).square().sum().backward(), layer)
}

fn configs() -> [OptimizerConfig; 4] {
    let of = |rule, weight_decay| OptimizerConfig {
        rule,
        lr: 0.05,
        weight_decay,
    };
    let sgd = |nesterov| {
        UpdateRule::Sgd(SgdRule {
            nesterov,
            ..Default::default()
        })
    };
    [
        of(UpdateRule::Adam(AdamRule::default()), 0.1),
        of(UpdateRule::AdamW(AdamRule::default()), 0.1),
        of(sgd(false), 0.0),
        of(sgd(true), 0.1),
    ]
}

fn without_momentum() -> OptimizerConfig {
    let rule = UpdateRule::Sgd(SgdRule {
        momentum: 0.0,
        nesterov: false,
    });
    OptimizerConfig {
        rule,
        ..Default::default()
    }
}

fn burns_own(config: &OptimizerConfig) -> ModuleOptimizer {
    let decay =
        (config.weight_decay > 0.0).then(|| WeightDecayConfig::new(config.weight_decay as f32));
    match &config.rule {
        UpdateRule::Adam(_) => AdamConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(decay)
            .init(),
        UpdateRule::AdamW(_) => AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_weight_decay(config.weight_decay as f32)
            .init(),
        UpdateRule::Sgd(rule) => SgdConfig::new()
            .with_weight_decay(decay)
            .with_momentum(Some(
                MomentumConfig::new()
                    .with_dampening(0.0)
                    .with_nesterov(rule.nesterov),
            ))
            .init(),
    }
}

#[rstest]
fn updates_are_those_of_burns_optimizers(#[values(0, 1, 2, 3)] index: usize) {
    let config = &configs()[index];
    let device = Device::flex().autodiff();
    let (mut ours, mut theirs) = (layer(&device), layer(&device));
    let (mut updater, mut optimizer) = (config.init(0.0), burns_own(config));
    for step in 0..5 {
        let grads = gradients(&ours, step, &device);
        ours = updater.step(config.lr, ours, grads);
        let grads = gradients(&theirs, step, &device);
        theirs = optimizer.step(config.lr, theirs, grads);
    }
    assert_eq!(collect(&ours), collect(&theirs));
    assert_ne!(collect(&ours), collect(&layer(&device)));
}

#[rstest]
fn a_restored_state_goes_on_bit_for_bit(#[values(0, 1, 2, 3)] index: usize) {
    let config = &configs()[index];
    let device = Device::flex().autodiff();
    let mut network = layer(&device);
    let mut updater = config.init(1.0);
    for step in 0..3 {
        let grads = gradients(&network, step, &device);
        network = updater.step(config.lr, network, grads);
    }
    let (arrays, scalars) = updater.state();
    let json = serde_json::to_string(&scalars).expect("JSON");
    let scalars = serde_json::from_str(&json).expect("JSON");
    let mut restored = config.init(1.0);
    restored
        .restore(
            &parameters_of(&network),
            &arrays,
            &scalars,
            &device.clone().inner(),
        )
        .expect("its own state");
    let next = |updater: &mut ModuleUpdater| {
        let grads = gradients(&network, 3, &device);
        collect(&updater.step(config.lr, network.clone(), grads))
    };
    assert_eq!(next(&mut updater), next(&mut restored));

    let mut incomplete = arrays.clone();
    incomplete.clear();
    let restored_of = |arrays: &Weights, scalars: &UpdaterScalars| {
        let parameters = parameters_of(&network);
        let device = device.clone().inner();
        config
            .init(1.0)
            .restore(&parameters, arrays, scalars, &device)
    };
    let words = restored_of(&incomplete, &scalars).expect_err("nothing is there");
    assert!(words.contains("is missing"), "{words}");

    // A state that is of no parameter, or of another shape or rank, is refused before any of it is loaded.
    let refused = |change: &dyn Fn(&mut Weights, &mut UpdaterScalars)| {
        let (mut arrays, mut scalars) = (arrays.clone(), scalars.clone());
        change(&mut arrays, &mut scalars);
        restored_of(&arrays, &scalars).expect_err("damaged")
    };
    let words = refused(&|_, scalars| {
        scalars.ranks.values_mut().for_each(|rank| *rank += 1);
    });
    assert!(words.contains("axes"), "{words}");
    let words = refused(&|_, scalars| {
        scalars.ranks.insert("nothing".into(), 1);
    });
    assert!(words.contains("`nothing`"), "{words}");
    let words = refused(&|_, scalars| {
        scalars.counts.insert("nothing.momentum.time".into(), 1);
    });
    assert!(words.contains("`nothing.momentum.time`"), "{words}");
    if let Some(name) = arrays.keys().next().cloned() {
        let words = refused(&|arrays, _| {
            arrays
                .entry(name.clone())
                .and_modify(|array| array.shape.push(1));
        });
        assert!(words.contains(&name) && words.contains("shape"), "{words}");
        let words = refused(&|arrays, _| {
            let array = arrays.get(&name).cloned();
            arrays.extend(array.map(|array| ("elsewhere.moment_1".to_string(), array)));
        });
        assert!(words.contains("`elsewhere.moment_1`"), "{words}");
    }
}

#[test]
fn a_factor_changes_the_rate_of_its_parameter_alone() {
    let device = Device::flex().autodiff();
    let config = without_momentum();
    let after = |lr: f64, factors: &[(&str, f64)]| {
        let factors = factors.iter().map(|(name, f)| (name.to_string(), *f));
        let mut updater = config.init(0.0).with_factors(factors.collect());
        let before = layer(&device);
        let grads = gradients(&before, 1, &device);
        collect(&updater.step(lr, before, grads))
    };
    let mixed = after(0.05, &[("bias", 3.0)]);
    assert_eq!(mixed["weight"], after(0.05, &[])["weight"]);
    assert_eq!(mixed["bias"], after(0.05 * 3.0, &[])["bias"]);
    assert_ne!(mixed["bias"], after(0.05, &[])["bias"]);
}

#[test]
fn the_whole_gradient_is_clipped_as_one_vector() {
    let device = Device::flex().autodiff();
    let config = without_momentum();
    let moved = |clip: f64| -> Vec<f32> {
        let before = layer(&device);
        let grads = gradients(&before, 1, &device);
        let after = collect(&config.init(clip).step(1.0, before, grads));
        let before = collect(&layer(&device));
        before
            .iter()
            .flat_map(|(name, a)| a.values.iter().zip(&after[name].values))
            .map(|(b, a)| b - a)
            .collect()
    };
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let free = moved(0.0);
    assert!(norm(&free) > 1.0);
    let clipped = moved(0.5);
    assert!((norm(&clipped) - 0.5).abs() < 1e-5);
    for (c, f) in clipped.iter().zip(&free) {
        assert!((c - f * 0.5 / norm(&free)).abs() < 1e-5);
    }
    assert_eq!(moved(1e6), free);
}
