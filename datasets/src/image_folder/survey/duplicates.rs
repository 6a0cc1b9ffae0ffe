//! Pictures of a folder that are the same, pixel by pixel.

use serde::Serialize;

use crate::identity::Identity;
use crate::image_folder::listing::Listed;
use crate::images::Split;
use crate::picture::{Picture, Samples};

/// The most names of a set that are kept.
const NAMED: usize = 10;

/// Pictures that are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Sets of same pictures: those in several classes first, then those in several splits; the first hundred of them.
    pub sets: Vec<SamePictures>,
    /// How many sets there are.
    pub set_count: usize,
    /// How many pictures could be left out: all of each set but one.
    pub extra: usize,
    /// How many sets are in several classes: one of their labels is wrong.
    pub across_classes: usize,
    /// How many sets are in several splits, where the folder says them: a test on them measures memory.
    pub across_splits: usize,
}

/// Pictures with the same pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SamePictures {
    /// Their paths below the folder, the first ten of them.
    pub names: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// The classes that they are in.
    pub classes: Vec<String>,
    /// The splits that they are in, where the folder says them.
    pub splits: Vec<Split>,
}

/// What a picture is: equal where its size, channels, depth and values are.
pub(super) fn identity(picture: &Picture) -> String {
    let mut identity = Identity::of("picture");
    identity.counts(&picture.size());
    match picture.samples() {
        Samples::Bytes(bytes) => identity.bytes(bytes),
        Samples::Words(words) => identity.numbers(words.iter().map(|v| v.to_le_bytes())),
        Samples::Floats(floats) => identity.numbers(floats.iter().map(|v| v.to_le_bytes())),
    }
    identity.finish()
}

impl Duplicates {
    /// The sets among pictures with these identities, at most so many of them listed.
    pub(super) fn of(
        mut pictures: Vec<(String, &Listed)>,
        classes: &[String],
        most: usize,
    ) -> Self {
        pictures.sort_by(|one, other| {
            (one.0.cmp(&other.0)).then_with(|| one.1.name.cmp(&other.1.name))
        });
        let mut own = Self::default();
        for same in pictures.chunk_by(|one, next| one.0 == next.0) {
            if same.len() < 2 {
                continue;
            }
            let mut numbers: Vec<u8> = same.iter().map(|(_, listed)| listed.class).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let mut splits: Vec<Split> = same.iter().filter_map(|(_, file)| file.split).collect();
            splits.sort_unstable();
            splits.dedup();
            own.set_count += 1;
            own.extra += same.len() - 1;
            own.across_classes += usize::from(numbers.len() > 1);
            own.across_splits += usize::from(splits.len() > 1);
            let names = same.iter().take(NAMED).map(|(_, file)| file.name.clone());
            // Pictures of a table may have no class.
            let of_class = |class: u8| classes.get(usize::from(class)).cloned();
            own.sets.push(SamePictures {
                names: names.collect(),
                count: same.len(),
                classes: numbers.into_iter().filter_map(of_class).collect(),
                splits,
            });
        }
        own.sets.sort_by(|one, other| {
            let rank = |set: &SamePictures| (set.classes.len() < 2, set.splits.len() < 2);
            rank(one)
                .cmp(&rank(other))
                .then_with(|| one.names.cmp(&other.names))
        });
        own.sets.truncate(most);
        own
    }
}
