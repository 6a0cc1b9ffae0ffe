//! Damages files: flipped bits, odd numbers in binary and in words, pieces cut, doubled, moved from one file to another.
//!
//! Much of random damage is caught by the first sum over the bytes. Where a format has one, or a length in front, it is put
//! right again most of the time, so that the damage reaches what is behind it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::arrays::Arrays;

/// What holds a file together and is put right after damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Nothing.
    Plain,
    /// It is text; bytes that are none would be all that is seen of the damage.
    Text,
    /// A PNG's chunks end in a sum over their bytes.
    Png,
    /// A safetensors file begins with its header's length.
    Safetensors,
}

/// Numbers at which counts, sizes and signs go wrong.
const ODD_NUMBERS: [i64; 16] = [
    0,
    1,
    -1,
    2,
    127,
    128,
    255,
    256,
    32_767,
    65_535,
    65_536,
    i32::MAX as i64,
    u32::MAX as i64,
    1 << 40,
    i64::MAX,
    i64::MIN,
];
/// The same where numbers are written in words.
const ODD_WORDS: [&str; 14] = [
    "0",
    "-1",
    "65536",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "1e308",
    "1e-320",
    "nan",
    "inf",
    "\"\"",
    "[]",
    "{}",
    "null",
];
/// Most changes are made near the beginning, where headers are.
const HEAD: usize = 2048;

/// A stream of damage.
pub struct Mutator(ChaCha8Rng);

impl Mutator {
    /// Damage number `case` of a seed.
    pub fn new(seed: u64, case: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(case);
        Self(random)
    }

    /// A damaged copy of one of the files.
    pub fn mutate(&mut self, seeds: &[Vec<u8>], frame: Frame) -> Vec<u8> {
        let Some(seed) = seeds.get(self.below(seeds.len())) else {
            return Vec::new();
        };
        let donor = &seeds[self.below(seeds.len())];
        match frame {
            Frame::Safetensors => match self.below(8) {
                0 => self.damage(seed.clone(), donor),
                1 => self.header_or_data(seed, donor),
                _ => self
                    .arrays(seed)
                    .unwrap_or_else(|| self.damage(seed.clone(), donor)),
            },
            Frame::Text if self.below(8) > 0 => self.damage_text(seed, donor),
            Frame::Png => {
                let mut bytes = self.damage(seed.clone(), donor);
                if self.below(8) > 0 {
                    put_sums_right(&mut bytes);
                }
                bytes
            }
            _ => self.damage(seed.clone(), donor),
        }
    }

    /// Damages the header, or, less often, the numbers behind it.
    fn header_or_data(&mut self, seed: &[u8], donor: &[u8]) -> Vec<u8> {
        let (Some((header, data)), Some((other, _))) = (split(seed), split(donor)) else {
            return self.damage(seed.to_vec(), donor);
        };
        let (header, data) = match self.below(4) {
            0 => (header.to_vec(), self.damage(data.to_vec(), other)),
            _ => (self.damage(header.to_vec(), other), data.to_vec()),
        };
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], &header, &data].concat()
    }

    /// Damages what a well-formed file says: shapes, names, numbers, and the texts beside them.
    fn arrays(&mut self, seed: &[u8]) -> Option<Vec<u8>> {
        let mut file = Arrays::read(seed)?;
        for _ in 0..1 + self.below(2) {
            let (at, other) = (self.below(file.arrays.len()), self.below(file.arrays.len()));
            let word = ODD_WORDS[self.below(ODD_WORDS.len())];
            match self.below(9) {
                0..3 if !file.texts.is_empty() => {
                    let text = self.below(file.texts.len());
                    let text = &mut file.texts[text].1;
                    let damaged = match self.below(3) {
                        0 => self.damage_text(text.as_bytes(), text.as_bytes()),
                        _ => {
                            let mut bytes = text.clone().into_bytes();
                            let from = self.below(bytes.len() + 1);
                            put_word(&mut bytes, from, word);
                            bytes
                        }
                    };
                    *text = String::from_utf8_lossy(&damaged).into_owned();
                }
                _ if file.arrays.is_empty() => return None,
                3 | 4 => {
                    let shape = &mut file.arrays[at].shape;
                    let count = shape.iter().product();
                    match self.below(6) {
                        0 => *shape = vec![count],
                        1 => *shape = vec![count, 1],
                        2 => shape.reverse(),
                        3 => shape.insert(0, 1),
                        4 => shape.push(1),
                        _ if count == 1 => shape.clear(),
                        _ => *shape = [vec![1; self.below(12)], vec![count]].concat(),
                    }
                }
                5 => {
                    // As many numbers as a row fewer, or none.
                    let array = &mut file.arrays[at];
                    let count: usize = array.shape.iter().product();
                    let kept = self.below(count + 1);
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
                    let odd = [f32::NAN, f32::INFINITY, f32::MAX, -0.0][self.below(4)];
                    if let Some(number) = file.arrays[at].data.first_chunk_mut() {
                        *number = odd.to_le_bytes();
                    }
                }
            }
        }
        Some(file.write())
    }

    /// Damage of which what is no printable character is made one.
    fn damage_text(&mut self, text: &[u8], donor: &[u8]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        for _ in 0..1 + self.below(2) {
            self.once(&mut bytes, donor);
        }
        for byte in &mut bytes {
            if !matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t') {
                *byte = b' ' + *byte % 95;
            }
        }
        bytes
    }

    fn damage(&mut self, mut bytes: Vec<u8>, donor: &[u8]) -> Vec<u8> {
        for _ in 0..1 + self.below(4) {
            self.once(&mut bytes, donor);
        }
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, donor: &[u8]) {
        let at = self.place(bytes.len());
        match self.below(11) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.below(256) as u8,
            2 | 3 => self.put_odd_number(bytes, at),
            4 | 5 => self.put_odd_word(bytes, at),
            6 => {
                let end = at + self.below(64).min(bytes.len() - at);
                bytes.drain(at..end);
            }
            7 => {
                let new: Vec<u8> = (0..1 + self.below(16))
                    .map(|_| self.below(256) as u8)
                    .collect();
                bytes.splice(at..at, new);
            }
            8 => {
                let end = at + self.below(256).min(bytes.len() - at);
                let piece = bytes[at..end].to_vec();
                let to = self.place(bytes.len());
                bytes.splice(to..to, piece);
            }
            9 => bytes.truncate(self.below(bytes.len() + 1)),
            _ => {
                let from = self.place(donor.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&donor[from..]);
            }
        }
    }

    fn put_odd_number(&mut self, bytes: &mut [u8], at: usize) {
        let number = ODD_NUMBERS[self.below(ODD_NUMBERS.len())];
        let width = [1, 2, 4, 8][self.below(4)].min(bytes.len() - at);
        let place = &mut bytes[at..at + width];
        match self.below(2) {
            0 => place.copy_from_slice(&number.to_le_bytes()[..width]),
            _ => place.copy_from_slice(&number.to_be_bytes()[8 - width..]),
        }
    }

    /// Replaces the next number that is written in digits.
    fn put_odd_word(&mut self, bytes: &mut Vec<u8>, at: usize) {
        put_word(bytes, at, ODD_WORDS[self.below(ODD_WORDS.len())]);
    }

    /// A place between 0 and the length.
    fn place(&mut self, length: usize) -> usize {
        match self.below(3) {
            0 => self.below(length + 1),
            _ => self.below(length.min(HEAD) + 1),
        }
    }

    /// A number below `count`, or 0.
    fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % (count as u64).max(1)) as usize
    }
}

/// Puts a word in the place of the next number that is written in digits.
fn put_word(bytes: &mut Vec<u8>, at: usize, word: &str) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let start = at + start;
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let end = start + digits.count();
    bytes.splice(start..end, word.bytes());
}

/// A safetensors file's header and what is behind it.
fn split(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// Makes the sums of a PNG's chunks those of their bytes, as far as there are chunks.
fn put_sums_right(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let Some(chunk) = png.get(at + 4..at + 8 + length) else {
            return;
        };
        let mut sum = flate2::Crc::new();
        sum.update(chunk);
        let end = at + 8 + length;
        let Some(place) = png.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&sum.sum().to_be_bytes());
        at = end + 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_a_function_of_seed_and_number() {
        let seeds = [b"{'shape': (3, 4)} and more".to_vec(), vec![0; 40]];
        let make = |seed, case| Mutator::new(seed, case).mutate(&seeds, Frame::Plain);
        let of = |seed| {
            (0..200)
                .map(move |case| make(seed, case))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let damaged = of(1).iter().filter(|bytes| !seeds.contains(bytes)).count();
        assert!(damaged > 180, "{damaged}");
        assert!(
            of(1)
                .iter()
                .any(|bytes| bytes.windows(5).any(|word| word == b"1e308"))
        );
    }

    #[test]
    fn sums_and_lengths_are_put_right() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(5, 5)
            .write_to(&mut png, image::ImageFormat::Png)
            .expect("a picture");
        let png = png.into_inner();
        let mut wider = png.clone();
        wider[19] = 4;
        put_sums_right(&mut wider);
        assert_ne!(wider[29..33], png[29..33]);
        wider[19] = 5;
        put_sums_right(&mut wider);
        assert_eq!(wider, png);

        let file = [&2u64.to_le_bytes()[..], b"{}", b"data"].concat();
        assert_eq!(split(&file), Some((&b"{}"[..], &b"data"[..])));
        for case in 0..100 {
            let damaged = Mutator::new(0, case).header_or_data(&file, &file);
            assert!(split(&damaged).is_some(), "{damaged:?}");
        }
    }

    #[test]
    fn damaged_arrays_stay_well_formed_files() {
        let header = br#"{"__metadata__":{"count":"{\"a\":12}"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#;
        let file = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 24]].concat();
        let made: Vec<_> = (0..300)
            .map(|case| Mutator::new(0, case).arrays(&file))
            .collect();
        let files: Vec<&Vec<u8>> = made.iter().flatten().collect();
        assert!(files.len() > 250, "{}", files.len());
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

    #[test]
    fn damaged_text_is_text() {
        let text = b"lr = 0.01 # the rate\n".to_vec();
        for case in 0..300 {
            let damaged = Mutator::new(5, case).damage_text(&text, &text);
            assert!(
                damaged
                    .iter()
                    .all(|byte| byte.is_ascii_graphic() || b" \n\r\t".contains(byte))
            );
        }
    }

    #[test]
    fn nothing_can_be_damaged_too() {
        for case in 0..200 {
            Mutator::new(3, case).mutate(&[Vec::new()], Frame::Png);
        }
    }
}
