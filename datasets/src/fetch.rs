//! Downloading MNIST and PCam from where they are published.
//!
//! Each file is written beside its place under another name, compared with its checksum, and only then renamed: a file in
//! its place is whole and right. If a mirror fails, for whatever reason, the next one is tried. MNIST's checksums are
//! SHA-256 of the unpacked content; for PCam its authors publish the MD5 of the gzipped files, which tells damage but
//! wouldn't tell malice.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::digits::files::{self as digits, TEST_FILES, TRAIN_FILES};
use crate::{DatasetError, files};

/// Where MNIST's four gzipped files are served.
pub const MNIST_MIRRORS: [&str; 2] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
];

/// MNIST's four files and the SHA-256 of their unpacked content.
const MNIST_FILES: [Remote; 4] = [
    Remote::content(
        TRAIN_FILES[0],
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    Remote::content(
        TRAIN_FILES[1],
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    Remote::content(
        TEST_FILES[0],
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    Remote::content(
        TEST_FILES[1],
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
];

/// Where PCam's gzipped files are served: the record that its authors refer to.
pub const PCAM_MIRRORS: [&str; 1] = ["https://zenodo.org/records/2546921/files/"];

/// PCam's six files and the MD5 of each as it is served. The authors' own table has those of the validation and test files
/// the other way round; these are the ones that belong to the names on the server and in torchvision.
const PCAM_FILES: [Remote; 6] = [
    Remote::packed(
        "camelyonpatch_level_2_split_train_y.h5",
        "35c2d7259d906cfc8143347bb8e05be7",
    ),
    Remote::packed(
        "camelyonpatch_level_2_split_valid_y.h5",
        "2b85f58b927af9964a4c15b8f7e8f179",
    ),
    Remote::packed(
        "camelyonpatch_level_2_split_test_y.h5",
        "60a7035772fbdb7f34eb86d4420cf66a",
    ),
    Remote::packed(
        "camelyonpatch_level_2_split_valid_x.h5",
        "d5b63470df7cfa627aeec8b9dc0c066e",
    ),
    Remote::packed(
        "camelyonpatch_level_2_split_test_x.h5",
        "d8c2d60d490dbd479f8199bdfa0cf6ec",
    ),
    Remote::packed(
        "camelyonpatch_level_2_split_train_x.h5",
        "1571f514728f59376b705fc836ff4b63",
    ),
];

/// No file of MNIST is larger than this, packed or unpacked.
const SMALL: u64 = 64 << 20;

/// No file of PCam is larger than this, packed.
const LARGE: u64 = 8 << 30;

/// A server that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file to download, named without the ending `.gz`.
#[derive(Debug, Clone, Copy)]
struct Remote {
    name: &'static str,
    sum: Sum,
    /// The most bytes of it.
    limit: u64,
}

/// What a file is checked by.
#[derive(Debug, Clone, Copy)]
enum Sum {
    /// The SHA-256 of its unpacked content.
    ContentSha256(&'static str),
    /// The MD5 of the file as it is served.
    PackedMd5(&'static str),
}

impl Remote {
    const fn content(name: &'static str, sha256: &'static str) -> Self {
        Self {
            name,
            sum: Sum::ContentSha256(sha256),
            limit: SMALL,
        }
    }

    const fn packed(name: &'static str, md5: &'static str) -> Self {
        Self {
            name,
            sum: Sum::PackedMd5(md5),
            limit: LARGE,
        }
    }

    /// The file in a folder, if it is there under one of its names.
    fn present(&self, folder: &Path) -> Option<PathBuf> {
        match self.sum {
            Sum::ContentSha256(_) => digits::file(folder, self.name).ok(),
            Sum::PackedMd5(_) => Some(folder.join(format!("{}.gz", self.name))),
        }
        .filter(|file| file.is_file())
    }
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

/// Downloads PCam's six files, 7.5 GiB, into a folder, the small ones first. A file that was unpacked there already is taken
/// to be right, because [`PcamConfig`](crate::PcamConfig) unpacks whole files only; one download can't be continued by
/// another.
pub fn fetch_pcam<S: AsRef<str>>(
    folder: &Path,
    mirrors: &[S],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Fetched>, DatasetError> {
    fetch(&PCAM_FILES, folder, mirrors, progress)
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
    let unpacked = folder.join(remote.name);
    if matches!(remote.sum, Sum::PackedMd5(_)) && unpacked.is_file() {
        return Ok(Fetched::Present(unpacked));
    }
    if let Some(present) = remote.present(folder) {
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
        let words = |error: DatasetError| error.to_string();
        let outcome = files::part(&target).map_err(words).and_then(|part| {
            download(&address, part.path(), remote, progress)?;
            check(part.path(), remote).map_err(words)?;
            files::put(part, &target).map_err(words)
        });
        match outcome {
            Ok(()) => return Ok(Fetched::Downloaded(target)),
            Err(reason) => attempts.push(format!("  {address}: {reason}")),
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
    remote: Remote,
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
    let mut body = body.into_with_config().limit(remote.limit).reader();
    let mut file = File::create(part).map_err(|error| error.to_string())?;
    let mut chunk = vec![0; 1 << 16];
    let mut received = 0;
    loop {
        progress(Progress {
            file: remote.name,
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
    Ok(())
}

/// Compares a file with its checksum.
fn check(path: &Path, remote: Remote) -> Result<(), DatasetError> {
    let (kind, expected, found) = match remote.sum {
        Sum::ContentSha256(sha256) => {
            let content = files::open(path)?.take(remote.limit + 1);
            (
                "content with the SHA-256",
                sha256,
                digest::<Sha256>(content, path)?,
            )
        }
        Sum::PackedMd5(md5) => {
            let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
            ("a file with the MD5", md5, digest::<Md5>(file, path)?)
        }
    };
    if found == expected {
        return Ok(());
    }
    Err(DatasetError::malformed(
        path,
        format!("{kind} {expected}"),
        found,
    ))
}

/// The checksum of a stream in hexadecimal digits.
fn digest<D: Digest>(stream: impl Read, path: &Path) -> Result<String, DatasetError> {
    let mut stream = BufReader::new(stream);
    let mut hash = D::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => hash.update(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(files::reading(path, error)),
        }
    }
    let sum = hash.finalize();
    Ok(sum.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
