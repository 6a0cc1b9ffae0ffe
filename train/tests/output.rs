//! Output that cannot be written: a pipe whose reader has gone, a full disk.
#![cfg(unix)]

mod common;

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Output, Stdio};

use common::gcnn;

/// Commands that print, and need no data.
const PRINTING: [&[&str]; 7] = [
    &["zoo"],
    &["zoo", "--json"],
    &["zoo", "show", "rotmnist-p4cnn"],
    &["zoo", "show", "rotmnist-p4cnn", "--config"],
    &["devices"],
    &["config", "--explain"],
    &["config", "--explain", "nbody"],
];

fn with_output(args: &[&str], output: impl Into<Stdio>) -> Output {
    let mut command = gcnn(Path::new("."), args);
    let child = command.stdout(output).spawn().expect("the program starts");
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    for args in PRINTING {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let found = with_output(args, writer);
        let words = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.success(), "{args:?}: {words}");
        assert_eq!(words, "", "{args:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_with_its_reason() {
    for args in PRINTING {
        let full = OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it is there");
        let found = with_output(args, full);
        let words = String::from_utf8_lossy(&found.stderr);
        assert_eq!(found.status.code(), Some(1), "{args:?}: {words}");
        assert!(
            words.contains("cannot write to standard output"),
            "{args:?}: {words}"
        );
        assert!(
            words.contains("No space left") && !words.contains("panicked"),
            "{args:?}: {words}"
        );
    }
}

#[test]
fn words_that_nobody_can_read_do_not_end_it() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = gcnn(Path::new("."), &["train", "no-such-file.toml"]);
    let status = command.stderr(writer).status().expect("it starts");
    assert_eq!(status.code(), Some(1));
}
