//! JPEG: segments of a marker, a length and data, then the pixels.

use super::exif;
use crate::bytes::{self, odd_number};
use crate::random::Random;

/// A marker, and the data behind its length.
type Segment = (u8, Vec<u8>);

/// The marker behind whose data the pixels begin.
const SCAN: u8 = 0xda;

/// Segments up to the first pixels, and the pixels.
fn read(file: &[u8]) -> Option<(Vec<Segment>, &[u8])> {
    let mut rest = file.get(2..)?;
    let mut segments = Vec::new();
    while let [0xff, marker, high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (data, after) = after.split_at_checked(length.checked_sub(2)?)?;
        segments.push((*marker, data.to_vec()));
        rest = after;
        if *marker == SCAN {
            return Some((segments, rest));
        }
    }
    (!segments.is_empty()).then_some((segments, rest))
}

fn write(segments: &[Segment], pixels: &[u8]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    for (marker, data) in segments {
        file.extend([0xff, *marker]);
        file.extend((data.len() as u16).wrapping_add(2).to_be_bytes());
        file.extend_from_slice(data);
    }
    file.extend_from_slice(pixels);
    file
}

/// Damages a picture; none where it has no segments.
pub(super) fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let (mut segments, pixels) = read(seed)?;
    let mut pixels = pixels.to_vec();
    for _ in 0..1 + random.below(3) {
        let (at, other) = (random.below(segments.len()), random.below(segments.len()));
        match random.below(11) {
            _ if segments.is_empty() => break,
            0 => drop(segments.remove(at)),
            1 => segments.insert(other, segments[at].clone()),
            2 => segments.swap(at, other),
            3 => {
                let data = std::mem::take(&mut segments[at].1);
                segments[at].1 = bytes::damage(random, data, donor);
            }
            4 | 5 => {
                let data = &mut segments[at].1;
                let place = random.below(data.len());
                bytes::in_place(random, data, place);
            }
            6 => {
                segments[at].0 = random.one_of(&[
                    0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc9, 0xcc, 0xdb, 0xdd, 0xe1, 0xee,
                ])
            }
            7 => frame(random, &mut segments),
            8 => {
                let place = random.below(pixels.len());
                bytes::in_place(random, &mut pixels, place);
            }
            9 => {
                let notes = exif(random);
                segments.insert(at, (0xe1, [b"Exif\0\0", &notes[..]].concat()));
            }
            _ => {
                // Marks of a new beginning between pixels, and how many blocks are between them.
                let place = random.below(pixels.len() + 1);
                pixels.splice(place..place, [0xff, 0xd0 + random.below(10) as u8]);
                segments.insert(at, (0xdd, vec![0, random.below(4) as u8]));
            }
        }
    }
    Some(write(&segments, &pixels))
}

/// Changes a field of the frame's header: its size, its depth, or how a channel is sampled.
fn frame(random: &mut Random, segments: &mut [Segment]) {
    let mut frames = segments
        .iter_mut()
        .filter(|(marker, _)| (0xc0..0xc4).contains(marker));
    let Some((_, data)) = frames.next() else {
        return;
    };
    let at = random.one_of(&[0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    let small = [random.below(5), random.below(5)];
    // Rows and columns are words.
    if at == 1 || at == 3 {
        let number = odd_number(random) as u16;
        if let Some(place) = data.get_mut(at..at + 2) {
            place.copy_from_slice(&number.to_be_bytes());
        }
    } else if let Some(byte) = data.get_mut(at) {
        *byte = (small[0] << 4 | small[1]) as u8;
    }
}
