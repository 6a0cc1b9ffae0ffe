//! Folders of classes, whose pictures are dealt to the splits.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// So many pictures in each class, and files that are none beside the classes.
fn classes(counts: &[(&str, usize)]) -> TempDir {
    let files: Vec<String> = counts
        .iter()
        .flat_map(|(class, count)| (0..*count).map(move |at| format!("{class}/{at:03}.png")))
        .collect();
    let folder = folder_of(&files);
    fs::write(folder.path().join("README.md"), b"x").unwrap();
    fs::write(folder.path().join(".DS_Store"), b"x").unwrap();
    folder
}

fn of_class(images: &ImageDataset, class: u8) -> usize {
    images
        .labels()
        .iter()
        .filter(|label| **label == class)
        .count()
}

#[test]
fn pictures_are_dealt_class_by_class() {
    let folder = classes(&[("cat", 40), ("dog", 20)]);
    let config = ImageFolderConfig::new(folder.path());
    let splits = config.load().unwrap();
    let three = [&splits.train, &splits.valid, &splits.test];
    assert_eq!(three.map(|images| images.count()), [42, 9, 9]);
    assert_eq!(three.map(|images| of_class(images, 0)), [28, 6, 6]);
    assert_eq!(splits.train.class_names().unwrap(), ["cat", "dog"]);
    let mut all: Vec<usize> = three.iter().flat_map(|images| numbers(images)).collect();
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>());
    let said = splits.description.to_string();
    assert!(
        said.contains("dealt 70, 15 and 15 % with seed 0; 1 hidden or system file"),
        "{said}"
    );
    // The split stays the same, and each of its parts alone.
    let test = config.load_split(Split::Test).unwrap().images;
    assert_eq!(numbers(&test), numbers(&splits.test));
    assert_eq!(config.load_split(Split::All).unwrap().images.count(), 60);
    let other = config.clone().with_seed(1).load().unwrap();
    assert_ne!(numbers(&other.test), numbers(&splits.test));
    let half = config.clone().with_split([0.5, 0.25, 0.25]).load().unwrap();
    assert_eq!(half.test.count(), 15);
    let few = config.with_train_fraction(0.5).load().unwrap();
    assert_eq!([few.train.count(), few.test.count()], [21, 9]);
    assert!(splits.train.sources().is_none());
    let names = few.train.names().unwrap();
    for (name, number) in names.iter().zip(numbers(&few.train)) {
        let (class, at) = (["cat", "dog"][number / 40], number % 40);
        assert_eq!(**name, format!("{class}/{at:03}.png"));
    }
}

/// As another file system lists them, and with their names in another form of Unicode.
#[test]
fn the_split_depends_on_names_alone() {
    let composed: Vec<String> = (0..30)
        .map(|at| format!("caf\u{e9}/\u{fc} {at}.png"))
        .collect();
    let decomposed: Vec<String> = (0..30)
        .map(|at| format!("cafe\u{301}/u\u{308} {at}.png"))
        .collect();
    let names = |files: &[String]| {
        let folder = folder_of(files);
        let test = ImageFolderConfig::new(folder.path()).load().unwrap().test;
        numbers(&test).into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&composed), names(&decomposed));
}

#[test]
fn every_picture_is_once_in_a_fold_that_is_tested() {
    let folder = classes(&[("cat", 23), ("dog", 12)]);
    let mut tested = Vec::new();
    for fold in 0..5 {
        let config = ImageFolderConfig::new(folder.path()).with_fold(fold, 5);
        let splits = config.load().unwrap();
        assert_eq!(splits.test.count(), 7);
        assert!(splits.valid.count().abs_diff(5) <= 1);
        let said = splits.description.origin;
        assert!(
            said.contains(&format!("fold {fold} of 0 to 4 with seed 0")),
            "{said}"
        );
        tested.extend(numbers(&splits.test));
    }
    tested.sort_unstable();
    assert_eq!(tested, (0..35).collect::<Vec<_>>());
}

#[test]
fn groups_are_not_in_two_splits() {
    let files: Vec<String> = (0..150)
        .map(|at| {
            let patient = at / 5;
            format!("{}/p{patient:02}_{at:03}.png", ["ill", "well"][patient % 2])
        })
        .collect();
    let folder = folder_of(&files);
    let config = ImageFolderConfig::new(folder.path()).with_groups("(p[0-9]+)_");
    let splits = config.load().unwrap();
    let mut found: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
    for (split, images) in [&splits.train, &splits.valid, &splits.test]
        .iter()
        .enumerate()
    {
        let sources = images.sources().unwrap();
        for (source, number) in sources.iter().zip(numbers(images)) {
            assert_eq!(*source as usize, number / 5);
            found.entry(*source).or_default().insert(split);
        }
        let share = images.count() as f64 / 150.0;
        let expected = [0.7, 0.15, 0.15][split];
        assert!((share - expected).abs() < 0.07, "{share} of {expected}");
        assert!(of_class(images, 0) >= 10 && of_class(images, 1) >= 10);
    }
    assert_eq!(found.len(), 30);
    assert!(found.values().all(|splits| splits.len() == 1));
    let said = splits.description.origin;
    assert!(said.contains("in 30 whole groups with seed 0"), "{said}");

    let found = error(&config.clone().with_groups("(p[0-9])_"));
    assert!(
        found.contains("which ill/p00_000.png does not match"),
        "{found}"
    );
    // A class of one patient cannot be trained on and tested.
    let found = error(&config.with_groups("^(ill|well)").with_fold(0, 2));
    let expected = "groups of class ill for training in each of 2 folds, so at least 2 of them, found 1 with 75 pictures";
    assert!(found.contains(expected), "{found}");
}

#[test]
fn groups_of_folders_of_splits_have_one_number_wherever_they_are() {
    let files = [
        "train/a/p1_1.png",
        "train/a/p2_1.png",
        "valid/a/p0_1.png",
        "test/a/p2_2.png",
    ];
    let folder = folder_of(&files);
    let config = ImageFolderConfig::new(folder.path()).with_groups("p[0-9]");
    let splits = config.load().unwrap();
    assert_eq!(splits.train.sources(), Some(&[1, 2][..]));
    assert_eq!(splits.test.sources(), Some(&[2][..]));
    let test = config.load_split(Split::Test).unwrap();
    assert_eq!(test.images.sources(), Some(&[2][..]));
    for origin in [&splits.description.origin, &test.origin] {
        assert!(
            origin.ends_with("; 1 group is in several splits"),
            "{origin}"
        );
    }
}

#[test]
fn what_cannot_be_dealt_is_named() {
    let folder = classes(&[("cat", 10), ("dog", 1)]);
    let config = ImageFolderConfig::new(folder.path());
    let splits = config.load().unwrap();
    assert_eq!(of_class(&splits.train, 1), 1);
    let said = splits.description.origin;
    assert!(
        said.contains("; no pictures of dog in valid; no pictures of dog in test; "),
        "{said}"
    );
    // In one of the folds the only dog is tested.
    let found: Vec<String> = (0..3)
        .filter_map(|fold| config.clone().with_fold(fold, 3).load().err())
        .map(|error| error.to_string())
        .collect();
    let expected = "expected pictures of class dog for training in each of 3 folds, so at least 2 of them, found 1";
    assert!(
        found.len() == 1 && found[0].ends_with(expected),
        "{found:?}"
    );

    fs::create_dir(folder.path().join("bird")).unwrap();
    let found = error(&config);
    assert!(
        found.ends_with("expected a picture of class bird for training, found 0"),
        "{found}"
    );
    fs::remove_dir(folder.path().join("bird")).unwrap();
    fs::copy(
        folder.path().join("cat/001.png"),
        folder.path().join("loose.png"),
    )
    .unwrap();
    let found = error(&config);
    assert!(
        found.contains("loose.png: expected pictures in the folders of their classes"),
        "{found}"
    );

    let few = classes(&[("cat", 1), ("dog", 1)]);
    let found = error(&ImageFolderConfig::new(few.path()));
    assert!(
        found.ends_with("for valid too, found 2 for training, 0 for validation, 0 for testing"),
        "{found}"
    );
    let empty = tempfile::tempdir().unwrap();
    let found = error(&ImageFolderConfig::new(empty.path()));
    assert!(found.contains("or with a table labels.csv"), "{found}");
}

#[test]
fn folders_of_splits_are_not_dealt_and_classes_may_have_their_names() {
    let files = ["train/a/1.png", "valid/a/2.png", "test/a/3.png"];
    let folder = folder_of(&files);
    let config = ImageFolderConfig::new(folder.path());
    let found = error(&config.clone().with_split([0.6, 0.2, 0.2]));
    assert!(
        found.contains("split: expected no `split`: ") && found.contains("folders of splits"),
        "{found}"
    );
    assert!(error(&config.clone().with_fold(0, 5)).contains("no `folds`"));
    // Beside them anything may lie, as always.
    fs::create_dir(folder.path().join("notes")).unwrap();
    assert_eq!(config.load().unwrap().train.count(), 1);

    let vehicles: Vec<String> = (0..30)
        .map(|at| format!("{}/{at}.png", ["car", "train"][at % 2]))
        .collect();
    let folder = folder_of(&vehicles);
    let splits = ImageFolderConfig::new(folder.path()).load().unwrap();
    assert_eq!(splits.train.class_names().unwrap(), ["car", "train"]);
    // Without folders of classes nobody knows what they are.
    let folder = folder_of(&["train/1.png", "valid/2.png", "test/3.png"]);
    let found = error(&ImageFolderConfig::new(folder.path()));
    assert!(
        found.contains("1.png: expected a folder, one for each class, found a file"),
        "{found}"
    );
}
