//! The class of every patch of a picture larger than the patches that a network is for.
//!
//! ```text
//! scores(y, x) = Φ(patch whose first pixel is (s y, s x)),   s the network's stride
//! pixel p has the class of the patch whose middle s × s pixels p is among
//! ```
//!
//! The picture is read, mapped and written in bands of tiles, so that memory does not grow with its height and little
//! with its width. Tiles overlap by what a patch sees: their size changes nothing but rounding. Patches whose scores are no
//! numbers have no class.

mod canvas;
#[cfg(all(test, feature = "flex"))]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use gcnn_datasets::{PictureHeader, PictureLimits, PictureRows, Samples};
use gcnn_models::pictures::{self, NO_CLASS, PatchGrid};
use gcnn_train::TrainError;
use gcnn_train::files::same_file;
use gcnn_train::tasks::classification::ImageFormat;
use gcnn_train::weights::evaluation::ImageNetwork;
use serde::Serialize;

use crate::ProgramError;
use crate::report::colours;
pub(super) use canvas::Canvas;

/// How large a picture may be.
pub const LIMITS: &PictureLimits = &PictureLimits::SLIDE;

/// How much of a class's colour lies on the tissue.
const TINT: f32 = 0.4;

/// Where and how a picture is mapped.
#[derive(Debug, Clone)]
pub struct MapOptions {
    /// The folder that pictures are written to.
    pub output: PathBuf,
    /// Side of the tiles in pixels, beside what patches overlap by.
    pub tile: usize,
}

/// A mapped picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TissueMap {
    /// The picture.
    pub file: PathBuf,
    /// The class map: a picture of the same size whose pixels are the numbers of classes, or [`NO_CLASS`].
    pub classes: PathBuf,
    /// The tissue under the colours of all classes but the first.
    pub overlay: PathBuf,
    /// `[height, width]` of the picture.
    pub size: [usize; 2],
    /// `[height, width]` of a patch.
    pub patch: [usize; 2],
    /// Pixels between patches.
    pub stride: usize,
    /// Patches of each class.
    pub patches: Vec<u64>,
    /// The most rows of the picture that were in memory at once.
    #[serde(skip)]
    pub rows_held: usize,
}

/// Rows of a picture that are in memory.
struct Strip {
    /// Number of the first row.
    first: usize,
    /// Pixels of a row.
    width: usize,
    /// 1 for grey, 3 for colour.
    channels: usize,
    samples: Samples,
}

impl Strip {
    fn row(&self) -> usize {
        self.width * self.channels
    }

    fn end(&self) -> usize {
        self.first + self.samples.len() / self.row()
    }

    /// Where in the samples a pixel begins.
    fn place(&self, row: usize, column: usize) -> usize {
        (row - self.first) * self.row() + column * self.channels
    }

    /// Red, green and blue of a row as a screen shows them.
    fn seen(&self, row: usize) -> Vec<u8> {
        let pixels = (0..self.width).map(|column| self.place(row, column));
        let byte = |place: usize| self.samples.byte(place);
        match self.channels {
            1 => pixels.flat_map(|place| [byte(place); 3]).collect(),
            _ => pixels
                .flat_map(|place| [0, 1, 2].map(|channel| byte(place + channel)))
                .collect(),
        }
    }

    /// Forgets the rows before `number`.
    fn forget(&mut self, number: usize) {
        self.samples.forget((number - self.first) * self.row());
        self.first = number;
    }
}

/// `[height, width]` of a picture, upright, from its first bytes.
pub fn size(path: &Path) -> Result<[usize; 2], ProgramError> {
    let header = PictureHeader::read(path, LIMITS).map_err(ProgramError::image(path))?;
    Ok(header.size)
}

/// Whether a picture of this size holds more than one patch of the network's.
pub fn is_larger(format: &ImageFormat, [height, width]: [usize; 2]) -> bool {
    let patch = (format.height, format.width);
    height >= patch.0 && width >= patch.1 && (height, width) != patch
}

/// Refuses pictures of which one's map would take the place of another's: their names differ in their folders or endings alone.
pub fn check_names<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<(), ProgramError> {
    let mut known: BTreeMap<&OsStr, &Path> = BTreeMap::new();
    for file in files {
        if let Some(other) = known.insert(stem(file), file) {
            return Err(ProgramError::Refused(format!(
                "the maps of {} and {} would have the same names; map them with an --output each",
                other.display(),
                file.display()
            )));
        }
    }
    Ok(())
}

/// Refuses to write over a picture that is read.
pub fn check_outputs(file: &Path, folder: &Path, inputs: &[PathBuf]) -> Result<(), ProgramError> {
    let (classes, overlay) = targets(file, folder);
    let taken = [classes, overlay]
        .into_iter()
        .find(|output| inputs.iter().any(|input| same_file(input, output)));
    match taken {
        Some(taken) => Err(ProgramError::Refused(format!(
            "the map of {} would be written over the picture {}; name another folder by --output",
            file.display(),
            taken.display()
        ))),
        None => Ok(()),
    }
}

/// Maps a picture. `seen` hears how many patches there are and how many are done.
pub fn map(
    network: &ImageNetwork,
    file: &Path,
    options: &MapOptions,
    device: &Device,
    mut seen: impl FnMut(u64, u64),
) -> Result<TissueMap, ProgramError> {
    let format = &network.format;
    pictures::check(&network.model, format.input(), format.classes).map_err(|error| {
        let file = file.display();
        ProgramError::Refused(format!("{file}: larger than a patch, but {error}"))
    })?;
    check_outputs(file, &options.output, &[file.to_path_buf()])?;
    let mut rows = PictureRows::open(file, LIMITS).map_err(ProgramError::image(file))?;
    let size = rows.size();
    if !is_larger(format, size) {
        return Err(ProgramError::Refused(format!(
            "{}: {}×{} pixels are not larger than a patch, {}×{}",
            file.display(),
            size[0],
            size[1],
            format.height,
            format.width
        )));
    }
    let grid = PatchGrid::new(size, [format.height, format.width], network.model.stride());
    let side = (options.tile / grid.stride).max(1);
    fs::create_dir_all(&options.output).map_err(TrainError::io("create", &options.output))?;
    let (classes_path, overlay_path) = targets(file, &options.output);
    let mut class_map = Canvas::indexed(&classes_path, size, &class_colours(format.classes))?;
    let mut overlay = Canvas::colour(&overlay_path, size)?;

    let mut strip = Strip {
        first: 0,
        width: size[1],
        channels: rows.channels(),
        samples: rows.none(),
    };
    let total = (grid.count[0] * grid.count[1]) as u64;
    let mut patches = vec![0; format.classes];
    let mut rows_held = 0;
    let mut written = 0;
    for band in (0..grid.count[0]).step_by(side) {
        let count = side.min(grid.count[0] - band);
        let last = band + count == grid.count[0];
        let first = band * grid.stride;
        let needed = if last {
            size[0]
        } else {
            first + grid.covered(0, count)
        };
        rows.read(needed - strip.end(), &mut strip.samples)
            .map_err(ProgramError::image(file))?;
        rows_held = rows_held.max(strip.end() - strip.first);
        let mut classes = vec![0; count * grid.count[1]];
        for column in (0..grid.count[1]).step_by(side) {
            let extent = [count, side.min(grid.count[1] - column)];
            let scores = tile(network, &strip, &grid, [band, column], extent, device)?;
            pictures::best_classes(&scores, extent, &mut classes, grid.count[1], column);
            let done = band * grid.count[1] + count * (column + extent[1]);
            seen(total, done as u64);
        }
        count_classes(&classes, &mut patches);
        // What the next band's patches give their classes to is not written yet.
        let end = if last {
            size[0]
        } else {
            grid.margin[0] + grid.stride * (band + count)
        };
        for row in written..end {
            let own = grid.patch_of(0, row).map(|patch| {
                let start = (patch - band) * grid.count[1];
                &classes[start..start + grid.count[1]]
            });
            let numbers = grid.spread(own);
            class_map.write(&numbers)?;
            overlay.write(&tinted(&strip.seen(row), &numbers))?;
        }
        written = end;
        if !last {
            strip.forget(grid.stride * (band + count));
        }
    }
    class_map.finish()?;
    overlay.finish()?;
    Ok(TissueMap {
        file: file.to_path_buf(),
        classes: classes_path,
        overlay: overlay_path,
        size,
        patch: grid.patch,
        stride: grid.stride,
        patches,
        rows_held,
    })
}

fn stem(file: &Path) -> &OsStr {
    file.file_stem().unwrap_or_default()
}

/// Where the class map and the overlay of a picture go.
fn targets(file: &Path, folder: &Path) -> (PathBuf, PathBuf) {
    let with = |end: &str| beside(file, folder, end);
    (with("-classes.png"), with("-overlay.png"))
}

/// A file in a folder, named as a picture with another end.
pub(super) fn beside(file: &Path, folder: &Path, end: &str) -> PathBuf {
    let mut name = stem(file).to_os_string();
    name.push(end);
    folder.join(name)
}

/// The colours of numbers of so many classes, of which those beyond are not seen.
pub(super) fn class_colours(classes: usize) -> Vec<([u8; 3], bool)> {
    let colour = |number: usize| match number < classes {
        true => (colours::of_class(number), true),
        false => ([0; 3], false),
    };
    (0..256).map(colour).collect()
}

/// The scores of the patches of a tile, `[classes, rows, columns]` of `extent`, the first of them at `at`.
fn tile(
    network: &ImageNetwork,
    strip: &Strip,
    grid: &PatchGrid,
    at: [usize; 2],
    extent: [usize; 2],
    device: &Device,
) -> Result<Vec<f32>, ProgramError> {
    let [top, left] = at.map(|patch| patch * grid.stride);
    let (height, width) = (grid.covered(0, extent[0]), grid.covered(1, extent[1]));
    let format = &network.format;
    let pixels = input(strip, [top, left], [height, width], format);
    pictures::scores(
        &network.model,
        pixels,
        [format.channels, height, width],
        [format.classes, extent[0], extent[1]],
        device,
    )
    .map_err(|error| ProgramError::Refused(error.to_string()))
}

/// A region of a picture as a network's input, `[channels, height, width]`, normalised.
fn input(
    strip: &Strip,
    [top, left]: [usize; 2],
    [height, width]: [usize; 2],
    format: &ImageFormat,
) -> Vec<f32> {
    let plane = height * width;
    let mut pixels = vec![0.0; format.channels * plane];
    for row in 0..height {
        let start = strip.place(top + row, left);
        let end = start + width * strip.channels;
        let samples = &strip.samples;
        let samples = samples.in_channels(start..end, strip.channels, format.channels);
        for column in 0..width {
            for channel in 0..format.channels {
                let place = channel * plane + row * width + column;
                pixels[place] = samples.value(column * format.channels + channel);
            }
        }
    }
    format.normalisation.apply(&mut pixels);
    pixels
}

/// Counts the patches of each class.
fn count_classes(classes: &[u8], patches: &mut [u64]) {
    for class in classes {
        // There are too few classes for one to have the number that stands for none.
        if let Some(count) = patches.get_mut(usize::from(*class)) {
            *count += 1;
        }
    }
}

/// A row of tissue under the colours of its classes. The first class, which is what nobody looks for in the data sets of
/// tissue, stays clear.
pub(super) fn tinted(tissue: &[u8], numbers: &[u8]) -> Vec<u8> {
    let pixels = tissue.chunks_exact(3).zip(numbers);
    pixels
        .flat_map(|(pixel, number)| match *number {
            0 | NO_CLASS => [pixel[0], pixel[1], pixel[2]],
            class => {
                let colour = colours::of_class(usize::from(class));
                [0, 1, 2].map(|channel| {
                    let (tissue, tint) = (f32::from(pixel[channel]), f32::from(colour[channel]));
                    (tissue + TINT * (tint - tissue)).round() as u8
                })
            }
        })
        .collect()
}
