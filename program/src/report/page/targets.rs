//! What the page shows of a network for numbers or labels: errors, figures one by one, and the worst answers.

use gcnn_datasets::TargetKind;
use gcnn_train::task::targets::report::title;
use gcnn_train::task::targets::{TargetPredictions, TargetReport};

use super::chart::{Chart, plain, ticks};
use super::html::{self, Cell, count, percent};
use super::pictures::{WRONG, figure, grid};
use crate::ProgramError;
use crate::report::bitmap::Tile;
use crate::report::errors::{pairs, range};
use crate::report::markup::{escaped, short};

/// Charts, and dots of all of them: the page stays small.
const CHARTS: usize = 12;
const DOTS: usize = 1_200;
/// Names in a caption.
const NAMED: usize = 6;

/// What only the page of a network for numbers or labels shows.
pub struct TargetPage<'a> {
    /// What was said of the test images.
    pub predictions: &'a TargetPredictions,
    /// The same one by one.
    report: &'a TargetReport,
    /// The worst answers.
    worst: Vec<Off>,
}

/// A test image whose answer is far off.
struct Off {
    tile: Tile,
    index: usize,
    name: String,
    /// Which number or label is furthest off, what it is and what was said.
    words: String,
}

impl<'a> TargetPage<'a> {
    /// From what was said of the test images; `thumbnail` shows one of them.
    pub fn new(
        predictions: &'a TargetPredictions,
        report: &'a TargetReport,
        thumbnail: impl Fn(usize) -> Result<Tile, ProgramError>,
    ) -> Result<Self, ProgramError> {
        let mut worst = Vec::new();
        for (index, at) in furthest(predictions, WRONG) {
            let width = predictions.names().len();
            let place = index * width + at;
            let (truth, answer) = (predictions.truths()[place], predictions.answers()[place]);
            let name = &predictions.names()[at];
            let words = match predictions.kind() {
                TargetKind::Numbers => format!(
                    "{name} {}, said {}",
                    short(f64::from(truth)),
                    short(f64::from(answer))
                ),
                TargetKind::Labels => format!(
                    "{}{name}, said {}",
                    if truth >= 0.5 { "" } else { "no " },
                    percent(f64::from(answer))
                ),
            };
            let file = predictions.files().map(|files| files[index].clone());
            worst.push(Off {
                tile: thumbnail(index)?,
                index,
                name: file.unwrap_or_else(|| format!("{} image {index}", predictions.split())),
                words,
            });
        }
        Ok(Self {
            predictions,
            report,
            worst,
        })
    }

    /// The image that is furthest off.
    pub fn first(&self) -> Option<usize> {
        self.worst.first().map(|off| off.index)
    }

    /// Answers against truths; nothing where labels were learned, whose figures say it.
    pub fn errors(&self) -> String {
        if self.predictions.kind() == TargetKind::Labels {
            return String::new();
        }
        let names = self.predictions.names();
        let shown = names.len().min(CHARTS);
        let charts = (0..shown).map(|at| self.chart(at, DOTS / shown.max(1)));
        let body = format!(
            "<div class=\"pair\">\n{}</div>\n{}",
            charts.collect::<String>(),
            html::aside(
                "A dot for each test image; on the dashed line the answer is right. The same as a picture of its own is in \
                 errors.svg, and every number in predictions.csv."
            )
        );
        html::section("errors", "What it says against what it is", &body)
    }

    fn chart(&self, at: usize, most: usize) -> String {
        let name = &self.predictions.names()[at];
        let pairs = pairs(self.predictions, at, most);
        let range = range(&pairs);
        let mut chart = Chart::new(range, range, false);
        let round = ticks(range, false).into_iter();
        let round: Vec<f64> = round
            .filter(|x| (range[0]..=range[1]).contains(x))
            .collect();
        chart.axes("true", &round, plain);
        chart.line([range[0]; 2], [range[1]; 2], "dash");
        for [truth, answer] in &pairs {
            let words = format!("{}, said {}", short(*truth), short(*answer));
            chart.dot([*truth, *answer], 2.6, "dot-first", &words);
        }
        let r2 = self
            .report
            .targets
            .get(at)
            .and_then(|target| target.figures.first());
        let r2 = r2.filter(|r2| r2.value.is_finite());
        let r2 = r2.map_or(String::new(), |r2| format!(": R² {}", short(r2.value)));
        format!(
            "<figure>{}<figcaption><b>{}</b>{}</figcaption></figure>\n",
            chart.finish(&format!("{name} as it is said against what it is")),
            escaped(name),
            escaped(&r2)
        )
    }

    /// Every measure of each number or label.
    pub fn figures(&self) -> String {
        let first = self.report.targets.first();
        let measures = first.map_or(Vec::new(), |target| {
            target
                .figures
                .iter()
                .map(|figure| title(&figure.name))
                .collect()
        });
        let mut head = vec!["", "known"];
        head.extend(measures.iter().map(String::as_str));
        let rows: Vec<Vec<Cell>> = (self.report.targets.iter())
            .map(|target| {
                let figures = target.figures.iter().map(|figure| match self.report.kind {
                    TargetKind::Labels => Cell::Share(figure.value, figure.interval),
                    TargetKind::Numbers => {
                        let [low, high] = figure.interval.map(short);
                        Cell::Number(match figure.interval.iter().all(|end| end.is_finite()) {
                            true => format!("{} ({low} to {high})", short(figure.value)),
                            false if figure.value.is_finite() => short(figure.value),
                            false => "none".into(),
                        })
                    }
                });
                let known = [
                    Cell::Words(target.name.clone()),
                    Cell::Number(count(target.known)),
                ];
                known.into_iter().chain(figures).collect()
            })
            .collect();
        let words = match self.report.kind {
            TargetKind::Numbers => {
                "MAE: the mean absolute error; RMSE: the root of the mean squared error, both in the number's own unit. R²: 1 less the \
                 share of the variance that is left. With their 95 % intervals, over the test images of which it is known."
            }
            TargetKind::Labels => {
                "AUC and average precision: how well images with the label come out above those without. Accuracy and balanced accuracy: \
                 at a probability of 50 %. With their 95 % intervals, over the test images of which it is known."
            }
        };
        let body = format!("{}{}", html::table(&head, &rows), html::aside(words));
        html::section("figures", "One by one", &body)
    }

    /// The images whose answers are furthest off.
    pub fn worst(&self) -> String {
        let figures = self.worst.iter().map(|off| {
            let (words, name) = (escaped(&off.words), escaped(&off.name));
            let caption = format!("<b>{words}</b><br><small>{name}</small>");
            figure(&off.tile, &format!("{}, {}", off.name, off.words), &caption)
        });
        let body = format!(
            "<h3>Furthest off</h3>\n{}{}",
            html::aside(
                "Here a network and its data disagree most: look for wrong entries in the table first."
            ),
            grid(figures)
        );
        html::section("mistakes", "Pictures to look at", &body)
    }
}

/// The examples that are furthest off, and in which target: of numbers by errors in standard deviations of the truths.
fn furthest(predictions: &TargetPredictions, most: usize) -> Vec<(usize, usize)> {
    let width = predictions.names().len();
    let scale = |at: usize| {
        let pairs = pairs(predictions, at, usize::MAX);
        let mean = pairs.iter().map(|[truth, _]| truth).sum::<f64>() / pairs.len() as f64;
        let squares: f64 = pairs.iter().map(|[truth, _]| (truth - mean).powi(2)).sum();
        (squares / pairs.len() as f64).sqrt().max(f64::MIN_POSITIVE)
    };
    let scales: Vec<f64> = (0..width).map(scale).collect();
    let rows = predictions.truths().chunks_exact(width);
    let rows = rows.zip(predictions.answers().chunks_exact(width));
    let mut all: Vec<(f64, usize, usize)> = rows
        .enumerate()
        .filter_map(|(index, (truths, answers))| {
            let off = |at: usize| f64::from((answers[at] - truths[at]).abs()) / scales[at];
            let known = (0..width).map(|at| (off(at), index, at));
            let known = known.filter(|(off, ..)| off.is_finite());
            known.max_by(|one, other| one.0.total_cmp(&other.0))
        })
        .collect();
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    all.truncate(most);
    all.into_iter().map(|(_, index, at)| (index, at)).collect()
}

/// What is known of an image, in a few words.
pub fn words(kind: TargetKind, names: &[String], row: &[f32]) -> String {
    let known = names.iter().zip(row).filter(|(_, value)| !value.is_nan());
    let words: Vec<String> = match kind {
        TargetKind::Numbers => known
            .map(|(name, value)| format!("{name} {}", short(f64::from(*value))))
            .collect(),
        TargetKind::Labels => {
            let own = known.filter(|(_, value)| **value >= 0.5);
            own.map(|(name, _)| name.clone()).collect()
        }
    };
    let more = words.len().saturating_sub(NAMED);
    let shown = words[..words.len().min(NAMED)].join(", ");
    match (words.is_empty(), more) {
        (true, _) => "no label".into(),
        (_, 0) => shown,
        (_, more) => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::Split;

    use super::*;

    fn predictions(kind: TargetKind) -> TargetPredictions {
        let names = ["a & b", "c"].map(String::from).to_vec();
        let truths = vec![0.0, 1.0, 1.0, f32::NAN, 0.0, 0.0];
        let answers = vec![0.9, 0.9, 0.75, 5.0, 0.125, 0.5];
        TargetPredictions::new(Split::Test, kind, names, truths, answers).expect("answers")
    }

    #[test]
    fn the_furthest_come_first_and_what_is_not_known_is_not_off() {
        let found = predictions(TargetKind::Labels);
        assert_eq!(furthest(&found, 2), [(0, 0), (2, 1)]);
        let nan = f32::NAN;
        let names = found.names();
        assert_eq!(words(TargetKind::Labels, names, &[0.0, nan]), "no label");
        assert_eq!(words(TargetKind::Labels, names, &[1.0, 1.0]), "a & b, c");
        assert_eq!(words(TargetKind::Numbers, names, &[nan, 0.5]), "c 0.5");
    }

    #[test]
    fn sections_escape_what_users_wrote() {
        for kind in [TargetKind::Numbers, TargetKind::Labels] {
            let found = predictions(kind);
            let report = found.report();
            let tile = |_| {
                let (width, height, rgb) = (1, 1, vec![9; 3]);
                Ok(Tile { width, height, rgb })
            };
            let page = TargetPage::new(&found, &report, tile).expect("a page");
            assert_eq!(page.first(), Some(0));
            let html = [page.errors(), page.figures(), page.worst()].concat();
            assert_eq!(html.contains("id=\"errors\""), kind == TargetKind::Numbers);
            assert!(
                html.contains("a &amp; b") && !html.contains("NaN"),
                "{html}"
            );
            assert!(html.contains("test image 0"), "{html}");
        }
    }
}
