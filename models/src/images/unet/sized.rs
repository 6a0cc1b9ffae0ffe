//! U-Nets by their size: fields from a budget of parameters.
//!
//! ```text
//! fields   ⌊w · 1, 2, 4, …⌋ from level to level, with the largest w whose layers before the head keep to the budget
//! ```
//!
//! As with [classifiers](crate::GcnnConfig::of_size), a change of `group` alone then compares networks of equal size.

use super::GroupUnetConfig;
use crate::images::gcnn::{InputShape, widest};
use crate::{ModelError, limits};

impl GroupUnetConfig {
    /// The same with its fields, where it is given by its size.
    ///
    /// ```
    /// use gcnn_layers::Group;
    /// use gcnn_models::{GroupUnetConfig, InputShape, NetworkSize};
    ///
    /// let tissue = InputShape { channels: 3, height: 96, width: 96 };
    /// let of = |group| GroupUnetConfig { group, size: Some(NetworkSize::Medium), ..GroupUnetConfig::default() };
    /// let c8 = of(Group::cyclic(8)?).sized(tissue)?;
    /// assert_eq!(c8.channels.len(), 3);
    /// assert!(c8.parameters(tissue, 2)?.numbers().abs_diff(100_000) < 15_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where counts are out of their limits.
    pub fn sized(&self, input: InputShape) -> Result<Self, ModelError> {
        let Some(size) = self.size else {
            return Ok(self.clone());
        };
        self.check()?;
        let of_width = |width: f64| {
            let level = |level: usize| (width * (1u64 << level) as f64) as usize;
            let fields = |own| level(own).clamp(1, limits::CHANNELS);
            Self {
                channels: (0..self.channels.len()).map(fields).collect(),
                size: None,
                ..self.clone()
            }
        };
        widest(size, of_width, |network: &Self| {
            let head = network.channels[0] + 1;
            Ok(network.parameters(input, 1)?.numbers() - head)
        })
    }
}
