//! Folders of pictures that have numbers or several labels in a table: from a look at them to a page about the network.

mod common;

use std::f32::consts::PI;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use common::{fail, run, succeed};
use image::{GrayImage, Luma};
use serde_json::Value;

/// Pixels of a side.
const SIDE: u32 = 24;

/// Numbers that look random and are the same every time.
struct Draws(u32);

impl Draws {
    fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % below
    }
}

/// A folder of discs with their areas and brightnesses; every tenth brightness is not known.
fn discs(folder: &Path, count: usize) {
    fs::create_dir_all(folder).expect("a folder");
    let mut draws = Draws(7);
    let mut table = String::from("file,area,brightness\n");
    for number in 0..count {
        let radius = 2.0 + draws.next(60) as f32 / 10.0;
        let (x, y) = (9 + draws.next(6), 9 + draws.next(6));
        let level = 80 + draws.next(150);
        let picture = GrayImage::from_fn(SIDE, SIDE, |i, j| {
            let away = (i as f32 - x as f32).hypot(j as f32 - y as f32);
            let inside = (radius - away + 0.5).clamp(0.0, 1.0);
            Luma([(20.0 + inside * (level as f32 - 20.0)) as u8])
        });
        picture
            .save(folder.join(format!("{number:03}.png")))
            .expect("a picture");
        let area = PI * radius * radius;
        let known = if number % 10 == 9 {
            String::new()
        } else {
            level.to_string()
        };
        let _ = writeln!(table, "{number:03}.png,{area:.2},{known}");
    }
    fs::write(folder.join("labels.csv"), table).expect("a table");
}

/// A folder of pictures with stripes, dots, both or neither.
fn patterns(folder: &Path, count: usize) {
    fs::create_dir_all(folder).expect("a folder");
    let mut draws = Draws(3);
    let mut table = String::from("file;stripes;dots\n");
    for number in 0..count {
        let (stripes, dots) = (draws.next(2) == 1, draws.next(2) == 1);
        let (phase, upright) = (draws.next(6), draws.next(2) == 1);
        let mut picture = GrayImage::from_fn(SIDE, SIDE, |i, j| {
            let along = if upright { i } else { j };
            let light = stripes && (along + phase) % 6 < 2;
            Luma([(if light { 90 } else { 30 }) + draws.next(30) as u8])
        });
        for _ in 0..if dots { 3 } else { 0 } {
            let (x, y) = (1 + draws.next(SIDE - 3), 1 + draws.next(SIDE - 3));
            for (i, j) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                picture.put_pixel(x + i, y + j, Luma([240]));
            }
        }
        picture
            .save(folder.join(format!("{number:03}.png")))
            .expect("a picture");
        let word = |has: bool| if has { "yes" } else { "no" };
        let _ = writeln!(table, "{number:03}.png;{};{}", word(stripes), word(dots));
    }
    fs::write(folder.join("labels.csv"), table).expect("a table");
}

const NUMBERS: &str = "dataset.target.numbers=[\"area\", \"brightness\"]";
const LABELS: &str = "dataset.target.labels=[\"stripes\", \"dots\"]";

fn train<'a>(folder: &'a str, target: &'a str, epochs: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let start = [
        "train", folder, "--quiet", "--no-tui", "--set", target, "--set",
    ];
    [&start[..], &[epochs, "--set", "model.size=small"], more].concat()
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The numbers behind the first column of a table.
fn rows(text: &str) -> Vec<Vec<f64>> {
    let lines = text.lines().skip(1);
    let cells = |line: &str| -> Vec<f64> {
        let cells = line.split(',').skip(1);
        cells.map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()
    };
    lines.map(cells).collect()
}

#[test]
fn numbers_are_learned_and_answers_have_their_unit() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let here = root.path();
    discs(&here.join("discs"), 300);
    succeed(here, &train("discs", NUMBERS, "training.epochs=30", &[]));
    let folder = here.join("runs/discs");
    let report = json(&folder.join("report.json"));
    let test = &report["test"];
    assert_eq!(test["goal"], "r2");
    assert!(number(&test["metrics"]["r2"]) > 0.9, "{test}");
    let targets = report["targets"]["targets"]
        .as_array()
        .expect("two numbers");
    for target in targets {
        let r2 = &target["figures"][0];
        assert!(
            r2["name"] == "r2" && number(&r2["value"]) > 0.85,
            "{target}"
        );
        assert!(
            number(&r2["interval"][0]) < number(&r2["value"]),
            "{target}"
        );
    }
    // MAE in the unit of the column: an area of up to 200 pixels.
    assert!(
        number(&targets[0]["figures"][1]["value"]) > 0.5,
        "{targets:?}"
    );
    assert!(number(&targets[1]["known"]) < number(&targets[0]["known"]));
    // Turned by right angles its answers are the same.
    let turned = report["equivariance"].as_array().expect("elements");
    assert_eq!(turned.len(), 4);
    for element in turned {
        assert!(number(&element["relative_error"]) < 1e-5, "{element}");
        assert!(element.get("same_answer").is_none(), "{element}");
    }
    let data = json(&folder.join("data.json"));
    let origin = data["description"]["origin"].as_str().expect("words");
    assert!(
        origin.contains("not known: brightness of 30 pictures"),
        "{origin}"
    );
    assert_eq!(data["format"]["targets"]["names"][1], "brightness");
    let page = fs::read_to_string(folder.join("report.html")).expect("a page");
    for words in ["R²", "id=\"errors\"", "Furthest off", "brightness"] {
        assert!(page.contains(words), "{words}");
    }
    let picture = fs::read_to_string(folder.join("errors.svg")).expect("a picture");
    assert!(picture.contains("area: R²"));
    let table = fs::read_to_string(folder.join("predictions.csv")).expect("a table");
    let head =
        "split,index,file,group,true:area,true:brightness,predicted:area,predicted:brightness";
    assert!(table.starts_with(head), "{table}");

    // Measured again it is the same.
    let again = succeed(here, &["eval", "runs/discs", "--json"]);
    let again: Value = serde_json::from_str(&again).expect("JSON");
    let [now, then] = [&again["metrics"], &test["metrics"]].map(|m| number(&m["mae"]));
    assert!((now - then).abs() < 1e-5 * then, "{now} {then}");
    assert_eq!(
        (&again["same_data"], &again["targets"]["kind"]),
        (&true.into(), &"numbers".into())
    );

    // A picture, and the same turned by a right angle.
    let upright = image::open(here.join("discs/000.png")).expect("a picture");
    upright
        .rotate90()
        .save(here.join("turned.png"))
        .expect("a picture");
    let said = succeed(
        here,
        &[
            "predict",
            "runs/discs",
            "discs/000.png",
            "turned.png",
            "--csv",
        ],
    );
    assert!(said.starts_with("file,area,brightness\n"), "{said}");
    let found = rows(&said);
    for (one, other) in found[0].iter().zip(&found[1]) {
        assert!((one - other).abs() <= 1e-5 * one.abs().max(1.0), "{said}");
    }
    let words = succeed(here, &["predict", "runs/discs", "discs/000.png"]);
    assert!(
        words.contains("000.png  area ") && words.contains(", brightness "),
        "{words}"
    );
    let labels = ["--labels", "discs/labels.csv"];
    let scored = succeed(
        here,
        &[&["predict", "runs/discs", "discs", "--json"], &labels[..]].concat(),
    );
    let scored: Value = serde_json::from_str(&scored).expect("JSON");
    assert!(
        number(&scored["score"]["targets"][0]["figures"][0]["value"]) > 0.85,
        "{scored}"
    );
    let error = fail(here, &["predict", "runs/discs", "discs", "--map"]);
    assert!(
        error.contains("numbers or labels of whole pictures"),
        "{error}"
    );
    let error = fail(
        here,
        &["predict", "runs/discs", "discs", "--labels", "folders"],
    );
    assert!(error.contains("says numbers area, brightness"), "{error}");

    // Exported to ordinary layers it says the same.
    succeed(
        here,
        &["export", "runs/discs", "--output", "plain.safetensors"],
    );
    let plain = succeed(
        here,
        &["predict", "plain.safetensors", "discs/000.png", "--csv"],
    );
    for (one, other) in rows(&plain)[0].iter().zip(&found[0]) {
        assert!((one - other).abs() <= 1e-4 * one.abs().max(1.0), "{plain}");
    }
    let drawn = [
        "equivariance",
        "runs/discs",
        "--plot",
        "turns.svg",
        "--examples",
        "4",
        "--json",
    ];
    let drawn: Value = serde_json::from_str(&succeed(here, &drawn)).expect("JSON");
    let answers = &drawn["after"]["answers"];
    assert_eq!(answers["about"], "numbers of image 0");
    assert_eq!(answers["curves"][1]["name"], "brightness");
    assert!(
        fs::read_to_string(here.join("turns.svg"))
            .expect("a picture")
            .contains("brightness")
    );

    // From here to one number: a new head, the rest as it was.
    let set = [
        "--set",
        "finetune.from=\"runs/discs\"",
        "--output",
        "runs/one",
    ];
    let one = "dataset.target.numbers=[\"area\"]";
    let small = [
        "train",
        "discs",
        "--no-tui",
        "--set",
        one,
        "--set",
        "training.epochs=1",
    ];
    let output = run(here, &[&small[..], &set].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said
        .lines()
        .find(|line| line.contains("re-initialised"))
        .expect("a line");
    assert!(!line.contains("none"), "{said}");
    let error = fail(here, &["eval", "runs/one", "--data", "nowhere"]);
    assert!(error.contains("nowhere"), "{error}");
}

#[test]
fn labels_are_learned_each_for_itself() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let here = root.path();
    patterns(&here.join("cloth"), 300);
    succeed(here, &train("cloth", LABELS, "training.epochs=20", &[]));
    let folder = here.join("runs/cloth");
    let report = json(&folder.join("report.json"));
    let metrics = &report["test"]["metrics"];
    assert_eq!(report["test"]["goal"], "auc");
    for name in ["auc", "average_precision"] {
        assert!(number(&metrics[name]) > 0.95, "{metrics}");
    }
    assert!(
        number(&metrics["exact_match"]) <= number(&metrics["accuracy"]),
        "{metrics}"
    );
    let page = fs::read_to_string(folder.join("report.html")).expect("a page");
    assert!(page.contains("ROC curve") && page.contains("stripes"));
    let said = succeed(here, &["predict", "runs/cloth", "cloth/000.png", "--csv"]);
    assert!(said.starts_with("file,p:stripes,p:dots\n"), "{said}");
    assert!(
        rows(&said)[0].iter().all(|p| (0.0..=1.0).contains(p)),
        "{said}"
    );
    let eval = succeed(here, &["eval", "runs/cloth"]);
    assert!(
        eval.contains("average precision") && eval.contains("dots"),
        "{eval}"
    );
    let error = fail(here, &["eval", "runs/cloth", "--data", "cloth/none"]);
    assert!(error.contains("labels.csv"), "{error}");

    // Two networks on the same pictures.
    let more = [
        "--output",
        "runs/other",
        "--set",
        "training.class_weights=balanced",
    ];
    succeed(here, &train("cloth", LABELS, "training.epochs=2", &more));
    let paired = succeed(
        here,
        &["compare", "--paired", "runs/cloth", "runs/other", "--json"],
    );
    let paired: Value = serde_json::from_str(&paired).expect("JSON");
    assert_eq!(paired["measure"], "auc");
    let difference = number(&paired["values"][1]) - number(&paired["values"][0]);
    assert!(
        (number(&paired["difference"]) - difference).abs() < 1e-12,
        "{paired}"
    );
    let listed = succeed(here, &["compare", "runs/cloth", "runs/other"]);
    assert!(listed.contains("auc"), "{listed}");
}

#[test]
fn folds_are_pooled_and_a_run_goes_on() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let here = root.path();
    discs(&here.join("discs"), 60);
    let one = "dataset.target.numbers=[\"area\"]";
    let more = ["--folds", "2", "--output", "cv"];
    let output = run(here, &train("discs", one, "training.epochs=1", &more));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("2 folds together, 60 pictures") && said.contains("R²"),
        "{said}"
    );
    let found = json(&here.join("cv/folds.json"));
    assert_eq!(
        (found["goal"].as_str(), found["pictures"].as_u64()),
        (Some("r2"), Some(60))
    );
    let table = fs::read_to_string(here.join("cv/predictions.csv")).expect("a table");
    assert_eq!(table.lines().count(), 61);
    let listed = succeed(here, &["compare", "cv"]);
    assert!(listed.contains("r2"), "{listed}");
    let paired = succeed(here, &["compare", "--paired", "cv", "cv", "--json"]);
    let paired: Value = serde_json::from_str(&paired).expect("JSON");
    assert_eq!(
        (&paired["measure"], number(&paired["difference"])),
        (&"mae".into(), 0.0)
    );

    // Interrupted after an epoch, it comes to the same as in one go.
    let fixed = [
        "--set",
        "training.average=0.5",
        "--set",
        "schedule.kind=constant",
    ];
    for (output, epochs, resume) in [
        ("whole", "training.epochs=3", &[][..]),
        ("parts", "training.epochs=1", &[]),
        ("parts", "training.epochs=3", &["--resume"]),
    ] {
        let _ = resume
            .is_empty()
            .then(|| fs::remove_dir_all(here.join(output)));
        let more = [
            &fixed[..],
            &["--set", "schedule.warmup_epochs=0"],
            &["--output", output],
            resume,
        ];
        succeed(here, &train("discs", one, epochs, &more.concat()));
    }
    let [whole, parts] = ["whole", "parts"]
        .map(|name| fs::read(here.join(name).join("predictions.csv")).expect("a table"));
    assert_eq!(whole, parts);
}

#[test]
fn a_look_says_what_could_be_learned_and_errors_say_where() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let here = root.path();
    discs(&here.join("discs"), 24);
    let said = succeed(here, &["init", "discs"]);
    assert!(said.contains("24 pictures (by labels.csv)"), "{said}");
    assert!(
        said.contains("columns that look like numbers: area ("),
        "{said}"
    );
    let text = fs::read_to_string(here.join("discs.toml")).expect("a run file");
    assert!(
        text.contains("\ntarget = { numbers = [\"area\", \"brightness\"] }"),
        "{text}"
    );
    let error = fail(here, &["train", "discs", "--quiet"]);
    assert!(error.contains("names the column `class`"), "{error}");
    assert!(
        error.contains("target = { numbers = [\"area\"] } in [dataset]"),
        "{error}"
    );

    let table = here.join("discs/labels.csv");
    let whole = fs::read_to_string(&table).expect("a table");
    let first_area = whole.lines().nth(1).and_then(|line| line.split(',').nth(1));
    let first_area = first_area.expect("an area").to_string();
    let constant = |line: &str| {
        let (file, rest) = line.split_once(',').expect("columns");
        let (_, brightness) = rest.split_once(',').expect("columns");
        format!(
            "{file},{},{brightness}\n",
            if file == "file" { "area" } else { "7" }
        )
    };
    let constant: String = whole.lines().map(constant).collect();
    for (text, target, words) in [
        (
            whole.clone(),
            "dataset.target.numbers=[\"aera\"]",
            "did you mean `area`?",
        ),
        (
            whole.replacen(&first_area, "large", 1),
            NUMBERS,
            "found \"large\" in line 2, column 2 (`area`)",
        ),
        (
            whole.replacen(&first_area, "inf", 1),
            NUMBERS,
            "a finite number",
        ),
        (constant, NUMBERS, "different values in the column `area`"),
        (
            whole.clone(),
            "dataset.target.labels=[\"area\"]",
            "1 or 0, yes or no",
        ),
        (
            whole
                .lines()
                .take(3)
                .map(|line| format!("{line}\n"))
                .collect(),
            NUMBERS,
            "enough pictures",
        ),
        (whole.clone(), "dataset.target={}", "found none"),
        (
            whole.clone(),
            "dataset.target.number=[\"area\"]",
            "did you mean `numbers`?",
        ),
    ] {
        fs::write(&table, text).expect("a table");
        let error = fail(here, &train("discs", target, "training.epochs=1", &[]));
        assert!(error.contains(words), "{words}: {error}");
        assert!(!here.join("runs").exists(), "{words}");
    }
    fs::write(&table, &whole).expect("a table");
    for (set, words) in [
        ("training.goal=auc", "numbers are learned"),
        ("training.sampling=balanced", "nothing to balance"),
        ("training.label_smoothing=0.1", "it is for classes"),
        ("training.class_weights=balanced", "numbers have no classes"),
        ("training.loss=cubic", "huber"),
    ] {
        let error = fail(
            here,
            &train("discs", NUMBERS, "training.epochs=1", &["--set", set]),
        );
        assert!(error.contains(words), "{words}: {error}");
    }
    let mut digits = vec!["train", "digits.toml", "--quiet", "--set"];
    fs::write(here.join("digits.toml"), common::SMALL).expect("a run file");
    for (set, words) in [
        ("training.loss=mae", "it is for numbers"),
        ("training.goal=r2", "no numbers"),
    ] {
        digits.push(set);
        let error = fail(here, &digits);
        assert!(error.contains(words), "{error}");
        digits.pop();
    }
}
