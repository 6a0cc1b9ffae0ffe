//! Output that cannot be written: a pipe that nobody reads ends a command quietly, a full disk with its reason, none with a panic.
#![cfg(target_os = "linux")] // which has /dev/full

mod common;

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use common::{SMALL, gcnn, run_file, succeed};

/// Every command that prints, with what it needs in the folder.
fn commands(folder: &Path) -> Vec<Vec<String>> {
    let file = run_file(folder, &SMALL.replace("epochs = 3", "epochs = 1"));
    let file = file.to_str().expect("a name");
    for run in ["a", "b"] {
        let seed = if run == "a" { "seed=1" } else { "seed=2" };
        succeed(
            folder,
            &["train", file, "--output", run, "--quiet", "--set", seed],
        );
    }
    image::GrayImage::new(28, 28)
        .save(folder.join("digit.png"))
        .expect("a picture");
    let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/egnn.pt");
    [
        "--help",
        "--version",
        "zoo",
        "zoo --json",
        "zoo show rotmnist-p4cnn",
        "zoo show rotmnist-p4cnn --config",
        "zoo show rotmnist-p4cnn --json",
        "devices",
        "config --explain nbody",
        "config --schema",
        "config small.toml",
        "eval a",
        "eval a --json",
        "predict a digit.png digit.png",
        "predict a digit.png --json",
        "export a --output exported.safetensors",
        "export a --output exported.safetensors --json",
        "equivariance a",
        "equivariance a --json",
        "compare a b",
        "compare a b --json",
        "compare a b --paired",
    ]
    .iter()
    .map(|words| words.split(' ').map(String::from).collect())
    .chain([["import", checkpoint, "--output", "egnn.safetensors"]
        .map(String::from)
        .into()])
    .collect()
}

/// The exit status and standard error of a command whose standard output is this.
fn told(folder: &Path, command: &[String], output: Stdio) -> (Option<i32>, String) {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let done = gcnn(folder, &words)
        .stdout(output)
        .output()
        .expect("it starts");
    (
        done.status.code(),
        String::from_utf8_lossy(&done.stderr).into_owned(),
    )
}

#[test]
fn what_cannot_be_printed_ends_no_command_with_a_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    for command in commands(folder) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let (status, said) = told(folder, &command, writer.into());
        assert_eq!(status, Some(0), "{command:?} into a closed pipe: {said}");
        assert!(!said.contains("error"), "{command:?}: {said}");

        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let (status, said) = told(folder, &command, full.into());
        assert_eq!(status, Some(1), "{command:?} to a full disk: {said}");
        assert!(
            said.contains("cannot write to standard output") && said.contains("No space left"),
            "{command:?}: {said}"
        );
    }
    // Words that nobody can read, neither results nor progress nor errors.
    for (command, status) in [
        ("train small.toml --output c --no-tui", 0),
        ("eval a", 0),
        ("compare a b", 0),
        ("zoo show nothing", 1),
        ("nonsense", 2),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let done = gcnn(folder, &words)
            .stderr(full)
            .output()
            .expect("it starts");
        assert_eq!(done.status.code(), Some(status), "{command}");
    }
}
