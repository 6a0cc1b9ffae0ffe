//! Under which elements a kernel is sampled, and how large it is there.

use super::KernelSize;
use super::spaces::Relatives;

/// The windows of a kernel's responses, and which relative element each pair of response and input has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    windows: Vec<KernelSize>,
    relative: usize,
    pairs: Vec<Option<usize>>,
}

impl Layout {
    pub(super) fn new(windows: Vec<KernelSize>, relatives: Relatives) -> Self {
        Self {
            windows,
            relative: relatives.count(),
            pairs: relatives.pairs,
        }
    }

    /// Height and width of the kernel under every element.
    pub(super) fn windows(&self) -> &[KernelSize] {
        &self.windows
    }

    /// How many relative elements h⁻¹h' there are, of each of which the kernel has a value at every tap; 1 on the plane.
    pub(super) fn relative(&self) -> usize {
        self.relative
    }

    /// Which relative element each pair of response and input has, `h · order_in + h'`; none where the kernel is zero.
    pub(super) fn pairs(&self) -> &[Option<usize>] {
        &self.pairs
    }
}
