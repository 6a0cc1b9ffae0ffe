//! Weights that are numbers.

use super::WeightsError;
use crate::weights::Weights;

/// Refuses weights with a value that is infinite or no number, and says where it is.
pub fn check_finite(weights: &Weights) -> Result<(), WeightsError> {
    for (name, array) in weights {
        let place = array.values.iter().position(|value| !value.is_finite());
        if let Some(place) = place {
            return Err(WeightsError::NotFinite {
                name: name.clone(),
                value: array.values[place].to_string(),
                place,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Array;

    #[test]
    fn values_that_are_no_numbers_are_refused_with_their_place() {
        let of = |values: Vec<f32>| {
            let shape = vec![values.len()];
            Weights::from([("layer.weight".to_string(), Array { shape, values })])
        };
        assert_eq!(check_finite(&of(vec![0.0, f32::MAX, -0.0])), Ok(()));
        for (value, words) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
            let error = check_finite(&of(vec![1.0, value])).expect_err("no number");
            let error = error.to_string();
            assert!(
                error.starts_with(&format!("`layer.weight` holds {words} at place 1")),
                "{error}"
            );
        }
    }
}
