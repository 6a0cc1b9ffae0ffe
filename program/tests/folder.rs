//! A folder of pictures, and nothing else: what is found in it, what is chosen for it, and what comes of it.

mod common;

use std::fs;
use std::path::Path;

use common::{fail, run, succeed};
use image::{ImageBuffer, Luma};
use serde_json::Value;

/// Pictures of one bar, upright or lying, and with `count` of each: of several sizes and formats.
fn pictures(folder: &Path, count: usize) {
    for (class, upright) in [("lying", false), ("upright", true)] {
        let own = folder.join(class);
        fs::create_dir_all(&own).expect("a folder");
        for number in 0..count {
            let (height, width) = ([24, 30, 36][number % 3], [24, 27, 33][(number / 3) % 3]);
            let at = (number * 7) % 9;
            let picture = ImageBuffer::from_fn(width, height, |x, y| {
                let along = if upright { x } else { y } as usize;
                let noise = (x * 31 + y * 17 + number as u32 * 13) % 40;
                Luma([if (8 + at..12 + at).contains(&along) {
                    200
                } else {
                    30
                } + noise as u8])
            });
            let ending = ["png", "bmp"][number % 2];
            let name = format!("night{}_{number}.{ending}", number / 2);
            picture.save(own.join(name)).expect("a picture");
        }
    }
}

const QUICK: [&str; 6] = [
    "--quiet",
    "--set",
    "training.epochs=2",
    "--set",
    "model.size=small",
    "--no-tui",
];

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_folder_alone_is_enough() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 24);
    succeed(root.path(), &[&["train", "bars"], &QUICK[..]].concat());
    let run = root.path().join("runs/bars");
    let config = fs::read_to_string(run.join("config.toml")).expect("a configuration");
    let config: toml::Table = config.parse().expect("TOML");
    // What was chosen is written down, in numbers.
    assert_eq!(config["dataset"]["size"].as_integer(), Some(32), "{config}");
    assert_eq!(config["dataset"]["channels"].as_str(), Some("grey"));
    assert_eq!(config["model"]["dropout"].as_float(), Some(0.0));
    assert!(config["model"].get("size").is_none() && config["model"]["channels"].is_array());
    // 33 training pictures: at least eight in a step.
    assert_eq!(config["training"]["batch_size"].as_integer(), Some(8));
    let report = json(&run.join("report.json"));
    assert!(
        report["test_examples"].as_u64().is_some_and(|n| n >= 6),
        "{report}"
    );
    let lines = fs::read_to_string(run.join("predictions.csv")).expect("predictions");
    assert!(lines.contains("upright/night"), "{lines}");
    // What was chosen is not what is warned of.
    assert!(
        !report["warnings"].to_string().contains("5 steps"),
        "{report}"
    );

    // It goes on with what was chosen then.
    let set = ["--resume", "--set", "training.epochs=3"];
    let again = [
        &["train", "bars", "--quiet", "--set", "model.size=small"],
        &set[..],
    ]
    .concat();
    succeed(root.path(), &again);
    let epochs = fs::read_to_string(run.join("metrics.jsonl")).expect("records");
    assert_eq!(epochs.lines().count(), 3);
}

#[test]
fn a_look_at_the_folder_becomes_a_run_file_that_trains() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 24);
    let found = succeed(root.path(), &["init", "bars", "--json"]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    // Of every night there are several pictures.
    assert!(
        found["groups"]["groups"].as_u64().is_some_and(|n| n >= 12),
        "{found}"
    );
    fs::write(root.path().join("bars/lying/broken.png"), "no picture").expect("a file");
    let said = succeed(root.path(), &["init", "bars"]);
    for words in [
        "48 pictures in 2 classes",
        "lying 24, upright 24",
        "9 sizes, from 24×24 to 36×33",
        "grey, 24 in files of three equal channels, 8 bits; 24 PNG, 24 BMP",
        "note: 1 files cannot be read",
        "lying/broken.png",
        "bars.toml",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let error = fail(root.path(), &["init", "bars"]);
    assert!(error.contains("bars.toml exists already"), "{error}");
    let found = succeed(root.path(), &["init", "bars", "--json"]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["pictures"], 48);

    let text = fs::read_to_string(root.path().join("bars.toml")).expect("a run file");
    assert!(text.starts_with("# 48 pictures"), "{text}");
    // The file says everything that is chosen for a folder, so that both are one run.
    let of = |source: &str| succeed(root.path(), &["config", source]);
    fs::write(
        root.path().join("short.toml"),
        "task = \"image-folder\"\nseed = 1\n[dataset]\npath = \"bars\"\n",
    )
    .expect("a run file");
    assert_eq!(of("bars.toml"), of("short.toml"));

    // The broken one is refused by name.
    let error = fail(root.path(), &[&["train", "bars.toml"], &QUICK[..]].concat());
    assert!(error.contains("broken.png"), "{error}");
    fs::remove_file(root.path().join("bars/lying/broken.png")).expect("removed");
    succeed(root.path(), &[&["train", "bars.toml"], &QUICK[..]].concat());
}

#[test]
fn folders_without_pictures_or_with_one_class_are_told() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("sets/bars"), 3);
    fs::create_dir(root.path().join("empty")).expect("a folder");
    // A folder too high, and one with nothing in it.
    let error = fail(root.path(), &["init", "sets"]);
    assert!(
        error.contains("no picture in it can be read; the first of 2"),
        "{error}"
    );
    for command in ["init", "train"] {
        let error = fail(root.path(), &[command, "empty"]);
        assert!(
            error.contains("a folder of pictures for each class"),
            "{error}"
        );
    }
    fs::remove_dir_all(root.path().join("sets/bars/upright")).expect("removed");
    let said = succeed(root.path(), &["init", "sets/bars"]);
    assert!(
        said.contains("3 pictures in one class") && said.contains("nothing to tell apart"),
        "{said}"
    );
}

#[test]
fn folds_answer_every_picture_once_and_go_on_where_they_were() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 18);
    let command = [
        &["train", "bars", "--folds", "3", "--output", "cv"],
        &QUICK[..],
    ]
    .concat();
    succeed(root.path(), &command);
    let cv = root.path().join("cv");
    let found = json(&cv.join("folds.json"));
    assert_eq!(found["pictures"], 36);
    assert_eq!(found["each"].as_array().map(Vec::len), Some(3));
    let interval = &found["accuracy"];
    assert!(interval["low"].as_f64() < interval["value"].as_f64());
    let rows = fs::read_to_string(cv.join("predictions.csv")).expect("predictions");
    let mut files: Vec<&str> = rows
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(2))
        .collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(files.len(), 36, "every picture once: {rows}");

    let error = fail(root.path(), &command);
    assert!(error.contains("exists already"), "{error}");
    // A fold that is missing is trained, the others are not touched.
    let weights =
        |fold: usize| fs::read(cv.join(format!("fold-{fold}/best.safetensors"))).expect("weights");
    let before = [weights(0), weights(1), weights(2)];
    fs::remove_dir_all(cv.join("fold-1")).expect("removed");
    fs::remove_file(cv.join("folds.json")).expect("removed");
    succeed(root.path(), &[&command[..], &["--resume"]].concat());
    assert!(before == [weights(0), weights(1), weights(2)]);
    assert_eq!(json(&cv.join("folds.json"))["pictures"], 36);

    // Two cross-validations of the same pictures, dealt in another way, are compared picture by picture.
    let other = [
        &command[..4],
        &[
            "--output",
            "other",
            "--set",
            "dataset.seed=9",
            "--set",
            "model.group=flip",
        ],
        &QUICK[..],
    ]
    .concat();
    succeed(root.path(), &other);
    let paired = succeed(
        root.path(),
        &["compare", "cv", "other", "--paired", "--json"],
    );
    let paired: Value = serde_json::from_str(&paired).expect("JSON");
    assert_eq!(paired["examples"], 36);
    let accuracy =
        |name: &str| json(&root.path().join(name).join("folds.json"))["accuracy"]["value"].as_f64();
    let difference = accuracy("other")
        .zip(accuracy("cv"))
        .map(|(b, a)| b - a)
        .expect("numbers");
    let found = paired["difference"].as_f64().expect("a number");
    assert!(
        (found - difference).abs() < 1e-6 && paired["mcnemar"].is_number(),
        "{paired}"
    );
    let table = succeed(
        root.path(),
        &["compare", "cv", "other", "--by", "model.group"],
    );
    assert!(table.contains("flip") && table.contains(" to "), "{table}");
    let output = run(
        root.path(),
        &[
            "compare",
            "cv/fold-0",
            "cv/fold-1",
            "cv/fold-2",
            "--by",
            "model.group",
        ],
    );
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        notes.contains("are folds of a cross-validation") && !notes.contains("same seed"),
        "{notes}"
    );

    let quick = root.path().join("digits.toml");
    fs::write(&quick, common::SMALL).expect("a run file");
    let error = fail(root.path(), &["train", "digits.toml", "--folds"]);
    assert!(error.contains("folders of pictures"), "{error}");
}

#[test]
fn what_a_file_says_stands_and_the_rest_follows_it() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 24);
    let config = |more: &str| -> toml::Table {
        let text = format!("task = \"image-folder\"\n{more}[dataset]\npath = \"bars\"\n");
        fs::write(root.path().join("own.toml"), text).expect("a run file");
        succeed(root.path(), &["config", "own.toml"])
            .parse()
            .expect("TOML")
    };
    let own = config("[model]\nchannels = [4, 4]\nkernel_sizes = [3, 3]\nhead = \"linear\"\n");
    assert_eq!(own["model"]["channels"].as_array().map(Vec::len), Some(2));
    assert_eq!(own["model"]["dropout"].as_float(), Some(0.0));
    let own = config("[optimizer]\nkind = \"sgd\"\n");
    assert_eq!(own["optimizer"]["kind"].as_str(), Some("sgd"));
    assert_eq!(own["optimizer"]["lr"].as_float(), Some(1e-3));
    // Only the group: equal parameters.
    let numbers = |group: &str| {
        let own = config(&format!("[model]\ngroup = \"{group}\"\n"));
        own["model"]["channels"].as_array().expect("a list").clone()
    };
    assert!(numbers("trivial")[0].as_integer() > numbers("C8")[0].as_integer());
    // Both a size and layers say two things.
    let set = ["--set", "model.size=large", "--set", "model.channels=[4]"];
    let error = fail(root.path(), &[&["train", "bars"], &set[..]].concat());
    assert!(
        error.contains("`channels` has no place beside `size`"),
        "{error}"
    );
    let output = run(root.path(), &["train", "nothing-here"]);
    assert!(!output.status.success());
}

/// A table of the answers for all pictures, and their score.
const SCORED: [&str; 6] = [
    "predict",
    "runs/bars",
    "bars",
    "--csv",
    "--labels",
    "folders",
];

/// Dropout harms small sets; what a source was trained with is not taken over.
#[test]
fn fine_tuning_on_a_folder_has_no_dropout_unless_it_asks_for_it() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 12);
    let source = ["--set", "model.dropout=0.3", "--output", "source"];
    succeed(
        root.path(),
        &[&["train", "bars"], &QUICK[..], &source[..]].concat(),
    );
    let config = |more: &str| -> toml::Table {
        let text = format!(
            "task = \"image-folder\"\n[dataset]\npath = \"bars\"\n[finetune]\nfrom = \"source\"\n{more}"
        );
        fs::write(root.path().join("tune.toml"), text).expect("a run file");
        let text = succeed(root.path(), &["config", "tune.toml"]);
        text.parse().expect("TOML")
    };
    let own = config("");
    assert_eq!(own["model"]["dropout"].as_float(), Some(0.0), "{own}");
    let before = fs::read_to_string(root.path().join("source/config.toml")).expect("a file");
    let before: toml::Table = before.parse().expect("TOML");
    assert_eq!(own["model"]["channels"], before["model"]["channels"]);
    let asked = config("[model]\ndropout = 0.2\n");
    assert_eq!(asked["model"]["dropout"].as_float(), Some(0.2));
}

#[test]
fn a_folder_of_pictures_is_answered_and_scored() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 24);
    succeed(root.path(), &[&["train", "bars"], &QUICK[..]].concat());
    let table = succeed(root.path(), &SCORED);
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let head: Vec<String> = rows
        .headers()
        .expect("a head")
        .iter()
        .map(String::from)
        .collect();
    assert_eq!(
        head,
        [
            "file",
            "class",
            "confidence",
            "truth",
            "p:lying",
            "p:upright"
        ]
    );
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 48);
    let right = rows.iter().filter(|row| row[1] == row[3]).count();
    for row in &rows {
        let shares: f64 = [4, 5]
            .map(|at| row[at].parse::<f64>().expect("a number"))
            .iter()
            .sum();
        assert!(
            (shares - 1.0).abs() < 1e-5 && Path::new(&row[0]).starts_with("bars"),
            "{row:?}"
        );
    }
    // A pattern, words, a table of classes, and the score.
    fs::write(
        root.path().join("labels.csv"),
        "file,class\nbars/lying/night0_0.png,lying\nbars/lying/night1_2.png,upright\n",
    )
    .expect("a table");
    let pattern = [
        "predict",
        "runs/bars",
        "bars/lying/night?_[02].png",
        "--labels",
        "labels.csv",
    ];
    let said = succeed(root.path(), &pattern);
    assert!(
        said.contains("night0_0.png  class ") && said.contains(" of 2 pictures"),
        "{said}"
    );
    let output = run(root.path(), &SCORED);
    let score = String::from_utf8_lossy(&output.stderr);
    let expected = format!("accuracy {:.4} of 48 pictures", right as f64 / 48.0);
    assert!(score.contains(&expected), "{expected}: {score}");
    // What is not in the table is told before anything is computed.
    let error = fail(
        root.path(),
        &["predict", "runs/bars", "bars", "--labels", "labels.csv"],
    );
    assert!(error.contains("labels.csv does not name it"), "{error}");
    let error = fail(root.path(), &["predict", "runs/bars", "bars/*.gif"]);
    assert!(error.contains("no file is named like that"), "{error}");
    let json = succeed(root.path(), &["predict", "runs/bars", "bars", "--json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["predictions"].as_array().map(Vec::len), Some(48));
}

#[test]
fn pictures_of_other_sizes_are_evaluated() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("other"), 12);
    pictures(&root.path().join("bars"), 24);
    let size = ["--set", "dataset.size=24"];
    succeed(
        root.path(),
        &[&["train", "bars"], &QUICK[..], &size[..]].concat(),
    );
    let said = succeed(
        root.path(),
        &[
            "eval",
            "runs/bars",
            "--data",
            "other",
            "--split",
            "all",
            "--json",
        ],
    );
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["examples"], 24);
}

#[test]
fn classes_that_are_uneven_can_count_the_same() {
    let root = tempfile::tempdir().expect("a temporary folder");
    pictures(&root.path().join("bars"), 24);
    for number in 6..24 {
        for ending in ["png", "bmp"] {
            let name = format!("bars/upright/night{}_{number}.{ending}", number / 2);
            let _ = fs::remove_file(root.path().join(name));
        }
    }
    let said = succeed(root.path(), &["init", "bars"]);
    assert!(said.contains("uneven (6 to 24 pictures)"), "{said}");
    let uneven = [
        "--set",
        "training.class_weights=balanced",
        "--set",
        "training.sampling=balanced",
        "--set",
        "training.goal=balanced-accuracy",
    ];
    succeed(
        root.path(),
        &[&["train", "bars"], &QUICK[..], &uneven[..]].concat(),
    );
    let report = json(&root.path().join("runs/bars/report.json"));
    assert!(
        report["test"]["metrics"]["balanced_accuracy"].is_number(),
        "{report}"
    );
    assert!(report["validation"]["balanced_accuracy"].is_number());
    let told = report["warnings"].as_array().expect("warnings");
    assert!(
        told.iter()
            .any(|w| w.as_str().is_some_and(|w| w.contains("upright (4)"))),
        "{told:?}"
    );
}
