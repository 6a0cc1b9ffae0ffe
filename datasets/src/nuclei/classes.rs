//! The class of each pixel of a tissue image: background, the inside of a nucleus or its border.

use super::{BORDER, Border, Labels, Tissue};

impl Tissue {
    /// The class of each pixel, row by row, as an index into [`CLASS_NAMES`](super::CLASS_NAMES), with a border of 2 pixels.
    ///
    /// ```text
    /// background   label(x) = 0
    /// border       label(x) ≠ 0, and some pixel y of the image with |x − y| ≤ 2 has another label
    /// interior     label(x) ≠ 0, and no such pixel
    /// ```
    ///
    /// The distance is Euclidean, between pixel centres. Where two nuclei touch, both have a border; the edge of the image
    /// is none.
    pub fn classes(&self) -> Vec<u8> {
        self.numbers().classes_within(BORDER as f64)
    }

    /// The same with another border: within its reach in place of 2 pixels.
    pub fn classes_with(&self, border: Border) -> Vec<u8> {
        self.numbers().classes_with(border)
    }

    /// The median diameter of the nuclei, in pixels: that of a disc of the same area, 2 √(area / π). None without a nucleus.
    pub fn median_diameter(&self) -> Option<f64> {
        self.numbers().median_diameter()
    }
}

impl Labels<'_> {
    /// The class of each pixel, as [`Tissue::classes`] says, within the reach of a border.
    pub(crate) fn classes_with(&self, border: Border) -> Vec<u8> {
        self.classes_within(border.reach(|| self.median_diameter()))
    }

    /// The distance from a pixel to another label is found row by row: in the row `down` rows away the nearest such pixel is straight
    /// above or below, or it is as far to the side as the next other label from there.
    fn classes_within(&self, reach: f64) -> Vec<u8> {
        let [height, width] = self.size;
        let label = |row: usize, column: usize| self.numbers[row * width + column];
        let aside = self.distances_in_rows();
        let square = |distance: usize| (distance as f64) * (distance as f64);
        let rows = (reach as usize).min(height);
        (0..height * width)
            .map(|place| {
                let (row, column) = (place / width, place % width);
                let own = label(row, column);
                if own == 0 {
                    return 0;
                }
                let is_near = |down: usize, row: usize| {
                    let across = match label(row, column) == own {
                        true => aside[row * width + column],
                        false => 0,
                    };
                    across != u32::MAX && square(across as usize) + square(down) <= reach * reach
                };
                let is_border = (0..=rows).any(|down| {
                    row.checked_sub(down).is_some_and(|row| is_near(down, row))
                        || (row + down < height && is_near(down, row + down))
                });
                if is_border { 2 } else { 1 }
            })
            .collect()
    }

    /// How far each pixel is from the next one of its row with another label; `u32::MAX` where the row has none.
    fn distances_in_rows(&self) -> Vec<u32> {
        let width = self.size[1];
        let mut distances = vec![u32::MAX; self.numbers.len()];
        for (labels, distances) in
            (self.numbers.chunks_exact(width.max(1))).zip(distances.chunks_exact_mut(width.max(1)))
        {
            // Pixels side by side with one label: the distance to their ends, where there is something behind the end.
            let mut start = 0;
            for run in labels.chunk_by(|one, next| one == next) {
                let end = start + run.len();
                for (place, distance) in distances[start..end].iter_mut().enumerate() {
                    let left = (start > 0).then_some(place + 1);
                    let right = (end < width).then_some(run.len() - place);
                    if let Some(nearest) = left.into_iter().chain(right).min() {
                        *distance = nearest as u32;
                    }
                }
                start = end;
            }
        }
        distances
    }

    /// The median diameter of the instances, as [`Tissue::median_diameter`] says.
    fn median_diameter(&self) -> Option<f64> {
        let mut areas = vec![0usize; 1 << 16];
        for label in self.numbers {
            areas[usize::from(*label)] += 1;
        }
        let mut areas: Vec<usize> = areas[1..]
            .iter()
            .copied()
            .filter(|area| *area > 0)
            .collect();
        areas.sort_unstable();
        let diameter = |area: usize| 2.0 * (area as f64 / std::f64::consts::PI).sqrt();
        let upper = diameter(*areas.get(areas.len() / 2)?);
        Some((diameter(areas[(areas.len() - 1) / 2]) + upper) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nuclei::tissue::tests::tissue;
    use crate::random::{Purpose, Random};

    fn drawn(tissue: &Tissue) -> Vec<String> {
        let letters: Vec<char> = tissue
            .classes()
            .iter()
            .map(|class| ['.', 'i', 'b'][usize::from(*class)])
            .collect();
        letters
            .chunks(tissue.size[1])
            .map(|line| line.iter().collect())
            .collect()
    }

    #[test]
    fn a_border_is_within_two_pixels_of_another_label() {
        // The edge of the image is no border; a corner at distance √8 is too far away, one at √5 too.
        let found = drawn(&tissue(&[
            "1111111", //
            "1111111", "1111111", "1111100", "1111100", "1111111",
        ]));
        assert_eq!(
            found,
            [
                "iiiiiii", "iiiiibb", "iiiibbb", "iiibb..", "iiibb..", "iiiibbb"
            ]
        );
        // Touching nuclei have a border each.
        assert_eq!(drawn(&tissue(&["11112222"])), ["iibbbbii"]);
        assert_eq!(drawn(&tissue(&["0110"])), [".bb."]);
    }

    /// The rule as it is written: any pixel within reach.
    fn brute_force(tissue: &Tissue, reach: f64) -> Vec<u8> {
        let [height, width] = tissue.size;
        let far = |one: usize, other: usize| {
            let down = (one / width).abs_diff(other / width) as f64;
            let right = (one % width).abs_diff(other % width) as f64;
            down * down + right * right
        };
        (0..height * width)
            .map(|place| {
                let own = tissue.labels[place];
                let mut all = 0..height * width;
                match own {
                    0 => 0,
                    _ if all.any(|o| tissue.labels[o] != own && far(place, o) <= reach * reach) => {
                        2
                    }
                    _ => 1,
                }
            })
            .collect()
    }

    #[test]
    fn borders_of_any_width_are_those_of_the_rule() {
        let mut random = Random::new(1, Purpose::Patches, 0, 0);
        for _ in 0..20 {
            // Squares on top of each other, some cut by the edge.
            let size = [12 + random.below(8), 10 + random.below(12)];
            let mut labels = vec![0u16; size[0] * size[1]];
            for number in 1..5 {
                let [top, left] = size.map(|extent| random.below(extent));
                let [high, wide] = [(); 2].map(|()| 2 + random.below(9));
                for row in top..(top + high).min(size[0]) {
                    for column in left..(left + wide).min(size[1]) {
                        labels[row * size[1] + column] = number;
                    }
                }
            }
            let pixels = vec![0; labels.len()];
            let tissue = Tissue {
                size,
                channels: 1,
                pixels,
                labels,
            };
            for reach in [1.0, 1.5, 2.0, 2.9, 4.4, 300.0] {
                assert_eq!(
                    tissue.numbers().classes_within(reach),
                    brute_force(&tissue, reach),
                    "{reach}"
                );
            }
            assert_eq!(tissue.classes(), tissue.classes_with(Border::default()));
        }
    }

    #[test]
    fn a_relative_border_goes_by_the_median_diameter() {
        let none = tissue(&["0000"]);
        assert_eq!(none.median_diameter(), None);
        assert_eq!(none.classes_with(Border::Relative(0.1)), [0; 4]);
        // Areas of 1, 4 and 9 pixels.
        let three = tissue(&["1022", "0022", "3330", "3330", "3330"]);
        let expected = 2.0 * (4.0 / std::f64::consts::PI).sqrt();
        assert!((three.median_diameter().unwrap() - expected).abs() < 1e-12);
        // A tenth of it is less than a pixel: what touches another label is border.
        assert_eq!(
            three.classes_with(Border::Relative(0.1)),
            three.numbers().classes_within(1.0)
        );
        assert_eq!(
            three.classes_with(Border::Relative(0.5)),
            three.numbers().classes_within(expected / 2.0)
        );
        // Of two nuclei the mean.
        let two = tissue(&["1022", "0022"]);
        let one = 2.0 / std::f64::consts::PI.sqrt();
        assert!((two.median_diameter().unwrap() - 1.5 * one).abs() < 1e-12);
    }
}
