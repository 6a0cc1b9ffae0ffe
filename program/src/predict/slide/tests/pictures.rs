//! Reading pictures, and writing them whole or not at all.

use burn::tensor::activation::softmax;
use gcnn_datasets::ImageFolderConfig;
use gcnn_train::run_file::{ImageDatasetConfig, RunConfig};
use gcnn_train::task::Split;
use gcnn_train::tasks::classification::Classification;
use image::{GrayImage, Luma, RgbImage};
use tempfile::TempDir;

use super::super::*;
use super::{CONVOLUTIONS, network, picture};
use crate::predict::picture::predict;

/// The checksum of a PNG's chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[test]
fn damaged_pictures_leave_nothing_behind() {
    let network = network(CONVOLUTIONS, 3, |_| ());
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tissue.png");
    let noise = RgbImage::from_fn(40, 400, |x, y| {
        image::Rgb([(x * y) as u8, (x ^ y) as u8, x as u8])
    });
    noise.save(&file).expect("saved");
    let whole = std::fs::read(&file).expect("bytes");
    let output = folder.path().join("out");
    let refused = |bytes: &[u8]| {
        std::fs::write(&file, bytes).expect("written");
        let options = MapOptions {
            output: output.clone(),
            tile: 32,
        };
        let error =
            map(&network, &file, &options, &Device::flex(), |_, _| ()).expect_err("refused");
        let left = std::fs::read_dir(&output).map_or(0, |entries| entries.count());
        assert_eq!(left, 0, "files are left behind");
        gcnn_train::error::chain(&error)
    };
    for share in [0.3, 0.9] {
        let error = refused(&whole[..(whole.len() as f64 * share) as usize]);
        assert!(error.contains("tissue.png"), "{error}");
    }
    let mut changed = whole.clone();
    let middle = whole.len() / 2;
    changed[middle..middle + 40]
        .iter_mut()
        .for_each(|byte| *byte ^= 0x55);
    assert!(refused(&changed).contains("tissue.png"));
    // A header that declares more than anybody has.
    for sides in [[u32::MAX / 2, 400], [40, u32::MAX / 2], [1 << 18, 1 << 18]] {
        let mut huge = whole.clone();
        huge[16..20].copy_from_slice(&sides[0].to_be_bytes());
        huge[20..24].copy_from_slice(&sides[1].to_be_bytes());
        let sum = crc(&huge[12..29]);
        huge[29..33].copy_from_slice(&sum.to_be_bytes());
        let error = refused(&huge);
        assert!(
            error.contains("tissue.png") && error.contains("at most 131072"),
            "{error}"
        );
    }
    // More rows than there are.
    let mut tall = whole.clone();
    tall[20..24].copy_from_slice(&100_000u32.to_be_bytes());
    let sum = crc(&tall[12..29]);
    tall[29..33].copy_from_slice(&sum.to_be_bytes());
    assert!(refused(&tall).contains("tissue.png"));
    assert!(refused(b"no picture").contains("tissue.png"));
}

#[test]
fn pictures_that_cannot_be_written_leave_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map.png");
    let left = || std::fs::read_dir(&folder).expect("the folder").count();
    // A header without pixels.
    assert!(Canvas::colour(&path, [0, 5]).is_err());
    assert_eq!(left(), 0);
    // A folder in the picture's place.
    std::fs::create_dir(&path).expect("a folder");
    let mut canvas = Canvas::colour(&path, [1, 1]).expect("begun");
    canvas.write(&[1, 2, 3]).expect("a row");
    assert!(canvas.finish().is_err());
    assert_eq!(left(), 1);
}

#[test]
fn pictures_whose_maps_would_have_one_name_are_refused() {
    let check = |names: &[&str]| check_names(names.iter().map(Path::new));
    assert!(check(&["a.png", "b.png", "c/d.png"]).is_ok());
    for names in [
        ["a/x.png", "b/x.png"],
        ["x.png", "x.tiff"],
        ["x.png", "x.png"],
    ] {
        let error = check(&names).expect_err("refused").to_string();
        assert!(names.iter().all(|name| error.contains(name)), "{error}");
    }
}

#[test]
fn scores_that_are_no_numbers_give_no_class() {
    // Three classes of a band of one row of two patches: the second class of the second patch is unknown.
    let scores = [0.1, 0.9, 0.7, f32::NAN, 0.7, 0.0];
    let mut classes = [0; 2];
    gcnn_models::pictures::best_classes(&scores, [1, 2], &mut classes, 2, 0);
    // Of equal scores the first counts.
    assert_eq!(classes, [1, NO_CLASS]);
    let mut patches = [0; 3];
    count_classes(&classes, &mut patches);
    assert_eq!(patches, [0, 1, 0]);
}

#[test]
fn maps_are_never_written_over_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    for name in ["x.png", "x-classes.png", "y.png", "y-overlay.png"] {
        std::fs::write(at(name), b"").expect("written");
    }
    let inputs = ["x.png", "y.png", "x-classes.png", "y-overlay.png"].map(at);
    for (file, taken) in [("x.png", "x-classes.png"), ("y.png", "y-overlay.png")] {
        let error = check_outputs(&at(file), folder.path(), &inputs).expect_err("refused");
        let error = error.to_string();
        assert!(
            error.contains(taken) && error.contains("--output"),
            "{error}"
        );
    }
    assert!(check_outputs(&at("x.png"), folder.path(), &inputs[..2]).is_ok());
    assert!(check_outputs(&at("x.png"), &at("out"), &inputs).is_ok());
}

/// A light patch in grey is the same to prediction, evaluation and the map of a slide: no digit, and not turned around.
#[test]
fn a_light_grey_patch_is_the_same_to_all() {
    let folder = tempfile::tempdir().expect("a folder");
    for class in ["test/a", "test/b", "train/a", "train/b", "train/c"] {
        std::fs::create_dir_all(folder.path().join(class)).expect("a folder");
    }
    let patch = image::imageops::crop_imm(&picture(), 20, 30, 32, 32).to_image();
    let patch = GrayImage::from_fn(32, 32, |x, y| Luma([160 + patch.get_pixel(x, y)[0] / 4]));
    let file = folder.path().join("test/b/patch.png");
    patch.save(&file).expect("saved");
    patch
        .save(folder.path().join("train/c/patch.png"))
        .expect("saved");

    let device = Device::flex();
    let mut network = network(CONVOLUTIONS, 1, |_| ());
    network.format.class_names = Some(["a", "b", "c"].map(String::from).to_vec());
    let source = ImageFolderConfig::new(folder.path()).with_grey(true);
    network.experiment.dataset = ImageDatasetConfig::ImageFolder(source);
    let format = network.format.clone();
    let config = RunConfig::default();
    let task = Classification::of_split(&network.experiment, &config, format, None, Split::Test);
    let evaluated = task
        .expect("a task")
        .test_images(0..1, &device)
        .expect("a patch");
    let evaluated = softmax(network.model.forward(evaluated), 1);
    let evaluated: Vec<f32> = evaluated.into_data().iter().collect();

    let mut answers = Vec::new();
    predict(
        &network,
        std::slice::from_ref(&file),
        &device,
        |_, answer| {
            answers.push(answer?);
            Ok(())
        },
    )
    .expect("a prediction");
    let predicted = &answers[0];
    let mut rows = PictureRows::open(&file, LIMITS).expect("rows");
    let mut strip = Strip {
        first: 0,
        width: 32,
        channels: rows.channels(),
        samples: rows.none(),
    };
    rows.read(32, &mut strip.samples).expect("pixels");
    let grid = PatchGrid::new([32, 32], [32, 32], network.model.stride());
    let mapped = tile(&network, &strip, &grid, [0, 0], [1, 1], &device).expect("scores");
    let mapped = softmax(Tensor::<1>::from_floats(&mapped[..], &device), 0);
    let mapped: Vec<f32> = mapped.into_data().iter().collect();
    for (index, expected) in evaluated.iter().enumerate() {
        for found in [predicted.probabilities[index], mapped[index]] {
            assert!(
                (found - expected).abs() < 1e-4,
                "{evaluated:?}, {predicted:?}, {mapped:?}"
            );
        }
    }
}
