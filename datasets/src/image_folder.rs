//! Folders of images: people's own pictures or patches, a folder for each class.
//!
//! ```text
//! PATH/train/CLASS/*.png      what the weights are fitted to
//! PATH/valid/CLASS/*.jpg      what choices are made on
//! PATH/test/CLASS/*.tiff      what is measured at the end
//! ```
//!
//! Classes are the names of the folders in `train`, sorted; a class may be missing in the other splits. Files are PNG, JPEG
//! or TIFF, in any mixture, and sorted by name. All images have one size: nothing is scaled or cut here, because what that
//! does to the smallest structures is the user's decision.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::DynamicImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::images::{ImageDataset, Split, SplitImages, Splits, part};
use crate::{DatasetError, pictures};

/// The name that reports use.
const NAME: &str = "images of a folder";

/// The three splits and their folders.
const SPLITS: [(Split, &str); 3] = [
    (Split::Train, "train"),
    (Split::Valid, "valid"),
    (Split::Test, "test"),
];

/// What a picture's name may end with.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "tif", "tiff"];

/// The most files in a folder.
const MOST_FILES: usize = 10_000_000;

/// Configuration of a folder of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageFolderConfig {
    /// The folder with `train`, `valid` and `test` in it. There is no default one.
    pub path: PathBuf,
    /// Whether to turn images to grey, one channel instead of three.
    pub grey: bool,
    /// The seed of the choice of training images, where `train_fraction` leaves some out.
    pub seed: u64,
    /// The share of the training images that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// The most memory that the pixels of all splits may take, in MiB; a value takes a byte.
    pub memory_limit_mib: u64,
}

impl Default for ImageFolderConfig {
    fn default() -> Self {
        Self::new("")
    }
}

/// The files of a split.
struct Files {
    folder: PathBuf,
    /// Each file and the number of its class.
    files: Vec<(PathBuf, u8)>,
}

impl ImageFolderConfig {
    /// A folder with its defaults: in colour, at most 4 GiB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            grey: false,
            seed: 0,
            train_fraction: 1.0,
            memory_limit_mib: 4096,
        }
    }

    /// Whether to turn images to grey.
    pub fn with_grey(mut self, grey: bool) -> Self {
        self.grey = grey;
        self
    }

    /// The share of the training images that are used.
    pub fn with_train_fraction(mut self, train_fraction: f64) -> Self {
        self.train_fraction = train_fraction;
        self
    }

    /// The most memory that the pixels may take, in MiB.
    pub fn with_memory_limit_mib(mut self, memory_limit_mib: u64) -> Self {
        self.memory_limit_mib = memory_limit_mib;
        self
    }

    /// Whether a folder is named and the share makes sense.
    pub fn validate(&self) -> Result<(), DatasetError> {
        if self.path.as_os_str().is_empty() {
            let expected = "the folder with train, valid and test in it";
            return Err(DatasetError::setting("dataset.path", expected, "nothing"));
        }
        part::check(self.train_fraction)
    }

    /// Reads all three splits.
    pub fn load(&self) -> Result<Splits, DatasetError> {
        self.validate()?;
        let classes = self.classes()?;
        let [train, valid, test] = SPLITS.map(|(_, name)| self.list(name, &classes));
        let parts = [train?, valid?, test?];
        let size = self.size(&parts)?;
        let [train, valid, test] = parts.each_ref().map(|part| self.read(part, size, &classes));
        Splits::new(NAME, &self.origin(), train?, valid?, test?)
    }

    /// Reads one split alone, or, for all, every split that is there.
    pub fn load_split(&self, split: Split) -> Result<SplitImages, DatasetError> {
        self.validate()?;
        let classes = self.classes()?;
        let parts: Vec<Files> = SPLITS
            .iter()
            .filter(|(one, name)| match split {
                Split::All => self.path.join(name).is_dir(),
                _ => *one == split,
            })
            .map(|(_, name)| self.list(name, &classes))
            .collect::<Result<_, _>>()?;
        let size = self.size(&parts)?;
        let parts: Vec<ImageDataset> = parts
            .iter()
            .map(|part| self.read(part, size, &classes))
            .collect::<Result<_, _>>()?;
        let images = match <[ImageDataset; 1]>::try_from(parts) {
            Ok([only]) => only,
            Err(parts) => ImageDataset::concatenate(&parts.iter().collect::<Vec<_>>())?,
        };
        Ok(SplitImages {
            images: Arc::new(images),
            origin: self.origin(),
        })
    }

    fn origin(&self) -> String {
        self.path.display().to_string()
    }

    fn channels(&self) -> usize {
        if self.grey { 1 } else { 3 }
    }

    /// The names of the classes: the folders in `train` or, where there is none, in the first split that is there.
    fn classes(&self) -> Result<Vec<String>, DatasetError> {
        let folders = SPLITS.map(|(_, name)| self.path.join(name));
        let Some(folder) = folders.iter().find(|folder| folder.is_dir()) else {
            return Err(missing(&folders[0]));
        };
        let mut classes = Vec::new();
        for entry in entries(folder)? {
            if !entry.is_dir() {
                return Err(DatasetError::malformed(
                    &entry,
                    "a folder, one for each class",
                    "a file",
                ));
            }
            classes.push(name(&entry)?.to_string());
        }
        if (1..=256).contains(&classes.len()) {
            return Ok(classes);
        }
        let found = format!("{} of them", classes.len());
        Err(DatasetError::malformed(
            folder,
            "1 to 256 folders, one for each class",
            found,
        ))
    }

    /// The files of a split.
    fn list(&self, split: &str, classes: &[String]) -> Result<Files, DatasetError> {
        let folder = self.path.join(split);
        if !folder.is_dir() {
            return Err(missing(&folder));
        }
        let mut files = Vec::new();
        for class_folder in entries(&folder)? {
            let class = name(&class_folder)?;
            let Some(class) = classes.iter().position(|known| known == class) else {
                let expected = format!("one of the classes {}", classes.join(", "));
                return Err(DatasetError::malformed(
                    &class_folder,
                    expected,
                    "another name",
                ));
            };
            for file in entries(&class_folder)? {
                let ending = file.extension().and_then(|ending| ending.to_str());
                let ending = ending.unwrap_or_default().to_lowercase();
                if !file.is_file() || !ENDINGS.contains(&&ending[..]) {
                    let expected = format!("a picture: {}", ENDINGS.join(", "));
                    return Err(DatasetError::malformed(
                        &file,
                        expected,
                        "a name with another ending, or no file",
                    ));
                }
                files.push((file, class as u8));
            }
        }
        if files.is_empty() {
            return Err(DatasetError::malformed(
                &folder,
                "at least one picture",
                "none",
            ));
        }
        if split == SPLITS[0].1 {
            let labels: Vec<u8> = files.iter().map(|(_, class)| *class).collect();
            let places = part::places(&labels, self.train_fraction, self.seed);
            files = places
                .into_iter()
                .map(|place| std::mem::take(&mut files[place]))
                .collect();
        }
        Ok(Files { folder, files })
    }

    /// The size of the first image, after which all have to take, and whether all of them fit into memory.
    fn size(&self, parts: &[Files]) -> Result<[usize; 2], DatasetError> {
        let first = parts.first().and_then(|part| part.files.first());
        let Some((first, _)) = first else {
            return Err(missing(&self.path.join("train")));
        };
        let size = pictures::read_size(first)?;
        let count: u64 = parts.iter().map(|part| part.files.len() as u64).sum();
        let bytes = count
            .saturating_mul((size[0] * size[1]) as u64)
            .saturating_mul(self.channels() as u64);
        if bytes <= self.memory_limit_mib.saturating_mul(1 << 20) {
            return Ok(size);
        }
        let [height, width] = size;
        Err(DatasetError::malformed(
            &self.path,
            format!(
                "images of at most {} MiB together (memory_limit_mib)",
                self.memory_limit_mib
            ),
            format!(
                "{count} of {height} × {width}, {} MiB",
                bytes.div_ceil(1 << 20)
            ),
        ))
    }

    fn read(
        &self,
        part: &Files,
        size: [usize; 2],
        classes: &[String],
    ) -> Result<ImageDataset, DatasetError> {
        let shape = [self.channels(), size[0], size[1]];
        let image_len = shape.iter().product::<usize>();
        if image_len == 0 {
            let expected = "images with pixels";
            return Err(DatasetError::malformed(&part.folder, expected, "none"));
        }
        let mut pixels = vec![0; part.files.len() * image_len];
        pixels
            .par_chunks_exact_mut(image_len)
            .zip(&part.files)
            .try_for_each(|(image, (file, _))| self.read_image(file, size, image))?;
        let labels = part.files.iter().map(|(_, class)| *class).collect();
        ImageDataset::from_bytes(pixels, labels, shape, classes.len())?
            .with_class_names(classes.iter().cloned())
    }

    /// Reads one image into its place, `[channels, height, width]`.
    fn read_image(
        &self,
        file: &Path,
        size: [usize; 2],
        image: &mut [u8],
    ) -> Result<(), DatasetError> {
        // The size is in the first bytes: a picture of another size isn't decoded.
        let check = |found: [usize; 2]| {
            if found == size {
                return Ok(());
            }
            let [height, width] = size;
            Err(DatasetError::malformed(
                file,
                format!("{height} × {width} pixels, as the first image has"),
                format!("{} × {}", found[0], found[1]),
            ))
        };
        check(pictures::read_size(file)?)?;
        let picture: DynamicImage = pictures::read(file)?;
        check(pictures::size(&picture))?;
        if self.grey {
            image.copy_from_slice(picture.into_luma8().as_raw());
            return Ok(());
        }
        let plane = size[0] * size[1];
        for (place, pixel) in picture.into_rgb8().as_raw().chunks_exact(3).enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                image[channel * plane + place] = *value;
            }
        }
        Ok(())
    }
}

fn missing(folder: &Path) -> DatasetError {
    DatasetError::Missing {
        path: folder.to_path_buf(),
        expected: "a folder with a folder of pictures for each class".into(),
        hint: "A data set of one's own has the folders train, valid and test with the same classes in each".into(),
    }
}

/// What is in a folder, sorted by name, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let reading = |source| DatasetError::io(folder, source);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(reading)? {
        let entry = entry.map_err(reading)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
        if entries.len() > MOST_FILES {
            let expected = format!("at most {MOST_FILES} files");
            return Err(DatasetError::malformed(folder, expected, "more"));
        }
    }
    entries.sort();
    Ok(entries)
}

/// The name of a class's folder.
fn name(folder: &Path) -> Result<&str, DatasetError> {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| DatasetError::malformed(folder, "a name in UTF-8", "other bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};
    use proptest::prelude::*;
    use tempfile::TempDir;

    /// Two classes in three formats; the blue of an image is its number.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "train/cat/2.png",
            "train/cat/1.TIFF",
            "train/dog/a.png",
            "valid/dog/b.tif",
            "test/cat/c.png",
            "test/dog/d.png",
        ];
        for (number, file) in files.iter().enumerate() {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let image = RgbImage::from_fn(3, 2, |x, y| {
                Rgb([51 * x as u8, 102 * y as u8, number as u8])
            });
            image.save(file).unwrap();
        }
        fs::write(folder.path().join("train/cat/.DS_Store"), b"x").unwrap();
        folder
    }

    fn error(config: &ImageFolderConfig) -> String {
        config.load().unwrap_err().to_string()
    }

    #[test]
    fn classes_are_folders_and_images_come_by_name() {
        let folder = folder();
        let config = ImageFolderConfig::new(folder.path());
        let splits = config.load().unwrap();
        assert_eq!(splits.train.class_names().unwrap(), ["cat", "dog"]);
        assert_eq!(splits.train.labels(), [0, 0, 1]);
        assert_eq!(splits.valid.labels(), [1]);
        assert_eq!(splits.test.labels(), [0, 1]);
        let byte = |value: f32| value / 255.0;
        let expected = [
            0.0, 51.0, 102.0, 0.0, 51.0, 102.0, 0.0, 0.0, 0.0, 102.0, 102.0, 102.0, 1.0, 1.0, 1.0,
            1.0, 1.0, 1.0,
        ];
        assert_eq!(splits.train.image(0), expected.map(byte));
        assert_eq!(splits.train.shape(), [3, 2, 3]);
        let all = config.load_split(Split::All).unwrap().images;
        assert_eq!(all.labels(), [0, 0, 1, 1, 0, 1]);
        let test = config.load_split(Split::Test).unwrap().images;
        assert_eq!(test.image(1), splits.test.image(1));

        // One channel of grey; 16 bits become 8.
        let deep =
            image::ImageBuffer::<Luma<u16>, _>::from_fn(3, 2, |x, _| Luma([x as u16 * 13_107]));
        deep.save(folder.path().join("train/cat/1.TIFF")).unwrap();
        let grey = config.with_grey(true).load().unwrap();
        assert_eq!(grey.train.shape(), [1, 2, 3]);
        assert_eq!(grey.train.image(0), [0.0, 0.2, 0.4, 0.0, 0.2, 0.4]);
    }

    #[test]
    fn jpeg_is_read_nearly() {
        let folder = folder();
        let file = folder.path().join("valid/dog/b.jpg");
        RgbImage::from_pixel(3, 2, Rgb([200, 100, 50]))
            .save(file)
            .unwrap();
        let valid = ImageFolderConfig::new(folder.path())
            .load_split(Split::Valid)
            .unwrap();
        let pixel = valid.images.image(0)[0];
        assert!((pixel * 255.0 - 200.0).abs() < 4.0, "{pixel}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let folder = folder();
        let config = ImageFolderConfig::new(folder.path());
        let file = |name: &str| folder.path().join(name);
        let found = error(&config.clone().with_memory_limit_mib(0));
        assert!(
            found.contains("at most 0 MiB") && found.contains("6 of 2 × 3, 1 MiB"),
            "{found}"
        );

        GrayImage::new(3, 4).save(file("test/dog/e.png")).unwrap();
        let found = error(&config);
        let expected = "e.png: expected 2 × 3 pixels, as the first image has, found 4 × 3";
        assert!(found.contains(expected), "{found}");
        fs::write(file("test/dog/e.png"), b"not a picture").unwrap();
        assert!(error(&config).contains("e.png: expected an intact picture"));
        fs::remove_file(file("test/dog/e.png")).unwrap();

        fs::write(file("test/dog/notes.txt"), b"x").unwrap();
        assert!(error(&config).contains("notes.txt: expected a picture: png"));
        fs::remove_file(file("test/dog/notes.txt")).unwrap();
        fs::create_dir(file("test/bird")).unwrap();
        let found = error(&config);
        assert!(
            found.contains("bird: expected one of the classes cat, dog"),
            "{found}"
        );
        fs::remove_dir(file("test/bird")).unwrap();
        assert!(config.load().is_ok());

        fs::remove_dir_all(file("valid")).unwrap();
        let found = error(&config);
        assert!(found.contains("valid is missing"), "{found}");
        assert_eq!(config.load_split(Split::All).unwrap().images.count(), 5);
        let nowhere = ImageFolderConfig::new(file("nowhere"));
        assert!(error(&nowhere).contains("train is missing"));
    }

    #[test]
    fn a_share_of_the_training_images_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let class = ["cat", "dog"][number % 2];
            let split = ["train", "valid", "test"][(number / 2).saturating_sub(17)];
            let place = folder.path().join(split).join(class);
            fs::create_dir_all(&place).unwrap();
            let image = RgbImage::from_pixel(1, 1, Rgb([number as u8; 3]));
            image.save(place.join(format!("{number:02}.png"))).unwrap();
        }
        // Not read, and so not in the way.
        let config = |fraction| {
            let config = ImageFolderConfig::new(folder.path());
            config.with_train_fraction(fraction).load().unwrap()
        };
        let numbers = |fraction| -> Vec<u32> {
            let train = config(fraction).train;
            let number = |index: usize| (train.image(index)[0] * 255.0).round() as u32;
            (0..train.count()).map(number).collect()
        };
        let [few, more, all] = [0.2, 0.5, 1.0].map(numbers);
        assert_eq!([few.len(), more.len(), all.len()], [8, 18, 36]);
        assert!(few.iter().all(|number| more.contains(number)));
        assert_eq!(few.iter().filter(|number| **number % 2 == 0).count(), 4);
        let splits = config(0.2);
        assert_eq!([splits.valid.count(), splits.test.count()], [2, 2]);
        assert_eq!(splits.train.labels()[0], 0);
    }

    #[test]
    fn settings_are_checked() {
        let config: ImageFolderConfig = toml::from_str("path = \"d\"").unwrap();
        assert_eq!(config, ImageFolderConfig::new("d"));
        assert!(config.validate().is_ok());
        let unnamed: ImageFolderConfig = toml::from_str("").unwrap();
        assert!(unnamed.validate().is_err());
        assert!(toml::from_str::<ImageFolderConfig>("path = \"d\"\ngray = true").is_err());
    }

    /// A small picture in one of the three formats.
    fn encoded(format: image::ImageFormat) -> Vec<u8> {
        let image = RgbImage::from_fn(9, 7, |x, y| Rgb([x as u8 * 20, y as u8 * 30, 99]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    proptest! {
        /// Damaged pictures give an image or an error that names the file, and never a panic.
        #[test]
        fn damage_is_an_error_or_an_image(
            format in prop::sample::select(vec![
                image::ImageFormat::Png, image::ImageFormat::Jpeg, image::ImageFormat::Tiff,
            ]),
            flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 0..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = encoded(format);
            for (place, flip) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= flip;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            match pictures::read_bytes(&bytes, Path::new("damaged")) {
                Ok(picture) => prop_assert!(pictures::size(&picture).iter().all(|side| *side <= 1 << 15)),
                Err(error) => prop_assert!(error.to_string().starts_with("damaged: ")),
            }
        }
    }
}
