//! Folders of clips of sound: people's own recordings, and spoken digits.
//!
//! ```text
//! PATH/CLASS/*.wav                        a folder for each class
//! PATH/{class}_{speaker}_{index}.wav      names that say the class and more, as `pattern` has it
//! ```
//!
//! A clip is a signal of one channel: an image of height 1, `[1, 1, samples]`, whose values lie between −1 and 1. Clips are WAV files
//! of any rate and any number of channels ([`Clip`] says which); all are brought to one rate and to one number of
//! samples, [`Clip::fill`](crate::Clip::fill), and the description counts those that were padded and those that lost their ends.
//! Classes are sorted by name.
//!
//! | split | settings |
//! | --- | --- |
//! | shares of the clips, all classes in proportion | `valid_fraction`, `test_fraction` |
//! | the same, with every speaker in one split | `group = "speaker"` |
//! | by what names say | `test = { index = [0, 1, 2, 3, 4] }` |
//! | one speaker is the test, of whom training hears nothing | `group = "speaker"`, `leave_out = "theo"` |
//!
//! In the last two, validation is a share of the clips that are left. Groups are numbered in the order of their names:
//! [`ImageDataset::sources`] of a clip is the number of its group.
//!
//! A stretch makes clips longer or shorter by resampling, each by its own factor, which is a function of the seed and of the clip's
//! name ([`ImageDataset::factors`]); so a network can be trained on some factors and tested on others. A motion of
//! [`Augmentation`](crate::Augmentation) moves a signal along its axis alone.
//!
//! The crate carries 36 clips of the Free Spoken Digit Dataset, which came about by Zohar Jackson and others (CC BY-SA 4.0).

mod built_in;
mod config;
mod listing;
mod pattern;
mod read;
mod split;

use std::path::Path;
use std::sync::Arc;

pub use config::{AudioFolderConfig, AudioSource, FieldValue};
use listing::Listing;
use read::Notes;

use crate::DatasetError;
use crate::clip::Clip;
use crate::images::{ImageDataset, ImageSource, Places, Split, SplitImages, Splits, part};

/// The name that reports use.
const NAME: &str = "clips of a folder";

impl AudioFolderConfig {
    /// Where the clips come from, for reports.
    fn origin(&self, listing: &Listing, dealt: Option<String>, notes: &Notes) -> String {
        let mut words = vec![match self.source {
            AudioSource::BuiltIn => "spoken digits carried by gcnn-datasets".to_string(),
            AudioSource::Folder => listing.root.display().to_string(),
        }];
        words.extend(dealt);
        words.extend(notes.words(self));
        let [train, test] = [Split::Train, Split::Test].map(|split| self.stretch_of(split));
        let range = |stretch: Option<[f64; 2]>| match stretch {
            Some([low, high]) => format!("{low} to {high}"),
            None => "1".into(),
        };
        if train.is_some() || test.is_some() {
            words.push(match train == test {
                true => format!("stretched by {}", range(train)),
                false => format!("stretched by {} (test: {})", range(train), range(test)),
            });
        }
        match listing.passed_over {
            0 => {}
            1 => words.push("1 other file passed over".into()),
            count => words.push(format!("{count} other files passed over")),
        }
        words.join("; ")
    }

    /// Reads some of the three splits: of training clips a share.
    fn parts(&self, wanted: &[Split]) -> Result<(Vec<ImageDataset>, String), DatasetError> {
        self.check()?;
        let listing = Listing::of(self)?;
        let dealt = split::dealt(self, &listing)?;
        let mut places = dealt.places;
        let labels: Vec<u8> = places[0]
            .iter()
            .map(|at| listing.clips[*at].class)
            .collect();
        let share = part::places(&labels, self.train_fraction, self.seed);
        places[0] = share.into_iter().map(|at| places[0][at]).collect();
        let clips = wanted.iter().map(|split| places[*split as usize].len());
        self.check_memory(clips.sum())?;
        let mut notes = Notes::default();
        let read = wanted
            .iter()
            .map(|split| self.read(&listing, &places[*split as usize], *split, &mut notes));
        let parts = read.collect::<Result<_, _>>()?;
        let origin = self.origin(&listing, Some(dealt.words), &notes);
        Ok((parts, origin))
    }
}

impl ImageSource for AudioFolderConfig {
    /// The folder is looked for when it is read, and may still be named.
    fn validate(&self) -> Result<(), DatasetError> {
        self.check()
    }

    fn load(&self) -> Result<Splits, DatasetError> {
        let (parts, origin) = self.parts(&Split::THREE)?;
        let [train, valid, test] = <[ImageDataset; 3]>::try_from(parts)
            .map_err(|parts| DatasetError::setting("split", "three splits", parts.len()))?;
        let mut splits = Splits::new(NAME, &origin, train, valid, test)?;
        splits.description.items = "clips".into();
        Ok(splits)
    }

    /// [`Split::All`] is every clip that is there, stretched as test clips are.
    fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        if split != Split::All {
            let (parts, origin) = self.parts(&[split])?;
            let images = Arc::new(ImageDataset::joined(parts)?);
            return Ok(SplitImages { images, origin });
        }
        self.check()?;
        let listing = Listing::of(self)?;
        self.check_memory(listing.clips.len())?;
        let places: Vec<usize> = (0..listing.clips.len()).collect();
        let mut notes = Notes::default();
        let signals = self.read(&listing, &places, split, &mut notes)?;
        Ok(SplitImages {
            images: Arc::new(signals),
            origin: self.origin(&listing, None, &notes),
        })
    }

    /// Turns to another folder, whose names are read in the same way.
    fn use_all_of(&mut self, path: &Path) -> Result<(), DatasetError> {
        if self.source == AudioSource::BuiltIn {
            self.pattern.get_or_insert_with(|| pattern::EXAMPLE.into());
        }
        (self.source, self.path) = (AudioSource::Folder, Some(path.into()));
        (self.train_fraction, self.test, self.leave_out) = (1.0, None, None);
        Ok(())
    }

    fn places(&self) -> Places {
        Places {
            path: self.path.clone(),
            cache: None,
        }
    }

    fn set_places(&mut self, places: Places) {
        self.path = places.path;
    }

    fn needs_a_place(&self) -> bool {
        self.source == AudioSource::Folder
    }

    fn shape(&self) -> Option<[usize; 3]> {
        Some([1, 1, self.samples])
    }

    fn is_example(&self, file: &Path) -> bool {
        listing::has_ending(file)
    }

    /// At the rate of the training clips and in their window, not stretched.
    fn read_example(&self, file: &Path) -> Option<Result<Vec<f32>, DatasetError>> {
        let read = || {
            let clip = Clip::read(file)?.resampled(self.rate, 1.0, file)?;
            let mut window = vec![0.0; self.samples];
            clip.fill(&mut window);
            Ok(window)
        };
        Some(self.check().and_then(|()| read()))
    }
}

#[cfg(test)]
mod tests;
