//! What is odd about the masks of a data set, for its description.

use std::fmt;

use crate::nuclei::losses::some;

/// Masks that are allowed and are worth a sentence.
#[derive(Debug, Default)]
pub(super) struct Notes {
    images: usize,
    /// Images without an instance.
    empty: Vec<String>,
    /// Masks with one number for several instances.
    merged: Vec<String>,
}

impl Notes {
    /// Counts an image, by whether its mask is empty and whether it does not tell instances apart.
    pub(super) fn look_at(&mut self, name: &str, is_empty: bool, is_merged: bool) {
        self.images += 1;
        if is_empty {
            self.empty.push(name.to_string());
        }
        if is_merged {
            self.merged.push(name.to_string());
        }
    }

    /// Takes those of another split in.
    pub(super) fn add(&mut self, other: Self) {
        self.images += other.images;
        for (own, more) in [
            (&mut self.empty, other.empty),
            (&mut self.merged, other.merged),
        ] {
            own.extend(more);
            own.sort();
        }
    }
}

impl fmt::Display for Notes {
    /// A sentence each, behind a semicolon; nothing where nothing is odd.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, .. } = self;
        if !self.empty.is_empty() {
            let (count, named) = (self.empty.len(), some(&self.empty));
            write!(f, "; {count} of {images} masks are empty ({named})")?;
        }
        if !self.merged.is_empty() {
            let (count, named) = (self.merged.len(), some(&self.merged));
            write!(
                f,
                "; {count} of {images} masks have one number for several instances ({named}), so that those that touch have no \
                 border between them; number each, for example by scipy.ndimage.label"
            )?;
        }
        Ok(())
    }
}
