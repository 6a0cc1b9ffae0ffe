//! Downloading MNIST from its public mirrors.
//!
//! Each file is written beside its place under another name, unpacked to compare the SHA-256 of its content, and only
//! then renamed: a file in its place is whole and right. If a mirror fails, for whatever reason, the next one is tried.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::rotated_mnist::{self, TEST_FILES, TRAIN_FILES};
use crate::{DatasetError, files};

/// Where MNIST's four gzipped files are served.
pub const MNIST_MIRRORS: [&str; 2] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
];

/// MNIST's four files and the SHA-256 of their unpacked content.
const MNIST_FILES: [Remote; 4] = [
    Remote {
        name: TRAIN_FILES[0],
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    Remote {
        name: TRAIN_FILES[1],
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
    Remote {
        name: TEST_FILES[0],
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    Remote {
        name: TEST_FILES[1],
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
];

/// No file is larger than this, packed or unpacked.
const LIMIT: u64 = 64 << 20;

/// A server that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file to download, named without the ending `.gz`.
#[derive(Debug, Clone, Copy)]
struct Remote {
    name: &'static str,
    sha256: &'static str,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name.
    pub file: &'a str,
    /// Bytes received so far; less than before when the next mirror is tried.
    pub received: u64,
    /// Bytes in all, where the server says.
    pub total: Option<u64>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It was there already, with the right content.
    Present(PathBuf),
    /// It was downloaded.
    Downloaded(PathBuf),
}

/// Downloads MNIST's four files into a folder, trying one mirror after the other for each. Files that are there with
/// the right content are left alone.
pub fn fetch_mnist<S: AsRef<str>>(
    folder: &Path,
    mirrors: &[S],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Fetched>, DatasetError> {
    fetch(&MNIST_FILES, folder, mirrors, progress)
}

fn fetch<S: AsRef<str>>(
    remotes: &[Remote],
    folder: &Path,
    mirrors: &[S],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Fetched>, DatasetError> {
    fs::create_dir_all(folder).map_err(|source| DatasetError::io(folder, source))?;
    remotes
        .iter()
        .map(|remote| fetch_one(*remote, folder, mirrors, progress))
        .collect()
}

fn fetch_one<S: AsRef<str>>(
    remote: Remote,
    folder: &Path,
    mirrors: &[S],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Fetched, DatasetError> {
    let target = folder.join(format!("{}.gz", remote.name));
    if let Ok(present) = rotated_mnist::file(folder, remote.name) {
        match check(&present, remote) {
            Ok(()) => return Ok(Fetched::Present(present)),
            // Only what an earlier download put there may be replaced.
            Err(error) if present != target => return Err(error),
            Err(_) => {}
        }
    }
    let mut attempts = Vec::new();
    for mirror in mirrors {
        let address = format!(
            "{}/{}.gz",
            mirror.as_ref().trim_end_matches('/'),
            remote.name
        );
        let part = folder.join(format!("{}.gz.part-{}", remote.name, std::process::id()));
        let outcome = download(&address, &part, remote.name, progress)
            .and_then(|()| check(&part, remote).map_err(|error| error.to_string()))
            .and_then(|()| fs::rename(&part, &target).map_err(|error| error.to_string()));
        match outcome {
            Ok(()) => return Ok(Fetched::Downloaded(target)),
            Err(reason) => {
                // What is left of it is of no use; that it can't be removed changes nothing.
                let _ = fs::remove_file(&part);
                attempts.push(format!("  {address}: {reason}"));
            }
        }
    }
    if attempts.is_empty() {
        attempts.push("  no mirror was given".into());
    }
    Err(DatasetError::Download {
        file: remote.name.into(),
        attempts,
    })
}

/// Downloads to `part`, or says in words why not.
fn download(
    address: &str,
    part: &Path,
    name: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(), String> {
    let agent = ureq::Agent::config_builder()
        .user_agent(concat!("gcnn/", env!("CARGO_PKG_VERSION")))
        // The file is packed already: nothing on the way should pack or unpack it.
        .accept_encoding("identity")
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .build()
        .new_agent();
    let response = agent
        .get(address)
        .call()
        .map_err(|error| error.to_string())?;
    let body = response.into_body();
    let total = body.content_length();
    let mut body = body.into_with_config().limit(LIMIT).reader();
    let mut file = File::create(part).map_err(|error| error.to_string())?;
    let mut chunk = vec![0; 1 << 16];
    let mut received = 0;
    loop {
        progress(Progress {
            file: name,
            received,
            total,
        });
        let count = match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("after {received} bytes: {error}")),
        };
        file.write_all(&chunk[..count])
            .map_err(|error| error.to_string())?;
        received += count as u64;
    }
    file.sync_all().map_err(|error| error.to_string())
}

/// Compares the SHA-256 of a file's unpacked content.
fn check(path: &Path, remote: Remote) -> Result<(), DatasetError> {
    let mut content = BufReader::new(files::open(path)?.take(LIMIT + 1));
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match content.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => hash.update(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(files::reading(path, error)),
        }
    }
    let found: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if found == remote.sha256 {
        return Ok(());
    }
    let expected = format!("content with the SHA-256 {}", remote.sha256);
    Err(DatasetError::malformed(path, expected, found))
}

#[cfg(test)]
mod tests;
