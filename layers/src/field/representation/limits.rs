//! How far groups, representations and fields go.

use crate::group::Group;

/// The largest N of C_N and D_N.
pub(super) const MAX_ROTATIONS: usize = Group::MAX_ROTATIONS;

/// The highest frequency of an irrep: that of a sign that changes from each of 128 rotations to the next.
pub const MAX_FREQUENCY: usize = MAX_ROTATIONS / 2;

/// The most components of a representation: functions on the largest group.
pub(super) const MAX_COMPONENTS: usize = 2 * MAX_ROTATIONS;

/// The most components of fields together: more channels than any network has.
pub(super) const MAX_CHANNELS: usize = 1 << 16;
