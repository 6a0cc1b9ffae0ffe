//! Networks for images: the elements of their group, the right angles and reflections that it may lack, and all angles.

use burn::prelude::*;
use burn::tensor::activation::softmax;
use gcnn_datasets::TargetKind;
use gcnn_layers::Group;
use gcnn_layers::equivariance::{
    Feature, OutputErrors, PlaneTransformation, RoundImages, survey as measure,
};
use gcnn_layers::group::AxisKind;
use gcnn_models::argmax;
use gcnn_train::task::equivariance::images::{own_elements, survey};
use gcnn_train::task::equivariance::{Standing, Survey};
use gcnn_train::task::targets::TargetFormat;

use super::{Answers, Curve, Growth, PORTION, SWEPT, Sweep, angles, answer_angles, growing};

/// A network, as what it says of images layer by layer, the class scores last.
pub struct Probe<'a> {
    /// The group that it is built for.
    pub group: &'a Group,
    /// Its outputs, by name.
    pub outputs: &'a dyn Fn(Tensor<4>) -> Vec<(String, Feature)>,
    /// What the last of them are, where they are no class scores.
    pub targets: Option<&'a TargetFormat>,
}

/// The rotations by right angles and reflections that are not in a group.
fn foreign_elements(group: &Group) -> Vec<(PlaneTransformation, Standing)> {
    let turns = [0.0, 90.0, 180.0, 270.0].map(PlaneTransformation::rotation);
    let square = [turns, turns.map(|turn| turn.after_mirror())].concat();
    let foreign = square
        .into_iter()
        .filter(|transformation| transformation.element_of(group).is_none())
        .map(|transformation| (transformation, Standing::Foreign));
    foreign.collect()
}

/// How many rotations a group has.
pub(super) fn orientations(group: &Group) -> usize {
    along(group, AxisKind::Angle).unwrap_or(1)
}

/// How many samples a group has along an axis, if it has one.
pub(super) fn along(group: &Group, kind: AxisKind) -> Option<usize> {
    let mut axes = group.axes().iter();
    axes.find(|axis| axis.kind == kind).map(|axis| axis.samples)
}

/// Whether images are signals, which nothing turns.
fn are_signals(images: &Tensor<4>) -> bool {
    images.dims()[2] == 1
}

impl Probe<'_> {
    /// Every output under the elements of the network's group, and under the right angles and reflections that the group lacks;
    /// `images` of `[batch, channels, height, width]`.
    pub fn survey(&self, images: Tensor<4>) -> Survey {
        let foreign = match are_signals(&images) {
            true => Vec::new(),
            false => foreign_elements(self.group),
        };
        let elements = [own_elements(self.group), foreign];
        let mut found = survey(self.group, elements.concat(), images, self.outputs);
        self.forget_choices(&mut found.outputs);
        found
    }

    /// Every output as the first images grow; nothing where nothing is built for it.
    pub fn growth(&self, images: Tensor<4>) -> Option<Growth> {
        if along(self.group, AxisKind::Scale).is_none() && !are_signals(&images) {
            return None;
        }
        let count = images.dims()[0].min(SWEPT);
        let images = images.narrow(0, 0, count);
        let factors = growing();
        let scalings = factors.iter().copied();
        let scalings: Vec<PlaneTransformation> =
            scalings.map(PlaneTransformation::scaling).collect();
        let round = RoundImages::new(images.clone());
        let mut outputs = measure(self.group, &scalings, images, self.outputs);
        self.forget_choices(&mut outputs);
        let alone = scalings
            .iter()
            .map(|scaling| round.there_and_back(*scaling));
        Some(Growth {
            examples: count,
            outputs,
            interpolation: alone.collect(),
            factors,
        })
    }

    /// Every output under rotations all around, of the first images alone. Signals don't turn.
    pub fn sweep(&self, images: Tensor<4>) -> Sweep {
        let count = images.dims()[0].min(SWEPT);
        let images = images.narrow(0, 0, count);
        let orientations = orientations(self.group);
        let step = 360.0 / orientations as f64;
        let degrees = match are_signals(&images) {
            true => vec![0.0],
            false => angles((0..orientations).map(|turn| turn as f64 * step)),
        };
        let transformations: Vec<PlaneTransformation> = degrees
            .iter()
            .copied()
            .map(PlaneTransformation::rotation)
            .collect();
        let round = RoundImages::new(images.clone());
        let mut outputs = measure(self.group, &transformations, images, self.outputs);
        self.forget_choices(&mut outputs);
        Sweep {
            examples: count,
            outputs,
            interpolation: Some(
                transformations
                    .iter()
                    .map(|transformation| round.there_and_back(*transformation))
                    .collect(),
            ),
            degrees,
        }
    }

    /// Numbers and labels are no choice between outputs, whichever is largest.
    fn forget_choices(&self, outputs: &mut [OutputErrors]) {
        if self.targets.is_some() {
            let outputs = outputs.iter_mut();
            outputs.for_each(|output| output.same_largest = None);
        }
    }

    /// What outputs say: probabilities of classes or labels, or numbers.
    fn said(&self, outputs: Tensor<2>) -> Tensor<2> {
        match self.targets {
            Some(targets) => targets.answers(outputs),
            None => softmax(outputs, 1),
        }
    }

    /// What is said of one image, `[1, channels, height, width]`, all around.
    pub fn answers(&self, image: Tensor<4>, example: usize, classes: &[String]) -> Answers {
        let degrees = match are_signals(&image) {
            true => vec![0.0],
            false => answer_angles(),
        };
        let round = RoundImages::new(image);
        let mut curves: Vec<Curve> = Vec::new();
        for angle in &degrees {
            let outputs = (self.outputs)(round.turned(PlaneTransformation::rotation(*angle)));
            let Some((_, Feature::Invariant(logits))) = outputs.last() else {
                continue;
            };
            let probabilities: Vec<f64> = self.said(logits.clone()).into_data().iter().collect();
            for (class, probability) in probabilities.into_iter().enumerate() {
                if curves.len() <= class {
                    curves.push(Curve {
                        name: classes.get(class).cloned().unwrap_or(class.to_string()),
                        values: Vec::with_capacity(degrees.len()),
                    });
                }
                curves[class].values.push(probability);
            }
        }
        let kind = self.targets.map(|targets| targets.kind);
        let what = match kind {
            None => "class probabilities",
            Some(TargetKind::Numbers) => "numbers",
            Some(TargetKind::Labels) => "probabilities of labels",
        };
        Answers {
            about: format!("{what} of image {example}"),
            are_shares: kind != Some(TargetKind::Numbers),
            example,
            degrees,
            curves,
        }
    }

    /// The image that the network is least sure of: whose largest class probability is smallest, or with a label that is nearest to
    /// ½. Of numbers it is the first one.
    pub fn least_sure(&self, images: Tensor<4>) -> usize {
        let mut sure: Vec<f32> = Vec::new();
        for portion in images.split(PORTION, 0) {
            if let Some((_, Feature::Invariant(logits))) = (self.outputs)(portion).last() {
                let said = self.said(logits.clone());
                let sureness = match self.targets.map(|targets| targets.kind) {
                    None => said.max_dim(1),
                    Some(TargetKind::Labels) => (said - 0.5).abs().min_dim(1),
                    Some(TargetKind::Numbers) => said.zeros_like().max_dim(1),
                };
                sure.extend(sureness.into_data().iter::<f32>().map(|most| -most));
            }
        }
        argmax(&sure)
    }
}
