//! Evaluating weights that exist, from nothing but their file.

use std::path::Path;

use burn::module::Module;
use burn::prelude::*;
use gcnn_datasets::{RotatedMnistConfig, RotatedMnistSource};
use gcnn_models::Gcnn;

use crate::TrainError;
use crate::classification::{Classification, ImageFormat};
use crate::metrics::{Measure, Outcomes};
use crate::model_file::ModelFile;
use crate::task::{Split, Task, evaluate};
use crate::weights;

/// A network rebuilt from a weights file, ready for inference.
pub struct Loaded {
    /// The network.
    pub model: Gcnn,
    /// What its images look like.
    pub format: ImageFormat,
    /// What its file tells.
    pub file: ModelFile,
}

impl Loaded {
    /// Rebuilds the network of a weights file or run folder.
    pub fn open(path: &Path, device: &Device) -> Result<Self, TrainError> {
        let (file, arrays) = ModelFile::load(path)?;
        let format: ImageFormat = serde_json::from_value(file.data.clone())
            .map_err(|e| TrainError::weights(path, format!("`gcnn.data` in its metadata: {e}")))?;
        format
            .validate()
            .map_err(|e| TrainError::weights(path, e.to_string()))?;
        let numbers: usize = arrays.values().map(|array| array.values.len()).sum();
        let widest = file
            .config
            .model
            .channels
            .iter()
            .max()
            .copied()
            .unwrap_or(0);
        if widest > numbers {
            // Building such a network could take all memory before its weights are found to be missing.
            return Err(TrainError::weights(
                path,
                format!(
                    "its network has layers of {widest} fields, its arrays hold {numbers} numbers"
                ),
            ));
        }
        let model = format.network(&file.config, device)?;
        let model = weights::apply(model, &arrays)
            .map_err(|reason| TrainError::weights(path, reason))?
            .valid();
        Ok(Self {
            model,
            format,
            file,
        })
    }

    /// The task of evaluating on a split of the weights' own data set, or of data in another place.
    pub fn task(&self, data: Option<&Path>, split: Split) -> Result<Classification, TrainError> {
        let own = self.file.config.dataset.clone();
        let dataset = match data {
            Some(path) => RotatedMnistConfig {
                source: RotatedMnistSource::Auto,
                ..own.with_limits([None; 3]).with_path(path)
            },
            None => own,
        };
        let found = dataset.load_split(split)?;
        let about = format!("{split} images ({})", found.origin);
        Classification::of_images(found.images, about, &self.file.config, self.format.clone())
    }
}

/// The measures of a network, with the number of examples.
pub fn measure(
    loaded: &Loaded,
    task: &Classification,
    device: &Device,
    seen: impl FnMut(usize),
) -> Result<(Vec<Measure>, usize), TrainError> {
    let outcomes: Outcomes = evaluate(task, &loaded.model, Split::Test, device, seen)?;
    if outcomes.is_empty() {
        return Err(TrainError::Mismatch(
            "there are no examples in this data".into(),
        ));
    }
    Ok((task.measures(&outcomes), outcomes.len()))
}

/// Measures as the JSON object that `gcnn eval --json` prints.
///
/// `interval_low` and `interval_high` bound the first measure, the one that models are compared by; they stand beside
/// `metrics` and, for readers that look at nothing else, inside it. `intervals` has those of all measures.
pub fn to_json(measures: &[Measure]) -> serde_json::Value {
    let mut metrics = serde_json::Map::new();
    let mut intervals = serde_json::Map::new();
    for m in measures {
        metrics.insert(m.name.to_string(), serde_json::json!(m.value));
        intervals.insert(m.name.to_string(), serde_json::json!([m.low, m.high]));
    }
    let (low, high) = measures.first().map_or((0.0, 0.0), |m| (m.low, m.high));
    metrics.insert("interval_low".into(), serde_json::json!(low));
    metrics.insert("interval_high".into(), serde_json::json!(high));
    serde_json::json!({
        "metrics": metrics,
        "interval_low": low,
        "interval_high": high,
        "intervals": intervals,
    })
}
