//! Tests of scaled digits, carried ones and, where they are, MNIST's.

use std::collections::BTreeSet;
use std::time::Instant;

use super::*;
use crate::digits::{BUILT_IN_SIZES, CLASSES};
use crate::testing::given;

fn built_in() -> ScaledMnistConfig {
    ScaledMnistConfig::new(ScaledMnistSource::BuiltIn).with_limits([Some(300), Some(50), Some(200)])
}

fn extremes(images: &ImageDataset) -> [f32; 2] {
    let factors = images.factors().unwrap().iter();
    factors.fold([9.0, 0.0], |[low, high]: [f32; 2], factor| {
        [low.min(*factor), high.max(*factor)]
    })
}

#[test]
fn the_carried_digits_make_three_splits() {
    let splits = ScaledMnistConfig::new(ScaledMnistSource::BuiltIn)
        .load()
        .unwrap();
    let parts = [&splits.train, &splits.valid, &splits.test];
    assert_eq!(parts.map(|part| part.count()), BUILT_IN_SIZES);
    for part in parts {
        assert_eq!((part.shape(), part.classes()), (SHAPE, CLASSES));
        let [low, high] = extremes(part);
        assert!((0.3..0.302).contains(&low) && (0.998..1.0).contains(&high));
        let inside = |index| part.image(index).iter().all(|v| (0.0..=1.0).contains(v));
        assert!((0..part.count()).all(inside));
    }
    // The light of a digit goes with the square of its factor, whose mean is (0.3² + 0.3 + 1) / 3.
    let expected = 0.1307 * (0.09 + 0.3 + 1.0) / 3.0;
    let mean = splits.normalisation.mean[0];
    assert!((mean - expected).abs() < 0.003, "{mean} of {expected}");
    assert_eq!(
        splits.description.to_string(),
        "scaled MNIST (MNIST digits carried by gcnn-datasets, scaled by 0.3 to 1 with seed 0): 4000 training, \
         1000 validation, 3000 test images"
    );
}

/// A digit of factor 1 is as it was, and a smaller one lies within its share of the image.
#[test]
fn digits_shrink_about_the_centre() {
    let upright = built_in().with_scales([1.0, 1.0]);
    let upright = upright.load_split(Split::Test).unwrap().images;
    let digits = Digits::built_in().unwrap();
    let raw = digits.made(&[5_000], |_, upright, image| image.copy_from_slice(upright));
    assert_eq!(upright.image(0), raw.unwrap().image(0));
    let small = built_in().with_scales([0.5, 0.5]);
    let small = small.load_split(Split::Test).unwrap().images;
    for index in 0..20 {
        let (image, whole) = (small.image(index), upright.image(index));
        // 28 pixels become the middle 14, and the kernel reaches two further.
        let is_outside =
            |at: &usize| !(4..24).contains(&(at / 28)) || !(4..24).contains(&(at % 28));
        assert!((0..784).filter(is_outside).all(|at| image[at].abs() < 0.02));
        let [part, all] = [&image, &whole].map(|image| image.iter().sum::<f32>());
        // Undershoots around strokes are cut at 0, which adds a little.
        assert!((part / all - 0.25).abs() < 0.02, "{part} of {all}");
        // The centre of the light halves its distance from the centre of the image.
        let centre = |image: &[f32]| {
            let moments = image.iter().enumerate().map(|(at, v)| (at % 28) as f32 * v);
            moments.sum::<f32>() / image.iter().sum::<f32>() - 13.5
        };
        assert!((centre(&image) - 0.5 * centre(&whole)).abs() < 0.1);
    }
}

#[test]
fn a_picture_depends_on_the_seed_and_its_own_number_alone() {
    let config = built_in();
    let splits = config.load().unwrap();
    let more = config.clone().with_limits([Some(400), Some(50), Some(200)]);
    let more = more.load_split(Split::Train).unwrap().images;
    for index in [0, 7, 299] {
        assert_eq!(more.image(index), splits.train.image(index));
    }
    for (split, expected) in
        Split::THREE
            .into_iter()
            .zip([&splits.train, &splits.valid, &splits.test])
    {
        let alone = config.load_split(split).unwrap().images;
        assert_eq!(alone.identity().unwrap(), expected.identity().unwrap());
        assert_eq!(alone.factors(), expected.factors());
    }
    let all = config.load_split(Split::All).unwrap().images;
    assert_eq!(all.count(), BUILT_IN_SIZES.iter().sum::<usize>());
    assert_eq!(
        all.factors().unwrap()[..300],
        splits.train.factors().unwrap()[..]
    );
    let other = config
        .clone()
        .with_seed(1)
        .load_split(Split::Train)
        .unwrap()
        .images;
    assert_ne!(other.factors(), splits.train.factors());
    let part = config
        .with_train_fraction(0.1)
        .load_split(Split::Train)
        .unwrap()
        .images;
    assert_eq!((part.count(), part.factors().unwrap().len()), (30, 30));
}

#[test]
fn training_and_test_may_have_other_factors() {
    let config = built_in()
        .with_train_scales([0.6, 1.0])
        .with_test_scales([0.3, 0.6]);
    let splits = config.load().unwrap();
    let ranges = [&splits.train, &splits.valid, &splits.test].map(|part| extremes(part));
    assert!(
        ranges[..2]
            .iter()
            .all(|[low, high]| *low >= 0.6 && *high <= 1.0)
    );
    assert!(ranges[2][0] >= 0.3 && ranges[2][1] <= 0.6);
    let said = &splits.description.origin;
    assert!(
        said.contains("scaled by 0.6 to 1 (test: 0.3 to 0.6) with"),
        "{said}"
    );
}

/// A turned digit has the angle that it has in rotated MNIST.
#[test]
fn turned_digits_are_resampled_once() {
    let config = built_in().with_rotation(true).with_scales([1.0, 1.0]);
    let turned = config.load_split(Split::Test).unwrap();
    assert!(turned.origin.contains(" and turned"), "{}", turned.origin);
    let rotated = crate::RotatedMnistConfig::new(crate::RotatedMnistSource::BuiltIn).with_limits([
        None,
        None,
        Some(20),
    ]);
    let rotated = rotated.load_split(Split::Test).unwrap().images;
    for index in 0..20 {
        let pairs = turned
            .images
            .image(index)
            .into_iter()
            .zip(rotated.image(index));
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
    }
}

#[test]
fn settings_are_named_as_in_run_files_and_checked() {
    let config = built_in().with_path("d").with_test_scales([0.3, 0.6]);
    assert_eq!(
        toml::to_string(&config).unwrap(),
        "source = \"built-in\"\npath = \"d\"\nseed = 0\nscales = [0.3, 1.0]\ntest_scales = [0.3, 0.6]\n\
         rotation = false\ntrain_fraction = 1.0\ntrain_limit = 300\nvalid_limit = 50\ntest_limit = 200\n"
    );
    assert_eq!(
        toml::from_str::<ScaledMnistConfig>("").unwrap(),
        ScaledMnistConfig::default()
    );
    assert!(toml::from_str::<ScaledMnistConfig>("scale = [0.3, 1.0]").is_err());
    for (text, field) in [
        ("scales = [0.0, 1.0]", "scales"),
        ("scales = [1.0, 0.3]", "scales"),
        ("train_scales = [0.5, nan]", "train_scales"),
        ("test_scales = [0.5, 3.0]", "test_scales"),
        ("train_fraction = 0.0", "train_fraction"),
    ] {
        let config: ScaledMnistConfig = toml::from_str(text).unwrap();
        let error = config.load().unwrap_err().to_string();
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn a_folder_without_mnist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = ScaledMnistConfig::default().with_path(folder.path());
    let error = config.load().unwrap_err().to_string();
    let name = folder.path().display().to_string();
    assert!(
        error.contains(&name) && error.contains("MNIST's four IDX files"),
        "{error}"
    );
    assert!(error.contains("source = \"built-in\""), "{error}");
}

#[test]
fn splits_are_disjoint_and_have_all_classes_in_proportion() {
    let labels: Vec<u8> = (0..70_000u32).map(|i| (i % 97 % 10) as u8).collect();
    let splits = choose(&labels, 3);
    assert_eq!(splits.each_ref().map(Vec::len), SIZES);
    let all: BTreeSet<u32> = splits.iter().flatten().copied().collect();
    assert_eq!(all.len(), SIZES.iter().sum::<usize>());
    for class in 0..10 {
        let of = |digits: &[u32]| {
            digits
                .iter()
                .filter(|i| labels[**i as usize] == class)
                .count()
        };
        let everywhere: Vec<u32> = (0..70_000).collect();
        let share = of(&everywhere) as f64 / 70_000.0;
        for split in &splits {
            let expected = share * split.len() as f64;
            assert!((of(split) as f64 - expected).abs() <= 1.5);
        }
    }
    assert_ne!(choose(&labels, 4), splits);
}

#[test]
fn mnist_itself_is_scaled_as_ever_in_seconds() {
    let there = |data: PathBuf| {
        let places = folders::places(&data, &INNER);
        places.into_iter().find(|place| has_idx(place))
    };
    let Some(folder) = given("MNIST", there) else {
        return;
    };
    let start = Instant::now();
    let splits = ScaledMnistConfig::default()
        .with_path(folder)
        .load()
        .unwrap();
    println!("{} in {:.2?}", splits.description, start.elapsed());
    let parts = [&splits.train, &splits.valid, &splits.test];
    assert_eq!(parts.map(|part| part.count()), SIZES);
    let of = |class: u8| parts.map(|part| part.labels().iter().filter(|l| **l == class).count());
    println!("{:?}", [0, 1, 5].map(of));
    println!(
        "{:?}, {:?}",
        splits.normalisation,
        &splits.train.labels()[..12]
    );
    println!("{:?}", &splits.test.factors().unwrap()[..3]);
}
