//! The program `gcnn`.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use gcnn::ProgramError;
use gcnn::cli::Cli;
use gcnn::output::{coloured, say};
use gcnn_datasets::silence_decoders;
use gcnn_train::TrainError;
use gcnn_train::error::chain;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    #[cfg(feature = "flex")]
    gcnn_train::memory::keep_freed_memory();
    silence_decoders();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Of a message that cannot be written there is nobody to tell, and it would be told by a panic.
        .log_internal_errors(false)
        .init();
    let done = match Cli::try_parse() {
        Ok(cli) => cli.run(),
        // Help and the version are output like any other.
        Err(help) if !help.use_stderr() => coloured(help.render().ansi()),
        Err(error) => error.exit(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has what he wanted.
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(
            error
            @ (ProgramError::Train(TrainError::Interrupted { .. }) | ProgramError::Stopped(_)),
        ) => {
            say(&error);
            // What a shell expects of a program that Ctrl-C ended.
            ExitCode::from(130)
        }
        Err(error) => {
            say(format_args!("error: {}", chain(&error)));
            ExitCode::FAILURE
        }
    }
}
