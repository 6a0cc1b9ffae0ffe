//! What a description says about where the images of a folder come from.

use super::ImageFolderConfig;
use super::layout::Layout;
use super::listing::Listed;
use super::targets::TargetColumns;
use crate::deal::{Card, Dealing};
use crate::images::Split;

/// How many names a note has at most.
const NAMED: usize = 5;

/// What a description says about where images come from.
pub(super) struct Origin {
    notes: Vec<String>,
}

impl Origin {
    /// The place.
    pub(super) fn new(config: &ImageFolderConfig, layout: &Layout) -> Self {
        let path = config.path.display();
        let place = match layout {
            Layout::Table(table) => format!("{path}, by its table {table}"),
            _ => path.to_string(),
        };
        Self { notes: vec![place] }
    }

    /// How pictures were dealt.
    pub(super) fn dealt(&mut self, how: Dealing, seed: u64, cards: &[Card]) {
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
    pub(super) fn classes_missing(&mut self, labels: &[u8], classes: &[String], split: Split) {
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
    pub(super) fn straddling(&mut self, numbers: Option<&[u32]>, places: &[Vec<usize>; 3]) {
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

    /// Numbers or labels that are not known of some pictures.
    pub(super) fn unknown<'a>(
        &mut self,
        target: Option<&TargetColumns>,
        files: impl IntoIterator<Item = &'a Listed>,
    ) {
        let Some(target) = target else {
            return;
        };
        let mut counts = vec![0usize; target.names().len()];
        for known in files.into_iter().filter_map(|file| file.known.as_ref()) {
            for (count, value) in counts.iter_mut().zip(&known.values) {
                *count += usize::from(value.is_nan());
            }
        }
        let missing = target.names().iter().zip(counts);
        let missing = missing.filter(|(_, count)| *count > 0);
        let words: Vec<String> = missing
            .map(|(name, count)| format!("{name} of {count}"))
            .collect();
        let more = match words.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !words.is_empty() {
            let named = words[..words.len().min(NAMED)].join(", ");
            self.notes
                .push(format!("not known: {named}{more} pictures"));
        }
    }

    /// Hidden and system files.
    pub(super) fn passed_over(&mut self, count: usize) {
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

    /// All of it, as a sentence.
    pub(super) fn words(self) -> String {
        self.notes.join("; ")
    }
}
