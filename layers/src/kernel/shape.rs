//! How many weights a kernel has, without sampling it.

use crate::Parameters;
use crate::group::Group;

/// The numbers of a kernel's weights, and what of it is trained beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelShape {
    /// The side of the kernel in pixels.
    pub size: usize,
    /// Weights on the plane, per pair of fields.
    pub weights: usize,
    /// Weights along H.
    pub group_weights: usize,
    /// Whether the places on the plane are trained too.
    pub(super) learned_plane: bool,
    /// Whether the places on H are.
    pub(super) learned_rotations: bool,
}

impl KernelShape {
    /// What a filter basis on the plane learns.
    pub(crate) fn on_plane(&self) -> Parameters {
        match self.learned_plane {
            true => Parameters::new().with("learned_plane.centres", [self.weights, 2]),
            false => Parameters::new(),
        }
    }

    /// What a filter basis on the group learns.
    pub(crate) fn on_group(&self) -> Parameters {
        match self.learned_rotations {
            true => self
                .on_plane()
                .with("learned_rotations.angles", [self.group_weights]),
            false => self.on_plane(),
        }
    }

    /// Numbers that a layer takes beside its parameters: the kernel under every element of the group, and the filter bank of
    /// `channels` pairs of responses. Saturates.
    pub(crate) fn filter_numbers(&self, group: &Group, responses: [usize; 2]) -> usize {
        let taps = self.size.saturating_mul(self.size);
        let basis = group
            .order()
            .saturating_mul(taps)
            .saturating_mul(self.weights);
        let bank = responses[0]
            .saturating_mul(responses[1])
            .saturating_mul(taps);
        basis.saturating_add(bank)
    }
}
