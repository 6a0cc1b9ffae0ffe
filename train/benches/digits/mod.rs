//! What benchmarks of networks for digits are asked for in `GCNN_BENCH`.

use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_models::{GcnnConfig, InputShape};
use gcnn_train::device::DeviceName;

pub const DIGITS: InputShape = InputShape {
    channels: 1,
    height: 28,
    width: 28,
};
pub const CLASSES: usize = 10;

pub struct Options {
    pub batch: usize,
    pub steps: usize,
    pub device: String,
    pub config: GcnnConfig,
}

impl Options {
    /// The defaults, P4CNN on batches of 128 on the CPU, with `steps` steps, and what the environment changes.
    pub fn from_environment(steps: usize) -> Result<Self, String> {
        let mut options = Self {
            batch: 128,
            steps,
            device: "flex".into(),
            config: GcnnConfig::p4cnn(),
        };
        let text = std::env::var("GCNN_BENCH").unwrap_or_default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or("write GCNN_BENCH=key=value,…")?;
            let number = || value.parse().map_err(|error| format!("{part}: {error}"));
            match key {
                "batch" => options.batch = number()?,
                "steps" => options.steps = number()?,
                "device" => options.device = value.into(),
                "group" => {
                    let group: Group = value.parse().map_err(|error| format!("{error}"))?;
                    if group.order() == 1 {
                        options.config = GcnnConfig::z2cnn();
                    }
                    options.config.group = group;
                }
                _ => return Err(format!("{key} is not one of batch, steps, device, group")),
            }
        }
        Ok(options)
    }

    /// Opens the device.
    pub fn device(&self) -> Result<Device, String> {
        let opened = DeviceName::parse(&self.device).and_then(DeviceName::open);
        opened
            .map(|(_, device)| device)
            .map_err(|error| error.to_string())
    }
}
