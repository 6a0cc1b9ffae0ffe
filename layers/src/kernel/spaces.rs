//! Between which spaces a kernel maps: which samples of H its responses and its inputs have.
//!
//! ```text
//! ℝ² → ℝ²    one kernel, constant under H
//! ℝ² → G     k(h⁻¹z) for every h
//! G → G      k(h⁻¹z, h⁻¹h') for every h and h'
//! ```
//!
//! Responses and inputs may be sampled differently: over C4 from C8, or the other way round. The kernel is then a function
//! of h⁻¹h' all the same, and equivariant under what both have in common.

use crate::error::LayerError;
use crate::group::Group;

/// The spaces that a kernel maps between, with their samplings of H.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spaces<'a> {
    /// ℝ² → ℝ².
    Isotropic(&'a Group),
    /// ℝ² → G.
    Lifting(&'a Group),
    /// G → G.
    Group {
        /// The samples of the responses.
        output: &'a Group,
        /// The samples of what they are responses to.
        input: &'a Group,
    },
}

impl<'a> Spaces<'a> {
    /// The samples under which the kernel is turned.
    pub(super) fn turning(&self) -> &'a Group {
        match *self {
            Self::Isotropic(group) | Self::Lifting(group) => group,
            Self::Group { output, .. } => output,
        }
    }

    /// How many samples the responses have.
    pub(crate) fn order_out(&self) -> usize {
        match self {
            Self::Isotropic(_) => 1,
            Self::Lifting(_) | Self::Group { .. } => self.turning().order(),
        }
    }

    /// How many samples the inputs have.
    pub(crate) fn order_in(&self) -> usize {
        match self {
            Self::Isotropic(_) | Self::Lifting(_) => 1,
            Self::Group { input, .. } => input.order(),
        }
    }

    /// The group that holds every h⁻¹h': the one with more samples.
    pub(super) fn relative(&self) -> Option<&'a Group> {
        match *self {
            Self::Isotropic(_) | Self::Lifting(_) => None,
            Self::Group { output, input } if output.order() > input.order() => Some(output),
            Self::Group { input, .. } => Some(input),
        }
    }

    /// Whether one of the two samplings holds the other.
    pub(crate) fn validate(&self) -> Result<(), LayerError> {
        let (Self::Group { output, input }, Some(larger)) = (self, self.relative()) else {
            return Ok(());
        };
        let held = |group: &Group| {
            let mut elements = group.elements();
            elements.all(|h| larger.element_of(group.matrix(h)).is_some())
        };
        if output == input || (held(output) && held(input)) {
            return Ok(());
        }
        Err(LayerError::Samplings {
            output: output.name().into(),
            input: input.name().into(),
        })
    }

    /// Which sample of [`relative`](Self::relative) h⁻¹h' is, for every pair of response and input, `h · order_in + h'`;
    /// none where a sampling ends before. On the plane there is one pair for every h.
    pub(super) fn pairs(&self) -> Vec<Option<usize>> {
        let (Self::Group { output, input }, Some(larger)) = (self, self.relative()) else {
            return vec![Some(0); self.order_out()];
        };
        let place = |group: &Group| -> Vec<Option<usize>> {
            let matrices = group.elements().map(|h| group.matrix(h));
            matrices.map(|matrix| larger.element_of(matrix)).collect()
        };
        let (responses, inputs) = (place(output), place(input));
        let relative = |h: Option<usize>, k: Option<usize>| larger.relative(h?, k?);
        let row = |&h: &Option<usize>| inputs.iter().map(move |&k| relative(h, k)).collect();
        let rows: Vec<Vec<Option<usize>>> = responses.iter().map(row).collect();
        rows.concat()
    }
}
