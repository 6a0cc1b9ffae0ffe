//! A safetensors file taken apart and put together again, so that it stays well formed whatever its arrays become.
//!
//! ```text
//! header length (8 bytes)   { "__metadata__": {text: text}, name: { "dtype", "shape", "data_offsets" } … }   numbers
//! ```

use serde_json::{Map, Value, json};

use crate::bytes::{self, odd_word, put_word};
use crate::random::Random;
use crate::text;

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

/// Damages a file: what its arrays and texts say, or, less often, the header or the numbers as bytes. None where it has no
/// header.
pub fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    if random.once_in(8) {
        return header_or_data(random, seed, donor);
    }
    within(random, seed)
}

/// Damages the header, or, less often, the numbers behind it; the length in front is right.
fn header_or_data(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let ((header, data), (other, _)) = (split(seed)?, split(donor)?);
    let (header, data) = match random.below(4) {
        0 => (header.to_vec(), bytes::damage(random, data.to_vec(), other)),
        _ => (bytes::damage(random, header.to_vec(), other), data.to_vec()),
    };
    let length = (header.len() as u64).to_le_bytes();
    Some([&length[..], &header, &data].concat())
}

/// Damages what a well-formed file says: shapes, names, numbers, and the texts beside them.
fn within(random: &mut Random, seed: &[u8]) -> Option<Vec<u8>> {
    let mut file = Arrays::read(seed)?;
    for _ in 0..1 + random.below(2) {
        let (at, other) = (
            random.below(file.arrays.len()),
            random.below(file.arrays.len()),
        );
        match random.below(9) {
            0..3 if !file.texts.is_empty() => {
                let place = random.below(file.texts.len());
                let text = &mut file.texts[place].1;
                let damaged = match random.below(3) {
                    0 => text::damage(random, text.as_bytes(), text.as_bytes()),
                    _ => {
                        let mut bytes = text.clone().into_bytes();
                        let from = random.below(bytes.len() + 1);
                        put_word(&mut bytes, from, odd_word(random));
                        bytes
                    }
                };
                *text = String::from_utf8_lossy(&damaged).into_owned();
            }
            _ if file.arrays.is_empty() => return None,
            3 | 4 => {
                let shape = &mut file.arrays[at].shape;
                let count = count(shape);
                match random.below(6) {
                    0 => *shape = vec![count],
                    1 => *shape = vec![count, 1],
                    2 => shape.reverse(),
                    3 => shape.insert(0, 1),
                    4 => shape.push(1),
                    _ if count == 1 => shape.clear(),
                    _ => *shape = [vec![1; random.below(12)], vec![count]].concat(),
                }
            }
            5 => {
                // As many numbers as a row fewer, or none.
                let array = &mut file.arrays[at];
                let count = count(&array.shape);
                let kept = random.below(count.saturating_add(1));
                let width = array.data.len() / count.max(1);
                array.data.truncate(kept * width);
                array.shape = vec![kept];
            }
            6 => {
                let name = file.arrays[at].name.clone();
                file.arrays[at].name = std::mem::replace(&mut file.arrays[other].name, name);
            }
            7 => drop(file.arrays.remove(at)),
            _ => {
                let odd = random.one_of(&[f32::NAN, f32::INFINITY, f32::MAX, -0.0]);
                if let Some(number) = file.arrays[at].data.first_chunk_mut() {
                    *number = odd.to_le_bytes();
                }
            }
        }
    }
    Some(file.write())
}

/// How many numbers an array has, as far as that can be said.
fn count(shape: &[usize]) -> usize {
    let extents = shape.iter();
    extents.fold(1, |count, extent| count.saturating_mul(*extent))
}

/// A file's header and what is behind it.
fn split(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_right_behind_damage() {
        let file = [&2u64.to_le_bytes()[..], b"{}", b"data"].concat();
        assert_eq!(split(&file), Some((&b"{}"[..], &b"data"[..])));
        for case in 0..100 {
            let damaged = header_or_data(&mut Random::new(0, case), &file, &file);
            assert!(damaged.is_some_and(|damaged| split(&damaged).is_some()));
        }
    }

    #[test]
    fn damaged_arrays_stay_well_formed_files() {
        let header = br#"{"__metadata__":{"count":"{\"a\":12}"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
        let file = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 24]].concat();
        let made: Vec<_> = (0..400)
            .map(|case| within(&mut Random::new(0, case), &file))
            .collect();
        let files: Vec<&Vec<u8>> = made.iter().flatten().collect();
        assert!(files.len() > 330, "{}", files.len());
        let read: Vec<Arrays> = files
            .iter()
            .map(|file| Arrays::read(file).expect("well formed"))
            .collect();
        assert!(
            read.iter()
                .any(|file| file.arrays.iter().any(|array| array.shape == [3, 2]))
        );
        assert!(read.iter().any(|file| file.arrays.is_empty()));
        assert!(read.iter().any(|file| file.texts[0].1 == "{\"a\":null}"));
    }
}
