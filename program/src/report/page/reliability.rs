//! Whether the network is as often right as it is sure.

use gcnn_train::task::calibration::{Calibration, Reliability};

use super::chart::{Chart, plain};
use super::html::{self, count};
use crate::report::markup::escaped;

/// The section; nothing where the run fitted no temperature.
pub fn section(calibration: Option<&Calibration>) -> String {
    let Some(found) = calibration else {
        return String::new();
    };
    let temperature = format!("{:.2}", found.temperature);
    let tendency = match found.temperature {
        t if t > 1.05 => "By itself the network is surer than it should be",
        t if t < 0.95 => "By itself the network is less sure than it could be",
        _ => "By itself the network is about as sure as it should be",
    };
    let words = format!(
        "Of the answers given with 80 % confidence, 80 % should be right. {tendency}: scores are divided by {temperature}, the \
         temperature at which the validation images are most probable, and the probabilities that gcnn predict gives are \
         these. No answer changes."
    );
    let body = format!(
        "{}<div class=\"pair\">\n{}{}</div>\n{}",
        html::paragraph(&words),
        panel(&found.before, "as it is"),
        panel(&found.after, &format!("divided by {temperature}")),
        html::aside(
            "Bars: the share of right answers among those of like confidence; on the dashed line it would be the confidence \
             itself, and the short upright lines are what is missing. Along the foot: how many answers have that confidence. The expected \
             calibration error is the mean length of these lines over all answers."
        )
    );
    html::section(
        "reliability",
        "Whether its confidence can be believed",
        &body,
    )
}

fn panel(found: &Reliability, title: &str) -> String {
    let mut chart = Chart::new([0.0, 1.0], [-0.16, 1.0], false);
    let number = |y: f64| if y < 0.0 { String::new() } else { plain(y) };
    chart.axes("confidence", &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0], number);
    let width = 1.0 / found.bins.len().max(1) as f64;
    let most = found.bins.iter().map(|bin| bin.examples).max().unwrap_or(0);
    for (index, bin) in found.bins.iter().enumerate() {
        if bin.examples == 0 {
            continue;
        }
        let [from, to] = [0.1, 0.9].map(|place| (index as f64 + place) * width);
        let words = format!(
            "{} answers with a confidence of {:.0} %: {:.0} % are right",
            count(bin.examples),
            100.0 * bin.confidence,
            100.0 * bin.right
        );
        chart.block([from, 0.0], [to, bin.right], "bar", &words);
        let x = bin.confidence;
        chart.line([x, bin.right], [x, x], "gap");
        let share = bin.examples as f64 / most.max(1) as f64;
        chart.block([from, -0.15], [to, -0.15 + 0.12 * share], "count", &words);
    }
    chart.line([0.0, 0.0], [1.0, 1.0], "dash");
    let about = format!("Confidence against right answers, {title}");
    format!(
        "<figure>{}<figcaption><b>{}</b>: expected calibration error {:.3}</figcaption></figure>\n",
        chart.finish(&about),
        escaped(title),
        found.ece
    )
}
