//! Folders of images: people's own pictures or patches.
//!
//! ```text
//! PATH/train/CLASS/*.png      what the weights are fitted to           a folder for each split, and in it one for each class
//! PATH/valid/CLASS/*.jpg      what choices are made on
//! PATH/test/CLASS/*.tiff      what is measured at the end
//!
//! PATH/CLASS/*.png            dealt to training, validation and test   a folder for each class
//!
//! PATH/labels.csv             the same, or split by the table          a table with the columns file, class, group, split,
//!                                                                      or of numbers or labels in place of class
//! ```
//!
//! Classes are the names of the folders in `train`, or those of the folder or the table, sorted; a class may be missing in the
//! validation and test splits, which the description says, and not in training. Names that differ in
//! their Unicode form alone (é as one character or as two, as some file systems write it) are one name. Files are pictures of
//! any kind that [`picture`](crate::picture) reads, in any mixture, and sorted by name; hidden files and those that file
//! managers leave are passed over and counted. Pictures have one size, or are brought to one
//! ([`ImageFolderConfig::size`]): what that does to the smallest structures is the user's decision. Pictures of 8 bits stay
//! bytes; a deeper one makes floats of all, and so does a stretch. What is in a folder says a [`Survey`], before any decision.
//! `docs/pictures.md` says the same to users.

mod below;
mod config;
mod groups;
mod layout;
mod listing;
mod origin;
mod parts;
mod read;
mod size;
mod strata;
mod survey;
mod table;
mod targets;

use std::path::Path;
use std::sync::Arc;

pub use self::below::{files_below, is_picture, read_labels, read_targets};
pub use self::config::{Channels, ImageFolderConfig};
pub use self::layout::Layout;
use self::read::Reader;
pub use self::size::PictureSize;
pub use self::survey::{
    ClassCount, Colours, Confidence, Depths, Duplicates, GroupGuess, SamePictures, Sizes, Survey,
    Unreadable, Values,
};
pub use self::targets::{TargetColumns, TargetGuess};
use crate::DatasetError;
pub use crate::entries::is_same_class;
use crate::images::{ImageDataset, ImageSource, Places, Split, SplitImages, Splits, TargetKind};
use crate::picture::{PictureLimits, Preparation};

/// The name that reports use.
const NAME: &str = "images of a folder";

/// How large a picture may be.
const LIMITS: &PictureLimits = &PictureLimits::DATASET;

impl ImageSource for ImageFolderConfig {
    /// The folder is looked for when it is read, and may still be named.
    fn validate(&self) -> Result<(), DatasetError> {
        self.check()
    }

    /// Writes down the channels and, where the folder is there, the table that are meant.
    fn resolve(&mut self) -> Result<(), DatasetError> {
        self.check()?;
        self.channels = self.wanted_channels();
        self.grey = None;
        if self.channels == Channels::Auto {
            self.channels = read::channels_of_files(self)?;
        }
        let is_there = !self.path.as_os_str().is_empty() && self.path.is_dir();
        let layout = is_there
            .then(|| Layout::of(self))
            .transpose()
            .ok()
            .flatten();
        if let Some(Layout::Table(table)) = layout {
            self.labels = Some(table);
        }
        Ok(())
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        self.check_path()?;
        let mut read = self.three_parts()?;
        let reader = Reader::new(self, &read.classes, &mut read.parts)?;
        let [train, valid, test] = &read.parts[..] else {
            let expected = "three splits";
            return Err(DatasetError::setting("split", expected, read.parts.len()));
        };
        let [train, valid, test] = [train, valid, test].map(|part| reader.read(part));
        let splits = Splits::new(NAME, &read.origin, train?, valid?, test?)?;
        self.check_varied(&splits)?;
        Ok(splits)
    }

    /// [`Split::All`] is every picture that is there, of every split.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        self.check_path()?;
        let mut read = self.parts_of(split)?;
        let reader = Reader::new(self, &read.classes, &mut read.parts)?;
        let images = read.parts.iter().map(|part| reader.read(part));
        Ok(SplitImages {
            images: Arc::new(ImageDataset::joined(images.collect::<Result<_, _>>()?)?),
            origin: read.origin,
        })
    }

    /// Turns to another folder, whatever its layout: by its table, if it has one of that name, and without groups, which are
    /// named by files that are not there.
    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        (self.path, self.train_fraction, self.groups) = (path.into(), 1.0, None);
        let has = |table: &String| path.join(table).is_file();
        self.labels = self.labels.take().filter(has);
        Ok(())
    }

    fn places(&self) -> Places {
        Places {
            path: Some(self.path.clone()),
            cache: None,
        }
    }

    fn set_places(&mut self, places: Places) {
        self.path = places.path.unwrap_or_default();
    }

    fn needs_a_place(&self) -> bool {
        true
    }

    fn shape(&self) -> Option<[usize; 3]> {
        let [height, width] = self.size?.height_and_width();
        let channels = match self.wanted_channels() {
            Channels::Auto => return None,
            Channels::Grey => 1,
            Channels::Colour => 3,
        };
        Some([channels, height, width])
    }

    fn targets(&self) -> Option<TargetKind> {
        self.target.as_ref().map(TargetColumns::kind)
    }

    fn bring_to(&mut self, [channels, height, width]: [usize; 3]) {
        self.size.get_or_insert(PictureSize::from([height, width]));
        (self.channels, self.grey) = match channels {
            1 => (Channels::Grey, None),
            3 => (Channels::Colour, None),
            _ => (self.channels, self.grey),
        };
    }

    fn has_patches(&self) -> bool {
        true
    }

    fn preparation(&self) -> Preparation {
        Preparation {
            fit: self.fit,
            stretch: self.stretch,
        }
    }
}

impl ImageFolderConfig {
    /// Whether a folder is named and the settings make sense.
    fn check_path(&self) -> Result<(), DatasetError> {
        if self.path.as_os_str().is_empty() {
            let expected = "the folder with the pictures in it";
            return Err(DatasetError::setting("dataset.path", expected, "nothing"));
        }
        self.check()
    }

    /// Whether there is something to learn in every column that is to be learned.
    fn check_varied(&self, splits: &Splits) -> Result<(), DatasetError> {
        let Some(targets) = splits.train.targets() else {
            return Ok(());
        };
        for (at, name) in targets.names().iter().enumerate() {
            let mut values = targets.known(at);
            let first = values.next();
            if values.any(|value| Some(value) != first) {
                continue;
            }
            let table = self
                .path
                .join(self.labels.as_deref().unwrap_or(layout::TABLE));
            let count = targets.count();
            let expected =
                format!("different values in the column `{name}` of the {count} training pictures");
            let found = match first {
                Some(value) => format!("{value} alone"),
                None => "none".into(),
            };
            return Err(DatasetError::malformed(&table, expected, found));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
