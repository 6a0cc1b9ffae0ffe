//! The library in a project that is not part of this workspace: what it brings along, and that the README's example builds and runs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the README has a user's own path to this crate.
const PATH: &str = "\"…/layers\"";

/// The README's block in a language that has this text in it.
fn block<'a>(readme: &'a str, language: &str, part: &str) -> &'a str {
    let start = format!("```{language}\n");
    let blocks = readme.split(&start).skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks
        .find(|block| block.contains(part))
        .expect("a block of the README")
}

/// Writes a package that depends on this crate as the README says, by path and with a backend of its own choice, and has the
/// README's example as its source. None, and a line that says so, where this crate was taken out of its repository.
fn package(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = root.parent().expect("the workspace's folder");
    if !["README.md", "Cargo.lock"]
        .iter()
        .all(|file| workspace.join(file).is_file())
    {
        // Past the test harness, which keeps what successful tests print to itself.
        let _ = writeln!(
            std::io::stderr(),
            "{name} is skipped: there is no repository around this crate"
        );
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(folder.join("src")).expect("a folder for the package");
    let readme = fs::read_to_string(workspace.join("README.md")).expect("the README");
    let dependencies = block(&readme, "toml", "[dependencies]");
    assert!(dependencies.contains(PATH), "{dependencies}");
    let dependencies = dependencies.replace(PATH, &format!("{root:?}"));
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n{dependencies}\n\
         [profile.dev]\ndebug = false\n"
    );
    write(&folder.join("Cargo.toml"), &manifest);
    // The same versions as here, so that nothing has to be looked up or downloaded.
    let lock = fs::read_to_string(workspace.join("Cargo.lock")).expect("the lock file");
    write(&folder.join("Cargo.lock"), &lock);

    let example = block(&readme, "rust", "struct Features");
    let program = format!(
        "{example}\nfn main() -> Result<(), gcnn_layers::LayerError> {{\n    \
         let device = Device::flex();\n    \
         let features = Features::new(&device)?.forward(Tensor::ones([2, 3, 20, 20], &device));\n    \
         assert_eq!(features.dims(), [2, 16, 12, 12]);\n    Ok(())\n}}\n"
    );
    write(&folder.join("src/main.rs"), &program);
    Some(folder)
}

/// Leaves a file alone that holds the text already: cargo goes by the time of the last change.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    fs::write(path, text).expect("a file is written");
}

/// Runs cargo in a folder; what it writes to standard output.
fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo {arguments:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The packages that `cargo tree` names.
fn packages(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let tree = cargo(
        folder,
        &[
            &["tree", "--edges", "normal", "--prefix", "none"],
            arguments,
        ]
        .concat(),
    );
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_string).collect()
}

/// What a program needs and a library of layers does not: data, command lines, pictures, plots, terminals, downloads.
const UNWANTED: [&str; 11] = [
    "burn-dataset",
    "burn-store",
    "burn-train",
    "clap",
    "crossterm",
    "hdf5-pure",
    "image",
    "indicatif",
    "plotters",
    "ratatui",
    "ureq",
];

#[test]
fn brings_no_program_along() {
    let Some(folder) = package("outside-tree") else {
        return;
    };
    let all = packages(&folder, &[]);
    for needed in ["gcnn-layers", "gcnn-cpu", "burn", "burn-flex"] {
        assert!(all.iter().any(|name| name == needed), "no {needed}");
    }
    for unwanted in UNWANTED {
        assert!(
            !all.iter().any(|name| name == unwanted),
            "{unwanted} comes along"
        );
    }
    let mut own = packages(&folder, &["--depth", "1", "--package", "gcnn-layers"]);
    own.sort_unstable();
    let expected = [
        "burn",
        "gcnn-cpu",
        "gcnn-layers",
        "kiddo",
        "log",
        "serde",
        "thiserror",
    ];
    assert_eq!(own, expected);
}

/// The first time this builds Burn once more, with only what these layers ask of it.
#[test]
fn builds_and_runs() {
    let Some(folder) = package("outside-run") else {
        return;
    };
    cargo(&folder, &["run"]);
}
