//! A trained network, rebuilt from the bytes of its weights file alone.
//!
//! | metadata key | what is read of it |
//! | --- | --- |
//! | `gcnn.config` | the run file: `task`, `[model]` and, for particles, `[graph]` |
//! | `gcnn.data` | for images their size, number of classes and normalisation; for pixels their channels, classes and normalisation; for particles how many there are |
//! | `gcnn.temperature` | what class scores are divided by before they become probabilities, where there is one |
//! | `gcnn.card` | the card, where there is one |

use burn::prelude::*;
use burn::tensor::activation::softmax;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Card, ZooError};
use crate::file::{WeightsError, WeightsFile, keys};
use crate::points::{
    Dynamics, DynamicsConfig, DynamicsModel, NeighbourhoodConfig, ParticleBatch, Particles,
};
use crate::{
    ImageModel, ImageModelConfig, InputShape, ModelError, SegmentationModel,
    SegmentationModelConfig, weights,
};

/// A trained network and what is known about it.
#[derive(Debug)]
pub struct Pretrained {
    /// The network.
    pub network: Network,
    /// The run file that made it, TOML.
    pub config: String,
    /// Its card; networks of the zoo have one.
    pub card: Option<Card>,
}

/// A trained network, by what it does.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one of them.
pub enum Network {
    /// Classifies images.
    Images(TrainedClassifier),
    /// Says the class of each pixel.
    Segmentation(TrainedSegmenter),
    /// Predicts where particles will be.
    Particles(TrainedDynamics),
}

/// A network that classifies images, with what it expects of them.
#[derive(Debug)]
pub struct TrainedClassifier {
    /// The network, for normalised images.
    pub model: ImageModel,
    /// Its configuration.
    pub config: ImageModelConfig,
    /// The images it was trained on.
    pub input: InputShape,
    /// Number of classes.
    pub classes: usize,
    /// What is subtracted from the values of each channel, which lie in [0, 1].
    pub mean: Vec<f32>,
    /// What they are divided by then.
    pub std: Vec<f32>,
    /// What class scores are divided by before they become probabilities; 1 where the file names none.
    pub temperature: f64,
}

/// A network that says the class of each pixel of images of any size, with what it expects of them.
#[derive(Debug)]
pub struct TrainedSegmenter {
    /// The network, for normalised images.
    pub model: SegmentationModel,
    /// Its configuration.
    pub config: SegmentationModelConfig,
    /// Channels of the images that it was trained on.
    pub channels: usize,
    /// What the classes are called.
    pub class_names: Vec<String>,
    /// What is subtracted from the values of each channel, which lie in [0, 1].
    pub mean: Vec<f32>,
    /// What they are divided by then.
    pub std: Vec<f32>,
}

/// A network that predicts where particles will be, with the edges it was trained with.
#[derive(Debug)]
pub struct TrainedDynamics {
    /// The network.
    pub model: DynamicsModel,
    /// Its configuration.
    pub config: DynamicsConfig,
    /// Which particles hear each other.
    pub graph: NeighbourhoodConfig,
    /// Particles of a simulation that it was trained on; it takes any number.
    pub particles: usize,
}

impl Network {
    /// What the network does, to follow its name in a sentence.
    pub(super) fn purpose(&self) -> &'static str {
        match self {
            Self::Images(_) => "classifies images",
            Self::Segmentation(_) => "says the class of each pixel",
            Self::Particles(_) => "predicts where particles will be",
        }
    }
}

impl TrainedClassifier {
    /// Class scores of images whose values lie in [0, 1].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, as [`input`](Self::input) says
    /// - output: `[batch, classes]`
    pub fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        self.model
            .forward(normalised(images, &self.mean, &self.std))
    }

    /// Probabilities of the classes for images whose values lie in [0, 1], at the network's
    /// [`temperature`](Self::temperature).
    ///
    /// # Shapes
    /// As [`logits`](Self::logits).
    pub fn probabilities(&self, images: Tensor<4>) -> Tensor<2> {
        softmax(self.logits(images).div_scalar(self.temperature), 1)
    }

    /// The most probable class of each image. Waits for the device.
    pub fn classify(&self, images: Tensor<4>) -> Vec<usize> {
        let classes = self.logits(images).argmax(1).into_data();
        classes.iter::<i64>().map(|class| class as usize).collect()
    }
}

impl TrainedSegmenter {
    /// Class scores of every pixel of images whose values lie in [0, 1].
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, of any height and width
    /// - output: `[batch, classes, height, width]`
    pub fn logits(&self, images: Tensor<4>) -> Tensor<4> {
        self.model
            .forward(normalised(images, &self.mean, &self.std))
    }

    /// The likeliest class of every pixel, `[batch, 1, height, width]`.
    ///
    /// # Shapes
    /// As [`logits`](Self::logits).
    pub fn classes(&self, images: Tensor<4>) -> Tensor<4, Int> {
        self.logits(images).argmax(1)
    }
}

/// Images less the mean of each channel, divided by its deviation.
fn normalised(images: Tensor<4>, mean: &[f32], std: &[f32]) -> Tensor<4> {
    let device = images.device();
    let row = |values: &[f32]| {
        let data = TensorData::new(values.to_vec(), [1, values.len(), 1, 1]);
        Tensor::<4>::from_data(data, &device)
    };
    (images - row(mean)) / row(std)
}

impl TrainedDynamics {
    /// Where particles will be: x, y, z of each, for systems of `per_system` particles one after the other. Waits for
    /// the device.
    pub fn predict(
        &self,
        particles: Particles<'_>,
        per_system: usize,
        device: &Device,
    ) -> Result<Vec<[f32; 3]>, ModelError> {
        let graph = self.graph.graph(particles.positions, per_system)?;
        let batch = ParticleBatch::new(particles, &graph, device)?;
        let values: Vec<f32> = self.model.forward(&batch).into_data().iter().collect();
        let (points, _) = values.as_chunks::<3>();
        Ok(points.to_vec())
    }
}

/// The keys of a run file that say what the network is.
#[derive(Deserialize)]
struct RunFile {
    #[serde(default = "digits")]
    task: String,
    model: toml::Table,
    #[serde(default)]
    graph: NeighbourhoodConfig,
}

/// The task of run files that don't name one.
fn digits() -> String {
    "rotated-mnist".into()
}

/// What `gcnn.data` holds for images.
#[derive(Deserialize)]
struct ImageData {
    channels: usize,
    height: usize,
    width: usize,
    classes: usize,
    /// Numbers or labels that stand in place of classes, whatever they are.
    targets: Option<IgnoredAny>,
    normalisation: ChannelNormalisation,
}

/// What `gcnn.data` holds for pixels.
#[derive(Deserialize)]
struct PixelData {
    channels: usize,
    patch_size: usize,
    class_names: Vec<String>,
    normalisation: ChannelNormalisation,
}

#[derive(Deserialize)]
struct ChannelNormalisation {
    mean: Vec<f32>,
    std: Vec<f32>,
}

/// What `gcnn.data` holds for particles.
#[derive(Deserialize)]
struct ParticleData {
    particles: usize,
}

impl Pretrained {
    /// Rebuilds the network of a weights file from its bytes. On a device with gradients it is ready to be trained
    /// further, on any other to be used.
    ///
    /// What the network would consist of is compared with what the file holds before it is made, so that no file can ask for
    /// more memory than a few times its own size.
    pub fn read(contents: &[u8], device: &Device) -> Result<Self, ZooError> {
        let file = WeightsFile::parse(contents)?;
        file.header().refuse_exported()?;
        let config = file.header().text(keys::CONFIG)?;
        let run: RunFile = toml::from_str(config).map_err(|e| fault(keys::CONFIG, e.message()))?;
        let network = match run.task.as_str() {
            "segmentation" => Network::Segmentation(TrainedSegmenter::new(run, &file, device)?),
            "nbody" => Network::Particles(TrainedDynamics::new(run, &file, device)?),
            _ => Network::Images(TrainedClassifier::new(run, &file, device)?),
        };
        Ok(Self {
            network,
            config: config.to_string(),
            card: file.header().json_if_any(keys::CARD)?,
        })
    }
}

impl TrainedClassifier {
    fn new(run: RunFile, file: &WeightsFile<'_>, device: &Device) -> Result<Self, ZooError> {
        let data: ImageData = file.header().json(keys::DATA)?;
        let input = InputShape {
            channels: data.channels,
            height: data.height,
            width: data.width,
        };
        input.check_limits(data.classes)?;
        if data.targets.is_some() {
            return Err(fault(
                keys::DATA,
                "its outputs are numbers or labels, not classes; `gcnn predict` and `Loaded` of gcnn-train read it",
            ));
        }
        let ChannelNormalisation { mean, std } = data.normalisation.of(data.channels)?;
        let config: ImageModelConfig = model(run.model)?;
        let arrays = file.arrays(&config.parameters(input, data.classes)?)?;
        let network = config.init(input, data.classes, device)?;
        Ok(Self {
            model: weights::apply(network, &arrays)?,
            config,
            input,
            classes: data.classes,
            mean,
            std,
            temperature: file.header().temperature()?.unwrap_or(1.0),
        })
    }
}

impl ChannelNormalisation {
    /// Whether there are numbers to subtract and divide by for each of so many channels.
    fn of(self, channels: usize) -> Result<Self, ZooError> {
        let Self { mean, std } = &self;
        let finite = mean.iter().chain(std).all(|value| value.is_finite());
        if [mean.len(), std.len()] != [channels; 2] || std.contains(&0.0) || !finite {
            return Err(fault(
                keys::DATA,
                "the normalisation needs a mean and a deviation other than 0 for each channel",
            ));
        }
        Ok(self)
    }
}

impl TrainedSegmenter {
    fn new(run: RunFile, file: &WeightsFile<'_>, device: &Device) -> Result<Self, ZooError> {
        let data: PixelData = file.header().json(keys::DATA)?;
        let input = InputShape {
            channels: data.channels,
            height: data.patch_size,
            width: data.patch_size,
        };
        let classes = data.class_names.len();
        input.check_limits(classes)?;
        let ChannelNormalisation { mean, std } = data.normalisation.of(data.channels)?;
        let config: SegmentationModelConfig = model(run.model)?;
        let arrays = file.arrays(&config.parameters(input, classes)?)?;
        let network = config.init(input, classes, device)?;
        Ok(Self {
            model: weights::apply(network, &arrays)?,
            config,
            channels: data.channels,
            class_names: data.class_names,
            mean,
            std,
        })
    }
}

impl TrainedDynamics {
    fn new(run: RunFile, file: &WeightsFile<'_>, device: &Device) -> Result<Self, ZooError> {
        let data: ParticleData = file.header().json(keys::DATA)?;
        let config: DynamicsConfig = model(run.model)?;
        let arrays = file.arrays(&config.parameters()?)?;
        Ok(Self {
            model: weights::apply(config.init(device)?, &arrays)?,
            config,
            graph: run.graph,
            particles: data.particles,
        })
    }
}

/// The `[model]` table as a configuration.
fn model<C: DeserializeOwned>(table: toml::Table) -> Result<C, ZooError> {
    table
        .try_into()
        .map_err(|e: toml::de::Error| fault(keys::CONFIG, &format!("[model]: {}", e.message())))
}

fn fault(key: &'static str, reason: &str) -> ZooError {
    let reason = reason.trim().to_string();
    WeightsError::Metadata { key, reason }.into()
}
