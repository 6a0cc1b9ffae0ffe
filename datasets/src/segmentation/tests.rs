//! Tests of images with masks: on the carried images, on small folders made here, and on whole folders where they are.

mod refused;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use image::{GrayImage, ImageBuffer, Luma, RgbImage};
use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::nuclei::{Border, NucleiConfig};
use crate::testing::given;
use crate::{DatasetError, Split};

fn built_in() -> SegmentationConfig {
    SegmentationConfig::new(SegmentationSource::BuiltIn)
}

fn names(dataset: &SegmentationDataset) -> BTreeSet<String> {
    let names = dataset.scenes().iter().map(|scene| scene.name.clone());
    names.collect()
}

/// Rows and columns of the k-th image of a folder made here.
fn size(number: usize) -> [u32; 2] {
    [40, 48 + number as u32]
}

/// A square instance in each image, larger from image to image, and another one that touches it.
fn number(number: usize, x: u32, y: u32) -> u16 {
    let side = 12 + number as u32;
    match ((10..10 + side).contains(&y), x) {
        (true, 12..24) => 999,
        (true, 24..30) => 7,
        _ => 0,
    }
}

fn picture(index: usize) -> RgbImage {
    let [height, width] = size(index);
    RgbImage::from_fn(width, height, |x, y| {
        let red = if number(index, x, y) > 0 { 200 } else { 10 };
        image::Rgb([red, index as u8, x as u8])
    })
}

fn labels(index: usize) -> ImageBuffer<Luma<u16>, Vec<u16>> {
    let [height, width] = size(index);
    ImageBuffer::from_fn(width, height, |x, y| Luma([number(index, x, y)]))
}

/// A folder with images beside their masks.
fn beside(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (index, name) in names.iter().enumerate() {
        let path = |end: &str| folder.path().join(format!("{name}{end}"));
        picture(index).save(path(".png")).unwrap();
        labels(index).save(path("_labels.png")).unwrap();
    }
    folder
}

/// The same in the folders `images` and `masks`.
fn apart(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for inner in ["images", "masks"] {
        fs::create_dir(folder.path().join(inner)).unwrap();
    }
    for (index, name) in names.iter().enumerate() {
        let path = |end: &str| folder.path().join(end).join(name);
        let [image, mask] = [path("images"), path("masks")];
        let ending = if index % 2 == 0 { "png" } else { "tif" };
        picture(index).save(image.with_extension("bmp")).unwrap();
        labels(index).save(mask.with_extension(ending)).unwrap();
    }
    folder
}

fn of(folder: &TempDir) -> SegmentationConfig {
    SegmentationConfig::default().with_path(folder.path())
}

#[test]
fn the_carried_images_make_three_splits_of_whole_scenes() {
    let start = Instant::now();
    let splits = built_in().load().unwrap();
    println!("{} in {:.2?}", splits.description, start.elapsed());
    let parts = [&splits.train, &splits.valid, &splits.test];
    assert_eq!(parts.map(|part| part.len()), [14, 4, 6]);
    let shares = splits.train.class_shares();
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && shares.iter().all(|s| *s > 0.02));
    let nuclei = NucleiConfig::new(SegmentationSource::BuiltIn);
    for dealt in nuclei.images().unwrap() {
        let name = dealt.image.name;
        let part = dealt.split.map(|split| parts[split as usize]).unwrap();
        let found = part.scenes().iter().find(|scene| scene.name == name);
        let (scene, tissue) = (found.unwrap(), nuclei.tissue(&name).unwrap());
        let [height, width] = tissue.size;
        assert_eq!(scene.shape(), [3, height, width]);
        assert_eq!(scene.instances.as_ref(), Some(&tissue.labels));
        assert_eq!(scene.classes, tissue.classes());
        let (channel, place) = (2, height * width / 2 + 3);
        let byte = tissue.pixels[3 * place + channel];
        let value = scene.pixels[channel * height * width + place];
        assert_eq!(value, f32::from(byte) / 255.0);
    }
    // By hand over all pixels of green.
    let green = splits.train.scenes().iter().flat_map(|scene| {
        let plane = scene.height * scene.width;
        scene.pixels[plane..2 * plane]
            .iter()
            .copied()
            .map(f64::from)
    });
    let green: Vec<f64> = green.collect();
    let mean = green.iter().sum::<f64>() / green.len() as f64;
    let variance = green
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    let normalisation = &splits.normalisation;
    assert!((f64::from(normalisation.mean[1]) - mean).abs() < 1e-5);
    let deviation = (variance / green.len() as f64).sqrt();
    assert!((f64::from(normalisation.std[1]) - deviation).abs() < 1e-5);
    assert_eq!(splits.get(Split::All).unwrap().len(), 24);
}

/// The instances of all images grown back from their own classes.
fn grown_back(dataset: &SegmentationDataset) -> [f64; 2] {
    let mut matches = InstanceMatches::default();
    for scene in dataset.scenes() {
        let size = [scene.height, scene.width];
        let found = watershed_of_classes(&scene.classes, size, 1).unwrap();
        matches.merge(match_instances(scene.instances.as_ref().unwrap(), &found));
    }
    let [f1, iou] = [matches.f1(0.5), matches.mean_iou()].map(Option::unwrap);
    let count = matches.true_instances;
    println!("grown back: F1 {f1:.3}, mean IoU {iou:.3} of {count}");
    [f1, iou]
}

/// Nuclei without interior are lost, and narrow ones fall apart, but the rest are what they were.
#[test]
fn instances_come_back_from_their_classes() {
    let test = |pixels| {
        let config = built_in().with_border(Border::Pixels(pixels));
        config.load_split(Split::Test).unwrap()
    };
    let [[f1, iou], [narrow_f1, narrow_iou]] = [2.0, 1.0].map(|pixels| grown_back(&test(pixels)));
    assert!(f1 > 0.94 && f1 < 1.0 && iou > 0.98, "{f1}, {iou}");
    // Of a narrower border fewer are lost.
    assert!(
        narrow_f1 > f1 && narrow_iou > 0.98,
        "{narrow_f1}, {narrow_iou}"
    );
}

#[test]
fn fewer_training_images_are_part_of_more_and_there_are_other_choices() {
    let load = |config: SegmentationConfig| names(&config.load_split(Split::Train).unwrap());
    let part = |fraction| built_in().with_train_fraction(fraction);
    let [tenth, third, all] = [0.1, 0.3, 1.0].map(|fraction| load(part(fraction)));
    assert_eq!([tenth.len(), third.len(), all.len()], [2, 5, 14]);
    assert!(tenth.is_subset(&third) && third.is_subset(&all));
    assert_eq!(load(built_in().with_limits([Some(2), None, None])), tenth);
    let other = load(part(0.3).with_subset_seed(1));
    assert!(other != third && other.is_subset(&all));
    assert!(load(part(0.1).with_subset_seed(1)).is_subset(&other));
    // The other splits stay.
    let test = |config: SegmentationConfig| names(&config.load_split(Split::Test).unwrap());
    assert_eq!(test(part(0.1).with_subset_seed(1)), test(built_in()));
    assert_eq!(built_in().load_split(Split::All).unwrap().len(), 24);
    let one = built_in().with_limits([Some(1), Some(1), Some(2)]);
    let splits = one.load().unwrap();
    assert_eq!(
        [splits.train.len(), splits.valid.len(), splits.test.len()],
        [1, 1, 2]
    );
}

#[test]
fn side_by_side_and_apart_are_the_same_data() {
    let names = ["a", "b", "c"];
    let (beside, apart) = (beside(&names), apart(&names));
    let [one, other] = [&beside, &apart].map(|folder| of(folder).load_split(Split::All).unwrap());
    assert_eq!(one.scenes(), other.scenes());
    assert_eq!(one.identity(), other.identity());
    let sizes: Vec<_> = one.scenes().iter().map(Scene::shape).collect();
    assert_eq!(sizes, [[3, 40, 48], [3, 40, 49], [3, 40, 50]]);
    let scene = &one.scenes()[1];
    // Both instances have a border where they touch.
    let row = &scene.classes[16 * 49..17 * 49];
    assert_eq!(
        row[10..32],
        [
            0, 0, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 0, 0
        ]
    );
    let wide = of(&apart).with_border(Border::Pixels(3.0));
    let wide = wide.load_split(Split::All).unwrap();
    assert_ne!(wide.identity(), one.identity());
    assert_eq!(one.slice(1..9).scenes(), &one.scenes()[1..]);
    assert_ne!(one.slice(1..9).identity(), one.identity());
    let grey = of(&apart).with_grey(true).load_split(Split::All).unwrap();
    assert_eq!(
        (grey.channels(), grey.scenes()[0].pixels.len()),
        (1, 40 * 48)
    );
    assert!(SegmentationDataset::concatenate(&[&one, &grey]).is_err());
}

/// A PNG of numbers below a power of two, with a palette or grey.
fn png(
    path: &Path,
    [height, width]: [u32; 2],
    depth: png::BitDepth,
    palette: bool,
    numbers: &[u8],
) {
    let file = fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_depth(depth);
    encoder.set_color(png::ColorType::Grayscale);
    if palette {
        encoder.set_color(png::ColorType::Indexed);
        // Colours that say nothing about the numbers, and one that is transparent.
        encoder.set_palette(vec![9, 9, 200, 0, 250, 3, 77, 0, 0, 1, 2, 3]);
        encoder.set_trns(vec![255, 0]);
    }
    let bits = depth as usize;
    let line = |row: &[u8]| -> Vec<u8> {
        let bytes = row.chunks(8 / bits);
        bytes
            .map(|part| {
                let placed = part.iter().enumerate();
                placed.fold(0, |byte, (at, number)| {
                    byte | number << (8 - bits - at * bits)
                })
            })
            .collect()
    };
    let packed: Vec<u8> = numbers.chunks(width as usize).flat_map(line).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&packed).unwrap();
}

#[rstest]
#[case::palette(png::BitDepth::Eight, true, 3)]
#[case::palette_of_few_bits(png::BitDepth::Two, true, 3)]
#[case::palette_of_half_bytes(png::BitDepth::Four, true, 3)]
#[case::grey(png::BitDepth::Eight, false, 3)]
#[case::grey_of_few_bits(png::BitDepth::Two, false, 3)]
#[case::black_and_white(png::BitDepth::One, false, 2)]
fn masks_of_classes_are_numbers_however_they_are_packed(
    #[case] depth: png::BitDepth,
    #[case] palette: bool,
    #[case] classes: u8,
) {
    let folder = tempfile::tempdir().unwrap();
    for inner in ["images", "masks"] {
        fs::create_dir(folder.path().join(inner)).unwrap();
    }
    let numbers: Vec<u8> = (0..5 * 7)
        .map(|place| (place * place % 11) as u8 % classes)
        .collect();
    let image = GrayImage::from_fn(7, 5, |x, y| Luma([(20 * x + 11 * y) as u8]));
    image.save(folder.path().join("images/a.jpg")).unwrap();
    png(
        &folder.path().join("masks/a.png"),
        [5, 7],
        depth,
        palette,
        &numbers,
    );
    let names = ["sky", "road", "tree"].iter().take(usize::from(classes));
    let config = of(&folder).with_classes(names.copied());
    let scenes = config.load_split(Split::All).unwrap();
    let scene = &scenes.scenes()[0];
    assert_eq!((&scene.classes, &scene.instances), (&numbers, &None));
    // A grey image is three equal channels.
    assert_eq!(scene.pixels[..35], scene.pixels[70..]);
    let shares = scenes.class_shares();
    let second = numbers.iter().filter(|number| **number == 1).count() as f64;
    assert_eq!(shares[1], second / 35.0);
    assert_eq!(scenes.class_names()[1], "road");
    let train = config.with_held_out(0.0, 0.0).load().unwrap().train;
    assert_eq!(train.identity(), scenes.identity());
}

#[test]
fn a_list_says_what_counts_and_how_it_was_stained() {
    let folder = apart(&["a", "b", "c", "d"]);
    let list = folder.path().join("index.csv");
    fs::write(&list, "image;stain\nd;pink\na;blue\nb;blue\n").unwrap();
    assert_eq!(names(&of(&folder).load_split(Split::All).unwrap()).len(), 3);
    let config = of(&folder)
        .with_test_stains(["pink"])
        .with_held_out(0.5, 0.25);
    let splits = config.load().unwrap();
    let found = [&splits.train, &splits.valid, &splits.test].map(|part| names(part));
    assert_eq!(found[2], BTreeSet::from(["d".to_string()]));
    assert_eq!([found[0].len(), found[1].len()], [1, 1]);
    let said = splits.description.to_string();
    assert!(said.contains("tested on pink"), "{said}");
    // All of it is every image, of every stain.
    assert_eq!(config.load_split(Split::All).unwrap().len(), 3);
    let error = of(&folder).with_train_stains(["green"]).load().unwrap_err();
    assert!(error.to_string().starts_with("train_stains"), "{error}");
    let mut whole = config.with_train_fraction(0.5);
    whole.use_all_of(folder.path());
    assert_eq!(names(&whole.load_split(Split::All).unwrap()).len(), 3);
    assert_eq!((whole.train_fraction, whole.test_stains), (1.0, None));
}

#[test]
fn a_list_may_say_the_split() {
    let given = "image,stain,split\na,x,test\nb,x,train\nc,x,valid\nd,y,train\ne,y,test\n";
    let all = ["a", "b", "c", "d", "e"];
    for folder in [apart(&all), beside(&all)] {
        let list = folder.path().join("index.csv");
        fs::write(&list, given).unwrap();
        let found = |config: &SegmentationConfig| {
            let splits = config.load().unwrap();
            let parts = [&splits.train, &splits.valid, &splits.test];
            let names = parts.map(|part| names(part).into_iter().collect::<String>());
            (names.join(" "), splits.description.origin)
        };
        let (names, origin) = found(&of(&folder).with_held_out(0.0, 0.0));
        assert_eq!(names, "bd c ae");
        assert!(origin.contains("split as its index.csv says"), "{origin}");
        let half = of(&folder).with_train_fraction(0.5);
        let halves: BTreeSet<String> = (0..20)
            .map(|seed| found(&half.clone().with_subset_seed(seed)).0)
            .collect();
        let either = ["b c ae", "d c ae"].map(String::from);
        assert_eq!(halves, BTreeSet::from(either));
        let (names, _) = found(&of(&folder).with_test_stains(["y"]).with_train_stains(["x"]));
        assert_eq!(names, "b c e");
        fs::write(&list, given.replace("valid", "all")).unwrap();
        let error = of(&folder).load().unwrap_err().to_string();
        assert!(error.contains("index.csv: expected train, valid or test, found \"all\" in line 4, column 3 (`split`)"), "{error}");
    }
}

#[test]
fn empty_masks_and_merged_instances_are_told() {
    let folder = beside(&["a", "b", "c", "d"]);
    let save = |name: &str, label: fn(u32, u32) -> u8| {
        let [height, width] = size(
            b"abcd"
                .iter()
                .position(|n| [*n] == name.as_bytes())
                .unwrap(),
        );
        let mask = GrayImage::from_fn(width, height, |x, y| Luma([label(x, y)]));
        mask.save(folder.path().join(format!("{name}_labels.png")))
            .unwrap();
    };
    save("b", |_, _| 0);
    save("c", |x, y| 255 * u8::from(y < 12 && !(12..20).contains(&x)));
    let splits = of(&folder).load().unwrap();
    for sentence in [
        "; 1 of 4 masks are empty (b)",
        "; 1 of 4 masks have one number for several instances (c)",
    ] {
        assert!(
            splits.description.origin.contains(sentence),
            "{}",
            splits.description
        );
    }
    let empty = of(&folder).load_split(Split::All).unwrap();
    assert!(empty.scenes()[1].classes.iter().all(|class| *class == 0));
}

#[test]
fn whole_scenes_come_once_each() {
    let folder = beside(&["a", "b", "c"]);
    let dataset = Arc::new(of(&folder).load_split(Split::All).unwrap());
    let batches: Vec<_> = SceneLoader::new(dataset.clone()).collect();
    assert_eq!(batches.len(), 3);
    for (number, (batch, scene)) in batches.iter().zip(dataset.scenes()).enumerate() {
        assert_eq!((batch.count, &batch.scenes[..]), (1, &[number as u32][..]));
        assert_eq!([batch.channels, batch.height, batch.width], scene.shape());
        assert_eq!(
            (&batch.images, &batch.classes),
            (&scene.pixels, &scene.classes)
        );
    }
    let normalisation = dataset.mean_and_deviation();
    let mut loader = SceneLoader::new(dataset.clone())
        .with_normalisation(Some(normalisation.clone()))
        .unwrap();
    let expected = (dataset.scenes()[0].pixels[0] - normalisation.mean[0]) / normalisation.std[0];
    let found = loader.next().unwrap().images[0];
    assert!((found - expected).abs() < 1e-6);
    let grey = crate::ChannelNormalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    assert!(
        SceneLoader::new(dataset)
            .with_normalisation(Some(grey))
            .is_err()
    );
}

#[test]
fn settings_are_named_as_in_run_files_and_checked() {
    assert_eq!(
        toml::to_string(&built_in().with_path("d")).unwrap(),
        "source = \"built-in\"\npath = \"d\"\nseed = 0\nmasks = \"instances\"\npatch_size = 64\npatches_per_image = 8\n\
         valid_fraction = 0.15\ntest_fraction = 0.25\ntrain_fraction = 1.0\n"
    );
    assert_eq!(
        toml::from_str::<SegmentationConfig>("").unwrap(),
        SegmentationConfig::default()
    );
    assert!(toml::from_str::<SegmentationConfig>("mask = \"classes\"").is_err());
    let other = built_in()
        .with_classes(["a", "b"])
        .with_grey(true)
        .with_border(Border::Relative(0.1))
        .with_subset_seed(3)
        .with_limits([Some(1), None, Some(2)]);
    let text = toml::to_string(&other).unwrap();
    assert_eq!(toml::from_str::<SegmentationConfig>(&text).unwrap(), other);
    for (text, field) in [
        ("patch_size = 0", "patch_size"),
        ("patch_size = 5000", "patch_size"),
        ("patches_per_image = 0", "patches_per_image"),
        ("train_fraction = nan", "train_fraction"),
        ("valid_fraction = -0.1", "valid_fraction"),
        ("valid_fraction = 0.5\ntest_fraction = 0.5", "test_fraction"),
        ("border = { pixels = 0.5 }", "border"),
        ("classes = [\"a\", \"b\"]", "classes: expected none where"),
        ("masks = \"classes\"", "classes: expected 2 to 256 names"),
        ("masks = \"classes\"\nclasses = [\"a\"]", "classes"),
        (
            "masks = \"classes\"\nclasses = [\"a\", \"b\", \"a\"]",
            "classes: expected different",
        ),
    ] {
        let config: SegmentationConfig = toml::from_str(text).unwrap();
        let error = config.load().unwrap_err().to_string();
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn what_auto_means_is_found_out() {
    let folder = apart(&["a"]);
    let mut config = of(&folder);
    config.resolve().unwrap();
    assert_eq!(config.source, SegmentationSource::Folder);
    assert!(
        config
            .origin()
            .starts_with(&format!("images and masks of {}", folder.path().display()))
    );
    let mut nowhere = SegmentationConfig::default().with_path(folder.path().join("nowhere"));
    assert!(nowhere.resolve().is_err());
    assert!(nowhere.origin().contains("nowhere"));
    assert_eq!(
        built_in().origin(),
        "images of nuclei carried by gcnn-datasets, seed 0"
    );
}

#[test]
fn whole_folders_are_read_where_they_are() {
    for (name, grey, images) in [("nuclei", false, 86), ("fluorescence", true, 166)] {
        let there = |data: std::path::PathBuf| Some(data.join(name)).filter(|at| at.is_dir());
        let Some(path) = given(name, there) else {
            continue;
        };
        let start = Instant::now();
        let config = SegmentationConfig::new(SegmentationSource::Folder)
            .with_path(path)
            .with_grey(grey);
        let splits = config.load().unwrap();
        println!("{} in {:.2?}", splits.description, start.elapsed());
        println!(
            "{:?}, {:?}",
            splits.normalisation,
            splits.train.class_shares()
        );
        assert_eq!(splits.get(Split::All).unwrap().len(), images);
        let start = Instant::now();
        let [f1, iou] = grown_back(&splits.test);
        println!("in {:.2?}", start.elapsed());
        assert!(f1 > 0.9 && iou > 0.95, "{f1}, {iou}");
        let start = Instant::now();
        let options = crate::BatchOptions::new(16)
            .with_shuffle(true)
            .with_augmentation(crate::Augmentation {
                rotation: crate::RotationAugmentation::Continuous,
                flip: true,
                ..crate::Augmentation::none()
            });
        let loader = PatchLoader::new(splits.train.clone(), 64, 8, &options).unwrap();
        let patches: usize = loader.map(|batch| batch.count).sum();
        println!("{patches} patches in {:.2?}", start.elapsed());
        assert_eq!(patches, 8 * splits.train.len());
    }
}
