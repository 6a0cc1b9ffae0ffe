//! Folders of images: what they give, and what is wrong with damaged ones.

use std::fs;

mod dealt;
mod settings;
mod sizes;
mod survey;
mod tables;
mod targets;

use super::*;
use crate::picture::{Fit, Stretch};
use image::{GrayImage, Luma, Rgb, RgbImage};
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

/// A folder of pictures of 2 × 2 whose values are their numbers.
fn folder_of(files: &[impl AsRef<str>]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, file) in files.iter().enumerate() {
        let file = folder.path().join(file.as_ref());
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let [low, high] = [number % 256, number / 256].map(|value| value as u8);
        RgbImage::from_pixel(2, 2, Rgb([low, high, 0]))
            .save(file)
            .unwrap();
    }
    folder
}

/// The numbers of the pictures of a set.
fn numbers(images: &ImageDataset) -> Vec<usize> {
    let byte = |value: f32| (value * 255.0).round() as usize;
    let number = |image: Vec<f32>| byte(image[0]) + 256 * byte(image[4]);
    (0..images.count())
        .map(|at| number(images.image(at)))
        .collect()
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
    let names: Vec<&str> = all.names().unwrap().iter().map(|name| &name[..]).collect();
    let expected = [
        "train/cat/1.TIFF",
        "train/cat/2.png",
        "train/dog/a.png",
        "valid/dog/b.tif",
        "test/cat/c.png",
        "test/dog/d.png",
    ];
    assert_eq!(names, expected);
    let test = config.load_split(Split::Test).unwrap().images;
    assert_eq!(test.image(1), splits.test.image(1));

    // One channel of grey, with all the bits that are there.
    let deep = image::ImageBuffer::<Luma<u16>, _>::from_fn(3, 2, |x, _| Luma([x as u16 * 13_107]));
    deep.save(folder.path().join("train/cat/1.TIFF")).unwrap();
    let grey = config.clone().with_grey(true).load().unwrap();
    assert_eq!(grey.train.shape(), [1, 2, 3]);
    assert_eq!(grey.train.image(0), [0.0, 0.2, 0.4, 0.0, 0.2, 0.4]);
    deep.save(folder.path().join("valid/dog/b.tif")).unwrap();
    let fine = image::ImageBuffer::<Luma<u16>, _>::from_fn(3, 2, |x, _| Luma([x as u16]));
    fine.save(folder.path().join("train/cat/1.TIFF")).unwrap();
    let grey = config.with_grey(true).load().unwrap();
    assert_eq!(grey.train.image(0)[2], 2.0 / 65535.0);
    // An image of 8 bits beside it has the values that it has alone: of 51 red, 102 green and 2 blue.
    assert_eq!(grey.train.image(2)[4], 84.0 / 255.0);
}

#[test]
fn files_that_nobody_put_there_are_passed_over_and_counted() {
    let folder = folder();
    for file in [
        "train/Thumbs.db",
        "test/dog/desktop.ini",
        "valid/dog/._b.tif",
    ] {
        fs::write(folder.path().join(file), b"x").unwrap();
    }
    fs::create_dir(folder.path().join("train/.ipynb_checkpoints")).unwrap();
    fs::create_dir(folder.path().join("train/dog/@eaDir")).unwrap();
    let config = ImageFolderConfig::new(folder.path());
    let splits = config.load().unwrap();
    assert_eq!(splits.train.class_names().unwrap(), ["cat", "dog"]);
    let said = splits.description.to_string();
    assert!(
        said.contains("6 hidden or system files passed over"),
        "{said}"
    );
    let valid = config.load_split(Split::Valid).unwrap();
    assert!(
        valid
            .origin
            .ends_with("; 1 hidden or system file passed over")
    );
}

/// A folder that came from a Mac has é as e and an accent, the others have it as one character.
#[test]
fn classes_in_another_unicode_form_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (number, class) in [
        "train/caf\u{e9}",
        "train/cafe\u{301}",
        "train/cafz",
        "valid/cafe\u{301}",
        "valid/cafz",
        "test/caf\u{e9}",
    ]
    .iter()
    .enumerate()
    {
        let place = folder.path().join(class);
        fs::create_dir_all(&place).unwrap();
        let image = RgbImage::from_pixel(1, 1, Rgb([number as u8; 3]));
        image.save(place.join("a.png")).unwrap();
    }
    let splits = ImageFolderConfig::new(folder.path()).load().unwrap();
    let names = splits.train.class_names().unwrap();
    assert_eq!(names, ["cafz", "caf\u{e9}"]);
    assert_eq!(splits.train.labels(), [0, 1, 1]);
    assert_eq!(splits.valid.labels(), [0, 1]);
    assert_eq!(splits.valid.image(1)[0], 3.0 / 255.0);
    assert_eq!(splits.test.labels(), [1]);
    assert!(is_same_class("caf\u{e9}", "cafe\u{301}") && !is_same_class("cafe", "caf\u{e9}"));
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
        found.contains("bird: expected one of the classes cat, dog")
            && found.contains("A class that training doesn't have cannot be learned"),
        "{found}"
    );
    fs::remove_dir(file("test/bird")).unwrap();
    assert!(config.load().is_ok());

    fs::remove_dir_all(file("valid")).unwrap();
    let found = error(&config);
    assert!(found.contains("valid is missing"), "{found}");
    assert_eq!(config.load_split(Split::All).unwrap().images.count(), 5);
    let nowhere = ImageFolderConfig::new(file("nowhere"));
    assert!(error(&nowhere).contains("nowhere is missing"));
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
fn classes_that_a_split_lacks_are_said() {
    let folder = folder();
    let config = ImageFolderConfig::new(folder.path());
    let said = config.load().unwrap().description.origin;
    assert!(
        said.contains("; no pictures of cat in valid; 1 hidden"),
        "{said}"
    );
    assert!(!said.contains("in test"), "{said}");
    fs::rename(folder.path().join("valid"), folder.path().join("val")).unwrap();
    let found = error(&config);
    assert!(
        found.ends_with("There is a folder val: rename it"),
        "{found}"
    );
}
