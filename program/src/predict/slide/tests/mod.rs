mod pictures;
mod refused;

use burn::module::{Module, ModuleMapper, Param};
use gcnn_datasets::nuclei::{BUILT_IN_NAMES, CLASS_NAMES, Tissue};
use gcnn_datasets::{ChannelNormalisation, NucleiConfig, NucleiSource};
use gcnn_models::ImageModelConfig;
use gcnn_train::run_file::{Experiment, RunConfig};
use image::{GrayImage, RgbImage};

use super::*;

/// Replaces every parameter and running statistic by numbers that look random, so that no normalisation is the identity.
struct Reseed(u64);

impl Reseed {
    /// In [-1, 1), from a linear congruence (Knuth's MMIX).
    fn next(&mut self) -> f32 {
        self.0 = (self.0)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

impl ModuleMapper for Reseed {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|tensor| {
            let dims = tensor.dims();
            let count: usize = dims.iter().product();
            // Kernels as wide as He's; scales, shifts and statistics around 1, which keeps variances positive.
            let (centre, reach) = match D {
                1 => (0.8, 0.7),
                _ => (0.0, (6.0 / (count / dims[0]) as f32).sqrt()),
            };
            let values: Vec<f32> = (0..count).map(|_| centre + reach * self.next()).collect();
            Tensor::from_data(TensorData::new(values, dims), &tensor.device())
        })
    }
}

/// The network of `configs/histopathology/nuclei-c4.toml`.
const CONVOLUTIONS: &str = r#"
task = "nuclei"
[model]
group = "C4"
channels = [10, 10, 10]
kernel_sizes = [5, 5, 5]
pool_after = [1, 2]
head = "linear"
dropout = 0.0
"#;

/// The network of `configs/histopathology/nuclei-d4-densenet.toml`.
const DENSENET: &str = r#"
task = "nuclei"
[model]
kind = "densenet"
group = "D4"
growth = 6
blocks = 3
"#;

/// The network of a run file, for patches of 32×32 in grey or colour, its weights drawn.
fn network(
    run_file: &str,
    channels: usize,
    change: impl FnOnce(&mut ImageModelConfig),
) -> ImageNetwork {
    let config = RunConfig::parse(run_file, "run.toml".as_ref(), &[]).expect("a run file");
    let Experiment::Images(mut experiment) = config.experiment else {
        panic!("a run on images");
    };
    change(&mut experiment.model);
    let format = ImageFormat {
        channels,
        height: 32,
        width: 32,
        classes: 3,
        class_names: Some(CLASS_NAMES.map(String::from).to_vec()),
        targets: None,
        normalisation: ChannelNormalisation {
            mean: [0.7, 0.5, 0.7][..channels].to_vec(),
            std: [0.2, 0.2, 0.1][..channels].to_vec(),
        },
    };
    let trained = format
        .network(&experiment.model, &Device::flex())
        .expect("a network")
        .map(&mut Reseed(7));
    ImageNetwork {
        model: trained.export(),
        trained: Some(trained),
        format,
        temperature: 1.0,
        experiment,
    }
}

/// A carried image of tissue.
fn tissue() -> Tissue {
    let images = NucleiConfig::new(NucleiSource::BuiltIn);
    images.tissue(BUILT_IN_NAMES[0]).expect("a carried image")
}

fn picture() -> RgbImage {
    let tissue = tissue();
    let [height, width] = tissue.size.map(|side| side as u32);
    RgbImage::from_raw(width, height, tissue.pixels).expect("a picture")
}

/// A picture in colour from its first row on.
fn strip(pixels: &[u8], width: usize) -> Strip {
    Strip {
        first: 0,
        width,
        channels: 3,
        samples: Samples::Bytes(pixels.to_vec()),
    }
}

/// Maps a picture with tiles of some size and reads what was written.
fn mapped(
    network: &ImageNetwork,
    picture: &RgbImage,
    tile: usize,
) -> (TissueMap, Vec<u8>, RgbImage) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tissue.png");
    picture.save(&file).expect("saved");
    let options = MapOptions {
        output: folder.path().join("out"),
        tile,
    };
    let mut heard = Vec::new();
    let map = map(network, &file, &options, &Device::flex(), |all, done| {
        heard.push((all, done))
    })
    .expect("a map");
    let total = heard[0].0;
    assert!(heard.windows(2).all(|pair| pair[0].1 < pair[1].1));
    assert_eq!(heard.last(), Some(&(total, total)));
    assert_eq!(map.patches.iter().sum::<u64>(), total);
    let overlay = image::open(&map.overlay).expect("an overlay").into_rgb8();
    (map.clone(), indices(&map.classes), overlay)
}

/// The numbers of an indexed picture.
fn indices(path: &Path) -> Vec<u8> {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("a picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let mut numbers = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut numbers).expect("pixels");
    numbers
}

fn share_equal(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
    equal as f64 / a.len() as f64
}

/// The quarter turn, counter-clockwise, of `[.., height, width]`.
fn turn(map: Tensor<4>) -> Tensor<4> {
    map.swap_dims(2, 3).flip([2])
}

/// The class map of a turned or reflected image is the turned or reflected class map, to 1e-5 of the largest score, for the
/// networks over C4 and D4 as they are trained.
#[test]
fn class_maps_turn_with_the_tissue() {
    let tissue = tissue();
    for (name, run_file, reflections) in [("C4", CONVOLUTIONS, false), ("D4", DENSENET, true)] {
        let network = network(run_file, 3, |_| ());
        let device = Device::flex();
        let [height, width] = tissue.size;
        let strip = strip(&tissue.pixels, tissue.size[1]);
        let pixels = input(&strip, [0, 0], tissue.size, &network.format);
        let data = TensorData::new(pixels, [1, 3, height, width]);
        let image = Tensor::<4>::from_data(data, &device);
        let values = |map: Tensor<4>| -> Vec<f32> { map.into_data().iter().collect() };
        let upright = network.model.class_map(image.clone());
        let largest = values(upright.clone().abs().max().reshape([1, 1, 1, 1]))[0];
        let spread = values(upright.clone())
            .iter()
            .fold([f32::MAX, f32::MIN], |[low, high], v| {
                [low.min(*v), high.max(*v)]
            });
        assert!(
            spread[1] - spread[0] > 0.01 * largest,
            "scores hardly differ: {spread:?}"
        );
        let mut worst = 0.0f32;
        for mirrored in [false, true] {
            let reflect = |map: Tensor<4>| if mirrored { map.flip([3]) } else { map };
            let (mut image, mut expected) = (reflect(image.clone()), reflect(upright.clone()));
            for _ in 0..4 {
                (image, expected) = (turn(image), turn(expected));
                let found = network.model.class_map(image.clone());
                assert_eq!(found.dims(), expected.dims());
                let differences = values((found - expected.clone()).abs());
                let error = differences.into_iter().fold(0.0, f32::max) / largest;
                match mirrored && !reflections {
                    // A network over rotations alone has no reason to agree.
                    true => assert!(error > 1e-3, "{name}: {error}"),
                    false => worst = worst.max(error),
                }
            }
        }
        println!("{name}: {worst:e}");
        assert!(worst <= 1e-5, "{name}: {worst:e}");
    }
}

#[test]
fn pictures_of_turned_tissue_are_turned_pictures() {
    let network = network(CONVOLUTIONS, 3, |_| ());
    let upright = picture();
    let (map, classes, _) = mapped(&network, &upright, 100);
    let (width, height) = upright.dimensions();
    assert_eq!(
        (map.size, map.patch, map.stride),
        ([height as usize, width as usize], [32, 32], 4)
    );
    let numbers = GrayImage::from_raw(width, height, classes).expect("numbers");
    let (_, turned, _) = mapped(&network, &image::imageops::rotate90(&upright), 100);
    let expected = image::imageops::rotate90(&numbers).into_raw();
    // Two classes may have equal scores but for rounding.
    let equal = share_equal(&turned, &expected);
    assert!(equal > 0.9999, "{equal}");
    let seen: std::collections::BTreeSet<u8> = turned.into_iter().collect();
    assert!(seen.len() > 2 && seen.contains(&NO_CLASS), "{seen:?}");
}

#[test]
fn the_size_of_tiles_changes_nothing() {
    let network = network(DENSENET, 3, |_| ());
    let device = Device::flex();
    // A part whose sides are no multiples of anything.
    let part = image::imageops::crop_imm(&picture(), 3, 5, 131, 94).to_image();
    let strip = strip(part.as_raw(), 131);
    let grid = PatchGrid::new([94, 131], [32, 32], 4);
    assert_eq!((grid.count, grid.margin), ([16, 25], [14, 14]));
    let whole = tile(&network, &strip, &grid, [0, 0], grid.count, &device).expect("scores");
    let largest = whole.iter().fold(0.0f32, |a, b| a.max(b.abs()));
    let mut rest = [0, 0];
    for (at, extent) in [
        ([0, 0], [1, 1]),
        ([3, 7], [5, 2]),
        ([15, 24], [1, 1]),
        ([8, 0], [8, 25]),
    ] {
        let found = tile(&network, &strip, &grid, at, extent, &device).expect("scores");
        for class in 0..3 {
            for row in 0..extent[0] {
                for column in 0..extent[1] {
                    let a = found[(class * extent[0] + row) * extent[1] + column];
                    let b = whole[(class * 16 + at[0] + row) * 25 + at[1] + column];
                    assert!((a - b).abs() <= 1e-5 * largest, "{a} and {b} at {at:?}");
                    rest[usize::from(a == b)] += 1;
                }
            }
        }
    }
    // And a map's score is that of the patch by itself.
    let patch = image::imageops::crop_imm(&part, 4 * 7, 4 * 3, 32, 32).to_image();
    let patch = super::tests::strip(patch.as_raw(), 32);
    let pixels = input(&patch, [0, 0], [32, 32], &network.format);
    let data = TensorData::new(pixels, [1, 3, 32, 32]);
    let alone = network.model.forward(Tensor::from_data(data, &device));
    for (class, score) in alone.into_data().iter::<f32>().enumerate() {
        let other = whole[(class * 16 + 3) * 25 + 7];
        assert!(
            (score - other).abs() <= 1e-5 * largest,
            "{score} and {other}"
        );
    }

    let (_, expected, overlay) = mapped(&network, &part, 4096);
    for size in [1, 12, 57] {
        let (map, found, other) = mapped(&network, &part, size);
        assert!(share_equal(&found, &expected) > 0.999);
        assert!(share_equal(other.as_raw(), overlay.as_raw()) > 0.999);
        assert!(map.rows_held <= size.max(4) + 32 + 4, "{}", map.rows_held);
    }
}

#[test]
fn the_overlay_is_the_tissue_under_the_classes() {
    let network = network(CONVOLUTIONS, 3, |_| ());
    let picture = picture();
    let (map, classes, overlay) = mapped(&network, &picture, 256);
    let mut seen = [0u64; 3];
    for ((number, tissue), found) in classes.iter().zip(picture.pixels()).zip(overlay.pixels()) {
        match *number {
            0 | NO_CLASS => assert_eq!(found, tissue),
            class => {
                let colour = colours::of_class(usize::from(class));
                for channel in 0..3 {
                    let expected =
                        0.6 * f32::from(tissue[channel]) + 0.4 * f32::from(colour[channel]);
                    assert!((f32::from(found[channel]) - expected).abs() <= 0.51);
                }
            }
        }
        if *number != NO_CLASS {
            seen[usize::from(*number)] += 1;
        }
    }
    // Each patch has 16 pixels.
    assert_eq!(seen.map(|count| count / 16).to_vec(), map.patches);
    let [height, width] = map.size;
    let unseen = classes.iter().filter(|number| **number == NO_CLASS);
    assert_eq!(
        unseen.count(),
        height * width - (height - 28) * (width - 28)
    );
}
