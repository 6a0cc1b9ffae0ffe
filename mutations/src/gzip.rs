//! Gzip around other files: taken off before damage and put on behind it, so that the damage is not all caught by the sum.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::bytes;
use crate::random::Random;

/// The most bytes that are unpacked.
const MOST: u64 = 1 << 20;

/// What is in a gzip file; none where it is none or damaged.
pub fn unpack(file: &[u8]) -> Option<Vec<u8>> {
    let mut inner = Vec::new();
    file.starts_with(&[0x1f, 0x8b]).then_some(())?;
    MultiGzDecoder::new(file)
        .take(MOST)
        .read_to_end(&mut inner)
        .ok()?;
    Some(inner)
}

/// A member.
pub fn pack(inner: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory doesn't fail.
    let _ = packer.write_all(inner);
    packer.finish().unwrap_or_default()
}

/// Gzip around a file: mostly in order, in one member or two, sometimes with something behind, sometimes damaged itself.
pub fn around(random: &mut Random, inner: &[u8]) -> Vec<u8> {
    let middle = random.below(inner.len() + 1);
    let mut file = match random.below(4) {
        0 => [pack(&inner[..middle]), pack(&inner[middle..])].concat(),
        _ => pack(inner),
    };
    match random.below(12) {
        0 => file.extend(vec![0; random.below(40)]),
        1 => file.extend(random.bytes(3)),
        2 => file.extend(pack(&[])),
        3 => file = bytes::damage(random, file, inner),
        _ => {}
    }
    file
}

/// Damages a file, or what is in it where it is packed; then it is packed again most of the time.
pub fn through(
    random: &mut Random,
    [seed, donor]: [&[u8]; 2],
    damage: impl Fn(&mut Random, &[u8], &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let (inner, other) = (unpack(seed), unpack(donor));
    let is_packed = inner.is_some() != random.once_in(8);
    let damaged = damage(
        random,
        inner.as_deref().unwrap_or(seed),
        other.as_deref().unwrap_or(donor),
    );
    match is_packed {
        true => around(random, &damaged),
        false => damaged,
    }
}
