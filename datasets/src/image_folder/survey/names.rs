//! What belongs together, guessed from the names of files: cuts of one slide, pictures of one patient or night.
//!
//! `patient7_slide2_0113.png` belongs to `patient7_slide2`: where the part before the last `_`, the last `-` or a number behind
//! a space comes back again and again, it names what pictures are of. A guess is made where every name has such a part, where
//! there are at least eight of them and fewer than half as many as pictures, and where nearly all of them have two pictures or
//! more. A name of each class alone is no group.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::image_folder::groups;
use crate::image_folder::listing::Listed;

/// The patterns that are tried, in this order.
const PATTERNS: [&str; 3] = [
    r"([^/]+)_[^/_]*$",
    r"([^/]+)-[^/-]*$",
    r"([^/]+) \(?[0-9]+\)?\.[^/.]+$",
];

/// The fewest groups.
const FEWEST: usize = 8;

/// The share of the groups that have two pictures or more, of a guess.
const WITH_TWO: f64 = 0.9;

/// A pattern that may name what belongs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupGuess {
    /// What `groups` in a configuration could be.
    pub pattern: String,
    /// How many groups it makes.
    pub groups: usize,
    /// How many pictures the largest one has.
    pub largest: usize,
    /// The name of the first group.
    pub example: String,
    /// How sure the guess is.
    pub confidence: Confidence,
}

/// How sure a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Some groups have one picture: the names may mean something else.
    Possible,
    /// Every group has two pictures or more.
    Likely,
}

impl GroupGuess {
    /// The surest guess, the first of several that are as sure.
    pub(super) fn of(files: &[Listed]) -> Option<Self> {
        let guesses = PATTERNS
            .into_iter()
            .filter_map(|pattern| guess(files, pattern));
        let guesses: Vec<Self> = guesses.collect();
        let surest = guesses.iter().map(|guess| guess.confidence).max()?;
        guesses.into_iter().find(|guess| guess.confidence == surest)
    }
}

fn guess(files: &[Listed], pattern: &str) -> Option<GroupGuess> {
    let compiled = groups::compile(pattern).ok()?;
    let mut found: BTreeMap<&str, (usize, u8, bool)> = BTreeMap::new();
    for file in files {
        let group = groups::group(&compiled, &file.name)?;
        let (count, class, is_of_one) = found.entry(group).or_insert((0, file.class, true));
        *count += 1;
        *is_of_one &= *class == file.class;
    }
    if found.len() < FEWEST || 2 * found.len() >= files.len() {
        return None;
    }
    let mut classes: Vec<u8> = files.iter().map(|file| file.class).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() == found.len() && found.values().all(|(_, _, is_of_one)| *is_of_one) {
        return None;
    }
    let with_two = found.values().filter(|(count, ..)| *count > 1).count();
    if (with_two as f64) < WITH_TWO * found.len() as f64 {
        return None;
    }
    Some(GroupGuess {
        pattern: pattern.to_string(),
        groups: found.len(),
        largest: found.values().map(|(count, ..)| *count).max()?,
        example: found.keys().next()?.to_string(),
        confidence: match with_two == found.len() {
            true => Confidence::Likely,
            false => Confidence::Possible,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: impl Iterator<Item = (String, u8)>) -> Option<GroupGuess> {
        let files: Vec<Listed> = names
            .map(|(name, class)| Listed {
                file: name.clone().into(),
                name,
                class,
                group: None,
                split: None,
                known: None,
            })
            .collect();
        GroupGuess::of(&files)
    }

    #[test]
    fn parts_of_names_that_come_back_are_groups() {
        let each = |name: fn(usize) -> String| of((0..60).map(|at| (name(at), (at % 2) as u8)));
        let guess = each(|at| format!("a/p_{}_{at}.png", at / 5)).unwrap();
        assert_eq!(
            (&guess.pattern[..], guess.groups, guess.largest),
            (PATTERNS[0], 12, 5)
        );
        assert_eq!(
            (&guess.example[..], guess.confidence),
            ("p_0", Confidence::Likely)
        );
        let guess = each(|at| format!("a/2024-05-{:02}-{at}.tif", at / 4)).unwrap();
        assert_eq!((&guess.pattern[..], guess.groups), (PATTERNS[1], 15));
        let guess = each(|at| format!("a/slide {} ({}).jpg", at / 5, at % 5)).unwrap();
        assert_eq!(
            (&guess.pattern[..], &guess.example[..]),
            (PATTERNS[2], "slide 0")
        );
        // One picture by itself.
        let guess = each(|at| format!("a/{}_{at}.png", at.div_ceil(5))).unwrap();
        assert_eq!((guess.groups, guess.confidence), (13, Confidence::Possible));
    }

    #[test]
    fn names_that_say_nothing_make_no_groups() {
        let each = |name: fn(usize) -> String| of((0..60).map(|at| (name(at), (at % 10) as u8)));
        assert_eq!(each(|at| format!("a/IMG_{at}.png")), None);
        assert_eq!(each(|at| format!("a/{at}_x.png")), None);
        assert_eq!(each(|at| format!("a/{at}.png")), None);
        assert_eq!(each(|at| format!("a/{}_{at}.png", at / 2)), None);
        assert_eq!(each(|at| format!("a/class{}_{at}.png", at % 10)), None);
        assert_eq!(each(|at| format!("a/{}_{at}.png", at / 10)), None);
        // Nor do groups that some names lack.
        let name = |at: usize| match at {
            7 => "a/seven.png".to_string(),
            _ => format!("a/p{}_{at}.png", at / 5),
        };
        assert_eq!(of((0..60).map(|at| (name(at), 0))), None);
    }
}
