//! The pictures of a folder in splits.

use std::path::PathBuf;

use super::ImageFolderConfig;
use super::deal::{Card, Dealing, deal};
use super::layout::Layout;
use super::listing::{Listed, Listing};
use crate::DatasetError;
use crate::images::{Split, part};

/// How many names a note has at most.
const NAMED: usize = 5;

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
    /// The classes of the pictures.
    fn labels(&self) -> Vec<u8> {
        self.files.iter().map(|file| file.class).collect()
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
            origin.classes_missing(&part, &listing.classes, *split);
            if *split == Split::Train {
                part.keep(&part::places(&part.labels(), share, self.seed));
            }
            parts.push(part);
        }
        origin.straddling(numbers.as_deref(), &places);
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
                class: file.class,
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
        for (class, name) in listing.classes.iter().enumerate() {
            let is_of = |file: &&Listed| usize::from(file.class) == class;
            let of_class: Vec<&Listed> = listing.files.iter().filter(is_of).collect();
            let trained = dealt[0].iter().map(|at| &listing.files[*at]);
            if trained.filter(is_of).count() > 0 {
                continue;
            }
            let mut groups: Vec<&str> =
                of_class.iter().filter_map(|f| f.group.as_deref()).collect();
            groups.sort_unstable();
            groups.dedup();
            let what = if groups.is_empty() {
                "pictures"
            } else {
                "groups"
            };
            let expected = match how {
                Dealing::Shares(_) => format!("a picture of class {name} for training"),
                Dealing::Fold { folds, .. } => format!(
                    "{what} of class {name} for training in each of {folds} folds, so at least 2 of them"
                ),
            };
            let found = match groups.len() {
                0 => of_class.len().to_string(),
                count => format!("{count} with {} pictures", of_class.len()),
            };
            return Err(DatasetError::malformed(&self.path, expected, found));
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

/// What a description says about where images come from.
struct Origin {
    notes: Vec<String>,
}

impl Origin {
    fn new(config: &ImageFolderConfig, layout: &Layout) -> Self {
        let path = config.path.display();
        let place = match layout {
            Layout::Table(table) => format!("{path}, by its table {table}"),
            _ => path.to_string(),
        };
        Self { notes: vec![place] }
    }

    fn dealt(&mut self, how: Dealing, seed: u64, cards: &[Card]) {
        let mut groups: Vec<&str> = cards.iter().filter_map(|card| card.group).collect();
        groups.sort_unstable();
        groups.dedup();
        let whole = match groups.len() {
            0 => String::new(),
            count => format!(" in {count} whole groups"),
        };
        self.notes.push(match how {
            Dealing::Shares(shares) => {
                let [train, valid, test] = shares.map(|share| (share * 1000.0).round() / 10.0);
                format!("dealt {train}, {valid} and {test} %{whole} with seed {seed}")
            }
            Dealing::Fold { fold, folds } => {
                format!("fold {fold} of 0 to {}{whole} with seed {seed}", folds - 1)
            }
        });
    }

    /// Classes without pictures in a split.
    fn classes_missing(&mut self, part: &Part, classes: &[String], split: Split) {
        let labels = part.labels();
        let missing = classes.iter().enumerate();
        let missing = missing.filter(|(class, _)| !labels.contains(&(*class as u8)));
        let missing: Vec<&str> = missing.map(|(_, name)| &name[..]).collect();
        if missing.is_empty() {
            return;
        }
        let named = missing[..missing.len().min(NAMED)].join(", ");
        let more = match missing.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        self.notes
            .push(format!("no pictures of {named}{more} in {split}"));
    }

    /// Groups that are in several splits.
    fn straddling(&mut self, numbers: Option<&[u32]>, places: &[Vec<usize>; 3]) {
        let Some(numbers) = numbers else {
            return;
        };
        let mut found: Vec<(u32, usize)> = Vec::with_capacity(numbers.len());
        for (split, places) in places.iter().enumerate() {
            found.extend(places.iter().map(|place| (numbers[*place], split)));
        }
        found.sort_unstable();
        found.dedup();
        let twice = found.chunk_by(|one, next| one.0 == next.0);
        match twice.filter(|splits| splits.len() > 1).count() {
            0 => {}
            1 => self.notes.push("1 group is in several splits".into()),
            count => self
                .notes
                .push(format!("{count} groups are in several splits")),
        }
    }

    fn passed_over(&mut self, count: usize) {
        match count {
            0 => {}
            1 => self
                .notes
                .push("1 hidden or system file passed over".into()),
            count => self
                .notes
                .push(format!("{count} hidden or system files passed over")),
        }
    }

    fn words(self) -> String {
        self.notes.join("; ")
    }
}
