//! What can be wrong with a network's configuration.

use gcnn_layers::LayerError;
use gcnn_layers::irreps::Irreps;

/// What of a setting is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The number that it is.
    Number,
    /// One of the numbers that it lists.
    Entry,
    /// How many it lists.
    Entries,
    /// The blocks of its irreps.
    Blocks,
}

impl Counted {
    /// What was found, to follow the setting's name.
    pub fn words(self, found: usize) -> String {
        match self {
            Self::Number => format!("is {found}"),
            Self::Entry => format!("holds {found}"),
            Self::Entries => format!("has {found} entries"),
            Self::Blocks => format!("has {found} blocks of irreps"),
        }
    }
}

/// Why a network cannot be built from its configuration for the input it is given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A number that must be positive is zero.
    #[error("{what} must be at least {least}, it is {value}")]
    TooFew {
        /// The setting's name.
        what: &'static str,
        /// What it is set to.
        value: usize,
        /// The smallest value that works.
        least: usize,
    },
    /// Angles that cannot be turned by chance.
    #[error(
        "random_angles turns the angles at which kernels are sampled: that needs kernels that are functions of the angle, \
         kernel = {{ basis = \"siren\" }} or {{ basis = \"magnet\" }}, a group of rotations without \
         reflections, and no attention; the group is {group}"
    )]
    RandomAngles {
        /// The group's name.
        group: String,
    },
    /// A count of the configuration is outside of its limits.
    #[error("`{key}` {}, expected {least} to {most}", counted.words(*found))]
    Count {
        /// The setting.
        key: &'static str,
        /// What of it is counted.
        counted: Counted,
        /// How many there are.
        found: usize,
        /// The fewest that work.
        least: usize,
        /// The most that are taken.
        most: usize,
    },
    /// An image is larger than there is memory for.
    #[error(
        "images of {height}×{width} with {channels} channels hold more than {most} numbers, the most that are taken"
    )]
    ImageTooLarge {
        /// Channels of an image.
        channels: usize,
        /// Rows of pixels.
        height: usize,
        /// Columns of pixels.
        width: usize,
        /// The most numbers.
        most: usize,
    },
    /// The counts of a configuration, each within its limits, make a network for which there is no memory.
    #[error(
        "the network would consist of {}, at most {most} are taken",
        if *numbers == usize::MAX { "more numbers than can be counted".into() } else { format!("{numbers} numbers") }
    )]
    TooLarge {
        /// Its parameters, and the kernels that are made of them.
        numbers: usize,
        /// The most that are taken.
        most: usize,
    },
    /// `kernel_sizes` and `channels` do not describe the same layers.
    #[error(
        "`kernel_sizes` has {kernel_sizes} entries and `channels` {channels}: {rule}, so {expected} kernel sizes are needed"
    )]
    LayerCount {
        /// Entries of `kernel_sizes`.
        kernel_sizes: usize,
        /// Entries of `channels`.
        channels: usize,
        /// What the head asks for, in words.
        rule: &'static str,
        /// Entries that `kernel_sizes` should have.
        expected: usize,
    },
    /// `pool_after` names a layer that does not exist or is named twice.
    #[error("`pool_after` holds {layer}: it takes each of the layers 1 to {last} at most once")]
    PoolPosition {
        /// The entry.
        layer: usize,
        /// The last layer that can be pooled after.
        last: usize,
    },
    /// A step that another framework has no module for.
    #[error(
        "there is no module for {what} in PyTorch; the network can be used by this program, and exported in its own format"
    )]
    NoModule {
        /// What the step is.
        what: &'static str,
    },
    /// `ranges` doesn't fit `channels`.
    #[error(
        "`ranges` has {ranges} entries and `channels` {channels}: each layer after the first sees a range of scales, so {} are \
         needed", channels - 1
    )]
    RangeCount {
        /// Entries of `ranges`.
        ranges: usize,
        /// Entries of `channels`.
        channels: usize,
    },
    /// Images where there should be signals.
    #[error(
        "a wavelet network reads signals, which have one row of samples; these are images of {height}×{width}: `kind = \"gcnn\"` \
         reads them"
    )]
    NoSignal {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Signals where there should be images.
    #[error(
        "this network reads images; these are signals of {width} samples: `kind = \"wavelet\"` in `[model]` reads them"
    )]
    NoImage {
        /// Samples of a signal.
        width: usize,
    },
    /// A signal is pooled to nothing.
    #[error(
        "signals of {length} samples are too short: layer {layer} pools over {pool} samples, and the map before has {before}; \
         {shortest} samples work, or fewer entries in `pool_after`"
    )]
    SignalTooShort {
        /// Samples of a signal.
        length: usize,
        /// The layer, counted from 1.
        layer: usize,
        /// The length of the map before.
        before: usize,
        /// The pooling window.
        pool: usize,
        /// The shortest signals that work.
        shortest: usize,
    },
    /// A kernel or a pooling window is larger than the map it slides over.
    #[error(
        "{height}×{width} images are too small: {what} of layer {layer} covers {kernel_size} pixels, and the map before \
         it has {before_height}×{before_width}{}",
        larger.map(|n| format!("; images of {n}×{n} work")).unwrap_or_default()
    )]
    ImageTooSmall {
        /// Height of the images.
        height: usize,
        /// Width of the images.
        width: usize,
        /// `the kernel` or `the pooling`.
        what: &'static str,
        /// The layer, counted from 1.
        layer: usize,
        /// Pixels covered along one axis.
        kernel_size: usize,
        /// Height of the map before the layer.
        before_height: usize,
        /// Width of the map before the layer.
        before_width: usize,
        /// A size of square images that works, if there is one nearby.
        larger: Option<usize>,
    },
    /// A pooling at which rotations by 90° are not exact.
    #[error(
        "with {height}×{width} images the pooling after layer {layer} meets a map of {before_height}×{before_width}, \
         whose odd side windows of 2 do not cover, so rotations by 90° are not exact; {}",
        works(nearby)
    )]
    InexactPooling {
        /// Height of the images.
        height: usize,
        /// Width of the images.
        width: usize,
        /// The layer, counted from 1.
        layer: usize,
        /// Height of the map before the pooling.
        before_height: usize,
        /// Width of the map before the pooling.
        before_width: usize,
        /// Sizes of square images that work.
        nearby: Vec<usize>,
    },
    /// The steps of a plain network do not fit together.
    #[error("step {step} of the plain network: {reason}")]
    PlainStep {
        /// The step, counted from 1; 0 where the images are at fault.
        step: usize,
        /// What does not fit.
        reason: String,
    },
    /// A layer refuses its settings.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The layer, counted from 1.
        layer: usize,
        /// Why.
        source: LayerError,
    },
    /// A real number is outside its range.
    #[error("{what} must be {range}, it is {value}")]
    OutOfRange {
        /// The setting's name.
        what: &'static str,
        /// What it is set to.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// No graph can be drawn between the particles.
    #[error("the particles cannot be connected")]
    Graph(#[from] gcnn_layers::graph::GraphError),
    /// There are more or fewer numbers than the particles need.
    #[error("{}", particle_numbers(what, *found, *nodes, *expected))]
    ParticleNumbers {
        /// `positions`, `velocities` or `charges`.
        what: &'static str,
        /// Numbers given.
        found: usize,
        /// Particles, which is nodes of the graph.
        nodes: usize,
        /// Numbers that they need.
        expected: usize,
    },
    /// A tensor of particles has the wrong shape.
    #[error("the {what} have shape {found:?}, the graph's {} particles need {expected:?}", expected[0])]
    ParticleShape {
        /// `positions`, `velocities` or `charges`.
        what: &'static str,
        /// The shape given.
        found: [usize; 2],
        /// The shape needed.
        expected: [usize; 2],
    },
    /// A number that is infinite or none at all.
    #[error(
        "the {what} of particle {particle} (counted from 0) hold {value}: every number must be finite"
    )]
    NotFinite {
        /// `positions`, `velocities` or `charges`.
        what: &'static str,
        /// The number.
        value: f32,
        /// The particle in the batch.
        particle: usize,
    },
    /// Irreps of a steerable network don't connect, or cannot be made.
    #[error("{part}: {source}")]
    Steerable {
        /// The part of the network.
        part: &'static str,
        /// Why.
        source: LayerError,
    },
    /// Features have other irreps than the network takes.
    #[error("{what} are {found}, the network takes {expected}")]
    Irreps {
        /// Which features.
        what: &'static str,
        /// What they are.
        found: Irreps,
        /// What the network takes.
        expected: Irreps,
    },
    /// A tensor doesn't fit the network, or the graph.
    #[error(
        "the {what} have shape {found:?}, the network needs {expected:?} on a graph of {nodes} nodes and {edges} edges"
    )]
    GraphShape {
        /// What the tensor holds.
        what: &'static str,
        /// The shape given.
        found: [usize; 2],
        /// The shape needed.
        expected: [usize; 2],
        /// Nodes of the graph.
        nodes: usize,
        /// Edges of the graph.
        edges: usize,
    },
    /// Channels cannot be shared out among the heads of an attention.
    #[error("{heads} heads cannot share {channels} channels equally: heads must divide channels")]
    Heads {
        /// Channels of each degree.
        channels: usize,
        /// Attentions side by side.
        heads: usize,
    },
}

/// Names the part of a network that a layer's error is about.
pub(crate) fn steerable(part: &'static str) -> impl FnOnce(LayerError) -> ModelError {
    move |source| ModelError::Steerable { part, source }
}

fn particle_numbers(what: &str, found: usize, nodes: usize, expected: usize) -> String {
    if found == 0 {
        return format!("the {what} are missing: {nodes} particles need {expected} numbers");
    }
    format!("the {what} hold {found} numbers, the graph's {nodes} particles need {expected}")
}

fn works(nearby: &[usize]) -> String {
    let sizes: Vec<String> = nearby.iter().map(|n| format!("{n}×{n}")).collect();
    match sizes.as_slice() {
        [] => "move the pooling, or change a kernel size by one".into(),
        sizes => format!("images of {} work", sizes.join(" or ")),
    }
}
