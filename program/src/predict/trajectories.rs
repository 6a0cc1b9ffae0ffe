//! Predicted and true motion of particles, as a table and as a picture.
//!
//! ```text
//! trajectories.csv    simulation, particle, charge, kind, frame, x, y, z
//!                     kind: `true` at every frame from the input to the target, `predicted` at the target
//! trajectories.svg    a panel per simulation, seen along z: paths, the true end (ring), the predicted one (cross)
//! ```

use std::fmt::Write;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_datasets::NBodyDataset;
use gcnn_models::points::{Dynamics, DynamicsModel, NeighbourhoodConfig};
use gcnn_train::TrainError;
use gcnn_train::files::write_atomically;
use gcnn_train::task::metrics::significant;
use gcnn_train::tasks::dynamics::particles;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::ProgramError;

/// Panels of the picture: more would be too small to read.
const MOST_PANELS: usize = 12;
const PANEL: u32 = 320;
const POSITIVE: RGBColor = RGBColor(0xc8, 0x3e, 0x4d);
const NEGATIVE: RGBColor = RGBColor(0x0b, 0x6e, 0xc5);
const INK: RGBColor = RGBColor(0x33, 0x3a, 0x44);
const GRID: RGBColor = RGBColor(0xe6, 0xe9, 0xed);

/// Simulations with what a network predicts for them.
pub struct Predicted<'a> {
    data: &'a NBodyDataset,
    /// Predicted x, y, z of the particles of each simulation.
    ends: Vec<Vec<[f32; 3]>>,
}

impl<'a> Predicted<'a> {
    /// Predicts the first `count` simulations of a data set.
    pub fn new(
        model: &DynamicsModel,
        graph: &NeighbourhoodConfig,
        data: &'a NBodyDataset,
        count: usize,
        device: &Device,
    ) -> Result<Self, ProgramError> {
        let count = count.min(data.count());
        if count == 0 {
            return Err(ProgramError::Refused(
                "there are no simulations to predict".into(),
            ));
        }
        let mut ends = Vec::with_capacity(count);
        // One by one: any number of simulations fits in memory.
        for index in 0..count as u32 {
            let batch = data.batch(&[index]);
            let now = particles(&batch, graph, device)?;
            let numbers: Vec<f32> = model.forward(&now).into_data().iter::<f32>().collect();
            ends.push(numbers.as_chunks::<3>().0.to_vec());
        }
        Ok(Self { data, ends })
    }

    /// The mean squared error of each simulation.
    pub fn errors(&self) -> Vec<f64> {
        let errors = self.ends.iter().enumerate().map(|(simulation, ends)| {
            let target = self.data.target_frame();
            let truth = self.data.trajectories().positions(simulation, target);
            let squares = ends.iter().zip(truth).flat_map(|(end, truth)| {
                (0..3).map(|axis| (f64::from(end[axis]) - truth[axis]).powi(2))
            });
            squares.sum::<f64>() / (3 * ends.len()).max(1) as f64
        });
        errors.collect()
    }

    /// Writes the table and the picture into a folder; gives their paths.
    pub fn write(&self, folder: &Path) -> Result<[PathBuf; 2], ProgramError> {
        std::fs::create_dir_all(folder).map_err(TrainError::io("create", folder))?;
        let [table, picture] = ["csv", "svg"].map(|end| folder.join(format!("trajectories.{end}")));
        write_atomically(&table, self.csv().as_bytes())?;
        let svg = self.svg().map_err(|reason| ProgramError::Drawing {
            path: picture.clone(),
            reason,
        })?;
        write_atomically(&picture, svg.as_bytes())?;
        Ok([table, picture])
    }

    /// The frames that are shown, in the order of time.
    fn frames(&self) -> std::ops::RangeInclusive<usize> {
        let (from, to) = (self.data.input_frame(), self.data.target_frame());
        from.min(to)..=from.max(to)
    }

    /// The table.
    fn csv(&self) -> String {
        let mut text = String::from("simulation,particle,charge,kind,frame,x,y,z\n");
        let all = self.data.trajectories();
        for (simulation, ends) in self.ends.iter().enumerate() {
            let charges = all.charges(simulation);
            for (particle, (charge, end)) in charges.iter().zip(ends).enumerate() {
                for frame in self.frames() {
                    let [x, y, z] = all.positions(simulation, frame)[particle];
                    // Writing to a string cannot fail.
                    let _ = writeln!(
                        text,
                        "{simulation},{particle},{charge},true,{frame},{x},{y},{z}"
                    );
                }
                let [x, y, z] = end;
                let frame = self.data.target_frame();
                let _ = writeln!(
                    text,
                    "{simulation},{particle},{charge},predicted,{frame},{x},{y},{z}"
                );
            }
        }
        text
    }

    /// The picture.
    fn svg(&self) -> Result<String, String> {
        let panels = self.ends.len().min(MOST_PANELS);
        let columns = panels.min(3);
        let rows = panels.div_ceil(columns);
        let mut svg = String::new();
        {
            let size = (PANEL * columns as u32, PANEL * rows as u32);
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            area.fill(&WHITE).map_err(|e| e.to_string())?;
            let errors = self.errors();
            for (simulation, panel) in area.split_evenly((rows, columns)).iter().enumerate() {
                if simulation < panels {
                    self.panel(panel, simulation, errors[simulation])?;
                }
            }
            area.present().map_err(|e| e.to_string())?;
        }
        Ok(svg)
    }

    fn panel(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        simulation: usize,
        error: f64,
    ) -> Result<(), String> {
        let text = |e: DrawingAreaErrorKind<_>| e.to_string();
        let all = self.data.trajectories();
        let paths: Vec<Vec<(f64, f64)>> = (0..self.data.particles())
            .map(|particle| {
                self.frames()
                    .map(|frame| all.positions(simulation, frame)[particle])
                    .map(|[x, y, _]| (x, y))
                    .collect()
            })
            .collect();
        let ends: Vec<(f64, f64)> = self.ends[simulation]
            .iter()
            .map(|end| (f64::from(end[0]), f64::from(end[1])))
            .collect();
        let [x, y] = square(paths.iter().flatten().chain(&ends));
        let caption = format!("simulation {simulation}, mse {}", significant(error));
        let mut chart = ChartBuilder::on(area)
            .caption(caption, ("sans-serif", 15).into_font().color(&INK))
            .margin(10)
            .x_label_area_size(22)
            .y_label_area_size(32)
            .build_cartesian_2d(x, y)
            .map_err(text)?;
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(INK)
            .label_style(("sans-serif", 11).into_font().color(&INK))
            .x_labels(5)
            .y_labels(5)
            .draw()
            .map_err(text)?;
        let charges = all.charges(simulation);
        for ((path, end), charge) in paths.iter().zip(&ends).zip(charges) {
            let colour = if *charge < 0.0 { NEGATIVE } else { POSITIVE };
            // The path runs in the order of time; the input may be its end.
            let forwards = self.data.input_frame() <= self.data.target_frame();
            let (Some(first), Some(last)) = (path.first(), path.last()) else {
                continue;
            };
            let (start, truth) = if forwards {
                (first, last)
            } else {
                (last, first)
            };
            chart
                .draw_series(LineSeries::new(path.clone(), colour.stroke_width(2)))
                .map_err(text)?;
            chart
                .draw_series([Circle::new(*start, 3, colour.filled())])
                .map_err(text)?;
            chart
                .draw_series([Circle::new(*truth, 5, colour.stroke_width(2))])
                .map_err(text)?;
            chart
                .draw_series([Cross::new(*end, 5, INK.stroke_width(2))])
                .map_err(text)?;
        }
        Ok(())
    }
}

/// The smallest square around some points, with room.
fn square<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> [std::ops::Range<f64>; 2] {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for (x, y) in points.filter(|(x, y)| x.is_finite() && y.is_finite()) {
        for (axis, value) in [*x, *y].into_iter().enumerate() {
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
    }
    let side = (high[0] - low[0]).max(high[1] - low[1]).max(1e-3);
    if !side.is_finite() {
        return [-1.0..1.0, -1.0..1.0];
    }
    [0, 1].map(|axis| {
        let middle = (low[axis] + high[axis]) / 2.0;
        middle - 0.58 * side..middle + 0.58 * side
    })
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use gcnn_datasets::NBodyConfig;
    use gcnn_models::points::{DynamicsConfig, LinearDynamicsConfig};

    use super::*;

    #[test]
    fn the_table_holds_every_frame_and_every_prediction() {
        let data = NBodyConfig::default()
            .with_sizes([1, 1, 3])
            .with_cache(false);
        let data = data.load().expect("simulations").test;
        let device = Device::flex();
        let still = DynamicsConfig::Linear(LinearDynamicsConfig { time: 0.0 });
        let model = still.init(&device).expect("a model");
        let graph = NeighbourhoodConfig::default();
        let predicted = Predicted::new(&model, &graph, &data, 2, &device).expect("predictions");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [table, picture] = predicted.write(folder.path()).expect("files");
        let text = std::fs::read_to_string(table).expect("the table");
        // Two simulations of five particles: frames 30 to 40, and one prediction each.
        assert_eq!(text.lines().count(), 1 + 2 * 5 * (11 + 1));
        // A model that stands still predicts where the particle was, to single precision.
        let last = |line: &str| -> f64 {
            let number = line.rsplit(',').next().expect("a column");
            number.parse().expect("a number")
        };
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("0,0,") && lines[1].contains(",true,30,"));
        assert!(lines[12].contains(",predicted,40,"), "{}", lines[12]);
        assert!((last(lines[1]) - last(lines[12])).abs() < 1e-5);
        let positions = |frame| data.trajectories().positions(0, frame);
        let moved = positions(30).iter().zip(positions(40));
        let expected = moved
            .flat_map(|(a, b)| (0..3).map(|axis| (a[axis] - b[axis]).powi(2)))
            .sum::<f64>()
            / 15.0;
        assert!((predicted.errors()[0] - expected).abs() < 1e-5 * expected);
        let svg = std::fs::read_to_string(picture).expect("the picture");
        assert!(svg.contains("simulation 1") && !svg.contains("simulation 2"));
    }
}
