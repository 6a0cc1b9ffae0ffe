//! Grids of angles that are turned as a whole.
//!
//! ```text
//! samples     R(δ) h            of responses by δ_out, of inputs by δ_in
//! on ℝ²       k(h⁻¹ R(−δ_out) z)
//! on H        k(h⁻¹ h' R(δ_in − δ_out))
//! ```
//!
//! A kernel that is a function on H doesn't mind where its samples are. Turned by chance for every batch of a training it is
//! trained at all angles and not at N of them; in evaluation the grids are where they are. Source: Knigge, Romero and Bekkers 2022,
//! section 4.

/// By how much the grids of angles are turned, in radians, counter-clockwise. By nothing in evaluation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AngleOffsets {
    /// Of the input's group axis; without meaning where the input lies on the plane.
    pub input: f64,
    /// Of the responses'.
    pub output: f64,
}

impl AngleOffsets {
    /// Whether something is turned.
    pub(super) fn is_none(self) -> bool {
        self == Self::default()
    }
}
