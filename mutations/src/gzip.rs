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

/// A member in blocks that are not packed.
fn stored(inner: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let (blocks, last) = inner.as_chunks::<0xffff>();
    let blocks = blocks.iter().map(|block| (0, &block[..]));
    for (is_last, block) in blocks.chain([(1, last)]) {
        let length = block.len() as u16;
        file.push(is_last);
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend_from_slice(block);
    }
    let mut sum = flate2::Crc::new();
    sum.update(inner);
    file.extend(sum.sum().to_le_bytes());
    file.extend((inner.len() as u32).to_le_bytes());
    file
}

/// Gzip around a file: mostly in order, in one member or two, sometimes with something behind, sometimes damaged itself.
pub fn around(random: &mut Random, inner: &[u8]) -> Vec<u8> {
    let middle = random.below(inner.len() + 1);
    let mut file = match random.below(8) {
        0 => [stored(&inner[..middle]), pack(&inner[middle..])].concat(),
        1 => pack(inner),
        // Packing takes longer than most of what comes behind it.
        _ => stored(inner),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_gzip() {
        for length in [0, 1, 0xffff, 0x1_0001] {
            let inner = vec![7; length];
            assert_eq!(unpack(&stored(&inner)), Some(inner.clone()));
            assert_eq!(unpack(&pack(&inner)), Some(inner));
        }
    }
}
