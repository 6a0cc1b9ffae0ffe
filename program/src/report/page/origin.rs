//! What the run was made of: data, settings, and the commands that go on from here.

use gcnn_datasets::ImageDataset;

use super::html::{self, Cell, count};
use super::{Page, Said};
use crate::report::markup::escaped;

/// Classes that a table names.
const CLASSES: usize = 30;
/// Bytes of a configuration that are shown.
const SHOWN: usize = 1 << 16;

/// The section about the data.
pub fn data(page: &Page) -> String {
    let splits = page.splits;
    let described = &splits.description;
    let about = format!("{}: {}.", described.name, described.origin);
    let (what, names) = match &page.said {
        Said::Classes(own) => ("class", own.predictions.classes()),
        Said::Targets(own) => ("known", own.predictions.names()),
    };
    let counts = |images: &ImageDataset| {
        if let Some(targets) = images.targets() {
            let known = |at: usize| targets.known(at).count();
            return (0..names.len()).map(known).collect();
        }
        let mut counts = vec![0; names.len()];
        for label in images.labels() {
            if let Some(count) = counts.get_mut(usize::from(*label)) {
                *count += 1;
            }
        }
        counts
    };
    let of = [&splits.train, &splits.valid, &splits.test].map(|images| counts(images));
    let number = |value: usize| Cell::Number(count(value));
    let classes = names.iter().enumerate();
    let mut rows: Vec<Vec<Cell>> = classes
        .take(CLASSES)
        .map(|(class, name)| {
            let counts = of.iter().map(|counts| number(counts[class]));
            std::iter::once(Cell::Words(name.clone()))
                .chain(counts)
                .collect()
        })
        .collect();
    let all = [described.train, described.valid, described.test].map(number);
    rows.push(
        std::iter::once(Cell::Words("all".into()))
            .chain(all)
            .collect(),
    );
    let [channels, height, width] = splits.train.shape();
    let words = format!(
        "Images of {width} × {height} pixels in {channels} channel{}. The network learns from the training images, the best \
         epoch is chosen by the validation images, and the test images were looked at once, at the end.",
        if channels == 1 { "" } else { "s" }
    );
    let body = format!(
        "{}{}{}",
        html::paragraph(&about),
        html::table(&[what, "training", "validation", "test"], &rows),
        html::aside(&words)
    );
    html::section("data", "The data", &body)
}

/// The section about the settings and what can be done with the run.
pub fn settings(page: &Page) -> String {
    let folder = page.folder;
    let commands = [
        (
            "Train it again, to the same weights",
            format!("gcnn train {folder}/config.toml --output {folder}-again"),
        ),
        (
            "Go on for more epochs",
            format!(
                "gcnn train {folder} --resume --set training.epochs={}",
                2 * page.history.len().max(1)
            ),
        ),
        (
            match page.said {
                Said::Classes(_) => "Classify pictures",
                Said::Targets(_) => "Ask it about pictures",
            },
            format!("gcnn predict {folder} PICTURE.png"),
        ),
        (
            "Measure it again, or on other data",
            format!("gcnn eval {folder} --data PATH"),
        ),
        (
            "Look at its symmetry",
            format!("gcnn equivariance {folder} --plot equivariance.svg"),
        ),
        ("Write this page again", format!("gcnn report {folder}")),
    ];
    let mut body = String::new();
    for (what, command) in commands {
        body.push_str(&format!(
            "<h3>{}</h3>\n<pre><code>{}</code></pre>\n",
            escaped(what),
            escaped(&command)
        ));
    }
    let text = page.config;
    let mut end = text.len().min(SHOWN);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    body.push_str(&format!(
        "<h3>Settings</h3>\n<details><summary>config.toml, with all defaults; seed {}</summary>\n<pre><code>{}</code></pre></details>\n",
        page.report.seed,
        escaped(&text[..end])
    ));
    body.push_str(&html::aside(
        "What it said of every validation and test image is in predictions.csv, the figures of this page are in report.json.",
    ));
    html::section("settings", "Going on from here", &body)
}
