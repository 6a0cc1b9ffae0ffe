//! Damage of text: words, numbers and lines left out, doubled, exchanged, replaced by odd ones.

use crate::bytes::{odd_word, once};
use crate::random::Random;

/// Text of which some words or lines are changed, and a few characters now and then. It stays printable: bytes that are no
/// text would be all that is seen of the damage.
pub fn damage(random: &mut Random, text: &[u8], donor: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..1 + random.below(2) {
        match random.below(4) {
            0 => once(random, &mut bytes, donor),
            1 => bytes = change(random, lines(&bytes), &lines(donor)),
            _ => bytes = change(random, words(&bytes), &words(donor)),
        }
    }
    for byte in &mut bytes {
        if !matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t') {
            *byte = b' ' + *byte % 95;
        }
    }
    bytes
}

/// Lines with their ends.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Words and numbers, and what stands between them a character at a time.
fn words(text: &[u8]) -> Vec<&[u8]> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    text.chunk_by(|one, next| is_word(one) && is_word(next))
        .collect()
}

/// Changes one of the parts, or the order of two.
fn change<'a>(random: &mut Random, mut parts: Vec<&'a [u8]>, others: &[&'a [u8]]) -> Vec<u8> {
    let (at, other) = (random.below(parts.len()), random.below(parts.len()));
    let foreign = others.get(random.below(others.len())).copied();
    match random.below(7) {
        _ if parts.is_empty() => parts.extend(foreign),
        0 => drop(parts.remove(at)),
        1 => parts.insert(other, parts[at]),
        2 => parts.swap(at, other),
        3 => parts[at] = foreign.unwrap_or_default(),
        4 => parts.insert(at, foreign.unwrap_or_default()),
        5 => {
            // A place where a number stands, where there is one behind.
            let is_number = |part: &&[u8]| part.first().is_some_and(u8::is_ascii_digit);
            let number = parts[at..].iter().position(is_number);
            parts[at + number.unwrap_or(0)] = odd_word(random).as_bytes();
        }
        _ => parts[at] = random.one_of(&[b" ", b"\n", b"\t", b"\"", b",", b";", b".", b"#"]),
    }
    parts.concat()
}
