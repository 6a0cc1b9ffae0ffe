//! Weights that leave for other programs, and weights that come from them.

mod common;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use burn::prelude::*;
use common::{SMALL, fail, of_repository, run_file, succeed};
use gcnn_layers::{GlobalPoolKind, Graph, Padding2d, ProjectionKind};
use gcnn_models::export::sequential::sequential;
use gcnn_models::points::{Dynamics, ParticleBatch, Particles};
use gcnn_models::{
    AttentionConfig, GcnnConfig, GroupDenseNetConfig, Head, InputShape, PlainNetwork,
};
use gcnn_train::weights::arrays::{self as weights, Weights};
use gcnn_train::weights::evaluation::{Loaded, LoadedNetwork};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use safetensors::SafeTensors;
use serde_json::Value;

/// The largest difference relative to the largest value.
fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0f32, |a, b| a.max(b.abs()));
    let pairs = found.iter().zip(expected);
    pairs.fold(0.0f32, |a, (b, c)| a.max((b - c).abs())) / largest
}

fn noise(dims: [usize; 4]) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(3);
    let count = dims.iter().product();
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a name")
}

/// A run of a few steps.
fn trained() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = run_file(folder.path(), SMALL);
    succeed(
        folder.path(),
        &["train", text(&file), "--output", "run", "--quiet"],
    );
    folder
}

#[test]
fn exported_networks_stand_in_for_the_trained_one() {
    let folder = trained();
    let root = folder.path();
    let told = succeed(root, &["export", "run", "--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let file = root.join("run/best-plain.safetensors");
    assert_eq!(told["file"], text(Path::new("run/best-plain.safetensors")));
    assert_eq!(
        told["bytes"],
        std::fs::metadata(&file).expect("the file").len()
    );
    let number = |key: &str| told[key].as_f64().expect("a number");
    assert!(
        number("largest_difference") <= 1e-5 * number("largest_logit"),
        "{told}"
    );
    for pair in ["images_per_second", "single_image_seconds"] {
        let values = told[pair].as_array().expect("before and after");
        assert!(values.iter().all(|v| v.as_f64() > Some(0.0)), "{told}");
    }
    let words = succeed(root, &["export", "run", "--output", "again.safetensors"]);
    for part in [
        "again.safetensors",
        "images a second",
        "a single image",
        "128 test images",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let again = weights::load(&root.join("again.safetensors")).expect("weights");
    assert!(
        again == weights::load(&file).expect("weights"),
        "the same network, the same file"
    );

    let device = Device::flex();
    let open = |path: &Path| match Loaded::open(path, &device).expect("a network").network {
        LoadedNetwork::Images(network) => network,
        LoadedNetwork::Particles(_) | LoadedNetwork::Segmentation(_) => {
            panic!("a network for images")
        }
    };
    let (run, exported) = (open(&root.join("run")), open(&file));
    assert!(exported.trained.is_none());
    let shape = [9, 1, 28, 28];
    let images = Tensor::<4>::from_data(TensorData::new(noise(shape), shape), &device);
    let expected = numbers(
        run.trained
            .expect("the trained network")
            .forward(images.clone()),
    );
    let error = difference(&numbers(exported.model.forward(images)), &expected);
    assert!(error < 1e-5, "relative error {error:e}");

    let eval = |weights: &str| -> Value {
        let found = succeed(root, &["eval", weights, "--json"]);
        serde_json::from_str(&found).expect("JSON")
    };
    let (run, exported) = (eval("run"), eval("again.safetensors"));
    assert_eq!(run["metrics"], exported["metrics"]);
    assert_eq!(run["classes"], exported["classes"]);
}

#[test]
fn exports_that_make_no_sense_are_refused() {
    let folder = trained();
    let root = folder.path();
    succeed(root, &["export", "run", "--output", "plain.safetensors"]);
    let error = fail(root, &["export", "plain.safetensors"]);
    assert!(error.contains("exported to ordinary layers"), "{error}");
    let weights = "run/best.safetensors";
    let before = std::fs::read(root.join(weights)).expect("a file");
    let error = fail(root, &["export", "run", "--output", weights]);
    assert!(error.contains("would replace"), "{error}");
    assert_eq!(std::fs::read(root.join(weights)).expect("a file"), before);
    succeed(
        root,
        &[
            "export",
            "run",
            "--format",
            "pytorch",
            "--output",
            "torch.safetensors",
        ],
    );
    let error = fail(root, &["eval", "torch.safetensors"]);
    assert!(error.contains("exported for PyTorch"), "{error}");

    // The steps say one thing, the arrays another.
    let (arrays, mut metadata) = weights::load(&root.join("plain.safetensors")).expect("weights");
    let steps = metadata["gcnn.plain"].replacen("\"bias\":true", "\"bias\":false", 1);
    assert_ne!(steps, metadata["gcnn.plain"]);
    metadata.insert("gcnn.plain".into(), steps);
    weights::save(&root.join("broken.safetensors"), &arrays, metadata.clone()).expect("saved");
    let error = fail(root, &["eval", "broken.safetensors"]);
    assert!(error.contains("does not belong to the network"), "{error}");
    let huge = "\"channels\":[12,1048576]";
    let steps = metadata["gcnn.plain"].replacen("\"channels\":[12,12]", huge, 1);
    assert_ne!(steps, metadata["gcnn.plain"]);
    metadata.insert("gcnn.plain".into(), steps);
    weights::save(&root.join("huge.safetensors"), &arrays, metadata).expect("saved");
    let error = fail(root, &["eval", "huge.safetensors"]);
    assert!(error.contains("gcnn.plain"), "{error}");
}

/// Runs the lines of `docs/pytorch.md` on a file; `None`, said on a line of its own, where there is no PyTorch to run
/// them. GCNN_PYTHON names a Python with torch and safetensors.
fn in_pytorch(file: &Path, dims: [usize; 4], images: &[f32]) -> Option<Vec<f32>> {
    let Some(python) = std::env::var_os("GCNN_PYTHON") else {
        // Past the test harness, which keeps what successful tests print to itself.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: comparison with PyTorch; GCNN_PYTHON names no Python with torch and safetensors"
        );
        return None;
    };
    let folder = file.parent().expect("a folder");
    let docs = std::fs::read_to_string(of_repository("docs/pytorch.md")?).expect("the page");
    let (_, code) = docs.split_once("```python\n").expect("Python in the page");
    let (code, _) = code.split_once("```").expect("its end");
    let bytes: Vec<u8> = images.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(folder.join("images"), bytes).expect("a file");
    let script = format!(
        "{code}\n\
         pixels = torch.frombuffer(bytearray(open('images', 'rb').read()), dtype=torch.float32)\n\
         network = load('{}')\n\
         images = pixels.reshape({dims:?})\n\
         with torch.no_grad():\n    logits = network(images)\n    last = network(images.to(memory_format=torch.channels_last))\n\
         assert logits.dim() == 2 and torch.allclose(logits, last, atol=1e-5)\n\
         print(*logits.flatten().tolist())\n",
        file.file_name().expect("a name").display()
    );
    let output = Command::new(python)
        .current_dir(folder)
        .args(["-c", &script])
        .output();
    let output = output.expect("Python starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let printed = String::from_utf8(output.stdout).expect("text");
    let logits = printed
        .split_whitespace()
        .map(|v| v.parse().expect("a number"));
    Some(logits.collect())
}

#[test]
fn pytorch_computes_the_logits_of_a_trained_network() {
    let folder = trained();
    let root = folder.path();
    succeed(root, &["export", "run", "--format", "pytorch"]);
    let dims = [5, 1, 28, 28];
    let images = noise(dims);
    let file = root.join("run/best-pytorch.safetensors");
    let Some(found) = in_pytorch(&file, dims, &images) else {
        return;
    };
    let device = Device::flex();
    let LoadedNetwork::Images(network) = Loaded::open(&root.join("run"), &device)
        .expect("a network")
        .network
    else {
        panic!("a network for images");
    };
    let images = Tensor::<4>::from_data(TensorData::new(images, dims), &device);
    let expected = numbers(network.trained.expect("trained").forward(images));
    let error = difference(&found, &expected);
    assert!(error < 1e-5, "relative error {error:e}");
}

/// Every kind of step.
#[test]
fn pytorch_has_every_step() {
    let device = Device::flex();
    let input = InputShape {
        channels: 2,
        height: 28,
        width: 28,
    };
    let gcnn = GcnnConfig {
        group: "C4".parse().expect("a group"),
        channels: vec![3; 3],
        kernel_sizes: vec![5, 3, 3, 3],
        pool_after: vec![1],
        ..GcnnConfig::p4cnn()
    };
    let periodic = GcnnConfig {
        padding: Padding2d::Circular,
        projection: ProjectionKind::Mean,
        ..gcnn.clone()
    };
    let attentive = GcnnConfig {
        attention: Some(AttentionConfig {
            image_dilation: Some(2),
            ..AttentionConfig::default()
        }),
        ..gcnn.clone()
    };
    let central = GcnnConfig {
        head: Head::Linear,
        kernel_sizes: vec![3; 3],
        global_pool: GlobalPoolKind::Centre,
        ..gcnn.clone()
    };
    let zeros = GcnnConfig {
        padding: Padding2d::Same,
        head: Head::Linear,
        kernel_sizes: vec![3; 3],
        global_pool: GlobalPoolKind::Max,
        ..gcnn
    };
    let dense = GroupDenseNetConfig {
        blocks: 3,
        growth: 4,
        ..GroupDenseNetConfig::c4()
    };
    let tissue = InputShape {
        height: 32,
        width: 32,
        ..input
    };
    let small = |config: GcnnConfig| config.init(input, 4, &device).expect("a network").export();
    let networks: [(PlainNetwork, usize); 5] = [
        (small(periodic), 28),
        (small(zeros), 28),
        (small(attentive), 28),
        (small(central), 28),
        (
            dense.init(tissue, 4, &device).expect("a network").export(),
            32,
        ),
    ];
    for (index, (network, size)) in networks.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("network.safetensors");
        let (modules, arrays) = sequential(&network).expect("a network of images");
        let metadata = HashMap::from([("gcnn.pytorch".to_string(), modules.to_string())]);
        weights::save(&file, &arrays, metadata).expect("saved");
        let dims = [3, 2, size, size];
        let images = noise(dims);
        let Some(found) = in_pytorch(&file, dims, &images) else {
            return;
        };
        let images = Tensor::<4>::from_data(TensorData::new(images, dims), &device);
        let error = difference(&found, &numbers(network.forward(images)));
        assert!(error < 1e-5, "network {index}: relative error {error:e}");
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A reference file; none in a packaged crate.
fn reference_bytes(name: &str) -> Option<Vec<u8>> {
    let file = of_repository(&format!("models/tests/fixtures/{name}"))?;
    Some(std::fs::read(file).expect("the fixture is there"))
}

/// Arrays of a reference file whose names begin with `w.`, as float32.
fn reference_weights(bytes: &[u8]) -> Weights {
    let file = SafeTensors::deserialize(bytes).expect("a safetensors file");
    let named = file.tensors().into_iter().filter_map(|(name, view)| {
        let name = name.strip_prefix("w.")?.to_string();
        let values = view.data().as_chunks::<4>().0.iter();
        let values = values.map(|b| f32::from_le_bytes(*b)).collect();
        let shape = view.shape().to_vec();
        Some((name, weights::Array { shape, values }))
    });
    named.collect()
}

fn floats(file: &SafeTensors, name: &str) -> Vec<f32> {
    let view = file.tensor(name).expect("the tensor is there");
    assert_eq!(view.dtype(), safetensors::Dtype::F32);
    let chunks = view.data().as_chunks::<4>().0;
    chunks.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn nodes(file: &SafeTensors, name: &str) -> Vec<u32> {
    let view = file.tensor(name).expect("the tensor is there");
    assert_eq!(view.dtype(), safetensors::Dtype::I64);
    let chunks = view.data().as_chunks::<8>().0;
    chunks
        .iter()
        .map(|b| i64::from_le_bytes(*b) as u32)
        .collect()
}

/// The particles and edges of a reference file.
fn reference_batch(file: &SafeTensors) -> ParticleBatch {
    let (targets, sources) = (nodes(file, "in.row"), nodes(file, "in.col"));
    let charges = floats(file, "in.charges");
    let graph = Graph::new(charges.len(), sources.into_iter().zip(targets)).expect("a graph");
    let particles = Particles {
        positions: &floats(file, "in.positions"),
        velocities: &floats(file, "in.velocities"),
        charges: &charges,
    };
    ParticleBatch::new(particles, &graph, &Device::flex()).expect("a batch")
}

/// Imports a checkpoint, compares what the network makes of the reference's particles with the reference, and exports it
/// again to the arrays that it came from.
fn reproduces(checkpoint: &Path, reference: &str, kind: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let told = succeed(
        root,
        &["import", text(checkpoint), "--output", "own.safetensors"],
    );
    assert!(
        told.contains(&format!("own.safetensors: {kind}, ")),
        "{told}"
    );
    let device = Device::flex();
    let loaded = Loaded::open(&root.join("own.safetensors"), &device).expect("a network");
    let LoadedNetwork::Particles(network) = loaded.network else {
        panic!("a network for particles");
    };
    let Some(bytes) = reference_bytes(reference) else {
        return;
    };
    let file = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let batch = reference_batch(&file);
    let error = difference(
        &numbers(network.model.forward(&batch)),
        &floats(&file, "out.positions"),
    );
    assert!(error < 1e-5, "{kind}: relative error {error:e}");

    let args = [
        "export",
        "own.safetensors",
        "--format",
        "pytorch",
        "--output",
        "out.safetensors",
    ];
    succeed(root, &args);
    let (arrays, _) = weights::load(&root.join("out.safetensors")).expect("weights");
    assert_eq!(
        arrays,
        reference_weights(&bytes),
        "exported as it was imported"
    );
    let again = succeed(root, &["import", "out.safetensors"]);
    // A name that nobody chose takes no file's place; one that was chosen does.
    let before = std::fs::read(root.join("out-gcnn.safetensors")).expect("weights");
    let error = fail(root, &["import", "out.safetensors"]);
    assert!(error.contains("out-gcnn.safetensors is there already") && error.contains("--output"));
    let chosen = [
        "import",
        "out.safetensors",
        "--output",
        "out-gcnn.safetensors",
    ];
    succeed(root, &chosen);
    let after = std::fs::read(root.join("out-gcnn.safetensors")).expect("weights");
    assert_eq!(before, after);
    assert!(again.contains("out-gcnn.safetensors"), "{again}");
    let (first, _) = weights::load(&root.join("own.safetensors")).expect("weights");
    let (second, _) = weights::load(&root.join("out-gcnn.safetensors")).expect("weights");
    assert_eq!(first, second);
    let error = fail(root, &["eval", "out.safetensors"]);
    assert!(error.contains("`gcnn import` reads it"), "{error}");
}

#[test]
fn imported_egnn_reproduces_the_published_code() {
    reproduces(&fixture("egnn.pt"), "egnn.safetensors", "egnn");
}

/// The checkpoint is in the format before PyTorch 1.6, inside a dictionary, with `module.` before every name.
#[test]
fn imported_nmp_reproduces_the_published_code() {
    reproduces(&fixture("nmp.pt"), "nmp.safetensors", "nmp");
}

/// Every precision that weights come in, in both kinds of file.
#[test]
fn half_and_double_precision_are_imported_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let import = |name: &str| {
        let file = fixture("half-precision").join(name);
        succeed(
            root,
            &["import", text(&file), "--output", "own.safetensors"],
        );
        let (found, _) = weights::load(&root.join("own.safetensors")).expect("weights");
        found
    };
    let double = import("e_f64.safetensors");
    let half = import("e_f16.safetensors");
    assert_eq!(half, import("e_f16.pt"));
    // Float16 was rounded to 11 binary digits, bfloat16 cut to 8: half a digit of error, and a whole one.
    for (found, bits) in [(half, 11), (import("e_bf16.safetensors"), 7)] {
        let bound = 2.0f32.powi(-bits);
        assert!(found.keys().eq(double.keys()));
        let mut largest = 0.0f32;
        for (name, array) in &found {
            assert_eq!(array.shape, double[name].shape, "{name}");
            for (value, exact) in array.values.iter().zip(&double[name].values) {
                // Below the smallest normal float16 the spacing is fixed.
                let error = (value - exact).abs() - 2.0f32.powi(-25);
                largest = largest.max(error / exact.abs());
            }
        }
        assert!(largest <= bound, "{bits} bits: {largest:e}");
        assert!(largest > bound / 8.0, "{bits} bits: nothing was rounded");
    }
}

#[test]
fn numbers_that_are_no_weights_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("whole.safetensors");
    let view = |dtype, bytes| {
        safetensors::tensor::TensorView::new(dtype, vec![1, 1], bytes).expect("a tensor")
    };
    let tensors = [
        ("embedding.weight", view(safetensors::Dtype::I64, &[0; 8])),
        (
            "gcl_0.edge_mlp.0.weight",
            view(safetensors::Dtype::F32, &[0; 4]),
        ),
    ];
    let bytes = safetensors::serialize(tensors, None).expect("a file");
    std::fs::write(&file, bytes).expect("written");
    let error = fail(folder.path(), &["import", "whole.safetensors"]);
    assert!(
        error.contains("`embedding.weight` holds I64 numbers, weights are F16, BF16, F32 or F64"),
        "{error}"
    );
}

/// The outputs are the published code's with the same weights; nothing in the checkpoint tells the options.
#[test]
fn egnn_is_imported_with_the_options_that_its_weights_do_not_tell() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let checkpoint = fixture("egnn.pt");
    let model = |file: &str| {
        let device = Device::flex();
        let loaded = Loaded::open(&root.join(file), &device).expect("a network");
        let LoadedNetwork::Particles(network) = loaded.network else {
            panic!("a network for particles");
        };
        network
    };
    let files = ["egnn.safetensors", "egnn_options.safetensors"].map(reference_bytes);
    let [Some(bytes), Some(options)] = files else {
        return;
    };
    let inputs = SafeTensors::deserialize(&bytes).expect("a safetensors file");
    let batch = reference_batch(&inputs);
    let outputs = SafeTensors::deserialize(&options).expect("a safetensors file");
    for (options, expected) in [
        (&["--tanh"][..], "out.tanh"),
        (&["--norm_diff"], "out.norm_diff"),
        (&["--norm-diff", "--tanh"], "out.both"),
    ] {
        let import = ["import", text(&checkpoint), "--output", "own.safetensors"];
        succeed(root, &[&import[..], options].concat());
        let found = numbers(model("own.safetensors").model.forward(&batch));
        let error = difference(&found, &floats(&outputs, expected));
        assert!(error < 1e-5, "{expected}: relative error {error:e}");
        // What was exported here states its options.
        let export = ["export", "own.safetensors", "--format", "pytorch"];
        succeed(
            root,
            &[&export[..], &["--output", "out.safetensors"]].concat(),
        );
        let import = ["import", "out.safetensors", "--output", "again.safetensors"];
        succeed(root, &import);
        assert_eq!(
            numbers(model("again.safetensors").model.forward(&batch)),
            found
        );
    }
    let nmp = fixture("nmp.pt");
    let error = fail(root, &["import", text(&nmp), "--tanh"]);
    assert!(
        error.contains("it holds NMP; `tanh` is an option of EGNN"),
        "{error}"
    );
}

#[test]
fn checkpoints_of_anything_else_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(root.join(name), bytes).expect("a file");
    write("text.pt", b"not a checkpoint");
    write("empty.pt", b"");
    let whole = std::fs::read(fixture("egnn.pt")).expect("the fixture is there");
    write("half.pt", &whole[..whole.len() / 2]);
    let files = ["egnn.safetensors", "radial_field.safetensors"].map(reference_bytes);
    let [Some(egnn), Some(radial_field)] = files else {
        return;
    };
    let mut arrays = reference_weights(&egnn);
    let save = |name: &str, arrays: &Weights| {
        weights::save(&root.join(name), arrays, HashMap::new()).expect("saved");
    };
    save("radial.safetensors", &reference_weights(&radial_field));
    let twice: Weights = ["a.", "b."]
        .iter()
        .flat_map(|prefix| {
            arrays
                .clone()
                .into_iter()
                .map(move |(n, a)| (format!("{prefix}{n}"), a))
        })
        .collect();
    save("twice.safetensors", &twice);
    let removed = arrays.remove("gcl_1.node_mlp.2.bias").expect("an array");
    save("less.safetensors", &arrays);
    arrays.insert("gcl_1.node_mlp.2.bias".into(), removed);
    arrays
        .get_mut("gcl_0.coord_mlp.0.weight")
        .expect("an array")
        .shape = vec![8, 32];
    save("shape.safetensors", &arrays);
    arrays.get_mut("embedding.weight").expect("an array").shape = vec![1 << 40, 0];
    arrays
        .get_mut("embedding.weight")
        .expect("an array")
        .values
        .clear();
    save("wide.safetensors", &arrays);
    for (file, reason) in [
        ("text.pt", "not a checkpoint of PyTorch"),
        ("empty.pt", "not a checkpoint of PyTorch"),
        ("half.pt", "not a checkpoint of PyTorch"),
        ("missing.pt", "missing.pt"),
        ("radial.safetensors", "neither EGNN nor NMP"),
        (
            "twice.safetensors",
            "several networks, their names beginning with `a.`, `b.`",
        ),
        (
            "less.safetensors",
            "`gcl_1.node_mlp.2.bias` [16] is missing",
        ),
        (
            "shape.safetensors",
            "`gcl_0.coord_mlp.0.weight` has shape [8, 32], the network needs [16, 16]",
        ),
        ("wide.safetensors", "1099511627776 features"),
    ] {
        let error = fail(root, &["import", file]);
        assert!(error.contains(reason), "{file}: {error}");
        assert!(error.contains(file), "{error}");
        assert!(
            !root
                .join(Path::new(file).with_extension("safetensors"))
                .exists()
                || file.ends_with(".safetensors")
        );
    }
}

/// Damage anywhere is an error or changes numbers; it never ends the program otherwise.
#[test]
fn damaged_checkpoints_do_no_harm() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.pt");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a file");
        gcnn_train::exchange::pytorch::read(&path, |names| {
            gcnn_models::export::official::OfficialModel::find(names).map(|(_, prefix)| prefix)
        })
        .is_ok()
    };
    let mut random = StdRng::seed_from_u64(8);
    for name in ["egnn.pt", "nmp.pt"] {
        let whole = std::fs::read(fixture(name)).expect("the fixture is there");
        assert!(read(&whole));
        let mut refused = 0;
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..random.random_range(1..8) {
                let place = random.random_range(0..bytes.len());
                bytes[place] = random.random();
            }
            refused += usize::from(!read(&bytes));
        }
        assert!(refused > 0, "{name}: no damage was found");
        for length in (0..whole.len()).step_by(97) {
            read(&whole[..length]);
        }
    }
}
