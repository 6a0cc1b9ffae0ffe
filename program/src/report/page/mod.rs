//! A run of a network for images as one page to look at: `report.html`.
//!
//! The page is a single file without scripts, and loads nothing. Whatever comes from users (names of classes and files, notes,
//! settings) is escaped. It stays below two million bytes: at most 40 thumbnails of 96 pixels, and maps only where they are
//! small.
//!
//! | part | where |
//! | --- | --- |
//! | from a run folder to all that is shown | [`gather`] |
//! | the figure and what it means, notes, facts | `headline` |
//! | the course of the training | `curves` |
//! | what was taken for what, class by class | `confusion`, `classes` |
//! | confidence against right answers | `reliability` |
//! | of numbers and labels: errors, figures, the worst answers | `targets` |
//! | mistakes and training images as thumbnails | `pictures`, `said` |
//! | how it turns with its input | `symmetry` |
//! | data, commands, settings | `origin` |
//! | elements, charts, style | `html`, `chart`, `style` |

mod chart;
mod classes;
mod confusion;
mod curves;
pub mod gather;
mod headline;
mod html;
mod origin;
mod pictures;
mod reliability;
mod said;
mod style;
mod symmetry;
mod targets;
#[cfg(test)]
mod tests;

use gcnn_datasets::Splits;
use gcnn_train::task::class_report::ClassReport;
use gcnn_train::task::predictions::Predictions;
use gcnn_train::training::run::Report;
use gcnn_train::training::run_folder::EpochRecord;

use crate::report::markup::escaped;
use pictures::{Example, Judged};
use targets::TargetPage;

/// All that the page shows.
pub struct Page<'a> {
    /// The run folder, as commands name it.
    pub folder: &'a str,
    /// The network in words.
    pub network: &'a str,
    /// `report.json`.
    pub report: &'a Report,
    /// The epochs.
    pub history: &'a [EpochRecord],
    /// `config.toml`.
    pub config: &'a str,
    /// What whoever looks at the figures should know first.
    pub notes: &'a [String],
    /// The images.
    pub splits: &'a Splits,
    /// What was said of the test images.
    said: Said<'a>,
    /// Training images as the network saw them.
    examples: Vec<Example>,
    /// Whether they were changed at random.
    augmented: bool,
    /// Maps that turn with their image, SVG.
    maps: Option<String>,
}

/// What was said of the test images.
enum Said<'a> {
    /// Which class they are of.
    Classes(ClassPage<'a>),
    /// Numbers or labels.
    Targets(TargetPage<'a>),
}

/// What only the page of a classifier shows.
struct ClassPage<'a> {
    /// What was said of the test images.
    predictions: &'a Predictions,
    /// The same class by class.
    classes: &'a ClassReport,
    /// The worst mistakes.
    wrong: Vec<Judged>,
    /// What the network is least sure of.
    unsure: Vec<Judged>,
}

impl Said<'_> {
    /// Whether intervals are over what the images were cut from.
    fn has_groups(&self) -> bool {
        match self {
            Self::Classes(page) => page.predictions.groups().is_some(),
            Self::Targets(page) => page.predictions.groups().is_some(),
        }
    }
}

impl Page<'_> {
    fn title(&self) -> String {
        format!("{}: {}", self.splits.description.name, self.network)
    }

    /// The page.
    pub fn html(&self) -> String {
        let [_, height, width] = self.splits.train.shape();
        let answers = match &self.said {
            Said::Classes(page) => vec![
                confusion::section(page.classes),
                classes::section(page.classes, self.said.has_groups()),
                reliability::section(self.report.calibration.as_ref()),
                pictures::mistakes(&page.wrong, &page.unsure),
            ],
            Said::Targets(page) => vec![page.errors(), page.figures(), page.worst()],
        };
        let goal = match self.said {
            Said::Classes(_) => None,
            Said::Targets(_) => self.report.test["goal"].as_str(),
        };
        let mut sections = vec![curves::section(self.history, self.report.best_epoch, goal)];
        sections.extend(answers);
        sections.extend([
            pictures::examples(&self.examples, [height, width], self.augmented),
            symmetry::section(self),
            origin::data(self),
            origin::settings(self),
        ]);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"generator\" content=\"gcnn {}\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n\
             <header>\n{}{}</header>\n{}<footer>Written by gcnn {} in {}.</footer>\n</main>\n</body>\n</html>\n",
            env!("CARGO_PKG_VERSION"),
            escaped(&self.title()),
            style::sheet(),
            headline::section(self),
            navigation(&sections),
            sections.concat(),
            env!("CARGO_PKG_VERSION"),
            escaped(self.folder),
        )
    }
}

/// Links to the sections that there are.
fn navigation(sections: &[String]) -> String {
    let names = [
        ("curves", "Learning"),
        ("confusion", "Confusion"),
        ("classes", "Classes"),
        ("errors", "Errors"),
        ("figures", "One by one"),
        ("reliability", "Confidence"),
        ("mistakes", "Mistakes"),
        ("examples", "Examples"),
        ("symmetry", "Symmetry"),
        ("data", "Data"),
        ("settings", "Going on"),
    ];
    let there = |id: &str| {
        let start = format!("<section id=\"{id}\">");
        sections.iter().any(|section| section.starts_with(&start))
    };
    let links = names.iter().filter(|(id, _)| there(id));
    let links: String = links
        .map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>\n"))
        .collect();
    format!("<nav>\n{links}</nav>\n")
}
