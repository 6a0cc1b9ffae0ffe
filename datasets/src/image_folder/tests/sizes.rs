//! Pictures of several sizes, depths and ranges.

use super::*;

/// A light square in pictures of several sizes and kinds.
fn mixed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, [width, height]) in [
        ("train/a/1.png", [20, 20]),
        ("train/a/2.bmp", [40, 20]),
        ("train/b/3.png", [20, 40]),
        ("valid/a/4.tif", [30, 30]),
        ("valid/b/5.webp", [10, 10]),
        ("test/a/6.png", [200, 100]),
        ("test/b/7.png", [7, 90]),
    ] {
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let picture = RgbImage::from_fn(width, height, |x, y| {
            let inside = |at: u32, side: u32| (side / 4..side - side / 4).contains(&at);
            let light = inside(x, width) && inside(y, height);
            Rgb([40 + 200 * u8::from(light), 40, 40])
        });
        picture.save(file).unwrap();
    }
    folder
}

#[test]
fn pictures_of_several_sizes_are_refused_with_the_way_out() {
    let folder = mixed();
    let found = error(&ImageFolderConfig::new(folder.path()));
    for part in ["2.bmp", "found 20 × 40", "`size = 20`", "`gcnn init`"] {
        assert!(found.contains(part), "{found}");
    }
}

#[test]
fn pictures_are_brought_to_the_size_and_stay_bytes() {
    let folder = mixed();
    for (fit, size) in [
        (Fit::Pad, PictureSize::from(16)),
        (Fit::Resize, PictureSize::from([8, 12])),
        (Fit::Crop, PictureSize::from(16)),
    ] {
        let config = ImageFolderConfig::new(folder.path())
            .with_size(size)
            .with_fit(fit);
        let splits = config.load().unwrap();
        let [height, width] = size.height_and_width();
        for images in [&splits.train, &splits.valid, &splits.test] {
            assert_eq!(images.shape(), [3, height, width]);
            let image = images.image(0);
            for value in &image {
                let byte = value * 255.0;
                assert!((byte - byte.round()).abs() < 1e-4, "{byte}");
            }
            // The middle is light and the corner is not, in red alone.
            assert_eq!(image[height / 2 * width + width / 2], 240.0 / 255.0);
            assert_eq!(image[0], 40.0 / 255.0);
            assert_eq!(image[height * width], 40.0 / 255.0);
        }
        let all = config.load_split(Split::All).unwrap().images;
        assert_eq!(all.count(), 7);
    }
    let config = ImageFolderConfig::new(folder.path()).with_size(4096);
    let found = error(&config.with_memory_limit_mib(10));
    assert!(found.contains("7 of 4096 × 4096, 336 MiB"), "{found}");
}

#[test]
fn deeper_pictures_and_stretched_ones_are_floats() {
    let folder = mixed();
    let deep = image::ImageBuffer::<Luma<u16>, _>::from_fn(10, 10, |x, _| Luma([x as u16 * 100]));
    deep.save(folder.path().join("train/a/8.tif")).unwrap();
    let config = ImageFolderConfig::new(folder.path())
        .with_grey(true)
        .with_size(10);
    let image = |config: &ImageFolderConfig| config.load().unwrap().train.image(2);
    let plain = image(&config);
    assert_eq!(plain[9], 900.0 / 65535.0);
    let stretched = image(&config.clone().with_stretch(Stretch::Percentiles));
    assert_eq!([stretched[0], stretched[9]], [0.0, 1.0]);
    assert!((stretched[4] - 4.0 / 9.0).abs() < 1e-3, "{}", stretched[4]);
    let lifted = image(&config.clone().with_stretch(Stretch::Asinh));
    assert!(lifted[1] > 1.5 * stretched[1] && lifted[9] == 1.0);
    let root = image(&config.clone().with_stretch(Stretch::Sqrt));
    assert!((root[9] - plain[9].sqrt()).abs() < 1e-6);
    // Four bytes a value.
    let found = error(&config.with_stretch(Stretch::Sqrt).with_memory_limit_mib(0));
    assert!(found.contains("8 of 10 × 10, 1 MiB"), "{found}");
    assert_eq!(
        ImageFolderConfig::new("d")
            .with_stretch(Stretch::Sqrt)
            .preparation(),
        Preparation {
            fit: Fit::Pad,
            stretch: Stretch::Sqrt
        }
    );
}

/// A network of before there were sizes was trained on pictures of one; others are brought to it.
#[test]
fn pictures_are_brought_to_the_shape_that_a_network_reads() {
    let folder = folder_of(&["test/a/0.png", "test/b/1.png"]);
    RgbImage::from_pixel(7, 5, Rgb([9, 9, 9]))
        .save(folder.path().join("test/b/2.png"))
        .unwrap();
    fs::create_dir_all(folder.path().join("train/a")).unwrap();
    fs::create_dir_all(folder.path().join("train/b")).unwrap();
    for class in ["a", "b"] {
        let from = folder.path().join("test/b/1.png");
        fs::copy(from, folder.path().join("train").join(class).join("x.png")).unwrap();
    }
    let mut config = ImageFolderConfig::new(folder.path());
    assert!(config.load_split(Split::Test).is_err(), "two sizes");
    config.bring_to([1, 2, 2]);
    let found = config.load_split(Split::Test).unwrap().images;
    assert_eq!((found.count(), found.shape()), (3, [1, 2, 2]));
    assert_eq!(config.shape(), Some([1, 2, 2]));
    // What was said stays said.
    let mut own = ImageFolderConfig::new(folder.path()).with_size(4);
    own.bring_to([3, 2, 2]);
    assert_eq!(own.shape(), Some([3, 4, 4]));
}
