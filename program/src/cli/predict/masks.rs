//! `gcnn predict` on pictures, by a network that says the class of each pixel.

use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_datasets::image_folder::is_picture;
use gcnn_train::files::same_file;
use gcnn_train::tasks::segmentation::TILE;
use gcnn_train::weights::evaluation::SegmentationNetwork;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::PredictArgs;
use super::faults::Faults;
use crate::ProgramError;
use crate::output;
use crate::predict::masks::{Masks, Places, segment};
use crate::predict::{inputs, slide};
use crate::report::colours;

/// Writes classes, things and overlays of all pictures.
pub(super) fn answer(
    args: &PredictArgs,
    network: &SegmentationNetwork,
    device: &Device,
) -> Result<(), ProgramError> {
    if args.csv || args.labels.is_some() || args.simulations.is_some() || args.resize {
        return Err(ProgramError::Refused(
            "--csv, --labels and --simulations are for networks that classify images or move particles; this one says the class of \
             each pixel: `gcnn eval` compares it with masks"
                .into(),
        ));
    }
    if args.inputs.is_empty() {
        return Err(ProgramError::Refused(
            "this network segments images: name at least one image file".into(),
        ));
    }
    // The masks of a folder of images with masks lie beside them.
    let is_image = |file: &Path| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        is_picture(file) && !stem.ends_with("_labels")
    };
    let files = inputs::expand(&args.inputs, &is_image)?;
    slide::check_names(files.iter().map(PathBuf::as_path))?;
    for file in &files {
        check_outputs(file, args)?;
    }
    let names = &network.format.class_names;
    let tile = args.tile.map_or(TILE, usize::from);
    let count = Some(files.len() as u64);
    let bar = ProgressBar::with_draw_target(count, ProgressDrawTarget::stderr_with_hz(8));
    let (mut kept, mut faults) = (Vec::new(), Faults::default());
    for file in &files {
        match segment(network, file, &args.output, tile, device) {
            Ok(masks) if args.json => kept.push(masks),
            Ok(masks) => bar.suspend(|| output::text(words(names, &masks)))?,
            // One file at fault takes nothing from the others.
            Err(error) => faults.add(file, error),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if args.json {
        let mut json = serde_json::json!({ "class_names": names, "masks": kept });
        faults.tell(&mut json);
        output::line(&json)?;
    }
    faults.result(files.len())
}

/// Refuses to write over a picture that is read.
fn check_outputs(file: &Path, args: &PredictArgs) -> Result<(), ProgramError> {
    let Places {
        classes,
        instances,
        overlay,
    } = Places::of(file, &args.output);
    let mut places = [classes, instances, overlay].into_iter();
    match places.find(|place| args.inputs.iter().any(|input| same_file(input, place))) {
        Some(taken) => Err(ProgramError::Refused(format!(
            "the masks of {} would be written over the picture {}; name another folder by --output",
            file.display(),
            taken.display()
        ))),
        None => Ok(()),
    }
}

/// What was found, with the colours of the classes.
fn words(names: &[String], masks: &Masks) -> String {
    let [height, width] = masks.size;
    let things = match masks.things {
        Some(1) => ", 1 thing".into(),
        Some(things) => format!(", {things} things"),
        None => String::new(),
    };
    let mut text = format!(
        "{}: {width}×{height} pixels{things}\n",
        masks.file.display()
    );
    let total = masks.pixels.iter().sum::<usize>().max(1) as f64;
    let longest = names.iter().map(|name| name.chars().count()).max();
    let longest = longest.unwrap_or(0);
    for (class, (name, pixels)) in names.iter().zip(&masks.pixels).enumerate() {
        let share = 100.0 * *pixels as f64 / total;
        let colour = colours::name_of_class(class);
        text.push_str(&format!(
            "  {class}  {name:longest$}  {share:5.1} %  {colour}\n"
        ));
    }
    let written = [
        Some(&masks.classes),
        masks.instances.as_ref(),
        Some(&masks.overlay),
    ];
    for place in written.into_iter().flatten() {
        text.push_str(&format!("{}\n", place.display()));
    }
    text
}
