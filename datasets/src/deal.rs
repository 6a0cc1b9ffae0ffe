//! Which picture is for training, which for validation and which for testing, where the folder does not say it. Clips of sound
//! are dealt in the same way.
//!
//! Pictures that don't belong together are dealt class by class, in an order of the seed and their own names:
//!
//! ```text
//! of the n pictures of a class   split s gets ⌊share_s n⌋ or ⌈share_s n⌉,
//!                                those rounded up that are furthest behind their shares of all classes so far
//! ```
//!
//! and training at least one. Groups of pictures are dealt whole, the one with the largest spread over the classes first
//! (standard deviation of its pictures per class), each to the split that needs its classes most:
//!
//! ```text
//! group g → the s with the least   Σ_c [(a_sc + g_c / n_c − share_s)² − (a_sc − share_s)²] / share_s
//! ```
//!
//! with a_sc the share of class c that s has already, after StratifiedGroupKFold of scikit-learn; splits without a group come
//! first when no more groups are left than they need, and the last group with a class that training lacks goes there.
//! Fold i of k is one of k parts with equal shares, which don't depend on i; of the rest a share of 0.15 / (1 − 1/k) is for
//! validation. The order in which a file system lists files plays no part.

use crate::random::{Purpose, Random, key};

/// The share of all pictures that is for validation beside a fold.
const VALID: f64 = 0.15;

/// What decides who gets a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Dealing {
    /// The shares of training, validation and test.
    Shares([f64; 3]),
    /// One of so many parts is the test.
    Fold { fold: usize, folds: usize },
}

/// A picture to be dealt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Card<'a> {
    /// Its name, which is its own.
    pub(crate) name: &'a str,
    pub(crate) class: u8,
    /// What it belongs to.
    pub(crate) group: Option<&'a str>,
}

/// Deals pictures: the places of those for training, validation and test, each sorted.
pub(crate) fn deal(cards: &[Card], how: Dealing, seed: u64) -> [Vec<usize>; 3] {
    let all: Vec<usize> = (0..cards.len()).collect();
    match how {
        Dealing::Shares(shares) => {
            let dealt = parts(cards, &all, &shares, true, [seed, 0]);
            dealt.try_into().unwrap_or_default()
        }
        Dealing::Fold { fold, folds } => {
            let shares = vec![1.0 / folds as f64; folds];
            let mut dealt = parts(cards, &all, &shares, false, [seed, 1]);
            let test = dealt.swap_remove(fold);
            let mut rest = dealt.concat();
            rest.sort_unstable();
            let valid = VALID / (1.0 - 1.0 / folds as f64);
            let mut dealt = parts(cards, &rest, &[1.0 - valid, valid], true, [seed, 2]);
            let valid = dealt.pop().unwrap_or_default();
            [dealt.pop().unwrap_or_default(), valid, test]
        }
    }
}

/// Holds a share of the cards at some places back, with all classes in proportion, each card for itself: the places that stay,
/// with a card of every class, and those that are held back, each sorted.
pub(crate) fn hold_out(cards: &[Card], places: &[usize], share: f64, seed: u64) -> [Vec<usize>; 2] {
    let shares = [1.0 - share, share];
    let mut dealt = single(cards, places, &shares, true, [seed, 3]);
    dealt.iter_mut().for_each(|part| part.sort_unstable());
    dealt.try_into().unwrap_or_default()
}

/// Deals the cards at some places to parts by their shares. `first_has_all`: the first part gets every class, if it can.
fn parts(
    cards: &[Card],
    places: &[usize],
    shares: &[f64],
    first_has_all: bool,
    stream: [u64; 2],
) -> Vec<Vec<usize>> {
    let mut dealt = match cards.iter().any(|card| card.group.is_some()) {
        true => grouped(cards, places, shares, first_has_all, stream),
        false => single(cards, places, shares, first_has_all, stream),
    };
    dealt.iter_mut().for_each(|part| part.sort_unstable());
    dealt
}

/// Where a name comes in the order of a seed.
fn order(name: &str, [seed, stage]: [u64; 2]) -> f64 {
    Random::new(seed, Purpose::PictureSplit, key(name), stage).unit()
}

/// Deals pictures one by one.
fn single(
    cards: &[Card],
    places: &[usize],
    shares: &[f64],
    first_has_all: bool,
    stream: [u64; 2],
) -> Vec<Vec<usize>> {
    let mut by_class = vec![Vec::new(); 256];
    for place in places {
        let card = &cards[*place];
        by_class[usize::from(card.class)].push((order(card.name, stream), card.name, *place));
    }
    let mut dealt = vec![Vec::new(); shares.len()];
    // How many pictures each part is behind its share of the classes so far.
    let mut behind = vec![0.0; shares.len()];
    for mut class in by_class.into_iter().filter(|class| !class.is_empty()) {
        class.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(other.1)));
        let quotas: Vec<f64> = shares
            .iter()
            .map(|share| share * class.len() as f64)
            .collect();
        // A whole number stays one, however it was rounded on its way.
        let mut counts: Vec<usize> = quotas.iter().map(|q| (q + 1e-9) as usize).collect();
        for (part, behind) in behind.iter_mut().enumerate() {
            *behind += quotas[part] - counts[part] as f64;
        }
        let mut left = class.len().saturating_sub(counts.iter().sum());
        let mut open: Vec<usize> = (0..shares.len())
            .filter(|part| quotas[*part] - counts[*part] as f64 > 1e-9)
            .collect();
        while left > 0 && !open.is_empty() {
            let must = first_has_all && counts[0] == 0;
            let furthest = |one: &usize, other: &usize| {
                // The earlier one of two that are as far behind.
                (behind[*one].total_cmp(&behind[*other])).then(other.cmp(one))
            };
            let chosen = match open.iter().copied().find(|part| must && *part == 0) {
                Some(first) => first,
                None => open.iter().copied().max_by(furthest).unwrap_or(0),
            };
            open.retain(|part| *part != chosen);
            counts[chosen] += 1;
            behind[chosen] -= 1.0;
            left -= 1;
        }
        let mut pictures = class.into_iter().map(|(_, _, place)| place);
        for (part, count) in counts.into_iter().enumerate() {
            dealt[part].extend(pictures.by_ref().take(count));
        }
        // What rounding might leave over.
        dealt[0].extend(pictures);
    }
    dealt
}

/// Pictures that belong together.
struct Group<'a> {
    name: &'a str,
    places: Vec<usize>,
    /// Classes and how many pictures of each, as shares of the class.
    classes: Vec<(usize, f64)>,
    spread: f64,
}

/// Deals pictures group by group; those without a group by themselves.
fn grouped(
    cards: &[Card],
    places: &[usize],
    shares: &[f64],
    first_has_all: bool,
    stream: [u64; 2],
) -> Vec<Vec<usize>> {
    let (groups, classes) = gather(cards, places, stream);
    // How many groups with a class are still to come.
    let mut coming = vec![0usize; classes];
    for (class, _) in groups.iter().flat_map(|group| &group.classes) {
        coming[*class] += 1;
    }
    let mut dealt = vec![Vec::new(); shares.len()];
    let mut had = vec![vec![0.0f64; classes]; shares.len()];
    for (number, group) in groups.iter().enumerate() {
        let left = groups.len() - number;
        let empty = dealt
            .iter()
            .filter(|part: &&Vec<usize>| part.is_empty())
            .count();
        let cost = |part: usize| -> f64 {
            let share = shares[part];
            let costs = group.classes.iter().map(|(class, more)| {
                let lacking = had[part][*class] - share;
                ((lacking + more).powi(2) - lacking.powi(2)) / share
            });
            costs.sum()
        };
        let is_last_with = |(class, _): &(usize, f64)| had[0][*class] == 0.0 && coming[*class] == 1;
        let chosen = if first_has_all && group.classes.iter().any(is_last_with) {
            0
        } else {
            let mut may = (0..shares.len())
                .filter(|part| empty < left || dealt[*part].is_empty())
                .map(|part| (cost(part), dealt[part].len() as f64 / shares[part], part))
                .collect::<Vec<_>>();
            // Costs that differ by rounding alone are the same.
            may.sort_by(|one, other| one.0.total_cmp(&other.0));
            let least = may.first().map_or(0.0, |(cost, ..)| *cost);
            let near = may.iter().take_while(|(cost, ..)| *cost <= least + 1e-12);
            let chosen =
                near.min_by(|one, other| one.1.total_cmp(&other.1).then(one.2.cmp(&other.2)));
            chosen.map_or(0, |(_, _, part)| *part)
        };
        for (class, more) in &group.classes {
            had[chosen][*class] += more;
            coming[*class] -= 1;
        }
        dealt[chosen].extend(&group.places);
    }
    dealt
}

/// The groups in the order in which they are dealt, and how many classes there may be.
fn gather<'a>(cards: &[Card<'a>], places: &[usize], stream: [u64; 2]) -> (Vec<Group<'a>>, usize) {
    let classes = places
        .iter()
        .map(|place| usize::from(cards[*place].class) + 1);
    let classes = classes.max().unwrap_or(0);
    let mut of_class = vec![0usize; classes];
    let mut by_group: Vec<(&str, usize)> = Vec::with_capacity(places.len());
    for place in places {
        let card = &cards[*place];
        of_class[usize::from(card.class)] += 1;
        by_group.push((card.group.unwrap_or(card.name), *place));
    }
    by_group.sort_unstable();
    let present = of_class.iter().filter(|count| **count > 0).count().max(1) as f64;
    let mut groups: Vec<Group> = by_group
        .chunk_by(|one, next| one.0 == next.0)
        .map(|pictures| {
            let mut counts = vec![0usize; classes];
            for (_, place) in pictures {
                counts[usize::from(cards[*place].class)] += 1;
            }
            let mean = pictures.len() as f64 / present;
            let squares: f64 = counts.iter().map(|count| (*count as f64).powi(2)).sum();
            let own = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let share =
                |(class, count): (usize, &usize)| (class, *count as f64 / of_class[class] as f64);
            Group {
                name: pictures[0].0,
                places: pictures.iter().map(|(_, place)| *place).collect(),
                classes: own.map(share).collect(),
                spread: (squares / present - mean * mean).max(0.0),
            }
        })
        .collect();
    // Of one class alone there is no spread: larger groups first.
    if present == 1.0 {
        groups
            .iter_mut()
            .for_each(|group| group.spread = group.places.len() as f64);
    }
    groups.sort_by_cached_key(|group| {
        // Numbers from 0 upwards come in the order of their bits.
        let place = order(group.name, stream).to_bits();
        (std::cmp::Reverse(group.spread.to_bits()), place, group.name)
    });
    (groups, classes)
}

#[cfg(test)]
mod tests;
