//! How many weights a kernel has, without sampling it.

use crate::Parameters;
use crate::kernel::{KernelSize, Spaces};

/// The numbers of a kernel's weights, and what of it is trained beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KernelShape {
    /// Height and width.
    pub(crate) size: KernelSize,
    /// Weights on the plane, per pair of fields.
    pub(crate) weights: usize,
    /// Weights along H, 1 on the plane.
    pub(crate) group_weights: usize,
    /// What it learns beside its weights.
    pub(crate) learned: Parameters,
    /// Numbers that are kept for each tap of each turned kernel and each weight: its value, and what a network computes before.
    pub(crate) numbers_per_value: usize,
}

impl KernelShape {
    /// Of a kernel that learns nothing but its weights.
    pub(crate) fn linear(size: KernelSize, [group_weights, weights]: [usize; 2]) -> Self {
        Self {
            size,
            weights,
            group_weights,
            learned: Parameters::new(),
            numbers_per_value: 1,
        }
    }

    /// Numbers that a layer with `[channels_in, channels_out]` takes beside its parameters: the kernel under every element of
    /// the group, and its bank. Saturates.
    /// `windows` are those of the responses' elements.
    pub(crate) fn numbers(
        &self,
        spaces: &Spaces,
        [c_in, c_out]: [usize; 2],
        windows: &[KernelSize],
    ) -> usize {
        let product =
            |factors: &[usize]| factors.iter().fold(1, |n, &m| usize::saturating_mul(n, m));
        let taps = windows.iter().map(|window| window.taps());
        let taps = taps.fold(0, usize::saturating_add);
        let turned = product(&[taps, self.weights, self.numbers_per_value]);
        let responses = match spaces {
            Spaces::Isotropic(_) => self.size.taps(),
            Spaces::Lifting(_) | Spaces::Group { .. } => taps,
        };
        let bank = product(&[responses, c_out, spaces.order_in(), c_in]);
        turned.saturating_add(bank)
    }
}
