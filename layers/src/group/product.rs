//! Products of groups that commute: similitudes are rotations and scalings.
//!
//! ```text
//! A × B       a·b                          index a + |A|·b
//! relative    (a·b)⁻¹(a'·b') = (a⁻¹a')(b⁻¹b')
//! logarithm   that of a, then that of b
//! volume      the product of both
//! ```
//!
//! The second factor is the slower one: of C8xR3 all orientations of the smallest scale come first.

use super::matrix::{is_same, multiply};
use super::{Coordinates, Group, GroupError, Tables};

impl Group {
    /// The most elements of a product.
    pub const MAX_ORDER: usize = 256;

    /// A × B, of groups whose elements commute, and that have no direction in common.
    ///
    /// ```
    /// use gcnn_layers::group::Group;
    ///
    /// let similitudes = Group::product_of(&Group::cyclic(8)?, &Group::scales(3, 1.5)?)?;
    /// assert_eq!((similitudes.name(), similitudes.order()), ("C8xR3(1.5)", 24));
    /// assert_eq!(similitudes.describe(10), "rotation by 90° and scaling by 1.5");
    /// # Ok::<(), gcnn_layers::group::GroupError>(())
    /// ```
    pub fn product_of(a: &Self, b: &Self) -> Result<Self, GroupError> {
        let (one, other) = (a, b);
        let refuse = |reason| {
            let (a, b) = (a.name().into(), b.name().into());
            Err(GroupError::Product { a, b, reason })
        };
        if a.order() == 1 || b.order() == 1 {
            return Ok(if a.order() == 1 { b.clone() } else { a.clone() });
        }
        let (n, order) = (a.order(), a.order().saturating_mul(b.order()));
        if order > Self::MAX_ORDER {
            return refuse("it would have more than 256 elements");
        }
        let kinds =
            |group: &Self| -> Vec<_> { group.axes().iter().map(|axis| axis.kind).collect() };
        if kinds(a).iter().any(|kind| kinds(b).contains(kind)) {
            return refuse(
                "both turn, or both scale; one of each has a product, and D4 is that of C4 and its reflections",
            );
        }
        let commute = a.elements().all(|h| {
            b.elements().all(|k| {
                let (h, k) = (a.matrix(h), b.matrix(k));
                is_same(multiply(h, k), multiply(k, h))
            })
        });
        if !commute {
            return refuse("their elements do not commute");
        }
        let split = |index: usize| (index % n, index / n);
        let both = |index: usize, of: fn(&Self, usize) -> super::Matrix| {
            let (h, k) = split(index);
            multiply(of(a, h), of(b, k))
        };
        let relative = |h: usize, k: usize| {
            let ((h, i), (k, j)) = (split(h), split(k));
            Some(a.relative(h, k)? + n * b.relative(i, j)?)
        };
        let place = |index: usize| {
            let (h, k) = split(index);
            let (h, k) = (a.place(h), b.place(k));
            Coordinates {
                component: h.component + a.components() * k.component,
                steps: [h.steps.as_slice(), &k.steps].concat(),
            }
        };
        let elements = 0..order;
        let pairs = elements
            .clone()
            .flat_map(|h| (0..order).map(move |k| (h, k)));
        let [of_a, of_b] = [one.clone(), other.clone()];
        Ok(Self::of_tables(Tables {
            name: format!("{a}x{b}"),
            matrices: elements.clone().map(|h| both(h, Self::matrix)).collect(),
            inverse_matrices: elements
                .clone()
                .map(|h| both(h, Self::inverse_matrix))
                .collect(),
            determinants: elements
                .clone()
                .map(|h| a.determinant(split(h).0) * b.determinant(split(h).1))
                .collect(),
            relatives: pairs.map(|(h, k)| relative(h, k)).collect(),
            axes: [a.axes(), b.axes()].concat(),
            components: a.components() * b.components(),
            coordinates: elements.map(place).collect(),
            logarithm: Box::new(move |map| {
                let (h, first) = (of_a.tables.logarithm)(map);
                let (k, second) = (of_b.tables.logarithm)(map);
                let (h, k) = (h % of_a.components(), k % of_b.components());
                (h + of_a.components() * k, [first, second].concat())
            }),
            volume: a.tables.volume * b.tables.volume,
            factors: Some([one.clone(), other.clone()]),
        }))
    }
}
