//! A comparison as a picture: a curve for each series, with the intervals of its points.
//!
//! What the curves are drawn over stands on a logarithmic axis where it spans more than a factor of three, as shares of a
//! training set do.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Comparison, Point};
use crate::ProgramError;
use crate::report::colours;
use crate::report::curves::{Area, GRID, INK, tick, write_picture};

const SIZE: (u32, u32) = (640, 440);

/// Draws the curves.
pub fn draw(path: &Path, comparison: &Comparison) -> Result<(), ProgramError> {
    let Some(over) = &comparison.over else {
        return Err(ProgramError::Refused(
            "a picture needs something to draw the curves over: --over KEY".into(),
        ));
    };
    write_picture(path, SIZE, |area| paint(area, comparison, over))
}

/// Where a value stands on the axis.
struct Axis {
    logarithmic: bool,
    low: f64,
    high: f64,
}

impl Axis {
    fn new(values: &[f64]) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let logarithmic = low > 0.0 && high > 3.0 * low;
        let mut axis = Self {
            logarithmic,
            low: 0.0,
            high: 1.0,
        };
        let (first, last) = (axis.place(low), axis.place(high));
        let room = ((last - first) * 0.08).max(1e-9);
        (axis.low, axis.high) = (first - room, last + room);
        axis
    }

    fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            value.log10()
        } else {
            value
        }
    }
}

fn paint(area: &Area, comparison: &Comparison, over: &str) -> Result<(), String> {
    let text = |e: DrawingAreaErrorKind<_>| e.to_string();
    area.fill(&WHITE).map_err(text)?;
    let mut values: Vec<f64> = comparison.points.iter().filter_map(|p| p.over).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let axis = Axis::new(&values);
    let (bottom, top) = heights(&comparison.points);
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(60)
        .build_cartesian_2d(axis.low..axis.high, bottom..top)
        .map_err(text)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(1)
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .axis_style(INK)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .y_desc(format!("test {}", comparison.measure))
        .x_labels(0)
        .y_labels(8)
        .y_label_formatter(&|y| tick(*y, top - bottom))
        .draw()
        .map_err(text)?;
    // Ticks where the points are.
    let anchored = |size: u32| {
        let style = TextStyle::from(("sans-serif", size).into_font()).color(&INK);
        style.pos(Pos::new(HPos::Center, VPos::Top))
    };
    for value in &values {
        let (x, y) = chart.backend_coord(&(axis.place(*value), bottom));
        let tick = [(x, y), (x, y + 5)];
        area.draw(&PathElement::new(tick, INK)).map_err(text)?;
        area.draw(&Text::new(value.to_string(), (x, y + 8), anchored(13)))
            .map_err(text)?;
    }
    let (x, y) = chart.backend_coord(&(0.5 * (axis.low + axis.high), bottom));
    let label = format!("{} ({over})", comparison.over_words);
    area.draw(&Text::new(label, (x, y + 28), anchored(13)))
        .map_err(text)?;

    let series: Vec<&[Point]> = comparison.points.chunk_by(|a, b| a.by == b.by).collect();
    let step = (axis.high - axis.low) * 0.008;
    for (index, points) in series.iter().enumerate() {
        let [red, green, blue] = colours::of_line(index);
        let colour = RGBColor(red, green, blue);
        // Side by side, so that intervals of equal points can be told apart.
        let aside = step * (index as f64 - 0.5 * (series.len() - 1) as f64);
        let at = |point: &Point| point.over.map(|over| axis.place(over) + aside);
        let places: Vec<(f64, f64)> = points
            .iter()
            .filter_map(|point| Some((at(point)?, point.mean)))
            .collect();
        let name = points[0].by.join(", ");
        chart
            .draw_series(LineSeries::new(places.clone(), colour.stroke_width(2)))
            .map_err(text)?
            .label(if name.is_empty() { "all runs" } else { &name })
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart
            .draw_series(
                places
                    .iter()
                    .map(|place| Circle::new(*place, 3, colour.filled())),
            )
            .map_err(text)?;
        let bars = points.iter().filter_map(|point| {
            let ([low, high], x) = (point.interval?, at(point)?);
            let ends = [low, high].map(|y| [(x - 0.6 * step, y), (x + 0.6 * step, y)]);
            Some([[(x, low), (x, high)], ends[0], ends[1]])
        });
        let lines = bars
            .flatten()
            .map(|line| PathElement::new(line, colour.stroke_width(1)));
        chart.draw_series(lines).map_err(text)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font(("sans-serif", 13).into_font().color(&INK))
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .draw()
        .map_err(text)?;
    area.present().map_err(text)
}

/// The range of the points and their intervals, with a little room.
fn heights(points: &[Point]) -> (f64, f64) {
    let ends = points
        .iter()
        .flat_map(|p| {
            p.interval
                .unwrap_or([p.mean; 2])
                .into_iter()
                .chain([p.mean])
        })
        .filter(|value| value.is_finite());
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return (0.0, 1.0);
    }
    let room = match high > low {
        true => 0.06 * (high - low),
        // A single number in the middle of an axis that it can be read off.
        false if low != 0.0 => 0.05 * low.abs(),
        false => 1.0,
    };
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_have_as_much_room_as_large_ones() {
        let point = |mean: f64, interval| Point {
            by: Vec::new(),
            over: None,
            mean,
            interval,
            runs: Vec::new(),
        };
        for unit in [1.0, 1e-6, 1e6] {
            let points = [
                point(2.0 * unit, None),
                point(3.0 * unit, Some([1.0 * unit, 6.0 * unit])),
            ];
            let (low, high) = heights(&points);
            assert!(
                (low - 0.7 * unit).abs() < 1e-9 * unit && (high - 6.3 * unit).abs() < 1e-9 * unit
            );
            let (low, high) = heights(&points[..1]);
            assert!(low < 2.0 * unit && high > 2.0 * unit && high < 2.2 * unit);
            // Neighbouring ticks can be told apart.
            let labels =
                [0, 1, 2].map(|step| tick(low + (high - low) * f64::from(step) / 8.0, high - low));
            assert!(
                labels[0] != labels[1] && labels[1] != labels[2],
                "{labels:?}"
            );
        }
        assert_eq!(heights(&[point(0.0, None)]), (-1.0, 1.0));
        assert_eq!(heights(&[]), (0.0, 1.0));
    }
}
