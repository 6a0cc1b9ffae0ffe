//! How the trained network turns with its input, in short; `gcnn equivariance` says it in full.

use gcnn_train::task::equivariance::{ElementError, largest};

use super::Page;
use super::html::{self, Cell, percent};

/// Errors up to here are those of single precision.
const ROUNDING: f64 = 1e-5;
/// Bytes of the picture of maps: the page stays small.
const LARGEST: usize = 450_000;

/// The section; nothing where nothing was measured.
pub fn section(page: &Page) -> String {
    let report = page.report;
    if report.equivariance.is_empty() {
        return String::new();
    }
    let mut body = html::paragraph(&meaning(&report.equivariance, report.equivariance_examples));
    let rows: Vec<Vec<Cell>> = report
        .equivariance
        .iter()
        .map(|element| {
            let cells = [
                Cell::Words(element.element.clone()),
                Cell::Number(error(element.relative_error)),
            ];
            // Numbers and labels are no choice that could change.
            let same = element
                .same_answer
                .map(|share| Cell::Number(percent(share)));
            cells.into_iter().chain(same).collect()
        })
        .collect();
    let head = ["moved by", "relative error", "same answer"];
    let shown = usize::from(report.equivariance.iter().any(|e| e.same_answer.is_some()));
    body.push_str(&html::table(&head[..2 + shown], &rows));
    if let Some(maps) = page.maps.as_ref().filter(|maps| maps.len() <= LARGEST) {
        body.push_str(&format!("<figure class=\"maps\">{maps}</figure>\n"));
    }
    body.push_str(&html::aside(&format!(
        "Layer by layer and angle by angle: gcnn equivariance {} --plot equivariance.svg",
        page.folder
    )));
    html::section("symmetry", "Whether it turns with its input", &body)
}

fn error(error: f64) -> String {
    match error {
        0.0 => "0".into(),
        error if error.is_nan() => "no number".into(),
        error => format!("{error:.1e}"),
    }
}

fn meaning(elements: &[ElementError], examples: Option<usize>) -> String {
    let on = examples.map_or(String::new(), |count| format!(" on {count} test images"));
    if elements.len() == 1 {
        return "The network is built without a symmetry: nothing but training makes its answers the same for turned pictures.".into();
    }
    let worst = largest(elements.iter().map(|element| element.relative_error));
    let shares = elements.iter().filter_map(|element| element.same_answer);
    let same = shares.reduce(f64::min);
    let keeps = match worst <= ROUNDING {
        true => format!(
            "Moved as below, an example gets the same scores, up to rounding (measured{on}): not because the network \
             has seen it so, but because it is built so."
        ),
        false => format!(
            "Moved as below, an example gets nearly the same scores (measured{on}): what is left is mostly that pixels \
             move between pixels."
        ),
    };
    match worst.is_nan() {
        true => format!("The scores are no numbers{on}."),
        false => match same {
            None => keeps,
            Some(1.0) => format!("{keeps} Every answer stays the same."),
            Some(same) => format!(
                "{keeps} At least {} of the answers stay the same.",
                percent(same)
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_told_from_interpolation() {
        let element = |relative_error| ElementError {
            element: "rotation by 90°".into(),
            relative_error,
            same_answer: Some(0.5),
        };
        let words = |errors: &[f64]| {
            let elements: Vec<ElementError> = errors.iter().map(|e| element(*e)).collect();
            meaning(&elements, Some(7))
        };
        assert!(words(&[0.0, 1e-7]).contains("up to rounding (measured on 7 test images)"));
        assert!(words(&[0.0, 0.02]).contains("pixels move"));
        assert!(words(&[0.0, 0.02]).contains("At least 50.0 %"));
        assert!(words(&[0.0, f64::NAN]).contains("no numbers"));
        assert!(words(&[0.0]).contains("without a symmetry"));
    }
}
