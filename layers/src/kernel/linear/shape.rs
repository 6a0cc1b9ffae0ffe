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
    /// Whether the places on H are.
    pub(crate) learned_rotations: bool,
}

impl KernelShape {
    /// What a kernel learns beside its weights.
    pub(crate) fn parameters(&self) -> Parameters {
        let mut parameters = Parameters::new();
        if self.learned_plane {
            parameters = parameters.with("learned_plane.centres", [self.weights, 2]);
        }
        if self.learned_rotations {
            parameters = parameters.with("learned_rotations.angles", [self.group_weights]);
        }
        parameters
    }

    /// Numbers that a layer with `[channels_in, channels_out]` takes beside its parameters: the kernel under every element of
    /// the group, and its bank. Saturates.
    pub(crate) fn numbers(&self, spaces: &Spaces, [c_in, c_out]: [usize; 2]) -> usize {
        let product =
            |factors: &[usize]| factors.iter().fold(1, |n, &m| usize::saturating_mul(n, m));
        let taps = self.size.taps();
        let turned = product(&[spaces.turning().order(), taps, self.weights]);
        let bank = product(&[spaces.order_out(), c_out, spaces.order_in(), c_in, taps]);
        turned.saturating_add(bank)
    }
}
