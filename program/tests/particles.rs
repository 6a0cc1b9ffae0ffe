//! The program on particles: everything that holds for images holds here.

mod common;

use std::path::Path;
use std::sync::OnceLock;

use common::{fail, run_file, succeed};
use gcnn_datasets::nbody::store;
use gcnn_datasets::{NBodyConfig, NBodySystem, Split, Trajectories};
use serde_json::Value;

/// A SEGNN of a few hundred weights on a few dozen simulations.
const SMALL: &str = r#"
task = "nbody"
seed = 3
[dataset]
train = 40
valid = 20
test = 30
cache_path = "kept"
[model]
kind = "segnn"
hidden = "4x0e+4x1o"
layers = 1
[optimizer]
lr = 5e-3
[training]
epochs = 3
batch_size = 8
"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).expect("JSON")
}

/// A trained run, made once.
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

#[test]
fn a_run_learns_and_reports() {
    let run = trained().join("run");
    let lines = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let errors: Vec<f64> = lines
        .lines()
        .map(|line| json(line)["validation"]["mse"].as_f64().expect("a number"))
        .collect();
    assert_eq!(errors.len(), 3);
    // Predicting that nothing moves has an error of about 0.27.
    assert!(errors[2] < 0.2 && errors[2] < errors[0], "{errors:?}");
    let report = json(&std::fs::read_to_string(run.join("report.json")).expect("a report"));
    let metrics = &report["test"]["metrics"];
    let number = |key: &str| metrics[key].as_f64().expect("a number");
    assert!(number("interval_low") < number("mse") && number("mse") < number("interval_high"));
    let elements = report["equivariance"].as_array().expect("a list");
    assert_eq!(elements.len(), 6);
    for element in elements {
        let error = element["relative_error"].as_f64().expect("a number");
        assert!(error < 1e-4, "{element}");
    }
}

#[test]
fn simulations_are_kept_under_a_name_that_holds_their_parameters() {
    let folders = std::fs::read_dir(trained().join("kept")).expect("a folder");
    let mut names: Vec<String> = folders
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].ends_with("seed0-test30"), "{names:?}");
}

#[test]
fn an_interrupted_run_goes_on_bit_for_bit() {
    let root = trained();
    let args = |extra: &[&'static str]| {
        let mut all = vec!["train", "small.toml", "--output", "halves", "--quiet"];
        all.extend(extra);
        all
    };
    succeed(root, &args(&["--set", "training.epochs=1"]));
    succeed(root, &args(&["--resume"]));
    let read = |run: &str| {
        let weights = gcnn_train::weights::arrays::load(&root.join(run).join("last.safetensors"));
        weights.expect("weights").0
    };
    assert_eq!(read("run"), read("halves"));
}

#[test]
fn evaluation_repeats_the_report_and_reads_the_communitys_files() {
    let root = trained();
    let evaluated = json(&succeed(root, &["eval", "run", "--json"]));
    let report = root.join("run").join("report.json");
    let report = json(&std::fs::read_to_string(report).expect("a report"));
    assert_eq!(evaluated["metrics"], report["test"]["metrics"]);
    assert_eq!(evaluated["examples"], 30);

    // The same simulations as files of another name in another place.
    let config = NBodyConfig::default()
        .with_sizes([40, 20, 30])
        .with_cache(false);
    let test = config.load_split(Split::Test).expect("simulations");
    let charged = NBodySystem::Charged;
    let name = "charged5_initvel1small";
    let folder = root.join("official");
    store::write_files(&folder, charged, Split::Test, name, test.trajectories()).expect("files");
    let args = ["eval", "run", "--data", "official", "--json"];
    assert_eq!(
        json(&succeed(root, &args))["metrics"],
        report["test"]["metrics"]
    );

    let error = fail(root, &["eval", "run", "--data", "nowhere"]);
    assert!(error.contains("nowhere"), "{error}");
    let error = fail(
        root,
        &["eval", "run", "--data", "official", "--split", "valid"],
    );
    assert!(error.contains("loc_valid_"), "{error}");
}

#[test]
fn numbers_that_are_none_are_refused_by_name() {
    let root = trained();
    let test = NBodyConfig::default()
        .with_sizes([40, 20, 30])
        .with_cache(false);
    let test = test.load_split(Split::Test).expect("simulations");
    let all = test.trajectories();
    let (frames, particles) = (all.frames(), all.particles());
    let mut positions: Vec<[f64; 3]> = (0..frames)
        .flat_map(|frame| all.positions(0, frame).to_vec())
        .collect();
    positions[7][1] = f64::NAN;
    let velocities = positions.iter().map(|_| [0.0; 3]).collect();
    let charges = all.charges(0).to_vec();
    assert!(
        Trajectories::new(frames, particles, positions, velocities, charges).is_err(),
        "positions that are no numbers were accepted"
    );

    // A file cut short.
    let folder = root.join("cut");
    let charged = NBodySystem::Charged;
    store::write_files(&folder, charged, Split::Test, "charged5_initvel1small", all)
        .expect("files");
    let path = folder.join("vel_test_charged5_initvel1small.npy");
    let bytes = std::fs::read(&path).expect("a file");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
    let error = fail(root, &["eval", "run", "--data", "cut"]);
    assert!(
        error.contains("vel_test_charged5_initvel1small.npy"),
        "{error}"
    );
}

#[test]
fn prediction_writes_a_table_and_a_picture() {
    let root = trained();
    let args = [
        "predict",
        "run",
        "--simulations",
        "4",
        "--output",
        "shown",
        "--json",
    ];
    let found = json(&succeed(root, &args));
    assert_eq!(found["simulations"].as_array().expect("a list").len(), 4);
    let table = std::fs::read_to_string(root.join("shown/trajectories.csv")).expect("a table");
    assert_eq!(table.lines().count(), 1 + 4 * 5 * 12);
    let picture = std::fs::read_to_string(root.join("shown/trajectories.svg")).expect("a picture");
    assert!(picture.starts_with("<svg"));
}

#[test]
fn what_cannot_work_is_said_before_anything_is_made() {
    let root = trained();
    let cases: [(&str, &[&str]); 5] = [
        ("model.hidden=4x9e+4x2o", &["cannot connect", "4x9e"]),
        (
            "model.layers=0",
            &["`model.layers` is 0, expected 1 to 1000"],
        ),
        ("model.kind=segn", &["segn", "did you mean `segnn`"]),
        ("dataset.input_frame=99", &["input_frame", "0 to 48"]),
        ("dataset.particles=1", &["particles", "2 to 10,000"]),
    ];
    for (set, words) in cases {
        let args = ["train", "small.toml", "--output", "never", "--set", set];
        let error = fail(root, &args);
        for word in words {
            assert!(error.contains(word), "{set}: {error}");
        }
    }
    let error = fail(root, &["predict", "run", "--map"]);
    assert!(error.contains("--map, --csv and --labels"), "{error}");
    let error = fail(root, &["predict", "run", "one", "two"]);
    assert!(error.contains("one folder"), "{error}");
}

#[test]
fn weights_of_another_network_are_refused() {
    let root = trained();
    let path = root.join("run").join("best.safetensors");
    let (mut weights, metadata) = gcnn_train::weights::arrays::load(&path).expect("weights");
    weights.pop_first();
    let less = root.join("less.safetensors");
    gcnn_train::weights::arrays::save(&less, &weights, metadata.clone()).expect("written");
    let error = fail(root, &["eval", "less.safetensors"]);
    assert!(error.contains("is missing"), "{error}");

    // A network that would take all memory.
    let mut huge = metadata;
    let text = huge["gcnn.config"].replace("4x0e+4x1o", "4000000000x0e+4x1o");
    huge.insert("gcnn.config".into(), text);
    gcnn_train::weights::arrays::save(&less, &weights, huge).expect("written");
    let error = fail(root, &["eval", "less.safetensors"]);
    assert!(error.contains("16777216 components"), "{error}");
}

#[test]
fn the_communitys_files_that_are_there_are_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).expect("a folder");
    for split in Split::THREE {
        for kind in ["loc", "vel", "edges", "charges"] {
            let name = format!("{kind}_{split}_charged5_initvel1small.npy");
            std::fs::write(kept.join(name), b"mine").expect("a file");
        }
    }
    let made = succeed(folder.path(), &["data", "make", "nbody-community", "kept"]);
    assert_eq!(made.lines().count(), 12);
    assert!(made.lines().all(|line| line.ends_with("was there already")));
    let below = "kept/loc_test_charged5_initvel1small.npy/below";
    let error = fail(folder.path(), &["data", "make", "nbody-community", below]);
    assert!(error.contains("below"), "{error}");
}
