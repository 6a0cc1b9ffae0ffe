//! What a feature map has at a place: fields of a group, in the order of their channels.
//!
//! ```text
//! C8: 4 regular + 8 irrep(1)      4 · 8 + 8 · 2 = 48 channels: the fields one after the other, each with its components
//! element g                       (L_g f)(x) = ρ(g) f(g⁻¹x),  ρ = ⊕ of all fields
//! ```

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::limits::MAX_CHANNELS;
use super::{FieldError, PointGroup, Representation};

/// Several fields of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldBlock {
    /// How many fields; at least 1 inside [`FieldType`].
    pub multiplicity: usize,
    /// What each of them has at a place.
    pub representation: Representation,
}

impl FieldBlock {
    /// Components of the block; saturates.
    pub fn dim(&self) -> usize {
        self.multiplicity.saturating_mul(self.representation.dim())
    }
}

/// A group and fields of it. Written as `C8: 4 regular + 8 irrep(1)`.
///
/// | name | one field is |
/// | --- | --- |
/// | `trivial`, `sign` | a number; one that reflections negate |
/// | `irrep(1)`, with reflections `irrep(1,1)` | a vector; other frequencies likewise |
/// | `regular` | a function on C_N or D_N: what [`GroupConv2d`](crate::GroupConv2d) calls a channel |
/// | `quotient(C2)` | a function on the group that doesn't change under a subgroup |
/// | `fourier(3)` | a function on the group by its Fourier coefficients |
/// | `(trivial + irrep(1))` | a sum |
/// | `regular of C8` | what was made for a larger group, after [`restrict`](Self::restrict) |
///
/// ```
/// use gcnn_layers::field::FieldType;
///
/// let fields: FieldType = "C8: 4 regular + 8 irrep(1)".parse()?;
/// assert_eq!((fields.dim(), fields.count()), (48, 12));
/// assert_eq!(fields.slices(), [0..32, 32..48]);
/// let error = "C8: 4 regulr".parse::<FieldType>().unwrap_err().to_string();
/// assert!(error.contains("did you mean `regular`?"));
/// # Ok::<(), gcnn_layers::field::FieldError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldType {
    group: PointGroup,
    blocks: Vec<FieldBlock>,
}

impl FieldType {
    /// The largest dimension: more channels than any network has.
    pub const MAX_DIMENSION: usize = MAX_CHANNELS;

    /// Joins blocks of one group. Those of multiplicity 0 are left out.
    pub fn new(
        group: PointGroup,
        blocks: impl IntoIterator<Item = FieldBlock>,
    ) -> Result<Self, FieldError> {
        let (mut kept, mut dim) = (Vec::new(), 0usize);
        for block in blocks {
            let other = block.representation.group();
            if other != group {
                return Err(FieldError::other_group(group, other));
            }
            dim = dim.saturating_add(block.dim());
            if dim > Self::MAX_DIMENSION {
                return Err(FieldError::LargeFields);
            }
            if block.multiplicity > 0 {
                kept.push(block);
            }
        }
        match kept.is_empty() {
            true => Err(FieldError::NoFields),
            false => Ok(Self {
                group,
                blocks: kept,
            }),
        }
    }

    /// Several fields of one kind.
    pub fn repeat(multiplicity: usize, representation: Representation) -> Result<Self, FieldError> {
        let block = FieldBlock {
            multiplicity,
            representation,
        };
        Self::new(block.representation.group(), [block])
    }

    /// Fields that nothing changes: the channels of a picture.
    pub fn trivial(group: PointGroup, channels: usize) -> Result<Self, FieldError> {
        Self::repeat(channels, Representation::trivial(group))
    }

    /// Functions on a finite group.
    pub fn regular(group: PointGroup, channels: usize) -> Result<Self, FieldError> {
        Self::repeat(channels, Representation::regular(group)?)
    }

    /// The group.
    pub fn group(&self) -> PointGroup {
        self.group
    }

    /// The blocks, in the order of the channels.
    pub fn blocks(&self) -> &[FieldBlock] {
        &self.blocks
    }

    /// The fields, in the order of the channels.
    pub fn fields(&self) -> impl Iterator<Item = &Representation> {
        let blocks = self.blocks.iter();
        blocks.flat_map(|block| std::iter::repeat_n(&block.representation, block.multiplicity))
    }

    /// The number of components, which is that of the channels.
    pub fn dim(&self) -> usize {
        self.blocks.iter().map(FieldBlock::dim).sum()
    }

    /// The number of fields.
    pub fn count(&self) -> usize {
        self.blocks.iter().map(|block| block.multiplicity).sum()
    }

    /// The channels of each block.
    pub fn slices(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let ranges = self.blocks.iter().map(|block| {
            start += block.dim();
            start - block.dim()..start
        });
        ranges.collect()
    }

    /// Whether the group permutes all components, so that the same may be done to each of them.
    pub fn is_permutation(&self) -> bool {
        self.blocks
            .iter()
            .all(|block| block.representation.is_permutation())
    }

    /// The same channels under a subgroup alone: between layers, where a network is to know up from down from there on. Features
    /// stay as they are.
    ///
    /// ```
    /// use gcnn_layers::field::FieldType;
    ///
    /// let fields: FieldType = "D4: 2 regular + 3 irrep(1,1)".parse()?;
    /// let rotations = fields.restrict("C4".parse()?)?;
    /// assert_eq!(rotations.to_string(), "C4: 2 regular of D4 + 3 irrep(1)");
    /// # Ok::<(), gcnn_layers::field::FieldError>(())
    /// ```
    pub fn restrict(&self, subgroup: PointGroup) -> Result<Self, FieldError> {
        let restricted = |block: &FieldBlock| {
            Ok(FieldBlock {
                multiplicity: block.multiplicity,
                representation: block.representation.restrict(subgroup)?,
            })
        };
        let blocks: Result<Vec<_>, FieldError> = self.blocks.iter().map(restricted).collect();
        Self::new(subgroup, blocks?)
    }

    /// The fields of both, one after the other.
    pub fn direct_sum(&self, other: &Self) -> Result<Self, FieldError> {
        Self::new(self.group, self.blocks.iter().chain(&other.blocks).cloned())
    }
}
