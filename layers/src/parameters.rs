//! What a module learns, by name and shape, before there is a module.
//!
//! A configuration says it by arithmetic alone, so that whoever reads a file can compare what is there with what would be
//! made of it, and refuse before any memory is taken.

use std::collections::BTreeMap;
use std::fmt::Display;

/// Names and shapes of the floating-point parameters and running statistics of a module: the path of each in the module
/// tree, and the extent of each of its axes.
///
/// ```
/// use gcnn_layers::{Group, LiftingConv2dConfig, Parameters};
///
/// let lifting = LiftingConv2dConfig::new(Group::cyclic(4)?, [3, 8], 5).parameters()?;
/// assert_eq!(lifting.get("weight"), Some(&[8, 3, 1, 25][..]));
/// let network = Parameters::new().with_module("lifting", lifting);
/// assert_eq!(network.get("lifting.bias"), Some(&[8][..]));
/// assert_eq!(network.numbers(), 8 * 3 * 25 + 8);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    shapes: BTreeMap<String, Vec<usize>>,
}

impl Parameters {
    /// Of a module that learns nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a linear map of Burn's.
    pub fn linear(inputs: usize, outputs: usize, bias: bool) -> Self {
        let weight = Self::new().with("weight", [inputs, outputs]);
        match bias {
            true => weight.with("bias", [outputs]),
            false => weight,
        }
    }

    /// With an array.
    pub fn with(mut self, name: impl Into<String>, shape: impl Into<Vec<usize>>) -> Self {
        self.shapes.insert(name.into(), shape.into());
        self
    }

    /// With those of a module inside, whose names begin with the name of the field that it is in.
    pub fn with_module(mut self, field: impl Display, inner: Self) -> Self {
        let named = inner.shapes.into_iter();
        let named = named.map(|(name, shape)| (format!("{field}.{name}"), shape));
        self.shapes.extend(named);
        self
    }

    /// With those of a list of modules that are alike.
    pub fn with_list(self, field: impl Display, count: usize, each: &Self) -> Self {
        (0..count).fold(self, |all, number| {
            all.with_module(format_args!("{field}.{number}"), each.clone())
        })
    }

    /// The shape of an array.
    pub fn get(&self, name: &str) -> Option<&[usize]> {
        self.shapes.get(name).map(Vec::as_slice)
    }

    /// Names and shapes, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize])> {
        let shapes = self.shapes.iter();
        shapes.map(|(name, shape)| (name.as_str(), shape.as_slice()))
    }

    /// How many numbers all arrays hold together, or the largest number there is where they are too many to count.
    pub fn numbers(&self) -> usize {
        let product =
            |shape: &Vec<usize>| shape.iter().fold(1usize, |n, axis| n.saturating_mul(*axis));
        let arrays = self.shapes.values().map(product);
        arrays.fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_counted_wrongly() {
        assert_eq!(Parameters::new().numbers(), 0);
        let linear = Parameters::linear(2, 3, true);
        assert_eq!(linear.numbers(), 9);
        let huge = linear.with("huge", [usize::MAX, 2]);
        assert_eq!(huge.numbers(), usize::MAX);
        let empty = Parameters::new().with("empty", [usize::MAX, 0]);
        assert_eq!(empty.numbers(), 0);
    }
}
