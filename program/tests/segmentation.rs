//! Classes of pixels, from a folder of images and masks to masks of other images.

mod common;

use std::fs;
use std::path::Path;

use common::{fail, run_file, succeed};
use image::{ImageReader, Luma, Rgb, RgbImage};
use serde_json::Value;

const SETTINGS: &str = r#"
[model]
group = "C4"
channels = [4, 6]
blocks = 1
[augmentation]
rotation = "right-angles"
flip = true
[optimizer]
lr = 1e-2
[training]
epochs = 2
batch_size = 4
"#;

const CARRIED: &str = r#"
task = "segmentation"
seed = 2
[dataset]
source = "built-in"
patch_size = 32
patches_per_image = 4
train_limit = 6
valid_limit = 2
test_limit = 3
"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn trained(folder: &Path) {
    let file = run_file(folder, &format!("{CARRIED}{SETTINGS}"));
    let file = file.to_str().expect("a path");
    succeed(folder, &["train", file, "--output", "run", "--no-tui"]);
}

/// A picture of dark discs on light ground.
fn picture(path: &Path, [width, height]: [u32; 2]) {
    let inside = |x: u32, y: u32| (x % 24).abs_diff(12).pow(2) + (y % 24).abs_diff(12).pow(2) < 60;
    let colour = |x, y| match inside(x, y) {
        true => Rgb([90, 50, 120]),
        false => Rgb([230, 190, 220]),
    };
    RgbImage::from_fn(width, height, colour)
        .save(path)
        .expect("a picture");
}

#[test]
fn a_network_for_pixels_is_trained_measured_and_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    trained(folder);
    let report = json(&fs::read_to_string(folder.join("run/report.json")).expect("a report"));
    let metrics = &report["test"]["metrics"];
    for name in ["dice", "iou", "accuracy", "f1", "loss"] {
        assert!(metrics[name].is_f64(), "{name}: {metrics}");
    }
    assert_eq!(report["test"]["goal"], "dice");
    // What it says turns with the images.
    for element in report["equivariance"].as_array().expect("elements") {
        assert!(
            element["relative_error"]
                .as_f64()
                .is_some_and(|error| error < 1e-5),
            "{element}"
        );
    }

    let measured = json(&succeed(folder, &["eval", "run", "--json"]));
    assert_eq!(measured["same_data"], true);
    assert_eq!(measured["metrics"], *metrics);

    picture(&folder.join("discs.png"), [75, 50]);
    let answer = succeed(
        folder,
        &["predict", "run", "discs.png", "--json", "--output", "out"],
    );
    let masks = &json(&answer)["masks"][0];
    assert_eq!(masks["size"], serde_json::json!([50, 75]));
    let pixels: u64 = (masks["pixels"].as_array().expect("counts").iter())
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(pixels, 50 * 75);
    let numbers = ImageReader::open(folder.join("out/discs-instances.png")).expect("a file");
    let numbers = numbers.decode().expect("a picture").into_luma16();
    assert_eq!(numbers.dimensions(), (75, 50));
    let most = numbers.pixels().map(|Luma([number])| *number).max();
    assert_eq!(most.map(u64::from), masks["things"].as_u64());
    let overlay = ImageReader::open(folder.join("out/discs-overlay.png")).expect("a file");
    assert_eq!(
        overlay
            .decode()
            .expect("a picture")
            .into_rgb8()
            .dimensions(),
        (75, 50)
    );

    // The picture turned by 90° has the turned classes, tiles or not.
    let upright = image::open(folder.join("discs.png")).expect("a picture");
    upright
        .rotate90()
        .save(folder.join("turned.png"))
        .expect("saved");
    succeed(
        folder,
        &[
            "predict",
            "run",
            "turned.png",
            "--output",
            "out",
            "--tile",
            "32",
        ],
    );
    let classes = |name: &str| {
        let file = folder.join("out").join(name);
        image::open(file).expect("a picture").into_rgb8()
    };
    let expected = image::imageops::rotate90(&classes("discs-classes.png"));
    assert_eq!(classes("turned-classes.png"), expected);
}

#[test]
fn training_goes_on_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    trained(folder);
    let text = format!("{CARRIED}{SETTINGS}").replace("epochs = 2", "epochs = 1");
    let short = run_file(folder, &text);
    let short = short.to_str().expect("a path");
    succeed(folder, &["train", short, "--output", "half", "--no-tui"]);
    let more = [
        "train",
        short,
        "--output",
        "half",
        "--no-tui",
        "--resume",
        "--set",
        "training.epochs=2",
    ];
    succeed(folder, &more);
    let weights = |run: &str| fs::read(folder.join(run).join("last.safetensors")).expect("weights");
    assert!(weights("half") == weights("run"), "the weights differ");
}

/// Two folders, classes in place of things, mixed sizes.
#[test]
fn folders_of_images_and_masks_are_learned_and_their_faults_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let data = folder.join("data");
    fs::create_dir_all(data.join("images")).expect("a folder");
    fs::create_dir_all(data.join("masks")).expect("a folder");
    for number in 0..8u32 {
        let [width, height] = [40 + number, 44];
        let path = data.join(format!("images/{number}.png"));
        picture(&path, [width, height]);
        let image = image::open(&path).expect("a picture").into_rgb8();
        let mask = image::GrayImage::from_fn(width, height, |x, y| {
            Luma([u8::from(image.get_pixel(x, y).0[0] < 160)])
        });
        mask.save(data.join(format!("masks/{number}.png")))
            .expect("a mask");
    }
    let dataset = r#"
task = "segmentation"
[dataset]
source = "folder"
path = "data"
masks = "classes"
classes = ["ground", "disc"]
patch_size = 24
valid_fraction = 0.25
test_fraction = 0.25
"#;
    let file = run_file(folder, &format!("{dataset}{SETTINGS}"));
    let file = file.to_str().expect("a path");
    succeed(folder, &["train", file, "--output", "run", "--no-tui"]);
    let report = json(&fs::read_to_string(folder.join("run/report.json")).expect("a report"));
    let metrics = &report["test"]["metrics"];
    assert!(
        metrics["dice"].is_f64() && metrics["f1"].is_null(),
        "{metrics}"
    );
    let said = succeed(
        folder,
        &["predict", "run", "data/images/3.png", "--output", "out"],
    );
    assert!(said.contains("disc") && !said.contains("things"), "{said}");
    assert!(!folder.join("out/3-instances.png").exists());

    let refused = |set: &str, part: &str| {
        let error = fail(
            folder,
            &["train", file, "--output", "refused", "--set", set],
        );
        assert!(error.contains(part), "{set}: {error}");
        assert!(!folder.join("refused").exists());
    };
    refused("dataset.classes=[\"ground\"]", "classes");
    refused("training.goal=\"auc\"", "training.goal");
    refused("training.sampling=\"balanced\"", "training.sampling");
    refused("model.kind=\"gcnn\"", "unet");
    fs::remove_file(data.join("masks/5.png")).expect("removed");
    refused("seed=1", "5");
}

#[test]
fn what_is_for_other_networks_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    trained(folder);
    picture(&folder.join("discs.png"), [40, 40]);
    let error = fail(folder, &["predict", "run", "discs.png", "--csv"]);
    assert!(error.contains("class of each pixel"), "{error}");
    let error = fail(folder, &["export", "run"]);
    assert!(error.contains("plain form"), "{error}");
    fs::write(folder.join("broken.png"), b"not a picture").expect("written");
    let error = fail(folder, &["predict", "run", "broken.png", "--output", "out"]);
    assert!(
        error.contains("broken.png") && !folder.join("out/broken-classes.png").exists(),
        "{error}"
    );
    let said = succeed(folder, &["equivariance", "run"]);
    assert!(
        said.contains("class shares") || said.contains("up 1"),
        "{said}"
    );
}
