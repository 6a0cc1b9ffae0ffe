//! How many weights a kernel has, without sampling it.

use crate::Parameters;
use crate::kernel::{KernelSize, Spaces};

/// The numbers of a kernel's weights, and what of it is trained beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KernelShape {
    /// Height and width.
    pub(crate) size: KernelSize,
    /// Weights on the plane, per pair of fields.
    pub(crate) weights: usize,
    /// Weights along H, 1 on the plane.
    pub(crate) group_weights: usize,
    /// Whether the places on the plane are trained too.
    pub(crate) learned_plane: bool,
    /// Along how many axes of H the places on it are trained, if they are.
    pub(crate) learned_group: Option<usize>,
}

impl KernelShape {
    /// What a kernel learns beside its weights.
    pub(crate) fn parameters(&self) -> Parameters {
        let mut parameters = Parameters::new();
        if self.learned_plane {
            parameters = parameters.with("learned_plane.centres", [self.weights, 2]);
        }
        if let Some(axes) = self.learned_group {
            parameters = parameters.with("learned_group.centres", [self.group_weights, axes]);
        }
        parameters
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
        let turned = product(&[taps, self.weights]);
        let responses = match spaces {
            Spaces::Isotropic(_) => self.size.taps(),
            Spaces::Lifting(_) | Spaces::Group { .. } => taps,
        };
        let bank = product(&[responses, c_out, spaces.order_in(), c_in]);
        turned.saturating_add(bank)
    }
}
