//! Two classifiers on the same test images.
//!
//! ```text
//! difference = mean_i (hit_b(i) − hit_a(i))
//! interval   = bootstrap over the images that examples were cut from, of both networks at once
//! ```
//!
//! What one network finds hard the other does too: the interval of the difference is shorter than those of the two
//! accuracies would have it, and it says nothing about other seeds. Source: Efron and Tibshirani 1993, chapter 16.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_datasets::ImageDataset;
use gcnn_train::task::bootstrap::Units;
use gcnn_train::task::metrics::{interval_words, significant};
use gcnn_train::task::targets::{self, TargetPredictions};
use gcnn_train::task::{Split, evaluate_by, folds};
use gcnn_train::tasks::classification::Classification;
use gcnn_train::weights::evaluation::{Loaded, LoadedNetwork};
use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};

use super::paired_targets::PairedTargets;
use super::runs::FOLDS;
use crate::ProgramError;

/// Draws of the bootstrap.
const DRAWS: usize = 2_000;

/// What is compared.
const MEASURE: &str = "accuracy";

/// Two networks on the same images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paired {
    /// The run folders or weights files.
    pub weights: [PathBuf; 2],
    /// Test images.
    pub examples: usize,
    /// The larger images that they were cut from, or the images themselves.
    pub units: usize,
    /// Accuracy of each.
    pub accuracy: [f64; 2],
    /// Of the second less that of the first.
    pub difference: f64,
    /// Its 95 % interval; no numbers where all images were cut from one.
    pub interval: [f64; 2],
    /// How probable images that only one of them answers rightly are to be so unevenly shared, were both equally good: McNemar's
    /// exact test. It takes images to be independent, which those that were cut from one thing are not.
    pub mcnemar: f64,
}

/// Twice the smaller tail of a fair coin, thrown once for each image that one of both answers rightly. Source: McNemar 1947.
fn mcnemar([first, second]: [u64; 2]) -> f64 {
    let all = first + second;
    let coin = Binomial::new(0.5, all);
    let tail = coin.map_or(1.0, |coin| coin.cdf(first.min(second)));
    f64::min(2.0 * tail, 1.0)
}

/// Two networks on the same images, whatever they say of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PairedRuns {
    /// Classes.
    Classes(Paired),
    /// Numbers or labels.
    Targets(PairedTargets),
}

impl PairedRuns {
    /// Evaluates both networks, or takes what cross-validations wrote. `seen` hears how many images there are for both together,
    /// and how many are done.
    ///
    /// # Errors
    /// Where the two were not asked the same of the same images.
    pub fn new(
        weights: [&Path; 2],
        device: &Device,
        mut seen: impl FnMut(usize, usize),
    ) -> Result<Self, ProgramError> {
        if weights.iter().all(|path| path.join(FOLDS).is_file()) {
            let tables = weights.map(|path| path.join("predictions.csv"));
            if !tables
                .iter()
                .any(|table| targets::predictions::is_table(table))
            {
                return Paired::of_tables(weights).map(Self::Classes);
            }
            let read = |table: &Path| targets::predictions::read(table, Split::Test);
            let said = [read(&tables[0])?, read(&tables[1])?];
            return PairedTargets::new(weights, said).map(Self::Targets);
        }
        let [first, second] = weights.map(|path| Judged::open(path, device));
        let judged = [first?, second?];
        if judged.iter().all(|one| one.task.targets().is_none()) {
            return Paired::of_networks(weights, judged, device, seen).map(Self::Classes);
        }
        let total = judged.iter().map(|one| one.task.tested_on().count()).sum();
        let mut done = 0;
        let mut said = Vec::with_capacity(2);
        for one in &judged {
            let own = one.targets(device, |now| seen(total, done + now))?;
            said.push(own);
            done += one.task.tested_on().count();
        }
        let images = judged.each_ref().map(|one| one.task.tested_on());
        check_same(weights, images)?;
        let [Some(first), Some(second)] = <[_; 2]>::try_from(said).unwrap_or([None, None]) else {
            let [a, b] = weights.map(Path::display);
            return Err(ProgramError::Refused(format!(
                "one of {a} and {b} classifies images, the other one says numbers or labels of them"
            )));
        };
        PairedTargets::new(weights, [first, second]).map(Self::Targets)
    }

    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Classes(found) => found.text(),
            Self::Targets(found) => found.text(),
        }
    }
}

impl Paired {
    /// Evaluates both networks. `seen` hears how many images there are for both together, and how many are done.
    fn of_networks(
        weights: [&Path; 2],
        judged: [Judged; 2],
        device: &Device,
        mut seen: impl FnMut(usize, usize),
    ) -> Result<Self, ProgramError> {
        let images = judged.each_ref().map(|one| one.task.tested_on());
        check_same(weights, images)?;
        let total = 2 * images[0].count();
        let mut hits = [const { Vec::new() }; 2];
        for (index, one) in judged.iter().enumerate() {
            hits[index] = one.hits(device, |done| {
                seen(total, index * images[0].count() + done);
            })?;
        }
        let sources = images[0].sources();
        let paths = weights.map(Path::to_path_buf);
        Ok(Self::of_hits(paths, hits, sources))
    }

    /// Two cross-validations of the same pictures, by what they wrote of them: however the pictures were dealt to the folds.
    fn of_tables(weights: [&Path; 2]) -> Result<Self, ProgramError> {
        let read = |path: &Path| folds::read(&path.join("predictions.csv"), Split::Test);
        let tables = [read(weights[0])?, read(weights[1])?];
        let hits = tables.each_ref().map(folds::outcomes);
        let [first, second] = tables
            .each_ref()
            .map(|table| table.files().unwrap_or_default());
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        places.extend(
            second
                .iter()
                .enumerate()
                .map(|(place, file)| (file.as_str(), place)),
        );
        let order: Option<Vec<usize>> = first
            .iter()
            .map(|file| places.get(file.as_str()).copied())
            .collect();
        let order = order.filter(|order| !order.is_empty() && first.len() == second.len());
        let Some(order) = order else {
            let [a, b] = weights.map(Path::display);
            return Err(ProgramError::Refused(format!(
                "{a} and {b} are cross-validations of different pictures"
            )));
        };
        let [one, other] = hits.each_ref().map(|hits| hits.column(MEASURE));
        let other = order.iter().map(|place| other[*place]).collect();
        let paths = weights.map(Path::to_path_buf);
        Ok(Self::of_hits(
            paths,
            [one.to_vec(), other],
            tables[0].groups(),
        ))
    }

    fn of_hits(weights: [PathBuf; 2], hits: [Vec<f32>; 2], sources: Option<&[u32]>) -> Self {
        let examples = hits[0].len();
        let units = sources.map_or_else(|| Units::each(examples), Units::by_source);
        let mean = |values: &[f32]| {
            values.iter().map(|v| f64::from(*v)).sum::<f64>() / examples.max(1) as f64
        };
        let accuracy = hits.each_ref().map(|hits| mean(hits));
        let gain: Vec<f32> = hits[0].iter().zip(&hits[1]).map(|(a, b)| b - a).collect();
        let (low, high) = units.interval(DRAWS, |drawn| {
            let sum: f64 = drawn.iter().map(|i| f64::from(gain[*i as usize])).sum();
            sum / drawn.len() as f64
        });
        let only = |sign: f32| gain.iter().filter(|gain| **gain == sign).count() as u64;
        Self {
            weights,
            mcnemar: mcnemar([only(-1.0), only(1.0)]),
            examples,
            units: units.count(),
            accuracy,
            difference: mean(&gain),
            // Of few units the ends are moved apart; more than all images cannot be gained or lost.
            interval: [low, high].map(|end| end.clamp(-1.0, 1.0)),
        }
    }

    /// In words.
    pub fn text(&self) -> String {
        let names = self
            .weights
            .each_ref()
            .map(|path| path.display().to_string());
        let width = names.each_ref().map(|name| name.chars().count());
        let difference = "second less first";
        let width = width[0].max(width[1]).max(difference.len());
        format!(
            "{MEASURE} on the same {} test images (bootstrap over {} of them or of what they were cut from):\n  \
             {:width$}  {}\n  {:width$}  {}\n  {difference:width$}  {}  ({}; McNemar p = {:.3})\n",
            self.examples,
            self.units,
            names[0],
            significant(self.accuracy[0]),
            names[1],
            significant(self.accuracy[1]),
            significant(self.difference),
            interval_words(self.interval),
            self.mcnemar,
        )
    }
}

/// A network with the test images of its run.
struct Judged {
    task: Classification,
    loaded: Loaded,
}

impl Judged {
    fn open(path: &Path, device: &Device) -> Result<Self, ProgramError> {
        let loaded = Loaded::open(path, device)?;
        let LoadedNetwork::Images(network) = &loaded.network else {
            return Err(ProgramError::Refused(format!(
                "{}: only networks for images are compared image by image",
                path.display()
            )));
        };
        let task = network.task(&loaded.file, None, Split::Test)?;
        Ok(Self { task, loaded })
    }

    /// 1 for each image that is classified rightly, otherwise 0.
    fn hits(&self, device: &Device, seen: impl FnMut(usize)) -> Result<Vec<f32>, ProgramError> {
        let LoadedNetwork::Images(network) = &self.loaded.network else {
            return Ok(Vec::new());
        };
        let step = network.inference(&self.task, device);
        let outcomes = evaluate_by(&self.task, Split::Test, step, seen)?;
        Ok(outcomes.column(MEASURE).to_vec())
    }
}

impl Judged {
    /// The numbers or labels of each image; none where the network chooses between classes.
    fn targets(
        &self,
        device: &Device,
        seen: impl FnMut(usize),
    ) -> Result<Option<TargetPredictions>, ProgramError> {
        let LoadedNetwork::Images(network) = &self.loaded.network else {
            return Ok(None);
        };
        let step = network.inference(&self.task, device);
        let outcomes = evaluate_by(&self.task, Split::Test, step, seen)?;
        Ok(self.task.answers(Split::Test, &outcomes)?.targets())
    }
}

/// Refuses test images that are not the same.
fn check_same(weights: [&Path; 2], images: [&ImageDataset; 2]) -> Result<(), ProgramError> {
    let differ = |what: &str| {
        let [a, b] = weights.map(Path::display);
        Err(ProgramError::Refused(format!(
            "{a} and {b} were not tested on the same images: {what}"
        )))
    };
    let [a, b] = images;
    if a.count() != b.count() {
        return differ(&format!("{} and {} of them", a.count(), b.count()));
    }
    if a.shape() != b.shape() {
        return differ(&format!("{:?} and {:?} values each", a.shape(), b.shape()));
    }
    if a.labels() != b.labels() || a.sources() != b.sources() {
        return differ("other classes or sources");
    }
    let mut pixels = [vec![0.0; a.image_len()], vec![0.0; a.image_len()]];
    for index in 0..a.count() {
        for (images, pixels) in images.iter().zip(&mut pixels) {
            images.try_copy_image(index, pixels)?;
        }
        if pixels[0] != pixels[1] {
            return differ(&format!("image {index} has other pixels"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(hits: [&[f32]; 2], sources: Option<&[u32]>) -> Paired {
        let paths = ["a", "b"].map(PathBuf::from);
        Paired::of_hits(paths, hits.map(<[f32]>::to_vec), sources)
    }

    #[test]
    fn what_both_find_hard_does_not_widen_the_interval() {
        // Half of the images are hard for both; the second gets one more in ten.
        let a: Vec<f32> = (0..1000).map(|i| (i % 2) as f32).collect();
        let b: Vec<f32> = (0..1000)
            .map(|i| f32::from(i % 2 == 1 || i % 10 == 0))
            .collect();
        let found = paired([&a, &b], None);
        assert_eq!((found.examples, found.units), (1000, 1000));
        assert!((found.accuracy[0] - 0.5).abs() < 1e-9 && (found.accuracy[1] - 0.6).abs() < 1e-9);
        assert!((found.difference - 0.1).abs() < 1e-6);
        // The standard error of a share of 0.1 in a thousand; of independent networks it would be 0.022.
        let half = 1.96 * (0.1f64 * 0.9 / 1000.0).sqrt();
        let [low, high] = found.interval;
        assert!((low - 0.1 + half).abs() < 0.2 * half, "{low}");
        assert!((high - 0.1 - half).abs() < 0.2 * half, "{high}");
        // In ten sources, of which one alone has all the gain, nothing is certain.
        let sources: Vec<u32> = (0..1000)
            .map(|i| u32::from(i % 10 != 0) * (1 + i % 9))
            .collect();
        let clustered = paired([&a, &b], Some(&sources));
        assert_eq!(clustered.units, 10);
        assert!(clustered.interval[1] - clustered.interval[0] > 8.0 * half);
        assert_eq!(paired([&a, &a], None).interval, [0.0, 0.0]);
        // A single source says nothing about others.
        let one = paired([&a, &b], Some(&[5; 1000]));
        assert!(one.interval.iter().all(|end| end.is_nan()));
        assert!(one.text().contains("interval none"), "{}", one.text());
    }

    #[test]
    fn the_exact_test_of_mcnemar() {
        // 2 Σ_{k ≤ 4} C(18, k) / 2¹⁸ = 2 · 4048 / 262144
        assert!((mcnemar([4, 14]) - 0.030_883_8).abs() < 1e-6);
        assert_eq!(
            (mcnemar([14, 4]), mcnemar([5, 5]), mcnemar([0, 0])),
            (mcnemar([4, 14]), 1.0, 1.0)
        );
        let found = paired(
            [
                &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            ],
            None,
        );
        assert!((found.mcnemar - 0.0625).abs() < 1e-12);
        assert!(
            found.text().contains("McNemar p = 0.062"),
            "{}",
            found.text()
        );
    }

    #[test]
    fn other_images_are_refused() {
        let set = |bytes: [u8; 2], labels: [u8; 2]| {
            ImageDataset::from_bytes(bytes.to_vec(), labels.to_vec(), [1, 1, 1], 2).unwrap()
        };
        let a = set([1, 2], [0, 1]);
        let check = |b: &ImageDataset| {
            check_same(["a".as_ref(), "b".as_ref()], [&a, b]).map_err(|error| error.to_string())
        };
        assert_eq!(check(&set([1, 2], [0, 1])), Ok(()));
        let error = |b: &ImageDataset| check(b).unwrap_err();
        assert!(error(&set([1, 3], [0, 1])).contains("image 1 has other pixels"));
        assert!(error(&set([1, 2], [1, 1])).contains("other classes"));
        assert!(error(&a.slice(0..1)).contains("2 and 1 of them"));
    }
}
