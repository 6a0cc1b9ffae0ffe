//! Tests of folders of clips, made here and carried, and, where it is, of the Free Spoken Digit Dataset.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::time::Instant;

use hound::{SampleFormat, WavSpec, WavWriter};
use tempfile::TempDir;

use super::*;
use crate::testing::given;

/// A hum that is louder in the middle, at a rate.
fn wav(rate: u32, samples: usize, pitch: f64) -> Vec<u8> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = Vec::new();
    let mut writer = WavWriter::new(Cursor::new(&mut file), spec).unwrap();
    for at in 0..samples {
        let part = at as f64 / samples as f64;
        let loudness = 12_000.0 * (std::f64::consts::PI * part).sin();
        let phase = std::f64::consts::TAU * pitch * at as f64 / f64::from(rate);
        writer
            .write_sample((loudness * phase.sin()) as i16)
            .unwrap();
    }
    writer.finalize().unwrap();
    file
}

/// Clips of two classes by three speakers, of 60 to 150 samples, in folders of classes or by their names.
fn folder(by_folders: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, class) in ["no", "yes"].into_iter().enumerate() {
        fs::create_dir_all(folder.path().join(if by_folders { class } else { "other" })).unwrap();
        for speaker in ["ann", "bob", "eve"] {
            for index in 0..6 {
                let name = match by_folders {
                    true => format!("{class}/{speaker}_{index:02}.wav"),
                    false => format!("{class}_{speaker}_{index:02}.wav"),
                };
                let clip = wav(8000, 60 + 18 * index, 300.0 + 500.0 * number as f64);
                fs::write(folder.path().join(name), clip).unwrap();
            }
        }
    }
    folder
}

fn by_names(folder: &TempDir) -> AudioFolderConfig {
    AudioFolderConfig::new(folder.path())
        .with_pattern("{class}_{speaker}_{index}.wav")
        .with_window(8000, 100)
}

fn names(images: &ImageDataset) -> BTreeSet<String> {
    let names = images.names().unwrap().iter();
    names.map(|name| name.to_string()).collect()
}

fn error(config: &AudioFolderConfig) -> String {
    config.load().unwrap_err().to_string()
}

#[test]
fn names_and_folders_say_the_same() {
    let (named, foldered) = (folder(false), folder(true));
    fs::write(named.path().join("README.md"), "notes").unwrap();
    let one = by_names(&named).load_split(Split::All).unwrap();
    let other = AudioFolderConfig::new(foldered.path()).with_window(8000, 100);
    let other = other.load_split(Split::All).unwrap();
    assert_eq!(one.images.count(), 36);
    assert_eq!(one.images.shape(), [1, 1, 100]);
    assert_eq!(one.images.class_names().unwrap(), ["no", "yes"]);
    assert_eq!(
        one.images.identity().unwrap(),
        other.images.identity().unwrap()
    );
    assert!(names(&other.images).contains("yes/eve_05.wav"));
    // Of 60, 78, 96, 114, 132 and 150 samples.
    let sentence = "of 36 clips 18 are shorter than 100 samples and padded, 18 longer and cropped";
    assert!(one.origin.contains(sentence), "{}", one.origin);
    assert!(
        one.origin.ends_with("2 other files passed over"),
        "{}",
        one.origin
    );
    // Values are below 0, too, and the statistics are those of the values.
    let least = one.images.image(0).into_iter().fold(0.0, f32::min);
    assert!(least < -0.3, "{least}");
    // Folders say the class and names the speaker.
    let grouped = AudioFolderConfig::new(foldered.path())
        .with_pattern("{speaker}_{index}.wav")
        .with_group("speaker")
        .with_window(8000, 100);
    let grouped = grouped.load_split(Split::All).unwrap().images;
    assert_eq!(grouped.labels(), one.images.labels());
    assert_eq!(grouped.sources().unwrap()[..8], [0, 0, 0, 0, 0, 0, 1, 1]);
}

#[test]
fn shares_have_all_classes_in_proportion() {
    let folder = folder(false);
    let config = by_names(&folder).with_held_out(0.25, 0.25);
    let splits = config.load().unwrap();
    let parts = [&splits.train, &splits.valid, &splits.test];
    assert_eq!(parts.map(|part| part.count()), [18, 9, 9]);
    for part in parts {
        let ones = part.labels().iter().filter(|label| **label == 1).count();
        assert!(ones.abs_diff(part.count() / 2) <= 1);
    }
    let all: BTreeSet<String> = parts.into_iter().flat_map(|part| names(part)).collect();
    assert_eq!(all.len(), 36);
    let said = splits.description.to_string();
    assert!(said.contains("dealt 50, 25 and 25 % with seed 0"), "{said}");
    assert!(
        said.ends_with("18 training, 9 validation, 9 test clips"),
        "{said}"
    );
    for (split, part) in Split::THREE.into_iter().zip(parts) {
        let alone = config.load_split(split).unwrap().images;
        assert_eq!(alone.identity().unwrap(), part.identity().unwrap());
    }
    let other = config.clone().with_seed(1).load().unwrap();
    assert_ne!(names(&other.test), names(&splits.test));
    let half = config.with_train_fraction(0.5).load().unwrap();
    assert_eq!(half.train.count(), 9);
    assert!(names(&half.train).is_subset(&names(&splits.train)));
}

#[test]
fn a_field_or_a_group_says_what_is_tested() {
    let folder = folder(false);
    let by_index = by_names(&folder).with_test("index", [0, 3]).load().unwrap();
    assert_eq!(by_index.test.count(), 12);
    assert!(
        names(&by_index.test)
            .iter()
            .all(|name| name.ends_with("00.wav") || name.ends_with("03.wav"))
    );
    // 15 % of 24, twelve of each class.
    assert_eq!([by_index.train.count(), by_index.valid.count()], [20, 4]);
    assert!(
        by_index
            .description
            .origin
            .contains("2 values of index for testing, 15 % of the others")
    );
    let both = by_names(&folder)
        .with_test("index", [0, 3])
        .with_test("class", [FieldValue::Text("no".into())]);
    assert_eq!(both.load().unwrap().test.count(), 6);

    let left = by_names(&folder)
        .with_group("speaker")
        .with_leave_out("bob");
    let left = left.load().unwrap();
    assert_eq!(left.test.sources(), Some(&[1; 12][..]));
    assert!(!left.train.sources().unwrap().contains(&1));
    assert!(
        left.description.origin.contains("speaker bob for testing"),
        "{}",
        left.description.origin
    );

    let grouped = by_names(&folder)
        .with_group("speaker")
        .with_held_out(0.3, 0.3);
    let grouped = grouped.load().unwrap();
    let speakers = [&grouped.train, &grouped.valid, &grouped.test].map(|part| {
        part.sources()
            .unwrap()
            .iter()
            .copied()
            .collect::<BTreeSet<u32>>()
    });
    assert_eq!(speakers.iter().map(BTreeSet::len).sum::<usize>(), 3);
}

#[test]
fn clips_are_stretched_each_by_its_own_factor() {
    let folder = folder(false);
    let plain = by_names(&folder).load().unwrap();
    assert!(plain.train.factors().is_none());
    let config = by_names(&folder).with_test_stretch([1.5, 2.0]);
    let splits = config.load().unwrap();
    assert_eq!(
        splits.train.identity().unwrap(),
        plain.train.identity().unwrap()
    );
    let factors = splits.test.factors().unwrap();
    assert!(factors.iter().all(|factor| (1.5..2.0).contains(factor)));
    assert_ne!(factors[0], factors[1]);
    assert!(
        splits
            .description
            .origin
            .contains("stretched by 1 (test: 1.5 to 2)")
    );
    // A clip of 60 samples at 300 Hz: twice as long, at 150 Hz, with half as many changes of sign in the middle.
    let twice = by_names(&folder).with_window(8000, 160);
    let signs = |config: &AudioFolderConfig| {
        let image = config.load_split(Split::All).unwrap().images.image(0);
        let heard: Vec<f32> = image
            .into_iter()
            .filter(|value| value.abs() > 0.02)
            .collect();
        (
            heard
                .windows(2)
                .filter(|pair| pair[0] * pair[1] < 0.0)
                .count(),
            heard.len(),
        )
    };
    let (before, after) = (
        signs(&twice),
        signs(&twice.clone().with_stretch([2.0, 2.0])),
    );
    assert_eq!(before.0, after.0);
    assert!(
        after.1 > 2 * before.1 - 8 && after.1 < 2 * before.1 + 8,
        "{before:?}, {after:?}"
    );
}

#[test]
fn other_rates_are_brought_to_one() {
    let folder = folder(false);
    fs::write(folder.path().join("no_ann_00.wav"), wav(16_000, 120, 300.0)).unwrap();
    let all = by_names(&folder).load_split(Split::All).unwrap();
    assert!(
        all.origin.contains("; 1 resampled to 8000 Hz"),
        "{}",
        all.origin
    );
    // The same hum, sampled twice as often: 60 samples again.
    let (one, other) = (all.images.image(0), all.images.image(6));
    let worst = one
        .iter()
        .zip(&other)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(worst < 0.02, "{worst}");
}

#[test]
fn odd_clips_are_told_or_refused_by_name() {
    let folder = folder(false);
    let file = folder.path().join("no_ann_00.wav");
    let silent = wav(8000, 100, 0.0);
    fs::write(&file, &silent).unwrap();
    let all = by_names(&folder).load_split(Split::All).unwrap();
    assert!(
        all.origin.contains("; 1 silent (no_ann_00.wav)"),
        "{}",
        all.origin
    );
    for (bytes, words) in [
        (
            &silent[..silent.len() - 30],
            "100 samples, as the header says",
        ),
        (&silent[..0], "an empty file"),
        (
            &silent[..44],
            "200 bytes of samples, as the header says, found a file of 44 bytes",
        ),
    ] {
        fs::write(&file, bytes).unwrap();
        let error = error(&by_names(&folder));
        assert!(
            error.contains("no_ann_00.wav: ") && error.contains(words),
            "{error}"
        );
    }
    fs::remove_file(&file).unwrap();
    fs::write(folder.path().join("no_ann.wav"), &silent).unwrap();
    let strange = error(&by_names(&folder));
    assert!(
        strange.contains("no_ann.wav: expected a name that fits `pattern`"),
        "{strange}"
    );
    let beside = error(&AudioFolderConfig::new(folder.path()));
    assert!(
        beside.contains("a `pattern` of names that say them"),
        "{beside}"
    );
}

#[test]
fn folders_without_enough_are_refused() {
    let one = tempfile::tempdir().unwrap();
    let config = by_names(&one);
    assert!(error(&config).contains("WAV files whose names fit `pattern`"));
    for index in 0..4 {
        fs::write(
            one.path().join(format!("no_ann_{index}.wav")),
            wav(8000, 60, 300.0),
        )
        .unwrap();
    }
    assert!(error(&config).contains("expected 2 to 256 classes, found 1, for example \"no\""));
    fs::write(one.path().join("yes_ann_9.wav"), wav(8000, 60, 300.0)).unwrap();
    let untrained = error(&config.clone().with_test("index", [9]));
    assert!(
        untrained.contains("expected a clip of class yes for training"),
        "{untrained}"
    );
    assert!(error(&config.clone().with_test("index", [77])).contains("for test too"));
    assert!(error(&AudioFolderConfig::new(one.path().join("none"))).contains("is missing"));
    let classes = folder(true);
    fs::write(classes.path().join("no/a.mp3"), "ID3").unwrap();
    assert!(
        error(&AudioFolderConfig::new(classes.path()))
            .contains("a.mp3: expected a clip: a file NAME.wav")
    );
    let small = folder(false);
    let small = by_names(&small).with_memory_limit_mib(0);
    assert!(error(&small).starts_with("memory_limit_mib: expected at least 1 for 36 clips"));
}

#[test]
fn the_carried_digits_are_read() {
    let splits = AudioFolderConfig::built_in()
        .with_group("speaker")
        .with_leave_out("theo")
        .load()
        .unwrap();
    assert_eq!(splits.train.shape(), [1, 1, 4096]);
    assert_eq!(splits.train.class_names().unwrap(), ["2", "5", "8"]);
    assert_eq!(
        [
            splits.train.count(),
            splits.valid.count(),
            splits.test.count()
        ],
        [23, 4, 9]
    );
    println!("{}, {:?}", splits.description, splits.normalisation);
    // A network of theirs is evaluated on clips that are named alike.
    let folder = folder(false);
    let mut other = AudioFolderConfig::built_in();
    other.use_all_of(folder.path()).unwrap();
    assert_eq!(other.load_split(Split::All).unwrap().images.count(), 36);
    let nobody = AudioFolderConfig::built_in()
        .with_group("speaker")
        .with_leave_out("teo");
    assert!(
        error(&nobody)
            .starts_with("leave_out: expected one of 4 groups, such as theo, found \"teo\"")
    );
}

#[test]
fn settings_are_named_as_in_run_files_and_checked() {
    let text = "source = \"folder\"\npath = \"d\"\npattern = \"{class}_{speaker}_{index}.wav\"\ngroup = \"speaker\"\n\
                valid_fraction = 0.15\ntest_fraction = 0.15\nrate = 8000\nsamples = 4096\nseed = 0\n\
                train_fraction = 1.0\nmemory_limit_mib = 4096\n\n[test]\nindex = [0, 1]\nspeaker = [\"theo\"]\n";
    let config: AudioFolderConfig = toml::from_str(text).unwrap();
    assert_eq!(toml::to_string(&config).unwrap(), text);
    assert!(config.validate().is_ok());
    assert_eq!(
        toml::from_str::<AudioFolderConfig>("").unwrap(),
        AudioFolderConfig::default()
    );
    for (text, start) in [
        ("", "path: expected the folder"),
        ("sample = 3", "unknown field"),
        ("pattern = \"clip.wav\"", "pattern"),
        ("group = \"speaker\"", "group: expected a `pattern`"),
        (
            "pattern = \"{class}_{x}.wav\"\ngroup = \"speaker\"",
            "group: expected a field of the pattern: class, x",
        ),
        (
            "pattern = \"{class}_{x}.wav\"\ntest = { y = [1] }",
            "test: expected a field",
        ),
        (
            "pattern = \"{class}_{x}.wav\"\ntest = {}",
            "test: expected values",
        ),
        ("leave_out = \"theo\"", "leave_out: expected a field"),
        (
            "pattern = \"{class}_{x}.wav\"\ngroup = \"x\"\nleave_out = \"1\"\ntest = { x = [1] }",
            "leave_out: expected one of",
        ),
        (
            "source = \"built-in\"\npattern = \"{x}.wav\"",
            "pattern: expected a pattern with the field class",
        ),
        ("valid_fraction = 0.0", "valid_fraction"),
        ("valid_fraction = 0.5\ntest_fraction = 0.5", "test_fraction"),
        ("rate = 10", "rate"),
        ("samples = 0", "samples"),
        ("stretch = [0.0, 1.0]", "stretch"),
        ("train_stretch = [2.0, 1.0]", "train_stretch"),
        ("test_stretch = [1.0, nan]", "test_stretch"),
        ("train_fraction = 2.0", "train_fraction"),
    ] {
        let found = match toml::from_str::<AudioFolderConfig>(text) {
            Ok(config) => error(&config),
            Err(error) => error.message().to_string(),
        };
        assert!(found.starts_with(start), "{text}: {found}");
    }
}

#[test]
fn the_spoken_digits_are_read_in_seconds() {
    let there = |data: std::path::PathBuf| {
        Some(data.join("spoken_digits")).filter(|folder| folder.is_dir())
    };
    let Some(folder) = given("spoken_digits", there) else {
        return;
    };
    let start = Instant::now();
    let config = AudioFolderConfig::new(folder)
        .with_pattern("{class}_{speaker}_{index}.wav")
        .with_group("speaker")
        .with_test("index", 0..5);
    let splits = config.load().unwrap();
    println!(
        "{} in {:.2?}, {:?}",
        splits.description,
        start.elapsed(),
        splits.normalisation
    );
    assert_eq!(
        [
            splits.train.count(),
            splits.valid.count(),
            splits.test.count()
        ],
        [1913, 337, 250]
    );
    assert_eq!(splits.train.classes(), 10);
}
