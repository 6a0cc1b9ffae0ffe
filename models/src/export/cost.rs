//! What a network of ordinary layers costs.

use super::config::{PlainNetworkConfig, PlainStepConfig, Size};
use crate::ModelError;

impl PlainNetworkConfig {
    /// Multiplications of its convolutions and linear maps for one image.
    ///
    /// # Errors
    /// Where the steps do not fit together.
    pub fn multiplications(&self) -> Result<u64, ModelError> {
        self.classes()?;
        self.of_steps(&self.steps, self.input())
    }

    fn of_steps(&self, steps: &[PlainStepConfig], mut size: Size) -> Result<u64, ModelError> {
        let mut sum = 0u64;
        for step in steps {
            let before = size;
            size = Self::size_of(std::slice::from_ref(step), before)?;
            let [_, height, width] = size;
            let own = match step {
                PlainStepConfig::Convolution {
                    channels: [from, to],
                    kernel_size: [rows, columns],
                    groups,
                    ..
                } => product(&[from / groups, *to, *rows, *columns, height, width]),
                PlainStepConfig::LiftWaveform(layer) => {
                    let [from, to] = layer.channels;
                    product(&[from, to, layer.group.order(), layer.kernel_size, width])
                }
                PlainStepConfig::Waveform(layer) => {
                    let ([from, to], seen) = (layer.channels, layer.range);
                    product(&[from, to, layer.scales(), seen, layer.kernel_size, width])
                }
                PlainStepConfig::Attention {
                    channels,
                    hidden,
                    order,
                    responses,
                    kernel_size: [rows, columns],
                    ..
                } => {
                    // Of means and of maxima, and of the sum of what they give.
                    let mixing = product(&[3, *channels, *hidden]);
                    let inputs = order.saturating_mul(2);
                    let looking = [inputs, *responses, *rows, *columns, height, width];
                    mixing.saturating_add(product(&looking))
                }
                PlainStepConfig::Linear { features, .. } => product(features),
                PlainStepConfig::Beside { steps, .. } => self.of_steps(steps, before)?,
                _ => 0,
            };
            sum = sum.saturating_add(own);
        }
        Ok(sum)
    }
}

fn product<'a>(extents: impl IntoIterator<Item = &'a usize>) -> u64 {
    let extents = extents.into_iter().map(|extent| *extent as u64);
    extents.fold(1, u64::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplications_of_attention_counted_by_hand() {
        let config: PlainNetworkConfig = serde_json::from_str(
            r#"{
              "input": { "channels": 8, "height": 5, "width": 6 },
              "steps": [
                { "step": "attention", "channels": 8, "hidden": 4, "order": 4, "responses": 4, "kernel_size": [7, 7],
                  "dilation": [1, 1] },
                { "step": "pool-plane", "kind": "mean" }
            ] }"#,
        )
        .expect("a network");
        let expected = 2 * 8 * 4 + 4 * 8 + 2 * 4 * 4 * 49 * 5 * 6;
        assert_eq!(config.multiplications().expect("a number"), expected);
    }

    #[test]
    fn multiplications_counted_by_hand() {
        let config: PlainNetworkConfig = serde_json::from_str(
            r#"{
              "input": { "channels": 3, "height": 8, "width": 10 },
              "steps": [
                { "step": "convolution", "channels": [3, 4], "kernel_size": [3, 3], "stride": [1, 1], "padding": [0, 0],
                  "dilation": [1, 1], "bias": true },
                { "step": "relu" },
                { "step": "beside", "border": 1, "steps": [
                  { "step": "convolution", "channels": [4, 2], "kernel_size": [3, 3], "stride": [1, 1], "padding": [0, 0],
                    "dilation": [1, 1], "bias": false } ] },
                { "step": "pool-plane", "kind": "mean" },
                { "step": "linear", "features": [6, 5], "bias": true }
            ] }"#,
        )
        .expect("a network");
        assert_eq!(config.classes().expect("steps that fit"), 5);
        let expected = 4 * 3 * 9 * 6 * 8 + 2 * 4 * 9 * 4 * 6 + 6 * 5;
        assert_eq!(config.multiplications().expect("a number"), expected);
    }
}
