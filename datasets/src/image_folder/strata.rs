//! What is dealt evenly to the splits where pictures have numbers or labels: a number for each picture, as of its class.
//!
//! ```text
//! numbers   the class, where the table has one; otherwise up to ten parts of equal counts, by the first number
//! labels    which of them a picture has
//! ```
//!
//! A picture whose first number is not known has a part of its own, as has one that lacks a label.

use std::collections::BTreeMap;

use super::table::Line;
use crate::images::TargetKind;

/// The most parts that numbers are cut into, and the fewest pictures of a part.
const PARTS: usize = 10;
const FEWEST: usize = 10;

/// The stratum of each line.
pub(super) fn of(lines: &[Line], kind: TargetKind) -> Vec<u8> {
    let has_classes = lines.iter().any(|line| !line.class.is_empty());
    let of_classes = (kind == TargetKind::Numbers && has_classes)
        .then(|| by_key(lines.iter().map(|line| line.class.as_bytes().to_vec())));
    match (of_classes, kind) {
        (Some(strata), _) => strata,
        (None, TargetKind::Numbers) => by_quantile(lines),
        (None, TargetKind::Labels) => {
            let bytes = |value: &f32| value.to_bits().to_le_bytes();
            let key = |line: &Line| line.targets.iter().flat_map(bytes).collect();
            by_key(lines.iter().map(key))
        }
    }
}

/// One for each different key, the most frequent ones by themselves.
fn by_key(keys: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let keys: Vec<Vec<u8>> = keys.collect();
    let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
    for key in &keys {
        *counts.entry(key).or_default() += 1;
    }
    let mut order: Vec<(&[u8], usize)> = counts.into_iter().collect();
    // Stable: those that are as frequent stay in the order of their keys.
    order.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let place: BTreeMap<&[u8], usize> = order.iter().map(|(key, _)| *key).zip(0..).collect();
    let last = usize::from(u8::MAX);
    keys.iter()
        .map(|key| place[&key[..]].min(last) as u8)
        .collect()
}

/// By the order of the first number.
fn by_quantile(lines: &[Line]) -> Vec<u8> {
    let first = |line: &usize| lines[*line].targets.first().copied().unwrap_or(f32::NAN);
    let mut known: Vec<usize> = (0..lines.len())
        .filter(|line| !first(line).is_nan())
        .collect();
    known.sort_by(|one, other| {
        let order = first(one).total_cmp(&first(other));
        order.then_with(|| lines[*one].file.cmp(&lines[*other].file))
    });
    let parts = (known.len() / FEWEST).clamp(1, PARTS);
    let mut strata = vec![parts as u8; lines.len()];
    for (rank, line) in known.iter().enumerate() {
        strata[*line] = (rank * parts / known.len()) as u8;
    }
    strata
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[(&str, &[f32])]) -> Vec<Line> {
        let each = rows.iter().enumerate();
        each.map(|(number, (class, targets))| Line {
            file: format!("{number:03}.png"),
            class: class.to_string(),
            targets: targets.to_vec(),
            group: None,
            split: None,
            number,
        })
        .collect()
    }

    #[test]
    fn numbers_are_cut_into_parts_of_equal_counts() {
        let values: Vec<[f32; 1]> = (0..41)
            .map(|i| {
                [if i == 40 {
                    f32::NAN
                } else {
                    (i * 7 % 40) as f32
                }]
            })
            .collect();
        let rows: Vec<(&str, &[f32])> = values.iter().map(|v| ("", &v[..])).collect();
        let strata = of(&lines(&rows), TargetKind::Numbers);
        assert_eq!(strata[40], 4);
        for (value, stratum) in values.iter().zip(&strata).take(40) {
            assert_eq!(usize::from(*stratum), value[0] as usize / 10);
        }
        // Too few for parts.
        assert_eq!(of(&lines(&rows[..5]), TargetKind::Numbers), [0; 5]);
    }

    #[test]
    fn classes_and_combinations_of_labels_are_strata() {
        let nan = f32::NAN;
        let numbers = lines(&[("b", &[1.0]), ("a", &[2.0]), ("b", &[3.0])]);
        assert_eq!(of(&numbers, TargetKind::Numbers), [0, 1, 0]);
        let labels = lines(&[
            ("", &[1.0, 0.0]),
            ("", &[0.0, 0.0]),
            ("", &[1.0, 0.0]),
            ("", &[1.0, nan]),
        ]);
        let strata = of(&labels, TargetKind::Labels);
        assert_eq!(strata[0], 0);
        assert!(strata[0] == strata[2] && strata[1] != strata[3] && strata[1] > 0);
    }
}
