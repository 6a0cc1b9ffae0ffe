//! What the images of a set are, in a few digits.

use super::ImageDataset;
use crate::DatasetError;
use crate::identity::Identity;

impl ImageDataset {
    /// What these images and labels are: equal where all of them are.
    ///
    /// # Errors
    /// Where images are read when they are asked for and their files cannot be read.
    pub fn identity(&self) -> Result<String, DatasetError> {
        let mut identity = Identity::of("images");
        identity.counts(&self.shape());
        identity.counts(&[self.classes()]);
        identity.bytes(self.labels());
        if let Some(sources) = self.sources() {
            identity.numbers(sources.iter().map(|source| source.to_le_bytes()));
        }
        if let Some(targets) = self.targets() {
            let names = targets.names().iter();
            names.for_each(|name| identity.bytes(name.as_bytes()));
            identity.numbers(targets.values().iter().map(|value| value.to_le_bytes()));
        }
        self.pixels.add_to(&mut identity)?;
        Ok(identity.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{TargetKind, Targets};

    fn images(values: [u8; 4], labels: [u8; 2], shape: [usize; 3]) -> ImageDataset {
        ImageDataset::from_bytes(values.to_vec(), labels.to_vec(), shape, 3).expect("images")
    }

    fn with_mass(images: &ImageDataset, values: [f32; 2]) -> ImageDataset {
        let targets = Targets::new(TargetKind::Numbers, ["mass".to_string()], values.to_vec());
        let targets = targets.expect("two numbers");
        images.clone().with_targets(targets).expect("two images")
    }

    #[test]
    fn other_values_labels_order_and_shapes_are_others() {
        let one = images([1, 2, 3, 4], [0, 1], [1, 1, 2]);
        let same = one.identity().expect("in memory");
        assert_eq!(same.len(), 64);
        assert_eq!(
            images([1, 2, 3, 4], [0, 1], [1, 1, 2])
                .identity()
                .expect("in memory"),
            same
        );
        let named = one.clone().with_names(["a.png", "b.png"]).expect("names");
        assert_eq!(named.identity().expect("in memory"), same);
        for other in [
            images([1, 2, 3, 5], [0, 1], [1, 1, 2]),
            images([1, 2, 3, 4], [0, 2], [1, 1, 2]),
            images([3, 4, 1, 2], [1, 0], [1, 1, 2]),
            images([1, 2, 3, 4], [0, 1], [1, 2, 1]),
            one.clone().with_sources(vec![5, 6]).expect("sources"),
            one.slice(0..1),
            with_mass(&one, [0.5, 1.5]),
            with_mass(&one, [0.5, 2.5]),
        ] {
            assert_ne!(other.identity().expect("in memory"), same, "{other:?}");
        }
        let [low, high] = [1.5, 2.5].map(|mass| with_mass(&one, [0.5, mass]).identity());
        assert_ne!(low.expect("in memory"), high.expect("in memory"));
    }
}
