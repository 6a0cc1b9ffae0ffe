//! `gcnn zoo`, and `zoo:NAME` in place of a weights file.
#![cfg(feature = "zoo")]

mod common;

use std::path::Path;

use common::{SMALL, fail, run_file, succeed};
use gcnn_datasets::RotatedMnistSource::BuiltIn;
use gcnn_datasets::nuclei::CLASS_NAMES;
use gcnn_datasets::{ImageSource, RotatedMnistConfig};
use gcnn_models::zoo;
use gcnn_train::tasks::classification::ImageFormat;
use gcnn_train::weights::model_file::ModelFile;
use serde_json::Value;

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn the_zoo_is_a_table_an_array_and_cards() {
    let folder = temporary();
    let table = succeed(folder.path(), &["zoo"]);
    let json: Value =
        serde_json::from_str(&succeed(folder.path(), &["zoo", "--json"])).expect("JSON");
    let cards = json.as_array().expect("an array");
    assert_eq!(cards.len(), zoo::entries().len());
    for card in cards {
        let name = card["name"].as_str().expect("a name");
        let line = table.lines().find(|line| line.starts_with(name));
        let task = card["task"].as_str().expect("a task");
        assert!(line.is_some_and(|line| line.contains(task)), "{table}");
        let shown = succeed(folder.path(), &["zoo", "show", name]);
        for part in [
            "validation:",
            "test:",
            "95 % interval",
            "licence",
            "equivariance",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
        let one: Value =
            serde_json::from_str(&succeed(folder.path(), &["zoo", "show", name, "--json"]))
                .expect("JSON");
        assert_eq!(one["test"], card["test"]);
        assert!(
            one["config"]
                .as_str()
                .is_some_and(|c| c.contains("[model]"))
        );
    }
    let config = succeed(folder.path(), &["zoo", "show", "nuclei-c4", "--config"]);
    assert!(config.contains("group = \"C4\""), "{config}");
}

#[test]
fn unknown_names_get_the_nearest() {
    let folder = temporary();
    for args in [
        &["zoo", "show", "nuclei-c44"][..],
        &["eval", "zoo:nuclei-c44"],
        &["predict", "zoo:nuclei-c44", "patch.png"],
    ] {
        let error = fail(folder.path(), args);
        assert!(error.contains("did you mean `nuclei-c4`?"), "{error}");
    }
}

#[test]
fn a_network_of_the_zoo_is_evaluated_and_predicts() {
    let folder = temporary();
    let digits = RotatedMnistConfig::new(BuiltIn).load().expect("digits");
    let mut text = String::new();
    for index in 0..200 {
        for pixel in digits.test.image(index) {
            text.push_str(&format!("{pixel} "));
        }
        text.push_str(&format!("{}\n", digits.test.labels()[index]));
    }
    std::fs::write(folder.path().join("digits_test.amat"), text).expect("a file");
    let args = [
        "eval",
        "zoo:rotmnist-best",
        "--data",
        "digits_test.amat",
        "--json",
    ];
    let found: Value = serde_json::from_str(&succeed(folder.path(), &args)).expect("JSON");
    let accuracy = found["metrics"]["accuracy"].as_f64().expect("a number");
    assert!(accuracy > 0.95, "{accuracy}");

    let pixels = digits.test.image(0);
    let bytes = pixels.iter().map(|p| (p * 255.0).round() as u8).collect();
    let image = image::GrayImage::from_raw(28, 28, bytes).expect("28 × 28");
    image
        .save(folder.path().join("digit.png"))
        .expect("a picture");
    let args = ["predict", "zoo:rotmnist-best", "digit.png", "--json"];
    let found: Value = serde_json::from_str(&succeed(folder.path(), &args)).expect("JSON");
    assert!(
        found["predictions"][0]["probabilities"].is_array(),
        "{found}"
    );
}

#[test]
fn networks_for_tissue_know_what_their_classes_are_called() {
    let names = zoo::entries().map(|entry| entry.name);
    let tissue: Vec<&str> = names.filter(|name| name.starts_with("nuclei-")).collect();
    assert!(tissue.len() >= 4, "{tissue:?}");
    for name in tissue {
        let (file, _) = ModelFile::load(format!("zoo:{name}").as_ref()).expect("weights");
        let format: ImageFormat = serde_json::from_value(file.data).expect("a format");
        assert_eq!(format.class_names(), CLASS_NAMES, "{name}");
    }
}

fn train(folder: &Path, text: &str) {
    let file = run_file(folder, text);
    let file = file.to_str().expect("a name");
    succeed(folder, &["train", file, "--output", "run", "--quiet"]);
}

#[test]
fn a_finished_run_becomes_a_file_of_the_zoo() {
    let folder = temporary();
    train(folder.path(), &SMALL.replace("epochs = 3", "epochs = 1"));
    std::fs::create_dir(folder.path().join("zoo")).expect("a folder");
    let words = ["--summary", "Reads digits", "--citation", "nobody"];
    let add = |name: &'static str, run: &'static str| {
        let mut args = vec!["zoo", "add", run, "--name", name, "--folder", "zoo"];
        args.extend(words);
        args
    };
    let card = succeed(folder.path(), &add("small-digits", "run"));
    assert!(card.contains("200 test") && card.contains("MIT"), "{card}");
    let list = std::fs::read_to_string(folder.path().join("zoo/list.rs")).expect("a list");
    assert!(list.contains("(\"small-digits\", include_bytes!(\"small-digits.safetensors\"))"));

    let bytes = std::fs::read(folder.path().join("zoo/small-digits.safetensors")).expect("a file");
    let metadata = gcnn_models::file::Header::read(&bytes)
        .expect("metadata")
        .into_texts();
    let place = folder.path().display().to_string();
    assert!(metadata.values().all(|text| !text.contains(&place)));
    let eval = |weights: &str| {
        let text = succeed(folder.path(), &["eval", weights, "--json"]);
        let found: Value = serde_json::from_str(&text).expect("JSON");
        found["metrics"].clone()
    };
    let found = eval("zoo/small-digits.safetensors");
    assert_eq!(found, eval("run"));
    let card: Value = serde_json::from_str(&metadata["gcnn.card"]).expect("a card");
    assert_eq!(card["test"][0]["value"], found["accuracy"]);

    let error = fail(folder.path(), &add("Small Digits", "run"));
    assert!(error.contains("no name for the zoo"), "{error}");
    let error = fail(folder.path(), &add("small-digits", "zoo"));
    assert!(error.contains("report.json"), "{error}");
}

#[test]
fn files_that_are_too_large_are_refused() {
    let folder = temporary();
    let wide = SMALL
        .replace("channels = [3, 3]", "channels = [72, 80]")
        .replace("train_limit = 640", "train_limit = 8")
        .replace("_limit = 200", "_limit = 8")
        .replace("epochs = 3", "epochs = 1");
    train(folder.path(), &wide);
    let args = [
        "zoo",
        "add",
        "run",
        "--name",
        "wide",
        "--summary",
        "a",
        "--citation",
        "b",
    ];
    let error = fail(folder.path(), &[&args[..], &["--folder", "."]].concat());
    assert!(error.contains("may have 2000000"), "{error}");
    assert!(!folder.path().join("wide.safetensors").exists());
}
