//! `gcnn export`.

use std::path::{Path, PathBuf};

use burn::module::Module;
use clap::Args;
use clap::builder::TypedValueParser;
use gcnn_train::TrainError;
use gcnn_train::exchange::export::{self, Comparison, ExportFormat};
use gcnn_train::files::same_file;
use gcnn_train::task::metrics::significant;
use gcnn_train::weights::evaluation::{ImageNetwork, Loaded, LoadedNetwork};
use gcnn_train::weights::model_file::{self, ZOO};

use super::{DeviceArg, WeightsArg, one_of};
use crate::ProgramError;
use crate::output;

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    weights: WeightsArg,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "plain", value_parser = format_parser())]
    format: ExportFormat,
    /// The file to write; by default beside the weights, with the format in its name
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArg,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl ExportArgs {
    pub fn run(self) -> Result<(), ProgramError> {
        let (_, device) = self.device.open("auto")?;
        let (source, contents) = model_file::read(&self.weights.weights)?;
        let loaded = Loaded::open(&source, &device)?;
        let output = match &self.output {
            Some(output) => output.clone(),
            None => beside(&source, self.format),
        };
        if same_file(&source, &output) {
            return Err(ProgramError::Refused(format!(
                "{} would replace the weights that it is made of; choose another --output",
                output.display()
            )));
        }
        export::write(&loaded, self.format, &output)?;
        let sizes = [contents.len() as u64, bytes(&output)?];
        let report = match &loaded.network {
            LoadedNetwork::Particles(_) | LoadedNetwork::Segmentation(_) => None,
            // Compared with what it was made of, unless that was exported itself.
            LoadedNetwork::Images(network) if network.trained.is_some() => {
                Some(Report::new(network, &loaded, sizes, &device)?)
            }
            LoadedNetwork::Images(_) => None,
        };
        if self.json {
            let mut json = serde_json::json!({ "file": output, "bytes": sizes[1] });
            if let Some(report) = &report {
                report.add_to(&mut json);
            }
            output::line(&json)?;
            return Ok(());
        }
        output::line(output.display())?;
        if let Some(report) = report {
            output::text(report.text())?;
        }
        Ok(())
    }
}

/// What changed, as pairs of before and after.
struct Report {
    numbers: [usize; 2],
    bytes: [u64; 2],
    compared: Comparison,
}

impl Report {
    fn new(
        network: &ImageNetwork,
        loaded: &Loaded,
        bytes: [u64; 2],
        device: &burn::prelude::Device,
    ) -> Result<Self, ProgramError> {
        let trained = network.trained()?;
        Ok(Self {
            numbers: [trained.num_params(), network.model.num_params()],
            bytes,
            compared: export::compare(network, &loaded.file, device)?,
        })
    }

    fn text(&self) -> String {
        let Comparison {
            images,
            difference,
            largest,
            throughput,
            latency,
        } = &self.compared;
        let row = |name: &str, values: [String; 2]| {
            format!("{name:<18} {:>12} {:>12}\n", values[0], values[1])
        };
        let milliseconds = |seconds: f64| format!("{:.3} ms", seconds * 1e3);
        [
            row("", ["before".into(), "after".into()]),
            row("numbers", self.numbers.map(|n| n.to_string())),
            row(
                "file",
                self.bytes.map(|n| format!("{} kB", n.div_ceil(1000))),
            ),
            row("images a second", throughput.map(|n| format!("{n:.0}"))),
            row("a single image", latency.map(milliseconds)),
            format!(
                "largest difference of a logit on {images}: {difference:.1e}, of logits up to {}\n",
                significant(*largest)
            ),
        ]
        .concat()
    }

    fn add_to(&self, json: &mut serde_json::Value) {
        let compared = &self.compared;
        json["numbers"] = serde_json::json!(self.numbers);
        json["images"] = serde_json::json!(compared.images);
        json["largest_difference"] = serde_json::json!(compared.difference);
        json["largest_logit"] = serde_json::json!(compared.largest);
        json["images_per_second"] = serde_json::json!(compared.throughput);
        json["single_image_seconds"] = serde_json::json!(compared.latency);
    }
}

fn format_parser() -> impl TypedValueParser<Value = ExportFormat> {
    one_of([ExportFormat::Plain, ExportFormat::Pytorch].map(|it| (it, it.name(), it.about())))
}

/// `best-plain.safetensors` for `best.safetensors`; for `zoo:NAME` in the working folder.
fn beside(source: &Path, format: ExportFormat) -> PathBuf {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.strip_prefix(ZOO).unwrap_or(&stem);
    let format = format.name();
    source.with_file_name(format!("{stem}-{format}.safetensors"))
}

fn bytes(path: &Path) -> Result<u64, ProgramError> {
    let metadata = std::fs::metadata(path).map_err(TrainError::io("read", path))?;
    Ok(metadata.len())
}
