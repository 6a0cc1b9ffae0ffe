//! Grey images, borders relative to the nuclei, and other stains for testing than for training.

use super::*;

/// Four grey images of one nucleus each, of two stains, the second with a larger nucleus.
fn grey_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, size) in [("a", 8), ("b", 8), ("c", 20), ("d", 20)] {
        let inside = |x: u32, y: u32| (14..14 + size).contains(&x) && (14..14 + size).contains(&y);
        let path = |end: &str| folder.path().join(format!("{name}{end}"));
        let grey = GrayImage::from_fn(48, 48, |x, y| Luma([if inside(x, y) { 200 } else { 10 }]));
        grey.save(path(".png")).unwrap();
        let labels = GrayImage::from_fn(48, 48, |x, y| Luma([u8::from(inside(x, y))]));
        labels.save(path("_labels.png")).unwrap();
    }
    let index = "image,stain\na,far\nb,far\nc,near\nd,near\n";
    fs::write(folder.path().join("index.csv"), index).unwrap();
    folder
}

#[test]
fn grey_images_give_patches_of_one_channel() {
    let folder = grey_folder();
    let config = NucleiConfig::new(NucleiSource::Folder)
        .with_path(folder.path())
        .with_patch_size(8)
        .with_patches_per_image(30);
    let error = config.load_split(Split::All).unwrap_err().to_string();
    assert!(error.contains("a.png: expected a colour image of 8 bits, found grey of 8 bits, which `grey = true` reads"), "{error}");
    let error = built_in()
        .with_grey(true)
        .load_split(Split::All)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("expected a grey image of 8 bits, as `grey` says"),
        "{error}"
    );
    let grey = config.with_grey(true);
    let all = grey.load_split(Split::All).unwrap().images;
    assert_eq!((Some(all.shape()), all.shape()), (grey.shape(), [1, 8, 8]));
    for index in 0..all.count() {
        let inside = all.labels()[index] != 0;
        assert_eq!(
            all.image(index)[36],
            if inside { 200.0 } else { 10.0 } / 255.0
        );
    }
}

#[test]
fn stains_say_what_is_trained_on_and_what_is_tested() {
    let folder = grey_folder();
    let config = NucleiConfig::new(NucleiSource::Folder)
        .with_path(folder.path())
        .with_grey(true)
        .with_patch_size(8)
        .with_patches_per_image(30)
        .with_held_out(0.5, 0.25);
    let of = |config: &NucleiConfig| {
        let splits = config.load().unwrap();
        let parts = [&splits.train, &splits.valid, &splits.test];
        (
            parts.map(|part| sources(part).into_iter().collect::<Vec<u32>>()),
            splits.description.origin,
        )
    };
    let (parts, origin) = of(&config.clone().with_test_stains(["far"]));
    assert_eq!(parts[2], [0, 1]);
    let mut rest = [&parts[0][..], &parts[1]].concat();
    rest.sort_unstable();
    assert_eq!(rest, [2, 3]);
    assert!(origin.contains(", tested on far, seed 0"), "{origin}");
    // Both say the same.
    let (other, _) = of(&config.clone().with_train_stains(["near"]));
    assert_eq!(other, parts);
    let both = config
        .clone()
        .with_train_stains(["near"])
        .with_test_stains(["far"]);
    assert_eq!(of(&both).0, parts);
    let error = |config: &NucleiConfig| config.load().unwrap_err().to_string();
    assert_eq!(
        error(&config.clone().with_test_stains(["fra"])),
        "test_stains: expected one of 2 stains that images have, such as far, found \"fra\""
    );
    let none: [&str; 0] = [];
    assert!(
        error(&config.clone().with_train_stains(none))
            .starts_with("train_stains: expected at least one")
    );
    fs::remove_file(folder.path().join("index.csv")).unwrap();
    let unknown = error(&config.with_test_stains(["far"]));
    assert!(
        unknown.contains("a column `stain` in index.csv"),
        "{unknown}"
    );
}

#[test]
fn a_relative_border_grows_with_the_nuclei() {
    let folder = grey_folder();
    let config = NucleiConfig::new(NucleiSource::Folder)
        .with_path(folder.path())
        .with_grey(true);
    let border = |name: &str, border: Border| {
        let classes = config.tissue(name).unwrap().classes_with(border);
        classes.iter().filter(|class| **class == 2).count()
    };
    // Squares of 8 and 20 pixels have diameters of 9.03 and 22.57: borders of 1 and of 2.26 pixels.
    let tenth = Border::Relative(0.1);
    assert_eq!(
        [border("a", tenth), border("c", tenth)],
        [64 - 36, 400 - 256]
    );
    assert_eq!(border("c", Border::Pixels(3.0)), 400 - 196);
}

#[test]
fn fluorescence_is_tested_at_another_magnification() {
    let there = |data: PathBuf| Some(data.join("fluorescence")).filter(|folder| folder.is_dir());
    let Some(folder) = given("fluorescence", there) else {
        return;
    };
    let start = Instant::now();
    let config = NucleiConfig::new(NucleiSource::Folder)
        .with_path(folder)
        .with_grey(true)
        .with_border(Border::Relative(0.1))
        .with_patch_size(65)
        .with_patches_per_image(60)
        .with_train_stains(["fluorescence-696x520"])
        .with_test_stains(["fluorescence-256x256", "fluorescence-360x360"]);
    let splits = config.load().unwrap();
    println!("{} in {:.2?}", splits.description, start.elapsed());
    let parts = [&splits.train, &splits.valid, &splits.test];
    println!(
        "{:?}, {:?}",
        parts.map(|part| counts(part)),
        splits.normalisation
    );
    assert_eq!(parts[0].shape(), [1, 65, 65]);
    assert_eq!(parts.map(|part| sources(part).len())[..2], [31, 5]);
    assert_eq!(sources(parts[2]).len(), 130);
    // Borders of one pixel have no four that agree, as a patch of an even size needs them.
    let even = config.with_patch_size(64).load_split(Split::Test).unwrap();
    println!("{}", even.origin);
    assert!((90..130).contains(&sources(&even.images).len()));
}
