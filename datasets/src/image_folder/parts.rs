//! The pictures of a folder in splits.

use std::path::PathBuf;

use super::ImageFolderConfig;
use super::layout::Layout;
use super::listing::{Listed, Listing};
use super::origin::Origin;
use crate::DatasetError;
use crate::deal::{Card, Dealing, deal};
use crate::images::{Split, part};

/// The pictures of a split, or all of them.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) files: Vec<Listed>,
    /// The number of each picture's group, where pictures belong together.
    pub(super) groups: Option<Vec<u32>>,
    /// The folder or the table that they are from.
    pub(super) place: PathBuf,
    /// Whether bytes hold the values of all pictures.
    pub(super) is_bytes: bool,
}

/// The parts that are read, and what is said about them.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    pub(super) classes: Vec<String>,
    /// Where they come from, in a sentence.
    pub(super) origin: String,
}

impl Part {
    /// What the pictures are dealt by: their classes, or what stands in for them.
    fn strata(&self) -> Vec<u8> {
        self.files.iter().map(Listed::stratum).collect()
    }

    /// Keeps the pictures at some places.
    fn keep(&mut self, places: &[usize]) {
        self.files = places.iter().map(|at| self.files[*at].clone()).collect();
        if let Some(groups) = &mut self.groups {
            *groups = places.iter().map(|at| groups[*at]).collect();
        }
    }
}

impl ImageFolderConfig {
    /// The pictures of all three splits, each by itself: of training images a share.
    pub(super) fn three_parts(&self) -> Result<Parts, DatasetError> {
        self.parts(Layout::of(self)?, &Split::THREE, self.train_fraction)
    }

    /// The pictures of one split; with [`Split::All`] every picture that is there.
    pub(super) fn parts_of(&self, split: Split) -> Result<Parts, DatasetError> {
        let layout = Layout::of(self)?;
        if split != Split::All {
            return self.parts(layout, &[split], self.train_fraction);
        }
        if layout == Layout::Splits {
            let is_there = |split: &Split| self.path.join(split.to_string()).is_dir();
            let there: Vec<Split> = Split::THREE.into_iter().filter(is_there).collect();
            return self.parts(layout, &there, 1.0);
        }
        let place = self.place(&layout, Split::All);
        let listing = Listing::of(self, layout, &[], &mut Err)?;
        let mut origin = Origin::new(self, &listing.layout);
        origin.passed_over(listing.passed_over.values().sum());
        origin.unknown(self.target.as_ref(), &listing.files);
        let numbers = group_numbers(&listing.files);
        let part = Part {
            groups: numbers,
            files: listing.files,
            place,
            is_bytes: true,
        };
        check_is_not_empty(&part)?;
        Ok(Parts {
            parts: vec![part],
            classes: listing.classes,
            origin: origin.words(),
        })
    }

    fn place(&self, layout: &Layout, split: Split) -> PathBuf {
        match layout {
            Layout::Splits => self.path.join(split.to_string()),
            Layout::Classes => self.path.clone(),
            Layout::Table(table) => self.path.join(table),
        }
    }

    fn parts(&self, layout: Layout, wanted: &[Split], share: f64) -> Result<Parts, DatasetError> {
        // The numbers of groups are the same whatever is read, so all splits are looked at.
        let is_there = |split: &Split| self.path.join(split.to_string()).is_dir();
        let listed: Vec<Split> = match self.groups {
            Some(_) => Split::THREE
                .into_iter()
                .filter(|split| wanted.contains(split) || is_there(split))
                .collect(),
            None => wanted.to_vec(),
        };
        let listing = Listing::of(self, layout, &listed, &mut Err)?;
        let mut origin = Origin::new(self, &listing.layout);
        let places = self.dealt(&listing, &mut origin)?;
        let numbers = group_numbers(&listing.files);
        let mut parts = Vec::with_capacity(wanted.len());
        for split in wanted {
            let chosen = &places[*split as usize];
            let files = chosen.iter().map(|at| listing.files[*at].clone());
            let groups = numbers.as_ref().map(|all| {
                let chosen = chosen.iter().map(|at| all[*at]);
                chosen.collect()
            });
            let mut part = Part {
                files: files.collect(),
                groups,
                place: self.place(&listing.layout, *split),
                is_bytes: true,
            };
            check_is_not_empty(&part)?;
            origin.classes_missing(&part.strata(), &listing.classes, *split);
            if *split == Split::Train {
                part.keep(&part::places(&part.strata(), share, self.seed));
            }
            parts.push(part);
        }
        origin.straddling(numbers.as_deref(), &places);
        origin.unknown(
            self.target.as_ref(),
            parts.iter().flat_map(|part| &part.files),
        );
        let passed_over = listing.passed_over.iter();
        let passed_over =
            passed_over.filter(|(split, _)| split.is_none_or(|s| wanted.contains(&s)));
        origin.passed_over(passed_over.map(|(_, count)| count).sum());
        Ok(Parts {
            parts,
            classes: listing.classes,
            origin: origin.words(),
        })
    }

    /// The places of the pictures of each split: as the folder says, or dealt.
    fn dealt(
        &self,
        listing: &Listing,
        origin: &mut Origin,
    ) -> Result<[Vec<usize>; 3], DatasetError> {
        let is_said = listing.files.iter().any(|file| file.split.is_some());
        if is_said || listing.layout == Layout::Splits {
            let (given, place) = match &listing.layout {
                Layout::Table(table) => ("a column `split`", self.path.join(table)),
                _ => ("folders of splits", self.path.clone()),
            };
            self.check_is_not_dealt(given, &place)?;
            return Ok(Split::THREE.map(|split| {
                let files = listing.files.iter().enumerate();
                let own = files.filter(|(_, file)| file.split == Some(split));
                own.map(|(place, _)| place).collect()
            }));
        }
        let cards: Vec<Card> = listing
            .files
            .iter()
            .map(|file| Card {
                name: &file.name,
                class: file.stratum(),
                group: file.group.as_deref(),
            })
            .collect();
        let how = self.dealing()?;
        let dealt = deal(&cards, how, self.seed);
        self.check_dealt(listing, how, &dealt)?;
        origin.dealt(how, self.seed, &cards);
        Ok(dealt)
    }

    /// Whether training has every class, and every split a picture.
    fn check_dealt(
        &self,
        listing: &Listing,
        how: Dealing,
        dealt: &[Vec<usize>; 3],
    ) -> Result<(), DatasetError> {
        let mut trained = vec![false; listing.classes.len()];
        for place in &dealt[0] {
            // Numbers and labels have no classes that training could lack.
            if let Some(trained) = trained.get_mut(usize::from(listing.files[*place].class)) {
                *trained = true;
            }
        }
        if let Some(class) = trained.iter().position(|is_trained| !is_trained) {
            return Err(self.untrained(listing, how, class));
        }
        if dealt.iter().all(|split| !split.is_empty()) {
            return Ok(());
        }
        let empty = dealt.iter().position(Vec::is_empty).unwrap_or(0);
        let [train, valid, test] = dealt.each_ref().map(Vec::len);
        let expected = format!(
            "enough pictures, or groups of them, for {} too",
            Split::THREE[empty]
        );
        let found = format!("{train} for training, {valid} for validation, {test} for testing");
        Err(DatasetError::malformed(&self.path, expected, found))
    }

    /// What is wrong with a class that training did not get.
    fn untrained(&self, listing: &Listing, how: Dealing, class: usize) -> DatasetError {
        let name = &listing.classes[class];
        let of_class = listing.files.iter();
        let of_class = of_class.filter(|file| usize::from(file.class) == class);
        let of_class: Vec<&Listed> = of_class.collect();
        let mut groups: Vec<&str> = of_class.iter().filter_map(|f| f.group.as_deref()).collect();
        groups.sort_unstable();
        groups.dedup();
        let (what, found) = match groups.len() {
            0 => ("pictures", of_class.len().to_string()),
            count => (
                "groups",
                format!("{count} with {} pictures", of_class.len()),
            ),
        };
        let expected = match how {
            Dealing::Shares(_) => format!("a picture of class {name} for training"),
            Dealing::Fold { folds, .. } => format!(
                "{what} of class {name} for training in each of {folds} folds, so at least 2 of them"
            ),
        };
        DatasetError::malformed(&self.path, expected, found)
    }
}

fn check_is_not_empty(part: &Part) -> Result<(), DatasetError> {
    if part.files.is_empty() {
        return Err(DatasetError::malformed(
            &part.place,
            "at least one picture",
            "none",
        ));
    }
    Ok(())
}

/// A number for each picture's group, in the order of their names; none where pictures have no groups.
fn group_numbers(files: &[Listed]) -> Option<Vec<u32>> {
    let names: Option<Vec<&str>> = files.iter().map(|file| file.group.as_deref()).collect();
    let names = names.filter(|names| !names.is_empty())?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let number = |name: &&str| sorted.binary_search(name).unwrap_or(0) as u32;
    Some(names.iter().map(number).collect())
}
