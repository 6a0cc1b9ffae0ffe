//! The sizes of kernels over the epochs, of networks that train them: a line for each layer.
//!
//! Drawn is the longer side; where the two sides differ by more than a pixel the shorter one is drawn too, in a lighter line.

use std::collections::BTreeSet;
use std::path::Path;

use gcnn_train::training::run_folder::EpochRecord;
use plotters::prelude::*;

use super::colours::of_line;
use super::curves::{Area, legend, over_epochs, write_picture};
use crate::ProgramError;

const SIZE: (u32, u32) = (720, 400);

/// Draws the picture, where there is something to draw.
pub fn draw(path: &Path, history: &[EpochRecord]) -> Result<(), ProgramError> {
    match history.iter().any(|record| !record.kernel_sizes.is_empty()) {
        true => write_picture(path, SIZE, |area| paint(area, history)),
        false => Ok(()),
    }
}

fn paint(area: &Area, history: &[EpochRecord]) -> Result<(), String> {
    let text = |e: DrawingAreaErrorKind<_>| e.to_string();
    area.fill(&WHITE).map_err(text)?;
    let sizes = history
        .iter()
        .flat_map(|record| record.kernel_sizes.values());
    let largest = sizes.flatten().copied().fold(1.0, f64::max);
    let last = history
        .last()
        .map_or(1.0, |record| record.epoch as f64)
        .max(2.0);
    let heights = [0.0, largest * 1.06];
    let caption = "size of kernels, pixels";
    let mut chart = over_epochs(area, caption, last, heights, &|y| format!("{y:.0}"))?;
    let layers = history.iter().flat_map(|record| record.kernel_sizes.keys());
    let layers: BTreeSet<usize> = layers.copied().collect();
    for (index, layer) in layers.into_iter().enumerate() {
        let [red, green, blue] = of_line(index);
        let colour = RGBColor(red, green, blue);
        let points = |side: fn(f64, f64) -> f64| -> Vec<(f64, f64)> {
            let own = history.iter().filter_map(|record| {
                let [height, width] = record.kernel_sizes.get(&layer)?;
                Some((record.epoch as f64, side(*height, *width)))
            });
            own.collect()
        };
        let (longer, shorter) = (points(f64::max), points(f64::min));
        let mut sides = longer.iter().zip(&shorter);
        if sides.any(|((_, longer), (_, shorter))| longer - shorter > 1.0) {
            let line = LineSeries::new(shorter, colour.mix(0.4).stroke_width(2));
            chart.draw_series(line).map_err(text)?;
        }
        chart
            .draw_series(LineSeries::new(longer, colour.stroke_width(2)))
            .map_err(text)?
            .label(format!("layer {layer}"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    legend(&mut chart, SeriesLabelPosition::UpperLeft)?;
    area.present().map_err(text)
}
