//! A safetensors file taken apart and put together again, so that it stays well formed whatever its arrays become.
//!
//! ```text
//! header length (8 bytes)   { "__metadata__": {text: text}, name: { "dtype", "shape", "data_offsets" } … }   numbers
//! ```

use serde_json::{Map, Value, json};

const TEXTS: &str = "__metadata__";

/// One array.
#[derive(Debug, Clone)]
pub struct Array {
    /// Its name.
    pub name: String,
    /// What a number is, for instance `F32`.
    pub kind: Value,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub data: Vec<u8>,
}

/// All of a file.
#[derive(Debug, Clone)]
pub struct Arrays {
    /// Keys and texts of the metadata.
    pub texts: Vec<(String, String)>,
    /// The arrays, in the order of their names.
    pub arrays: Vec<Array>,
}

impl Arrays {
    /// Takes a whole file apart; none where it isn't one.
    pub fn read(file: &[u8]) -> Option<Self> {
        let (length, rest) = file.split_first_chunk::<8>()?;
        let (header, data) =
            rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let header: Map<String, Value> = serde_json::from_slice(header).ok()?;
        let mut found = Self {
            texts: Vec::new(),
            arrays: Vec::new(),
        };
        for (name, value) in &header {
            if name == TEXTS {
                for (key, text) in value.as_object()? {
                    found.texts.push((key.clone(), text.as_str()?.to_string()));
                }
                continue;
            }
            let numbers = |key: &str| -> Option<Vec<usize>> {
                let numbers = value.get(key)?.as_array()?.iter();
                numbers
                    .map(|number| number.as_u64().map(|number| number as usize))
                    .collect()
            };
            let [start, end] = numbers("data_offsets")?[..] else {
                return None;
            };
            found.arrays.push(Array {
                name: name.clone(),
                kind: value.get("dtype")?.clone(),
                shape: numbers("shape")?,
                data: data.get(start..end)?.to_vec(),
            });
        }
        Some(found)
    }

    /// The file's bytes. Of arrays of one name the last one counts.
    pub fn write(&self) -> Vec<u8> {
        let (mut header, mut data) = (Map::new(), Vec::new());
        let texts = self
            .texts
            .iter()
            .map(|(key, text)| (key.clone(), json!(text)));
        header.insert(TEXTS.into(), Value::Object(texts.collect()));
        for array in &self.arrays {
            let start = data.len();
            data.extend_from_slice(&array.data);
            let entry = json!({ "dtype": array.kind, "shape": array.shape, "data_offsets": [start, data.len()] });
            header.insert(array.name.clone(), entry);
        }
        let header = Value::Object(header).to_string();
        [
            &(header.len() as u64).to_le_bytes()[..],
            header.as_bytes(),
            &data,
        ]
        .concat()
    }
}
