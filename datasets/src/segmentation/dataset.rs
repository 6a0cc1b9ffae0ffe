//! Images with a class for each of their pixels, in memory.

use std::ops::Range;
use std::sync::Arc;

use crate::DatasetError;
use crate::identity::Identity;
use crate::images::ChannelNormalisation;
use crate::images::normalisation::Sums;

/// An image, the class of each of its pixels and, where there are some, its instances.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// What it is called: the name of its file without ending.
    pub name: String,
    /// Channels of the image.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[channels, height, width]`, values from 0 to 1.
    pub pixels: Vec<f32>,
    /// `[height, width]`, numbers of classes.
    pub classes: Vec<u8>,
    /// `[height, width]`, the number of the instance that each pixel belongs to, 0 for none.
    pub instances: Option<Vec<u16>>,
}

impl Scene {
    /// `[channels, height, width]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Whether it has as many values as pixels, classes below a number and values from 0 to 1.
    fn check(&self, channels: usize, classes: usize) -> Result<(), DatasetError> {
        let wrong = |expected: String, found: String| {
            let found = format!("{found} in {}", self.name);
            Err(DatasetError::setting("scenes", expected, found))
        };
        let plane = self.height.checked_mul(self.width).unwrap_or(0);
        let values = plane.checked_mul(self.channels).unwrap_or(0);
        let numbers = self.instances.as_ref().map_or(plane, Vec::len);
        let found = [
            self.channels,
            self.pixels.len(),
            self.classes.len(),
            numbers,
        ];
        if found != [channels, values, plane, plane] || plane == 0 {
            let [height, width] = [self.height, self.width];
            let expected = format!(
                "images of {channels} channels with a class for each of {height} × {width} pixels"
            );
            let found = format!(
                "{} channels of {} values, {} classes and {} numbers",
                found[0], found[1], found[2], found[3]
            );
            return wrong(expected, found);
        }
        if let Some(value) = self
            .pixels
            .iter()
            .find(|value| !(0.0..=1.0).contains(*value))
        {
            return wrong("values from 0 to 1".into(), value.to_string());
        }
        match self
            .classes
            .iter()
            .find(|class| usize::from(**class) >= classes)
        {
            Some(class) => wrong(
                format!("classes from 0 to {}", classes - 1),
                class.to_string(),
            ),
            None => Ok(()),
        }
    }
}

/// Images of any sizes with the class of each of their pixels.
#[derive(Debug, Clone)]
pub struct SegmentationDataset {
    scenes: Vec<Scene>,
    channels: usize,
    class_names: Arc<[String]>,
}

impl SegmentationDataset {
    /// Takes scenes of so many channels, whose classes have these names.
    ///
    /// # Errors
    /// Where a scene has other channels, more or fewer values than pixels, values that are not from 0 to 1, or a class without a
    /// name, and where there are no classes or more than 256.
    pub fn new(
        scenes: Vec<Scene>,
        channels: usize,
        class_names: Vec<String>,
    ) -> Result<Self, DatasetError> {
        if !(1..=256).contains(&class_names.len()) {
            let expected = "1 to 256 of them";
            return Err(DatasetError::setting(
                "classes",
                expected,
                class_names.len(),
            ));
        }
        if u32::try_from(scenes.len()).is_err() {
            return Err(DatasetError::setting(
                "scenes",
                "fewer than 2³²",
                scenes.len(),
            ));
        }
        for scene in &scenes {
            scene.check(channels, class_names.len())?;
        }
        Ok(Self {
            scenes,
            channels,
            class_names: class_names.into(),
        })
    }

    /// All images.
    pub fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.scenes.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.scenes.is_empty()
    }

    /// Channels of the images.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The names of the classes, that of class 0 first.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// What these images and their masks are: equal where all of them are. What they are called does not enter.
    pub fn identity(&self) -> String {
        let mut identity = Identity::of("scenes");
        identity.counts(&[self.len(), self.channels, self.class_names.len()]);
        let names = self.class_names.iter();
        names.for_each(|name| identity.bytes(name.as_bytes()));
        for scene in &self.scenes {
            identity.counts(&[scene.height, scene.width]);
            identity.numbers(scene.pixels.iter().map(|value| value.to_le_bytes()));
            identity.bytes(&scene.classes);
            let numbers = scene.instances.as_deref().unwrap_or_default();
            identity.numbers(numbers.iter().map(|number| number.to_le_bytes()));
        }
        identity.finish()
    }

    /// The share of each class of all pixels of all images; zeros where there is no image.
    pub fn class_shares(&self) -> Vec<f64> {
        let mut counts = [0u64; 256];
        let mut all = 0u64;
        for scene in &self.scenes {
            for class in &scene.classes {
                counts[usize::from(*class)] += 1;
            }
            all += scene.classes.len() as u64;
        }
        let counts = counts.iter().take(self.class_names.len());
        counts
            .map(|count| *count as f64 / all.max(1) as f64)
            .collect()
    }

    /// Mean and standard deviation of each channel over all pixels of all images. A channel without variation gets the standard
    /// deviation 1.
    pub fn mean_and_deviation(&self) -> ChannelNormalisation {
        let mut sums = Sums::new(self.channels);
        for scene in &self.scenes {
            sums.add(&scene.pixels, scene.height * scene.width);
        }
        sums.normalisation()
    }

    /// The images of a range of indices, cut to those that there are.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        Self {
            scenes: self.scenes[start..end].to_vec(),
            channels: self.channels,
            class_names: self.class_names.clone(),
        }
    }

    /// The images of several sets, one set after the other. They must agree in channels and classes.
    pub fn concatenate(parts: &[&Self]) -> Result<Self, DatasetError> {
        let Some(first) = parts.first() else {
            let expected = "at least one set of images";
            return Err(DatasetError::setting("parts", expected, "none"));
        };
        for part in parts {
            if (part.channels, &part.class_names) != (first.channels, &first.class_names) {
                let describe = |set: &Self| {
                    let names = set.class_names.join(", ");
                    format!(
                        "images of {} channels and the classes {names}",
                        set.channels
                    )
                };
                let (expected, found) = (describe(first), describe(part));
                return Err(DatasetError::setting("parts", expected, found));
            }
        }
        Ok(Self {
            scenes: parts
                .iter()
                .flat_map(|part| &part.scenes)
                .cloned()
                .collect(),
            channels: first.channels,
            class_names: first.class_names.clone(),
        })
    }
}
