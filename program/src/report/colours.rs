//! Colours that tell things apart, for the colour-blind too.
//!
//! Source: Okabe and Ito 2008, "Color universal design".

/// Blue, vermilion, yellow, green, sky blue, orange, purple.
pub const PALETTE: [[u8; 3]; 7] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0xf0, 0xe4, 0x42],
    [0x00, 0x9e, 0x73],
    [0x56, 0xb4, 0xe9],
    [0xe6, 0x9f, 0x00],
    [0xcc, 0x79, 0xa7],
];

/// The place of yellow, which is hard to see on white.
const YELLOW: usize = 2;

const NAMES: [&str; 7] = [
    "blue",
    "vermilion",
    "yellow",
    "green",
    "sky blue",
    "orange",
    "purple",
];

/// The colour of a class; after the palette's end darker and darker ones.
pub fn of_class(class: usize) -> [u8; 3] {
    shade(PALETTE[class % PALETTE.len()], class / PALETTE.len())
}

/// The colour of a line on white: the palette without its yellow.
pub fn of_line(line: usize) -> [u8; 3] {
    let count = PALETTE.len() - 1;
    let place = line % count;
    shade(PALETTE[place + usize::from(place >= YELLOW)], line / count)
}

/// A colour as style sheets write it.
pub fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A colour that the palette has given so many times before.
fn shade(colour: [u8; 3], round: usize) -> [u8; 3] {
    colour.map(|value| (f32::from(value) * 0.75f32.powf(round as f32)) as u8)
}

/// The colour of a class in words.
pub fn name_of_class(class: usize) -> String {
    let colour = hex(of_class(class));
    let shade = if class < PALETTE.len() { "" } else { "dark " };
    let name = NAMES[class % NAMES.len()];
    format!("{shade}{name} {colour}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn lines_are_dark_enough_for_white_and_differ() {
        let colours: BTreeSet<[u8; 3]> = (0..18).map(of_line).collect();
        assert_eq!(colours.len(), 18);
        for [red, green, blue] in colours {
            let [red, green, blue] = [red, green, blue].map(f32::from);
            let light = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255.0;
            assert!(light < 0.7, "{red} {green} {blue}: {light}");
        }
        assert_eq!((of_line(0), of_line(1)), (of_class(0), of_class(1)));
    }
}
