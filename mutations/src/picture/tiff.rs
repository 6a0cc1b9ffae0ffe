//! TIFF: the directory of a picture is written anew behind the file, with other entries.

use crate::bytes::{self, odd_number};
use crate::random::Random;

/// Tags, and what they may sensibly be.
const ENTRIES: [(u16, &[u32]); 17] = [
    (256, &[0, 1, 7, 9, 64]),
    (257, &[0, 1, 7, 9, 64]),
    (258, &[1, 2, 4, 8, 12, 16, 24, 32, 64]),
    (259, &[1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 50000, 34712]),
    (262, &[0, 1, 2, 3, 4, 5, 6, 8, 32803]),
    (266, &[1, 2]),
    (274, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (277, &[0, 1, 2, 3, 4, 5]),
    (278, &[0, 1, 2, 7, 100]),
    (284, &[1, 2]),
    (317, &[1, 2, 3]),
    (322, &[0, 1, 4, 8, 16, 100]),
    (323, &[0, 1, 4, 8, 16, 100]),
    (324, &[8, 0]),
    (325, &[10, 0]),
    (338, &[0, 1, 2]),
    (339, &[1, 2, 3, 4]),
];

/// The numbers of a file, in its order of bytes.
struct Order(bool);

impl Order {
    fn word(&self, bytes: [u8; 2]) -> u16 {
        if self.0 {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        }
    }

    fn long(&self, bytes: [u8; 4]) -> u32 {
        if self.0 {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        }
    }

    fn of_word(&self, number: u16) -> [u8; 2] {
        if self.0 {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    }

    fn of_long(&self, number: u32) -> [u8; 4] {
        if self.0 {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    }
}

/// Tag, type, how many, and four bytes: the value or where it stands.
type Entry = [u8; 12];

/// Damages a picture; none where it has no directory of the usual form. The one of BigTIFF is changed in its bytes.
pub(super) fn damage(random: &mut Random, seed: &[u8]) -> Option<Vec<u8>> {
    let order = Order(seed.starts_with(b"II"));
    if order.word([*seed.get(2)?, *seed.get(3)?]) != 42 {
        return Some(in_place(random, seed));
    }
    let place = order.long(*seed.get(4..)?.first_chunk()?) as usize;
    let (count, rest) = seed.get(place..)?.split_first_chunk::<2>()?;
    let (entries, _) = rest.as_chunks::<12>();
    let mut entries = entries[..entries.len().min(order.word(*count).into())].to_vec();
    for _ in 0..1 + random.below(3) {
        let at = random.below(entries.len());
        match random.below(6) {
            _ if entries.is_empty() => return None,
            0..3 => sensible(random, &order, &mut entries),
            3 => {
                let field = random.one_of(&[0, 2, 4, 8]);
                let number = odd_number(random) as u32;
                match field {
                    0 | 2 => {
                        let word = if field == 2 { number % 20 } else { number };
                        entries[at][field..field + 2].copy_from_slice(&order.of_word(word as u16));
                    }
                    _ => entries[at][field..field + 4].copy_from_slice(&order.of_long(number)),
                }
            }
            4 => drop(entries.remove(at)),
            _ => {
                let byte = random.below(12);
                bytes::in_place(random, &mut entries[at], byte);
            }
        }
    }
    let mut file = seed.to_vec();
    if random.once_in(4) {
        file = in_place(random, &file);
    }
    file.extend(vec![0; file.len() % 2]);
    let place = order.of_long(file.len() as u32);
    file[4..8].copy_from_slice(&place);
    file.extend(order.of_word(entries.len() as u16));
    file.extend(entries.as_flattened());
    // Where the next directory stands: nowhere, or here again.
    file.extend(if random.once_in(10) { place } else { [0; 4] });
    Some(file)
}

/// Gives a tag a value that it may have, whatever the others say.
fn sensible(random: &mut Random, order: &Order, entries: &mut Vec<Entry>) {
    let (tag, values) = random.one_of(&ENTRIES);
    let value = random.one_of(values);
    let mut entry = [0; 12];
    entry[..2].copy_from_slice(&order.of_word(tag));
    // A word, or a number of four bytes.
    let kind = random.one_of(&[3, 3, 4]);
    entry[2..4].copy_from_slice(&order.of_word(kind));
    let count = if random.once_in(8) {
        random.below(5) as u32
    } else {
        1
    };
    entry[4..8].copy_from_slice(&order.of_long(count));
    match kind {
        3 => entry[8..10].copy_from_slice(&order.of_word(value as u16)),
        _ => entry[8..12].copy_from_slice(&order.of_long(value)),
    }
    let found = entries.iter().position(|known| known[..2] == entry[..2]);
    match found {
        Some(place) => entries[place] = entry,
        None => entries.push(entry),
    }
    entries.sort_by_key(|entry| order.word([entry[0], entry[1]]));
}

fn in_place(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut file = seed.to_vec();
    for _ in 0..1 + random.below(4) {
        let at = random.below(file.len());
        bytes::in_place(random, &mut file, at);
    }
    file
}
