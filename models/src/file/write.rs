//! Writing.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, TensorView};

use super::WeightsError;
use crate::weights::Weights;

/// Arrays and metadata as the bytes of a safetensors file.
pub fn to_bytes(
    weights: &Weights,
    metadata: HashMap<String, String>,
) -> Result<Vec<u8>, WeightsError> {
    let bytes: BTreeMap<&String, Vec<u8>> = weights
        .iter()
        .map(|(name, array)| {
            (
                name,
                array.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            )
        })
        .collect();
    let mut views = Vec::with_capacity(weights.len());
    for (name, array) in weights {
        let view = TensorView::new(Dtype::F32, array.shape.clone(), &bytes[name])
            .map_err(|e| WeightsError::Unstorable(format!("`{name}`: {e}")))?;
        views.push((name.as_str(), view));
    }
    let written = safetensors::serialize(views, Some(metadata));
    sorted(written.map_err(|e| WeightsError::Unstorable(e.to_string()))?)
}

/// The same file with the keys of its header in order, which otherwise are in another one each time.
fn sorted(file: Vec<u8>) -> Result<Vec<u8>, WeightsError> {
    let unstorable = |reason: &str| WeightsError::Unstorable(reason.into());
    let (length, rest) = file
        .split_first_chunk()
        .ok_or_else(|| unstorable("no header"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or_else(|| unstorable("no header"))?;
    let header: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(header).map_err(|e| unstorable(&e.to_string()))?;
    let mut header = serde_json::to_vec(&header).map_err(|e| unstorable(&e.to_string()))?;
    // The data begin at a multiple of eight bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut sorted = (header.len() as u64).to_le_bytes().to_vec();
    sorted.extend(header);
    sorted.extend_from_slice(data);
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::from_bytes;
    use crate::weights::Array;

    #[test]
    fn what_is_saved_comes_back_bit_for_bit() {
        let values = vec![0.1, -0.0, f32::MIN_POSITIVE / 2.0, f32::INFINITY];
        let array = Array {
            shape: vec![2, 1, 2],
            values,
        };
        let empty = Array {
            shape: vec![0, 3],
            values: Vec::new(),
        };
        let weights = Weights::from([("a.b".to_string(), array), ("empty".to_string(), empty)]);
        let metadata = HashMap::from([("key".to_string(), "a \"value\"".to_string())]);
        let bytes = to_bytes(&weights, metadata.clone()).expect("saved");
        let (found, found_metadata) = from_bytes(&bytes).expect("loaded");
        assert_eq!(found, weights);
        assert_eq!(found["a.b"].values[1].to_bits(), (-0.0f32).to_bits());
        assert_eq!(found_metadata, metadata);
    }
}
