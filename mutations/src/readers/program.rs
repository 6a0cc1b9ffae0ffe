//! Readers of the program: run files, trained networks, and what is imported.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use gcnn::cli::Cli;
use gcnn_train::run_file::RunConfig;
use image::GrayImage;

use super::pictures::pictures;
use super::{Parts, Trouble, of_file, words};
use crate::mutator::Frame;

/// Runs a command of the program in this process.
fn gcnn(args: &[&str]) -> Result<(), String> {
    let args = std::iter::once("gcnn").chain(args.iter().copied());
    Cli::try_parse_from(args)
        .map_err(words)?
        .run()
        .map_err(words)
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .ok_or_else(|| "a folder's name is no text".into())
}

pub(super) fn run_file(root: PathBuf) -> Parts {
    let seeds: [&[u8]; 5] = [
        include_bytes!("../../../configs/quickstart.toml"),
        include_bytes!("../../../configs/nbody/segnn.toml"),
        include_bytes!("../../../configs/nbody/gravity.toml"),
        include_bytes!("../../../configs/histopathology/nuclei-d4-densenet.toml"),
        include_bytes!("../../../configs/finetune/pcam-from-nuclei.toml"),
    ];
    let read = of_file(root.join("run.toml"), |path| {
        let config = RunConfig::load(path, &[]).map_err(words)?;
        config.to_toml().map_err(words).map(drop)
    });
    (Frame::Text, seeds.map(<[u8]>::to_vec).into(), read)
}

/// A picture that a trained network sees.
pub(super) fn predict(root: PathBuf) -> Result<Parts, Trouble> {
    let run = trained(&root)?;
    let weights = run.join("best.safetensors");
    let read = of_file(root.join("picture.png"), move |path| {
        gcnn(&[
            "predict",
            text(&weights)?,
            text(path)?,
            "--json",
            "--device",
            "flex",
        ])
    });
    Ok((Frame::Picture, pictures()?, read))
}

/// Trains a tiny network and gives its run folder. Its files hold the seconds that it took, so that damage of one number falls
/// on nearly, not exactly, the same bytes in another process.
fn trained(root: &Path) -> Result<PathBuf, Trouble> {
    let file = root.join("tiny.toml");
    fs::write(
        &file,
        r#"
seed = 5
[dataset]
source = "built-in"
train_limit = 20
valid_limit = 10
test_limit = 10
[model]
group = "C4"
channels = [2, 2]
kernel_sizes = [5, 5, 3]
pool_after = [1, 2]
[training]
epochs = 1
batch_size = 10
"#,
    )?;
    let run = root.join("run");
    gcnn(&[
        "train",
        text(&file)?,
        "--output",
        text(&run)?,
        "--quiet",
        "--device",
        "flex",
    ])?;
    Ok(run)
}

pub(super) fn weights(root: PathBuf) -> Result<Parts, Trouble> {
    let run = trained(&root)?;
    let (best, plain) = (run.join("best.safetensors"), root.join("plain.safetensors"));
    gcnn(&["export", text(&best)?, "--output", text(&plain)?])?;
    let seeds = vec![
        fs::read(&best)?,
        fs::read(&plain)?,
        fs::read(run.join("last.safetensors"))?,
    ];
    let picture = root.join("digit.png");
    GrayImage::new(28, 28).save(&picture)?;
    let read = of_file(root.join("weights.safetensors"), move |path| {
        gcnn(&[
            "predict",
            text(path)?,
            text(&picture)?,
            "--json",
            "--device",
            "flex",
        ])
    });
    Ok((Frame::Safetensors, seeds, read))
}

/// A run that goes on from a damaged checkpoint.
pub(super) fn checkpoint(root: PathBuf) -> Result<Parts, Trouble> {
    let run = trained(&root)?;
    let latest = Path::new("checkpoint/latest.safetensors");
    let seeds = vec![fs::read(run.join(latest))?];
    // Going on writes to the folder: each time begins from the folder as it was.
    let mut files = Vec::new();
    for inner in ["", "checkpoint"] {
        for entry in fs::read_dir(run.join(inner))? {
            let path = entry?.path();
            if path.is_file() {
                let name = path.strip_prefix(&run)?.to_path_buf();
                files.push((name, fs::read(path)?));
            }
        }
    }
    let read = move |bytes: &[u8]| {
        fs::remove_dir_all(&run).map_err(words)?;
        fs::create_dir_all(run.join("checkpoint")).map_err(words)?;
        for (name, contents) in &files {
            fs::write(run.join(name), contents).map_err(words)?;
        }
        fs::write(run.join(latest), bytes).map_err(words)?;
        gcnn(&[
            "train",
            text(&run)?,
            "--resume",
            "--quiet",
            "--device",
            "flex",
        ])
    };
    Ok((Frame::Safetensors, seeds, Box::new(read)))
}

pub(super) fn pytorch(root: PathBuf) -> Parts {
    let seeds: [&[u8]; 4] = [
        include_bytes!("../../../program/tests/fixtures/half-precision/e_f16.pt"),
        include_bytes!("../../../program/tests/fixtures/half-precision/e_bf16.safetensors"),
        include_bytes!("../../../program/tests/fixtures/egnn.pt"),
        include_bytes!("../../../program/tests/fixtures/nmp.pt"),
    ];
    let output = root.join("imported.safetensors");
    let read = of_file(root.join("checkpoint.pt"), move |path| {
        gcnn(&[
            "import",
            text(path)?,
            "--output",
            text(&output)?,
            "--device",
            "flex",
        ])
    });
    (Frame::Checkpoint, seeds.map(<[u8]>::to_vec).into(), read)
}
