//! What class scores are divided by before they become probabilities.
//!
//! ```text
//! p(c) = exp(z_c / T) / Σ_k exp(z_k / T)        the order of the classes is that of the scores z
//! ```
//!
//! A run fits T to its validation split; files of before it did have none, and T = 1 leaves the scores as they are.

use super::{Header, WeightsError, keys};

/// The least and the largest temperature.
pub const TEMPERATURES: [f64; 2] = [0.05, 20.0];

impl Header {
    /// The temperature, where there is one.
    ///
    /// # Errors
    /// Where it is no number, or not one of [`TEMPERATURES`].
    pub fn temperature(&self) -> Result<Option<f64>, WeightsError> {
        let [least, largest] = TEMPERATURES;
        let found: Option<f64> = self.json_if_any(keys::TEMPERATURE)?;
        match found {
            Some(found) if !(least..=largest).contains(&found) => Err(WeightsError::Metadata {
                key: keys::TEMPERATURE,
                reason: format!("a number from {least} to {largest} was expected, found {found}"),
            }),
            found => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::file::to_bytes;
    use crate::weights::{Array, Weights};

    fn read(text: Option<&str>) -> Result<Option<f64>, String> {
        let text = text.map(|text| (keys::TEMPERATURE.to_string(), text.to_string()));
        let metadata: HashMap<String, String> = text.into_iter().collect();
        let array = Array {
            shape: vec![1],
            values: vec![0.0],
        };
        let weights = Weights::from([("weight".to_string(), array)]);
        let bytes = to_bytes(&weights, metadata).expect("a file");
        let header = Header::read(&bytes).expect("a header");
        header.temperature().map_err(|error| error.to_string())
    }

    #[test]
    fn a_temperature_is_a_moderate_number_or_left_out() {
        assert_eq!(read(None), Ok(None));
        assert_eq!(read(Some("1.5")), Ok(Some(1.5)));
        for text in ["0", "-1", "1e9", "0.04"] {
            let error = read(Some(text)).expect_err("refused");
            assert!(error.contains("0.05 to 20 was expected"), "{error}");
        }
        for text in ["null", "\"hot\"", "1e999", ""] {
            assert!(read(Some(text)).is_err(), "{text}");
        }
    }
}
