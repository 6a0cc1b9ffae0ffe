//! A look at a folder of pictures, before anything is decided: what is in it, and what is wrong with it.
//!
//! Every file is opened, and its header read. Pictures are decoded to be compared, and to see damage: all of them up to
//! 20,000 and 4·10⁹ pixels together, otherwise that many, spread evenly over the classes. Of up to 64 of them, spread in the
//! same way, values are looked at. Files that cannot be read are named, and are no error of the whole.

mod duplicates;
mod extent;
mod names;
mod values;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use self::duplicates::identity;
pub use self::duplicates::{Duplicates, SamePictures};
pub use self::names::{Confidence, GroupGuess};
use self::values::Seen;
pub use self::values::Values;
use super::layout::Layout;
use super::listing::{Listed, Listing, name_below};
use super::table::{self, Wanted};
use super::targets::{self, TargetGuess};
use super::{ImageFolderConfig, LIMITS};
use crate::DatasetError;
use crate::images::Split;
use crate::picture::{Picture, PictureFormat, PictureHeader};
use crate::tables::Table;

/// The most pictures that are decoded, and the most pixels of them together.
const MOST_DECODED: [u64; 2] = [20_000, 4_000_000_000];

/// The most pictures whose values are looked at.
const SAMPLE: usize = 64;

/// The most files with reasons, and the most sets of same pictures, that are kept.
const LISTED: usize = 100;

/// How many headers are read, and how many pictures decoded, between two words of progress.
const CHUNKS: [usize; 2] = [1024, 64];

/// What is in a folder of pictures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Survey {
    /// How the folder says which class a picture is of.
    pub layout: Layout,
    /// The classes, sorted by name, with their pictures; none where a table has no column of classes, or something is learned in
    /// their place.
    pub classes: Vec<ClassCount>,
    /// How many pictures are for training, validation and testing, where the folder says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splits: Option<[usize; 3]>,
    /// Columns of a table that look like numbers or labels, which could be learned in place of classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetGuess>,
    /// How many pictures there are whose header can be read.
    pub pictures: usize,
    /// Their sizes; none where there is no picture.
    pub sizes: Option<Sizes>,
    /// How many of them have 8 bits or fewer, and how many have more.
    pub depths: Depths,
    /// How many of them are grey, and how many have colours.
    pub colours: Colours,
    /// How many of them there are of each format.
    pub formats: BTreeMap<PictureFormat, usize>,
    /// How many hidden files and files of systems were passed over.
    pub passed_over: usize,
    /// Files that are no picture, or a damaged one, the first hundred of them, by name.
    pub unreadable: Vec<Unreadable>,
    /// How many of them there are.
    pub unreadable_count: usize,
    /// How many pictures were decoded: damage in others was not seen.
    pub decoded: usize,
    /// Pictures that are the same.
    pub duplicates: Duplicates,
    /// What the names of the pictures say of what belongs together; none where they don't say it, and where a table or a
    /// pattern says it.
    pub groups: Option<GroupGuess>,
    /// The values of a sample of the pictures; none where none could be decoded.
    pub values: Option<Values>,
    /// How large what is seen is: the median over the sample of the smallest window of the picture's shape that has 95 % of the
    /// squared difference from the colour of the border, its side as a share of the picture's side. None where no picture of
    /// the sample differs from its border.
    pub extent: Option<f64>,
}

/// A class and its pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// Its name.
    pub name: String,
    /// How many pictures it has whose header can be read.
    pub pictures: usize,
    /// How many of them are for training, validation and testing, where the folder says it.
    pub splits: Option<[usize; 3]>,
}

/// Sizes of pictures, `[height, width]`, in the order of their areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The smallest.
    pub smallest: [usize; 2],
    /// The one in the middle.
    pub median: [usize; 2],
    /// The largest.
    pub largest: [usize; 2],
    /// How many different ones there are.
    pub different: usize,
}

/// How many bits values have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Depths {
    /// Pictures of 8 bits or fewer.
    pub bytes: usize,
    /// Pictures of more.
    pub deeper: usize,
}

/// How many channels pictures have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Colours {
    /// Files that are grey.
    pub grey: usize,
    /// Files that have colours.
    pub colour: usize,
    /// Files that have colours and were looked at closely.
    pub sampled: usize,
    /// Those of them whose channels are equal: grey in all but the file.
    pub equal: usize,
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unreadable {
    /// Its path below the folder.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Survey {
    /// Looks at the folder that a configuration names. Of the configuration only `path`, `labels`, `target` and `groups` count.
    ///
    /// # Errors
    /// Where there is no folder with classes, or a table that cannot be read.
    pub fn of(config: &ImageFolderConfig) -> Result<Self, DatasetError> {
        Self::with_progress(config, |_, _| ())
    }

    /// The same, telling how many steps are done, and of how many.
    ///
    /// # Errors
    /// As of [`Self::of`].
    pub fn with_progress(
        config: &ImageFolderConfig,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Self, DatasetError> {
        config.check_path()?;
        let root = &config.path;
        let mut unreadable = Vec::new();
        let listing = list(config, &mut |error| {
            unreadable.push(Unreadable::new(root, error));
            Ok(())
        })?;
        let files = &listing.files;
        let planned = files.len() + files.len().min(MOST_DECODED[0] as usize);
        let headers = in_chunks(
            files.len(),
            CHUNKS[0],
            |done| progress(done, planned),
            |at| PictureHeader::read(&files[at].file, LIMITS),
        );
        let mut found: Vec<(&Listed, PictureHeader)> = Vec::with_capacity(files.len());
        for (file, header) in files.iter().zip(headers) {
            match header {
                Ok(header) => found.push((file, header)),
                Err(error) => unreadable.push(Unreadable::new(root, error)),
            }
        }

        let chosen = decoded(&found);
        let sample = spread(found.len(), SAMPLE);
        let all = files.len() + chosen.len();
        let tell = |done| progress(files.len() + done, all);
        let pictures = in_chunks(chosen.len(), CHUNKS[1], tell, |at| {
            let (listed, _) = found[chosen[at]];
            let picture = Picture::read(&listed.file, LIMITS)?;
            let seen = sample.binary_search(&chosen[at]).is_ok();
            Ok((identity(&picture), seen.then(|| Seen::of(&picture))))
        });
        let mut same = Vec::with_capacity(chosen.len());
        let mut seen = Vec::with_capacity(sample.len());
        for (at, picture) in chosen.iter().zip(pictures) {
            match picture {
                Ok((identity, own)) => {
                    same.push((identity, found[*at].0));
                    seen.extend(own);
                }
                Err(error) => unreadable.push(Unreadable::new(root, error)),
            }
        }
        unreadable.sort();
        let mut own = Self::counted(&listing, &found);
        if let Layout::Table(table) = &listing.layout {
            let path = root.join(table);
            own.targets = targets::guess(&Table::new(&table::text(&path)?, &path, "file")?)?;
        }
        own.unreadable_count = unreadable.len();
        own.unreadable = unreadable;
        own.unreadable.truncate(LISTED);
        own.decoded = same.len();
        own.duplicates = Duplicates::of(same, &listing.classes, LISTED);
        own.values = Values::of(&seen);
        own.extent = values::median(seen.iter().filter_map(|seen| seen.extent).collect());
        own.colours.sampled = seen.iter().filter(|seen| seen.has_colours).count();
        own.colours.equal = seen.iter().filter(|seen| seen.has_equal_channels).count();
        if config.groups.is_none() && files.iter().all(|file| file.group.is_none()) {
            own.groups = GroupGuess::of(files);
        }
        Ok(own)
    }

    /// What headers say.
    fn counted(listing: &Listing, found: &[(&Listed, PictureHeader)]) -> Self {
        let has_splits = listing.layout == Layout::Splits
            || listing.files.iter().any(|file| file.split.is_some());
        // Pictures without a class are counted like those of one.
        let mut counts = vec![[0usize; 4]; listing.classes.len().max(1)];
        let (mut depths, mut colours) = (Depths::default(), Colours::default());
        let mut formats = BTreeMap::new();
        for (listed, header) in found {
            counts[usize::from(listed.class)][listed.split.unwrap_or(Split::All) as usize] += 1;
            *formats.entry(header.format).or_default() += 1;
            match header.is_bytes {
                true => depths.bytes += 1,
                false => depths.deeper += 1,
            }
            match header.channels {
                1 => colours.grey += 1,
                _ => colours.colour += 1,
            }
        }
        let of_split = |split: usize| counts.iter().map(|count| count[split]).sum();
        let splits = has_splits.then(|| [0, 1, 2].map(of_split));
        let classes = listing.classes.iter().zip(counts);
        let classes = classes.map(|(name, [train, valid, test, unsaid])| ClassCount {
            name: name.clone(),
            pictures: train + valid + test + unsaid,
            splits: has_splits.then_some([train, valid, test]),
        });
        Self {
            layout: listing.layout.clone(),
            classes: classes.collect(),
            splits,
            targets: Vec::new(),
            pictures: found.len(),
            sizes: Sizes::of(found.iter().map(|(_, header)| header.size).collect()),
            depths,
            colours,
            formats,
            passed_over: listing.passed_over.values().sum(),
            unreadable: Vec::new(),
            unreadable_count: 0,
            decoded: 0,
            duplicates: Duplicates::default(),
            groups: None,
            values: None,
            extent: None,
        }
    }
}

/// The pictures of a folder, of every split that is there.
fn list(
    config: &ImageFolderConfig,
    strange: &mut dyn FnMut(DatasetError) -> Result<(), DatasetError>,
) -> Result<Listing, DatasetError> {
    let layout = Layout::of(config)?;
    let is_there = |split: &Split| config.path.join(split.to_string()).is_dir();
    let there: Vec<Split> = Split::THREE.into_iter().filter(is_there).collect();
    // Whether a pattern matches is not looked at.
    let plain = ImageFolderConfig {
        groups: None,
        ..config.clone()
    };
    let wanted = config.target.as_ref();
    let wanted = wanted.map_or(Wanted::Anything, Wanted::Targets);
    Listing::asked(&plain, layout, &there, wanted, strange)
}

/// The places of the pictures that are decoded.
fn decoded(found: &[(&Listed, PictureHeader)]) -> Vec<usize> {
    let [most, most_pixels] = MOST_DECODED;
    let pixels = found
        .iter()
        .map(|(_, header)| header.size[0] as u64 * header.size[1] as u64);
    let pixels: u64 = pixels.fold(0, u64::saturating_add).max(1);
    let share = (most_pixels as f64 / pixels as f64).min(1.0);
    let most = (found.len() as f64 * share).floor().min(most as f64);
    spread(found.len(), (most as usize).max(SAMPLE))
}

/// So many of `count` places, spread evenly.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let chosen = count.min(most);
    (0..chosen).map(|number| number * count / chosen).collect()
}

/// Does work for many places, some at once, and tells how many are done.
fn in_chunks<T: Send>(
    count: usize,
    chunk: usize,
    mut tell: impl FnMut(usize),
    work: impl Fn(usize) -> Result<T, DatasetError> + Sync,
) -> Vec<Result<T, DatasetError>> {
    let mut done = Vec::with_capacity(count);
    while done.len() < count {
        let end = count.min(done.len() + chunk);
        done.par_extend((done.len()..end).into_par_iter().map(&work));
        tell(done.len());
    }
    done
}

impl Sizes {
    fn of(mut sizes: Vec<[usize; 2]>) -> Option<Self> {
        sizes.sort_unstable_by_key(|size| (size[0].saturating_mul(size[1]), *size));
        let (smallest, largest) = (*sizes.first()?, *sizes.last()?);
        let median = sizes[(sizes.len() - 1) / 2];
        sizes.dedup();
        Some(Self {
            smallest,
            median,
            largest,
            different: sizes.len(),
        })
    }
}

impl Unreadable {
    fn new(root: &std::path::Path, error: DatasetError) -> Self {
        let (path, reason) = match error {
            DatasetError::Malformed {
                path,
                expected,
                found,
            } => (path, format!("expected {expected}, found {found}")),
            DatasetError::Missing { path, expected, .. } => {
                (path, format!("missing: expected {expected}"))
            }
            DatasetError::Io { path, source } => (path, source.to_string()),
            other => (root.to_path_buf(), other.to_string()),
        };
        Self {
            name: name_below(root, &path),
            reason,
        }
    }
}
