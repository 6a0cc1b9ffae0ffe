//! Tests of patches: where they lie, how they move with their classes, and that an epoch goes on where it stopped.

use super::*;
use crate::augmentation::RotationAugmentation;
use crate::rotate::{self, Interpolation};

const THRESHOLD: f32 = 0.5;

/// Scenes of three channels whose class is whether the first channel is above a half.
fn dataset(
    sizes: &[[usize; 2]],
    value: impl Fn(usize, usize, usize) -> f32,
) -> Arc<SegmentationDataset> {
    let scenes = sizes.iter().enumerate().map(|(number, [height, width])| {
        let (height, width) = (*height, *width);
        let channel = |channel: usize| {
            let value = &value;
            (0..height * width)
                .map(move |place| value(number + 3 * channel, place / width, place % width))
        };
        let pixels: Vec<f32> = (0..3).flat_map(channel).collect();
        Scene {
            name: number.to_string(),
            channels: 3,
            height,
            width,
            classes: pixels[..height * width].iter().map(class).collect(),
            pixels,
            instances: None,
        }
    });
    let names = vec!["dark".into(), "light".into()];
    Arc::new(SegmentationDataset::new(scenes.collect(), 3, names).unwrap())
}

fn class(value: &f32) -> u8 {
    u8::from(*value > THRESHOLD)
}

/// Values that have nothing to do with their neighbours.
fn noise(number: usize, row: usize, column: usize) -> f32 {
    let mut random = Random::new(number as u64, Purpose::Place, row as u64, column as u64);
    random.unit() as f32
}

fn noisy() -> Arc<SegmentationDataset> {
    dataset(&[[20, 30], [25, 16], [9, 40]], noise)
}

fn options() -> BatchOptions {
    BatchOptions::new(4)
        .with_seed(5)
        .with_epoch(2)
        .with_shuffle(true)
}

fn turning(rotation: RotationAugmentation) -> Augmentation {
    Augmentation {
        rotation,
        flip: true,
        ..Augmentation::none()
    }
}

fn load(
    dataset: &Arc<SegmentationDataset>,
    size: usize,
    options: &BatchOptions,
) -> Vec<SegmentationBatch> {
    PatchLoader::new(dataset.clone(), size, 3, options)
        .unwrap()
        .collect()
}

#[test]
fn patches_are_parts_of_their_images_as_many_of_each() {
    let dataset = noisy();
    let batches = load(&dataset, 8, &options());
    assert_eq!(
        batches.iter().map(|batch| batch.count).collect::<Vec<_>>(),
        [4, 4, 1]
    );
    let mut of_scene = [0; 3];
    let mut places = std::collections::BTreeSet::new();
    for batch in &batches {
        assert_eq!([batch.channels, batch.height, batch.width], [3, 8, 8]);
        for (at, number) in batch.scenes.iter().enumerate() {
            of_scene[*number as usize] += 1;
            let (patch, scene) = (batch.part(at..at + 1), &dataset.scenes()[*number as usize]);
            let is_at = |corner: &[usize; 2]| {
                (0..3 * 64).all(|place| {
                    let (channel, row, column) = (place / 64, place / 8 % 8, place % 8);
                    let there = (channel * scene.height + corner[0] + row) * scene.width;
                    patch.images[place] == scene.pixels[there + corner[1] + column]
                })
            };
            let corners = (0..=scene.height - 8)
                .flat_map(|row| (0..=scene.width - 8).map(move |column| [row, column]));
            let found: Vec<[usize; 2]> = corners.filter(is_at).collect();
            assert_eq!(found.len(), 1);
            places.insert((*number, found[0]));
            assert_eq!(
                patch.classes,
                patch.images[..64].iter().map(class).collect::<Vec<_>>()
            );
        }
    }
    assert_eq!((of_scene, places.len()), ([3; 3], 9));
}

#[test]
fn every_place_of_an_image_is_met() {
    let dataset = dataset(&[[6, 5]], noise);
    let loader = PatchLoader::new(dataset.clone(), 4, 600, &options()).unwrap();
    let mut counts = [[0; 2]; 3];
    for patch in 0..600 {
        let corner = loader.window(&dataset.scenes()[0], patch).corner;
        counts[corner[0] as usize][corner[1] as usize] += 1;
    }
    // Five standard deviations around 100.
    assert!(
        counts
            .iter()
            .flatten()
            .all(|count| (54..=146).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn an_epoch_depends_on_seed_and_epoch_and_goes_on_where_it_stopped() {
    let dataset = noisy();
    let options = options().with_augmentation(Augmentation {
        translation: 2.0,
        scale: 0.2,
        hue: 0.1,
        ..turning(RotationAugmentation::Continuous)
    });
    let whole = load(&dataset, 12, &options);
    assert_eq!(whole, load(&dataset, 12, &options));
    assert_ne!(whole, load(&dataset, 12, &options.clone().with_epoch(3)));
    assert_ne!(whole, load(&dataset, 12, &options.clone().with_seed(6)));
    for start in 0..=4 {
        let rest = options.clone().with_start_batch(start);
        let loader = PatchLoader::new(dataset.clone(), 12, 3, &rest).unwrap();
        assert_eq!(loader.len(), 3usize.saturating_sub(start));
        assert_eq!(loader.collect::<Vec<_>>(), whole[start.min(3)..]);
    }
    // A patch is the same in every order and every size of batches.
    let all = |options: &BatchOptions| {
        let batches = load(&dataset, 12, options);
        let each = batches
            .iter()
            .flat_map(|batch| (0..batch.count).map(|at| batch.part(at..at + 1)));
        let mut patches: Vec<(u32, Vec<u32>, Vec<u8>)> = each
            .map(|patch| {
                let bits = patch.images.iter().map(|value| value.to_bits()).collect();
                (patch.scenes[0], bits, patch.classes)
            })
            .collect();
        patches.sort();
        patches
    };
    let mut other = options.clone().with_shuffle(false);
    other.batch_size = 7;
    assert_eq!(all(&options), all(&other));
    let short = options.with_drop_last(true);
    assert_eq!(load(&dataset, 12, &short), whole[..2]);
}

#[test]
fn right_angles_turn_image_and_classes_exactly() {
    let dataset = noisy();
    let plain = load(&dataset, 8, &options());
    let augmentation = turning(RotationAugmentation::RightAngles);
    let mut met = std::collections::BTreeSet::new();
    for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
        let augmentation = Augmentation {
            interpolation,
            ..augmentation.clone()
        };
        let turned = load(
            &dataset,
            8,
            &options().with_augmentation(augmentation.clone()),
        );
        let numbers = order(9, &options());
        let mut patch = numbers.iter();
        for (plain, turned) in plain.iter().zip(&turned) {
            for (image, (found, classes)) in plain
                .images
                .chunks(3 * 64)
                .zip(turned.images.chunks(3 * 64).zip(turned.classes.chunks(64)))
            {
                let motion = augmentation.motion(5, 2, *patch.next().unwrap() as usize);
                met.insert(format!("{motion:?}"));
                let mut expected = vec![0.0; 3 * 64];
                rotate::transform(
                    image,
                    [3, 8, 8],
                    motion,
                    interpolation,
                    Fill::Black,
                    &mut expected,
                );
                assert_eq!(found, expected);
                assert_eq!(
                    classes,
                    expected[..64].iter().map(class).collect::<Vec<_>>()
                );
            }
        }
    }
    assert!(met.len() > 3, "{met:?}");
}

/// A wave of at most so much a pixel.
const SLOPE: f32 = 0.05;

fn wave(number: usize, row: usize, column: usize) -> f32 {
    let phase = 0.06 * row as f32 + 0.08 * column as f32 + number as f32;
    0.5 + 0.5 * phase.sin()
}

#[test]
fn any_angle_keeps_image_and_classes_together() {
    let dataset = dataset(&[[60, 80], [20, 20]], wave);
    let augmentation = Augmentation {
        translation: 4.0,
        scale: 0.3,
        ..turning(RotationAugmentation::Continuous)
    };
    let options = options().with_augmentation(augmentation);
    let (mut near, mut all) = (0, 0);
    for batch in load(&dataset, 24, &options) {
        for (image, classes) in batch.images.chunks(3 * 576).zip(batch.classes.chunks(576)) {
            for (value, found) in image.iter().zip(classes) {
                all += 1;
                // The nearest pixel is at most √½ away, and interpolation is off by far less than that.
                match (value - THRESHOLD).abs() > 0.75 * SLOPE {
                    true => assert_eq!(*found, class(value), "{value}"),
                    false => near += 1,
                }
            }
        }
    }
    assert!(near * 8 < all, "{near} of {all}");
}

#[test]
fn corners_of_a_turned_patch_show_the_image() {
    // A plane, which interpolation reads exactly.
    let plane = |_: usize, row: usize, column: usize| 0.002 * row as f32 + 0.003 * column as f32;
    let dataset = dataset(&[[100, 100]], plane);
    let augmentation = turning(RotationAugmentation::Continuous);
    let options = BatchOptions::new(1).with_augmentation(augmentation.clone());
    let loader = PatchLoader::new(dataset.clone(), 20, 40, &options).unwrap();
    let windows: Vec<Window> = (0..40)
        .map(|patch| loader.window(&dataset.scenes()[0], patch))
        .collect();
    let mut looked_at = 0;
    for (number, (batch, window)) in loader.zip(windows).enumerate() {
        if window.corner.iter().any(|corner| !(7..74).contains(corner)) {
            continue;
        }
        looked_at += 1;
        // Values at the four corners of the patch: the middle and half the diagonal, turned. On a plane opposite ones sum to
        // twice the middle, and all are as far from it as the turn says.
        let middle = window.corner.map(|corner| corner as f32 + 9.5);
        let middle = 0.002 * middle[0] + 0.003 * middle[1];
        let [one, other] =
            [[0, 399], [19, 380]].map(|ends| ends.map(|place: usize| batch.images[place] - middle));
        assert!((one[0] + one[1]).abs() < 1e-5 && (other[0] + other[1]).abs() < 1e-5);
        // |gradient| times half the diagonal, of two diagonals at right angles.
        let far = (0.002f32.powi(2) + 0.003f32.powi(2)).sqrt() * 9.5 * 2.0f32.sqrt();
        assert!(
            (one[0].hypot(other[0]) - far).abs() < 1e-5,
            "patch {number}"
        );
    }
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn smaller_images_are_reflected() {
    let dataset = dataset(&[[3, 20]], noise);
    let loader = PatchLoader::new(dataset.clone(), 8, 5, &BatchOptions::new(1)).unwrap();
    let scene = &dataset.scenes()[0];
    let windows: Vec<Window> = (0..5).map(|patch| loader.window(scene, patch)).collect();
    for (batch, window) in loader.zip(windows) {
        let [top, left] = window.corner;
        assert!((-5..=0).contains(&top) && (0..=12).contains(&left));
        for place in 0..64 {
            // Rows 2 1 0 | 0 1 2 | 2 1 0.
            let row = (top + place / 8).rem_euclid(6);
            let row = row.min(5 - row) as usize;
            let there = row * 20 + (left + place % 8) as usize;
            assert_eq!(batch.images[place as usize], scene.pixels[there]);
            assert_eq!(batch.classes[place as usize], scene.classes[there]);
        }
    }
}

#[test]
fn colours_change_in_the_image_alone_and_normalisation_comes_last() {
    let dataset = noisy();
    let colour = Augmentation {
        brightness: 0.3,
        hue: 0.2,
        ..turning(RotationAugmentation::RightAngles)
    };
    let still = turning(RotationAugmentation::RightAngles);
    let [plain, changed] = [&still, &colour].map(|augmentation| {
        load(
            &dataset,
            8,
            &options().with_augmentation(augmentation.clone()),
        )
    });
    let normalisation = dataset.mean_and_deviation();
    let normal = options().with_augmentation(colour.clone());
    let normal = load(
        &dataset,
        8,
        &normal.with_normalisation(Some(normalisation.clone())),
    );
    for (plain, (changed, normal)) in plain.iter().zip(changed.iter().zip(&normal)) {
        assert_eq!(
            (&plain.classes, &plain.scenes),
            (&changed.classes, &changed.scenes)
        );
        assert_ne!(plain.images, changed.images);
        let mut expected = changed.images.clone();
        expected
            .chunks_mut(3 * 64)
            .for_each(|image| normalisation.apply(image));
        assert_eq!(normal.images, expected);
    }
    // In place of the options'.
    let loader = PatchLoader::new(dataset.clone(), 8, 3, &options()).unwrap();
    let loader = loader.with_augmentation(&colour).unwrap();
    assert_eq!(loader.collect::<Vec<_>>(), changed);
}

#[test]
fn impossible_options_are_refused() {
    let dataset = noisy();
    let said = |size, count, options: BatchOptions| {
        let error = PatchLoader::new(dataset.clone(), size, count, &options).unwrap_err();
        error.to_string()
    };
    assert!(said(0, 1, options()).starts_with("patch_size"));
    assert!(said(8, 0, options()).starts_with("patches_per_image"));
    assert!(said(8, 1, BatchOptions::new(0)).starts_with("batch_size"));
    assert!(said(8, 1 << 31, options()).starts_with("patches_per_image: expected fewer than 2³²"));
    assert!(said(1 << 16, 9, options()).starts_with("patch_size: expected batches of at most"));
    assert!(said(usize::MAX, 9, options()).starts_with("patch_size"));
    assert!(said(8, 1, options().with_sampling(Sampling::Balanced)).starts_with("sampling"));
    let wild = Augmentation {
        translation: f64::NAN,
        ..Augmentation::none()
    };
    assert!(said(8, 1, options().with_augmentation(wild)).starts_with("augmentation.translation"));
    let grey = ChannelNormalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    assert!(said(8, 1, options().with_normalisation(Some(grey))).starts_with("normalisation"));
    let empty = Arc::new(dataset.slice(0..0));
    assert_eq!(
        PatchLoader::new(empty, 8, 3, &options()).unwrap().count(),
        0
    );
}
