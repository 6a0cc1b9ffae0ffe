//! The program `gcnn`.

use std::process::ExitCode;

use clap::Parser;
use gcnn_train::TrainError;
use gcnn_train::cli::Cli;
use gcnn_train::error::chain;
use gcnn_train::memory::keep_freed_memory;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    keep_freed_memory();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ TrainError::Interrupted { .. }) => {
            eprintln!("{error}");
            // What a shell expects of a program that Ctrl-C ended.
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}
