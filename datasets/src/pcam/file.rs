//! One HDF5 file of patches or of labels, read a patch at a time.
//!
//! What is expected is checked against what the file says of itself before a patch is read: type, shape, how large a chunk
//! is, that everything that should be in the file, each chunk as it is stored among it, lies within it. The format itself
//! is read by `hdf5-pure`, which knows the layouts of data that HDF5 1.8 to 1.14 write.

use std::io::Read;
use std::path::{Path, PathBuf};

use hdf5_pure::{
    Chunk, ChunkCacheConfig, ChunkIndex, DType, Dataset, Error, File, FileAccessProperties,
    FileLocking, FormatError, Layout,
};

use super::{CLASSES, SHAPE};
use crate::DatasetError;
use crate::identity::Identity;
use crate::images::ReadImages;
use crate::shield::shielded;

/// The most patches or labels in a file.
const MOST_PATCHES: u64 = 1 << 24;

/// The most bytes in a chunk: 64 MiB.
const LARGEST_CHUNK: u64 = 1 << 26;

/// What a file should be.
const INTACT: &str = "an intact HDF5 file of PCam";

/// The way out where a file's form is not read.
const REWRITE: &str = "`h5repack --low=0 --high=1 OLD.h5 NEW.h5` rewrites a file so";

/// Bytes of a patch.
const PATCH: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];

/// Opens the dataset `name` of bytes and checks where the file says that it keeps them. Returns its shape and how many
/// rows, along the first extent, are read together.
fn open(path: &Path, name: &str, memory: usize) -> Result<(Dataset, Vec<u64>, u64), DatasetError> {
    let size = std::fs::metadata(path)
        .map_err(|source| DatasetError::io(path, source))?
        .len();
    let refused = |error| refused(path, error);
    let properties = FileAccessProperties::new()
        .with_locking(FileLocking::BestEffort)
        .with_chunk_cache(
            ChunkCacheConfig::new()
                .with_max_bytes(memory)
                .with_max_slots(1 << 16),
        );
    let file = File::open_streaming_with_options(path, properties).map_err(refused)?;
    let dataset = match file.dataset(name) {
        Ok(dataset) => dataset,
        Err(Error::Format(FormatError::PathNotFound(_)) | Error::NotADataset(_)) => {
            let names = file.root().datasets().map_err(refused)?;
            return Err(absent(path, name, &names));
        }
        Err(error) => return Err(refused(error)),
    };
    let kind = dataset.dtype().map_err(refused)?;
    if kind != DType::U8 {
        let found = format!("{kind:?}");
        return Err(DatasetError::malformed(
            path,
            format!("{name} of unsigned bytes"),
            found,
        ));
    }
    let shape = dataset.shape().map_err(refused)?;
    // A single value has no extents, and no rows either.
    if shape.is_empty() {
        let expected = format!("{name} with a row for each patch");
        return Err(DatasetError::malformed(path, expected, "a single value"));
    }
    let bytes = shape
        .iter()
        .try_fold(1, |bytes: u64, extent| bytes.checked_mul(*extent))
        .unwrap_or(u64::MAX);
    let malformed =
        |expected: String, found: String| DatasetError::malformed(path, expected, found);
    let rows = match dataset.layout().map_err(refused)? {
        Layout::Contiguous { address, size: len } => {
            let end = address.and_then(|address| address.checked_add(len));
            if len != bytes || end.is_none_or(|end| end > size) {
                let expected = format!("the {bytes} bytes of {name} within the {size} of the file");
                let found = format!("{len} from {address:?}");
                return Err(malformed(expected, found));
            }
            1
        }
        // Within the file's header, which has been read.
        Layout::Compact { size: len } if len == bytes => 1,
        Layout::Chunked { chunk_shape, index } => {
            let chunk = chunk_shape
                .iter()
                .try_fold(1, |bytes: u64, extent| bytes.checked_mul(*extent));
            let fits = chunk.is_some_and(|chunk| (1..=LARGEST_CHUNK).contains(&chunk));
            if !fits || chunk_shape.len() != shape.len() {
                let expected = format!("chunks of {name} of at most {LARGEST_CHUNK} bytes");
                return Err(malformed(expected, format!("{chunk_shape:?}")));
            }
            // A chunk that is not there would be read as zeros; one that is takes a byte at least.
            let expected = shape
                .iter()
                .zip(&chunk_shape)
                .try_fold(1, |count: u64, (extent, chunk)| {
                    count.checked_mul(extent.div_ceil(*chunk))
                })
                .filter(|count| *count <= MOST_PATCHES.min(size));
            let Some(expected) = expected else {
                let expected = format!("at most {} chunks of {name}", MOST_PATCHES.min(size));
                return Err(malformed(expected, format!("{shape:?} in {chunk_shape:?}")));
            };
            let unread = match index {
                ChunkIndex::BTreeV2 => Some(
                    "a B-tree of version 2, which extents without limit along several axes have",
                ),
                // Its header can ask the format's reader for any amount of memory.
                ChunkIndex::ExtensibleArray => {
                    Some("an extensible array, which an extent without limit has in newer files")
                }
                _ => None,
            };
            if let Some(kind) = unread {
                let expected = format!("chunks of {name} that this reader can find; {REWRITE}");
                return Err(malformed(expected, format!("an index by {kind}")));
            }
            let chunks = dataset.chunks().map_err(refused)?;
            if chunks.len() as u64 != expected {
                return Err(malformed(
                    format!("{expected} chunks of {name}"),
                    chunks.len().to_string(),
                ));
            }
            if let Some(chunk) = chunks.iter().find(|chunk| !lies_within(chunk, size)) {
                let expected = format!("chunks of {name} within the {size} bytes of the file");
                let found = format!(
                    "one that is stored in {} bytes from {}",
                    chunk.storage_size, chunk.address
                );
                return Err(malformed(expected, found));
            }
            chunk_shape[0]
        }
        other => {
            let expected = format!("{name} in one piece or in chunks; {REWRITE}");
            return Err(malformed(expected, format!("{other:?}")));
        }
    };
    Ok((dataset, shape, rows))
}

/// Whether the file has the bytes that a chunk claims.
fn lies_within(chunk: &Chunk, size: u64) -> bool {
    chunk
        .address
        .checked_add(chunk.storage_size)
        .is_some_and(|end| end <= size)
}

/// The error where there is no dataset of a name.
fn absent(path: &Path, name: &str, names: &[String]) -> DatasetError {
    let expected = format!("a dataset `{name}`");
    let some: Vec<String> = names.iter().take(4).map(|n| format!("`{n}`")).collect();
    let found = match names.len() {
        0 => format!("no `{name}`, and no other dataset"),
        1..=4 => format!("no `{name}`, only {}", some.join(", ")),
        all => format!("no `{name}` among {} and {} more", some.join(", "), all - 4),
    };
    DatasetError::malformed(path, expected, found)
}

/// An error of the format's reader: trouble with the disk, a form of HDF5 that it doesn't know, or a file that is not what
/// it should be.
fn refused(path: &Path, error: Error) -> DatasetError {
    match error {
        Error::Io(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
            DatasetError::io(path, source)
        }
        Error::Format(FormatError::InvalidLayoutVersion(version)) => {
            let age = if version > 4 { "newer" } else { "older" };
            DatasetError::malformed(
                path,
                format!("data in layout 3 or 4, as HDF5 1.8 to 1.14 write it; {REWRITE}"),
                format!("layout {version}, which is {age} than this reader"),
            )
        }
        error => DatasetError::malformed(path, INTACT, error.to_string()),
    }
}

/// Reads all labels.
pub(super) fn read_labels(path: &Path) -> Result<Vec<u8>, DatasetError> {
    shielded(path, INTACT, || labels(path))
}

fn labels(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let (dataset, shape, _) = open(path, "y", 1 << 20)?;
    let count = shape.first().copied().unwrap_or(0);
    if !(1..=MOST_PATCHES).contains(&count) || shape[1..].iter().any(|extent| *extent != 1) {
        let expected = format!("1 to {MOST_PATCHES} labels, y of [n, 1, 1, 1]");
        return Err(DatasetError::malformed(
            path,
            expected,
            format!("{shape:?}"),
        ));
    }
    let labels = dataset.read_raw().map_err(|error| refused(path, error))?;
    if labels.len() as u64 != count {
        let expected = format!("{count} labels");
        return Err(DatasetError::malformed(
            path,
            expected,
            labels.len().to_string(),
        ));
    }
    if let Some(label) = labels.iter().find(|label| usize::from(**label) >= CLASSES) {
        return Err(DatasetError::malformed(
            path,
            "labels 0 and 1",
            label.to_string(),
        ));
    }
    Ok(labels)
}

/// The patches of a file.
#[derive(Debug)]
pub(super) struct PcamImages {
    path: PathBuf,
    dataset: Dataset,
    count: usize,
    locality: [usize; 2],
}

impl PcamImages {
    /// Opens a file; chunks are remembered in at most so many bytes of memory.
    pub(super) fn open(path: &Path, memory: usize) -> Result<Self, DatasetError> {
        shielded(path, INTACT, || Self::checked(path, memory))
    }

    fn checked(path: &Path, memory: usize) -> Result<Self, DatasetError> {
        let (dataset, shape, rows) = open(path, "x", memory)?;
        let [channels, height, width] = SHAPE.map(|extent| extent as u64);
        let count = shape.first().copied().unwrap_or(0);
        if shape.get(1..) != Some(&[height, width, channels])
            || !(1..=MOST_PATCHES).contains(&count)
        {
            let expected =
                format!("x of [n, {height}, {width}, {channels}] with 1 to {MOST_PATCHES} patches");
            return Err(DatasetError::malformed(
                path,
                expected,
                format!("{shape:?}"),
            ));
        }
        let block = rows.min(count) as usize;
        // Half of the memory: chunks of the next window are read while this one's are used.
        let blocks = (memory / 2 / (block * PATCH)).max(1);
        Ok(Self {
            path: path.to_path_buf(),
            dataset,
            count: count as usize,
            locality: [block, blocks],
        })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }
}

impl ReadImages for PcamImages {
    fn read(&self, index: usize, image: &mut [f32]) -> Result<(), DatasetError> {
        let patch = shielded(&self.path, INTACT, || {
            self.dataset
                .read_raw_rows(index as u64, 1)
                .map_err(|error| refused(&self.path, error))
        })?;
        if patch.len() != PATCH {
            return Err(DatasetError::malformed(
                &self.path,
                format!("{PATCH} bytes of patch {index}"),
                patch.len().to_string(),
            ));
        }
        let plane = SHAPE[1] * SHAPE[2];
        for (place, pixel) in patch.chunks_exact(SHAPE[0]).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                image[channel * plane + place] = f32::from(*value) / 255.0;
            }
        }
        Ok(())
    }

    fn locality(&self) -> [usize; 2] {
        self.locality
    }

    /// A hash of the file's bytes: unpacking all patches would take minutes, reading them takes seconds.
    fn identity(&self) -> Result<String, DatasetError> {
        let io = |source| DatasetError::io(&self.path, source);
        let mut file = std::fs::File::open(&self.path).map_err(io)?;
        let mut identity = Identity::of("file");
        let mut block = Vec::new();
        loop {
            block.clear();
            // Blocks of one size, however much a read gives.
            if file
                .by_ref()
                .take(1 << 20)
                .read_to_end(&mut block)
                .map_err(io)?
                == 0
            {
                return Ok(identity.finish());
            }
            identity.bytes(&block);
        }
    }
}
