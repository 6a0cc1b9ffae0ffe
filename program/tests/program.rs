//! The program as its user meets it: what it prints, what it refuses, and with which exit status.

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use common::{SMALL, fail, of_repository, run, run_file, succeed};
use gcnn_datasets::RotatedMnistSource::BuiltIn;
use gcnn_datasets::nuclei::{BUILT_IN_NAMES, CLASS_NAMES};
use gcnn_datasets::{ImageSource, NucleiConfig, NucleiSource, RotatedMnistConfig};
use gcnn_train::run_file::{Experiment, ImageDatasetConfig, RunFile};
use gcnn_train::weights::arrays::{self as weights, Array, Weights};
use serde_json::Value;

/// A trained run, made once for all tests of this file.
fn trained() -> &'static Path {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = run_file(folder.path(), SMALL);
        let file = file.to_str().expect("a name");
        succeed(
            folder.path(),
            &["train", file, "--output", "run", "--quiet"],
        );
        folder
    })
    .path()
}

fn json(text: &str) -> Value {
    assert_eq!(
        text.trim().lines().count(),
        1,
        "one object on one line: {text}"
    );
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_run_folder_holds_everything() {
    let run = trained().join("run");
    for file in [
        "config.toml",
        "curves.svg",
        "data.json",
        "checkpoint/latest.safetensors",
        "last.safetensors",
        "predictions.csv",
        "report.html",
    ] {
        assert!(run.join(file).exists(), "{file} is missing");
    }
    let lines = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let records: Vec<Value> = lines.lines().map(json).collect();
    assert_eq!(records.len(), 3);
    for (index, record) in records.iter().enumerate() {
        assert_eq!(record["epoch"], index + 1);
        assert_eq!(record["step"], 20 * (index + 1));
        assert_eq!(record["learning_rate"], 5e-3);
        for part in ["training", "validation"] {
            for key in ["loss", "accuracy", "examples_per_second"] {
                assert!(
                    record[part][key].as_f64().is_some_and(|v| v > 0.0),
                    "{part}.{key} in {record}"
                );
            }
        }
    }
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("report.json")).expect("a report"))
            .expect("JSON");
    assert_eq!(report["test_examples"], 200);
    let best = report["best_epoch"].as_u64().expect("an epoch") as usize;
    assert_eq!(records[best - 1]["best"], true);
    assert_eq!(
        report["validation"]["accuracy"],
        records[best - 1]["validation"]["accuracy"]
    );
    // The trained network over C4 gives every right-angle turn of a digit the same scores.
    let elements = report["equivariance"]
        .as_array()
        .expect("one entry per element");
    assert_eq!(elements.len(), 4);
    for element in elements {
        assert!(
            element["relative_error"]
                .as_f64()
                .is_some_and(|e| e <= 1e-5),
            "{element}"
        );
        assert_eq!(element["same_answer"], 1.0, "{element}");
    }
}

/// Rows of `predictions.csv` below its head, in cells: no cell of these digits has a comma in it.
fn predictions(run: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(run.join("predictions.csv")).expect("a table");
    let mut lines = text.lines();
    let head = lines.next().expect("a head");
    assert!(head.starts_with("split,index,file,group,class,predicted,confidence,p:0,p:1,"));
    lines
        .map(|line| line.split(',').map(String::from).collect())
        .collect()
}

#[test]
fn every_prediction_is_in_a_table_that_agrees_with_the_report() {
    let run = trained().join("run");
    let rows = predictions(&run);
    let of = |split: &str| {
        rows.iter()
            .filter(move |row| row[0] == split)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (of("valid").len(), of("test").len(), rows.len()),
        (200, 200, 400)
    );
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("report.json")).expect("a report"))
            .expect("JSON");
    let right = of("test").iter().filter(|row| row[4] == row[5]).count();
    assert_eq!(report["test"]["metrics"]["accuracy"], right as f64 / 200.0);
    let confusion = report["classes"]["confusion"].as_array().expect("a matrix");
    let hits = (0..10).map(|class| confusion[class][class].as_u64().expect("a count"));
    assert_eq!(hits.sum::<u64>(), right as u64);
    for row in &rows {
        let numbers = row[6..]
            .iter()
            .map(|cell| cell.parse::<f64>().expect("a number"));
        let numbers: Vec<f64> = numbers.collect();
        assert!(
            (numbers[1..].iter().sum::<f64>() - 1.0).abs() < 1e-4,
            "{row:?}"
        );
        let most = numbers[1..].iter().copied().fold(0.0, f64::max);
        assert_eq!(numbers[0], most, "{row:?}");
    }
}

#[test]
fn probabilities_are_calibrated_everywhere() {
    let root = trained();
    let report: Value = serde_json::from_str(
        &std::fs::read_to_string(root.join("run/report.json")).expect("a report"),
    )
    .expect("JSON");
    let temperature = report["calibration"]["temperature"]
        .as_f64()
        .expect("fitted");
    let (_, metadata) = weights::load(&root.join("run/best.safetensors")).expect("weights");
    assert_eq!(metadata["gcnn.temperature"].parse::<f64>(), Ok(temperature));
    let evaluated = json(&succeed(root, &["eval", "run", "--json"]));
    assert_eq!(evaluated["calibration"], report["calibration"]);
    assert!(succeed(root, &["eval", "run"]).contains("calibration error"));
    // An exported network keeps it, and says the same of a picture; other temperatures say the same class.
    succeed(
        root,
        &["export", "run", "--output", "calibrated.safetensors"],
    );
    let picture = root.join("calibrated.png");
    image::GrayImage::from_fn(28, 28, |x, y| {
        image::Luma([if x / 3 == 4 && y > 4 && y < 24 {
            255
        } else {
            0
        }])
    })
    .save(&picture)
    .expect("a picture");
    let predict = |weights: &str| {
        let found = json(&succeed(
            root,
            &["predict", weights, "calibrated.png", "--json"],
        ));
        let first = &found["predictions"][0];
        let probabilities = first["probabilities"].as_array().expect("numbers").clone();
        let probabilities = probabilities.iter().map(|p| p.as_f64().expect("a number"));
        (first["class"].clone(), probabilities.collect::<Vec<f64>>())
    };
    let (class, own) = predict("run");
    let (_, exported) = predict("calibrated.safetensors");
    let (arrays, mut metadata) =
        weights::load(&root.join("run/best.safetensors")).expect("weights");
    metadata.insert("gcnn.temperature".into(), "20".into());
    weights::save(&root.join("warm.safetensors"), &arrays, metadata.clone()).expect("saved");
    let (same, warm) = predict("warm.safetensors");
    assert_eq!(class, same);
    assert!(own.iter().zip(&exported).all(|(a, b)| (a - b).abs() < 1e-4));
    // Odds to the power of the ratio of the temperatures.
    let power = (own[0] / own[1]).ln() * temperature / 20.0;
    assert!(((warm[0] / warm[1]).ln() - power).abs() < 1e-3, "{warm:?}");
    metadata.insert("gcnn.temperature".into(), "0".into());
    weights::save(&root.join("cold.safetensors"), &arrays, metadata).expect("saved");
    let error = fail(root, &["predict", "cold.safetensors", "calibrated.png"]);
    assert!(
        error.contains("0.05 to 20 was expected, found 0"),
        "{error}"
    );
}

#[test]
fn the_page_is_written_again_from_the_run_folder_alone() {
    let root = trained();
    let page = |name: &str| std::fs::read_to_string(root.join("run").join(name)).expect("a page");
    let first = page("report.html");
    for words in [
        "<h1>rotated MNIST: G-CNN over C4</h1>",
        "data:image/png;base64,",
        "id=\"symmetry\"",
    ] {
        assert!(first.contains(words), "{words}");
    }
    assert!(first.len() < 2_000_000 && !first.contains("<script"));
    let said = succeed(root, &["report", "run"]);
    assert_eq!(said.trim(), "run/report.html");
    assert_eq!(page("report.html"), first);
    let error = fail(root, &["report", "."]);
    assert!(error.contains("holds no report.json"), "{error}");
}

#[test]
fn evaluation_repeats_the_report() {
    let root = trained();
    let report: Value = serde_json::from_str(
        &std::fs::read_to_string(root.join("run/report.json")).expect("a report"),
    )
    .expect("JSON");
    for weights in ["run", "run/best.safetensors"] {
        let found = json(&succeed(root, &["eval", weights, "--json"]));
        assert_eq!(found["metrics"], report["test"]["metrics"]);
        assert_eq!(
            (&found["split"], &found["examples"]),
            (&"test".into(), &200.into())
        );
        let value = |v: &Value| v.as_f64().expect("a number");
        let (low, accuracy, high) = (
            value(&found["interval_low"]),
            value(&found["metrics"]["accuracy"]),
            value(&found["interval_high"]),
        );
        assert!(low < accuracy && accuracy < high);
        assert_eq!(found["metrics"]["interval_low"], found["interval_low"]);
        assert!(found["metrics"]["loss"].is_f64());
    }
    let valid = json(&succeed(
        root,
        &["eval", "run", "--split", "valid", "--json"],
    ));
    assert_eq!(
        valid["metrics"]["accuracy"],
        report["validation"]["accuracy"]
    );
    let all = json(&succeed(root, &["eval", "run", "--split", "all", "--json"]));
    // Limits are for the run: all of the data is all of it.
    assert_eq!(all["examples"], 4000 + 1000 + 3000);
    let words = succeed(root, &["eval", "run"]);
    assert!(
        words.contains("accuracy") && words.contains("95 % interval"),
        "{words}"
    );
}

/// Writes digits as an `.amat` file: 784 numbers and the label on a line.
fn amat(folder: &Path, name: &str, count: usize) -> PathBuf {
    let splits = RotatedMnistConfig::new(BuiltIn)
        .load()
        .expect("built-in digits");
    let mut text = String::new();
    for index in 0..count {
        for pixel in splits.test.image(index) {
            text.push_str(&format!("{pixel} "));
        }
        text.push_str(&format!("{}\n", splits.test.labels()[index]));
    }
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

#[test]
fn other_data_can_be_evaluated() {
    let root = trained();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = amat(folder.path(), "digits_test.amat", 200);
    let file = file.to_str().expect("a name");
    let found = json(&succeed(root, &["eval", "run", "--json", "--data", file]));
    // The same two hundred digits that the run was tested on.
    let own = json(&succeed(root, &["eval", "run", "--json"]));
    assert_eq!(found["examples"], 200);
    assert_eq!(found["metrics"]["accuracy"], own["metrics"]["accuracy"]);

    let error = fail(root, &["eval", "run", "--data", "no/such/folder"]);
    assert!(error.contains("no/such/folder"), "{error}");
}

#[test]
fn predictions_are_those_of_the_network() {
    let root = trained();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let splits = RotatedMnistConfig::new(BuiltIn)
        .load()
        .expect("built-in digits");
    let mut args = vec!["predict".to_string(), "run".into(), "--json".into()];
    let count = 40;
    for index in 0..count {
        let bytes = splits
            .test
            .image(index)
            .iter()
            .map(|p| (p * 255.0).round() as u8)
            .collect();
        let image = image::GrayImage::from_raw(28, 28, bytes).expect("28 × 28");
        let path = folder.path().join(format!("{index}.png"));
        image.save(&path).expect("a picture");
        args.push(path.to_str().expect("a name").to_string());
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let found = json(&succeed(root, &args));
    let predictions = found["predictions"].as_array().expect("a list");
    assert_eq!(predictions.len(), count);
    let mut right = 0;
    for (prediction, label) in predictions.iter().zip(splits.test.labels()) {
        let probabilities: Vec<f64> = prediction["probabilities"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|p| p.as_f64().expect("a number"))
            .collect();
        assert_eq!(probabilities.len(), 10);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let class = prediction["class"].as_u64().expect("a class") as usize;
        assert!(probabilities.iter().all(|p| *p <= probabilities[class]));
        right += usize::from(class == usize::from(*label));
    }
    // The first forty of the two hundred: evaluation and prediction see the same pixels.
    let file = amat(folder.path(), "first_test.amat", count);
    let eval = json(&succeed(
        root,
        &[
            "eval",
            "run",
            "--json",
            "--data",
            file.to_str().expect("a name"),
        ],
    ));
    let accuracy = eval["metrics"]["accuracy"].as_f64().expect("a number");
    assert!(
        (right as f64 / count as f64 - accuracy).abs() < 1e-9,
        "{right} of {count}, but {accuracy}"
    );

    assert_eq!(found["class_names"].as_array().map(Vec::len), Some(10));
    let first = &predictions[0];
    let class = first["class"].as_u64().expect("a class");
    let sure = first["probabilities"][class as usize].as_f64();
    let sure = format!("{:.1} %", 100.0 * sure.expect("a number"));
    let words = succeed(root, &["predict", "run", args[3]]);
    let expected = format!("{}  class {class}  ({class}: {sure}, ", args[3]);
    assert!(words.starts_with(&expected), "{words}");

    let error = fail(root, &["predict", "run", args[3], "--simulations", "2"]);
    assert!(error.contains("--simulations"), "{error}");
    // Files that cannot be read take nothing from the others, and are all told of.
    std::fs::write(folder.path().join("text.png"), "not a picture").expect("written");
    let text = folder.path().join("text.png");
    let text = text.to_str().expect("a name");
    let files = ["absent.png", args[3], text, args[4]];
    let output = run(root, &[&["predict", "run"][..], &files].concat());
    assert_eq!(output.status.code(), Some(1));
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(found.starts_with(&words), "{found}");
    assert_eq!(found.lines().count(), 2);
    let error = String::from_utf8_lossy(&output.stderr);
    for word in [
        "2 of 4 files have no answer",
        "absent.png: ",
        "text.png: expected an intact",
    ] {
        assert!(error.contains(word), "{error}");
    }
    let output = run(root, &[&["predict", "run", "--json"][..], &files].concat());
    assert_eq!(output.status.code(), Some(1));
    let found = json(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(found["predictions"][0]["file"], args[3]);
    assert_eq!(found["predictions"][1]["file"], args[4]);
    let errors = found["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 2);
    assert_eq!(errors[1]["file"], text);
    let words = errors[1]["error"].as_str().expect("words");
    assert!(words.contains("expected an intact picture"), "{words}");
}

#[test]
fn what_is_no_picture_is_refused() {
    let root = trained();
    std::fs::write(root.join("text.png"), "not a picture").expect("written");
    let error = fail(root, &["predict", "run", "text.png"]);
    assert!(error.contains("text.png"), "{error}");
    let error = fail(root, &["predict", "run", "absent.png"]);
    assert!(
        error.contains("absent.png") && error.contains("because"),
        "{error}"
    );
}

fn damaged(name: &str, change: impl FnOnce(&mut Weights, &mut HashMap<String, String>)) -> PathBuf {
    let (mut arrays, mut metadata) =
        weights::load(&trained().join("run/best.safetensors")).expect("weights");
    change(&mut arrays, &mut metadata);
    let path = trained().join(format!("{name}.safetensors"));
    weights::save(&path, &arrays, metadata).expect("written");
    path
}

fn refused(path: &Path) -> String {
    fail(
        trained(),
        &["eval", path.to_str().expect("a name"), "--json"],
    )
}

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    let first = |w: &Weights| w.keys().next().cloned().expect("an array");

    let mut name = String::new();
    let path = damaged("missing", |w, _| {
        name = first(w);
        w.remove(&name);
    });
    let error = refused(&path);
    assert!(
        error.contains(&name) && error.contains("missing"),
        "{error}"
    );

    let path = damaged("extra", |w, _| {
        w.insert(
            "intruder".into(),
            Array {
                shape: vec![1],
                values: vec![0.0],
            },
        );
    });
    let error = refused(&path);
    assert!(error.contains("`intruder` does not belong"), "{error}");

    let path = damaged("shape", |w, _| {
        let array = w.get_mut(&first(w)).expect("an array");
        array.shape.insert(0, 1);
    });
    let error = refused(&path);
    assert!(error.contains("has shape"), "{error}");
}

#[test]
fn metadata_is_checked_before_anything_is_built() {
    let cases: [(&str, &str, &str); 7] = [
        (
            "gcnn.config",
            "channels = [3, 3]",
            "channels = [3, 4000000000000]",
        ),
        ("gcnn.config", "group = \"C4\"", "group = \"C400\""),
        ("gcnn.config", "channels", "chanels"),
        ("gcnn.data", "\"height\":28", "\"height\":5"),
        ("gcnn.data", "\"classes\":10", "\"classes\":1000000000"),
        ("gcnn.data", "\"channels\":1", "\"channels\":\"one\""),
        ("gcnn.metrics", "{", "["),
    ];
    for (index, (key, from, to)) in cases.into_iter().enumerate() {
        let path = damaged(&format!("metadata{index}"), |_, m| {
            let text = m.get_mut(key).expect("metadata");
            assert!(text.contains(from), "{from} is not in {text}");
            *text = text.replace(from, to);
        });
        let error = refused(&path);
        assert!(error.starts_with("error: "), "{error}");
    }
    let path = damaged("foreign", |_, m| m.clear());
    let error = refused(&path);
    assert!(error.contains("not a weights file of gcnn"), "{error}");
}

#[test]
fn files_that_are_no_weights_are_refused() {
    let root = trained();
    let whole = std::fs::read(root.join("run/best.safetensors")).expect("weights");
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend(b"{}");
    let mut half = whole.clone();
    half.truncate(whole.len() / 2);
    let other_type = String::from_utf8_lossy(&whole).replace("\"F32\"", "\"I32\"");
    assert!(other_type.contains("I32"));
    // The header is text; what follows may be left out, as the type is checked first or the length fails.
    let cases: [(&str, &[u8]); 5] = [
        ("empty", &[]),
        ("noise", b"PK\x03\x04 this is an archive"),
        ("huge", &huge),
        ("half", &half),
        ("type", other_type.as_bytes()),
    ];
    for (name, bytes) in cases {
        let path = root.join(format!("{name}.safetensors"));
        std::fs::write(&path, bytes).expect("written");
        let error = refused(&path);
        assert!(error.contains(&format!("{name}.safetensors")), "{error}");
    }
    let error = fail(root, &["eval", "absent.safetensors"]);
    assert!(
        error.contains("absent.safetensors") && error.contains("because"),
        "{error}"
    );
    let error = fail(root, &["eval", "."]);
    assert!(error.contains("best.safetensors"), "{error}");
}

#[test]
fn devices_are_listed_and_missing_ones_named() {
    let root = trained();
    let list = succeed(root, &["devices"]);
    for name in ["flex", "ndarray", "wgpu", "vulkan", "cuda"] {
        assert!(list.contains(name), "{list}");
    }
    let error = fail(root, &["eval", "run", "--device", "gpu"]);
    assert!(error.contains("unknown device `gpu`"), "{error}");
    #[cfg(not(feature = "cuda"))]
    {
        let error = fail(root, &["eval", "run", "--device", "cuda:0"]);
        assert!(error.contains("--features cuda"), "{error}");
    }
    let found = json(&succeed(
        root,
        &["eval", "run", "--json", "--device", "flex"],
    ));
    assert_eq!(found["device"], "flex");
}

#[test]
fn configurations_are_shown_explained_and_checked() {
    let root = trained();
    let shown = succeed(
        root,
        &["config", "small.toml", "--set", "training.epochs=9"],
    );
    assert!(
        shown.contains("epochs = 9") && shown.contains("label_smoothing = 0.0"),
        "{shown}"
    );
    let explained = succeed(root, &["config", "--explain"]);
    assert!(
        explained.contains("[schedule]")
            && explained.contains("# Learning rate before the schedule"),
        "{explained}"
    );
    std::fs::write(
        root.join("wrong.toml"),
        "[model]\ngroup = \"C4\"\nchanels = [3]\n",
    )
    .expect("written");
    let error = fail(root, &["train", "wrong.toml"]);
    assert!(
        error
            .contains("wrong.toml:3:1: unknown key `chanels` in [model]; did you mean `channels`?"),
        "{error}"
    );
    let error = fail(root, &["train", "absent.toml"]);
    assert!(
        error.contains("absent.toml") && error.contains("because"),
        "{error}"
    );
}

#[test]
fn a_network_that_cannot_be_built_is_explained() {
    let root = trained();
    let args = [
        "train",
        "small.toml",
        "--output",
        "unbuilt",
        "--set",
        "model.kernel_sizes=[5, 5, 30]",
    ];
    let error = fail(root, &args);
    assert!(
        error.contains("[model]") && error.contains("because"),
        "{error}"
    );
    let error = fail(
        root,
        &[
            "train",
            "small.toml",
            "--output",
            "empty",
            "--set",
            "dataset.test_limit=0",
        ],
    );
    assert!(error.contains("test split"), "{error}");
}

#[test]
fn a_loss_that_explodes_ends_the_run_with_advice() {
    let root = trained();
    let args = [
        "train",
        "small.toml",
        "--output",
        "exploded",
        "--set",
        "optimizer.lr=1e30",
        "--set",
        "model.normalisation=none",
    ];
    let error = fail(root, &args);
    assert!(
        error.contains("optimizer.lr") && error.contains("epoch 1"),
        "{error}"
    );
}

/// A densely connected network on a share of the digits: trained, compared, evaluated, rebuilt.
#[test]
fn another_network_and_a_share_of_the_images_are_chosen_in_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let text = SMALL
        .replace(
            "channels = [3, 3]\nkernel_sizes = [5, 5, 3]\npool_after = [1, 2]\ndropout = 0.2",
            "kind = \"densenet\"\ngrowth = 2\nblocks = 2",
        )
        .replace("epochs = 3", "epochs = 1");
    let file = run_file(root, &text);
    let file = file.to_str().expect("a name");
    for (run, share) in [("few", "0.1"), ("all", "1.0")] {
        let share = format!("dataset.train_fraction={share}");
        let args = ["train", file, "--output", run, "--quiet", "--set", &share];
        succeed(root, &args);
    }
    let steps = |run: &str| {
        let lines = std::fs::read_to_string(root.join(run).join("metrics.jsonl")).expect("metrics");
        json(&lines)["step"].as_u64()
    };
    assert_eq!([steps("few"), steps("all")], [Some(2), Some(20)]);
    let report: Value = serde_json::from_str(
        &std::fs::read_to_string(root.join("all/report.json")).expect("a report"),
    )
    .expect("JSON");
    let found = json(&succeed(root, &["eval", "all", "--json"]));
    assert_eq!(found["metrics"], report["test"]["metrics"]);
    for element in report["equivariance"].as_array().expect("elements") {
        assert!(
            element["relative_error"]
                .as_f64()
                .is_some_and(|e| e <= 1e-5)
        );
    }

    let over = ["--over", "dataset.train_fraction", "--plot", "curve.svg"];
    let compared = json(&succeed(
        root,
        &[&["compare", "few", "all", "--json"][..], &over].concat(),
    ));
    let points = compared["points"].as_array().expect("points");
    assert_eq!(points.len(), 2);
    assert_eq!(
        (&points[0]["over"], &points[1]["over"]),
        (&0.1.into(), &1.0.into())
    );
    assert_eq!(points[1]["mean"], report["test"]["metrics"]["accuracy"]);
    assert!(points[1]["interval"].is_null());
    let svg = std::fs::read_to_string(root.join("curve.svg")).expect("a picture");
    assert!(svg.contains("share of the training images"), "{svg}");
    let words = succeed(root, &["compare", "few", "all"]);
    assert!(
        words.contains("dataset.train_fraction") && words.contains("one run has none"),
        "{words}"
    );
    let error = fail(root, &["compare", "few", "nowhere"]);
    assert!(error.contains("nowhere is not a run folder"), "{error}");
}

/// Weights from before there was a choice of networks name none.
#[test]
fn weights_that_name_no_kind_of_network_are_read() {
    let path = damaged("no-kind", |_, metadata| {
        let text = metadata.get_mut("gcnn.config").expect("metadata");
        assert!(text.contains("kind = \"gcnn\"\n"), "{text}");
        *text = text.replace("kind = \"gcnn\"\n", "");
    });
    let root = trained();
    let found = json(&succeed(
        root,
        &["eval", path.to_str().expect("a name"), "--json"],
    ));
    let whole = json(&succeed(root, &["eval", "run", "--json"]));
    assert_eq!(found["metrics"], whole["metrics"]);
}

/// A folder of pictures, two for each class and split.
fn pictures(folder: &Path, classes: [&str; 2]) {
    for split in ["train", "valid", "test"] {
        for (number, class) in classes.iter().enumerate() {
            let place = folder.join(split).join(class);
            std::fs::create_dir_all(&place).expect("a folder");
            for name in ["0.png", "1.png"] {
                let picture = image::RgbImage::from_fn(12, 12, |x, y| {
                    image::Rgb([20 * x as u8, 20 * y as u8, 200 * number as u8])
                });
                picture.save(place.join(name)).expect("a picture");
            }
        }
    }
}

#[test]
fn classes_of_other_names_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    for (name, classes) in [
        ("own", ["cat", "dog"]),
        ("same", ["cat", "dog"]),
        ("other", ["dog", "fox"]),
    ] {
        pictures(&root.join(name), classes);
    }
    let file = run_file(
        root,
        "task = \"image-folder\"\n[dataset]\npath = \"own\"\n[model]\nchannels = [2, 2]\nkernel_sizes = [3, 3]\n\
         pool_after = []\nhead = \"linear\"\n[training]\nepochs = 1\n",
    );
    let file = file.to_str().expect("a name");
    succeed(root, &["train", file, "--output", "run", "--quiet"]);
    succeed(root, &["eval", "run", "--data", "same"]);
    let error = fail(root, &["eval", "run", "--data", "other"]);
    assert!(
        error.contains("for the classes cat, dog; the data has dog, fox"),
        "{error}"
    );
}

/// Tissue larger than a patch is mapped, and two runs are compared on the same images.
#[test]
fn tissue_is_mapped_and_runs_are_compared_image_by_image() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let text = "task = \"nuclei\"\n[dataset]\nsource = \"built-in\"\ntrain_limit = 300\nvalid_limit = 120\n\
                test_limit = 240\n[model]\ngroup = \"C4\"\nchannels = [4, 4, 4]\nkernel_sizes = [5, 5, 5]\n\
                pool_after = [1, 2]\nhead = \"linear\"\n[training]\nepochs = 1\n";
    let file = run_file(root, text);
    let file = file.to_str().expect("a name");
    for (run, seed) in [("a", "seed=1"), ("b", "seed=2")] {
        succeed(
            root,
            &["train", file, "--output", run, "--quiet", "--set", seed],
        );
    }
    let images = NucleiConfig::new(NucleiSource::BuiltIn);
    let tissue = images.tissue(BUILT_IN_NAMES[3]).expect("a carried image");
    let [height, width] = tissue.size;
    image::RgbImage::from_raw(width as u32, height as u32, tissue.pixels)
        .expect("pixels")
        .save(root.join("tissue.png"))
        .expect("a picture");

    let words = succeed(root, &["predict", "a", "tissue.png", "--map"]);
    for word in [
        "background",
        "clear in the overlay",
        "border",
        "tissue-overlay.png",
    ] {
        assert!(words.contains(word), "{word} is missing in {words}");
    }
    let args = [
        "predict",
        "a",
        "tissue.png",
        "--json",
        "--map",
        "--tile",
        "64",
        "--output",
        "small",
    ];
    let found = json(&succeed(root, &args));
    assert_eq!(found["class_names"][2], "border");
    let map = &found["maps"][0];
    assert_eq!(
        (&map["stride"], &map["size"]),
        (&4.into(), &vec![height, width].into())
    );
    let patches = map["patches"].as_array().expect("a number for each class");
    let total: u64 = patches.iter().map(|n| n.as_u64().expect("a number")).sum();
    assert_eq!(
        total as usize,
        ((height - 32) / 4 + 1) * ((width - 32) / 4 + 1)
    );
    for name in ["tissue-classes.png", "tissue-overlay.png"] {
        let [one, other] = ["predictions", "small"].map(|folder| {
            let picture = image::open(root.join(folder).join(name)).expect("a picture");
            assert_eq!(
                (picture.height(), picture.width()),
                (height as u32, width as u32)
            );
            picture.into_rgb8()
        });
        // Scores that are equal but for rounding may change places.
        let equal = one
            .pixels()
            .zip(other.pixels())
            .filter(|(a, b)| a == b)
            .count();
        assert!(
            equal as f64 > 0.999 * (height * width) as f64,
            "{name}: {equal}"
        );
    }
    let whole = json(&succeed(root, &["predict", "a", "tissue.png", "--json"]));
    assert_eq!(whole["predictions"].as_array().map(Vec::len), Some(1));
    assert!(whole.get("maps").is_none());
    assert_eq!(whole["class_names"][1], "interior");
    let class = whole["predictions"][0]["class"].as_u64().expect("a class") as usize;
    let output = run(root, &["predict", "a", "tissue.png"]);
    let words = String::from_utf8_lossy(&output.stdout);
    let expected = format!("class {}  (", CLASS_NAMES[class]);
    assert!(words.contains(&expected), "{words}");
    // A picture of many patches that is taken for one is told, with the way out.
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("1 pictures are larger than the patches") && told.contains("--map"),
        "{told}"
    );

    // Of two pictures of one name, one map would take the other's place.
    std::fs::create_dir(root.join("other")).expect("a folder");
    std::fs::copy(root.join("tissue.png"), root.join("other/tissue.png")).expect("a copy");
    let args = [
        "predict",
        "a",
        "tissue.png",
        "other/tissue.png",
        "--map",
        "--output",
        "twice",
    ];
    let error = fail(root, &args);
    assert!(error.contains("other/tissue.png"), "{error}");
    assert!(!root.join("twice").exists());

    let accuracy = |run: &str| {
        let found = json(&succeed(root, &["eval", run, "--json"]));
        found["metrics"]["accuracy"].as_f64().expect("a number")
    };
    let paired = json(&succeed(root, &["compare", "a", "b", "--paired", "--json"]));
    assert_eq!(
        (&paired["examples"], &paired["units"]),
        (&240.into(), &6.into())
    );
    let difference = paired["difference"].as_f64().expect("a number");
    assert!(
        (difference - (accuracy("b") - accuracy("a"))).abs() < 1e-6,
        "{paired}"
    );
    let error = fail(root, &["compare", "a", "--paired"]);
    assert!(error.contains("compares two runs, 1 are named"), "{error}");
    let error = fail(root, &["compare", "a", "b", "--device", "flex"]);
    assert!(error.contains("--device is for --paired"), "{error}");
}

/// The run files of the repository are valid and describe networks that can be built.
#[test]
fn the_configs_of_the_repository_work() {
    let Some(configs) = of_repository("configs") else {
        return;
    };
    let mut folders = vec![configs];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    assert!(files.len() > 15, "{files:?}");
    for file in files {
        let read = RunFile::load(&file, &[]).expect("a valid run file");
        assert_eq!(read.without_effect(), [""; 0], "{}", file.display());
        match read.into_config().experiment {
            Experiment::Images(own) => {
                let square = |channels, side| [channels, side, side];
                let [channels, height, width] = match &own.dataset {
                    ImageDatasetConfig::RotatedMnist(_) | ImageDatasetConfig::ScaledMnist(_) => {
                        square(1, 28)
                    }
                    ImageDatasetConfig::Nuclei(nuclei) => {
                        square(if nuclei.grey { 1 } else { 3 }, nuclei.patch_size)
                    }
                    ImageDatasetConfig::Pcam(_) => square(3, 96),
                    ImageDatasetConfig::AudioFolder(sound) => [1, 1, sound.samples],
                    ImageDatasetConfig::ImageFolder(_) => continue,
                };
                let input = gcnn_models::InputShape {
                    channels,
                    height,
                    width,
                };
                assert!(own.model.validate(input).is_ok(), "{}", file.display());
            }
            Experiment::Segmentation(own) => {
                let side = own.dataset.patch_size;
                let input = gcnn_models::InputShape {
                    channels: own.dataset.channels(),
                    height: side,
                    width: side,
                };
                assert!(own.model.validate(input).is_ok(), "{}", file.display());
            }
            Experiment::NBody(own) => {
                assert!(own.model.validate().is_ok(), "{}", file.display());
            }
        }
    }
}
