use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use toml::Table;

use super::*;

/// A run folder with a report of an accuracy; `set` is what differs from the defaults.
fn run(root: &Path, name: &str, set: &[&str], seed: u64, accuracy: f64) -> PathBuf {
    let folder = root.join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let set: Vec<String> = set.iter().map(|s| s.to_string()).collect();
    let text = format!("task = \"nuclei\"\nseed = {seed}\n");
    let config =
        gcnn_train::run_file::RunConfig::parse(&text, "run.toml".as_ref(), &set).expect("valid");
    fs::write(folder.join("config.toml"), config.to_toml().expect("TOML")).expect("written");
    let (low, high) = (accuracy - 0.02, accuracy + 0.02);
    let report = json!({
        "test": {
            "goal": "accuracy",
            "metrics": { "accuracy": accuracy, "loss": 1.0 - accuracy, "interval_low": low, "interval_high": high },
            "intervals": { "accuracy": [low, high], "loss": [0.1, 0.3] },
            "interval_low": low,
            "interval_high": high,
        },
        "test_examples": 100, "best_epoch": 3, "validation": {}, "parameters": 7, "seed": seed, "device": "flex",
        "equivariance": [],
    });
    fs::write(folder.join("report.json"), report.to_string()).expect("written");
    folder
}

fn open(folders: &[PathBuf]) -> Vec<FinishedRun> {
    let runs = folders.iter().map(|folder| FinishedRun::open(folder));
    runs.map(|run| run.expect("a run").expect("finished"))
        .collect()
}

/// Two groups, two shares of the images, three seeds each.
fn twelve(root: &TempDir) -> Vec<FinishedRun> {
    let mut folders = Vec::new();
    for (group, gain) in [("trivial", 0.0), ("C4", 0.05)] {
        for (share, base) in [("1.0", 0.8), ("0.1", 0.6)] {
            for seed in [1, 2, 3] {
                let name = format!("{group}-{share}-{seed}");
                let settings = [
                    format!("model.group={group}"),
                    format!("dataset.train_fraction={share}"),
                ];
                let settings = settings.each_ref().map(String::as_str);
                let accuracy = base + gain + 0.01 * seed as f64;
                folders.push(run(root.path(), &name, &settings, seed, accuracy));
            }
        }
    }
    open(&folders)
}

fn question(over: Option<&str>, by: &[&str]) -> Question {
    Question {
        over: over.map(String::from),
        by: by.iter().map(|key| key.to_string()).collect(),
        measure: None,
    }
}

#[test]
fn runs_that_differ_in_their_seed_are_a_point() {
    let root = tempfile::tempdir().expect("a folder");
    let runs = twelve(&root);
    let over = Some("dataset.train_fraction");
    let found = Comparison::new(&runs, &question(over, &["model.group"])).expect("a comparison");
    assert_eq!(found.measure, "accuracy");
    let points: Vec<_> = found
        .points
        .iter()
        .map(|p| (p.by[0].as_str(), p.over, p.runs.len()))
        .collect();
    let tenth = Some(0.1);
    assert_eq!(
        points,
        [
            ("trivial", tenth, 3),
            ("trivial", Some(1.0), 3),
            ("C4", tenth, 3),
            ("C4", Some(1.0), 3)
        ]
    );
    // Values 0.61, 0.62 and 0.63: the standard error is 0.01 / √3, and t with two degrees of freedom 4.3027.
    assert!((found.points[0].mean - 0.62).abs() < 1e-12);
    let [low, high] = found.points[0].interval.expect("three runs");
    assert!((high - low - 2.0 * 4.3027 * 0.01 / 3f64.sqrt()).abs() < 1e-5);
    assert_eq!(found.notes, [""; 0]);
    assert!(
        found
            .text()
            .contains("C4           0.1                     3     0.6700")
    );
    // Without `by`, the runs themselves say what tells them apart.
    let same = Comparison::new(&runs, &question(over, &[])).expect("a comparison");
    assert_eq!(same.by, ["model.group"]);
    assert_eq!(same.points, found.points);
    let all = Comparison::new(&runs, &question(None, &[])).expect("a comparison");
    assert_eq!(all.by, ["dataset.train_fraction", "model.group"]);
    assert_eq!(all.points.len(), 4);
    let loss = Question {
        measure: Some("loss".into()),
        ..question(None, &[])
    };
    let loss = Comparison::new(&runs, &loss).expect("a comparison");
    assert!((loss.points[0].mean - 0.18).abs() < 1e-12);
}

/// Two accuracies that differ had an interval from −1.94 to 3.36.
#[test]
fn two_runs_are_too_few_for_an_interval_and_three_have_one_that_can_be() {
    let root = tempfile::tempdir().expect("a folder");
    let accuracies = [0.5, 0.92, 0.99];
    let folders: Vec<PathBuf> = (0..3)
        .map(|i| run(root.path(), &format!("{i}"), &[], i as u64, accuracies[i]))
        .collect();
    let of = |count: usize, measure: &str| {
        let asked = Question {
            measure: Some(measure.into()),
            ..Question::default()
        };
        Comparison::new(&open(&folders[..count]), &asked).expect("a comparison")
    };
    let two = of(2, "accuracy");
    assert_eq!(two.points[0].interval, None);
    assert!(
        two.text().contains("too few runs for an interval"),
        "{}",
        two.text()
    );
    let [low, high] = of(3, "accuracy").points[0].interval.expect("three runs");
    assert!(
        0.0 < low && low < 0.803 && 0.804 < high && high < 1.0,
        "{low} {high}"
    );
    let [low, high] = of(3, "loss").points[0].interval.expect("three runs");
    assert!(0.0 < low && low < 0.19 && high > 0.2, "{low} {high}");
}

/// The goal of a report is the one that it names, though another measure has the same interval.
#[test]
fn a_report_names_its_goal() {
    let root = tempfile::tempdir().expect("a folder");
    let mut one = open(&[run(root.path(), "one", &[], 1, 0.9)]).remove(0);
    one.report.test["intervals"]["a-measure"] = one.report.test["intervals"]["accuracy"].clone();
    assert_eq!(one.first_measure().as_deref(), Some("accuracy"));
    one.report.test["goal"] = "loss".into();
    assert_eq!(one.first_measure().as_deref(), Some("loss"));
    // Reports of older versions do not say.
    one.report
        .test
        .as_object_mut()
        .expect("an object")
        .remove("goal");
    assert_eq!(one.first_measure().as_deref(), Some("accuracy"));
}

/// Where and how fast a run was computed tells it from no other.
#[test]
fn settings_that_say_nothing_are_left_out() {
    let root = tempfile::tempdir().expect("a folder");
    let settings = [
        &[
            "devices=[\"flex\", \"cuda:0\"]",
            "training.eval_batch_size=7",
        ][..],
        &["device=ndarray", "training.checkpoint_every=3"],
    ];
    let folders = [0, 1].map(|index| {
        let seed = index as u64;
        run(root.path(), &seed.to_string(), settings[index], seed, 0.5)
    });
    let found = Comparison::new(&open(&folders), &Question::default()).expect("a comparison");
    assert_eq!((found.points.len(), found.by.len()), (1, 0));
    // How patches are shuffled does.
    let run = |mib: i64| {
        let mut one = open(&folders).remove(0);
        let data: Table = [("chunk_memory_mib".to_string(), Value::Integer(mib))]
            .into_iter()
            .collect();
        one.settings.insert("dataset".into(), data.into());
        one
    };
    assert_eq!(
        differing([run(1), run(2)].iter()),
        ["dataset.chunk_memory_mib"]
    );
}

#[test]
fn what_is_not_fair_is_said() {
    let root = tempfile::tempdir().expect("a folder");
    let runs = twelve(&root);
    let mixed = Comparison::new(&runs, &question(None, &["model.group"])).expect("a comparison");
    assert_eq!(mixed.points.len(), 2);
    let notes = mixed.notes.join("\n");
    assert!(
        notes.contains("differ in dataset.train_fraction: add --by for it"),
        "{notes}"
    );
    assert!(
        notes.contains("trivial-0.1-1 have the same seed, 1"),
        "{notes}"
    );
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let root = tempfile::tempdir().expect("a folder");
    let runs = twelve(&root);
    let error = |question: Question| {
        Comparison::new(&runs, &question)
            .expect_err("refused")
            .to_string()
    };
    let found = error(question(Some("dataset.train_fractoin"), &[]));
    assert!(
        found.contains("did you mean `dataset.train_fraction`?"),
        "{found}"
    );
    let found = error(question(Some("model.group"), &[]));
    assert!(
        found.contains("takes numbers") && found.contains("trivial"),
        "{found}"
    );
    let found = error(Question {
        measure: Some("mse".into()),
        ..Question::default()
    });
    assert!(
        found.contains("reports no mse; it has accuracy, loss"),
        "{found}"
    );
    assert!(Comparison::new(&[], &Question::default()).is_err());

    let twice = [runs[0].clone(), runs[1].clone(), {
        let folder = root.path().join("C4-1.0-1/../trivial-1.0-1");
        open(&[folder]).remove(0)
    }];
    let found = Comparison::new(&twice, &Question::default()).expect_err("refused");
    assert!(found.to_string().contains("are one run"), "{found}");
    let mut diverged = runs.clone();
    diverged[1].report.test["metrics"]["accuracy"] = serde_json::Value::Null;
    let found = Comparison::new(&diverged, &Question::default()).expect_err("refused");
    assert!(
        found.to_string().contains("trivial-1.0-2 is not a number"),
        "{found}"
    );

    let none = root.path().join("none");
    fs::create_dir(&none).expect("a folder");
    let found = FinishedRun::open(&none).expect_err("no run").to_string();
    assert!(found.contains("holds no config.toml"), "{found}");
    let folder = run(root.path(), "unfinished", &[], 1, 0.5);
    fs::write(folder.join("report.json"), "{").expect("written");
    let found = FinishedRun::open(&folder).expect_err("damaged").to_string();
    assert!(found.contains("report.json"), "{found}");
    fs::remove_file(folder.join("report.json")).expect("removed");
    assert!(FinishedRun::open(&folder).expect("a run").is_none());
}

#[test]
fn curves_are_drawn_with_their_names() {
    let root = tempfile::tempdir().expect("a folder");
    let mut runs = twelve(&root);
    let over = Some("dataset.train_fraction");
    let picture = root.path().join("curve.svg");
    let drawn = |runs: &[FinishedRun]| {
        let found = Comparison::new(runs, &question(over, &["model.group"])).expect("compared");
        draw(&picture, &found).expect("a picture");
        fs::read_to_string(&picture).expect("the picture")
    };
    let svg = drawn(&runs);
    for word in [
        "trivial",
        "C4",
        "share of the training images",
        "test accuracy",
        "0.1",
    ] {
        assert!(svg.contains(word), "{word} is missing in {svg}");
    }
    // A single run is a point without an interval.
    runs.truncate(1);
    assert!(drawn(&runs).contains("trivial"));
    let table = Comparison::new(&runs, &question(None, &[])).expect("compared");
    assert!(draw(&picture, &table).is_err());
}
