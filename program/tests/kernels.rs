//! Kernels that are networks and separable convolutions, from a run file to answers.

mod common;

use std::fs;
use std::path::Path;

use common::{fail, run_file, succeed};
use serde_json::Value;

/// A few digits, and a network that a test names.
fn experiment(model: &str) -> String {
    format!(
        r#"
seed = 3
[dataset]
source = "built-in"
train_limit = 320
valid_limit = 100
test_limit = 100
[model]
{model}
padding = "same"
head = "linear"
dropout = 0.0
[optimizer]
lr = 1e-2
[training]
epochs = 2
batch_size = 32
"#
    )
}

const FLEXIBLE: &str = r#"
group = "C4"
channels = [4, 4]
kernel_sizes = [13, 9]
pool_after = [1, 2]
kernel = { basis = "magnet", hidden = 8, layers = 1, mask = { gaussian = 0.3 } }
"#;

const SEPARABLE: &str = r#"
group = "C8"
channels = [4, 4]
kernel_sizes = [5, 5]
pool_after = [1, 2]
kernel = { basis = "siren", hidden = 8 }
separable = "separable"
random_angles = true
"#;

/// The sizes of kernels after each epoch, layer by layer.
fn kernel_sizes(run: &Path) -> Vec<Vec<f64>> {
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let sizes = |line: &str| {
        let record: Value = serde_json::from_str(line).expect("a record");
        let layers = record["kernel_sizes"].as_object().expect("sizes").clone();
        let sides = layers
            .values()
            .flat_map(|size| size.as_array().cloned().unwrap_or_default());
        sides.filter_map(|side| side.as_f64()).collect()
    };
    metrics.lines().map(sizes).collect()
}

#[test]
fn kernels_that_train_their_size_are_recorded_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = run_file(folder.path(), &experiment(FLEXIBLE));
    let file = file.to_str().expect("a path");
    succeed(
        folder.path(),
        &["train", file, "--output", "run", "--no-tui"],
    );
    let run = folder.path().join("run");
    let sizes = kernel_sizes(&run);
    assert_eq!(sizes.len(), 2);
    // Two layers of two sides, which began with 0.3 · 2.15 · 12 + 1 and 0.3 · 2.15 · 8 + 1 pixels.
    for (side, first) in sizes[1].iter().zip([8.73, 8.73, 6.15, 6.15]) {
        assert!(
            (side - first).abs() > 0.01 && (side - first).abs() < 3.0,
            "{sizes:?}"
        );
    }
    let picture = fs::read_to_string(run.join("kernel-sizes.svg")).expect("a picture");
    assert!(picture.contains("layer 2"), "{picture}");
    // What is trained is what is exported, and read again.
    let evaluated = succeed(folder.path(), &["eval", "run"]);
    let report: Value =
        serde_json::from_str(&fs::read_to_string(run.join("report.json")).expect("a report"))
            .expect("a report");
    assert!(
        report["test"].is_object() || report["test"].is_array(),
        "{report}"
    );
    assert!(evaluated.contains("accuracy"), "{evaluated}");
    succeed(
        folder.path(),
        &["export", "run", "--output", "plain.safetensors"],
    );
    succeed(folder.path(), &["eval", "plain.safetensors"]);
}

/// Interrupted and resumed, a run that turns its angles by chance goes on as it would have.
#[test]
fn random_angles_resume_exactly() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = run_file(folder.path(), &experiment(SEPARABLE));
    let file = file.to_str().expect("a path");
    let train = |output: &str, epochs: &str| {
        let setting = format!("training.epochs={epochs}");
        let schedule = "schedule.kind=constant";
        let args = [
            "train", file, "--output", output, "--no-tui", "--set", &setting, "--set", schedule,
        ];
        succeed(folder.path(), &args)
    };
    train("whole", "2");
    train("part", "1");
    succeed(
        folder.path(),
        &[
            "train",
            "part",
            "--resume",
            "--no-tui",
            "--set",
            "training.epochs=2",
        ],
    );
    let weights =
        |run: &str| fs::read(folder.path().join(run).join("last.safetensors")).expect("weights");
    let numbers = |bytes: &[u8]| {
        let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        bytes[8 + header..].to_vec()
    };
    assert!(numbers(&weights("whole")) == numbers(&weights("part")));
}

#[test]
fn what_does_not_go_together_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |model: &str| {
        let file = run_file(folder.path(), &experiment(model));
        fail(
            folder.path(),
            &["train", file.to_str().expect("a path"), "--no-tui"],
        )
    };
    let said = refused(&SEPARABLE.replace("\"siren\", hidden = 8", "\"hermite\""));
    assert!(
        said.contains("random_angles") && said.contains("siren"),
        "{said}"
    );
    let said = refused(&SEPARABLE.replace("\"separable\"", "\"separable+2d\""));
    assert!(said.contains("C8xR3"), "{said}");
    let said = refused(&SEPARABLE.replace("\"separable\"", "\"seperable\""));
    assert!(said.contains("`separable`"), "{said}");
    let said = refused(&FLEXIBLE.replace("gaussian = 0.3", "gaussian = 0.0"));
    assert!(said.contains("deviation"), "{said}");
    let said = refused(&FLEXIBLE.replace("magnet", "magnets"));
    assert!(said.contains("`magnet`"), "{said}");
}
