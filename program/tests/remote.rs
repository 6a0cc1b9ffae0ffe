//! A device of another process, by way of the loopback address.
#![cfg(all(feature = "remote", feature = "flex"))]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};

use common::{fail, gcnn, run_file};
use gcnn_train::device::remote::TOKEN;

/// `gcnn serve` with a CPU device at a port of the system's choice; ends with this value.
struct Server {
    process: Child,
    device: String,
    /// The secret that it made, where it was given none.
    made: Option<String>,
}

impl Server {
    fn start(token: Option<&str>) -> Self {
        let mut command = gcnn(
            Path::new("."),
            &["serve", "--device", "flex", "--listen", "127.0.0.1:0"],
        );
        if let Some(token) = token {
            command.env(TOKEN, token);
        }
        let mut process = command.spawn().expect("the server starts");
        let mut said = BufReader::new(process.stderr.take().expect("standard error"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        let (_, rest) = line.split_once(" at ").expect("where it is");
        let (device, _) = rest.split_once(';').expect("where it is");
        let device = device.to_string();
        let mut command = String::new();
        said.read_line(&mut command).expect("a line");
        let made = command.split_once("GCNN_REMOTE_TOKEN=");
        let made = made.map(|(_, rest)| rest.split(' ').next().unwrap_or(rest).to_string());
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self {
            process,
            device,
            made,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const TINY: &str = r#"
seed = 5
[dataset]
source = "built-in"
train_limit = 64
valid_limit = 40
test_limit = 40
[model]
channels = [2, 2]
kernel_sizes = [5, 5, 3]
pool_after = [1, 2]
dropout = 0.0
[training]
epochs = 2
batch_size = 32
"#;

fn losses(folder: &Path, run: &str) -> Vec<f64> {
    let lines = std::fs::read_to_string(folder.join(run).join("metrics.jsonl")).expect("metrics");
    let loss = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        ["training", "validation"].map(|part| record[part]["loss"].as_f64().expect("a number"))
    };
    lines.lines().flat_map(loss).collect()
}

#[test]
fn a_run_computes_elsewhere_what_it_computes_here() {
    let server = Server::start(None);
    let token = server.made.clone().expect("a secret was made");
    let succeed = |folder: &Path, args: &[&str]| {
        let output = gcnn(folder, args)
            .env(TOKEN, &token)
            .output()
            .expect("the program starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = run_file(folder.path(), TINY);
    let file = file.to_str().expect("a name");
    for (run, device) in [("here", "flex"), ("there", server.device.as_str())] {
        succeed(
            folder.path(),
            &[
                "train", file, "--output", run, "--device", device, "--quiet",
            ],
        );
    }
    // Halves of every batch, here and there.
    let devices = format!("devices=[\"flex\", {:?}]", server.device);
    succeed(
        folder.path(),
        &[
            "train", file, "--output", "both", "--set", &devices, "--quiet",
        ],
    );
    let here = losses(folder.path(), "here");
    assert_eq!(here.len(), 4);
    for (here, there) in here.iter().zip(losses(folder.path(), "there")) {
        assert!((here - there).abs() < 1e-3 * here, "{here} and {there}");
    }
    for (here, both) in here.iter().zip(losses(folder.path(), "both")) {
        // Batch normalisation sees halves of the batches.
        assert!(
            both.is_finite() && (here - both).abs() < 0.3 * here,
            "{here} and {both}"
        );
    }
}

/// On the loopback address, too, and whether the secret was given or made.
#[test]
fn strangers_are_refused() {
    for secret in [Some("a secret"), None] {
        refuses_strangers(&Server::start(secret));
    }
}

fn refuses_strangers(server: &Server) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = run_file(folder.path(), TINY);
    let with = |token: &str| -> String {
        let mut command: Command = gcnn(
            folder.path(),
            &[
                "train",
                file.to_str().expect("a name"),
                "--device",
                &server.device,
            ],
        );
        let output = command
            .env(TOKEN, token)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for error in [with("a guess"), with("")] {
        assert!(
            error.contains(&server.device) && error.contains(TOKEN),
            "{error}"
        );
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[test]
fn what_cannot_be_lent_or_reached_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = run_file(folder.path(), TINY);
    let file = file.to_str().expect("a name");
    let error = fail(
        folder.path(),
        &["train", file, "--device", "remote:127.0.0.1:1"],
    );
    assert!(error.contains("gcnn serve"), "{error}");
}
