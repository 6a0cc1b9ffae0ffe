//! A small experiment that trains in seconds, and the program to run it with.
#![allow(dead_code)] // each test file uses its part

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A network of about a thousand weights on six hundred of the digits that the program carries.
pub const SMALL: &str = r#"
seed = 5
[dataset]
source = "built-in"
train_limit = 640
valid_limit = 200
test_limit = 200
[model]
group = "C4"
channels = [3, 3]
kernel_sizes = [5, 5, 3]
pool_after = [1, 2]
dropout = 0.2
[optimizer]
lr = 5e-3
[training]
epochs = 3
batch_size = 32
checkpoint_every = 3
"#;

/// A file or folder of the repository, which a packaged crate is without: then a line past the capture of a test's output says which
/// test is skipped for want of it.
pub fn of_repository(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    if path.exists() {
        return Some(path);
    }
    let test = std::thread::current();
    let _ = writeln!(
        std::io::stderr(),
        "{} is skipped: there is no {name} beside this crate",
        test.name().unwrap_or("a test")
    );
    None
}

/// Writes a run file.
pub fn run_file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("small.toml");
    std::fs::write(&path, text).expect("a run file");
    path
}

/// The program, not started yet.
pub fn gcnn(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gcnn"));
    command
        .current_dir(folder)
        .args(args)
        // A secret of the developer's own is none of the tests': a server would ask for it.
        .env_remove("GCNN_REMOTE_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    gcnn(folder, args).output().expect("the program starts")
}

/// Runs the program to its successful end and gives its standard output.
pub fn succeed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gcnn {args:?} failed:\n{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs the program to an orderly failure and gives its standard error.
pub fn fail(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "gcnn {args:?}:\n{stderr}");
    assert!(
        !stderr.contains("panicked"),
        "gcnn {args:?} panicked:\n{stderr}"
    );
    stderr
}
