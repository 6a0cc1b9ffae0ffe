//! Damaged files for readers, as many as asked: `cargo run --release --example mutate -- --each 1000000`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gcnn_mutations::campaign::{run, work_if_asked};
use gcnn_mutations::mutator::Mutator;
use gcnn_mutations::readers::{NAMES, Reader, Trouble};

#[derive(Debug, Parser)]
struct Args {
    /// Which readers; all where none is named
    readers: Vec<String>,
    /// Damaged files for each
    #[arg(long, default_value_t = 1000)]
    each: u64,
    /// The first one's number
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Which damage
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How large the reading process may become
    #[arg(long, default_value_t = 2048)]
    memory_mib: u64,
    /// Where to keep the first file of each fault
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Trouble> {
    work_if_asked();
    let args = Args::parse();
    let mut names = args.readers.clone();
    if names.is_empty() {
        names = NAMES.map(String::from).into();
    }
    let mut faults = 0;
    for name in &names {
        let outcome = run(
            name,
            args.seed,
            [args.from, args.from + args.each],
            args.memory_mib,
        )?;
        println!(
            "{name}: {} read, {} refused, {} kinds of fault",
            outcome.accepted,
            outcome.refused,
            outcome.faults.len()
        );
        faults += outcome.faults.len();
        for (what, (count, first)) in &outcome.faults {
            println!("  {count} times, first number {first}: {what}");
            if let Some(folder) = &args.keep {
                std::fs::create_dir_all(folder)?;
                let reader = Reader::open(name)?;
                let bytes = Mutator::new(args.seed, *first).mutate(&reader.seeds, reader.frame);
                std::fs::write(folder.join(format!("{name}-{first}")), bytes)?;
            }
        }
    }
    Ok(if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
