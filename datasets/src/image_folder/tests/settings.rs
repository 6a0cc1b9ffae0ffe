//! What settings mean, how they are written, and which of them cannot work.

use super::*;

#[test]
fn settings_are_checked() {
    let config: ImageFolderConfig = toml::from_str("path = \"d\"").unwrap();
    assert_eq!(config, ImageFolderConfig::new("d"));
    assert!(config.validate().is_ok());
    let unnamed: ImageFolderConfig = toml::from_str("").unwrap();
    // It may still be named, until it is read.
    assert!(unnamed.validate().is_ok());
    assert!(error(&unnamed).contains("dataset.path: expected the folder"));
    assert!(toml::from_str::<ImageFolderConfig>("path = \"d\"\ngray = true").is_err());
    for (text, expected) in [
        (
            "size = 0",
            "size: expected 1 to 4096 pixels a side, found 0 × 0",
        ),
        ("size = [64, 5000]", "found 64 × 5000"),
        (
            "split = [0.8, 0.2, 0.0]",
            "split: expected three shares above 0",
        ),
        ("split = [0.7, 0.2, 0.2]", "that sum to 1"),
        ("split = [nan, 0.2, 0.2]", "split: expected"),
        ("folds = 1", "folds: expected 2 to 100, found 1"),
        (
            "folds = 5\nfold = 5",
            "fold: expected 0 to 4 of 5 folds, found 5",
        ),
        (
            "fold = 0",
            "fold: expected no number of a fold without `folds`",
        ),
        (
            "folds = 5\nsplit = [0.8, 0.1, 0.1]",
            "expected one of `split` and `folds`",
        ),
        ("groups = \"(\"", "groups: expected a regular expression"),
        (
            "labels = \"../labels.csv\"",
            "labels: expected a file of this folder",
        ),
        (
            "labels = \"/labels.csv\"",
            "labels: expected a file of this folder",
        ),
        ("train_fraction = 0.0", "train_fraction: expected"),
    ] {
        let config: ImageFolderConfig = toml::from_str(text).unwrap();
        let found = config.validate().unwrap_err().to_string();
        assert!(found.contains(expected), "{text}: {found}");
    }
    for text in [
        "size = \"64\"",
        "size = [1]",
        "fit = \"squeeze\"",
        "channels = \"gray\"",
    ] {
        assert!(toml::from_str::<ImageFolderConfig>(text).is_err(), "{text}");
    }
}

#[test]
fn settings_are_written_as_they_are_read() {
    let plain = toml::to_string(&ImageFolderConfig::new("d")).unwrap();
    assert_eq!(
        plain,
        "path = \"d\"\nchannels = \"colour\"\nfit = \"pad\"\nstretch = \"none\"\nseed = 0\ntrain_fraction = 1.0\n\
         memory_limit_mib = 4096\n"
    );
    let config = ImageFolderConfig::new("d")
        .with_labels("a/b.csv")
        .with_channels(Channels::Auto)
        .with_size([48, 64])
        .with_fit(Fit::Crop)
        .with_stretch(Stretch::Asinh)
        .with_fold(1, 5)
        .with_groups("p[0-9]+")
        .with_seed(3);
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("size = [48, 64]\n"), "{text}");
    assert_eq!(toml::from_str::<ImageFolderConfig>(&text).unwrap(), config);
    let square = toml::to_string(&config.with_size(32)).unwrap();
    assert!(square.contains("size = 32\n"), "{square}");
}

/// Files of older versions say `grey`; it means what it meant, and is written as `channels`.
#[test]
fn the_older_word_for_channels_is_understood() {
    let folder = folder();
    for (text, channels) in [("grey = true", 1), ("grey = false\nchannels = \"grey\"", 3)] {
        let config: ImageFolderConfig = toml::from_str(text).unwrap();
        let config = ImageFolderConfig {
            path: folder.path().into(),
            ..config
        };
        assert_eq!(config.load().unwrap().train.channels(), channels);
        let resolved = config.resolved().unwrap();
        assert_eq!(resolved.load().unwrap().train.channels(), channels);
        assert!(!toml::to_string(&resolved).unwrap().contains("grey ="));
        assert_eq!(resolved.resolved().unwrap(), resolved);
    }
    // A folder that is not there is no reason to refuse settings that don't depend on it.
    assert!(ImageFolderConfig::new("nowhere").resolved().is_ok());
    assert!(ImageFolderConfig::new("").resolved().is_ok());
}

#[test]
fn channels_are_those_of_the_files_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    for split in ["train", "valid", "test"] {
        let place = folder.path().join(split).join("a");
        fs::create_dir_all(&place).unwrap();
        GrayImage::new(2, 2).save(place.join("1.png")).unwrap();
    }
    let config = ImageFolderConfig::new(folder.path()).with_channels(Channels::Auto);
    assert_eq!(config.load().unwrap().train.channels(), 1);
    assert_eq!(config.resolved().unwrap().channels, Channels::Grey);
    RgbImage::new(2, 2)
        .save(folder.path().join("test/a/2.bmp"))
        .unwrap();
    assert_eq!(
        config.load_split(Split::Train).unwrap().images.channels(),
        3
    );
    assert_eq!(config.resolved().unwrap().channels, Channels::Colour);
    let nowhere = ImageFolderConfig::new("nowhere").with_channels(Channels::Auto);
    assert!(nowhere.resolved().is_err());
}
