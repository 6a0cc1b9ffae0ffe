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
    let round = (class / PALETTE.len()) as f32;
    PALETTE[class % PALETTE.len()].map(|value| (f32::from(value) * 0.75f32.powf(round)) as u8)
}

/// The colour of a class in words.
pub fn name_of_class(class: usize) -> String {
    let [red, green, blue] = of_class(class);
    let shade = if class < PALETTE.len() { "" } else { "dark " };
    let name = NAMES[class % NAMES.len()];
    format!("{shade}{name} #{red:02x}{green:02x}{blue:02x}")
}
