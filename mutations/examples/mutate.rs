//! Damaged files for readers, as many as asked: `cargo run --release --example mutate -- --each 1000000`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use gcnn_mutations::campaign::{Job, run, work_if_asked};
use gcnn_mutations::readers::{Reader, Trouble, names as all};

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
    /// Damages any bytes, without regard to the format: to compare
    #[arg(long)]
    blind: bool,
    /// Where to keep the first file of each fault
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Shows so many of the reasons for which files are refused, the most frequent first
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    reasons: usize,
    /// Reads nothing, but writes the valid files of each reader to DIR/READER, for cargo-fuzz to begin from
    #[arg(long, value_name = "DIR")]
    seeds: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Trouble> {
    work_if_asked();
    let args = Args::parse();
    let mut names = args.readers.clone();
    if names.is_empty() {
        names = all().map(String::from).collect();
    }
    if let Some(folder) = &args.seeds {
        return write_seeds(&names, folder);
    }
    let mut faults = 0;
    for name in &names {
        let started = Instant::now();
        let numbers = [args.from, args.from + args.each];
        let mut job = Job::new(name, args.seed, numbers, args.memory_mib);
        job.blind = args.blind;
        let outcome = run(&job)?;
        println!(
            "{name}: {} read, {} refused for {} kinds of reasons, {} kinds of fault, {:.0} s",
            outcome.accepted,
            outcome.refused,
            outcome.reasons.len(),
            outcome.faults.len(),
            started.elapsed().as_secs_f64()
        );
        let mut reasons: Vec<_> = outcome.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (reason, count) in reasons.into_iter().take(args.reasons) {
            println!("  {count} × {reason}");
        }
        faults += outcome.faults.len();
        for (what, (count, first)) in &outcome.faults {
            println!("  {count} times, first number {first}: {what}");
            if let Some(folder) = &args.keep {
                std::fs::create_dir_all(folder)?;
                let reader = Reader::open(name)?;
                std::fs::write(
                    folder.join(format!("{name}-{first}")),
                    job.file(&reader, *first),
                )?;
            }
        }
    }
    Ok(if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn write_seeds(names: &[String], folder: &Path) -> Result<ExitCode, Trouble> {
    for name in names {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        for (number, bytes) in Reader::open(name)?.seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("valid-{number}")), bytes)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
