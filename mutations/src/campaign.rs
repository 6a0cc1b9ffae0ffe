//! Many damaged files for one reader, read by a process of its own.
//!
//! The process that reads is this program once more, with an address space that ends at a limit: memory beyond it ends the
//! process, as does what no panic can tell (an overflow of the stack, an abort). The process that asked notes that case and
//! lets another one go on behind it. One that doesn't get on with a file for a minute is ended as well.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::mutator::Mutator;
use crate::readers::{Reader, Trouble};

/// The environment variable that makes a program the process that reads.
const JOB: &str = "GCNN_MUTATIONS";
/// The longest time for one file.
const PATIENCE: Duration = Duration::from_secs(60);
/// After so many ended processes a reader has shown enough.
const ENOUGH: usize = 20;

/// What the runtime says of an end that is no panic, perhaps with a backtrace behind it.
const TELLING: [&str; 2] = ["memory allocation of", "overflowed its stack"];

/// What to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// The reader's name.
    pub reader: String,
    /// Which damage.
    pub seed: u64,
    /// The first file's number.
    pub from: u64,
    /// The number behind the last one's.
    pub to: u64,
    /// How large the reading process may become, in MiB.
    pub memory_mib: u64,
    /// Where both processes write.
    folder: PathBuf,
}

/// What came of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Files that were read.
    pub accepted: u64,
    /// Files that were refused with a reason.
    pub refused: u64,
    /// What must not happen: the place and words of a panic, or how the process ended; how often; the first file's number.
    pub faults: BTreeMap<String, (u64, u64)>,
}

impl Outcome {
    /// Notes a panic, with the words of the first one at its place.
    fn panic(&mut self, (place, words): (String, String), case: u64) {
        let known = self.faults.keys().find(|what| what.starts_with(&place));
        let what = known.cloned().unwrap_or(format!("{place} {words}"));
        self.fault(what, case);
    }

    fn fault(&mut self, what: String, case: u64) {
        self.faults.entry(what).or_insert((0, case)).0 += 1;
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        for (what, (count, first)) in other.faults {
            self.faults.entry(what).or_insert((0, first)).0 += count;
        }
    }
}

/// Does a job's work if this process was started for it, and never returns then. The first line of `main`.
pub fn work_if_asked() {
    let Ok(job) = std::env::var(JOB) else { return };
    let done = serde_json::from_str(&job)
        .map_err(Into::into)
        .and_then(|job: Job| work(&job));
    std::process::exit(match done {
        Ok(()) => 0,
        Err(trouble) => {
            eprintln!("{trouble}");
            2
        }
    })
}

/// Where the last panic was, and its words.
static PANIC: Mutex<(String, String)> = Mutex::new((String::new(), String::new()));

fn work(job: &Job) -> Result<(), Trouble> {
    let reader = Reader::open(&job.reader)?;
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = PANIC.lock() {
            let place = panic.location().map(|place| format!("panic at {place}:"));
            let words = panic.payload_as_str().unwrap_or_default();
            *last = (place.unwrap_or_default(), words.replace('\n', " "));
        }
    }));
    let mut outcome = Outcome::default();
    let at = job.folder.join("at");
    for case in job.from..job.to {
        let bytes = Mutator::new(job.seed, case).mutate(&reader.seeds, reader.frame);
        fs::write(&at, case.to_string())?;
        let before = outcome.faults.len();
        match catch_unwind(AssertUnwindSafe(|| reader.read(&bytes))) {
            Ok(Ok(())) => outcome.accepted += 1,
            Ok(Err(_)) => outcome.refused += 1,
            Err(_) => {
                let what = PANIC.lock().map(|last| last.clone()).unwrap_or_default();
                outcome.panic(what, case);
            }
        }
        // Kept now and then, so that an ended process takes little with it.
        if case + 1 == job.to || case % 256 == 0 || outcome.faults.len() > before {
            fs::write(job.folder.join("outcome"), serde_json::to_string(&outcome)?)?;
        }
    }
    Ok(())
}

/// Lets a reader read damaged files, numbers `from` to `to`.
pub fn run(
    reader: &str,
    seed: u64,
    [from, to]: [u64; 2],
    memory_mib: u64,
) -> Result<Outcome, Trouble> {
    let folder = tempfile::tempdir()?;
    let mut outcome = Outcome::default();
    let mut job = Job {
        reader: reader.into(),
        seed,
        from,
        to,
        memory_mib,
        folder: folder.path().into(),
    };
    for _ in 0..ENOUGH {
        let (end, late) = wait(&mut start(&job)?, folder.path())?;
        // What a reader kept in the system's temporary folder goes with ours.
        if let Ok(found) = fs::read_to_string(folder.path().join("outcome")) {
            outcome.add(serde_json::from_str(&found)?);
            fs::remove_file(folder.path().join("outcome"))?;
        }
        if end.success() {
            return Ok(outcome);
        }
        let said = fs::read_to_string(folder.path().join("said")).unwrap_or_default();
        let telling = said
            .lines()
            .find(|line| TELLING.iter().any(|words| line.contains(words)));
        let last = telling.or(said.trim().lines().last());
        let last = last.unwrap_or("nothing").to_string();
        let at = fs::read_to_string(folder.path().join("at")).ok();
        let Some(at) = at
            .and_then(|at| at.parse::<u64>().ok())
            .filter(|at| *at >= job.from)
        else {
            return Err(format!("{reader} did not begin ({end}): {last}").into());
        };
        let how = if late {
            "too long".to_string()
        } else {
            format!("{end}: {last}")
        };
        outcome.fault(how, at);
        job.from = at + 1;
        if job.from >= to {
            return Ok(outcome);
        }
    }
    Ok(outcome)
}

/// Starts the process that reads.
fn start(job: &Job) -> Result<Child, Trouble> {
    let program = std::env::current_exe()?;
    let mut command = if cfg!(target_os = "linux") {
        let mut command = Command::new("sh");
        let limit = (job.memory_mib * 1024).to_string();
        command
            .args(["-c", "ulimit -v \"$1\" && exec \"$0\""])
            .arg(program)
            .arg(limit);
        command
    } else {
        Command::new(program)
    };
    let said = fs::File::create(job.folder.join("said"))?;
    command
        .env(JOB, serde_json::to_string(job)?)
        // Each thread's arena reserves addresses that it doesn't use.
        .env("MALLOC_ARENA_MAX", "2")
        // What a reader leaves behind when its process is ended goes with the job's folder.
        .env("TMPDIR", &job.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said);
    Ok(command.spawn()?)
}

/// Waits for a process, or ends it where it doesn't get on.
fn wait(child: &mut Child, folder: &Path) -> Result<(ExitStatus, bool), Trouble> {
    let mut seen = (String::new(), Instant::now());
    loop {
        if let Some(end) = child.try_wait()? {
            return Ok((end, false));
        }
        let at = fs::read_to_string(folder.join("at")).unwrap_or_default();
        if at != seen.0 {
            seen = (at, Instant::now());
        } else if seen.1.elapsed() > PATIENCE {
            child.kill()?;
            return Ok((child.wait()?, true));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
