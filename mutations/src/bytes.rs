//! Damage of bytes of any kind: flipped bits, odd numbers in binary and in words, pieces cut, doubled, moved from one file to
//! another.

use crate::random::Random;

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
const ODD_WORDS: [&str; 20] = [
    "0",
    "1",
    "2",
    "7",
    "-1",
    "0.5",
    "-0",
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
    "true",
];

/// Most changes are made near the beginning, where headers are.
const HEAD: usize = 2048;

/// A number at which something may go wrong, or a small one.
pub fn odd_number(random: &mut Random) -> i64 {
    match random.below(3) {
        0 => random.below(9) as i64,
        _ => random.one_of(&ODD_NUMBERS),
    }
}

/// The same in words.
pub fn odd_word(random: &mut Random) -> &'static str {
    random.one_of(&ODD_WORDS)
}

/// Changes a few things.
pub fn damage(random: &mut Random, mut bytes: Vec<u8>, donor: &[u8]) -> Vec<u8> {
    for _ in 0..1 + random.below(4) {
        once(random, &mut bytes, donor);
    }
    bytes
}

/// Changes one thing.
pub fn once(random: &mut Random, bytes: &mut Vec<u8>, donor: &[u8]) {
    let at = place(random, bytes.len());
    match random.below(11) {
        6 => {
            let end = at + random.below(64).min(bytes.len() - at);
            bytes.drain(at..end);
        }
        7 => {
            let count = 1 + random.below(16);
            bytes.splice(at..at, random.bytes(count));
        }
        8 => {
            let end = at + random.below(256).min(bytes.len() - at);
            let piece = bytes[at..end].to_vec();
            let to = place(random, bytes.len());
            bytes.splice(to..to, piece);
        }
        9 => bytes.truncate(random.below(bytes.len() + 1)),
        10 => {
            let from = place(random, donor.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&donor[from..]);
        }
        4 | 5 => {
            let word = odd_word(random);
            put_word(bytes, at, word);
        }
        _ => in_place(random, bytes, at),
    }
}

/// Changes a few bytes at a place; all others stay where they are.
pub fn in_place(random: &mut Random, bytes: &mut [u8], at: usize) {
    let Some(byte) = bytes.get_mut(at) else {
        return;
    };
    match random.below(4) {
        0 => *byte ^= 1 << random.below(8),
        1 => *byte = random.byte(),
        _ => put_odd_number(random, bytes, at),
    }
}

/// Writes an odd number of 1, 2, 4 or 8 bytes, either end first.
fn put_odd_number(random: &mut Random, bytes: &mut [u8], at: usize) {
    let number = odd_number(random);
    let width = random.one_of(&[1, 2, 4, 8]).min(bytes.len() - at);
    let place = &mut bytes[at..at + width];
    match random.below(2) {
        0 => place.copy_from_slice(&number.to_le_bytes()[..width]),
        _ => place.copy_from_slice(&number.to_be_bytes()[8 - width..]),
    }
}

/// Puts a word in the place of the next number that is written in digits.
pub fn put_word(bytes: &mut Vec<u8>, at: usize, word: &str) {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(start) = rest.iter().position(u8::is_ascii_digit) else {
        return;
    };
    let start = at + start;
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let end = start + digits.count();
    bytes.splice(start..end, word.bytes());
}

/// A place between 0 and the length.
pub fn place(random: &mut Random, length: usize) -> usize {
    match random.below(3) {
        0 => random.below(length + 1),
        _ => random.below(length.min(HEAD) + 1),
    }
}
