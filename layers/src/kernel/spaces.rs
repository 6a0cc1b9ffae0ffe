//! Between which spaces a kernel maps: which samples of H its responses and its inputs have.
//!
//! ```text
//! ℝ² → ℝ²    one kernel, constant under H
//! ℝ² → G     k(h⁻¹z) for every h
//! G → G      k(h⁻¹z, h⁻¹h') for every h and h'
//! ```
//!
//! Responses and inputs may be sampled differently: over C4 from C8, or the other way round. The kernel is then a function
//! of h⁻¹h' all the same, and equivariant under what both have in common. Along an axis that ends, as that of scales does,
//! a kernel may see fewer steps than there are, its range:
//!
//! ```text
//! a weight per sample     0 ≤ steps of h⁻¹h' < range        scales from the response's own on, coarser ones
//! a function on H         |steps of h⁻¹h'| < range          both sides
//! ```

use crate::error::LayerError;
use crate::group::{Coordinates, Group};

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
        /// How many samples a kernel sees along an axis that ends, the response's own among them.
        range: Option<usize>,
    },
}

/// The elements h⁻¹h' that a kernel is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Relatives {
    /// Where they lie; nothing on the plane, where there is one.
    pub(super) places: Vec<Coordinates>,
    /// Which of them each pair of response and input has, `h · order_in + h'`; none where the kernel is zero. On the plane
    /// there is one pair for every h.
    pub(super) pairs: Vec<Option<usize>>,
}

impl Relatives {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.places.len().max(1)
    }
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
            Self::Group { output, input, .. } if output.order() > input.order() => Some(output),
            Self::Group { input, .. } => Some(input),
        }
    }

    /// Whether one of the two samplings holds the other.
    pub(crate) fn validate(&self) -> Result<(), LayerError> {
        let (
            Self::Group {
                output,
                input,
                range,
            },
            Some(larger),
        ) = (self, self.relative())
        else {
            return match self {
                Self::Isotropic(group) if !group.is_closed() => {
                    Err(LayerError::IsotropicUnderScale {
                        group: group.name().into(),
                    })
                }
                _ => Ok(()),
            };
        };
        if *range == Some(0) {
            return Err(LayerError::Zero { what: "the range" });
        }
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

    /// The relative elements of a kernel that has a weight for each of them: samples.
    pub(super) fn samples(&self) -> Relatives {
        self.relatives(false)
    }

    /// The relative elements of a kernel that is a function on H: whatever lies between any two samples.
    pub(super) fn differences(&self) -> Relatives {
        self.relatives(true)
    }

    fn relatives(&self, beyond_samples: bool) -> Relatives {
        let (
            Self::Group {
                output,
                input,
                range,
            },
            Some(larger),
        ) = (self, self.relative())
        else {
            return Relatives {
                places: Vec::new(),
                pairs: vec![Some(0); self.order_out()],
            };
        };
        let is_near = |place: &Coordinates| {
            let along = larger.axes().iter().zip(&place.steps);
            let ends = along.filter(|(axis, _)| axis.period.is_none());
            range.is_none_or(|range| {
                ends.into_iter()
                    .all(|(_, steps)| steps.abs() < range as f64)
            })
        };
        let near = |g: &usize| is_near(larger.place(*g));
        let samples: Vec<usize> = larger.elements().filter(near).collect();
        let mut index_of = vec![None; larger.order()];
        for (index, &g) in samples.iter().enumerate() {
            index_of[g] = Some(index);
        }
        let mut places: Vec<Coordinates> =
            samples.iter().map(|&g| larger.place(g).clone()).collect();
        let place = |group: &Group| -> Vec<Option<usize>> {
            let matrices = group.elements().map(|h| group.matrix(h));
            matrices.map(|matrix| larger.element_of(matrix)).collect()
        };
        let (responses, inputs) = (place(output), place(input));
        let mut pairs = Vec::with_capacity(responses.len() * inputs.len());
        for &h in &responses {
            for &k in &inputs {
                pairs.push(match (h, k) {
                    (Some(h), Some(k)) => match larger.relative(h, k) {
                        Some(g) => index_of[g],
                        None if beyond_samples => {
                            let between = larger.coordinates(h, k);
                            let known = places.iter().position(|place| *place == between);
                            let is_new = known.is_none() && is_near(&between);
                            if is_new {
                                places.push(between);
                            }
                            known.or(is_new.then(|| places.len() - 1))
                        }
                        None => None,
                    },
                    _ => None,
                });
            }
        }
        Relatives { places, pairs }
    }
}
