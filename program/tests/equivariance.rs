//! `gcnn equivariance`: networks that keep a symmetry, networks that don't, and what is said about either.

mod common;

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{SMALL, fail, run, run_file, succeed};
use gcnn_datasets::RotatedMnistSource::BuiltIn;
use gcnn_datasets::{ImageSource, RotatedMnistConfig};
use serde_json::Value;

/// A folder with a trained run over C4, made once, and run files.
fn trained() -> &'static Path {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        run_file(folder.path(), SMALL);
        let args = ["train", "small.toml", "--output", "run", "--quiet"];
        succeed(folder.path(), &args);
        let particles =
            "task = \"nbody\"\n[dataset]\ntrain = 4\nvalid = 4\ntest = 6\ncache = false\n";
        std::fs::write(folder.path().join("particles.toml"), particles).expect("a run file");
        folder
    })
    .path()
}

fn report(args: &[&str]) -> Value {
    let text = succeed(trained(), &[&["equivariance"], args, &["--json"]].concat());
    assert_eq!(text.trim().lines().count(), 1, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The errors of all outputs of a stage under the elements of a standing, output by output.
fn errors(stage: &Value, standing: &str) -> Vec<(String, Vec<f64>)> {
    let survey = &stage["survey"];
    let elements = survey["elements"].as_array().expect("elements");
    let outputs = survey["outputs"].as_array().expect("outputs").iter();
    let of = |output: &Value| {
        let all = output["errors"].as_array().expect("errors").iter();
        let own = all.zip(elements).filter(|(_, e)| e["standing"] == standing);
        own.map(|(error, _)| error.as_f64().expect("a number"))
            .collect()
    };
    outputs
        .map(|output| (output["name"].as_str().expect("a name").into(), of(output)))
        .collect()
}

#[test]
fn a_network_over_c4_keeps_right_angles_and_nothing_else() {
    let found = report(&["run", "--examples", "20"]);
    assert_eq!(found["subject"]["symmetry"], "C4");
    assert_eq!(found["subject"]["examples"], 20);
    for stage in ["before", "after"] {
        let exact = errors(&found[stage], "exact");
        let names: Vec<&str> = exact.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["layer 1", "layer 2", "layer 3", "logits"]);
        for (name, errors) in &exact {
            assert_eq!(errors.len(), 4);
            assert!(
                errors.iter().all(|e| *e < 1e-5),
                "{stage}, {name}: {errors:?}"
            );
        }
        for (name, errors) in errors(&found[stage], "foreign") {
            assert_eq!(errors.len(), 4);
            assert!(
                errors.iter().all(|e| *e > 1e-2),
                "{stage}, {name}: {errors:?}"
            );
        }
        let sweep = &found[stage]["sweep"];
        let degrees = sweep["degrees"].as_array().expect("angles");
        let logits = &sweep["outputs"][3]["errors"];
        for (angle, error) in degrees.iter().zip(logits.as_array().expect("errors")) {
            let right = angle.as_f64().expect("an angle") % 90.0 == 0.0;
            let error = error.as_f64().expect("a number");
            assert_eq!(error < 1e-5, right, "{stage}, {angle}: {error}");
        }
        // One image, turned by right angles, has the same class probabilities.
        let answers = &found[stage]["answers"];
        let at = |curve: &Value, index: usize| curve["values"][index].as_f64().expect("a number");
        let curves = answers["curves"].as_array().expect("curves");
        assert_eq!(curves.len(), 10);
        assert!((curves.iter().map(|c| at(c, 7)).sum::<f64>() - 1.0).abs() < 1e-5);
        for curve in curves {
            // 3° apart: 90° is the thirtieth.
            assert!((at(curve, 0) - at(curve, 30)).abs() < 1e-4, "{curve}");
        }
    }
    assert_ne!(found["before"]["survey"], found["after"]["survey"]);
    assert_eq!(found["after"]["sweep"]["examples"], 8);
}

#[test]
fn the_end_of_the_training_says_the_same_of_the_same_weights() {
    // As many as the training's report is over.
    let found = report(&["run", "--examples", "128"]);
    let path = trained().join("run/report.json");
    let text = std::fs::read_to_string(path).expect("a report");
    let end: Value = serde_json::from_str(&text).expect("JSON");
    let survey = &found["after"]["survey"];
    let said = end["equivariance"].as_array().expect("elements");
    assert_eq!(said.len(), 4);
    for (index, said) in said.iter().enumerate() {
        assert_eq!(survey["elements"][index]["name"], said["element"]);
        let logits = &survey["outputs"][3];
        assert_eq!(logits["errors"][index], said["relative_error"]);
        assert_eq!(logits["same_largest"][index], said["same_answer"]);
    }
}

/// A folder with a copy of the trained run, and a run file that goes on from it.
fn continued() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join("source")).expect("a folder");
    let weights = "best.safetensors";
    let from = trained().join("run").join(weights);
    std::fs::copy(from, folder.path().join("source").join(weights)).expect("a copy");
    let (data, _) = SMALL.split_once("[model]").expect("a model");
    let text = format!("{data}[finetune]\nfrom = \"source\"\n[training]\nepochs = 1\n");
    std::fs::write(folder.path().join("tuned.toml"), text).expect("a run file");
    folder
}

#[test]
fn a_run_that_goes_on_is_measured_where_it_starts() {
    let folder = continued();
    let root = folder.path();
    let json = |source: &str| -> Value {
        let args = ["equivariance", source, "--examples", "8", "--json"];
        serde_json::from_str(&succeed(root, &args)).expect("JSON")
    };
    let source = report(&["run", "--examples", "8"]);
    let planned = json("tuned.toml");
    assert_eq!(planned["before"]["survey"], source["after"]["survey"]);
    succeed(
        root,
        &["train", "tuned.toml", "--output", "tuned", "--quiet"],
    );
    let tuned = json("tuned");
    assert_eq!(tuned["before"]["survey"], source["after"]["survey"]);
    assert_ne!(tuned["after"]["survey"], source["after"]["survey"]);
    assert_eq!(tuned["beginning"], "of-training");
    // Without its source the run is still measured, beside what it did not start with.
    std::fs::remove_dir_all(root.join("source")).expect("the source is gone");
    let alone = json("tuned");
    assert_eq!(alone["beginning"], "random");
    assert_eq!(alone["after"], tuned["after"]);
    assert_ne!(alone["before"]["survey"], tuned["before"]["survey"]);
    let words = succeed(root, &["equivariance", "tuned", "--examples", "4"]);
    assert!(
        words.contains("random weights") && !words.contains("before training"),
        "{words}"
    );
    // A run that is yet to be trained has nothing to start with.
    let error = fail(root, &["equivariance", "tuned.toml"]);
    assert!(error.contains("source"), "{error}");
}

#[cfg(feature = "zoo")]
#[test]
fn a_run_that_goes_on_from_the_zoo_starts_trained() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "[dataset]\nsource = \"built-in\"\n[finetune]\nfrom = \"zoo:rotmnist-z2cnn\"\n";
    std::fs::write(folder.path().join("tuned.toml"), text).expect("a run file");
    let args = [
        "equivariance",
        "tuned.toml",
        "--examples",
        "2",
        "--example",
        "0",
        "--json",
    ];
    let found: Value = serde_json::from_str(&succeed(folder.path(), &args)).expect("JSON");
    let curves = found["before"]["answers"]["curves"]
        .as_array()
        .expect("curves");
    let upright = curves
        .iter()
        .map(|curve| curve["values"][0].as_f64().expect("a number"));
    let sure = upright.fold(0.0, f64::max);
    // Random weights hardly know one digit from another.
    assert!(sure > 0.9, "{sure}");
}

/// Errors of two reports of one network on the same digits, which may be stored in another way.
fn assert_alike(a: &Value, b: &Value) {
    for standing in ["exact", "foreign"] {
        for ((name, a), (_, b)) in errors(a, standing).iter().zip(errors(b, standing)) {
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() < 1e-4 * b.max(0.1), "{name}: {a} and {b}");
            }
        }
    }
}

#[test]
fn data_in_another_place_is_measured_as_the_runs_own() {
    let digits = RotatedMnistConfig::new(BuiltIn).load().expect("digits");
    let mut text = String::new();
    for index in 0..20 {
        for pixel in digits.test.image(index) {
            text.push_str(&format!("{pixel} "));
        }
        text.push_str(&format!("{}\n", digits.test.labels()[index]));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("digits_test.amat");
    std::fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a name");
    for (source, stage) in [
        ("run", "after"),
        ("run", "before"),
        ("small.toml", "before"),
    ] {
        let own = report(&[source, "--examples", "20"]);
        let other = report(&[source, "--examples", "64", "--data", file]);
        assert_eq!(other["subject"]["examples"], 20);
        let about = other["subject"]["data"].as_str().expect("words");
        assert!(about.contains("digits_test.amat"), "{about}");
        assert_alike(&other[stage], &own[stage]);
    }
    let error = fail(
        trained(),
        &["equivariance", "small.toml", "--data", "no/such"],
    );
    assert!(error.contains("no/such"), "{error}");
}

#[test]
fn an_ordinary_network_keeps_nothing() {
    let found = report(&[
        "small.toml",
        "--set",
        "model.group=trivial",
        "--examples",
        "8",
    ]);
    assert!(found.get("after").is_none());
    for (name, errors) in errors(&found["before"], "foreign") {
        assert_eq!(errors.len(), 7);
        assert!(errors.iter().all(|e| *e > 5e-2), "{name}: {errors:?}");
    }
    let args = ["equivariance", "small.toml", "--set", "model.group=trivial"];
    let words = succeed(trained(), &args);
    assert!(words.contains("It is built for no symmetry"), "{words}");
    assert!(
        words.contains("rotation by 270°") && !words.contains("after training"),
        "{words}"
    );
}

#[test]
fn finer_rotations_are_told_apart_from_exact_ones() {
    let found = report(&["small.toml", "--set", "model.group=C8", "--examples", "4"]);
    for (name, errors) in errors(&found["before"], "exact") {
        assert!(errors.iter().all(|e| *e < 1e-5), "{name}: {errors:?}");
    }
    let foreign = errors(&found["before"], "foreign");
    for ((name, errors), (_, foreign)) in
        errors(&found["before"], "interpolated").iter().zip(foreign)
    {
        assert_eq!((errors.len(), foreign.len()), (4, 4));
        assert!(errors.iter().all(|e| *e > 1e-3), "{name}: {errors:?}");
        // Interpolation costs maps a part of what a symmetry that the network lacks does. Scores are pooled from them, and
        // of random weights small either way.
        let least = foreign.iter().copied().fold(f64::INFINITY, f64::min);
        let most = if name == "logits" { 0.4 } else { 0.6 * least };
        assert!(
            errors.iter().all(|e| *e < most),
            "{name}: {errors:?} of {foreign:?}"
        );
    }
}

#[test]
fn the_table_says_what_it_comes_to() {
    let words = succeed(trained(), &["equivariance", "run"]);
    for part in [
        "G-CNN over C4",
        "before training",
        "after training",
        "rotation by 90°",
        "reflection in the line at 45°",
        "kept by construction",
        "It keeps what it is built for (C4)",
        "What it is not built for",
    ] {
        assert!(words.contains(part), "{part} is missing:\n{words}");
    }
    // No colours where nobody sees them.
    assert!(!words.contains('\u{1b}'), "{words}");
}

/// The bitmaps of a picture, in the order in which they were drawn.
fn bitmaps(svg: &str) -> Vec<image::RgbImage> {
    let parts = svg.split("data:image/png;base64,").skip(1);
    parts
        .map(|part| {
            let (code, _) = part.split_once('"').expect("the end of a bitmap");
            let bytes = STANDARD.decode(code).expect("base64");
            image::load_from_memory(&bytes).expect("a PNG").to_rgb8()
        })
        .collect()
}

/// A picture without its bitmaps, whose letters may be any.
fn without_bitmaps(svg: &str) -> String {
    let mut parts = svg.split("data:image/png;base64,");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        text.push_str(part.split_once('"').expect("the end of a bitmap").1);
    }
    text
}

#[test]
fn the_picture_shows_maps_that_come_back() {
    let root = trained();
    let args = [
        "run",
        "--examples",
        "4",
        "--example",
        "3",
        "--layer",
        "1",
        "--plot",
        "turning.svg",
    ];
    let found = report(&args);
    assert_eq!(found["plot"], "turning.svg");
    assert_eq!(found["after"]["answers"]["example"], 3);
    let svg = std::fs::read_to_string(root.join("turning.svg")).expect("the picture");
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    let drawn = without_bitmaps(&svg);
    assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    for words in [
        "Layer 1 turning with the image",
        "before training",
        "after training",
        "logits",
    ] {
        assert!(svg.contains(words), "{words}");
    }
    let tiles = bitmaps(&svg);
    // Nine thumbnails, and eight angles of image, map, map turned back and difference.
    assert_eq!(tiles.len(), 9 + 4 * 8);
    let rows: Vec<&[image::RgbImage]> = tiles[9..].chunks(8).collect();
    let distance = |a: &image::RgbImage, b: &image::RgbImage| {
        let pairs = a.as_raw().iter().zip(b.as_raw());
        pairs.map(|(a, b)| a.abs_diff(*b)).max().expect("pixels")
    };
    // 90° and 180° come back to the bit or nearly; the maps themselves have turned.
    for turned in [6, 7] {
        assert!(distance(&rows[2][0], &rows[2][turned]) <= 2);
        assert!(distance(&rows[1][0], &rows[1][turned]) > 20);
        assert!(distance(&rows[0][0], &rows[0][turned]) > 20);
    }
}

#[test]
fn particles_keep_all_motions_or_only_their_order() {
    let segnn = [
        "--set",
        "model.kind=segnn",
        "--set",
        "model.hidden=4x0e+4x1o",
    ];
    let found = report(&[&["particles.toml"], &segnn[..], &["--plot", "cloud.svg"]].concat());
    let exact = errors(&found["before"], "exact");
    assert_eq!(exact.len(), 4 + 1);
    for (name, errors) in &exact {
        assert_eq!(errors.len(), 6);
        assert!(errors.iter().all(|e| *e < 1e-5), "{name}: {errors:?}");
    }
    let svg = std::fs::read_to_string(trained().join("cloud.svg")).expect("the picture");
    assert!(
        svg.contains("turned back") && !svg.contains("NaN") && !svg.contains("inf"),
        "{svg}"
    );

    let found = report(&["particles.toml", "--set", "model.kind=nmp"]);
    assert_eq!(found["subject"]["symmetry"], "permutations alone");
    for (name, errors) in errors(&found["before"], "foreign") {
        assert_eq!(errors.len(), 5);
        assert!(errors.iter().all(|e| *e > 1e-2), "{name}: {errors:?}");
    }
    for (name, errors) in errors(&found["before"], "exact") {
        assert!(errors.len() == 1 && errors[0] < 1e-5, "{name}: {errors:?}");
    }
}

#[test]
fn what_cannot_be_measured_is_said() {
    let root = trained();
    let cases: [(&[&str], &[&str]); 8] = [
        (&["run", "--set", "model.group=C8"], &["--set", "run"]),
        (
            &["run", "--example", "200"],
            &["no example 200", "200 images"],
        ),
        (
            &["run", "--layer", "9", "--plot", "a.svg"],
            &["no layer `9`", "`layer 3`"],
        ),
        (
            &["particles.toml", "--layer", "1", "--plot", "a.svg"],
            &["--layer", "particles"],
        ),
        (
            &["particles.toml", "--example", "6"],
            &["no example 6", "6 simulations"],
        ),
        (&["absent.toml"], &["absent.toml"]),
        (&["absent.safetensors"], &["absent.safetensors"]),
        (
            &["run", "--plot", "no/such/folder/a.svg"],
            &["no/such/folder"],
        ),
    ];
    for (args, words) in cases {
        let error = fail(root, &[&["equivariance"], args].concat());
        for word in words {
            assert!(error.contains(word), "{args:?}: {error}");
        }
    }
    let output = run(root, &["equivariance", "run", "--examples", "0"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(root, &["equivariance", "run", "--examples", "many"]);
    assert_eq!(output.status.code(), Some(2));
    // A layer is chosen for the picture.
    let output = run(root, &["equivariance", "run", "--layer", "1"]);
    assert_eq!(output.status.code(), Some(2));
    // A picture that cannot be written takes nothing with it.
    let args = [
        "equivariance",
        "run",
        "--examples",
        "2",
        "--plot",
        "no/such/folder/a.svg",
    ];
    let words = String::from_utf8(run(root, &args).stdout).expect("text");
    assert!(words.contains("It keeps what it is built for"), "{words}");
}
