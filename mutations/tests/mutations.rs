//! Three hundred damaged files for every reader: each is read or refused, in little memory, and nothing panics.

use std::process::ExitCode;

use gcnn_mutations::campaign::{Job, run, work_if_asked};
use gcnn_mutations::readers::{FAILING, names};

const EACH: u64 = 300;
const SEED: u64 = 14;
/// Pictures of up to half a GiB are read.
const MEMORY_MIB: u64 = 2048;

fn main() -> ExitCode {
    work_if_asked();
    // The test harness's own arguments: a name that is none of these tests asks for none of them.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let mut failed = !faults_are_found();
    for name in names() {
        if !wanted.is_empty() && !wanted.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        match run(&Job::new(name, SEED, [0, EACH], MEMORY_MIB)) {
            Ok(outcome) => {
                println!(
                    "{name}: {} read, {} refused",
                    outcome.accepted, outcome.refused
                );
                failed |= !outcome.faults.is_empty();
                for (what, (count, first)) in outcome.faults {
                    println!("  {count} times, first number {first} of seed {SEED}: {what}");
                }
                // Where nothing is refused, or everything, the files or the reader are not what they seem.
                if outcome.refused == 0 || outcome.accepted == 0 {
                    println!("  too much alike");
                    failed = true;
                }
            }
            Err(trouble) => {
                println!("{name}: {trouble}");
                failed = true;
            }
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Whether a reader that panics, takes 16 GiB, aborts or takes too long is found out.
fn faults_are_found() -> bool {
    let found = match run(&Job::new(FAILING, SEED, [0, 100], MEMORY_MIB)) {
        Ok(outcome) => outcome.faults.into_keys().collect::<Vec<_>>().join("; "),
        Err(trouble) => trouble.to_string(),
    };
    let missing = [
        "as it should",
        "memory allocation",
        "signal: 6",
        "more than 1 s",
    ]
    .into_iter()
    .filter(|what| !found.contains(what));
    let missing: Vec<&str> = missing.collect();
    if !missing.is_empty() {
        println!("a failing reader's {missing:?} not found, but: {found}");
    }
    missing.is_empty()
}
