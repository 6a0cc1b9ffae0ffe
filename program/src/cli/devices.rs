//! `gcnn devices`.

use gcnn_train::device::{self, BACKENDS, Backend, DeviceName};

use crate::ProgramError;
use crate::output;

/// Lists all backends, with a trial start of those that are compiled in.
pub fn run() -> Result<(), ProgramError> {
    output::line("In the order in which `auto` tries them:")?;
    for backend in BACKENDS {
        output::line(format_args!(
            "  {:<8} {:<58} {}",
            backend.name,
            backend.about,
            state(&backend)
        ))?;
    }
    Ok(())
}

fn state(backend: &Backend) -> String {
    if !backend.compiled {
        return format!("not in this build (cargo feature `{}`)", backend.name);
    }
    if backend.name == "remote" {
        return "as remote:HOST:PORT".into();
    }
    match DeviceName::parse(backend.name).and_then(DeviceName::open) {
        Ok((_, device)) => match device::model(&device) {
            Some(model) => format!("ready: {model}"),
            None => "ready".into(),
        },
        Err(error) => error.to_string(),
    }
}
