//! A run that is killed and resumed ends with the very weights of a run that was left alone.

mod common;

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use common::{SMALL, fail, gcnn, of_repository, run, run_file, succeed};
use gcnn_datasets::nuclei::BUILT_IN_NAMES;
use gcnn_train::training::checkpoint::Checkpoint;
use gcnn_train::training::run_folder::{EpochRecord, RunFolder};
use gcnn_train::weights::arrays::{self as weights, Weights};
use rstest::rstest;

/// Optimizer, schedule and the rest of what has a state, in different combinations.
const PLAIN: &str = "";
const AVERAGED: &str = r#"
average = 0.9
clip_norm = 1.0
[schedule]
kind = "cosine"
warmup_epochs = 1
[augmentation]
rotation = "continuous"
"#;

fn momentum() -> String {
    SMALL.replace(
        "lr = 5e-3",
        "kind = \"sgd\"\nlr = 1e-2\nmomentum = 0.9\nweight_decay = 1e-4",
    ) + "label_smoothing = 0.1\n[schedule]\nkind = \"plateau\"\npatience = 1\n"
}

fn adamw() -> String {
    SMALL.replace(
        "lr = 5e-3",
        "kind = \"adamw\"\nlr = 5e-3\nweight_decay = 1e-2",
    ) + "[schedule]\nkind = \"exponential\"\nfactor = 0.7\n[augmentation]\nrotation = \"right-angles\"\nflip = true\n"
}

struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    fn new(text: &str) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        run_file(root.path(), text);
        Self { root }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn weights(&self, run: &str, file: &str) -> Weights {
        weights::load(&self.path().join(run).join(file))
            .expect("a weights file")
            .0
    }

    fn checkpoint(&self, run: &str) -> PathBuf {
        self.path().join(run).join("checkpoint/latest.safetensors")
    }

    /// Steps in the checkpoint. Whenever it is looked at, it is whole.
    fn steps(&self, run: &str) -> Option<u64> {
        let path = self.checkpoint(run);
        path.exists().then(|| {
            Checkpoint::load(&path)
                .expect("a whole checkpoint")
                .progress
                .step
        })
    }

    fn metrics(&self, run: &str) -> Vec<EpochRecord> {
        std::fs::read_to_string(self.path().join(run).join("metrics.jsonl"))
            .expect("metrics")
            .lines()
            .map(|line| {
                let mut record: EpochRecord = serde_json::from_str(line).expect("a record");
                // All that may differ is time.
                record.seconds = 0.0;
                record.training.examples_per_second = 0.0;
                record.validation.examples_per_second = 0.0;
                record
            })
            .collect()
    }

    fn spawn(&self, args: &[&str]) -> Child {
        gcnn(self.path(), args).spawn().expect("the program starts")
    }

    /// Kills the program without warning as soon as `when` holds.
    fn kill_when(&self, mut child: Child, mut when: impl FnMut() -> bool) {
        let start = Instant::now();
        while !when() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "the moment never came"
            );
            assert!(
                child.try_wait().expect("its status").is_none(),
                "it ended before the moment came"
            );
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("its status");
    }

    fn assert_same_runs(&self, a: &str, b: &str) {
        for file in ["last.safetensors", "best.safetensors"] {
            let (a, b) = (self.weights(a, file), self.weights(b, file));
            assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
            for (name, array) in &a {
                let bits = |w: &Weights| {
                    w[name]
                        .values
                        .iter()
                        .map(|v| v.to_bits())
                        .collect::<Vec<_>>()
                };
                assert_eq!(
                    bits(&a),
                    bits(&b),
                    "`{name}` {:?} of {file} differs",
                    array.shape
                );
            }
        }
        assert_eq!(self.metrics(a), self.metrics(b));
    }
}

#[rstest]
#[case::adam(format!("{SMALL}{PLAIN}"))]
#[case::averaged(format!("{SMALL}{AVERAGED}"))]
#[case::momentum(momentum())]
#[case::adamw(adamw())]
fn killed_runs_end_as_if_nothing_had_happened(#[case] text: String) {
    let folder = Folder::new(&text);
    succeed(folder.path(), &["train", "small.toml", "--output", "whole"]);

    let train = ["train", "small.toml", "--output", "cut"];
    let resume = ["train", "cut", "--resume"];
    // Before the first step, in the middle of an epoch, in the next one, and in the last.
    folder.kill_when(folder.spawn(&train), || folder.steps("cut").is_some());
    for step in [7, 22, 47] {
        let child = folder.spawn(&resume);
        folder.kill_when(child, || folder.steps("cut") >= Some(step));
    }
    succeed(folder.path(), &resume);
    folder.assert_same_runs("whole", "cut");
    assert_eq!(folder.metrics("whole").len(), 3);
}

#[test]
fn a_kill_while_the_checkpoint_is_written_does_no_harm() {
    // With a checkpoint after each step, most kills come while one is written.
    let folder = Folder::new(&SMALL.replace("checkpoint_every = 3", "checkpoint_every = 1"));
    succeed(folder.path(), &["train", "small.toml", "--output", "whole"]);
    let train = ["train", "small.toml", "--output", "cut"];
    folder.kill_when(folder.spawn(&train), || folder.steps("cut") > Some(3));
    for _ in 0..4 {
        let before = folder.steps("cut");
        let child = folder.spawn(&["train", "cut", "--resume"]);
        folder.kill_when(child, || folder.steps("cut") > before);
    }
    // And this is what such a kill leaves behind: a part of the next checkpoint beside the last whole one.
    let whole = std::fs::read(folder.checkpoint("cut")).expect("a checkpoint");
    let beside = folder
        .checkpoint("cut")
        .with_file_name(".latest.safetensors.part-Ab12");
    std::fs::write(&beside, &whole[..whole.len() / 2]).expect("written");
    succeed(folder.path(), &["train", "cut", "--resume"]);
    assert!(!beside.exists(), "what a kill left behind is taken away");
    folder.assert_same_runs("whole", "cut");
}

#[test]
fn a_kill_before_the_first_checkpoint_starts_from_the_beginning() {
    let folder = Folder::new(SMALL);
    let child = folder.spawn(&["train", "small.toml", "--output", "cut"]);
    // Without a configuration there is nothing to go on with.
    let config = folder.path().join("cut/config.toml");
    folder.kill_when(child, || config.exists());
    // Had the checkpoint been faster than the kill, this is what was meant to be tested.
    let _ = std::fs::remove_file(folder.checkpoint("cut"));
    succeed(
        folder.path(),
        &["train", "small.toml", "--output", "cut", "--resume"],
    );
    succeed(folder.path(), &["train", "small.toml", "--output", "whole"]);
    folder.assert_same_runs("whole", "cut");
}

#[rstest]
#[case::ctrl_c("-INT")]
#[case::the_systems_wish("-TERM")]
#[case::a_closed_terminal("-HUP")]
#[cfg(unix)]
fn a_signal_saves_and_says_how_to_go_on(#[case] signal: &str) {
    let folder = Folder::new(&SMALL.replace("checkpoint_every = 3", ""));
    let child = folder.spawn(&["train", "small.toml", "--output", "cut"]);
    let start = Instant::now();
    // The handler is set before the run folder is made.
    while !folder.checkpoint("cut").exists() {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
    let killed = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(killed.success());
    let output = child.wait_with_output().expect("its output");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("gcnn train cut --resume"), "{stderr}");
    assert!(folder.steps("cut") > Some(0));

    succeed(folder.path(), &["train", "cut", "--resume"]);
    succeed(folder.path(), &["train", "small.toml", "--output", "whole"]);
    folder.assert_same_runs("whole", "cut");
}

#[test]
fn a_finished_run_can_be_made_longer_and_nothing_else() {
    let folder = Folder::new(SMALL);
    succeed(folder.path(), &["train", "small.toml", "--output", "whole"]);
    succeed(
        folder.path(),
        &[
            "train",
            "small.toml",
            "--output",
            "cut",
            "--set",
            "training.epochs=1",
        ],
    );
    succeed(
        folder.path(),
        &["train", "cut", "--resume", "--set", "training.epochs=3"],
    );
    folder.assert_same_runs("whole", "cut");
    let error = fail(
        folder.path(),
        &["train", "cut", "--resume", "--set", "optimizer.lr=0.1"],
    );
    assert!(
        error.contains("optimizer.lr (was 0.005, now 0.1)"),
        "{error}"
    );
}

/// Patches of tissue from wherever they lie.
const TISSUE: &str = "task = \"nuclei\"\n[dataset]\npatch_size = 16\npatches_per_image = 9\n[model]\nchannels = [2, 2]\n\
                      kernel_sizes = [5, 5]\npool_after = [1]\nhead = \"linear\"\n[training]\nepochs = 1\n";

/// Trains, or goes on training, where the data folder is `data`. What it says on standard error, if it fails.
fn train_with_data(folder: &Folder, data: &str, args: &[&str]) -> Result<(), String> {
    let output = gcnn(folder.path(), args)
        .env("GCNN_DATA", folder.path().join(data))
        .output()
        .expect("the program starts");
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A data folder with some of the carried images in `nuclei`.
fn some_tissue(carried: &Path, data: &Path, count: usize) {
    std::fs::create_dir_all(data.join("nuclei")).expect("a folder");
    for name in &BUILT_IN_NAMES[..count] {
        for file in [format!("{name}.png"), format!("{name}_labels.png")] {
            std::fs::copy(carried.join(&file), data.join("nuclei").join(file)).expect("a copy");
        }
    }
}

#[test]
fn a_run_goes_on_with_the_data_it_began_with() {
    let Some(carried) = of_repository("datasets/data/nuclei") else {
        return;
    };
    let folder = Folder::new(TISSUE);
    some_tissue(&carried, &folder.path().join("other"), 12);
    let start = |data, run| {
        train_with_data(&folder, data, &["train", "small.toml", "--output", run]).expect("a run");
    };
    let resume = |data, run| {
        let longer = ["train", run, "--resume", "--set", "training.epochs=2"];
        train_with_data(&folder, data, &longer)
    };
    // What `auto` meant is written down, so that it means the same where there are other images.
    start("none", "run");
    for file in ["config.toml", "last.safetensors", "best.safetensors"] {
        let kept = std::fs::read(folder.path().join("run").join(file)).expect("a file");
        let has = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(has("built-in") && !has("auto\"\nseed"), "{file}");
    }
    resume("other", "run").expect("the carried images are there");

    // A run folder as older versions left it.
    start("none", "old");
    let config = folder.path().join("old/config.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let text = text.replace("source = \"built-in\"", "source = \"auto\"");
    std::fs::write(&config, &text).expect("written");
    std::fs::remove_file(folder.path().join("old/data.json")).expect("removed");
    let error = resume("other", "old").expect_err("other images");
    assert!(
        error.contains("other data") && error.contains("normalisation"),
        "{error}"
    );
    let kept = std::fs::read_to_string(&config).expect("a configuration");
    assert_eq!(kept, text, "a refusal changes nothing");
    resume("none", "old").expect("the images are the same");

    // The same images at another place are the same data; more of them are not.
    start("other", "folder");
    some_tissue(&carried, &folder.path().join("moved"), 12);
    resume("moved", "folder").expect("the images are the same");
    let error = resume("none", "folder").expect_err("no images");
    assert!(error.contains("is missing"), "{error}");
    some_tissue(&carried, &folder.path().join("moved"), 14);
    let error = resume("moved", "folder").expect_err("more images");
    assert!(
        error.contains("training") && error.contains("and now"),
        "{error}"
    );
}

/// Digits in a folder for each class and split, each of its own grey.
fn some_pictures(root: &Path) {
    let mut grey = 0u8;
    for (split, count) in [("train", 6), ("valid", 3), ("test", 3)] {
        for class in ["a", "b"] {
            let folder = root.join(split).join(class);
            std::fs::create_dir_all(&folder).expect("a folder");
            for index in 0..count {
                grey += 5;
                let picture = image::GrayImage::from_pixel(16, 16, image::Luma([grey]));
                picture
                    .save(folder.join(format!("{index}.png")))
                    .expect("a picture");
            }
        }
    }
}

const PICTURES: &str = "task = \"image-folder\"\n[dataset]\npath = \"photos\"\ngrey = true\n[model]\nchannels = [2, 2]\n\
                        kernel_sizes = [5, 5]\npool_after = [1]\nhead = \"linear\"\n[training]\nepochs = 1\nbatch_size = 4\n";

#[test]
fn a_run_goes_on_with_the_same_pictures_wherever_they_are_and_with_no_others() {
    let folder = Folder::new(PICTURES);
    let place = |name: &str| folder.path().join(name);
    some_pictures(&place("photos"));
    succeed(folder.path(), &["train", "small.toml", "--output", "run"]);
    let longer = |path: &str| {
        let path = format!("dataset.path={path}");
        let args = [
            "train",
            "run",
            "--resume",
            "--set",
            "training.epochs=2",
            "--set",
            &path,
        ];
        let output = run(folder.path(), &args);
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    };
    let kept = std::fs::read(place("run/config.toml")).expect("a configuration");
    let refused = |path: &str, words: &str| {
        let error = longer(path).expect_err("other pictures");
        assert!(
            error.contains("other data") && error.contains(words),
            "{error}"
        );
        assert_eq!(
            std::fs::read(place("run/config.toml")).expect("a configuration"),
            kept
        );
    };
    // Of the same sizes, but the validation and test pictures changed places.
    some_pictures(&place("swapped"));
    for (from, to) in [("valid", "aside"), ("test", "valid"), ("aside", "test")] {
        std::fs::rename(place("swapped").join(from), place("swapped").join(to)).expect("moved");
    }
    refused(
        "swapped",
        "the test split, which is what the valid split was",
    );
    // Two labels of the test split are others.
    some_pictures(&place("relabelled"));
    let test = place("relabelled/test");
    for (from, to) in [
        ("a/0.png", "aside.png"),
        ("b/0.png", "a/0.png"),
        ("aside.png", "b/0.png"),
    ] {
        std::fs::rename(test.join(from), test.join(to)).expect("moved");
    }
    refused("relabelled", "labels of the test split");
    // Measured where they lie now, those are not what the run had, and that is said.
    let eval = |config: &str| {
        let text = String::from_utf8(kept.clone()).expect("text");
        std::fs::write(place("run/config.toml"), text.replace("\"photos\"", config))
            .expect("written");
        let output = run(folder.path(), &["eval", "run", "--json"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (
            json["same_data"].as_bool(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert_eq!(eval("\"photos\"").0, Some(true));
    let (same, words) = eval("\"relabelled\"");
    assert!(
        same == Some(false) && words.contains("not the test examples that the run had"),
        "{words}"
    );
    std::fs::write(place("run/config.toml"), &kept).expect("written");
    // Moved, they are the same.
    std::fs::rename(place("photos"), place("moved")).expect("moved");
    longer("moved").expect("the same pictures");
}

#[test]
fn a_start_that_fails_leaves_no_folder_and_of_several_one_gets_it() {
    let folder = Folder::new(PICTURES);
    let error = fail(folder.path(), &["train", "small.toml", "--output", "run"]);
    assert!(error.contains("photos"), "{error}");
    assert!(!folder.path().join("run").exists());

    some_pictures(&folder.path().join("photos"));
    let args = ["train", "small.toml", "--output", "run", "--quiet"];
    let children: Vec<Child> = (0..6).map(|_| folder.spawn(&args)).collect();
    let ends = children
        .into_iter()
        .map(|child| child.wait_with_output().expect("its output"));
    let (good, refused): (Vec<_>, Vec<_>) = ends.partition(|output| output.status.success());
    assert_eq!(good.len(), 1);
    for output in refused {
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(words.contains("exists already"), "{words}");
    }
}

#[test]
fn a_run_is_resumed_once_at_a_time() {
    let folder = Folder::new(SMALL);
    succeed(
        folder.path(),
        &[
            "train",
            "small.toml",
            "--output",
            "run",
            "--set",
            "training.epochs=1",
        ],
    );
    let held = RunFolder::at(folder.path().join("run"))
        .take(true)
        .expect("nobody is at work");
    let longer = ["train", "run", "--resume", "--set", "training.epochs=2"];
    let error = fail(folder.path(), &longer);
    assert!(error.contains("somebody is training in"), "{error}");
    drop(held);
    // Of several at once one goes on, and it ends as if it had been alone.
    let children: Vec<Child> = (0..3).map(|_| folder.spawn(&longer)).collect();
    let ends = children
        .into_iter()
        .map(|child| child.wait_with_output().expect("its output"));
    let (good, refused): (Vec<_>, Vec<_>) = ends.partition(|output| output.status.success());
    // One that comes when the first has ended finds nothing left to do, which is no error.
    assert!(!good.is_empty());
    for output in refused {
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(words.contains("somebody is training in"), "{words}");
    }
    succeed(
        folder.path(),
        &[
            "train",
            "small.toml",
            "--output",
            "alone",
            "--set",
            "training.epochs=2",
        ],
    );
    folder.assert_same_runs("alone", "run");
}

#[test]
fn weights_are_the_same_bytes_and_hold_nothing_of_the_machine() {
    let folder = Folder::new(PICTURES);
    let photos = folder.path().join("a-private-place/photos");
    some_pictures(&photos);
    let path = format!("dataset.path={}", photos.display());
    let files = ["best.safetensors", "last.safetensors"];
    let written = |run: &str, more: &[&str]| {
        let args = [
            &["train", "small.toml", "--output", run, "--set", &path][..],
            more,
        ]
        .concat();
        succeed(folder.path(), &args);
        files.map(|file| std::fs::read(folder.path().join(run).join(file)).expect("weights"))
    };
    let one = written("one", &[]);
    let other = written("elsewhere/other", &["--device", "flex", "--quiet"]);
    assert!(one == other, "the same run writes the same bytes");
    for bytes in &one {
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(has("photos") && !has("a-private-place") && !has("flex"));
    }
    // Outside of its run folder, a file does not choose what is read: not even a folder of that name is.
    std::fs::copy(
        folder.path().join("one/best.safetensors"),
        folder.path().join("w.safetensors"),
    )
    .expect("a copy");
    some_pictures(&folder.path().join("photos"));
    let error = fail(folder.path(), &["eval", "w.safetensors"]);
    assert!(error.contains("name them with --data"), "{error}");
    succeed(
        folder.path(),
        &["eval", "w.safetensors", "--data", "photos"],
    );
    succeed(folder.path(), &["eval", "one/best.safetensors"]);
}

#[test]
fn the_same_run_twice_gives_the_same_weights_and_another_seed_others() {
    let folder = Folder::new(SMALL);
    for (name, seed) in [("a", "seed=5"), ("b", "seed=5"), ("c", "seed=6")] {
        let args = [
            "train",
            "small.toml",
            "--set",
            "training.epochs=1",
            "--set",
            seed,
            "--output",
            name,
        ];
        succeed(folder.path(), &args);
    }
    folder.assert_same_runs("a", "b");
    assert_ne!(
        folder.weights("a", "last.safetensors"),
        folder.weights("c", "last.safetensors")
    );
}

#[test]
fn folders_in_the_way_and_folders_without_a_run_are_refused() {
    let folder = Folder::new(SMALL);
    std::fs::create_dir_all(folder.path().join("taken")).expect("a folder");
    std::fs::write(folder.path().join("taken/thesis.txt"), "precious").expect("a file");
    let error = fail(folder.path(), &["train", "small.toml", "--output", "taken"]);
    assert!(
        error.contains("exists already") && error.contains("--resume"),
        "{error}"
    );
    let error = fail(folder.path(), &["train", "taken", "--resume"]);
    assert!(error.contains("nothing to resume"), "{error}");
    let error = fail(
        folder.path(),
        &["train", "small.toml", "--output", "nothing", "--resume"],
    );
    assert!(error.contains("does not exist"), "{error}");
    // Neither a run nor pictures.
    let error = fail(folder.path(), &["train", "taken"]);
    assert!(
        error.contains("a folder of pictures for each class"),
        "{error}"
    );
    succeed(
        folder.path(),
        &["train", "small.toml", "--output", "run", "--quiet"],
    );
    let error = fail(folder.path(), &["train", "run"]);
    assert!(
        error.contains("holds a run") && error.contains("--resume"),
        "{error}"
    );
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = Folder::new(SMALL);
    succeed(
        folder.path(),
        &[
            "train",
            "small.toml",
            "--output",
            "run",
            "--set",
            "training.epochs=1",
        ],
    );
    let path = folder.checkpoint("run");
    let whole = std::fs::read(&path).expect("a checkpoint");
    for part in [
        &whole[..0],
        &whole[..7],
        &whole[..whole.len() / 2],
        b"not a checkpoint at all",
    ] {
        std::fs::write(&path, part).expect("written");
        let error = fail(
            folder.path(),
            &["train", "run", "--resume", "--set", "training.epochs=2"],
        );
        assert!(error.contains("latest.safetensors"), "{error}");
    }
}

#[test]
fn default_folders_are_numbered() {
    let folder = Folder::new(SMALL);
    for _ in 0..2 {
        let output = run(
            folder.path(),
            &["train", "small.toml", "--set", "training.epochs=1"],
        );
        assert!(output.status.success());
    }
    assert!(folder.path().join("runs/small/report.json").exists());
    assert!(folder.path().join("runs/small-2/report.json").exists());
    // Several at once get a number each.
    let args = [
        "train",
        "small.toml",
        "--quiet",
        "--set",
        "training.epochs=1",
    ];
    let children: Vec<Child> = (0..3).map(|_| folder.spawn(&args)).collect();
    for child in children {
        let output = child.wait_with_output().expect("its output");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
    }
    for number in 3..6 {
        let report = format!("runs/small-{number}/report.json");
        assert!(folder.path().join(&report).exists(), "{report}");
    }
    assert!(!folder.path().join("runs/small-6").exists());
}
