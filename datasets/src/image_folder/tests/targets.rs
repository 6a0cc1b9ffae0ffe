//! Pictures with numbers or labels in place of a class.

use proptest::prelude::*;

use super::*;
use crate::image_folder::TargetColumns;
use crate::images::{TargetKind, Targets};

/// `count` pictures and their table.
fn table(head: &str, count: usize, line: impl Fn(usize) -> String) -> (TempDir, ImageFolderConfig) {
    let files: Vec<String> = (0..count).map(|at| format!("scans/{at:03}.png")).collect();
    let folder = folder_of(&files);
    let lines = files.iter().enumerate();
    let lines: String = lines
        .map(|(at, file)| format!("{file},{}\n", line(at)))
        .collect();
    fs::write(
        folder.path().join("labels.csv"),
        format!("file,{head}\n{lines}"),
    )
    .unwrap();
    let config = ImageFolderConfig::new(folder.path());
    (folder, config)
}

fn known(images: &ImageDataset) -> &Targets {
    images.targets().expect("targets")
}

#[test]
fn numbers_are_dealt_by_quantiles_and_stay_with_their_pictures() {
    let mass = |at: usize| (at * 37 % 100) as f32;
    let line = |at| {
        let radius = if at % 20 == 3 {
            String::new()
        } else {
            format!("{}.5", at)
        };
        format!("{},{radius}", mass(at))
    };
    let (folder, config) = table("mass,radius", 100, line);
    let config = config.with_target(TargetColumns::numbers(["mass", "radius"]));
    let splits = config.load().unwrap();
    let all = [&splits.train, &splits.valid, &splits.test];
    assert_eq!(all.map(|images| images.count()), [70, 15, 15]);
    for images in all {
        let targets = known(images);
        assert_eq!(
            (targets.kind(), targets.names()[1].as_str()),
            (TargetKind::Numbers, "radius")
        );
        for (image, name) in images.names().unwrap().iter().enumerate() {
            let at: usize = name[6..9].parse().unwrap();
            assert_eq!(targets.row(image)[0], mass(at));
            assert_eq!(targets.row(image)[1].is_nan(), at % 20 == 3, "{name}");
        }
        // Of every tenth of the range there are as many as the share says.
        let mut counts = [0usize; 10];
        targets
            .known(0)
            .for_each(|value| counts[value as usize / 10] += 1);
        let share = images.count() as f64 / 10.0;
        assert!(
            counts
                .iter()
                .all(|count| (*count as f64 - share).abs() < 1.0),
            "{counts:?}"
        );
        assert!(images.classes() == 1 && images.class_names().is_none());
    }
    let said = &splits.description.origin;
    assert!(said.ends_with("not known: radius of 5 pictures"), "{said}");
    let whole = config.load_split(Split::All).unwrap().images;
    assert_eq!((whole.count(), known(&whole).count()), (100, 100));
    let fold = config.clone().with_fold(1, 4).load().unwrap();
    assert_eq!(fold.test.count(), 25);
    let part = config.clone().with_train_fraction(0.5).load().unwrap();
    assert_eq!((part.train.count(), known(&part.train).count()), (35, 35));
    // Batches carry them, and parts of batches.
    let options = crate::BatchOptions::new(20).with_shuffle(true);
    for batch in crate::BatchLoader::new(splits.train.clone(), options).unwrap() {
        for (row, index) in batch.targets.chunks_exact(2).zip(&batch.indices) {
            assert_eq!(row[0], known(&splits.train).row(*index as usize)[0]);
        }
        assert_eq!(batch.part(3..5).targets[0], batch.targets[6]);
    }
    // Other numbers are other data, in the same pictures.
    let one = config
        .with_target(TargetColumns::numbers(["mass"]))
        .load()
        .unwrap();
    assert_ne!(
        one.test.identity().unwrap(),
        splits.test.identity().unwrap()
    );
    drop(folder);
}

#[test]
fn labels_are_dealt_by_what_a_picture_has() {
    let line = |at: usize| format!("{},{}", ["yes", "no"][at % 2], u8::from(at % 4 < 1));
    let (folder, config) = table("nucleus,mitosis", 80, line);
    let config = config.with_target(TargetColumns::labels(["nucleus", "mitosis"]));
    let splits = config.load().unwrap();
    for images in [&splits.valid, &splits.test] {
        assert_eq!(images.count(), 12);
        let both = (0..12)
            .filter(|image| known(images).row(*image) == [1.0, 1.0])
            .count();
        assert_eq!(both, 3);
    }
    let survey = Survey::of(&ImageFolderConfig::new(folder.path())).unwrap();
    assert!(survey.classes.is_empty() && survey.splits.is_none() && survey.pictures == 80);
    let found: Vec<&str> = survey
        .targets
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(found, ["nucleus", "mitosis"]);
    assert!(
        survey
            .targets
            .iter()
            .all(|column| column.kind == TargetKind::Labels)
    );
}

#[test]
fn a_table_and_something_to_learn_are_needed() {
    let (folder, config) = table("mass,split", 6, |at| {
        format!(
            "{},{}",
            at / 4,
            ["train", "train", "valid", "test", "train", "test"][at]
        )
    });
    let target = TargetColumns::numbers(["mass"]);
    let config = config.with_target(target.clone());
    assert_eq!(config.load().unwrap().train.count(), 3);
    let survey = Survey::of(&config).unwrap();
    assert_eq!(survey.splits, Some([3, 1, 2]));
    let (_same, other) = table("mass", 40, |_| "7".into());
    let found = error(&other.with_target(target.clone()));
    assert!(
        found.contains("labels.csv: expected different values in the column `mass`"),
        "{found}"
    );
    assert!(found.ends_with("found 7 alone"), "{found}");
    fs::remove_file(folder.path().join("labels.csv")).unwrap();
    let found = error(&config);
    assert!(
        found.contains("a table with the columns file, mass"),
        "{found}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stands in the cells: every value that is read is finite or not known, in the row of its picture, or the error
    /// names the line.
    #[test]
    fn cells_are_numbers_or_errors_with_a_line(
        cells in proptest::collection::vec("[-+0-9.e]{0,6}|nan|inf|1e99|yes|x", 1..12),
        is_label in any::<bool>(),
    ) {
        let lines: String = cells.iter().enumerate().map(|(at, cell)| format!("{at}.png,{cell},1\n")).collect();
        let text = format!("file,mass,other\n{lines}");
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("labels.csv");
        fs::write(&path, text).unwrap();
        let names = ["mass", "other"];
        let columns = if is_label { TargetColumns::labels(names) } else { TargetColumns::numbers(names) };
        match crate::image_folder::read_targets(&path, &columns) {
            Ok(rows) => {
                prop_assert_eq!(rows.len(), cells.len());
                for ((file, values), (at, cell)) in rows.iter().zip(cells.iter().enumerate()) {
                    prop_assert_eq!(file, &format!("{at}.png"));
                    prop_assert!(values[0].is_nan() == cell.is_empty() && !values[0].is_infinite());
                    prop_assert_eq!(values[1], 1.0);
                }
            }
            Err(error) => {
                let error = error.to_string();
                prop_assert!(error.contains(" in line ") && error.contains("column 2 (`mass`)"), "{}", error);
            }
        }
    }
}
