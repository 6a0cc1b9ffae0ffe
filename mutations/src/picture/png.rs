//! PNG: a signature, then chunks of a length, a name, data and a sum, which is always right here.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::exif;
use crate::bytes::{self, odd_number};
use crate::random::Random;

const SIGNATURE: usize = 8;
/// The most bytes that are unpacked.
const MOST: u64 = 1 << 20;

/// Names of chunks that say something about a picture, and of some that don't exist.
const NAMES: [&[u8; 4]; 17] = [
    b"PLTE", b"tRNS", b"eXIf", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"bKGD", b"pHYs", b"sBIT",
    b"tEXt", b"zTXt", b"acTL", b"fcTL", b"fdAT", b"cICP", b"abCd",
];

type Chunk = (Vec<u8>, Vec<u8>);

fn read(png: &[u8]) -> Option<Vec<Chunk>> {
    let mut rest = png.get(SIGNATURE..)?;
    let mut chunks = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((chunk, after)) = after.split_at_checked(length.checked_add(4)?) else {
            break;
        };
        let (name, data) = chunk.split_at(4);
        chunks.push((name.to_vec(), data.to_vec()));
        rest = after.get(4..).unwrap_or_default();
    }
    (!chunks.is_empty()).then_some(chunks)
}

fn write(chunks: &[Chunk]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in chunks {
        let mut sum = flate2::Crc::new();
        sum.update(name);
        sum.update(data);
        png.extend((data.len() as u32).to_be_bytes());
        png.extend_from_slice(name);
        png.extend_from_slice(data);
        png.extend(sum.sum().to_be_bytes());
    }
    png
}

/// Damages a picture; none where it has no chunks.
pub(super) fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let mut chunks = read(seed)?;
    for _ in 0..1 + random.below(3) {
        let (at, other) = (random.below(chunks.len()), random.below(chunks.len()));
        match random.below(11) {
            _ if chunks.is_empty() => return None,
            0 => drop(chunks.remove(at)),
            1 => chunks.insert(other, chunks[at].clone()),
            2 => chunks.swap(at, other),
            3 | 4 => {
                let data = std::mem::take(&mut chunks[at].1);
                chunks[at].1 = bytes::damage(random, data, donor);
            }
            5 => insert(random, &mut chunks),
            6 => pixels(random, &mut chunks, |random, rows| {
                for _ in 0..1 + random.below(4) {
                    let place = random.below(rows.len());
                    bytes::in_place(random, rows, place);
                }
                if random.once_in(4) {
                    let length = rows.len() + 8 - random.below(16).min(rows.len());
                    random.resize(rows, length);
                }
            }),
            7 | 8 => another_kind(random, &mut chunks),
            9 => {
                // Pixels in two chunks, perhaps with something between them.
                let Some(place) = chunks.iter().position(|(name, _)| name == b"IDAT") else {
                    continue;
                };
                let cut = random.below(chunks[place].1.len() + 1);
                let rest = chunks[place].1.split_off(cut);
                chunks.insert(place + 1, (b"IDAT".to_vec(), rest));
                if random.once_in(3) {
                    chunks.insert(place + 1, (b"tIME".to_vec(), vec![7; 7]));
                }
            }
            _ => {
                let field = random.one_of(&[0, 4, 8, 9, 10, 11, 12]);
                let header = &mut chunks[0].1;
                match field {
                    0 | 4 if header.len() >= 8 => header[field..field + 4]
                        .copy_from_slice(&(odd_number(random) as u32).to_be_bytes()),
                    _ if field < header.len() => header[field] = random.below(17) as u8,
                    _ => {}
                }
            }
        }
    }
    Some(write(&chunks))
}

/// Puts a chunk anywhere.
fn insert(random: &mut Random, chunks: &mut Vec<Chunk>) {
    let name = random.one_of(&NAMES);
    let data = match name {
        b"eXIf" => exif(random),
        b"PLTE" => {
            let count = random.one_of(&[0, 1, 2, 3, 16, 255, 256, 257]);
            random.bytes(3 * count)
        }
        b"acTL" => vec![0, 0, 0, random.below(4) as u8, 0, 0, 0, 0],
        b"fcTL" => {
            let mut control = chunks[0].1.get(..8).unwrap_or_default().to_vec();
            control.splice(0..0, [0, 0, 0, random.below(3) as u8]);
            control.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
            control.extend([random.below(4) as u8, random.below(3) as u8]);
            control
        }
        b"iCCP" | b"zTXt" => [b"a name\0\0", &pack(&vec![0; 1 << 14])[..]].concat(),
        _ => {
            let count = random.one_of(&[0, 1, 2, 3, 4, 6, 9, 32, 256]);
            random.bytes(count)
        }
    };
    // Most of them belong between the header and the pixels.
    let at = match random.below(3) {
        0 => random.below(chunks.len() + 1),
        _ => 1.min(chunks.len()),
    };
    chunks.insert(at, (name.to_vec(), data));
}

/// Unpacks the pixels, changes them and packs them again.
fn pixels(
    random: &mut Random,
    chunks: &mut Vec<Chunk>,
    change: impl Fn(&mut Random, &mut Vec<u8>),
) {
    let is_pixels = |chunk: &Chunk| chunk.0 == b"IDAT";
    let Some(first) = chunks.iter().position(is_pixels) else {
        return;
    };
    let packed = chunks.iter().filter(|chunk| is_pixels(chunk));
    let packed: Vec<u8> = packed.flat_map(|chunk| chunk.1.clone()).collect();
    let mut rows = Vec::new();
    // What is damaged is used as far as it goes.
    let _ = ZlibDecoder::new(&packed[..])
        .take(MOST)
        .read_to_end(&mut rows);
    change(random, &mut rows);
    chunks.retain(|chunk| !is_pixels(chunk));
    let place = first.min(chunks.len());
    chunks.insert(place, (b"IDAT".to_vec(), pack(&rows)));
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory doesn't fail.
    let _ = packer.write_all(bytes);
    packer.finish().unwrap_or_default()
}

/// Another depth, kind of colour or order of rows, with as many bytes as it needs.
fn another_kind(random: &mut Random, chunks: &mut Vec<Chunk>) {
    let Some(header) = chunks[0].1.first_chunk_mut::<13>() else {
        return;
    };
    let [width, height] = [random.below(12), random.below(12)];
    if random.once_in(2) {
        header[..4].copy_from_slice(&(width as u32).to_be_bytes());
        header[4..8].copy_from_slice(&(height as u32).to_be_bytes());
    }
    header[8] = random.one_of(&[1, 2, 4, 8, 16]);
    header[9] = random.one_of(&[0, 2, 3, 4, 6]);
    header[12] = random.below(2) as u8;
    let extent = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let [width, height] = [extent(0), extent(4)].map(|extent| extent.min(64) as usize);
    let channels = [1, 0, 3, 1, 2, 0, 4][usize::from(header[9])];
    let bits = usize::from(header[8]) * channels;
    let row = |width: usize| 1 + (width * bits).div_ceil(8);
    // Passes of Adam7: the first pixel and the step, across and down.
    let passes = match header[12] {
        0 => vec![[0, 1, 0, 1]],
        _ => vec![
            [0, 8, 0, 8],
            [4, 8, 0, 8],
            [0, 4, 4, 8],
            [2, 4, 0, 4],
            [0, 2, 2, 4],
            [1, 2, 0, 2],
            [0, 1, 1, 2],
        ],
    };
    let mut rows = Vec::new();
    for [x, across, y, down] in passes {
        let columns = width.saturating_sub(x).div_ceil(across);
        // Without columns there is no row, not even its kind of filter.
        let count = if columns == 0 {
            0
        } else {
            height.saturating_sub(y).div_ceil(down)
        };
        for _ in 0..count {
            let mut bytes = random.bytes(row(columns));
            bytes[0] = random.below(5) as u8;
            rows.extend(bytes);
        }
    }
    let is_indexed = header[9] == 3;
    if is_indexed && random.below(4) > 0 {
        let colours = random.one_of(&[1, 2, 4, 16, 256]);
        let palette = random.bytes(3 * colours);
        chunks.retain(|(name, _)| name != b"PLTE");
        chunks.insert(1.min(chunks.len()), (b"PLTE".to_vec(), palette));
        if random.once_in(2) {
            let count = random.below(colours + 2);
            let clear = random.bytes(count);
            chunks.insert(2.min(chunks.len()), (b"tRNS".to_vec(), clear));
        }
    }
    pixels(random, chunks, |_, pixels| pixels.clone_from(&rows));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_put_together_as_they_were() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(5, 5)
            .write_to(&mut png, image::ImageFormat::Png)
            .expect("a picture");
        let png = png.into_inner();
        assert_eq!(write(&read(&png).expect("chunks")), png);
    }

    #[test]
    fn other_kinds_are_pictures() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(5, 5)
            .write_to(&mut png, image::ImageFormat::Png)
            .expect("a picture");
        let chunks = read(png.get_ref()).expect("chunks");
        let read = (0..400).filter(|case| {
            let mut other = chunks.clone();
            another_kind(&mut Random::new(1, *case), &mut other);
            image::load_from_memory(&write(&other)).is_ok()
        });
        // The rest has colours or sizes that there cannot be.
        let read = read.count();
        assert!((100..380).contains(&read), "{read}");
    }
}
