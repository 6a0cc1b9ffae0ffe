//! WebP: RIFF chunks of headers and pixels.

use super::exif;
use crate::bytes::{self, odd_number};
use crate::random::Random;
use crate::riff::{self, Chunk};

/// Names of chunks.
const NAMES: [&[u8; 4]; 8] = [
    b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF",
];

/// Damages a picture; none where it has no chunks.
pub(super) fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let mut chunks = riff::read(seed)?;
    for _ in 0..1 + random.below(3) {
        let (at, other) = (random.below(chunks.len()), random.below(chunks.len()));
        match random.below(9) {
            _ if chunks.is_empty() => break,
            0 => drop(chunks.remove(at)),
            1 => chunks.insert(other, chunks[at].clone()),
            2 => chunks[at].0 = random.one_of(&NAMES).to_vec(),
            3 => {
                let data = std::mem::take(&mut chunks[at].1);
                chunks[at].1 = bytes::damage(random, data, donor);
            }
            4 => extended(random, &mut chunks),
            5 => {
                let length = chunks[at].1.len() + 4 - random.below(8).min(chunks[at].1.len());
                random.resize(&mut chunks[at].1, length);
            }
            _ => {
                // Anywhere, but mostly in the header of the pixels.
                let data = &mut chunks[at].1;
                let place = match random.below(2) {
                    0 => random.below(data.len().min(16)),
                    _ => random.below(data.len()),
                };
                bytes::in_place(random, data, place);
            }
        }
    }
    Some(riff::write(b"WEBP", &chunks))
}

/// Puts a header in front that says that there is more than pixels, some of what it says, and perhaps a frame around them.
fn extended(random: &mut Random, chunks: &mut Vec<Chunk>) {
    let flags = random.one_of(&[0x02, 0x08, 0x10, 0x20, 0x12, 0x3e]);
    let mut header = vec![flags, 0, 0, 0];
    for _ in 0..2 {
        let extent = match random.below(4) {
            0 => odd_number(random) as u32,
            _ => 8 - random.below(3) as u32,
        };
        header.extend(&extent.to_le_bytes()[..3]);
    }
    if flags & 0x02 != 0 && random.below(4) > 0 {
        // Place, size less one, how long it is shown, and how it is laid over what is there.
        let mut frame = vec![
            0,
            0,
            0,
            0,
            0,
            0,
            8,
            0,
            0,
            6,
            0,
            0,
            1,
            0,
            0,
            random.below(4) as u8,
        ];
        if random.once_in(3) {
            let place = random.below(frame.len());
            bytes::in_place(random, &mut frame, place);
        }
        if let Some((name, data)) = chunks.pop() {
            frame.extend_from_slice(&name);
            frame.extend((data.len() as u32).to_le_bytes());
            frame.extend_from_slice(&data);
            frame.extend(vec![0; data.len() % 2]);
        }
        chunks.push((b"ANIM".to_vec(), vec![0; 6]));
        chunks.push((b"ANMF".to_vec(), frame));
    }
    if flags & 0x08 != 0 {
        chunks.push((b"EXIF".to_vec(), exif(random)));
    }
    if flags & 0x10 != 0 && random.once_in(2) {
        let count = random.below(80);
        chunks.insert(0, (b"ALPH".to_vec(), random.bytes(count)));
    }
    chunks.insert(0, (b"VP8X".to_vec(), header));
}
