//! Small files that ask for much: each is refused at once by the name of what asks, in little memory.

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use common::{SMALL, run_file, succeed};
use gcnn_train::weights::arrays::{self as weights, Array, Weights};

/// Memory that the program may take here: what it needs for itself and a small network, and not a gigabyte more. The address
/// space is counted, of which threads and allocators ask for more than they use.
const KIB: u64 = 4_000_000;

/// Longer than any of these takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Runs the program in bounded memory, where the system can bound it.
fn bounded(folder: &Path, args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_gcnn");
    let mut command = match cfg!(target_os = "linux") {
        true => {
            let mut shell = Command::new("sh");
            let script = format!("ulimit -v {KIB}; exec \"$0\" \"$@\"");
            shell.args(["-c", &script, program]);
            shell
        }
        false => Command::new(program),
    };
    let command = command.current_dir(folder).args(args);
    let command = command.stdin(Stdio::null()).env_remove("GCNN_REMOTE_TOKEN");
    command.output().expect("the program starts")
}

/// Runs the program to an orderly failure, soon and in bounded memory, and gives its standard error.
fn refused(folder: &Path, args: &[&str]) -> String {
    let started = Instant::now();
    let output = bounded(folder, args);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "gcnn {args:?}:\n{stderr}");
    assert!(!stderr.contains("panicked"), "gcnn {args:?}:\n{stderr}");
    assert!(
        started.elapsed() < SOON,
        "gcnn {args:?} took {:?}",
        started.elapsed()
    );
    stderr
}

/// A run of digits and one of particles, trained once for all tests of this file.
fn trained() -> &'static Path {
    static RUNS: OnceLock<tempfile::TempDir> = OnceLock::new();
    RUNS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let digits = SMALL.replace("epochs = 3", "epochs = 1\naverage = 0.9");
        let file = run_file(folder.path(), &digits);
        let train = |file: &Path, run: &str| {
            let file = file.to_str().expect("a name");
            let args = [
                "train", file, "--output", run, "--quiet", "--device", "flex",
            ];
            succeed(folder.path(), &args);
        };
        train(&file, "digits");
        let particles = folder.path().join("particles.toml");
        std::fs::write(&particles, PARTICLES).expect("a run file");
        train(&particles, "particles");
        folder
    })
    .path()
}

const PARTICLES: &str = r#"
task = "nbody"
[dataset]
train = 20
valid = 10
test = 10
cache = false
[model]
kind = "egnn"
hidden = 8
layers = 2
[optimizer]
kind = "sgd"
[training]
epochs = 1
batch_size = 10
"#;

#[test]
fn every_count_of_a_run_file_has_a_limit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let huge = i64::MAX;
    let particles = |kind: &str, setting: &str| {
        format!("task = \"nbody\"\n[model]\nkind = \"{kind}\"\n{setting}\n")
    };
    let images = |setting: &str| format!("[model]\n{setting}\n");
    let training = |setting: &str| format!("[training]\n{setting}\n");
    let cases = [
        (
            particles("egnn", &format!("hidden = 8\nlayers = {huge}")),
            5,
            "`model.layers` is 9223372036854775807, expected 1 to 1000",
        ),
        (
            particles("egnn", &format!("hidden = {huge}")),
            4,
            "`model.hidden` is 9223372036854775807, expected 1 to 65536",
        ),
        (
            particles("nmp", &format!("layers = {huge}")),
            4,
            "`model.layers` is 9",
        ),
        (
            particles("radial-field", &format!("hidden = {huge}")),
            4,
            "`model.hidden` is 9",
        ),
        (
            particles("tfn", &format!("channels = {huge}")),
            4,
            "`model.channels` is 9",
        ),
        (
            particles("tfn", "degree = 4000"),
            4,
            "`model.degree` is 4000, expected 0 to 11",
        ),
        (
            particles("tfn", "kernel_degree = 4000"),
            4,
            "`model.kernel_degree` is 4000",
        ),
        (
            particles("tfn", &format!("radial_hidden = {huge}")),
            4,
            "`model.radial_hidden` is 9",
        ),
        (
            particles("se3-transformer", &format!("heads = {huge}")),
            4,
            "`model.heads` is 9",
        ),
        (
            particles("seconv", &format!("layers = {huge}")),
            4,
            "`model.layers` is 9",
        ),
        (
            particles("segnn", "attribute_degree = 4000"),
            4,
            "`model.attribute_degree` is 4000",
        ),
        (
            particles(
                "segnn",
                &format!("hidden = \"{}\"", ["1x0e+1x1o"; 500].join("+")),
            ),
            4,
            "`model.hidden` has 1000 blocks of irreps, expected 0 to 128",
        ),
        (
            particles("egnn", "hidden = 65536\nlayers = 1000"),
            2,
            "[model]: the network would consist of",
        ),
        (
            format!("task = \"nbody\"\n[graph]\nedges = \"nearest\"\nneighbours = {huge}\n"),
            4,
            "`graph.neighbours` is 9223372036854775807, expected 1 to 10000",
        ),
        (
            format!("task = \"nbody\"\n[dataset]\nparticles = {huge}\n"),
            2,
            "dataset.particles",
        ),
        (
            format!("task = \"nbody\"\n[dataset]\ntrain = {huge}\n"),
            2,
            "dataset.train",
        ),
        (
            images(&format!("channels = [3, {huge}]\nkernel_sizes = [3, 3, 3]")),
            2,
            "`model.channels` holds 9223372036854775807, expected 1 to 65536",
        ),
        (
            images(&format!("channels = {:?}", [1; 2000])),
            2,
            "`model.channels` has 2000 entries, expected 1 to 1000",
        ),
        (
            images(&format!("channels = [3]\nkernel_sizes = [3, {huge}]")),
            3,
            "`model.kernel_sizes` holds 9223372036854775807, expected 1 to 33",
        ),
        (
            images(&format!("kind = \"densenet\"\ngrowth = {huge}")),
            3,
            "`model.growth` is 9",
        ),
        (
            images(&format!("kind = \"densenet\"\nblocks = {huge}")),
            3,
            "`model.blocks` is 9223372036854775807, expected 1 to 16",
        ),
        (
            images(
                "group = \"D128\"\nchannels = [64, 64]\nkernel_sizes = [3, 31, 1]\npool_after = []",
            ),
            1,
            "[model]: the network would consist of",
        ),
        (
            training(&format!("epochs = {huge}")),
            2,
            "`training.epochs` is 9223372036854775807, expected a whole number from 1 to 1000000",
        ),
        (
            training(&format!("batch_size = {huge}")),
            2,
            "`training.batch_size` is 9",
        ),
        (
            training(&format!("micro_batch_size = {huge}")),
            2,
            "`training.micro_batch_size` is 9",
        ),
        (
            training(&format!("eval_batch_size = {huge}")),
            2,
            "`training.eval_batch_size` is 9",
        ),
        (
            training(&format!("checkpoint_every = {huge}")),
            2,
            "`training.checkpoint_every` is 9",
        ),
        (
            training(&format!("patience = {huge}")),
            2,
            "`training.patience` is 9",
        ),
        (
            format!("[schedule]\nkind = \"step\"\nevery = {huge}\n"),
            3,
            "`schedule.every` is 9",
        ),
        (
            format!("[schedule]\nkind = \"exponential\"\nstart = {huge}\n"),
            3,
            "`schedule.start` is 9",
        ),
        (
            format!("[schedule]\nkind = \"plateau\"\npatience = {huge}\n"),
            3,
            "`schedule.patience` is 9",
        ),
        (
            format!("devices = {:?}\n", vec!["flex"; 1000]),
            1,
            "`devices` has 1000 entries, expected at most 64",
        ),
    ];
    for (text, line, words) in cases {
        std::fs::write(root.join("run.toml"), &text).expect("a run file");
        let error = refused(root, &["train", "run.toml", "--output", "run"]);
        assert!(error.contains(words), "{text}\n{error}");
        assert!(
            error.contains(&format!("run.toml:{line}:")),
            "{text}\n{error}"
        );
        assert!(!root.join("run").exists(), "{text}");
    }
    // An override is named in place of a line.
    std::fs::write(root.join("run.toml"), PARTICLES).expect("a run file");
    let set = format!("model.layers={huge}");
    let error = refused(root, &["train", "run.toml", "--set", &set]);
    assert!(
        error.contains(&format!("--set {set}: `model.layers` is 9")),
        "{error}"
    );
}

/// A trained run's weights, changed.
fn changed(
    run: &str,
    name: &str,
    change: impl FnOnce(&mut Weights, &mut HashMap<String, String>),
) -> PathBuf {
    let best = trained().join(run).join("best.safetensors");
    let (mut arrays, mut metadata) = weights::load(&best).expect("weights");
    change(&mut arrays, &mut metadata);
    let path = trained().join(name);
    weights::save(&path, &arrays, metadata).expect("saved");
    path
}

fn replace(metadata: &mut HashMap<String, String>, key: &str, from: &str, to: &str) {
    let text = metadata.get_mut(key).expect("a text");
    assert!(text.contains(from), "{from} is not in {text}");
    *text = text.replace(from, to);
}

#[test]
fn weights_that_ask_for_more_than_they_hold_name_the_array() {
    let root = trained();
    let cases = [
        (
            "particles",
            "gcnn.config",
            "hidden = 8",
            "hidden = 4096",
            "`Egnn.embedding.bias` has shape [8], the network needs [4096]",
        ),
        (
            "particles",
            "gcnn.config",
            "layers = 2",
            "layers = 1000",
            "is missing",
        ),
        (
            "particles",
            "gcnn.config",
            "layers = 2",
            "layers = 9223372036854775807",
            "`model.layers` is 9",
        ),
        (
            "particles",
            "gcnn.config",
            "hidden = 8",
            "hidden = 65536",
            "the network would consist of",
        ),
        (
            "digits",
            "gcnn.config",
            "channels = [3, 3]",
            "channels = [3, 60000]",
            "`blocks.1.norm.scale` has shape [3], the network needs [60000]",
        ),
        (
            "digits",
            "gcnn.config",
            "group = \"C4\"",
            "group = \"D4\"",
            "the network needs [3, 3, 8, 25]",
        ),
        (
            "digits",
            "gcnn.data",
            "\"classes\":10",
            "\"classes\":65536",
            "the network needs [65536, 3, 4, 9]",
        ),
        (
            "digits",
            "gcnn.data",
            "\"height\":28",
            "\"height\":65536000",
            "`height` is 65536000",
        ),
    ];
    for (run, key, from, to, words) in cases {
        let path = changed(run, "asks.safetensors", |_, m| replace(m, key, from, to));
        let path = path.to_str().expect("a name");
        // Whatever reads it: an evaluation, or a run that starts from it.
        let start = format!("[finetune]\nfrom = {path:?}\n");
        let text = match run {
            "particles" => format!("{PARTICLES}{start}"),
            _ => format!("{SMALL}{start}"),
        };
        std::fs::write(root.join("tune.toml"), text).expect("a run file");
        for args in [
            &["eval", path, "--device", "flex"][..],
            &[
                "train",
                "tune.toml",
                "--output",
                "tuned",
                "--device",
                "flex",
            ],
        ] {
            let error = refused(root, args);
            assert!(error.contains(words), "{to}: {error}");
        }
    }
    let path = changed("digits", "renamed.safetensors", |arrays, _| {
        let array = arrays.remove("lifting.weight").expect("an array");
        arrays.insert("lifting.weights".into(), array);
    });
    let error = refused(root, &["eval", path.to_str().expect("a name")]);
    let words =
        "`lifting.weight` [3, 1, 1, 25] is missing; is `lifting.weights` what it should be?";
    assert!(error.contains(words), "{error}");
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let root = trained();
    for (run, value, words) in [
        ("digits", f32::NAN, "NaN"),
        ("particles", f32::INFINITY, "inf"),
    ] {
        let mut first = String::new();
        let path = changed(run, "nan.safetensors", |arrays, _| {
            let (name, array) = arrays.iter_mut().next().expect("an array");
            (array.values[1], first) = (value, name.clone());
        });
        let error = refused(root, &["eval", path.to_str().expect("a name")]);
        let words = format!("`{first}` holds {words} at place 1");
        assert!(error.contains(&words), "{error}");
    }
}

/// A checkpoint of one of the runs, changed; the run goes on from it.
fn resumed(run: &str, change: impl FnOnce(&mut Weights, &mut HashMap<String, String>)) -> String {
    let root = trained();
    let path = root.join(run).join("checkpoint/latest.safetensors");
    let whole = std::fs::read(&path).expect("a checkpoint");
    let (mut arrays, mut metadata) = weights::load(&path).expect("a checkpoint");
    change(&mut arrays, &mut metadata);
    weights::save(&path, &arrays, metadata).expect("saved");
    let error = refused(
        root,
        &[
            "train",
            run,
            "--resume",
            "--quiet",
            "--set",
            "training.epochs=2",
        ],
    );
    std::fs::write(&path, whole).expect("as it was");
    assert!(error.contains("latest.safetensors"), "{error}");
    error
}

#[test]
fn checkpoints_are_what_their_run_makes_or_refused() {
    let array = |shape: &[usize]| Array {
        shape: shape.to_vec(),
        values: vec![0.5; shape.iter().product()],
    };
    for (name, shape, words) in [
        (
            "model/lifting.weight",
            &[3, 1, 1, 24][..],
            "the network needs [3, 1, 1, 25]",
        ),
        (
            "average/lifting.bias",
            &[4],
            "`average/lifting.bias` has shape [4]",
        ),
        (
            "best/linear.bias",
            &[4],
            "`best/linear.bias` does not belong",
        ),
        (
            "optimizer/lifting.weight.momentum.moment_1",
            &[75],
            "has shape [75], the network needs [3, 1, 1, 25]",
        ),
        (
            "optimizer/lifting.weight.momentum.velocity",
            &[3, 1, 1, 25],
            "does not belong",
        ),
        ("elsewhere", &[1], "`elsewhere` does not belong"),
    ] {
        let error = resumed("digits", |arrays, _| {
            arrays.insert(name.into(), array(shape));
        });
        assert!(error.contains(words), "{name}: {error}");
    }
    for name in [
        "model/lifting.bias",
        "average/lifting.bias",
        "best/lifting.bias",
        "optimizer/lifting.bias.momentum.moment_2",
    ] {
        let error = resumed("digits", |arrays, _| {
            arrays.remove(name).expect("an array");
        });
        assert!(
            error.contains(&format!("`{name}` [3] is missing")),
            "{error}"
        );
        let error = resumed("digits", |arrays, _| {
            arrays.get_mut(name).expect("an array").values[0] = f32::NAN;
        });
        assert!(error.contains("holds NaN at place 0"), "{error}");
    }
    let error = resumed("digits", |_, metadata| {
        replace(
            metadata,
            "optimizer",
            "\"lifting.bias\":1",
            "\"lifting.bias\":2",
        );
    });
    assert!(error.contains("has 2 axes"), "{error}");
    let error = resumed("digits", |arrays, _| {
        arrays.retain(|name, _| !name.starts_with("average/"))
    });
    assert!(error.contains("training.average differs"), "{error}");
    let error = resumed("particles", |arrays, _| {
        arrays.retain(|name, _| !name.starts_with("optimizer/"));
    });
    assert!(error.contains("momentum.velocity` "), "{error}");

    // And as they are they go on.
    for run in ["digits", "particles"] {
        let args = [
            "train",
            run,
            "--resume",
            "--quiet",
            "--set",
            "training.epochs=2",
        ];
        let output = bounded(trained(), &args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
    }
}

#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("endless.safetensors");
    let file = std::fs::File::create(&path).expect("a file");
    // It takes no place on the disk.
    if file.set_len(1 << 40).is_err() {
        println!("skipped: this file system holds no file of a terabyte");
        return;
    }
    let error = refused(folder.path(), &["eval", "endless.safetensors"]);
    assert!(error.contains("it has 1099511627776 bytes"), "{error}");
}

/// The smallest picture whose square would not fit into memory.
#[test]
fn a_long_picture_is_answered_in_bounded_memory() {
    let picture = image::GrayImage::new(32_000, 1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    picture
        .save(folder.path().join("line.png"))
        .expect("a picture");
    let args = [
        "predict",
        "zoo:rotmnist-p4cnn",
        "line.png",
        "--device",
        "flex",
    ];
    let output = bounded(folder.path(), &args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}
