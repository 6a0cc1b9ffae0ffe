//! Places on a sheet with coordinates of their own, and the axis of errors.

use super::SMALL;
use crate::report::symmetry::svg::{ACCENT, Anchor, GRID, INK, Pen, Sheet, Type, depth_colour};

/// Exponents of the error axis: single precision rounds at 10⁻⁷.
pub(super) const LOWEST: f64 = -8.0;
pub(super) const HIGHEST: f64 = 0.5;

/// A place on the sheet with coordinates of its own.
pub(super) struct Chart {
    /// Left, top, width, height.
    pub(super) frame: [f64; 4],
    /// What is at its left and right.
    pub(super) x: [f64; 2],
    /// What is at its bottom and top.
    pub(super) y: [f64; 2],
}

impl Chart {
    pub(super) fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let [left, top, width, height] = self.frame;
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        [
            left + width * share(x, self.x),
            top + height * (1.0 - share(y, self.y)),
        ]
    }

    /// Title, and an axis of angles.
    pub(super) fn angles(&self, sheet: &mut Sheet, title: &str) {
        let [left, top, _, height] = self.frame;
        sheet.words(left, top - 12.0, Type::new(13.0, INK).bold(), title);
        for quarter in 0..=8 {
            let degrees = 45.0 * f64::from(quarter);
            let [x, _] = self.at(degrees, self.y[0]);
            let pen = Pen::new(GRID, 1.0);
            sheet.line([x, top], [x, top + height], pen);
            sheet.words(
                x,
                top + height + 16.0,
                SMALL.at(Anchor::Middle),
                &format!("{degrees}°"),
            );
        }
    }

    /// An axis of powers of ten.
    pub(super) fn decades(&self, sheet: &mut Sheet) {
        let [left, _, width, _] = self.frame;
        for exponent in (LOWEST as i32..=HIGHEST as i32).filter(|e| e % 2 == 0) {
            let [_, y] = self.at(self.x[0], f64::from(exponent));
            sheet.line([left, y], [left + width, y], Pen::new(GRID, 1.0));
            sheet.words(
                left - 8.0,
                y + 4.0,
                SMALL.at(Anchor::End),
                &power_of_ten(exponent),
            );
        }
    }
}

/// `1`, `10⁻⁶`.
pub(super) fn power_of_ten(exponent: i32) -> String {
    if exponent == 0 {
        return "1".into();
    }
    let digits = exponent.to_string();
    let raised = digits.chars().map(|c| match c.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    });
    format!("10{}", raised.collect::<String>())
}

/// The exponent of an error, inside the axis.
pub(super) fn exponent(error: f64) -> f64 {
    match error {
        0.0 => LOWEST,
        _ => error.log10().clamp(LOWEST, HIGHEST),
    }
}

/// The colour of output `index` of `count`.
pub(super) fn colour(index: usize, count: usize) -> String {
    match index + 1 == count {
        true => ACCENT.into(),
        false => depth_colour(index as f64 / (count.max(3) - 2) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_raised() {
        assert_eq!(power_of_ten(-6), "10⁻⁶");
        assert_eq!(power_of_ten(0), "1");
    }

    #[test]
    fn errors_stay_on_their_axis() {
        assert_eq!(exponent(0.0), LOWEST);
        assert_eq!(exponent(1e9), HIGHEST);
        assert!((exponent(1e-3) + 3.0).abs() < 1e-12);
        assert!(exponent(f64::NAN).is_nan());
    }
}
