//! Runs that start from trained weights: what is loaded, what stays, what is refused.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{SMALL, fail, gcnn, run, run_file, succeed};
use gcnn_train::training::checkpoint::Checkpoint;
use gcnn_train::weights::arrays::{self as weights, Weights};

/// Goes on from the run in `base`; everything with a state is on.
const TUNED: &str = r#"
seed = 6
[dataset]
source = "built-in"
train_limit = 640
valid_limit = 200
test_limit = 200
[finetune]
from = "base"
freeze = ["lifting", "blocks.0"]
reinit = ["convolutions.1"]
layer_decay = 0.5
rates = { "convolutions.0" = 2.0 }
[optimizer]
kind = "adamw"
lr = 5e-3
weight_decay = 1e-2
[training]
epochs = 2
batch_size = 32
checkpoint_every = 3
average = 0.9
"#;

/// Names of the frozen arrays of [`TUNED`].
const FROZEN: [&str; 6] = [
    "blocks.0.norm.running_mean",
    "blocks.0.norm.running_variance",
    "blocks.0.norm.scale",
    "blocks.0.norm.shift",
    "lifting.bias",
    "lifting.weight",
];

/// A folder with a trained run in `base` and a run file `tuned.toml`.
fn folder(tuned: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_file(folder.path(), &SMALL.replace("epochs = 3", "epochs = 1"));
    let train = ["train", "small.toml", "--output", "base", "--quiet"];
    succeed(folder.path(), &train);
    std::fs::write(folder.path().join("tuned.toml"), tuned).expect("a run file");
    folder
}

fn arrays(folder: &Path, file: &str) -> Weights {
    weights::load(&folder.join(file)).expect("weights").0
}

fn bits(weights: &Weights, name: &str) -> Vec<u32> {
    weights[name].values.iter().map(|v| v.to_bits()).collect()
}

/// Trains and gives what the program told meanwhile.
fn told(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "gcnn {args:?} failed:\n{text}");
    text
}

#[test]
fn frozen_layers_stay_bit_for_bit_and_all_others_move() {
    let folder = folder(TUNED);
    let root = folder.path();
    let text = told(
        root,
        &["train", "tuned.toml", "--output", "run", "--no-tui"],
    );
    for line in [
        "fine-tuning from base:",
        "loaded          12  blocks, convolutions.0, lifting",
        "adapted          0  none",
        "re-initialised   2  convolutions.1",
        "unused           2  convolutions.1",
        "frozen           6  blocks.0, lifting",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    let source = arrays(root, "base/best.safetensors");
    let checkpoint = root.join("run/checkpoint/latest.safetensors");
    let checkpoint = Checkpoint::load(&checkpoint).expect("a checkpoint");
    let ends = [
        arrays(root, "run/last.safetensors"),
        arrays(root, "run/best.safetensors"),
        checkpoint.model,
    ];
    for end in &ends {
        for name in source.keys() {
            let same = bits(&source, name) == bits(end, name);
            assert_eq!(same, FROZEN.contains(&name.as_str()), "{name}");
        }
    }
    for name in checkpoint.scalars.ranks.keys() {
        assert!(!FROZEN.contains(&name.as_str()), "{name} has a state");
    }
}

#[test]
fn a_killed_run_goes_on_bit_for_bit_without_its_source() {
    let folder = folder(TUNED);
    let root = folder.path();
    succeed(root, &["train", "tuned.toml", "--output", "whole"]);
    let mut child = gcnn(root, &["train", "tuned.toml", "--output", "cut"])
        .spawn()
        .expect("the program starts");
    let path = root.join("cut/checkpoint/latest.safetensors");
    let steps = || {
        let checkpoint = path.exists().then(|| Checkpoint::load(&path));
        checkpoint.map_or(0, |c| c.expect("a whole checkpoint").progress.step)
    };
    let start = Instant::now();
    while steps() < 7 {
        assert!(start.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("its status");
    assert!(steps() < 40, "it ended before it was killed");
    std::fs::remove_dir_all(root.join("base")).expect("the source is gone");
    // A run file in place of the folder does not ask for the source either.
    succeed(
        root,
        &["train", "tuned.toml", "--output", "cut", "--resume"],
    );
    for file in ["last.safetensors", "best.safetensors"] {
        let whole = arrays(root, &format!("whole/{file}"));
        let cut = arrays(root, &format!("cut/{file}"));
        for name in whole.keys() {
            assert_eq!(bits(&whole, name), bits(&cut, name), "{name} of {file}");
        }
    }
}

#[test]
fn what_model_leaves_out_is_the_sources() {
    let folder = folder(TUNED);
    let shown = succeed(folder.path(), &["config", "tuned.toml"]);
    assert!(shown.contains("channels = [3, 3]"), "{shown}");
    let args = ["train", "tuned.toml", "--output", "run", "--quiet"];
    let set = ["--set", "model.dropout=0.1", "--set", "training.epochs=1"];
    succeed(folder.path(), &[&args[..], &set].concat());
    let config = folder.path().join("run/config.toml");
    let config = std::fs::read_to_string(config).expect("the resolved configuration");
    for line in ["group = \"C4\"", "channels = [3, 3]", "dropout = 0.1"] {
        assert!(config.contains(line), "{line}\nis not in\n{config}");
    }
}

#[test]
fn grey_digits_become_colour_tissue_in_other_classes() {
    let tissue = r#"
task = "nuclei"
[dataset]
source = "built-in"
patch_size = 28
patches_per_image = 12
[finetune]
from = "base/best.safetensors"
[training]
epochs = 1
"#;
    let folder = folder(tissue);
    let text = told(
        folder.path(),
        &["train", "tuned.toml", "--output", "run", "--no-tui"],
    );
    for line in [
        "loaded          11  blocks, convolutions.0, lifting.bias",
        "adapted          1  lifting.weight",
        "re-initialised   2  convolutions.1",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    let found = succeed(folder.path(), &["eval", "run", "--json"]);
    assert!(found.contains("\"accuracy\""), "{found}");
}

#[test]
fn what_cannot_work_is_refused_with_the_reason() {
    let folder = folder(TUNED);
    for (set, reason) in [
        (
            "finetune.freeze=[\"block.0\"]",
            "finetune.freeze: no layer is called `block.0`; nearest: `blocks.0`",
        ),
        (
            "finetune={ from = \"base\", freeze = [\"*\"] }",
            "nothing is left to train",
        ),
        ("finetune.reinit=[\"lifting\"]", "is in finetune.reinit too"),
        (
            "finetune.rates={ \"convolutions.0\" = 2.0, convolutions = 3.0 }",
            "both mean `convolutions.0.bias`",
        ),
        (
            "model.group=D4",
            "its network is equivariant under C4, that of [model] under D4",
        ),
        ("model.channels=[3, 4]", "leave [model] out"),
        ("model.kind=densenet", "its network is a gcnn"),
        ("finetune.layer_decay=2", "expected a number in (0, 1]"),
        ("finetune.rates.lifting=0", "finetune.freeze keeps a layer"),
        ("finetune.from=", "expected zoo:NAME"),
        ("finetune.from=nowhere", "nowhere"),
        ("finetune.from=zoo:rotmnist", "did you mean `rotmnist-"),
        ("finetune.frees=[]", "did you mean `freeze`?"),
    ] {
        let error = fail(folder.path(), &["train", "tuned.toml", "--set", set]);
        assert!(error.contains(reason), "--set {set}:\n{error}");
    }
    let particles = "task = \"nbody\"\n[dataset]\ntrain = 8\nvalid = 8\ntest = 8\ncache = false\n";
    let particles = format!("{particles}[finetune]\nfrom = \"base\"\n");
    std::fs::write(folder.path().join("tuned.toml"), particles).expect("a run file");
    let error = fail(folder.path(), &["train", "tuned.toml"]);
    assert!(
        error.contains("trained for task \"rotated-mnist\""),
        "{error}"
    );
}
