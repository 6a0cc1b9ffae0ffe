//! What was taken for what.

use gcnn_train::task::class_report::ClassReport;

use super::html::{self, Cell, count, percent};
use crate::report::markup::escaped;

/// Classes of a matrix that can be read.
const MOST: usize = 20;
/// Pairs that are named where there are more.
const PAIRS: usize = 30;

/// The section.
pub fn section(report: &ClassReport) -> String {
    let body = match report.classes.len() {
        0..=MOST => format!(
            "{}{}",
            html::aside(
                "A row for each true class, a column for each answer: how many images, and their share of the row. Blue is right, \
                 orange is wrong; the stronger, the more."
            ),
            matrix(report)
        ),
        classes => format!(
            "{}{}",
            html::aside(&format!(
                "Of {classes} classes the pairs that are confused most, and the share of the true class that it is."
            )),
            pairs(report)
        ),
    };
    html::section("confusion", "What it takes for what", &body)
}

fn matrix(report: &ClassReport) -> String {
    let mut html = String::from(
        "<div class=\"scroll\"><table class=\"matrix\">\n<thead><tr><th class=\"corner\">answer →<br>true ↓</th>",
    );
    for class in &report.classes {
        html.push_str(&format!("<th scope=\"col\">{}</th>", escaped(&class.name)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (truth, row) in report.confusion.iter().enumerate() {
        let whole: usize = row.iter().sum();
        let name = &report.classes[truth].name;
        html.push_str(&format!("<tr><th scope=\"row\">{}</th>", escaped(name)));
        for (answer, images) in row.iter().enumerate() {
            let share = *images as f64 / whole.max(1) as f64;
            html.push_str(&cell(truth == answer, *images, share));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}

fn cell(is_right: bool, images: usize, share: f64) -> String {
    if images == 0 {
        return "<td>·</td>".into();
    }
    let kind = if is_right { "right" } else { "wrong" };
    format!(
        "<td class=\"{kind}\" style=\"--s:{share:.3}\">{}<small>{:.0} %</small></td>",
        count(images),
        100.0 * share
    )
}

fn pairs(report: &ClassReport) -> String {
    let rows = report.confusion.iter().enumerate();
    let mut wrong: Vec<(usize, usize, usize)> = rows
        .flat_map(|(truth, row)| row.iter().enumerate().map(move |(a, n)| (*n, truth, a)))
        .filter(|(images, truth, answer)| *images > 0 && truth != answer)
        .collect();
    wrong.sort_by_key(|(images, truth, answer)| (usize::MAX - images, *truth, *answer));
    wrong.truncate(PAIRS);
    let name = |class: usize| Cell::Words(report.classes[class].name.clone());
    let rows: Vec<Vec<Cell>> = wrong
        .into_iter()
        .map(|(images, truth, answer)| {
            let whole = report.classes[truth].examples.max(1);
            let share = percent(images as f64 / whole as f64);
            vec![
                name(truth),
                name(answer),
                Cell::Number(count(images)),
                Cell::Number(share),
            ]
        })
        .collect();
    html::table(&["true", "answer", "images", "of the true class"], &rows)
}
