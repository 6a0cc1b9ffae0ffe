//! Pages of runs that are made up: their structure, their size, and how a browser takes them.

mod browser;
mod tags;

use std::collections::BTreeMap;

use gcnn_datasets::{ImageDataset, Split, Splits};
use gcnn_train::task::calibration::{self, Calibration};
use gcnn_train::task::class_report::ClassReport;
use gcnn_train::task::predictions::Predictions;
use gcnn_train::training::run::Report;
use gcnn_train::training::run_folder::{EpochRecord, PassRecord};

use super::pictures::{EXAMPLES, Example, Judged, SIDE, UNSURE, WRONG};
use super::said::notable;
use super::{ClassPage, Page, Said};
use crate::report::bitmap::Tile;

/// A run that nobody ran.
struct Run {
    splits: Splits,
    predictions: Predictions,
    report: Report,
    history: Vec<EpochRecord>,
    notes: Vec<String>,
    /// Pixels of a side.
    side: usize,
}

/// Noise that is the same every time.
fn noise(seed: usize, count: usize) -> impl Iterator<Item = u8> {
    let mut state = seed as u32 * 2_654_435_761 + 12_345;
    (0..count).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
}

impl Run {
    fn new(names: Vec<String>, side: usize, epochs: usize) -> Self {
        let classes = names.len();
        let images = |seed: usize| {
            let labels: Vec<u8> = (0..4 * classes).map(|i| (i % classes) as u8).collect();
            let pixels = noise(seed, labels.len() * 3 * side * side).collect();
            let set = ImageDataset::from_bytes(pixels, labels, [3, side, side], classes);
            let named = set.expect("images").with_class_names(names.clone());
            named.expect("names")
        };
        let splits = Splits::new("made up", "by a test", images(1), images(2), images(3));
        let splits = splits.expect("splits");
        let labels = splits.test.labels().to_vec();
        let scores: Vec<f32> = noise(4, labels.len() * classes)
            .enumerate()
            .map(|(place, odds)| {
                let (example, class) = (place / classes, place % classes);
                let own = usize::from(labels[example]) == class;
                f32::from(odds) / 80.0 + if own { 2.0 } else { 0.0 }
            })
            .collect();
        let files =
            (0..labels.len()).map(|i| format!("{}/picture \"{i}\" & more.png", names[i % classes]));
        let predictions = Predictions::new(Split::Test, names.clone(), labels, scores)
            .and_then(|found| found.with_files(Some(files.collect())))
            .expect("predictions");
        let temperature = calibration::fit(&predictions);
        let history = (1..=epochs).map(epoch).collect();
        let equivariance: Vec<serde_json::Value> = ["identity", "rotation by 90°"]
            .map(|element| serde_json::json!({ "element": element, "relative_error": 1e-7, "same_answer": 1.0 }))
            .into();
        let report = serde_json::json!({
            "test": { "metrics": { "accuracy": 0.82 }, "intervals": { "accuracy": [0.71, 0.9] } },
            "test_examples": predictions.len(), "best_epoch": epochs.max(1), "validation": {}, "parameters": 12_345,
            "seed": 1, "device": "flex", "equivariance": equivariance, "equivariance_examples": 9,
            "classes": predictions.class_report(),
            "calibration": Calibration::new(&predictions, temperature),
        });
        Self {
            splits,
            predictions,
            report: serde_json::from_value(report).expect("a report"),
            history,
            notes: vec!["Look <here> first & \"there\" later.".into()],
            side,
        }
    }

    fn html(&self) -> String {
        let [wrong, unsure] = notable(&self.predictions, 1.0, WRONG, UNSURE);
        let tile = |index: usize| {
            let values = self.splits.test.image(index);
            Tile::of_values(&values, [3, self.side, self.side]).within(SIDE)
        };
        let shown = |said: Vec<_>| -> Vec<Judged> {
            let judged = said.into_iter().map(|said: super::said::Said| Judged {
                tile: tile(said.index),
                said,
            });
            judged.collect()
        };
        let classes: &ClassReport = self.report.classes.as_ref().expect("classes");
        let names = self.predictions.classes();
        let examples = names.iter().cycle().take(EXAMPLES).enumerate();
        Page {
            folder: "runs/a <b> \"c\"",
            network: "G-CNN over C4",
            report: &self.report,
            history: &self.history,
            config: "seed = 1 # <script>alert(1)</script>\n",
            notes: &self.notes,
            splits: &self.splits,
            said: Said::Classes(ClassPage {
                predictions: &self.predictions,
                classes,
                wrong: shown(wrong),
                unsure: shown(unsure),
            }),
            examples: examples
                .map(|(index, class)| Example {
                    tile: tile(index % self.splits.test.count()),
                    class: class.clone(),
                })
                .collect(),
            augmented: true,
            maps: Some("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><rect width=\"9\" height=\"9\"/></svg>".into()),
        }
        .html()
    }
}

fn epoch(epoch: usize) -> EpochRecord {
    let pass = |factor: f64| PassRecord {
        measures: BTreeMap::from([
            ("loss".into(), factor / epoch as f64),
            ("accuracy".into(), 1.0 - 0.5 * factor / (epoch as f64 + 1.0)),
        ]),
        examples_per_second: 1.0,
    };
    EpochRecord {
        epoch,
        step: epoch as u64,
        learning_rate: 0.1,
        training: pass(0.8),
        validation: pass(1.0),
        best: true,
        kernel_sizes: BTreeMap::new(),
        returns: Vec::new(),
        seconds: 61.0,
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|class| match class {
            0 => "<script>alert('x')</script>".into(),
            1 => "a class with a name that somebody thought long and hard about".into(),
            class => format!("class {class}"),
        })
        .collect()
}

const SECTIONS: [&str; 9] = [
    "curves",
    "confusion",
    "classes",
    "reliability",
    "mistakes",
    "examples",
    "symmetry",
    "data",
    "settings",
];

#[test]
fn every_section_is_there_and_every_tag_has_its_end() {
    for (classes, epochs) in [(2, 1), (3, 0), (20, 12), (40, 3)] {
        let html = Run::new(names(classes), 8, epochs).html();
        assert_eq!(tags::check(&html), Ok(()), "{classes} classes");
        for id in SECTIONS {
            let there = html.contains(&format!("<section id=\"{id}\">"));
            assert_eq!(there, epochs > 0 || id != "curves", "{id}");
            assert_eq!(html.contains(&format!("href=\"#{id}\"")), there, "{id}");
        }
        assert!(!html.contains("NaN"), "{classes} classes");
        for words in ["82.0", "71.0 % to 90.0 %", "always said"] {
            assert!(html.contains(words), "{words}");
        }
    }
}

#[test]
fn what_users_wrote_is_no_markup() {
    let html = Run::new(names(3), 8, 2).html();
    assert!(!html.contains("<script"), "a script");
    for safe in [
        "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;",
        "Look &lt;here&gt; first &amp; &quot;there&quot; later.",
        "runs/a &lt;b&gt; &quot;c&quot;",
        "picture &quot;1&quot; &amp; more.png",
    ] {
        assert!(html.contains(safe), "{safe}");
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let html = Run::new(names(3), 8, 2).html();
    for start in [" src=\"", " href=\"", "url(", " srcset=\"", "@import"] {
        for (place, _) in html.match_indices(start) {
            let address: String = html[place + start.len()..].chars().take(30).collect();
            assert!(
                address.starts_with("data:image/png;base64,") || address.starts_with('#'),
                "{start}{address}"
            );
        }
    }
    for tag in ["<link", "<iframe", "<object", "<embed", "<base"] {
        assert!(!html.contains(tag), "{tag}");
    }
}

#[test]
fn a_page_stays_below_two_million_bytes() {
    // Noise is what a PNG file can do least about.
    let mut run = Run::new(names(20), 200, 3000);
    run.notes = vec!["a note".repeat(20); 20];
    let bytes = run.html().len();
    assert!(bytes < 1_700_000, "{bytes}");
}

#[test]
fn a_run_of_before_there_were_temperatures_has_its_page() {
    let mut run = Run::new(names(2), 8, 2);
    run.report.calibration = None;
    run.report.equivariance = Vec::new();
    run.notes = Vec::new();
    run.report.test = serde_json::json!({ "metrics": { "accuracy": 0.5 }, "intervals": { "accuracy": [null, null] } });
    let html = run.html();
    assert_eq!(tags::check(&html), Ok(()));
    for id in ["reliability", "symmetry"] {
        assert!(!html.contains(&format!("\"{id}\"")), "{id}");
    }
    assert!(html.contains("there is no interval") && !html.contains("class=\"notes\""));
}
