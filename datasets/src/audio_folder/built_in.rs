//! The spoken digits that the crate carries, `datasets/data/spoken_digits`.

/// One list for names and files, which `include_bytes!` needs as literals.
macro_rules! carried {
    ($($name:literal)*) => {
        /// Name and bytes of each.
        pub(super) const FILES: &[(&str, &[u8])] = &[$((
            concat!($name, ".wav"),
            include_bytes!(concat!("../../data/spoken_digits/", $name, ".wav")),
        )),*];
    };
}

carried! {
    "2_george_0" "2_george_1" "2_george_5"
    "2_nicolas_0" "2_nicolas_1" "2_nicolas_5"
    "2_theo_0" "2_theo_1" "2_theo_5"
    "2_yweweler_0" "2_yweweler_1" "2_yweweler_5"
    "5_george_0" "5_george_1" "5_george_5"
    "5_nicolas_0" "5_nicolas_1" "5_nicolas_5"
    "5_theo_0" "5_theo_1" "5_theo_5"
    "5_yweweler_0" "5_yweweler_1" "5_yweweler_5"
    "8_george_0" "8_george_1" "8_george_5"
    "8_nicolas_0" "8_nicolas_1" "8_nicolas_5"
    "8_theo_0" "8_theo_1" "8_theo_5"
    "8_yweweler_0" "8_yweweler_1" "8_yweweler_5"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carried_files_are_small() {
        let size: usize = FILES.iter().map(|(_, file)| file.len()).sum();
        assert!(FILES.len() == 36 && size < 300_000, "{size} bytes");
    }
}
