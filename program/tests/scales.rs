//! Networks over scales, of digits and of sounds: from a run file to answers and the report of how they move along scale.

mod common;

use std::f32::consts::TAU;
use std::fs;
use std::path::Path;

use common::{fail, of_repository, run_file, succeed};
use serde_json::Value;

/// Writes a mono WAV file of 16 bits.
fn wav(path: &Path, rate: u32, samples: &[f32]) {
    let bytes = 2 * samples.len() as u32;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    for number in [1u16, 1] {
        file.extend(number.to_le_bytes());
    }
    file.extend(rate.to_le_bytes());
    file.extend((2 * rate).to_le_bytes());
    for number in [2u16, 16] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    for sample in samples {
        file.extend(((sample * 30_000.0) as i16).to_le_bytes());
    }
    fs::write(path, file).expect("a clip");
}

/// A bell at a pitch, in hertz, at a place that differs from clip to clip.
fn bell(rate: u32, pitch: f32, number: u32) -> Vec<f32> {
    let (length, start) = (rate as usize / 4, 0.05 + 0.01 * (number % 7) as f32);
    let at = |sample: usize| {
        let t = sample as f32 / rate as f32 - start;
        let strength = if t > 0.0 { (-t * 25.0).exp() } else { 0.0 };
        strength * (TAU * pitch * t).sin()
    };
    (0..length).map(at).collect()
}

/// Clips of bells and of clicks, by folders.
fn sounds(folder: &Path) {
    for (class, pitch) in [("low", 180.0), ("high", 900.0)] {
        let inner = folder.join(class);
        fs::create_dir_all(&inner).expect("a folder");
        for number in 0..24 {
            let pitch = pitch * (1.0 + 0.02 * (number % 5) as f32);
            wav(
                &inner.join(format!("{number}.wav")),
                4000,
                &bell(4000, pitch, number),
            );
        }
    }
}

const SOUNDS: &str = r#"
task = "audio-folder"
seed = 2
[dataset]
path = "sounds"
rate = 4000
samples = 1024
valid_fraction = 0.2
test_fraction = 0.25
[model]
kind = "wavelet"
group = "R3(2)"
channels = [4, 6, 6]
kernel_sizes = [15, 5, 3]
ranges = [2, 1]
pool_after = [1, 2]
admissibility = 0.1
[optimizer]
lr = 1e-2
[training]
epochs = 12
batch_size = 8
"#;

#[test]
fn sounds_are_learned_and_told_apart() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let root = root.path();
    sounds(&root.join("sounds"));
    run_file(root, SOUNDS);
    succeed(root, &["train", "small.toml", "--output", "run", "--quiet"]);
    let report = fs::read_to_string(root.join("run/report.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let accuracy = report["test"]["metrics"]["accuracy"].as_f64();
    assert!(accuracy.is_some_and(|accuracy| accuracy > 0.9), "{report}");
    assert!(root.join("run/report.html").exists());

    // A clip at another rate, a folder, and one that is no clip.
    fs::create_dir(root.join("new")).expect("a folder");
    wav(&root.join("new/a.wav"), 11_025, &bell(11_025, 185.0, 3));
    wav(&root.join("new/b.wav"), 8_000, &bell(8_000, 910.0, 1));
    fs::write(root.join("new/notes.txt"), "not a sound").expect("a file");
    let answers = succeed(root, &["predict", "run", "new", "--csv"]);
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!(lines.len(), 3, "{answers}");
    assert!(
        lines[1].contains("a.wav,low") && lines[2].contains("b.wav,high"),
        "{answers}"
    );
    fs::write(root.join("damaged.wav"), b"RIFF").expect("a file");
    let error = fail(root, &["predict", "run", "damaged.wav"]);
    assert!(error.contains("damaged.wav"), "{error}");
    let error = fail(root, &["predict", "run", "new/notes.txt"]);
    assert!(error.contains("notes.txt"), "{error}");

    // Evaluated, measured, exported.
    let found = succeed(root, &["eval", "run", "--split", "test", "--json"]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["metrics"]["accuracy"].as_f64(), accuracy, "{found}");
    let text = succeed(root, &["equivariance", "run", "--examples", "8"]);
    assert!(
        text.contains("growing") && text.contains("by 2.00"),
        "{text}"
    );
    assert!(!text.contains("rotation"), "{text}");
    let error = fail(root, &["equivariance", "run", "--plot", "a.svg"]);
    assert!(error.contains("signals"), "{error}");
    succeed(root, &["export", "run"]);
    let error = fail(root, &["export", "run", "--format", "pytorch"]);
    assert!(error.contains("time and scale"), "{error}");
}

#[test]
fn networks_that_do_not_fit_their_data_are_refused_by_name() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let root = root.path();
    sounds(&root.join("sounds"));
    run_file(root, SOUNDS);
    let refused = |settings: &[&str]| {
        let mut args = vec!["train", "small.toml", "--output", "refused"];
        for setting in settings {
            args.extend(["--set", setting]);
        }
        let error = fail(root, &args);
        assert!(!root.join("refused").exists(), "{error}");
        error
    };
    let error = refused(&["model.pool=100"]);
    assert!(error.contains("too short"), "{error}");
    let error = refused(&["model.group=R3(1.5)"]);
    assert!(error.contains("whole numbers"), "{error}");
    let error = refused(&["model.group=R99"]);
    assert!(error.contains("R99"), "{error}");
    let error = refused(&["augmentation.flip=true"]);
    assert!(error.contains("flip"), "{error}");
    let error = refused(&["dataset.leave_out=somebody"]);
    assert!(error.contains("group"), "{error}");
    // An image in place of a signal.
    let digits = SOUNDS
        .replace("audio-folder", "scaled-mnist")
        .replace(
            "path = \"sounds\"\nrate = 4000\nsamples = 1024",
            "source = \"built-in\"",
        )
        .replace("valid_fraction = 0.2\ntest_fraction = 0.25\n", "");
    run_file(root, &digits);
    let error = refused(&[]);
    assert!(error.contains("signals"), "{error}");
}

#[test]
fn digits_of_random_sizes_are_learned_over_scales() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let root = root.path();
    let text = r#"
task = "scaled-mnist"
seed = 1
[dataset]
source = "built-in"
train_limit = 400
valid_limit = 100
test_limit = 200
[model]
group = "R3"
scale_range = 2
channels = [4, 6]
kernel_sizes = [5, 3]
kernel = { basis = "hermite", order = 2 }
pool_after = [1, 2]
padding = "same"
head = "linear"
global_pool = "max"
dropout = 0.0
[optimizer]
lr = 1e-2
[training]
epochs = 2
batch_size = 32
"#;
    run_file(root, text);
    succeed(root, &["train", "small.toml", "--output", "run", "--quiet"]);
    let found = succeed(root, &["equivariance", "run", "--examples", "4", "--json"]);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let growth = &found["after"]["growth"];
    let factors = growth["factors"].as_array().map(Vec::len);
    assert_eq!(factors, Some(7), "{found}");
    let first = &growth["outputs"][0]["errors"];
    assert!(
        first[0].as_f64().is_some_and(|error| error < 1e-4),
        "{first}"
    );
    assert!(
        first[3].as_f64().is_some_and(|error| error < 0.5),
        "{first}"
    );
    // The error against the factor of each digit, as numbers and as a picture.
    let table = succeed(
        root,
        &["compare", "run", "--over", "factor", "--plot", "curve.svg"],
    );
    assert!(
        table.contains("factor") && table.lines().count() > 5,
        "{table}"
    );
    assert!(root.join("curve.svg").exists());
    let error = fail(
        root,
        &[
            "compare",
            "run",
            "--over",
            "factor",
            "--measure",
            "accuracy",
        ],
    );
    assert!(error.contains("`error`"), "{error}");
    // Kernels of pixels have no place between pixels.
    let error = fail(
        root,
        &[
            "train",
            "small.toml",
            "--output",
            "b",
            "--set",
            "model.kernel.basis=pixel",
        ],
    );
    assert!(
        error.contains("hermite") || error.contains("order"),
        "{error}"
    );
}

/// What the first lines of the documentation promise works from the files that the program carries.
#[test]
fn sounds_that_the_program_carries_need_no_files() {
    let Some(config) = of_repository("configs/audio/quickstart.toml") else {
        return;
    };
    let root = tempfile::tempdir().expect("a temporary folder");
    let root = root.path();
    let config = config.display().to_string();
    let args = [
        "train",
        &config,
        "--output",
        "run",
        "--quiet",
        "--set",
        "training.epochs=1",
    ];
    succeed(root, &args);
    assert!(root.join("run/report.html").exists());
}
