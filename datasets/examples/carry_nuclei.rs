//! Makes the tissue images that this crate carries, `datasets/data/nuclei`, from a folder in the layout of
//! [`gcnn_datasets::nuclei`] made from the 2018 Data Science Bowl.
//!
//! ```text
//! cargo run --release -p gcnn-datasets --example carry_nuclei -- NUCLEI_FOLDER datasets/data/nuclei
//! ```
//!
//! The images are whole and their pixels unchanged, only packed as tightly as PNG allows. Which ones: of each stain every
//! so many-th, so that the carried images have the stains of the folder; their names are listed in the crate.

use std::error::Error;
use std::fs;
use std::path::Path;

use gcnn_datasets::nuclei::BUILT_IN_NAMES;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = &arguments[..] else {
        return Err("usage: carry_nuclei NUCLEI_FOLDER TARGET_FOLDER".into());
    };
    let (source, target) = (Path::new(source), Path::new(target));
    fs::create_dir_all(target)?;
    let mut total = 0;
    for name in BUILT_IN_NAMES {
        for file in [format!("{name}.png"), format!("{name}_labels.png")] {
            // The file itself, or its pixels packed anew where that is smaller.
            let mut packed = fs::read(source.join(&file))?;
            let picture = image::load_from_memory(&packed)?;
            for filter in [
                FilterType::Adaptive,
                FilterType::Paeth,
                FilterType::NoFilter,
            ] {
                let mut bytes = Vec::new();
                picture.write_with_encoder(PngEncoder::new_with_quality(
                    &mut bytes,
                    CompressionType::Best,
                    filter,
                ))?;
                if bytes.len() < packed.len() {
                    packed = bytes;
                }
            }
            total += packed.len();
            fs::write(target.join(file), packed)?;
        }
    }
    // Name, number in the original collection, stain and count of nuclei, as they are.
    let index = fs::read_to_string(source.join("index.csv"))?;
    let kept: Vec<&str> = index
        .lines()
        .enumerate()
        .filter(|(number, line)| {
            let name = line.split(',').next().unwrap_or_default();
            *number == 0 || BUILT_IN_NAMES.contains(&name)
        })
        .map(|(_, line)| line)
        .collect();
    fs::write(target.join("index.csv"), kept.join("\n") + "\n")?;
    println!("{} images, {total} bytes", BUILT_IN_NAMES.len());
    Ok(())
}
