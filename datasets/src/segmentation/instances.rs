//! From classes back to instances: each connected interior is a seed, and grows over what is interior or border.
//!
//! ```text
//! seeds       parts of the interior that are connected by sides, of at least so many pixels
//! t(x → y)    |x − y| (1/v(x) + 1/v(y)) / 2,   v = p + 0.1      x, y neighbours by a side or a corner, both interior or border
//! number(y)   that of the seed s with the least   Σ t   along a path from s to y
//! ```
//!
//! with p the probability of the interior: a front that leaves every seed at once and advances at the speed v, so that seeds meet
//! in the valleys of p between them. Of classes without probabilities p is 1 in the interior and 0 in the border: the plain
//! distance through the border. Pixels that no seed reaches stay background, such as an instance that is all border.
//!
//! A quarter turn or a reflection of the maps turns the parts exactly, because costs of paths are compared and not places,
//! except where two seeds are exactly as far from a pixel (of classes this happens, of probabilities hardly): the seed with more
//! pixels has it, and of two with equally many the one whose first pixel comes first, row by row, which a turn changes.
//! Numbers are those of the seeds in that order, from 1.
//!
//! Source: the watershed by flooding from markers (Meyer 1994, "Topographic distance and watershed lines") as a shortest path
//! forest (Falcão, Stolfi & Lotufo 2004, "The image foresting transform", with additive costs); interior and border as classes
//! after Caicedo et al. 2019, "Evaluation of deep learning strategies for nucleus segmentation in fluorescence images".

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::DatasetError;

/// The number of the interior among the classes background, interior and border.
const INTERIOR: u8 = 1;

/// The speed where a pixel is surely not interior.
const SLOWEST: f64 = 0.1;

/// The most instances, which 16 bits can number.
const MOST: usize = u16::MAX as usize;

/// Instances of probabilities `[3, height, width]` of background, interior and border: `[height, width]`, 0 for none. A pixel is of
/// the class that is likeliest, of the first of several. Seeds of fewer than `smallest_seed` pixels are dropped.
///
/// # Errors
/// Where there are more than 65,535 instances.
///
/// # Panics
/// Panics if there are not three values for each pixel.
pub fn watershed(
    probabilities: &[f32],
    [height, width]: [usize; 2],
    smallest_seed: usize,
) -> Result<Vec<u16>, DatasetError> {
    let plane = height * width;
    assert_eq!(
        probabilities.len(),
        3 * plane,
        "watershed: three probabilities for each of {height} × {width} pixels"
    );
    let of = |class: usize, place: usize| probabilities[class * plane + place];
    let classes: Vec<u8> = (0..plane)
        .map(|place| {
            (1..3).fold(0, |best, class| match of(class, place) > of(best, place) {
                true => class,
                false => best,
            }) as u8
        })
        .collect();
    let interior = |place| f64::from(of(usize::from(INTERIOR), place)).clamp(0.0, 1.0);
    grown(&classes, [height, width], smallest_seed, interior)
}

/// The same of classes `[height, width]`: 0 background, 1 interior, 2 border.
///
/// # Errors
/// Where there are more than 65,535 instances.
///
/// # Panics
/// Panics if there is not a class for each pixel.
pub fn watershed_of_classes(
    classes: &[u8],
    [height, width]: [usize; 2],
    smallest_seed: usize,
) -> Result<Vec<u16>, DatasetError> {
    assert_eq!(
        classes.len(),
        height * width,
        "watershed: a class for each of {height} × {width} pixels"
    );
    let interior = |place: usize| f64::from(u8::from(classes[place] == INTERIOR));
    grown(classes, [height, width], smallest_seed, interior)
}

/// A pixel that a seed has reached. The nearest one comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reached {
    cost: f64,
    /// Pixels of the seed.
    area: usize,
    number: u16,
    place: usize,
}

impl Eq for Reached {}

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        // A heap gives its largest first.
        (other.cost.total_cmp(&self.cost))
            .then(self.area.cmp(&other.area))
            .then(other.number.cmp(&self.number))
            .then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Grows the seeds; `interior` is the probability of a pixel to be interior.
fn grown(
    classes: &[u8],
    size: [usize; 2],
    smallest: usize,
    interior: impl Fn(usize) -> f64,
) -> Result<Vec<u16>, DatasetError> {
    let slowness = |place: usize| 1.0 / (SLOWEST + interior(place));
    let (mut numbers, areas) = seeds(classes, size, smallest)?;
    let mut nearest = vec![f64::INFINITY; classes.len()];
    let mut open = BinaryHeap::new();
    for (place, number) in numbers.iter().enumerate() {
        if *number != 0 {
            nearest[place] = 0.0;
            open.push(Reached {
                cost: 0.0,
                area: areas[usize::from(*number)],
                number: *number,
                place,
            });
        }
    }
    let mut done = vec![false; classes.len()];
    while let Some(reached) = open.pop() {
        // The first that comes to a pixel has it; all that are as near were waiting, since every step costs something.
        if std::mem::replace(&mut done[reached.place], true) {
            continue;
        }
        numbers[reached.place] = reached.number;
        for (place, step) in neighbours(reached.place, size) {
            if done[place] || classes[place] == 0 {
                continue;
            }
            let slowness = (slowness(reached.place) + slowness(place)) / 2.0;
            let cost = reached.cost + step * slowness;
            if cost <= nearest[place] {
                nearest[place] = cost;
                open.push(Reached {
                    cost,
                    place,
                    ..reached
                });
            }
        }
    }
    Ok(numbers)
}

/// The neighbours of a pixel by sides and corners, and how far they are.
fn neighbours(place: usize, [height, width]: [usize; 2]) -> impl Iterator<Item = (usize, f64)> {
    let (row, column) = (place / width, place % width);
    let rows = row.saturating_sub(1)..(row + 2).min(height);
    rows.flat_map(move |near_row| {
        let columns = column.saturating_sub(1)..(column + 2).min(width);
        columns.filter_map(move |near| {
            let moved = usize::from(near_row != row) + usize::from(near != column);
            let step = [0.0, 1.0, std::f64::consts::SQRT_2][moved];
            (moved > 0).then_some((near_row * width + near, step))
        })
    })
}

/// The seeds: their numbers from 1 in the order of their first pixels, and how many pixels each number has.
fn seeds(
    classes: &[u8],
    size: [usize; 2],
    smallest: usize,
) -> Result<(Vec<u16>, Vec<usize>), DatasetError> {
    let mut numbers = vec![0u16; classes.len()];
    let mut areas = vec![0];
    let mut seen = vec![false; classes.len()];
    let mut part = Vec::new();
    for start in 0..classes.len() {
        if seen[start] || classes[start] != INTERIOR {
            continue;
        }
        seen[start] = true;
        part.clear();
        part.push(start);
        let mut next = 0;
        while let Some(place) = part.get(next).copied() {
            next += 1;
            for (near, step) in neighbours(place, size) {
                if step == 1.0 && classes[near] == INTERIOR && !seen[near] {
                    seen[near] = true;
                    part.push(near);
                }
            }
        }
        if part.len() < smallest {
            continue;
        }
        if areas.len() > MOST {
            let expected = format!(
                "at most {MOST} instances in an image; a larger `smallest_seed` leaves fewer"
            );
            return Err(DatasetError::setting("instances", expected, "more"));
        }
        let number = areas.len() as u16;
        areas.push(part.len());
        part.iter().for_each(|place| numbers[*place] = number);
    }
    Ok((numbers, areas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Random};

    /// Classes drawn as letters, and what becomes of them as digits.
    fn grow(rows: &[&str], smallest: usize) -> Vec<String> {
        let size = [rows.len(), rows[0].len()];
        let class = |letter| b".ib".iter().position(|known| *known == letter).unwrap() as u8;
        let classes: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).map(class).collect();
        let numbers = watershed_of_classes(&classes, size, smallest).unwrap();
        let digit = |number: &u16| char::from_digit(u32::from(*number), 10).unwrap();
        let rows = numbers.chunks(size[1]);
        rows.map(|row| row.iter().map(digit).collect()).collect()
    }

    #[test]
    fn seeds_grow_over_their_borders_and_meet_half_way() {
        let found = grow(
            &[
                "bbb.bbbb", //
                "bibbbiib", //
                "bbb.bbbb", //
                "........", //
                "..bb..i.",
            ],
            1,
        );
        // What no seed reaches stays background; the middle is one step from the one and two from the other.
        let expected = ["11102222", "11122222", "11102222", "00000000", "00000030"];
        assert_eq!(found[..2], expected[..2]);
        assert_eq!(found[2..], expected[2..]);
    }

    #[test]
    fn ties_go_to_the_larger_seed_and_then_to_the_first() {
        assert_eq!(grow(&["ibbbii"], 1), ["112222"]);
        assert_eq!(grow(&["iibbbi"], 1), ["111122"]);
        assert_eq!(grow(&["ibbbi"], 1), ["11122"]);
    }

    #[test]
    fn small_seeds_are_dropped_and_grown_over() {
        assert_eq!(grow(&["iibibbii"], 1), ["11122333"]);
        assert_eq!(grow(&["iibibbii"], 2), ["11112222"]);
        assert_eq!(grow(&["i.i.ii"], 2), ["000011"]);
        // By a corner parts are not connected.
        assert_eq!(grow(&["i.", ".i"], 1), ["10", "02"]);
    }

    #[test]
    fn seeds_meet_where_the_interior_is_least_likely() {
        // One row: two seeds, border between them, its valley off the middle.
        let interior = [0.9, 0.45, 0.4, 0.35, 0.3, 0.05, 0.4, 0.9f32];
        let border = interior.map(|p| if p > 0.8 { 0.0 } else { 0.5 });
        let background = interior.map(|p| if p > 0.8 { 0.1 } else { 0.0 });
        let maps = [background, interior, border].concat();
        let numbers = watershed(&maps, [1, 8], 1).unwrap();
        assert_eq!(numbers, [1, 1, 1, 1, 1, 2, 2, 2]);
        // Of the same classes without probabilities the middle.
        let classes = interior.map(|p| if p > 0.8 { 1 } else { 2 });
        let plain = watershed_of_classes(&classes, [1, 8], 1).unwrap();
        assert_eq!(plain, [1, 1, 1, 1, 2, 2, 2, 2]);
    }

    /// A map turned counter-clockwise.
    fn turned<T: Copy>(map: &[T], [height, width]: [usize; 2]) -> Vec<T> {
        let columns = (0..width).rev();
        columns
            .flat_map(|column| (0..height).map(move |row| map[row * width + column]))
            .collect()
    }

    fn mirrored<T: Copy>(map: &[T], [_, width]: [usize; 2]) -> Vec<T> {
        map.chunks(width)
            .flat_map(|row| row.iter().rev().copied())
            .collect()
    }

    /// Numbers in the order in which they come, so that partitions can be compared.
    fn in_order(numbers: &[u16]) -> Vec<u16> {
        let mut known = vec![0];
        let mut number_of = |number: &u16| {
            let place = known.iter().position(|other| other == number);
            place.unwrap_or_else(|| {
                known.push(*number);
                known.len() - 1
            }) as u16
        };
        numbers.iter().map(&mut number_of).collect()
    }

    #[test]
    fn turns_and_reflections_of_probabilities_turn_the_instances() {
        let size = [23, 31];
        let plane = size[0] * size[1];
        let mut random = Random::new(4, Purpose::Place, 0, 0);
        let mut most = 0;
        for _ in 0..30 {
            // Blobs, so that there are seeds with borders that meet.
            let blobs: Vec<[f64; 2]> = (0..14)
                .map(|_| size.map(|extent| random.unit() * extent as f64))
                .collect();
            let mut maps = vec![0.0f32; 3 * plane];
            for place in 0..plane {
                let at = [place / size[1], place % size[1]].map(|at| at as f64);
                let far = |blob: &[f64; 2]| (at[0] - blob[0]).hypot(at[1] - blob[1]);
                let nearest = blobs.iter().map(far).fold(f64::MAX, f64::min);
                let noise = 0.2 * random.unit();
                maps[place] = (nearest / 9.0 + noise) as f32;
                maps[plane + place] = (0.79 * (-nearest * nearest / 16.0).exp() + noise) as f32;
                maps[2 * plane + place] = 0.5;
            }
            let numbers = watershed(&maps, size, 3).unwrap();
            most = most.max(numbers.iter().copied().max().unwrap_or(0));
            assert!(numbers.contains(&0));
            let each = |change: &dyn Fn(&[f32]) -> Vec<f32>| -> Vec<f32> {
                maps.chunks(plane).flat_map(change).collect()
            };
            let quarter =
                watershed(&each(&|map| turned(map, size)), [size[1], size[0]], 3).unwrap();
            assert_eq!(in_order(&quarter), in_order(&turned(&numbers, size)));
            let mirror = watershed(&each(&|map| mirrored(map, size)), size, 3).unwrap();
            assert_eq!(in_order(&mirror), in_order(&mirrored(&numbers, size)));
        }
        assert!(most > 4, "{most}");
    }

    #[test]
    fn more_instances_than_numbers_are_refused() {
        // Every other pixel of every other row.
        let size = [512, 514];
        let classes: Vec<u8> = (0..size[0] * size[1])
            .map(|place| u8::from(place / size[1] % 2 == 0 && place % size[1] % 2 == 0))
            .collect();
        let error = watershed_of_classes(&classes, size, 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("at most 65535 instances"), "{error}");
        let fewer = watershed_of_classes(&classes[..500 * 514], [500, 514], 1).unwrap();
        assert_eq!(fewer.iter().copied().max(), Some(250 * 257));
    }
}
