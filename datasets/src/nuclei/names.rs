//! Tissue images, and other scenes, by name.

/// The most images that a folder may have.
pub(crate) const MOST_IMAGES: usize = 100_000;

/// A tissue image of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TissueName {
    /// How it was stained, as `index.csv` says; empty where nothing is known.
    pub stain: String,
    /// The name of its file without `.png`.
    pub name: String,
}
