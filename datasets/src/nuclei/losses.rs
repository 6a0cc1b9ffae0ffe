//! What images do not give: patches that were asked for, and classes that their labels do not have.
//!
//! A set that is smaller or other than it was meant to be says so in its description.

use std::fmt;

use super::{CLASS_NAMES, CLASSES};

/// How many images a sentence names.
const NAMED: usize = 3;

/// What the images of a data set do not give.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// Patches that images would give if each had enough of each class.
    wanted: usize,
    /// Patches that they gave.
    given: usize,
    images: usize,
    /// Images whose labels lack a class, or none of whose pixels a patch fits around: no patch is from them.
    empty: [Vec<String>; CLASSES],
    /// Images whose labels are masks.
    masks: Vec<String>,
}

impl Losses {
    pub(super) fn new(wanted: usize, given: usize) -> Self {
        Self {
            wanted,
            given,
            ..Self::default()
        }
    }

    /// Counts an image, by the number of places for patches of each class and whether its labels are a mask. One without a class is named for the first that it lacks, interior before border: without the one
    /// there may still be the other.
    pub(super) fn look_at(&mut self, name: &str, places: [usize; CLASSES], is_mask: bool) {
        self.images += 1;
        if let Some(class) = (0..CLASSES).find(|class| places[*class] == 0) {
            self.empty[class].push(name.to_string());
        }
        if is_mask {
            self.masks.push(name.to_string());
        }
    }

    /// Takes those of another split in.
    pub(super) fn add(&mut self, other: Self) {
        self.wanted += other.wanted;
        self.given += other.given;
        self.images += other.images;
        for (own, more) in self.empty.iter_mut().zip(other.empty) {
            own.extend(more);
            own.sort();
        }
        self.masks.extend(other.masks);
        self.masks.sort();
    }
}

impl fmt::Display for Losses {
    /// A sentence each, behind a semicolon; nothing where nothing is lost.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, .. } = self;
        if self.given < self.wanted {
            write!(
                f,
                "; {} patches instead of {}, because images have too few pixels of some class",
                self.given, self.wanted
            )?;
        }
        for (class, names) in self.empty.iter().enumerate() {
            if !names.is_empty() {
                write!(
                    f,
                    "; {} of {images} images give no patch, having no {} that one fits around ({})",
                    names.len(),
                    CLASS_NAMES[class],
                    some(names)
                )?;
            }
        }
        if !self.masks.is_empty() {
            write!(
                f,
                "; {} of {images} labels are masks ({}): one number for several nuclei, so that those that touch have \
                 no border between them; number each nucleus, for example by scipy.ndimage.label",
                self.masks.len(),
                some(&self.masks)
            )?;
        }
        Ok(())
    }
}

/// The first of some names.
pub(crate) fn some(names: &[String]) -> String {
    let mut text = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        text.push_str(" …");
    }
    text
}
