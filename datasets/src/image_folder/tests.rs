//! Folders of images: what they give, and what is wrong with damaged ones.

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
        0.0, 51.0, 102.0, 0.0, 51.0, 102.0, 0.0, 0.0, 0.0, 102.0, 102.0, 102.0, 1.0, 1.0, 1.0, 1.0,
        1.0, 1.0,
    ];
    assert_eq!(splits.train.image(0), expected.map(byte));
    assert_eq!(splits.train.shape(), [3, 2, 3]);
    let all = config.load_split(Split::All).unwrap().images;
    assert_eq!(all.labels(), [0, 0, 1, 1, 0, 1]);
    let test = config.load_split(Split::Test).unwrap().images;
    assert_eq!(test.image(1), splits.test.image(1));

    // One channel of grey; 16 bits become 8.
    let deep = image::ImageBuffer::<Luma<u16>, _>::from_fn(3, 2, |x, _| Luma([x as u16 * 13_107]));
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
fn of_several_damaged_pictures_the_first_is_named() {
    let folder = folder();
    let place = folder.path().join("test").join("cat");
    for number in 10..40 {
        fs::write(place.join(format!("z{number}.png")), b"not a picture").unwrap();
    }
    let config = ImageFolderConfig::new(folder.path());
    for _ in 0..20 {
        let found = error(&config);
        assert!(found.contains("z10.png"), "{found}");
    }
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
    let whole = ImageFolderConfig::new(folder.path()).with_train_fraction(0.2);
    assert_eq!(whole.load_split(Split::All).unwrap().images.count(), 40);
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
