//! Networks by their size: layers from the images, fields from a budget of parameters.
//!
//! ```text
//! stages      halve the map until its shorter side is at most 12 pixels, as long as both sides can be halved
//! a stage     two 3×3 convolutions, then max-pooling; the first stage of images of 64 pixels and more is one of 5×5
//! the end     two 3×3 convolutions, mean over the plane, maximum over H, a linear map to the classes
//! fields      ⌊w · 1, 1.5, 2, 3, 4, …⌋ from stage to stage, with the largest w whose hidden layers keep to the budget
//! ```
//!
//! A group of |H| elements shares each weight |H| times: at equal parameters it has about √|H| times fewer fields and √|H| times
//! more responses. So a change of `group` alone compares networks of equal size, and costs time in place of parameters.

use gcnn_layers::{GlobalPoolKind, Group, Padding2d, ProjectionKind};

use super::config::{GcnnConfig, Head, POOL_SIZE};
use super::{InputShape, NetworkSize};
use crate::ModelError;

/// The longest shorter side of the last map: larger ones are halved once more.
const LAST_MAP: usize = 12;

/// Images from this side on are halved after a single convolution, of larger kernels.
const LARGE_IMAGE: usize = 64;

/// Of the first stage, per w; each next one has as many more.
fn width_of_stage(stage: usize) -> f64 {
    // 1, 1.5, 2, 3, 4, 6, …: √2 from stage to stage, in round numbers.
    let doubled = (1u64 << (stage / 2).min(32)) as f64;
    if stage.is_multiple_of(2) {
        doubled
    } else {
        1.5 * doubled
    }
}

impl GcnnConfig {
    /// The network of a size for images, over any group: no dropout, padded convolutions, a linear head.
    ///
    /// ```
    /// use gcnn_layers::Group;
    /// use gcnn_models::{GcnnConfig, InputShape, NetworkSize};
    ///
    /// let tissue = InputShape { channels: 3, height: 96, width: 96 };
    /// let of = |group| GcnnConfig::of_size(NetworkSize::Small, group, tissue);
    /// let (plain, c8) = (of(Group::trivial())?, of(Group::cyclic(8)?)?);
    /// assert_eq!(plain.kernel_sizes, c8.kernel_sizes);
    /// let [plain, c8] = [plain.parameters(tissue, 2)?.numbers(), c8.parameters(tissue, 2)?.numbers()];
    /// assert!(plain.abs_diff(c8) < 5_000, "{plain} and {c8}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Where images have no pixels, or more than networks take.
    pub fn of_size(size: NetworkSize, group: Group, input: InputShape) -> Result<Self, ModelError> {
        let base = Self {
            group,
            normalisation: super::Normalisation::Batch,
            dropout: 0.0,
            projection: ProjectionKind::Max,
            global_pool: GlobalPoolKind::Mean,
            size: Some(size),
            ..Self::p4cnn()
        };
        base.sized(input)
    }

    /// The same with its layers and fields, where it is given by its size.
    ///
    /// # Errors
    /// As [`of_size`](Self::of_size).
    pub fn sized(&self, input: InputShape) -> Result<Self, ModelError> {
        let Some(size) = self.size else {
            return Ok(self.clone());
        };
        input.check_limits(1)?;
        let stages = stages(input);
        let per_stage = |stage: usize| match stage {
            0 if is_large(input) => 1,
            _ => 2,
        };
        let layers: Vec<usize> = (0..=stages)
            .flat_map(|stage| std::iter::repeat_n(stage, per_stage(stage)))
            .collect();
        let last_of = |stage: usize| layers.iter().rposition(|&of| of == stage);
        let kernel = |layer: usize| if layer == 0 && is_large(input) { 5 } else { 3 };
        let of_width = |width: f64| Self {
            channels: layers
                .iter()
                .map(|&stage| ((width * width_of_stage(stage)) as usize).max(1))
                .collect(),
            kernel_sizes: (0..layers.len()).map(kernel).collect(),
            pool_after: (0..stages)
                .filter_map(last_of)
                .map(|layer| layer + 1)
                .collect(),
            padding: Padding2d::Same,
            bias: false,
            head: Head::Linear,
            size: None,
            ..self.clone()
        };
        let numbers = |network: &Self| -> Result<usize, ModelError> {
            let linear = network.channels.last().map_or(0, |fields| fields + 1);
            Ok(network.parameters(input, 1)?.numbers() - linear)
        };
        widest(size, of_width, numbers)
    }

    /// How many pixels of an image, along a side, the last hidden layer sees at once; attention, which asks how much there is of
    /// everything, does not count.
    ///
    /// # Errors
    /// Where lists don't belong together.
    pub fn receptive_field(&self, input: InputShape) -> Result<usize, ModelError> {
        if self.size.is_some() {
            return self.sized(input)?.receptive_field(input);
        }
        self.check_lists()?;
        let (mut seen, mut step) = (1usize, 1usize);
        for (index, kernel_size) in self.kernel_sizes.iter().enumerate() {
            seen = seen.saturating_add((kernel_size - 1).saturating_mul(step));
            if self.pool_after.contains(&(index + 1)) {
                seen = seen.saturating_add((POOL_SIZE - 1).saturating_mul(step));
                step = step.saturating_mul(POOL_SIZE);
            }
        }
        Ok(seen)
    }
}

/// More fields than any budget has room for.
const MOST_FIELDS: usize = 4_096;

/// The network of the largest width whose numbers keep to the budget.
pub(crate) fn widest<T>(
    size: NetworkSize,
    of_width: impl Fn(f64) -> T,
    numbers: impl Fn(&T) -> Result<usize, ModelError>,
) -> Result<T, ModelError> {
    // Quarters of a field: later stages gain before the first does.
    let (mut low, mut high) = (4, 4 * MOST_FIELDS);
    while low + 1 < high {
        let middle = (low + high) / 2;
        match numbers(&of_width(middle as f64 / 4.0))? <= size.parameters() {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(of_width(low as f64 / 4.0))
}

fn is_large(input: InputShape) -> bool {
    input.height.min(input.width) >= LARGE_IMAGE
}

/// How often the map is halved.
fn stages(input: InputShape) -> usize {
    let mut sides = [input.height, input.width];
    let mut stages = 0;
    while sides[0].min(sides[1]) > LAST_MAP && sides.iter().all(|side| side % POOL_SIZE == 0) {
        sides = sides.map(|side| side / POOL_SIZE);
        stages += 1;
    }
    stages
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn image(channels: usize, side: usize) -> InputShape {
        let (height, width) = (side, side);
        InputShape {
            channels,
            height,
            width,
        }
    }

    #[rstest]
    fn every_group_keeps_to_the_budget_and_uses_it(
        #[values("trivial", "flip", "C4", "C8", "D4", "D8", "C16")] group: &str,
        #[values(NetworkSize::Small, NetworkSize::Medium, NetworkSize::Large)] size: NetworkSize,
        #[values((1, 28), (3, 64), (3, 96), (1, 150), (3, 256))] (channels, side): (usize, usize),
    ) {
        let input = image(channels, side);
        let network = GcnnConfig::of_size(size, group.parse().unwrap(), input).unwrap();
        network.validate(input).unwrap();
        let numbers = network.parameters(input, 1).unwrap().numbers();
        let budget = size.parameters() as f64;
        let share = numbers as f64 / budget;
        // Of sixteen elements a field more or less is much.
        assert!((0.6..=1.02).contains(&share), "{network:?}: {numbers}");
        let last = *network.map_sizes(input).unwrap().last().unwrap();
        assert!(side == 150 || last[0] <= LAST_MAP, "{last:?}");
    }

    #[test]
    fn fields_seen_are_counted_by_hand() {
        // Two 3×3, pooling, 3×3: 5, 6, then two pixels further on either side.
        let network = GcnnConfig {
            channels: vec![4; 3],
            kernel_sizes: vec![3; 3],
            pool_after: vec![2],
            head: Head::Linear,
            ..GcnnConfig::p4cnn()
        };
        let digits = image(1, 28);
        assert_eq!(network.receptive_field(digits).unwrap(), 10);
        assert_eq!(GcnnConfig::p4cnn().receptive_field(digits).unwrap(), 28);
    }

    #[test]
    fn a_size_is_what_it_says_in_a_file() {
        let text = r#"{ "group": "C4", "size": "small" }"#;
        let config: GcnnConfig = serde_json::from_str(text).unwrap();
        let network = config.sized(image(1, 28)).unwrap();
        assert_eq!((network.size, network.pool_after), (None, vec![2, 4]));
        assert!(serde_json::from_str::<GcnnConfig>(r#"{ "size": "huge" }"#).is_err());
        let none = GcnnConfig::p4cnn().sized(image(1, 28)).unwrap();
        assert_eq!(none, GcnnConfig::p4cnn());
    }
}
