//! `gcnn devices`.

use crate::device::{BACKENDS, DeviceName};

/// Lists all backends, with a trial start of those that are compiled in.
pub fn run() {
    println!("In the order in which `auto` tries them:");
    for backend in BACKENDS {
        let state = if !backend.compiled {
            format!("not in this build (cargo feature `{}`)", backend.name)
        } else {
            match DeviceName::parse(backend.name).and_then(DeviceName::open) {
                Ok(_) => "ready".to_string(),
                Err(error) => error.to_string(),
            }
        };
        println!("  {:<8} {:<58} {state}", backend.name, backend.about);
    }
}
