//! NumPy files: the dictionary of the header is written anew, in any of the ways that it may be written, and in some that
//! it may not.

use crate::bytes::{self, odd_number};
use crate::random::Random;
use crate::text;

/// How numbers are stored: those that are read, and some that are not.
const KINDS: [&str; 12] = [
    "<f8", "<f4", "<i8", "<i4", "<f2", "<i2", "|u1", "|b1", ">f8", "<c16", "|O", "=f8",
];

/// Numbers that are read and may surprise.
const NUMBERS: [f64; 8] = [
    0.0,
    -0.0,
    1e300,
    -1.5,
    5e-324,
    f64::NAN,
    f64::INFINITY,
    f64::MAX,
];

/// A file taken apart.
struct Npy {
    version: [u8; 2],
    header: Vec<u8>,
    data: Vec<u8>,
}

impl Npy {
    fn read(file: &[u8]) -> Option<Self> {
        let (start, rest) = file.split_first_chunk::<8>()?;
        (start[1..6] == *b"NUMPY").then_some(())?;
        let version = [start[6], start[7]];
        let (length, rest) = rest.split_at_checked(if version[0] == 1 { 2 } else { 4 })?;
        let length = length
            .iter()
            .rev()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        let (header, data) = rest.split_at_checked(length)?;
        Some(Self {
            version,
            header: header.to_vec(),
            data: data.to_vec(),
        })
    }

    fn write(&self) -> Vec<u8> {
        let length = (self.header.len() as u32).to_le_bytes();
        let width = if self.version[0] == 1 { 2 } else { 4 };
        [
            b"\x93NUMPY",
            &self.version[..],
            &length[..width],
            &self.header,
            &self.data,
        ]
        .concat()
    }

    /// The extents that the header names.
    fn shape(&self) -> Option<Vec<i64>> {
        let text = std::str::from_utf8(&self.header).ok()?;
        let (_, inner) = text.split_once('(')?;
        let (inner, _) = inner.split_once(')')?;
        let extents = inner.split(',').map(str::trim);
        extents
            .filter(|extent| !extent.is_empty())
            .map(|extent| extent.parse().ok())
            .collect()
    }
}

/// Damages a file; none where it is no NumPy file.
pub fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let mut npy = Npy::read(seed)?;
    for _ in 0..1 + random.below(2) {
        match random.below(8) {
            0..3 => dictionary(random, &mut npy),
            3 => {
                let donor = Npy::read(donor)?.header;
                npy.header = text::damage(random, &npy.header, &donor);
            }
            4 => {
                npy.version = [random.below(5) as u8, random.below(2) as u8];
            }
            5 => {
                let length = (npy.data.len() + 9).saturating_sub(random.below(18));
                random.resize(&mut npy.data, length);
            }
            6 => {
                let number = random.one_of(&NUMBERS);
                let at = random.below(npy.data.len() / 8) * 8;
                if let Some(place) = npy.data.get_mut(at..at + 8) {
                    match random.below(2) {
                        0 => place.copy_from_slice(&number.to_le_bytes()),
                        _ => place[..4].copy_from_slice(&(number as f32).to_le_bytes()),
                    }
                }
            }
            _ => {
                let at = random.below(npy.data.len());
                bytes::in_place(random, &mut npy.data, at);
            }
        }
    }
    Some(npy.write())
}

/// A new dictionary, and data of the size that it says, most of the time.
fn dictionary(random: &mut Random, npy: &mut Npy) {
    let mut shape = npy.shape().unwrap_or_default();
    match random.below(6) {
        0 => shape.reverse(),
        1 => shape.insert(random.below(shape.len() + 1), 1),
        2 => drop(shape.pop()),
        3 if !shape.is_empty() => {
            let at = random.below(shape.len());
            shape[at] = odd_number(random);
        }
        4 if !shape.is_empty() => {
            let at = random.below(shape.len());
            shape[at] = random.below(7) as i64;
        }
        _ => {}
    }
    let kind = match random.below(3) {
        0 => random.one_of(&KINDS),
        _ => random.one_of(&KINDS[..4]),
    };
    let quote = random.one_of(&["'", "'", "\""]);
    let order = match random.below(8) {
        0 => random.one_of(&["True", "0", "Maybe"]),
        _ => "False",
    };
    let space = random.one_of(&["", " ", "  "]);
    let extents: String = shape.iter().map(|extent| format!("{extent},")).collect();
    let extents = match shape.len() {
        0 | 1 => &extents[..],
        _ => extents.trim_end_matches(','),
    };
    let mut entries = vec![
        format!("{quote}descr{quote}:{space}{quote}{kind}{quote}"),
        format!("{quote}fortran_order{quote}:{space}{order}"),
        format!("{quote}shape{quote}:{space}({extents})"),
    ];
    let (one, other) = (random.below(3), random.below(3));
    match random.below(6) {
        0 => drop(entries.remove(one)),
        1 => entries.push(entries[one].clone()),
        _ => entries.swap(one, other),
    }
    let comma = random.one_of(&["", ",", ", "]);
    npy.header = format!("{{{}{comma}}}\n", entries.join(&format!(",{space}"))).into_bytes();
    if random.below(6) > 0 {
        let width = kind
            .bytes()
            .last()
            .map_or(8, |digit| usize::from(digit.saturating_sub(b'0')));
        let count = shape
            .iter()
            .try_fold(1usize, |count, extent| {
                count.checked_mul(usize::try_from(*extent).ok()?)
            })
            .unwrap_or(0);
        random.resize(&mut npy.data, count.min(4096) * width.min(16));
    }
}
