//! Every key of a run file: what it holds and what it means. Types and defaults in `gcnn config --explain` come from
//! the configuration structs themselves, the words from the table here.

use serde::Serialize;
use toml::{Table, Value};

use super::{ConfigError, RunConfig, TaskName};

/// A key of a run file.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Full name, `section.key`.
    pub name: &'static str,
    /// What may stand there.
    pub kind: &'static str,
    /// What it means, in a line.
    pub doc: &'static str,
    /// The kinds of its section that look at it; empty for all.
    pub with: &'static [&'static str],
}

const fn key(name: &'static str, kind: &'static str, doc: &'static str) -> Key {
    let with = &[];
    Key {
        name,
        kind,
        doc,
        with,
    }
}

/// A key that only some kinds of its section look at.
const fn only(
    with: &'static [&'static str],
    name: &'static str,
    kind: &'static str,
    doc: &'static str,
) -> Key {
    Key {
        name,
        kind,
        doc,
        with,
    }
}

const ADAMS: &[&str] = &["adam", "adamw"];

/// Keys of every run file, in front of its tables.
#[rustfmt::skip] // one line a key reads as the table it is
pub const TOP: &[Key] = &[
    key("task", "\"rotated-mnist\" | \"nuclei\" | \"pcam\" | \"image-folder\" | \"nbody\"", "what is learned from which data; it decides what the other tables may hold"),
    key("seed", "whole number", "seed of initial weights, data order, augmentation and dropout"),
    key("device", "\"auto\" | \"flex\" | \"ndarray\" | \"wgpu\" | \"vulkan\" | \"cuda:0\" | \"remote:HOST:PORT\"", "where to compute; auto takes a GPU that works before the CPU"),
    key("devices", "list of devices", "in place of one device: each takes a share of every training step, the first does the rest"),
    key("output", "path", "run folder; left out, runs/NAME, where NAME is the file's name, numbered if taken"),
];

/// The data set of `task = "rotated-mnist"`.
#[rustfmt::skip] // one line a key reads as the table it is
pub const ROTATED_MNIST: &[Key] = &[
    key("dataset.source", "\"auto\" | \"built-in\" | \"amat\" | \"mnist\" | \"idx\"", "form of the data; auto takes the first of amat, mnist and idx that is in the folder"),
    key("dataset.path", "path", "folder of the data, or one .amat file; left out, the user's data folder"),
    key("dataset.seed", "whole number", "seed of the choice of digits and of their angles, where the set is made here, and of a share of the training images"),
    key("dataset.interpolation", "\"bicubic\" | \"bilinear\"", "how digits that are turned here are read between pixels"),
    key("dataset.train_fraction", "number in (0, 1]", "share of the training images that are used, for learning from little"),
    key("dataset.train_limit", "whole number", "use only so many training images; left out, all"),
    key("dataset.valid_limit", "whole number", "use only so many validation images; left out, all"),
    key("dataset.test_limit", "whole number", "use only so many test images; left out, all"),
];

/// The data set of `task = "nuclei"`.
#[rustfmt::skip] // one line a key reads as the table it is
pub const NUCLEI: &[Key] = &[
    key("dataset.source", "\"auto\" | \"built-in\" | \"folder\"", "auto takes the folder, where there is one, before the images that come with the program"),
    key("dataset.path", "path", "folder of tissue images and labels; left out, nuclei in the user's data folder"),
    key("dataset.seed", "whole number", "seed of the split and of the choice of pixels"),
    key("dataset.patch_size", "whole number", "rows and columns of a patch"),
    key("dataset.patches_per_image", "whole number", "how many patches an image gives at most, a third of them of each class"),
    key("dataset.valid_fraction", "number in [0, 1)", "share of the images that are for validation"),
    key("dataset.test_fraction", "number in [0, 1)", "share of the images that are for testing"),
    key("dataset.train_fraction", "number in (0, 1]", "share of the training images that are used, for learning from little"),
    key("dataset.train_limit", "whole number", "use only so many training patches; left out, all"),
    key("dataset.valid_limit", "whole number", "use only so many validation patches; left out, all"),
    key("dataset.test_limit", "whole number", "use only so many test patches; left out, all"),
];

/// The data set of `task = "pcam"`.
#[rustfmt::skip] // one line a key reads as the table it is
pub const PCAM: &[Key] = &[
    key("dataset.path", "path", "folder of the HDF5 files; left out, the user's data folder"),
    key("dataset.cache", "path", "where gzipped files are unpacked; left out, beside them"),
    key("dataset.chunk_memory_mib", "whole number", "how much memory each split may take to remember parts of its file, in MiB; training patches are shuffled among as many parts as fit, so another value gives other batches"),
    key("dataset.seed", "whole number", "seed of the choice of training patches, where train_fraction leaves some out"),
    key("dataset.train_fraction", "number in (0, 1]", "share of the training patches that are used, for learning from little"),
    key("dataset.train_limit", "whole number", "use only so many training patches; left out, all"),
    key("dataset.valid_limit", "whole number", "use only so many validation patches; left out, all"),
    key("dataset.test_limit", "whole number", "use only so many test patches; left out, all"),
];

/// The data set of `task = "image-folder"`.
#[rustfmt::skip] // one line a key reads as the table it is
pub const IMAGE_FOLDER: &[Key] = &[
    key("dataset.path", "path", "folder with train, valid and test in it, each with a folder for each class"),
    key("dataset.grey", "true | false", "turn images to grey, one channel instead of three"),
    key("dataset.seed", "whole number", "seed of the choice of training images, where train_fraction leaves some out"),
    key("dataset.train_fraction", "number in (0, 1]", "share of the training images that are used, for learning from little"),
    key("dataset.memory_limit_mib", "whole number", "the most memory that the pixels of all splits may take, in MiB"),
];

/// The other tables of the tasks for images.
#[rustfmt::skip] // one line a key reads as the table it is
pub const IMAGES: &[Key] = &[
    key("model.kind", "\"gcnn\" | \"densenet\"", "the network: layer after layer, or densely connected blocks; its other keys depend on it"),
    key("model.group", "\"trivial\" | \"C4\" | \"D4\" | \"C8\" | …", "rotations (C) and reflections (D) that the network is equivariant under"),
    only(&["densenet"], "model.growth", "whole number ≥ 1", "fields of the first layer, and those that every block adds"),
    only(&["densenet"], "model.blocks", "whole number ≥ 1", "blocks, with a pooling between each two: 5 for patches of 96×96, 3 for 32×32"),
    only(&["gcnn"], "model.channels", "list of whole numbers", "fields of each hidden layer"),
    only(&["gcnn"], "model.kernel_sizes", "list of whole numbers", "side of each layer's kernel; the convolution head has one more"),
    only(&["gcnn"], "model.pool_after", "list of whole numbers", "layers, counted from 1, after which the map is halved by max-pooling"),
    only(&["gcnn"], "model.normalisation", "\"batch\" | \"none\"", "what follows the hidden convolutions"),
    only(&["gcnn"], "model.dropout", "number in [0, 1)", "probability of dropout after the hidden layers that are not pooled"),
    only(&["gcnn"], "model.dropout_unit", "\"field\" | \"value\"", "what dropout drops at once: a whole field, or a single number"),
    key("model.kernel", "table", "how kernels are parametrised; basis = \"pixel\" has one weight per pixel"),
    only(&["gcnn"], "model.padding", "\"none\" | \"same\" | \"circular\"", "what convolutions see beyond the border"),
    only(&["gcnn"], "model.bias", "true | false", "a bias per field in the convolutions"),
    only(&["gcnn"], "model.head", "\"convolution\" | \"linear\"", "how class scores are made of the last map: one more group convolution and pooling, or pooling and a linear map"),
    key("model.projection", "\"max\" | \"mean\"", "pooling over the group in the head"),
    only(&["gcnn"], "model.global_pool", "\"max\" | \"mean\"", "pooling over the plane in the head"),
    key("augmentation.rotation", "\"none\" | \"right-angles\" | \"continuous\"", "random rotation of training images"),
    key("augmentation.flip", "true | false", "reflect every other training image"),
    key("augmentation.scale", "0 to 0.5", "how far width and height vary, each by its own factor 1 ± this"),
    key("augmentation.translation", "number ≥ 0", "largest random shift in pixels"),
    key("augmentation.interpolation", "\"bicubic\" | \"bilinear\"", "how moved images are read between pixels"),
    key("augmentation.brightness", "number in [0, 1]", "how far brightness varies: values are multiplied by 1 plus or minus up to so much"),
    key("augmentation.contrast", "number in [0, 1]", "how far contrast varies, around the image's mean grey"),
    key("augmentation.saturation", "number in [0, 1]", "how far saturation varies, around each pixel's grey"),
    key("augmentation.hue", "number in [0, 0.5]", "how far the hue varies, in turns"),
    key("augmentation.stain", "number in [0, 1]", "how far the amounts of haematoxylin and eosin vary, each by its own factor"),
];

/// Tables of `task = "nbody"`.
#[rustfmt::skip] // one line a key reads as the table it is
pub const NBODY: &[Key] = &[
    key("dataset.system", "\"charged\" | \"gravity\"", "which forces act"),
    key("dataset.path", "path", "folder with the community's .npy files; left out, the simulations are made here"),
    key("dataset.seed", "whole number", "seed of the initial states, where they are simulated"),
    key("dataset.particles", "whole number", "particles of a simulation; left out, 5 charges or 100 masses"),
    key("dataset.train", "whole number", "training simulations; left out, as many as the benchmark has"),
    key("dataset.valid", "whole number", "validation simulations; left out, as many as the benchmark has"),
    key("dataset.test", "whole number", "test simulations; left out, as many as the benchmark has"),
    key("dataset.input_frame", "whole number", "the frame to predict from"),
    key("dataset.target_frame", "whole number", "the frame to predict"),
    key("dataset.cache", "true | false", "keep simulations on disk for the next time"),
    key("dataset.cache_path", "path", "where to keep them; left out, in the user's data folder"),
    key("graph.edges", "\"all\" | \"nearest\" | \"radius\"", "which particles a particle hears"),
    only(&["nearest"], "graph.neighbours", "whole number ≥ 1", "how many of the nearest"),
    only(&["radius"], "graph.radius", "number > 0", "within what distance"),
    key("model.kind", "\"linear\" | \"nmp\" | \"radial-field\" | \"tfn\" | \"se3-transformer\" | \"egnn\" | \"seconv\" | \"segnn\"", "the network; its other keys depend on it"),
    only(&["egnn", "nmp", "radial-field", "seconv", "segnn"], "model.hidden", "whole number; irreps as \"32x0e+32x1o\" for seconv and segnn", "features of a node between layers"),
    only(&["egnn", "nmp", "radial-field", "tfn", "se3-transformer", "seconv", "segnn"], "model.layers", "whole number ≥ 1", "rounds of messages"),
    only(&["egnn"], "model.tanh", "true | false", "whether an edge pushes by no more than its length: the published code's option of that name"),
    only(&["egnn"], "model.norm_diff", "true | false", "whether edges push along differences divided by their length plus one: the published code's option of that name"),
    only(&["seconv", "segnn"], "model.attribute_degree", "whole number", "highest degree of the harmonics that steer"),
    only(&["segnn"], "model.velocity_attributes", "true | false", "whether velocities steer nodes, beside the directions of their edges"),
    only(&["seconv", "segnn"], "model.normalisation", "\"none\" | \"instance\" | \"batch\"", "what features are normalised by"),
    only(&["seconv"], "model.message", "\"linear\" | \"non-linear\"", "a linear map of the sender, or a network of both ends"),
    only(&["tfn", "se3-transformer"], "model.channels", "whole number ≥ 1", "channels of each degree"),
    only(&["tfn", "se3-transformer"], "model.degree", "whole number", "highest degree of features"),
    only(&["tfn", "se3-transformer"], "model.kernel_degree", "whole number", "highest degree of the kernels' harmonics"),
    only(&["tfn", "se3-transformer", "seconv"], "model.radial_hidden", "whole number ≥ 1", "width of the network that scales kernels by distance and charges"),
    only(&["se3-transformer"], "model.heads", "whole number ≥ 1", "attentions side by side"),
    only(&["linear"], "model.time", "number", "where the time that a particle keeps its velocity for starts"),
    key("augmentation.orthogonal", "true | false", "turn and reflect training simulations at random; equivariant networks gain nothing by it"),
    key("augmentation.time_reversal", "true | false", "run every other training simulation backwards; reads the velocities of the target frame, which the benchmark's task does not"),
];

/// Going on from trained weights, in every run file.
#[rustfmt::skip] // one line a key reads as the table it is
pub const FINETUNE: &[Key] = &[
    key("finetune.from", "\"zoo:NAME\" | path", "trained network to start from: of the zoo, a weights file, or a run folder; what [model] leaves out is taken from it"),
    key("finetune.freeze", "list of layer names", "what stays as it is, running statistics included; \"blocks.0\" means all under it, * anything within a part of a name"),
    key("finetune.reinit", "list of layer names", "what starts from random weights; layers that depend on the number of classes do where that has changed"),
    key("finetune.layer_decay", "number in (0, 1]", "factor on the learning rate for each layer nearer to the input"),
    key("finetune.rates", "table", "factors on the learning rate by layer name, as in { linear = 10 }"),
];

/// Tables of every run file.
#[rustfmt::skip] // one line a key reads as the table it is
pub const TRAINING: &[Key] = &[
    key("training.epochs", "whole number ≥ 1", "passes over the training set"),
    key("training.batch_size", "whole number ≥ 1", "examples per optimizer step"),
    key("training.micro_batch_size", "whole number", "examples that pass at once, for less memory: gradients of a batch's parts are summed, and batch normalisation sees the parts; 0: whole batches"),
    key("training.eval_batch_size", "whole number ≥ 1", "examples per batch when evaluating"),
    key("training.checkpoint_every", "whole number", "steps between checkpoints within an epoch; 0: one after each epoch"),
    key("training.on_divergence", "\"stop\" | \"restore\" | \"continue\"", "what to do when the loss is no number or rises far above where it was; restore: back to the last good checkpoint, at half the rate"),
    key("training.patience", "whole number", "epochs without progress on validation before the run ends; 0: never"),
    key("training.clip_norm", "number ≥ 0", "largest norm of the whole gradient; 0: no clipping"),
    only(&["rotated-mnist", "nuclei", "pcam", "image-folder"], "training.label_smoothing", "number in [0, 1)", "share of the target spread over all classes"),
    key("training.average", "number in [0, 1)", "decay per step of the running average of the weights that is evaluated and kept; 0: none"),
    key("optimizer.kind", "\"adam\" | \"adamw\" | \"sgd\"", "update rule"),
    key("optimizer.lr", "number > 0", "learning rate before the schedule"),
    key("optimizer.weight_decay", "number ≥ 0", "weight decay; with adam and sgd it joins the gradient (L2), with adamw it is decoupled"),
    only(ADAMS, "optimizer.beta_1", "number in [0, 1)", "decay of the mean gradient"),
    only(ADAMS, "optimizer.beta_2", "number in [0, 1)", "decay of the mean squared gradient"),
    only(ADAMS, "optimizer.epsilon", "number > 0", "added to the root mean square"),
    only(&["sgd"], "optimizer.momentum", "number in [0, 1)", "share of the last update that is kept"),
    only(&["sgd"], "optimizer.nesterov", "true | false", "look ahead along the momentum"),
    key("schedule.kind", "\"constant\" | \"step\" | \"cosine\" | \"exponential\" | \"plateau\"", "shape of the learning rate over the run"),
    key("schedule.warmup_epochs", "number ≥ 0", "epochs of linear growth from zero, with any kind"),
    only(&["step"], "schedule.every", "whole number ≥ 1", "epochs between reductions"),
    only(&["step", "exponential", "plateau"], "schedule.factor", "number in (0, 1]", "what the rate is multiplied by"),
    only(&["exponential"], "schedule.start", "whole number", "first epoch, counted from 0, with a reduced rate"),
    only(&["cosine"], "schedule.floor", "number in [0, 1]", "last rate as a fraction of the first"),
    only(&["plateau"], "schedule.patience", "whole number ≥ 1", "epochs without progress before a reduction"),
];

/// The keys of a task's run file, in its order.
pub fn of(task: TaskName) -> impl Iterator<Item = &'static Key> {
    let (dataset, own) = match task {
        TaskName::RotatedMnist => (ROTATED_MNIST, IMAGES),
        TaskName::Nuclei => (NUCLEI, IMAGES),
        TaskName::Pcam => (PCAM, IMAGES),
        TaskName::ImageFolder => (IMAGE_FOLDER, IMAGES),
        TaskName::NBody => (NBODY, [].as_slice()),
    };
    let shared = FINETUNE.iter().chain(TRAINING);
    TOP.iter().chain(dataset).chain(own).chain(shared)
}

/// The full name of a key of any task whose last part is `leaf`, if there is one.
pub fn with_leaf(leaf: &str) -> Option<&'static str> {
    TaskName::ALL
        .into_iter()
        .flat_map(of)
        .map(|k| k.name)
        .find(|name| name.rsplit('.').next() == Some(leaf) && *name != leaf)
}

/// A variant's name in files.
pub fn name_of<T: Serialize>(kind: &T) -> String {
    match Value::try_from(kind) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The value of `section.key` in a table.
pub fn value_of(table: &Table, name: &str) -> Option<Value> {
    let mut parts = name.split('.');
    let mut value = table.get(parts.next()?)?;
    for part in parts {
        value = value.as_table()?.get(part)?;
    }
    Some(value.clone())
}

/// All keys of a task with kind, default and meaning, as a commented run file.
pub fn explain(task: TaskName) -> Result<String, ConfigError> {
    let defaults = Table::try_from(RunConfig::new(task)).map_err(|e| ConfigError::Write {
        reason: e.to_string(),
    })?;
    let mut text = format!(
        "# Every key of a run file of task \"{task}\" with its default. A file needs to state only what differs.\n"
    );
    let others: Vec<String> = TaskName::ALL
        .iter()
        .filter(|other| **other != task)
        .map(|other| format!("gcnn config --explain {other}"))
        .collect();
    text.push_str(&format!("# Other tasks: {}\n", others.join(", ")));
    let mut section = "";
    for key in of(task) {
        let (head, leaf) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if head != section {
            section = head;
            // A table that is left out by default would mean something by its header alone.
            let absent = !section.is_empty() && value_of(&defaults, section).is_none();
            let mark = if absent { "# " } else { "" };
            text.push_str(&format!("\n{mark}[{section}]\n"));
        }
        let with = match key.with {
            [] => String::new(),
            kinds => format!(" (with {})", kinds.join(", ")),
        };
        text.push_str(&format!("# {}\n# {}{with}\n", key.doc, key.kind));
        match value_of(&defaults, key.name) {
            Some(value) => text.push_str(&format!("{leaf} = {value}\n")),
            None => text.push_str(&format!("# {leaf} is left out by default\n")),
        }
    }
    Ok(text)
}
