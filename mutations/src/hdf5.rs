//! HDF5: numbers in its headers, trees and lists, whose sums are put right again.
//!
//! Files of the later form end each of their structures with a sum over its bytes (lookup3 of Bob Jenkins). Where a
//! structure ends depends on what it is; here the ends are found by looking where the sum is right before the damage.

use crate::bytes;
use crate::random::Random;

/// What structures begin with: of the older form without sums, and of the later one with them.
const NAMES: [&[u8; 4]; 14] = [
    b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"OCHK", b"BTHD", b"BTLF", b"BTIN", b"FAHD",
    b"FADB", b"EAHD", b"EADB", b"FRHP",
];

/// What the file begins with.
const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The longest structure that is looked at.
const LONGEST: usize = 512;

/// A structure: where it begins, and where its sum stands, if it has one.
struct Part {
    start: usize,
    sum: Option<usize>,
}

fn parts(file: &[u8]) -> Vec<Part> {
    let is_start = |at: usize| {
        let rest = &file[at..];
        rest.starts_with(SIGNATURE) || NAMES.iter().any(|name| rest.starts_with(*name))
    };
    // Pixels, mostly, of which some may look like a name by chance.
    let starts = (0..file.len()).filter(|at| is_start(*at)).take(64);
    starts
        .map(|start| {
            let end = file.len().saturating_sub(4).min(start + LONGEST);
            let is_sum = |at: &usize| file[*at..*at + 4] == sum(&file[start..*at]).to_le_bytes();
            Part {
                start,
                sum: (start + 4..end).find(is_sum),
            }
        })
        .collect()
}

/// Damages a file; none where it has no such structures.
pub fn damage(random: &mut Random, seed: &[u8]) -> Option<Vec<u8>> {
    let mut file = seed.to_vec();
    let parts = parts(seed);
    for _ in 0..1 + random.below(3) {
        let part = parts.get(random.below(parts.len()))?;
        // Without a sum the end isn't known.
        let length = part.sum.map_or(256, |sum| sum - part.start);
        let at = (part.start + random.below(length)).min(file.len() - 1);
        bytes::in_place(random, &mut file, at);
    }
    for part in &parts {
        if let Some(at) = part.sum {
            let right = sum(&file[part.start..at]);
            file[at..at + 4].copy_from_slice(&right.to_le_bytes());
        }
    }
    if random.once_in(16) {
        file.truncate(random.below(file.len() + 1));
    }
    Some(file)
}

/// lookup3, as HDF5 uses it: in words of 32 bits, the lower byte first, beginning with 0.
fn sum(bytes: &[u8]) -> u32 {
    let first = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let [mut a, mut b, mut c] = [first; 3];
    let mut rest = bytes;
    let add = |part: &[u8], state: [u32; 3]| -> [u32; 3] {
        let mut padded = [0; 12];
        padded[..part.len()].copy_from_slice(part);
        let (words, _) = padded.as_chunks::<4>();
        let word = |at: usize| u32::from_le_bytes(words[at]);
        [0, 1, 2].map(|at| state[at].wrapping_add(word(at)))
    };
    while rest.len() > 12 {
        let (part, after) = rest.split_at(12);
        [a, b, c] = add(part, [a, b, c]);
        rest = after;
        a = a.wrapping_sub(c) ^ c.rotate_left(4);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(6);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(8);
        b = b.wrapping_add(a);
        a = a.wrapping_sub(c) ^ c.rotate_left(16);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(19);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(4);
        b = b.wrapping_add(a);
    }
    if rest.is_empty() {
        return c;
    }
    [a, b, c] = add(rest, [a, b, c]);
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The self-test of lookup3.c.
    #[test]
    fn sums_are_those_of_lookup3() {
        assert_eq!(sum(b""), 0xdead_beef);
        assert_eq!(sum(b"Four score and seven years ago"), 0x1777_0551);
    }

    #[test]
    fn structures_with_sums_are_found_and_stay_right() {
        let mut builder = hdf5_pure::FileBuilder::new();
        builder
            .create_dataset("y")
            .with_u8_data(&[0, 1])
            .with_shape(&[2]);
        let file = builder.finish().expect("a file");
        let sums = |file: &[u8]| parts(file).iter().filter(|part| part.sum.is_some()).count();
        assert!(sums(&file) >= 3, "{}", sums(&file));
    }
}
