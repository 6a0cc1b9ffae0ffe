//! Many damaged files for one reader, read by a process of its own.
//!
//! The process that reads is this program once more, with an address space that ends at a limit: memory beyond it ends the
//! process, as does what no panic can tell (an overflow of the stack, an abort). The process that asked notes that case and
//! lets another one go on behind it. One that doesn't get on with a file for a minute is ended as well.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::mutator::{Frame, mutate};
use crate::readers::{FAILING, Reader, Trouble};

/// The environment variable that makes a program the process that reads.
const JOB: &str = "GCNN_MUTATIONS";
/// The longest time for one file.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest time for one file that is no fault.
const SLOW: Duration = Duration::from_secs(1);
/// After so many ended processes a reader has shown enough.
const ENOUGH: usize = 20;
/// How often the outcome is kept, so that an ended process takes little with it.
const KEPT: Duration = Duration::from_millis(200);
/// The most kinds of reasons that are noted.
const MOST_REASONS: usize = 1000;

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
    /// Whether the damage is of any bytes, without regard to the format.
    pub blind: bool,
}

impl Job {
    /// Files of numbers `from` to `to`, damaged within their format.
    pub fn new(reader: &str, seed: u64, [from, to]: [u64; 2], memory_mib: u64) -> Self {
        Self {
            reader: reader.into(),
            seed,
            from,
            to,
            memory_mib,
            blind: false,
        }
    }

    /// A file of the job.
    pub fn file(&self, reader: &Reader, case: u64) -> Vec<u8> {
        let frame = if self.blind {
            Frame::Plain
        } else {
            reader.frame
        };
        mutate([self.seed, case], &reader.seeds, frame)
    }
}

/// A job, and where both processes write.
type Order = (Job, PathBuf);

/// What came of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Files that were read.
    pub accepted: u64,
    /// Files that were refused with a reason.
    pub refused: u64,
    /// The kinds of these reasons, without the numbers and names in them, and how often each was given.
    pub reasons: BTreeMap<String, u64>,
    /// What must not happen: the place and words of a panic, how the process ended, too long a time, a valid file that is
    /// refused; how often; the first file's number.
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

    fn refusal(&mut self, reason: &str) {
        self.refused += 1;
        let kind = kind(reason);
        if self.reasons.len() < MOST_REASONS || self.reasons.contains_key(&kind) {
            *self.reasons.entry(kind).or_default() += 1;
        }
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (what, (count, first)) in other.faults {
            self.faults.entry(what).or_insert((0, first)).0 += count;
        }
    }
}

/// A reason without what is particular to a file: numbers, and what stands in quotes or brackets.
fn kind(reason: &str) -> String {
    let mut kind: Vec<&str> = Vec::new();
    let mut closing = None;
    for word in reason.split(' ').take(40) {
        let is_closed = closing.is_some_and(|end| word.contains(end));
        if closing.is_some() {
            if is_closed {
                closing = None;
            }
            continue;
        }
        let pairs = [('[', ']'), ('{', '}'), ('(', ')'), ('`', '`'), ('"', '"')];
        let opened = pairs.into_iter().find(|(open, _)| word.contains(*open));
        closing = opened
            .filter(|(open, close)| !word.rsplit(*open).next().unwrap_or("").contains(*close))
            .filter(|(open, close)| open != close || word.matches(*open).count() == 1)
            .map(|(_, close)| close);
        let plain = word.trim_end_matches([',', '.', ':', ';']);
        let is_plain = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphabetic());
        let word = if is_plain && opened.is_none() {
            word
        } else {
            "…"
        };
        if word != "…" || kind.last() != Some(&word) {
            kind.push(word);
        }
    }
    kind.join(" ")
}

/// Does a job's work if this process was started for it, and never returns then. The first line of `main`.
pub fn work_if_asked() {
    let Ok(job) = std::env::var(JOB) else { return };
    let done = serde_json::from_str(&job)
        .map_err(Into::into)
        .and_then(|(job, folder): Order| work(&job, &folder));
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

fn work(job: &Job, folder: &Path) -> Result<(), Trouble> {
    let reader = Reader::open(&job.reader)?;
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = PANIC.lock() {
            let place = panic.location().map(|place| format!("panic at {place}:"));
            let words = panic.payload_as_str().unwrap_or_default();
            *last = (place.unwrap_or_default(), words.replace('\n', " "));
        }
    }));
    gcnn_datasets::silence_decoders();
    let mut outcome = Outcome::default();
    // Damage begins from files that are read.
    if job.from == 0 && job.reader != FAILING {
        for (number, file) in reader.seeds.iter().enumerate() {
            if let Err(reason) = reader.read(file) {
                outcome.fault(format!("valid file {number} is refused: {reason}"), 0);
            }
        }
    }
    let mut at = File::create(folder.join("at"))?;
    let mut kept = Instant::now();
    for case in job.from..job.to {
        let bytes = job.file(&reader, case);
        at.rewind()?;
        at.write_all(&case.to_le_bytes())?;
        let before = outcome.faults.len();
        let started = Instant::now();
        let mut read = catch_unwind(AssertUnwindSafe(|| reader.read(&bytes)));
        let mut took = started.elapsed();
        if took > SLOW && read.is_ok() {
            // Others may have wanted the machine meanwhile: what counts is this process's own time.
            let before = own_time().unwrap_or(started.elapsed());
            read = catch_unwind(AssertUnwindSafe(|| reader.read(&bytes)));
            took = own_time().unwrap_or(started.elapsed()) - before;
        }
        match read {
            Ok(_) if took > SLOW => {
                let what = format!("more than {} s for {} bytes", SLOW.as_secs(), bytes.len());
                outcome.fault(what, case);
            }
            Ok(Ok(())) => outcome.accepted += 1,
            Ok(Err(reason)) => outcome.refusal(&reason),
            Err(_) => {
                let what = PANIC.lock().map(|last| last.clone()).unwrap_or_default();
                outcome.panic(what, case);
            }
        }
        if case + 1 == job.to || kept.elapsed() > KEPT || outcome.faults.len() > before {
            kept = Instant::now();
            fs::write(folder.join("outcome"), serde_json::to_string(&outcome)?)?;
        }
    }
    Ok(())
}

/// Lets a reader read damaged files.
pub fn run(job: &Job) -> Result<Outcome, Trouble> {
    let folder = tempfile::tempdir()?;
    let mut outcome = Outcome::default();
    let mut job = job.clone();
    for _ in 0..ENOUGH {
        let (end, late) = wait(&mut start(&job, folder.path())?, folder.path())?;
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
        let Some(at) = at(folder.path()).filter(|at| *at >= job.from) else {
            let reader = &job.reader;
            return Err(format!("{reader} did not begin ({end}): {last}").into());
        };
        let how = if late {
            "too long".to_string()
        } else {
            format!("{end}: {last}")
        };
        outcome.fault(how, at);
        job.from = at + 1;
        if job.from >= job.to {
            return Ok(outcome);
        }
    }
    Ok(outcome)
}

/// The time that processors have spent on this process; none where the system doesn't say it in a file.
fn own_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything: user and system time are the 14th and 15th of all, in 1/100 s.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (ticks()? + ticks()?)))
}

/// The number of the file that the process is at.
fn at(folder: &Path) -> Option<u64> {
    let at = fs::read(folder.join("at")).ok()?;
    Some(u64::from_le_bytes(*at.first_chunk()?))
}

/// Starts the process that reads.
fn start(job: &Job, folder: &Path) -> Result<Child, Trouble> {
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
    let said = File::create(folder.join("said"))?;
    command
        .env(JOB, serde_json::to_string(&(job, folder))?)
        // Each thread's arena reserves addresses that it doesn't use.
        .env("MALLOC_ARENA_MAX", "2")
        // What a reader leaves behind when its process is ended goes with the job's folder.
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said);
    Ok(command.spawn()?)
}

/// Waits for a process, or ends it where it doesn't get on.
fn wait(child: &mut Child, folder: &Path) -> Result<(ExitStatus, bool), Trouble> {
    let mut seen = (None, Instant::now());
    loop {
        if let Some(end) = child.try_wait()? {
            return Ok((end, false));
        }
        let at = at(folder);
        if at != seen.0 {
            seen = (at, Instant::now());
        } else if seen.1.elapsed() > PATIENCE {
            child.kill()?;
            return Ok((child.wait()?, true));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_of_a_kind_whatever_their_numbers() {
        let one = kind("a.idx: expected 48 bytes, for an array of [3, 4, 4], found `x 7`");
        let other = kind("a.idx: expected 5 bytes, for an array of [1], found `y`");
        assert_eq!(one, other);
        assert_eq!(one, "… expected … bytes, for an array of … found …");
    }
}
