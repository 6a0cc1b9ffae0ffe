use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_models::{Gcnn, GcnnConfig, Head, InputShape};

use super::*;
use crate::run_file::FinetuneConfig;
use crate::run_file::TaskName;
use crate::weights::arrays::collect;

fn network(channels: usize, classes: usize) -> Gcnn {
    let config = GcnnConfig {
        channels: vec![2, 3],
        kernel_sizes: vec![3, 3],
        pool_after: Vec::new(),
        head: Head::Linear,
        ..GcnnConfig::p4cnn()
    };
    let input = InputShape {
        channels,
        height: 8,
        width: 8,
    };
    let device = Device::flex().autodiff();
    config.init(input, classes, &device).expect("a network")
}

fn tuning(freeze: &[&str], reinit: &[&str], model: &Gcnn) -> Tuning {
    let strings = |list: &[&str]| list.iter().map(|s| s.to_string()).collect();
    let config = FinetuneConfig {
        from: "source".into(),
        freeze: strings(freeze),
        reinit: strings(reinit),
        ..Default::default()
    };
    Tuning::new(&config, model).expect("patterns of the network")
}

fn sizes(channels: usize, classes: usize) -> Sizes {
    Sizes::of(&serde_json::json!({ "channels": channels, "classes": classes }))
}

/// All arrays of a network, with values that tell them apart.
fn told_apart(model: &Gcnn) -> Weights {
    let mut weights = collect(model);
    for (index, array) in weights.values_mut().enumerate() {
        for (i, value) in array.values.iter_mut().enumerate() {
            *value = index as f32 + 0.01 * i as f32;
        }
    }
    weights
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| name.to_string()).collect()
}

#[test]
fn more_classes_and_channels_leave_the_rest_as_it_was() {
    let (old, new) = (network(1, 10), network(3, 4));
    let (source, fresh) = (told_apart(&old), collect(&new));
    let tuning = tuning(&["blocks.0"], &["convolutions"], &new);
    let (start, report) =
        transfer(&fresh, &source, &tuning, sizes(1, 10), sizes(3, 4)).expect("a start");
    assert_eq!(report.adapted, names(&["lifting.weight"]));
    let random = [
        "convolutions.0.bias",
        "convolutions.0.weight",
        "linear.bias",
        "linear.weight",
    ];
    assert_eq!(report.reinitialised, names(&random));
    assert_eq!(report.unused, names(&random));
    assert_eq!(report.loaded.len() + 5, fresh.len());
    for name in &report.loaded {
        assert_eq!(start[name], source[name], "{name}");
    }
    for name in &report.reinitialised {
        assert_eq!(start[name], fresh[name], "{name}");
    }
    // A grey picture in colour gives the first layer's old response.
    let (grey, colour) = (&source["lifting.weight"], &start["lifting.weight"]);
    assert_eq!(colour.shape, fresh["lifting.weight"].shape);
    let size = 9;
    for (i, value) in grey.values.iter().enumerate() {
        let (out, place) = (i / size, i % size);
        let sum: f32 = (0..3)
            .map(|c| colour.values[(out * 3 + c) * size + place])
            .sum();
        assert!((sum - value).abs() < 1e-6, "{sum} for {value}");
    }
    let lines = report.lines("zoo:x", &tuning).join("\n");
    for part in [
        "adapted          1  lifting.weight",
        "linear",
        "frozen           4  blocks.0",
    ] {
        assert!(lines.contains(part), "{lines}");
    }
    // And back.
    let back = channels(colour, 3, 1).expect("colour to grey");
    for (a, b) in back.values.iter().zip(&grey.values) {
        assert!((a - b).abs() < 1e-6);
    }
    assert!(channels(colour, 3, 2).is_none());
    let empty = Array {
        shape: vec![2, 0, 9],
        values: Vec::new(),
    };
    assert!(channels(&empty, 0, 1).is_none());
}

#[test]
fn what_fits_nowhere_is_refused_with_the_reason() {
    let (old, new) = (network(1, 10), network(1, 4));
    let mut source = told_apart(&old);
    let head = tuning(&["linear"], &[], &new);
    let error = transfer(&collect(&new), &source, &head, sizes(1, 10), sizes(1, 4));
    assert!(
        error
            .expect_err("a frozen head")
            .contains("no weights to start from")
    );

    let plain = tuning(&[], &[], &new);
    source.get_mut("lifting.weight").expect("weights").shape[0] = 7;
    let error = transfer(&collect(&new), &source, &plain, sizes(1, 10), sizes(1, 4));
    let error = error.expect_err("another width");
    assert!(
        error.contains("`lifting.weight` has shape [7, 1"),
        "{error}"
    );

    let error = transfer(
        &collect(&new),
        &Weights::new(),
        &plain,
        sizes(1, 4),
        sizes(1, 4),
    );
    assert!(error.expect_err("nothing").contains("none of its arrays"));
}

#[test]
fn groups_with_as_many_elements_are_not_the_same() {
    let of = |group: Group| {
        let config = GcnnConfig {
            group,
            ..GcnnConfig::p4cnn()
        };
        let mut experiment = Experiment::new(TaskName::RotatedMnist);
        if let Experiment::Images(own) = &mut experiment {
            own.model = config.into();
        }
        experiment
    };
    let (c8, d4) = (
        Group::cyclic(8).expect("C8"),
        Group::dihedral(4).expect("D4"),
    );
    assert_eq!(check_same_kind(&of(c8.clone()), &of(c8.clone())), Ok(()));
    let error = check_same_kind(&of(c8.clone()), &of(d4)).expect_err("another group");
    assert!(error.contains("C8") && error.contains("D4"), "{error}");
    let particles = Experiment::new(TaskName::NBody);
    let error = check_same_kind(&of(c8), &particles).expect_err("another task");
    assert!(error.contains("\"nbody\""), "{error}");
}

/// Arrays of the same shapes that stand for other things are not taken; more layers of the same kind are.
#[test]
fn particles_of_other_settings_are_refused() {
    let model = |text: &str| -> DynamicsConfig { serde_json::from_str(text).expect("a model") };
    let own = model(r#"{"kind":"segnn","hidden":"4x0e+4x1o","layers":2}"#);
    let deeper = model(r#"{"kind":"segnn","hidden":"4x0e+4x1o","layers":3}"#);
    assert_eq!(other_setting(&own, &deeper), None);
    let reversed = model(r#"{"kind":"segnn","hidden":"4x1o+4x0e","layers":2}"#);
    assert_eq!(other_setting(&own, &reversed).as_deref(), Some("hidden"));
    let other = model(r#"{"kind":"segnn","hidden":"4x0e+4x1o","velocity_attributes":false}"#);
    assert_eq!(
        other_setting(&own, &other).as_deref(),
        Some("velocity_attributes")
    );
}
