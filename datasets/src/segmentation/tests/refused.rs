//! Tests of folders that are not what they should be: each error names its file and what to do.

use super::*;

/// A folder of four images whose load is refused after a change, and what is said.
fn refused(change: impl Fn(&Path)) -> String {
    refused_with(|config| config, change)
}

fn refused_with(
    settings: impl Fn(SegmentationConfig) -> SegmentationConfig,
    change: impl Fn(&Path),
) -> String {
    let folder = apart(&["a", "b", "c", "d"]);
    assert!(of(&folder).load().is_ok());
    change(folder.path());
    let error = settings(of(&folder)).load().unwrap_err();
    assert!(matches!(
        error,
        DatasetError::Malformed { .. } | DatasetError::Missing { .. }
    ));
    error.to_string()
}

fn with_classes(config: SegmentationConfig) -> SegmentationConfig {
    config.with_classes(["ground", "thing"])
}

/// Masks of classes 0 and 1 in place of instances.
fn make_classes(folder: &Path) {
    for (index, name) in ["a", "b", "c", "d"].iter().enumerate() {
        let [height, width] = size(index);
        let class = |x, y| Luma([u8::from(number(index, x, y) > 0)]);
        for ending in ["png", "tif"] {
            let _ = fs::remove_file(folder.join(format!("masks/{name}.{ending}")));
        }
        let mask = GrayImage::from_fn(width, height, class);
        mask.save(folder.join(format!("masks/{name}.png"))).unwrap();
    }
}

/// Takes another mask for the third image.
fn replace(folder: &Path, file: &str, save: impl Fn(&Path)) {
    fs::remove_file(folder.join("masks/c.png")).unwrap();
    save(&folder.join("masks").join(file));
}

#[test]
fn masks_of_another_size() {
    let said = refused(|folder| replace(folder, "c.png", |path| labels(1).save(path).unwrap()));
    let expected = "c.png: expected a mask of 40 × 50 pixels, as its image has, found 40 × 49";
    assert!(said.ends_with(expected), "{said}");
}

#[test]
fn masks_and_images_that_are_missing() {
    let said = refused(|folder| fs::remove_file(folder.join("masks/c.png")).unwrap());
    assert!(
        said.contains("masks/c is missing: expected the mask of") && said.contains("images/c.bmp"),
        "{said}"
    );
    let said = refused(|folder| fs::remove_file(folder.join("images/b.bmp")).unwrap());
    assert!(
        said.contains("images/b is missing: expected the image of the mask")
            && said.contains("masks/b.tif"),
        "{said}"
    );
    let said = refused(|folder| fs::write(folder.join("index.csv"), "image\na\nx\n").unwrap());
    assert!(
        said.contains("images/x is missing: expected an image that"),
        "{said}"
    );
    let said = refused(|folder| fs::remove_dir_all(folder.join("masks")).unwrap());
    assert!(
        said.contains("masks is missing: expected a folder, beside images"),
        "{said}"
    );
}

#[test]
fn the_same_side_by_side() {
    let said = |file: &str| {
        let folder = beside(&["a", "b"]);
        fs::remove_file(folder.path().join(file)).unwrap();
        of(&folder).load_split(Split::All).unwrap_err().to_string()
    };
    let found = said("b_labels.png");
    assert!(
        found.contains("b_labels.png is missing: expected the mask of") && found.contains("b.png"),
        "{found}"
    );
    let found = said("b.png");
    assert!(
        found.contains("b.png is missing: expected the image of the mask"),
        "{found}"
    );
    let folder = beside(&["a"]);
    picture(0).save(folder.path().join("b.jpg")).unwrap();
    let found = of(&folder).load_split(Split::All).unwrap_err().to_string();
    assert!(
        found.contains("b.jpg: expected images NAME.png beside masks"),
        "{found}"
    );
    // What a list leaves out need not be complete.
    fs::write(folder.path().join("index.csv"), "image\na\n").unwrap();
    assert!(of(&folder).load_split(Split::All).is_ok());
}

#[test]
fn classes_without_a_name() {
    let said = refused_with(with_classes, |folder| {
        make_classes(folder);
        replace(folder, "c.png", |path| {
            let mask = GrayImage::from_fn(50, 40, |x, y| Luma([3 * u8::from((x, y) == (4, 2))]));
            mask.save(path).unwrap();
        });
    });
    let expected = "c.png: expected class numbers from 0 to 1, as `classes` has names, found 3 in row 2, column 4, from 0";
    assert!(said.ends_with(expected), "{said}");
    let said = refused_with(with_classes, |folder| {
        make_classes(folder);
        replace(folder, "c.png", |path| {
            GrayImage::from_pixel(50, 40, Luma([255]))
                .save(path)
                .unwrap()
        });
    });
    assert!(
        said.ends_with("a mask in black and white is divided by 255 first"),
        "{said}"
    );
}

#[test]
fn classes_that_no_training_image_has() {
    let three = |config: SegmentationConfig| config.with_classes(["ground", "thing", "rest"]);
    let said = refused_with(three, make_classes);
    assert!(
        said.contains(
            "expected pixels of every class in the 2 training images, found none of rest"
        ),
        "{said}"
    );
    // Empty masks alone have neither interior nor border.
    let said = refused(|folder| {
        make_classes(folder);
        for (index, name) in ["a", "b", "c", "d"].iter().enumerate() {
            let [height, width] = size(index);
            let path = folder.join(format!("masks/{name}.png"));
            GrayImage::new(width, height).save(path).unwrap();
        }
    });
    assert!(said.contains("found none of interior, border"), "{said}");
}

#[test]
fn masks_in_colour() {
    let said = refused(|folder| replace(folder, "c.png", |path| picture(2).save(path).unwrap()));
    assert!(said.contains("c.png: expected the number of each pixel's instance: grey of 16 or 8 bits, found colour of 8 bits; number"), "{said}");
    let said = refused_with(with_classes, |folder| {
        make_classes(folder);
        replace(folder, "c.png", |path| picture(2).save(path).unwrap());
    });
    assert!(
        said.contains("or a palette, found colour of 8 bits; give each colour a number"),
        "{said}"
    );
}

#[test]
fn masks_of_32_bits_and_masks_that_are_packed_with_loss() {
    let said = refused(|folder| {
        replace(folder, "c.tif", |path| {
            let numbers: Vec<u32> = labels(2)
                .pixels()
                .map(|p| 70_000 * u32::from(p.0[0]))
                .collect();
            let mut encoder =
                tiff::encoder::TiffEncoder::new(fs::File::create(path).unwrap()).unwrap();
            encoder
                .write_image::<tiff::encoder::colortype::Gray32>(50, 40, &numbers)
                .unwrap();
        });
    });
    assert!(
        said.contains(
            "c.tif: expected whole numbers from 0 to 65,535, in 16 or 8 bits, found grey of 32 bits"
        ),
        "{said}"
    );
    let said = refused(|folder| {
        replace(folder, "c.jpg", |path| {
            GrayImage::new(50, 40).save(path).unwrap()
        });
    });
    assert!(
        said.contains(
            "c.jpg: expected a picture that keeps numbers as they are: PNG or TIFF, found JPEG"
        ),
        "{said}"
    );
}

#[test]
fn folders_without_images_and_with_other_things() {
    let said = refused(|folder| {
        for inner in ["images", "masks"] {
            fs::remove_dir_all(folder.join(inner)).unwrap();
            fs::create_dir(folder.join(inner)).unwrap();
        }
    });
    assert!(
        said.ends_with("images: expected pictures, found none"),
        "{said}"
    );
    let said = refused(|folder| fs::write(folder.join("masks/notes.txt"), "x").unwrap());
    assert!(
        said.contains("notes.txt: expected pictures alone"),
        "{said}"
    );
    let said = refused(|folder| picture(0).save(folder.join("images/a.png")).unwrap());
    assert!(
        said.contains("images: expected one picture called a, found another one"),
        "{said}"
    );
    let said = refused(|folder| fs::write(folder.join("images/a.bmp"), "<html>").unwrap());
    assert!(said.contains("a.bmp: expected an intact picture"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let said = of(&folder).load().unwrap_err().to_string();
    assert!(
        said.contains(
            "is missing: expected images NAME.png with masks NAME_labels.png, or the folders"
        ),
        "{said}"
    );
    // Nothing to train on.
    let folder = apart(&["a"]);
    let error = of(&folder)
        .with_limits([Some(0), None, None])
        .load()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("train: expected at least one image"),
        "{error}"
    );
}

/// A header that declares another size, as no picture of so few bytes has.
fn declare(path: &Path, [height, width]: [u32; 2]) {
    let mut bytes = fs::read(path).unwrap();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn more_than_memory_holds_is_refused_before_it_is_taken() {
    let folder = beside(&["a", "b", "c"]);
    for name in ["a", "b", "c"] {
        for end in [".png", "_labels.png"] {
            declare(
                &folder.path().join(format!("{name}{end}")),
                [1 << 14, 1 << 15],
            );
        }
    }
    let said = of(&folder).load_split(Split::All).unwrap_err().to_string();
    assert!(
        said.contains("expected images of at most 8192 MiB together, found 3 of 23040 MiB"),
        "{said}"
    );
    let folder = beside(&["a"]);
    declare(&folder.path().join("a_labels.png"), [u32::MAX >> 1, 3]);
    let said = of(&folder).load_split(Split::All).unwrap_err().to_string();
    assert!(
        said.contains("a_labels.png: expected a picture of at most 32768 pixels a side"),
        "{said}"
    );
}

#[test]
fn scenes_that_do_not_fit_together() {
    let scene = Scene {
        name: "made".into(),
        channels: 1,
        height: 2,
        width: 3,
        pixels: vec![0.5; 6],
        classes: vec![1; 6],
        instances: None,
    };
    let of = |scene: Scene| SegmentationDataset::new(vec![scene], 1, vec!["a".into(), "b".into()]);
    assert!(of(scene.clone()).is_ok());
    let change = |change: fn(&mut Scene)| {
        let mut other = scene.clone();
        change(&mut other);
        of(other).unwrap_err().to_string()
    };
    for said in [
        change(|scene| scene.pixels.push(0.0)),
        change(|scene| scene.height = usize::MAX),
        change(|scene| scene.channels = 3),
        change(|scene| scene.instances = Some(vec![0; 5])),
    ] {
        assert!(
            said.starts_with("scenes: expected images of 1 channels"),
            "{said}"
        );
    }
    assert!(
        change(|scene| scene.pixels[0] = f32::NAN)
            .contains("values from 0 to 1, found NaN in made")
    );
    assert!(change(|scene| scene.classes[5] = 2).contains("classes from 0 to 1, found 2 in made"));
    assert!(SegmentationDataset::new(Vec::new(), 1, Vec::new()).is_err());
}
