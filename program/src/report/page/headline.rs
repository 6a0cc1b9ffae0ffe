//! The figure that a run is about, and what it means.

use gcnn_datasets::TargetKind;
use gcnn_train::task::metrics::{interval_words, significant};
use gcnn_train::task::targets::measures::{AUC, EXACT, MAE, R2};
use gcnn_train::training::run_folder::EpochRecord;

use super::html::{count, percent};
use super::targets::TargetPage;
use super::{ClassPage, Page, Said};
use crate::progress::duration;
use crate::report::markup::escaped;

/// The measure that the page is about.
const MEASURE: &str = "accuracy";

/// The title, the figure with its interval, what it means, notes and facts.
pub fn section(page: &Page) -> String {
    let mut html = format!("<h1>{}</h1>\n", escaped(&page.title()));
    html.push_str(&match &page.said {
        Said::Classes(own) => of_classes(page, own),
        Said::Targets(own) => of_targets(page, own),
    });
    if !page.notes.is_empty() {
        let notes = page.notes.iter();
        let items: String = notes
            .map(|note| format!("<li>{}</li>\n", escaped(note)))
            .collect();
        html.push_str(&format!("<ul class=\"notes\">\n{items}</ul>\n"));
    }
    html.push_str(&facts(page));
    html
}

fn of_classes(page: &Page, own: &ClassPage) -> String {
    let figures = Figures::of(page, own);
    format!(
        "<p class=\"headline\">{}</p>\n<p>of the {} test images are classified rightly ({}).</p>\n<p class=\"meaning\">{}</p>\n",
        with_small_sign(&percent(figures.accuracy)),
        count(page.report.test_examples),
        escaped(&figures.interval_words()),
        escaped(&figures.meaning())
    )
}

fn of_targets(page: &Page, own: &TargetPage) -> String {
    let test = &page.report.test;
    let value = |name: &str| test["metrics"][name].as_f64().unwrap_or(f64::NAN);
    let interval = |name: &str| {
        let end = |place: usize| test["intervals"][name][place].as_f64().unwrap_or(f64::NAN);
        interval_words([end(0), end(1)])
    };
    let names = own.predictions.names();
    let (goal, about, meaning) = match own.predictions.kind() {
        TargetKind::Numbers => {
            let mean = if names.len() > 1 { "the mean " } else { "" };
            let unit = match names {
                [name] => format!("in the unit of {name}"),
                _ => "in standard deviations of each number".into(),
            };
            let meaning = format!(
                "An answer is off by {} on average, {unit} ({}). Whoever always said the mean would have an R² of 0.",
                significant(value(MAE)),
                interval(MAE)
            );
            (R2, format!("is {mean}R² on"), meaning)
        }
        TargetKind::Labels => {
            let meaning = format!(
                "A picture with a label gets a higher probability of it than one without in so many of all pairs; 0.5 would be \
                 chance. All labels of a picture are right in {} of them ({}).",
                percent(value(EXACT)),
                interval(EXACT)
            );
            (
                AUC,
                "is the mean area under the ROC curve on".into(),
                meaning,
            )
        }
    };
    let over = if page.said.has_groups() {
        ", over what they were cut from"
    } else {
        ""
    };
    format!(
        "<p class=\"headline\">{}</p>\n<p>{about} the {} test images ({}{over}).</p>\n<p class=\"meaning\">{}</p>\n",
        escaped(&format!("{:.3}", value(goal))),
        count(page.report.test_examples),
        escaped(&interval(goal)),
        escaped(&meaning)
    )
}

fn with_small_sign(percent: &str) -> String {
    match percent.strip_suffix(" %") {
        Some(number) => format!("{}<small>\u{202f}%</small>", escaped(number)),
        None => escaped(percent),
    }
}

/// What the headline says.
struct Figures {
    accuracy: f64,
    interval: Option<[f64; 2]>,
    /// Whether the interval is one over what the images were cut from.
    groups: bool,
    /// The largest class of the training split, and its share of the test split.
    baseline: Option<(String, f64)>,
}

impl Figures {
    fn of(page: &Page, own: &ClassPage) -> Self {
        let test = &page.report.test;
        let end = |place: usize| test["intervals"][MEASURE][place].as_f64();
        let accuracy = test["metrics"][MEASURE].as_f64();
        Self {
            accuracy: accuracy.unwrap_or(f64::NAN),
            interval: end(0).zip(end(1)).map(<[f64; 2]>::from),
            groups: page.said.has_groups(),
            baseline: baseline(page, own),
        }
    }

    fn interval_words(&self) -> String {
        let Some([low, high]) = self.interval else {
            return "there is no interval: all of them are of one source".into();
        };
        let over = if self.groups {
            ", over what they were cut from"
        } else {
            ""
        };
        format!("95 % interval {} to {}{over}", percent(low), percent(high))
    }

    fn meaning(&self) -> String {
        let mut words = match self.interval {
            Some([low, high]) => format!(
                "Of 100 new pictures of the same kind it will get {} right, as far as this test can tell.",
                from_to(100.0 * low, 100.0 * high)
            ),
            None => "How far that holds for other pictures this test cannot tell.".into(),
        };
        if let Some((name, share)) = &self.baseline {
            words.push_str(&format!(
                " Whoever always said “{name}”, the most frequent class in training, would be right about {}",
                percent(*share)
            ));
            let low = self.interval.map_or(self.accuracy, |[low, _]| low);
            words.push_str(match low > *share {
                true => ".",
                false => ": the network is not clearly better than that.",
            });
        }
        words
    }
}

/// Whole numbers from one to the other.
fn from_to(low: f64, high: f64) -> String {
    let [low, high] = [low, high].map(|end| end.round());
    match low == high {
        true => format!("about {low}"),
        false => format!("{low} to {high}"),
    }
}

fn baseline(page: &Page, own: &ClassPage) -> Option<(String, f64)> {
    let classes = own.predictions.classes();
    let mut training = vec![0usize; classes.len()];
    for label in page.splits.train.labels() {
        *training.get_mut(usize::from(*label))? += 1;
    }
    // The first of the largest ones.
    let largest = (0..classes.len())
        .rev()
        .max_by_key(|class| training[*class])?;
    let labels = own.predictions.labels();
    let hits = labels
        .iter()
        .filter(|label| usize::from(**label) == largest);
    let share = hits.count() as f64 / labels.len().max(1) as f64;
    Some((classes[largest].clone(), share))
}

fn facts(page: &Page) -> String {
    let report = page.report;
    let seconds: f64 = page
        .history
        .iter()
        .map(|record: &EpochRecord| record.seconds)
        .sum();
    let mut facts = vec![
        ("parameters", count(report.parameters)),
        (
            "best epoch",
            format!("{} of {}", report.best_epoch, page.history.len()),
        ),
        ("time to train", duration(seconds)),
        ("computed on", report.device.clone()),
    ];
    if let Said::Classes(own) = &page.said
        && own.classes.auc.is_finite()
    {
        facts.push(("area under ROC curve", format!("{:.3}", own.classes.auc)));
    }
    if let Some(calibration) = &report.calibration {
        facts.push(("calibration error", format!("{:.3}", calibration.after.ece)));
    }
    let items = facts.iter().map(|(name, value)| {
        format!(
            "<div><dt>{}</dt><dd>{}</dd></div>\n",
            escaped(name),
            escaped(value)
        )
    });
    format!("<dl class=\"facts\">\n{}</dl>\n", items.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_means_is_said_in_whole_pictures() {
        let mut figures = Figures {
            accuracy: 0.9,
            interval: Some([0.871, 0.929]),
            groups: false,
            baseline: Some(("a".into(), 0.5)),
        };
        let words = figures.meaning();
        assert!(words.contains("it will get 87 to 93 right"), "{words}");
        assert!(words.ends_with("would be right about 50.0 %."), "{words}");
        figures.baseline = Some(("a".into(), 0.9));
        assert!(figures.meaning().contains("not clearly better"));
        figures.interval = None;
        assert!(figures.meaning().contains("cannot tell"));
        assert_eq!(from_to(99.6, 100.0), "about 100");
    }
}
