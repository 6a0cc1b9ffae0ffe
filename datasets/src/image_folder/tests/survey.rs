//! Looks at folders.

use super::*;
use crate::picture::PictureFormat;

fn survey(folder: &TempDir) -> Survey {
    Survey::of(&ImageFolderConfig::new(folder.path())).unwrap()
}

#[test]
fn a_folder_of_splits_is_counted() {
    let folder = folder();
    let place = |file: &str| folder.path().join(file);
    let found = survey(&folder);
    assert_eq!(found.layout, Layout::Splits);
    let counts = |name: &str| {
        let mut classes = found.classes.iter();
        let class = classes.find(|class| class.name == name).unwrap();
        (class.pictures, class.splits.unwrap())
    };
    assert_eq!(counts("cat"), (3, [2, 0, 1]));
    assert_eq!(counts("dog"), (3, [1, 1, 1]));
    assert_eq!(
        (found.pictures, found.passed_over, found.decoded),
        (6, 1, 6)
    );
    let sizes = found.sizes.unwrap();
    assert_eq!([sizes.smallest, sizes.median, sizes.largest], [[2, 3]; 3]);
    assert_eq!(sizes.different, 1);
    let formats: Vec<_> = found.formats.into_iter().collect();
    assert_eq!(formats, [(PictureFormat::Png, 4), (PictureFormat::Tiff, 2)]);
    assert_eq!((found.depths.bytes, found.depths.deeper), (6, 0));
    assert_eq!(
        (
            found.colours.colour,
            found.colours.sampled,
            found.colours.equal
        ),
        (6, 6, 0)
    );
    assert!(found.unreadable.is_empty() && found.groups.is_none());
    assert_eq!(found.duplicates.set_count, 0);

    // What is wrong with single files is told, and the rest is counted.
    fs::write(place("test/dog/broken.png"), b"no picture").unwrap();
    fs::write(place("test/dog/notes.txt"), b"x").unwrap();
    fs::create_dir(place("valid/bird")).unwrap();
    let mut cut = fs::read(place("train/cat/2.png")).unwrap();
    cut.truncate(cut.len() - 20);
    fs::write(place("train/cat/cut.png"), cut).unwrap();
    fs::remove_dir_all(place("test/cat")).unwrap();
    let found = survey(&folder);
    let unreadable: Vec<&str> = found.unreadable.iter().map(|file| &file.name[..]).collect();
    assert_eq!(
        unreadable,
        [
            "test/dog/broken.png",
            "test/dog/notes.txt",
            "train/cat/cut.png",
            "valid/bird"
        ]
    );
    assert_eq!(found.unreadable_count, 4);
    let reason = |at: usize| &found.unreadable[at].reason[..];
    assert_eq!(
        reason(0),
        "expected an intact picture in PNG, JPEG, TIFF, BMP or WebP, found another kind of file"
    );
    assert!(reason(3).starts_with("expected one of the classes cat, dog"));
    // The header of what was cut off is whole.
    assert_eq!((found.pictures, found.decoded), (6, 5));
    assert_eq!(serde_json_like(&found), serde_json_like(&survey(&folder)));
    fs::remove_dir_all(place("valid")).unwrap();
    assert_eq!(survey(&folder).classes[1].splits, Some([1, 0, 1]));
}

/// The same every time, and written by serde.
fn serde_json_like(survey: &Survey) -> String {
    toml::to_string(survey).unwrap()
}

#[test]
fn sizes_depths_and_colours_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = |file: &str| folder.path().join(file);
    fs::create_dir(place("a")).unwrap();
    fs::create_dir(place("b")).unwrap();
    for number in 1..=5u32 {
        let grey = RgbImage::from_fn(10 * number, 20, |x, _| Rgb([(20 + x % 50) as u8; 3]));
        grey.save(place(&format!("a/{number}.jpg"))).unwrap();
        let file = place(&format!("b/{number}.bmp"));
        RgbImage::from_pixel(10, 10, Rgb([number as u8, 9, 0]))
            .save(file)
            .unwrap();
    }
    let deep = image::ImageBuffer::<Luma<u16>, _>::from_fn(10, 10, |x, y| {
        Luma([if x == 0 && y == 0 {
            4095
        } else {
            x as u16 * 10
        }])
    });
    deep.save(place("b/deep.tif")).unwrap();
    let found = survey(&folder);
    assert_eq!(found.layout, Layout::Classes);
    assert!(found.classes.iter().all(|class| class.splits.is_none()));
    let sizes = found.sizes.unwrap();
    assert_eq!(
        (sizes.smallest, sizes.median, sizes.largest),
        ([10, 10], [10, 10], [20, 50])
    );
    assert_eq!(sizes.different, 6);
    assert_eq!((found.depths.bytes, found.depths.deeper), (10, 1));
    assert_eq!(
        (
            found.colours.grey,
            found.colours.colour,
            found.colours.equal
        ),
        (1, 10, 5)
    );
    let values = found.values.unwrap();
    assert_eq!(values.largest_word, Some(4095));
    assert!(values.used < 0.3 && values.low < values.high, "{values:?}");
    let formats: Vec<PictureFormat> = found.formats.into_keys().collect();
    assert_eq!(
        formats,
        [PictureFormat::Jpeg, PictureFormat::Tiff, PictureFormat::Bmp]
    );
}

#[test]
fn the_extent_of_what_is_seen_is_a_median() {
    let folder = tempfile::tempdir().unwrap();
    let class = folder.path().join("a");
    fs::create_dir(&class).unwrap();
    for number in 0..9u32 {
        let side = 8 + 8 * (number % 3);
        let light =
            |x: u32, y: u32| 10 + number + 200 * u32::from(x.min(y) >= 2 && x.max(y) < 2 + side);
        let picture = GrayImage::from_fn(64, 64, |x, y| Luma([light(x, y) as u8]));
        picture.save(class.join(format!("{number}.png"))).unwrap();
    }
    let extent = survey(&folder).extent.unwrap();
    assert!((extent - 0.25).abs() <= 2.0 / 64.0, "{extent}");
    let plain = folder_of(&["a/1.png"]);
    assert_eq!(survey(&plain).extent, None);
}

#[test]
fn the_same_pictures_are_found_and_label_conflicts_come_first() {
    let files = [
        "train/a/1.png",
        "train/b/2.png",
        "valid/a/3.png",
        "test/b/4.png",
    ];
    let folder = folder_of(&files);
    let place = |file: &str| folder.path().join(file);
    let copy = |from: &str, to: &str| {
        // Another file with the same pixels.
        image::open(place(from)).unwrap().save(place(to)).unwrap();
    };
    copy("train/a/1.png", "train/a/again.bmp");
    copy("valid/a/3.png", "train/a/leak.png");
    copy("test/b/4.png", "train/a/wrong.tif");
    let same = survey(&folder).duplicates;
    assert_eq!((same.set_count, same.extra), (3, 3));
    assert_eq!((same.across_classes, same.across_splits), (1, 2));
    assert_eq!(same.sets[0].names, ["test/b/4.png", "train/a/wrong.tif"]);
    assert_eq!(same.sets[0].classes, ["a", "b"]);
    assert_eq!(same.sets[1].splits, [Split::Train, Split::Valid]);
    assert_eq!(same.sets[2].names, ["train/a/1.png", "train/a/again.bmp"]);
}

#[test]
fn names_propose_groups_that_can_be_dealt_by() {
    let files: Vec<String> = (0..60)
        .map(|at| format!("{}/p{}_{at}.png", at % 2, at / 5))
        .collect();
    let folder = folder_of(&files);
    let guess = survey(&folder).groups.unwrap();
    assert_eq!((guess.groups, guess.confidence), (12, Confidence::Likely));
    let config = ImageFolderConfig::new(folder.path()).with_groups(guess.pattern);
    let said = config.load().unwrap().description.origin;
    assert!(said.contains("in 12 whole groups"), "{said}");
    assert!(Survey::of(&config).unwrap().groups.is_none());
}

#[test]
fn a_table_is_surveyed_and_progress_told() {
    let folder = folder_of(&["x/1.png", "x/2.png"]);
    let text = "file,class,split\nx/1.png,a,train\nx/2.png,b,test\nx/3.png,b,test\n";
    fs::write(folder.path().join("labels.csv"), text).unwrap();
    let mut steps = Vec::new();
    let config = ImageFolderConfig::new(folder.path());
    let found = Survey::with_progress(&config, |done, all| steps.push((done, all))).unwrap();
    assert_eq!(steps, [(2, 4), (4, 4)]);
    assert_eq!(found.layout, Layout::Table("labels.csv".into()));
    assert_eq!(found.classes[1].splits, Some([0, 0, 1]));
    assert_eq!(found.unreadable[0].name, "x/3.png");
    assert!(found.unreadable[0].reason.contains("as line 4 of"));
    let nothing = tempfile::tempdir().unwrap();
    assert!(Survey::of(&ImageFolderConfig::new(nothing.path())).is_err());
    assert!(Survey::of(&ImageFolderConfig::new("")).is_err());
}
