//! The rules: settings of a run from what a look at the pictures finds.
//!
//! ```text
//! side        the largest of 32, 48, 64 that pictures have and the work allows; equal pictures of a fitting size keep it
//! work        pictures shown × side², at most WORK: about five minutes on two cores
//! epochs      what the work allows, 15 to 60
//! batch       a power of two that gives an epoch at least 20 steps, 8 to 64
//! average     decay 1 − 10 / steps of the run: the weights of the last tenth
//! ```
//!
//! `docs/defaults.md` has the experiments that they were chosen by.

use gcnn_datasets::ImageFolderConfig;
use gcnn_datasets::image_folder::Survey;
use toml::Value;

/// What the rules depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Pictures {
    /// Pictures to train with.
    pub training: usize,
    /// Classes.
    pub classes: usize,
    /// `[height, width]`, where all pictures have one size.
    pub size: Option<[usize; 2]>,
    /// The median of their shorter sides.
    pub side: usize,
    /// Whether their shapes differ, or are far from squares.
    pub is_oblong: bool,
    /// 1 where all of them are grey, otherwise 3.
    pub channels: usize,
}

impl Pictures {
    /// From a look at the folder, and what is known of how its pictures are dealt to the splits.
    pub fn of(survey: &Survey, folder: &ImageFolderConfig) -> Self {
        let given = survey.splits.map(|[train, ..]| train);
        let share = match (folder.folds, folder.split) {
            (Some(folds), _) => 1.0 - 1.0 / folds.max(2) as f64 - VALIDATION,
            (None, Some([train, ..])) => train,
            (None, None) => TRAINING,
        };
        let dealt = given.map_or(share * survey.pictures as f64, |train| train as f64);
        let training = ((dealt * folder.train_fraction) as usize).max(1);
        let sizes = survey.sizes.as_ref();
        let size = sizes
            .filter(|sizes| sizes.different == 1)
            .map(|sizes| sizes.median);
        let shapes = sizes.map(|sizes| [sizes.smallest, sizes.median, sizes.largest]);
        let is_oblong = |[height, width]: [usize; 2]| {
            let [short, long] = [height.min(width), height.max(width)];
            long as f64 > OBLONG * short as f64
        };
        let is_square = |size: [usize; 2]| !is_oblong(size);
        let colours = &survey.colours;
        // Files may hold grey in three equal channels.
        let is_grey =
            colours.colour == 0 || colours.sampled > 0 && colours.equal == colours.sampled;
        Self {
            training,
            classes: survey.classes.len(),
            size,
            side: sizes.map_or(1, |sizes| sizes.median[0].min(sizes.median[1])),
            is_oblong: !shapes.is_none_or(|shapes| shapes.into_iter().all(is_square)),
            channels: if is_grey { 1 } else { 3 },
        }
    }
}

/// A setting with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `section.key`.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
    /// Why, in a few words.
    pub reason: String,
    /// Keys that leave no room for it where a file says one of them.
    pub yields_to: &'static [&'static str],
}

/// Settings that suit a folder of pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// In the order of a run file.
    pub settings: Vec<Setting>,
}

/// Sides that pictures are brought to: all can be halved two times and more. At 128 the network of 240 textures learned nothing, at 64
/// all of them.
const SIDES: [usize; 3] = [32, 48, 64];
/// Pictures of one size keep it up to this side.
const KEPT: usize = 64;
/// Pictures shown × pixels of each.
const WORK: f64 = 2.2e8;
/// The share of the pictures that training has where a file says nothing, and that of validation beside folds.
const TRAINING: f64 = 0.7;
const VALIDATION: f64 = 0.15;
/// Pictures whose longer side is so many times the shorter one are not squares.
const OBLONG: f64 = 1.15;
const EPOCHS: [usize; 2] = [15, 60];
const BATCH: [usize; 2] = [8, 64];
const STEPS_PER_EPOCH: usize = 20;

/// What says which layers a network has.
const LAYERS: &[&str] = &[
    "model.kind",
    "model.channels",
    "model.kernel_sizes",
    "model.pool_after",
    "model.head",
    "model.padding",
    "finetune",
];

impl Suggestion {
    /// What suits these pictures.
    pub fn new(pictures: &Pictures) -> Self {
        let mut settings = Vec::new();
        let mut add = |key, value: Value, reason: String, yields_to| {
            settings.push(Setting {
                key,
                value,
                reason,
                yields_to,
            });
        };
        let [height, width] = size(pictures);
        let work = pictures.training as f64 * (height * width) as f64;
        let epochs = ((WORK / work) as usize).clamp(EPOCHS[0], EPOCHS[1]);
        let batch = batch(pictures.training);
        let steps = pictures.training.div_ceil(batch);

        let value = match height == width {
            true => Value::from(height as i64),
            false => vec![height as i64, width as i64].into(),
        };
        let reason = match pictures.size {
            Some(own) if own == [height, width] => "as the pictures are".into(),
            Some([own_height, own_width]) => {
                format!("pictures are {own_height}×{own_width} (height×width)")
            }
            None => format!(
                "pictures of several sizes, half of them below {} pixels",
                pictures.side
            ),
        };
        add("dataset.size", value, reason, &[]);
        if pictures.is_oblong {
            let reason = "whole pictures, their shape kept, on the colour of their border";
            add("dataset.fit", "pad".into(), reason.into(), &[]);
        } else {
            add(
                "dataset.fit",
                "resize".into(),
                "the shapes are alike".into(),
                &[],
            );
        }
        let channels = if pictures.channels == 1 {
            "grey"
        } else {
            "colour"
        };
        add(
            "dataset.channels",
            channels.into(),
            "as the files are".into(),
            &["dataset.grey"],
        );

        let reason =
            "rotations by 90°; flip: left and right only, trivial: neither, D4: both, C8: by 45°";
        add("model.group", "C4".into(), reason.into(), &["finetune"]);
        let reason = "small, medium, large: the same number of parameters for every group";
        add("model.size", "medium".into(), reason.into(), LAYERS);
        let reason = "none: it harms networks of small sets";
        add("model.dropout", 0.0.into(), reason.into(), &["model.kind"]);

        let reason =
            "training pictures are turned at random; \"none\" where up and down mean something";
        add(
            "augmentation.rotation",
            "continuous".into(),
            reason.into(),
            &[],
        );

        let reason = "what comes in at their corners is the picture again";
        add("augmentation.fill", "mirror".into(), reason.into(), &[]);

        add("optimizer.kind", "adamw".into(), String::new(), &[]);
        add(
            "optimizer.lr",
            3e-3.into(),
            String::new(),
            &["optimizer.kind"],
        );
        add(
            "optimizer.weight_decay",
            1e-2.into(),
            String::new(),
            &["optimizer.kind"],
        );
        add("schedule.kind", "cosine".into(), String::new(), &[]);
        let reason = "the rate rises over the first steps";
        add("schedule.warmup_epochs", 1.0.into(), reason.into(), &[]);

        let reason = format!(
            "{} training pictures, {steps} steps each",
            pictures.training
        );
        add("training.epochs", (epochs as i64).into(), reason, &[]);
        add(
            "training.batch_size",
            (batch as i64).into(),
            String::new(),
            &[],
        );
        let decay = 1.0 - 10.0 / (epochs * steps).max(20) as f64;
        let decay = (decay * 1e4).round() / 1e4;
        add(
            "training.average",
            decay.into(),
            "the mean weights of the last tenth".into(),
            &[],
        );
        Self { settings }
    }
}

/// `[height, width]` that pictures are brought to.
fn size(pictures: &Pictures) -> [usize; 2] {
    let least = (pictures.training * EPOCHS[0]).max(1) as f64;
    let affordable = |[height, width]: [usize; 2]| least * (height * width) as f64 <= WORK;
    if let Some(own) = pictures.size
        && own
            .iter()
            .all(|side| *side <= KEPT && side.is_multiple_of(4))
        && affordable(own)
    {
        return own;
    }
    let fitting = |side: &&usize| **side <= pictures.side && affordable([**side; 2]);
    let side = SIDES.iter().rev().find(fitting).unwrap_or(&SIDES[0]);
    [*side; 2]
}

/// Pictures per step.
fn batch(training: usize) -> usize {
    let most = (training / STEPS_PER_EPOCH).max(1);
    // The power of two that is not above.
    let power = 1usize << most.ilog2();
    power.clamp(BATCH[0], BATCH[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(training: usize, side: usize, same: bool) -> Pictures {
        Pictures {
            training,
            classes: 2,
            size: same.then_some([side; 2]),
            side,
            is_oblong: false,
            channels: 1,
        }
    }

    #[test]
    fn pictures_of_a_fitting_size_keep_it_and_others_are_brought_to_one() {
        let of = |training, side, same| size(&pictures(training, side, same));
        assert_eq!(of(7_000, 28, true), [28; 2]);
        assert_eq!(of(400, 150, true), [64; 2]);
        assert_eq!(of(400, 50, false), [48; 2]);
        // Sides that cannot be halved, and pictures smaller than any size.
        assert_eq!(of(400, 45, true), [32; 2]);
        assert_eq!(of(400, 20, false), [32; 2]);
        assert_eq!(of(400, 8, true), [8; 2]);
        // More pictures, smaller ones: the work has a bound.
        assert_eq!(of(5_000, 150, true), [48; 2]);
        assert_eq!(of(1_000_000, 150, true), [32; 2]);
    }

    #[test]
    fn an_epoch_has_twenty_steps_where_there_are_pictures_for_them() {
        for (training, expected) in [(5, 8), (168, 8), (420, 16), (1_300, 64), (100_000, 64)] {
            assert_eq!(batch(training), expected, "{training}");
        }
        assert!((160usize..5_000).all(|training| training.div_ceil(batch(training)) >= 20));
    }

    #[test]
    fn every_setting_is_a_key_and_says_why_or_speaks_for_itself() {
        let suggestion = Suggestion::new(&pictures(420, 150, true));
        let text = suggestion.to_run_file("spirals".as_ref(), &["600 pictures".into()], &[], true);
        let file = crate::run_file::RunFile::parse(&text, "spirals.toml".as_ref(), &[]);
        let config = file.expect("a run file").into_config();
        assert_eq!(
            (config.training.batch_size, config.training.epochs),
            (16, 60)
        );
        assert!(text.starts_with("# 600 pictures\ntask = "), "{text}");
        let value = |key: &str| {
            suggestion
                .settings
                .iter()
                .find(|setting| setting.key == key)
        };
        let size = value("dataset.size").expect("a size");
        assert_eq!(size.reason, "pictures are 150×150 (height×width)");
        let none = value("model.dropout").expect("dropout");
        assert_eq!(none.value.as_float(), Some(0.0));
    }
}
