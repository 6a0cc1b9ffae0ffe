//! Loss and score over the epochs.

use gcnn_train::task::metrics::significant;
use gcnn_train::task::targets::report::title;
use gcnn_train::training::run_folder::{EpochRecord, PassRecord};

use super::chart::{Chart, plain, ticks};
use super::html;
use crate::report::markup::escaped;

/// Points of a line: more cannot be told apart.
const POINTS: usize = 400;

/// The section; nothing before there is an epoch. `goal` is what the best epoch is chosen by, where training does not know it.
pub fn section(history: &[EpochRecord], best: usize, goal: Option<&str>) -> String {
    let Some(last) = history.last() else {
        return String::new();
    };
    let names = last.validation.measures.keys();
    let charts: Vec<String> = names
        .filter(|name| last.training.measures.contains_key(*name) || goal == Some(name))
        .map(|name| chart(history, name, best))
        .collect();
    let body = format!(
        "{}<div class=\"pair\">\n{}</div>\n",
        html::aside(
            "Training: the batches of an epoch as the network saw them while it learned, with augmentation and dropout. \
             Validation: images that it does not learn from, after the epoch; the best epoch is chosen by them."
        ),
        charts.concat()
    );
    html::section("curves", "How it learned", &body)
}

fn chart(history: &[EpochRecord], name: &str, best: usize) -> String {
    let series = |pass: fn(&EpochRecord) -> &PassRecord| -> Vec<[f64; 2]> {
        let step = history.len().div_ceil(POINTS).max(1);
        let last = history.len() - 1;
        let kept = history
            .iter()
            .enumerate()
            .filter(|(index, _)| index % step == 0 || *index == last);
        let value = |record: &EpochRecord| pass(record).measures.get(name).copied();
        kept.map(|(_, record)| [record.epoch as f64, value(record).unwrap_or(f64::NAN)])
            .collect()
    };
    let training = series(|record| &record.training);
    let is_trained = training.iter().any(|[_, value]| value.is_finite());
    let mut lines = vec![(series(|record| &record.validation), "first", "validation")];
    if is_trained {
        lines.insert(0, (training, "second", "training"));
    }
    let all = lines.iter().flat_map(|(points, ..)| points);
    let values = all.map(|[_, y]| *y).filter(|y| y.is_finite());
    let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], y| {
        [low.min(y), high.max(y)]
    });
    if low > high {
        return String::new();
    }
    let epochs = [1.0, history[history.len() - 1].epoch as f64];
    let logarithmic = low > 0.0 && high > 10.0 * low;
    // Room above the lines for the name of the best epoch.
    let range = match logarithmic {
        true => [low / 1.1, high * 1.3],
        false => [low - 0.03 * (high - low), high + 0.12 * (high - low)],
    };
    let mut chart = Chart::new(epochs, range, logarithmic);
    let whole = |x: &f64| x.fract() == 0.0 && (epochs[0]..=epochs[1]).contains(x);
    let mut numbers: Vec<f64> = ticks(epochs, false).into_iter().filter(whole).collect();
    if numbers.len() < 2 {
        numbers = epochs.to_vec();
        numbers.dedup();
    }
    chart.axes("epoch", &numbers, plain);
    chart.upright(best as f64, &format!("best: {best}"));
    for (points, class, title) in &lines {
        chart.path(points, class);
        let dot = format!("dot-{class}");
        for [epoch, value] in points.iter().filter(|_| points.len() <= 60) {
            let words = format!("epoch {epoch}: {title} {name} {}", significant(*value));
            chart.dot([*epoch, *value], 2.4, &dot, &words);
        }
    }
    let about = format!("{name} of training and validation over the epochs");
    format!(
        "<figure>{}<figcaption><b>{}</b>: <span class=\"key\"></span> validation{}{}</figcaption></figure>\n",
        chart.finish(&about),
        escaped(&title(name)),
        if is_trained {
            ", <span class=\"key key-second\"></span> training"
        } else {
            ""
        },
        if logarithmic {
            "; the axis is logarithmic"
        } else {
            ""
        }
    )
}
