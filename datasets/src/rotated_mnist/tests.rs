//! Tests of the three forms, on stand-ins of MNIST's and the community's files and, where they are, on MNIST itself.

use std::fs::{self, File};
use std::io::Write;
use std::time::Instant;

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::*;
use crate::digits::files::{BUILT_IN_IMAGES, BUILT_IN_LABELS};
use crate::idx::IdxArray;
use crate::testing::given;

/// Checks a few numbers of an image, loosely enough for another machine's sine and tightly enough for anything else.
fn assert_image(images: &ImageDataset, index: usize, label: u8, sum: f32, pixels: &[(usize, f32)]) {
    let image = images.image(index);
    assert_eq!(images.labels()[index], label, "label of image {index}");
    let found: f32 = image.iter().sum();
    assert!((found - sum).abs() < 2e-3, "sum of image {index}: {found}");
    for (place, value) in pixels {
        assert!(
            (image[*place] - value).abs() < 1e-4,
            "image {index} at {place}: {}",
            image[*place]
        );
    }
}

#[test]
fn the_carried_digits_make_three_splits() {
    let splits = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn)
        .load()
        .unwrap();
    let sizes = [&splits.train, &splits.valid, &splits.test].map(|split| split.count());
    assert_eq!(sizes, BUILT_IN_SIZES);
    for split in [&splits.train, &splits.valid, &splits.test] {
        assert_eq!((split.shape(), split.classes()), (SHAPE, CLASSES));
        for class in 0..CLASSES as u8 {
            let share = split
                .labels()
                .iter()
                .filter(|label| **label == class)
                .count() as f64
                / split.count() as f64;
            assert!((0.07..0.14).contains(&share), "class {class}: {share}");
        }
    }
    // MNIST's own statistics are 0.1307 and 0.3081; turning digits blurs a little.
    assert!(
        (splits.normalisation.mean[0] - 0.1307).abs() < 0.004,
        "{:?}",
        splits.normalisation
    );
    assert!(
        (splits.normalisation.std[0] - 0.3050).abs() < 0.008,
        "{:?}",
        splits.normalisation
    );
    assert_eq!(
        splits.description.to_string(),
        "rotated MNIST (MNIST digits carried by gcnn-datasets, rotated with seed 0): 4000 training, 1000 validation, \
         3000 test images"
    );
}

#[test]
fn the_carried_digits_of_seed_zero_stay_what_they_are() {
    let splits = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn)
        .load()
        .unwrap();
    assert_image(
        &splits.train,
        0,
        5,
        108.911,
        &[(325, 0.25606), (408, 0.24030), (512, 0.89370)],
    );
    assert_image(
        &splits.valid,
        999,
        5,
        61.3622,
        &[(295, 0.57813), (411, 0.66797), (486, 0.69276)],
    );
    assert_image(
        &splits.test,
        1234,
        5,
        64.9025,
        &[(292, 0.53657), (383, 0.54696), (545, 0.77314)],
    );
}

#[test]
fn the_carried_files_are_small() {
    assert!(BUILT_IN_IMAGES.len() + BUILT_IN_LABELS.len() < 1_500_000);
}

#[test]
fn a_split_alone_is_the_split_of_the_whole() {
    let config = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn)
        .with_seed(4)
        .with_interpolation(Interpolation::Bilinear)
        .with_limits([Some(20), Some(10), Some(30)]);
    let splits = config.load().unwrap();
    for split in [Split::Train, Split::Valid, Split::Test] {
        let (alone, whole) = (
            config.load_split(split).unwrap().images,
            splits.get(split).unwrap(),
        );
        assert_eq!(alone.labels(), whole.labels());
        assert!((0..alone.count()).all(|index| alone.image(index) == whole.image(index)));
    }
    assert_eq!(splits.get(Split::All).unwrap().count(), 60);
    // All of them have neither share nor limits.
    let all = config.clone().with_train_fraction(0.5);
    let all = all.load_split(Split::All).unwrap().images;
    assert_eq!(all.count(), BUILT_IN_SIZES.iter().sum::<usize>());
    assert_eq!(all.image(4_001), splits.valid.image(1));
    // Limits cut, they do not choose anew.
    let all = config
        .clone()
        .with_limits([None; 3])
        .load_split(Split::Test)
        .unwrap()
        .images;
    assert_eq!(all.image(29), splits.test.image(29));
    let other = config.with_seed(5).load().unwrap();
    assert_eq!(other.train.labels(), splits.train.labels());
    assert_ne!(other.train.image(0), splits.train.image(0));
}

#[test]
fn settings_are_named_as_in_run_files() {
    let config = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn).with_path("d");
    assert_eq!(
        toml::to_string(&config).unwrap(),
        "source = \"built-in\"\npath = \"d\"\nseed = 0\ninterpolation = \"bicubic\"\n\
         train_fraction = 1.0\n"
    );
    assert_eq!(
        toml::from_str::<RotatedMnistConfig>("").unwrap(),
        RotatedMnistConfig::default()
    );
    assert!(toml::from_str::<RotatedMnistConfig>("sourc = \"mnist\"").is_err());
    let augmentation: crate::Augmentation =
        toml::from_str("rotation = \"right-angles\"\nflip = true").unwrap();
    assert!(augmentation.flip && augmentation.rotation == crate::RotationAugmentation::RightAngles);
    assert!(toml::from_str::<crate::Augmentation>("rotations = \"none\"").is_err());
}

/// Writes one of MNIST's file pairs: image i has the bytes of i in its middle and the label i mod 10.
fn write_digits(folder: &Path, names: [&str; 2], count: usize) {
    let mut bytes = vec![0; count * 784];
    for (index, image) in bytes.chunks_exact_mut(784).enumerate() {
        image[404..408].copy_from_slice(&(index as u32).to_le_bytes());
    }
    let labels = (0..count).map(|index| (index % 10) as u8).collect();
    let arrays = [
        IdxArray {
            shape: vec![count, 28, 28],
            bytes,
        },
        IdxArray {
            shape: vec![count],
            bytes: labels,
        },
    ];
    // One file gzipped, one plain.
    let packed = File::create(folder.join(format!("{}.gz", names[0]))).unwrap();
    let mut packed = GzEncoder::new(packed, Compression::fast());
    arrays[0].write(&mut packed).unwrap();
    packed.finish().unwrap();
    arrays[1]
        .write(File::create(folder.join(names[1])).unwrap())
        .unwrap();
}

fn folder_of_digits(train: usize, test: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("mnist");
    fs::create_dir(&inner).unwrap();
    write_digits(&inner, TRAIN_FILES, train);
    write_digits(&inner, TEST_FILES, test);
    folder
}

#[test]
fn a_folder_of_mnist_is_made_into_the_protocol() {
    let folder = folder_of_digits(60_000, 10_000);
    let config = RotatedMnistConfig::default().with_path(folder.path());
    let splits = config.load().unwrap();
    assert_eq!(
        [&splits.train, &splits.valid, &splits.test].map(|split| split.count()),
        SIZES
    );
    assert_eq!(splits.description.origin, "re-created from MNIST, seed 0");
    let resolved = config.resolved().unwrap();
    assert_eq!(resolved.source, RotatedMnistSource::Mnist);
    assert_eq!(resolved.path, config.path);
    let [train, ..] = remake::choose(0);
    assert!(
        train
            .iter()
            .zip(splits.train.labels())
            .all(|(digit, label)| digit % 10 == u32::from(*label))
    );
    // The same through the inner folder, for one split alone.
    let inner =
        RotatedMnistConfig::new(RotatedMnistSource::Mnist).with_path(folder.path().join("mnist"));
    let valid = inner
        .clone()
        .with_limits([Some(0), Some(5), Some(0)])
        .load_split(Split::Valid)
        .unwrap()
        .images;
    assert_eq!(valid.labels(), splits.valid.slice(0..5).labels());
    assert_eq!(valid.image(4), splits.valid.image(4));

    // A file less, and its name and the command that fetches it are in the message.
    fs::remove_file(folder.path().join("mnist").join(TEST_FILES[1])).unwrap();
    let error = inner.load().unwrap_err().to_string();
    assert!(
        error.contains(TEST_FILES[1]) && error.contains("gcnn data fetch rotated-mnist"),
        "{error}"
    );
}

#[test]
fn other_folders_of_digits_are_taken_as_they_are() {
    let folder = folder_of_digits(60, 20);
    let config = RotatedMnistConfig::default().with_path(folder.path());
    let splits = config.load().unwrap();
    assert_eq!(
        [&splits.train, &splits.valid, &splits.test].map(|split| split.count()),
        [50, 10, 20]
    );
    assert_eq!(splits.test.image(11)[404], 11.0 / 255.0);
    assert_eq!(config.resolved().unwrap().source, RotatedMnistSource::Idx);
    assert!(
        splits.description.origin.ends_with("as they are stored"),
        "{}",
        splits.description
    );
    // Where MNIST itself is asked for, it has to be MNIST.
    let error = RotatedMnistConfig {
        source: RotatedMnistSource::Mnist,
        ..config.clone()
    }
    .load()
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected 60000 images of 28 × 28, found 60 of 28 × 28"),
        "{error}"
    );
    // Test digits alone are enough to evaluate on.
    fs::remove_file(
        folder
            .path()
            .join("mnist")
            .join(format!("{}.gz", TRAIN_FILES[0])),
    )
    .unwrap();
    assert_eq!(config.load_split(Split::Test).unwrap().images.count(), 20);
    assert!(
        config
            .load()
            .unwrap_err()
            .to_string()
            .contains(TRAIN_FILES[0])
    );
}

#[test]
fn missing_and_damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = RotatedMnistConfig::default().with_path(folder.path());
    for source in [
        RotatedMnistSource::Auto,
        RotatedMnistSource::Amat,
        RotatedMnistSource::Mnist,
        RotatedMnistSource::Idx,
    ] {
        let missing = RotatedMnistConfig {
            source,
            ..config.clone()
        };
        let auto = source == RotatedMnistSource::Auto;
        assert_eq!(missing.resolved().is_err(), auto);
        let error = missing.load().unwrap_err().to_string();
        let folder = folder.path().display().to_string();
        assert!(
            error.contains(&folder) && error.contains("`gcnn data fetch rotated-mnist`"),
            "{error}"
        );
    }
    // Files of the right names with something else in them.
    for name in TRAIN_FILES.iter().chain(&TEST_FILES) {
        fs::write(folder.path().join(name), b"<html>404</html>").unwrap();
    }
    let error = config.load().unwrap_err().to_string();
    assert!(
        error.contains(TRAIN_FILES[0]) && error.contains("found 3c 68 74 6d"),
        "{error}"
    );
    // A path to a file that is none of ours.
    let error = RotatedMnistConfig::default()
        .with_path(folder.path().join(TRAIN_FILES[0]))
        .load()
        .unwrap_err();
    assert!(
        error.to_string().contains("a folder or an `.amat` file"),
        "{error}"
    );
    let error = RotatedMnistConfig::default()
        .with_path(folder.path().join("nowhere"))
        .load()
        .unwrap_err();
    assert!(error.to_string().contains("nowhere is missing"), "{error}");
}

/// A line for each digit: its number as brightness at one place, its label in the last column.
fn write_amat(path: &Path, count: usize) {
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    let dark = "0 ".repeat(783);
    for index in 0..count {
        writeln!(
            file,
            "{dark}{:.4} {}.0",
            index as f64 / 100_000.0,
            index % 10
        )
        .unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn the_pair_of_text_files_is_cut_as_the_protocol_says() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["train_valid", "test"]
        .map(|split| format!("mnist_all_rotation_normalized_float_{split}.amat"));
    write_amat(&folder.path().join(&names[0]), 12_000);
    let config = RotatedMnistConfig::default().with_path(folder.path());
    let valid = config.load_split(Split::Valid).unwrap();
    assert_eq!(
        (valid.images.count(), &valid.origin[..]),
        (2_000, "the community's files")
    );
    assert!((valid.images.image(1)[783] - 0.1).abs() < 1e-4);
    assert_eq!(
        config.load_split(Split::Train).unwrap().images.count(),
        10_000
    );

    // The other file is not there, or not whole.
    let error = config.load().unwrap_err().to_string();
    assert!(error.contains(&names[1]), "{error}");
    write_amat(&folder.path().join(&names[1]), 70);
    let error = config.load().unwrap_err().to_string();
    assert!(
        error.contains(&names[1]) && error.contains("expected 50000 lines, found 70"),
        "{error}"
    );

    // By itself a file may have any length.
    let alone = RotatedMnistConfig::default().with_path(folder.path().join(&names[1]));
    assert_eq!(alone.resolved().unwrap().source, RotatedMnistSource::Amat);
    assert_eq!(alone.load_split(Split::Test).unwrap().images.count(), 70);
    assert_eq!(alone.load_split(Split::All).unwrap().images.count(), 70);
    assert!(alone.load_split(Split::Train).is_err());
    assert!(alone.load().is_err());
    let train = RotatedMnistConfig::default().with_path(folder.path().join(&names[0]));
    assert_eq!(train.load_split(Split::All).unwrap().images.count(), 12_000);
    assert_eq!(
        train.load_split(Split::Valid).unwrap().images.count(),
        2_000
    );
    assert!(train.load_split(Split::Test).is_err());
}

#[test]
fn mnist_itself_is_remade_as_ever_in_seconds() {
    let config = RotatedMnistConfig::new(RotatedMnistSource::Mnist);
    let there = |_| find::find(config.source, None).ok();
    if given("MNIST", there).is_none() {
        return;
    }
    let start = Instant::now();
    let splits = config.load().unwrap();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "62,000 digits in {seconds:.2} s, {:?}",
        splits.normalisation
    );
    // A few seconds on a machine that does nothing else; the bound is for one that does.
    assert!(seconds < 120.0, "{seconds} s");
    assert_eq!(
        [&splits.train, &splits.valid, &splits.test].map(|split| split.count()),
        SIZES
    );
    assert_image(
        &splits.train,
        0,
        2,
        124.0698,
        &[(311, 0.83174), (399, 0.36508), (523, 0.23040)],
    );
    assert_image(
        &splits.valid,
        1999,
        3,
        74.4524,
        &[(216, 0.34992), (330, 0.84870), (489, 0.69419)],
    );
    assert_image(
        &splits.test,
        49_999,
        8,
        100.3951,
        &[(237, 0.89542), (402, 0.85917), (535, 0.39584)],
    );
}

#[test]
fn a_share_of_the_training_digits_is_part_of_a_larger_one() {
    let load = |fraction| {
        let config = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn);
        config.with_train_fraction(fraction).load().unwrap()
    };
    let [tenth, half, all] = [0.1, 0.5, 1.0].map(load);
    let sizes = [&tenth, &half, &all].map(|splits| splits.train.count());
    assert_eq!(sizes, [400, 2000, 4000]);
    assert_eq!(tenth.description.train, 400);
    assert_eq!(tenth.test.count(), BUILT_IN_SIZES[2]);
    let images = |images: &ImageDataset| -> Vec<Vec<u32>> {
        let bits = |index| images.image(index).iter().map(|p| p.to_bits()).collect();
        (0..images.count()).map(bits).collect()
    };
    let parts = [&tenth, &half, &all].map(|splits| images(&splits.train));
    // In order: each is found after the one before it.
    for pair in parts.windows(2) {
        let mut larger = pair[1].iter();
        assert!(
            pair[0]
                .iter()
                .all(|image| larger.any(|other| other == image))
        );
    }
    let config = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn);
    let train = config
        .clone()
        .with_train_fraction(0.1)
        .load_split(Split::Train);
    assert_eq!(train.unwrap().images.labels(), tenth.train.labels());
    assert!(config.with_train_fraction(0.0).load().is_err());
}
