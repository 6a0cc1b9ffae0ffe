//! Tests of patches of nuclei: on the carried images, on small folders made here, and on the whole folder where it is.

mod magnification;

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use image::{GrayImage, ImageBuffer, Luma, RgbImage};
use tempfile::TempDir;

use super::*;
use crate::ImageDataset;
use crate::testing::given;

fn built_in() -> NucleiConfig {
    NucleiConfig::new(NucleiSource::BuiltIn)
}

/// A folder with images of 40 × 48 pixels: one square nucleus each, in red on a ground that tells the images apart.
fn folder(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, name) in names.iter().enumerate() {
        let inside = |x: u32, y: u32| (12..30).contains(&x) && (10..28).contains(&y);
        let tissue = RgbImage::from_fn(48, 40, |x, y| {
            let red = if inside(x, y) { 200 } else { 10 };
            image::Rgb([red, number as u8, 7])
        });
        let labels: ImageBuffer<Luma<u16>, Vec<u16>> =
            ImageBuffer::from_fn(48, 40, |x, y| Luma([u16::from(inside(x, y)) * 999]));
        let path = |end: &str| folder.path().join(format!("{name}{end}"));
        tissue.save(path(".png")).unwrap();
        labels.save(path("_labels.png")).unwrap();
    }
    folder
}

fn counts(images: &ImageDataset) -> [usize; CLASSES] {
    let mut counts = [0; CLASSES];
    for label in images.labels() {
        counts[usize::from(*label)] += 1;
    }
    counts
}

fn sources(images: &ImageDataset) -> BTreeSet<u32> {
    images.sources().unwrap().iter().copied().collect()
}

#[test]
fn the_carried_images_make_three_balanced_splits() {
    let start = Instant::now();
    let splits = built_in().load().unwrap();
    println!("{} in {:.2?}", splits.description, start.elapsed());
    let parts = [&splits.train, &splits.valid, &splits.test];
    let images = parts.map(|part| sources(part));
    assert_eq!(images.each_ref().map(BTreeSet::len), [14, 4, 6]);
    assert_eq!(images[0].union(&images[1]).count(), 18);
    assert!(images[2].is_disjoint(&images[0]) && images[2].is_disjoint(&images[1]));
    for (part, images) in parts.iter().zip(&images) {
        assert_eq!(counts(part), [72 * images.len(); 3]);
        assert_eq!((part.shape(), part.classes()), ([3, 32, 32], 3));
        assert_eq!(part.class_names().unwrap(), CLASS_NAMES);
    }
    // Stained nuclei are darker than what surrounds them, above all in red: the labels belong to the pixels.
    let centre_red = |class: u8| {
        let chosen =
            (0..splits.train.count()).filter(|index| splits.train.labels()[*index] == class);
        let values: Vec<f32> = chosen
            .map(|index| splits.train.image(index)[16 * 32 + 16])
            .collect();
        values.iter().sum::<f32>() / values.len() as f32
    };
    let red = [0, 1, 2].map(centre_red);
    assert!(red[1] + 0.03 < red[2] && red[2] + 0.05 < red[0], "{red:?}");
}

#[test]
fn the_split_and_the_patches_of_seed_zero_stay_what_they_are() {
    let images = built_in().images().unwrap();
    let test: Vec<&str> = images
        .iter()
        .filter(|image| image.split == Some(Split::Test))
        .map(|image| &image.image.name[..])
        .collect();
    let patches = built_in().load_split(Split::Test).unwrap().images;
    let sum = |index: usize| -> u32 {
        let image = patches.image(index);
        image
            .iter()
            .map(|value| (value * 255.0).round() as u32)
            .sum()
    };
    let sums = [0, 500, 1295].map(sum);
    assert_eq!(
        (&test[..], sums),
        (
            &["012", "020", "051", "072", "076", "088"][..],
            [645_146, 514_926, 485_615]
        )
    );
}

#[test]
fn patches_are_where_the_tissue_says() {
    let config = built_in().with_patch_size(21).with_patches_per_image(12);
    let test = config.load_split(Split::Test).unwrap().images;
    let images = config.images().unwrap();
    let source = test.sources().unwrap()[4] as usize;
    let tissue = config.tissue(&images[source].image.name).unwrap();
    let classes = tissue.classes();
    let [height, width] = tissue.size;
    let patch = test.image(4);
    let fits = |row: usize, column: usize| {
        (0..21).all(|down| {
            (0..21).all(|right| {
                let place = 3 * ((row - 10 + down) * width + column - 10 + right);
                (0..3).all(|channel| {
                    let byte = tissue.pixels[place + channel];
                    f32::from(byte) / 255.0 == patch[(channel * 21 + down) * 21 + right]
                })
            })
        })
    };
    let found: Vec<usize> = (10..height - 10)
        .flat_map(|row| (10..width - 10).map(move |column| (row, column)))
        .filter(|(row, column)| fits(*row, *column))
        .map(|(row, column)| row * width + column)
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(classes[found[0]], test.labels()[4]);
}

#[test]
fn fewer_training_images_are_part_of_more() {
    let load = |fraction| built_in().with_train_fraction(fraction).load().unwrap();
    let [tenth, third, all] = [0.1, 0.3, 1.0].map(load);
    let train = [&tenth, &third, &all].map(|splits| sources(&splits.train));
    assert_eq!(train.each_ref().map(BTreeSet::len), [2, 5, 14]);
    assert!(train[0].is_subset(&train[1]) && train[1].is_subset(&train[2]));
    assert_eq!(sources(&tenth.test), sources(&all.test));
    let listed = built_in().with_train_fraction(0.1).images().unwrap();
    let used = listed
        .iter()
        .filter(|image| image.split == Some(Split::Train));
    assert_eq!(used.count(), 2);
    assert_eq!(
        listed.iter().filter(|image| image.split.is_none()).count(),
        12
    );
}

#[test]
fn seeds_choose_and_limits_cut() {
    let load = |config: NucleiConfig| config.load_split(Split::Train).unwrap().images;
    let all = load(built_in());
    let limited = |limit| load(built_in().with_limits([Some(limit), None, None]));
    let few = limited(50);
    assert_eq!(few.sources().unwrap(), &all.sources().unwrap()[..50]);
    // They are patches of the whole, and the first ones of a larger limit.
    let pixels = |images: &ImageDataset| -> Vec<Vec<u32>> {
        let bits = |index| images.image(index).iter().map(|p| p.to_bits()).collect();
        (0..images.count()).map(bits).collect()
    };
    let whole: BTreeSet<Vec<u32>> = pixels(&all).into_iter().collect();
    assert!(pixels(&few).iter().all(|patch| whole.contains(patch)));
    assert_eq!(pixels(&few), pixels(&limited(300))[..50]);
    assert_eq!(sources(&few).len(), 14);
    let other = load(built_in().with_seed(1));
    assert_ne!(sources(&other), sources(&all));
    // Fewer patches of an image are the first of more.
    let small = load(built_in().with_patches_per_image(30));
    assert_eq!(small.count(), 14 * 30);
    assert!((0..small.count()).all(|index| small.image(index) == all.image(index)));
    let whole = built_in()
        .with_train_fraction(0.1)
        .load_split(Split::All)
        .unwrap();
    assert_eq!(sources(&whole.images).len(), 24);
}

#[test]
fn any_limit_has_about_as_many_patches_of_each_class() {
    for images in [1, 3, 4, 8, 14] {
        for limit in [3, 7, 14, 32, 50, 100] {
            let train = built_in()
                .with_train_fraction(f64::from(images) / 14.0)
                .with_limits([Some(limit), None, None])
                .load_split(Split::Train)
                .unwrap()
                .images;
            assert_eq!(train.count(), limit);
            let counts = counts(&train);
            let [most, fewest] = [counts.iter().max(), counts.iter().min()].map(Option::unwrap);
            assert!(most - fewest <= 2, "{counts:?} of {limit}, {images} images");
        }
    }
    // Without a limit the order is as ever: the first patches of all images, then the second ones.
    let all = built_in().load_split(Split::Train).unwrap().images;
    let expected: Vec<u8> = (0..all.count()).map(|i| (i / 14 % CLASSES) as u8).collect();
    assert_eq!(all.labels(), expected);
}

#[test]
fn what_auto_means_is_found_out() {
    let folder = folder(&["a"]);
    let auto = NucleiConfig::default().with_path(folder.path());
    let found = auto.resolved().unwrap();
    assert_eq!(found.source, NucleiSource::Folder);
    assert_eq!(found.path, auto.path);
    let empty = NucleiConfig::default().with_path(folder.path().join("nowhere"));
    assert!(empty.resolved().is_err());
    // Others mean what they say and are not looked for.
    let named = NucleiConfig {
        source: NucleiSource::Folder,
        ..empty
    };
    assert_eq!(named.resolved().unwrap(), named);
}

#[test]
fn a_folder_without_a_list_is_every_pair_in_it() {
    let folder = folder(&["b", "a", "c"]);
    fs::write(folder.path().join("lonely_labels.png"), b"").unwrap();
    let config = NucleiConfig::default()
        .with_path(folder.path())
        .with_patch_size(8)
        .with_held_out(0.0, 0.34);
    let names: Vec<String> = config
        .images()
        .unwrap()
        .into_iter()
        .map(|dealt| dealt.image.name)
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    // A square of 18 has 14² pixels inside. Of the border's pixels that a patch fits around, 64 end a square of four.
    let all = config.load_split(Split::All).unwrap().images;
    assert_eq!(counts(&all), [64 * 3; 3]);
    let classes = config.tissue("a").unwrap().classes();
    let count = |class: u8| classes.iter().filter(|found| **found == class).count();
    assert_eq!([count(1), count(2)], [196, 128]);
    // Source 0 is "a", which was drawn second.
    for (index, source) in all.sources().unwrap().iter().enumerate() {
        let green = [1.0, 0.0, 2.0][*source as usize] / 255.0;
        let image = all.image(index);
        assert_eq!(image[64 + 36], green);
        let inside = all.labels()[index] != 0;
        assert_eq!(image[36], if inside { 200.0 } else { 10.0 } / 255.0);
    }
}

#[test]
fn missing_and_damaged_files_are_named() {
    let folder = folder(&["a", "b"]);
    let config = NucleiConfig::new(NucleiSource::Folder)
        .with_path(folder.path())
        .with_patch_size(8);
    let error = |config: &NucleiConfig| config.load_split(Split::All).unwrap_err().to_string();
    let file = |name: &str| folder.path().join(name);
    let whole = fs::read(file("a.png")).unwrap();

    fs::write(file("a.png"), &whole[..whole.len() / 2]).unwrap();
    let found = error(&config);
    assert!(
        found.contains("a.png: expected an intact picture"),
        "{found}"
    );
    fs::write(file("a.png"), b"<html>404</html>").unwrap();
    assert!(error(&config).contains("a.png: expected an intact picture"));
    // A header that promises 2³¹ − 1 columns and rows: refused before memory is taken.
    let mut huge = whole.clone();
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let sum = crc(&huge[12..29]);
    huge[29..33].copy_from_slice(&sum.to_be_bytes());
    fs::write(file("a.png"), huge).unwrap();
    assert!(error(&config).contains("a.png: expected a picture of at most 32768 pixels a side"));
    GrayImage::new(48, 40).save(file("a.png")).unwrap();
    assert!(
        error(&config).contains("a.png: expected a colour image of 8 bits, found grey of 8 bits")
    );
    fs::write(file("a.png"), &whole).unwrap();

    GrayImage::new(48, 41).save(file("b_labels.png")).unwrap();
    let found = error(&config);
    assert!(
        found.contains(
            "b_labels.png: expected 40 × 48 labels, as the image has pixels, found 41 × 48"
        ),
        "{found}"
    );
    fs::copy(file("b.png"), file("b_labels.png")).unwrap();
    assert!(
        error(&config)
            .contains("b_labels.png: expected grey labels of 16 or 8 bits, found colour of 8 bits")
    );
    // No nucleus: no patch, since classes come in equal numbers. All images so: nothing to train on.
    GrayImage::new(48, 40).save(file("b_labels.png")).unwrap();
    assert_eq!(
        sources(&config.load_split(Split::All).unwrap().images).len(),
        1
    );

    let found = error(&config.clone().with_patch_size(41));
    assert!(
        found.contains("a.png: expected an image of at least 41 × 41"),
        "{found}"
    );
    fs::write(file("index.csv"), "image\na\nc\n").unwrap();
    let found = error(&config);
    assert!(
        found.contains("c.png is missing: expected an image that"),
        "{found}"
    );
    fs::write(file("index.csv"), [b'i', 0xff]).unwrap();
    assert!(error(&config).contains("expected text in UTF-8"));

    let nowhere = NucleiConfig::default().with_path(folder.path().join("nowhere"));
    let found = error(&nowhere);
    assert!(
        found.contains("nowhere is missing") && found.contains("built-in"),
        "{found}"
    );
    assert!(built_in().tissue("no such").is_err());
}

/// Patches that were asked for and are not there, labels without an interior, and masks: a sentence each.
#[test]
fn what_images_do_not_give_is_said() {
    let folder = folder(&["a", "b", "c", "d"]);
    let config = NucleiConfig::new(NucleiSource::Folder)
        .with_path(folder.path())
        .with_patch_size(8)
        .with_patches_per_image(12)
        .with_held_out(0.25, 0.25);
    let whole = config.load_split(Split::All).unwrap();
    assert!(whole.origin.ends_with("seed 0"), "{}", whole.origin);
    let save = |name: &str, label: fn(u32, u32) -> u8| {
        let labels = GrayImage::from_fn(48, 40, |x, y| Luma([label(x, y)]));
        let path = folder.path().join(format!("{name}_labels.png"));
        labels.save(path).unwrap();
    };
    save("a", |_, _| 0);
    // A nucleus of three by three pixels has no interior.
    save("b", |x, y| {
        u8::from((20..23).contains(&x) && (20..23).contains(&y))
    });
    // Two nuclei of the same number.
    save("c", |x, y| {
        255 * u8::from((8..20).contains(&y) && ((8..20).contains(&x) || x > 30))
    });
    let all = config.load_split(Split::All).unwrap();
    assert_eq!(all.images.count(), 24);
    let sentences = [
        "; 24 patches instead of 48, because images have too few pixels of some class",
        "; 2 of 4 images give no patch, having no interior that one fits around (a, b)",
        "; 1 of 4 labels are masks (c): one number for several nuclei",
    ];
    for sentence in sentences {
        assert!(all.origin.contains(sentence), "{}", all.origin);
    }
    let said = config.load().unwrap().description.to_string();
    assert!(
        sentences.iter().all(|sentence| said.contains(sentence)),
        "{said}"
    );
    // A limit that the others fill is no loss.
    let few = config.with_limits([Some(6), None, None]);
    let train = few.load_split(Split::Train).unwrap();
    println!("{}", train.origin);
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

#[test]
fn settings_are_named_as_in_run_files_and_checked() {
    assert_eq!(
        toml::to_string(&built_in().with_path("d")).unwrap(),
        "source = \"built-in\"\npath = \"d\"\nseed = 0\npatch_size = 32\npatches_per_image = 216\n\
         valid_fraction = 0.15\ntest_fraction = 0.25\ntrain_fraction = 1.0\n"
    );
    assert_eq!(
        toml::from_str::<NucleiConfig>("").unwrap(),
        NucleiConfig::default()
    );
    assert!(toml::from_str::<NucleiConfig>("patchsize = 3").is_err());
    assert!(toml::from_str::<NucleiConfig>("border = 0.1").is_err());
    let other = built_in()
        .with_grey(true)
        .with_border(Border::Relative(0.1))
        .with_test_stains(["a"]);
    let text = toml::to_string(&other).unwrap();
    assert_eq!(toml::from_str::<NucleiConfig>(&text).unwrap(), other);
    for (text, field) in [
        ("patch_size = 0", "patch_size"),
        ("patches_per_image = 2", "patches_per_image"),
        ("train_fraction = 0.0", "train_fraction"),
        ("train_fraction = nan", "train_fraction"),
        ("valid_fraction = -0.1", "valid_fraction"),
        ("border = { pixels = 0.5 }", "border"),
        ("border = { relative = 0.0 }", "border"),
        ("border = { relative = nan }", "border"),
        ("valid_fraction = 0.5\ntest_fraction = 0.5", "test_fraction"),
    ] {
        let config: NucleiConfig = toml::from_str(text).unwrap();
        let error = config.load().unwrap_err().to_string();
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn the_whole_folder_gives_eighteen_thousand_patches() {
    let there = |data: PathBuf| data.join("nuclei").is_dir().then_some(data);
    let Some(data) = given("nuclei", there) else {
        return;
    };
    let start = Instant::now();
    let splits = NucleiConfig::new(NucleiSource::Folder)
        .with_path(data)
        .load()
        .unwrap();
    println!("{} in {:.2?}", splits.description, start.elapsed());
    let parts = [&splits.train, &splits.valid, &splits.test];
    println!(
        "{:?}, {:?}",
        parts.map(|part| counts(part)),
        splits.normalisation
    );
    assert_eq!(parts.map(|part| sources(part).len()), [52, 13, 21]);
    assert_eq!(
        parts.map(|part| counts(part)),
        [[3744; 3], [936; 3], [1512; 3]]
    );
}
