//! How far tables and sums go.

/// The highest degree l that tables are built for.
pub const L_MAX: usize = 11;

/// The largest dimension of a sum of irreps: more than any network has, and small enough that sizes computed from it do not
/// overflow.
pub(super) const MAX_DIMENSION: usize = 1 << 24;

/// The largest number of points of a spherical grid along either direction.
pub(super) const MAX_RESOLUTION: usize = 512;
