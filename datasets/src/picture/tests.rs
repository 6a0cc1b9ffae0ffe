//! Pictures of every kind: the same values whole, row by row, and out of a folder; and what is refused, with which words.

use std::fs;
use std::path::PathBuf;

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;

use super::*;
use crate::{ImageFolderConfig, ImageSource, Split};

const LIMITS: &PictureLimits = &PictureLimits::DATASET;

/// A file of the folder of cases.
fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pictures")
        .join(name)
}

/// Values of 16 bits that 8 cannot tell apart, in three channels.
fn deep() -> ImageBuffer<Rgb<u16>, Vec<u16>> {
    ImageBuffer::from_fn(7, 5, |x, y| {
        Rgb([x as u16, 300 + y as u16, 65_535 - 7 * x as u16])
    })
}

fn shallow() -> RgbImage {
    RgbImage::from_fn(7, 5, |x, y| Rgb([30 * x as u8, 40 * y as u8, 9]))
}

/// Files of each depth and kind, all of 7 × 5 pixels.
fn files(folder: &Path) -> Vec<PathBuf> {
    let deep = DynamicImage::ImageRgb16(deep());
    let shallow = DynamicImage::ImageRgb8(shallow());
    let floats = DynamicImage::ImageRgb32F(deep.to_rgb32f());
    let pictures = [
        ("8.png", shallow.clone()),
        ("8.tif", shallow.clone()),
        ("8.bmp", shallow.clone()),
        ("8.webp", shallow.clone()),
        ("8.jpg", shallow.clone()),
        ("8-grey.png", DynamicImage::ImageLuma8(shallow.to_luma8())),
        ("8-alpha.png", DynamicImage::ImageRgba8(shallow.to_rgba8())),
        ("16.png", deep.clone()),
        ("16.tif", deep.clone()),
        ("16-grey.png", DynamicImage::ImageLuma16(deep.to_luma16())),
        ("16-grey.tif", DynamicImage::ImageLuma16(deep.to_luma16())),
        ("16-alpha.png", DynamicImage::ImageRgba16(deep.to_rgba16())),
        ("32.tif", floats),
    ];
    let mut files = Vec::new();
    for (name, picture) in pictures {
        let file = folder.join(name);
        picture.save(&file).unwrap();
        files.push(file);
    }
    let file = folder.join("32-grey.tif");
    let grey: Vec<f32> = (0..35).map(|value| value as f32 / 35.0).collect();
    let mut stream = fs::File::create(&file).unwrap();
    ::tiff::encoder::TiffEncoder::new(&mut stream)
        .unwrap()
        .write_image::<::tiff::encoder::colortype::Gray32Float>(7, 5, &grey)
        .unwrap();
    files.push(file);
    files
}

/// Training's reader, prediction's and the one of slides give the same bits of every file, and those that are in it.
#[test]
fn every_reader_gives_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    for file in files(folder.path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let set = tempfile::tempdir().unwrap();
        let class = set.path().join("train/a");
        fs::create_dir_all(&class).unwrap();
        fs::copy(&file, class.join(name)).unwrap();
        for channels in [1, 3] {
            let trained = ImageFolderConfig::new(set.path())
                .with_grey(channels == 1)
                .load_split(Split::Train)
                .unwrap()
                .images
                .image(0);
            let picture = Picture::read(&file, &PictureLimits::SLIDE).unwrap();
            let header = PictureHeader::read(&file, LIMITS).unwrap();
            assert_eq!((picture.size(), header.size), ([5, 7], [5, 7]));
            assert_eq!(header.is_bytes, name.starts_with('8'), "{name}");
            let mut rows = PictureRows::open(&file, LIMITS).unwrap();
            let mut read = rows.none();
            for count in [2, 0, 1, 9] {
                rows.read(count, &mut read).unwrap();
            }
            assert_eq!(&read, picture.samples(), "{name}");
            let predicted = picture.in_channels(channels);
            for (place, value) in predicted.samples().values(0..35 * channels).enumerate() {
                let (pixel, channel) = (place / channels, place % channels);
                assert_eq!(trained[channel * 35 + pixel], value, "{name}");
            }
            // What was put in comes out: exactly, but for colour that became grey.
            let values: [f32; 3] = if name.starts_with('8') {
                [90.0, 160.0, 9.0].map(|v| v / 255.0)
            } else {
                [3.0, 304.0, 65_514.0].map(|v| v / 65_535.0)
            };
            let [red, green, blue] = values;
            let grey = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
            let is_grey = channels == 1 || name.contains("grey");
            for channel in 0..channels {
                let found = trained[channel * 35 + 4 * 7 + 3];
                match (name, is_grey) {
                    ("8.jpg" | "32-grey.tif", _) => {}
                    (_, true) => assert!((found - grey).abs() < 0.6 / 255.0, "{name}"),
                    (_, false) => assert_eq!(found, values[channel], "{name}"),
                }
            }
        }
    }
}

#[test]
fn depths_that_others_read_differently_are_read_or_refused() {
    let read = |name: &str| Picture::read(&case(name), LIMITS);
    let dim = read("dim16.tif").unwrap();
    assert!(matches!(dim.samples(), Samples::Words(_)));
    let values: Vec<f32> = dim.samples().values(0..256).collect();
    let levels: std::collections::BTreeSet<u32> = values.iter().map(|v| v.to_bits()).collect();
    assert!(levels.len() > 20 && values.iter().all(|v| *v <= 255.0 / 65_535.0));
    assert!(read("bigtiff.tif").is_ok());
    let error = |name: &str| read(name).unwrap_err().to_string();
    let found = error("000.tif");
    for words in [
        "000.tif: expected",
        "from 0 to 1",
        "gdal_translate -scale",
        "found values from",
    ] {
        assert!(found.contains(words), "{found}");
    }
    let found = error("nan.tif");
    assert!(found.contains("nan.tif: expected numbers"), "{found}");
    // In a folder too, by the same words.
    let set = tempfile::tempdir().unwrap();
    let class = set.path().join("test/a");
    fs::create_dir_all(&class).unwrap();
    fs::copy(case("nan.tif"), class.join("nan.tif")).unwrap();
    let trained = ImageFolderConfig::new(set.path()).load_split(Split::Test);
    let trained = trained.unwrap_err().to_string();
    assert!(
        trained.ends_with(&found[found.find("nan.tif").unwrap()..]),
        "{trained}"
    );
}

#[test]
fn a_decoder_that_panics_is_an_error_with_the_file_in_it() {
    let found = [
        Picture::read(&case("plte4.png"), LIMITS).map(|_| ()),
        PictureRows::open(&case("plte4.png"), LIMITS).and_then(|mut rows| {
            let mut samples = rows.none();
            rows.read(usize::MAX, &mut samples)
        }),
    ];
    for result in found {
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("plte4.png: expected an intact picture"),
            "{error}"
        );
    }
    let error = shielded(Path::new("x"), || -> Result<(), DatasetError> {
        panic!("at {}", "the disco")
    });
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("panic: at the disco")
    );
}

/// EXIF in JPEG and in PNG, and TIFF's own tag: a picture that lies on its side is upright to every reader.
#[test]
fn pictures_are_read_upright() {
    // Intel order, one entry: orientation (0x112), a short, 6: turn it right.
    let exif = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let folder = tempfile::tempdir().unwrap();
    let picture = shallow();
    let mut expected = DynamicImage::ImageRgb8(picture.clone());
    expected.apply_orientation(image::metadata::Orientation::Rotate90);
    let expected = Samples::Bytes(expected.into_rgb8().into_raw());

    let png = folder.path().join("a.png");
    let mut info = ::png::Info::with_size(7, 5);
    info.color_type = ::png::ColorType::Rgb;
    info.exif_metadata = Some(exif.as_slice().into());
    let stream = fs::File::create(&png).unwrap();
    let mut writer = ::png::Encoder::with_info(stream, info)
        .unwrap()
        .write_header()
        .unwrap();
    writer.write_image_data(picture.as_raw()).unwrap();
    writer.finish().unwrap();

    let tiff = folder.path().join("a.tif");
    let mut stream = fs::File::create(&tiff).unwrap();
    let mut encoder = ::tiff::encoder::TiffEncoder::new(&mut stream).unwrap();
    let mut image = encoder
        .new_image::<::tiff::encoder::colortype::RGB8>(7, 5)
        .unwrap();
    let tag = ::tiff::tags::Tag::Orientation;
    image.encoder().write_tag(tag, 6u16).unwrap();
    image.write_data(picture.as_raw()).unwrap();

    for file in [png, tiff] {
        let read = Picture::read(&file, LIMITS).unwrap();
        assert_eq!((read.size(), read.samples()), ([7, 5], &expected));
        assert_eq!(PictureHeader::read(&file, LIMITS).unwrap().size, [7, 5]);
        let mut rows = PictureRows::open(&file, LIMITS).unwrap();
        let mut samples = rows.none();
        rows.read(7, &mut samples).unwrap();
        assert_eq!((rows.size(), &samples), ([7, 5], &expected));
    }

    // JPEG keeps values nearly: its size tells.
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let plain = bytes.into_inner();
    let mut jpeg = plain[..2].to_vec();
    jpeg.extend([0xff, 0xe1, 0, (2 + 6 + exif.len()) as u8]);
    jpeg.extend(b"Exif\0\0");
    jpeg.extend(exif);
    jpeg.extend(&plain[2..]);
    let read = Picture::from_bytes(&jpeg, Path::new("a.jpg"), LIMITS).unwrap();
    assert_eq!(read.size(), [7, 5]);
}

#[test]
fn what_is_too_large_or_no_picture_is_refused_with_the_way_out() {
    let read = |bytes: &[u8], limits: &PictureLimits| {
        let result = Picture::from_bytes(bytes, Path::new("it"), limits);
        result.unwrap_err().to_string()
    };
    assert!(read(b"", LIMITS).contains("found an empty file"));
    assert!(read(b"hello", LIMITS).contains("found another kind of file"));
    assert!(read(b"GIF89a\x01\0\x01\0", LIMITS).contains("found Gif; convert it"));
    let small = PictureLimits {
        longest_side: 6,
        bytes: 104,
    };
    for format in [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ] {
        let mut bytes = Cursor::new(Vec::new());
        shallow().write_to(&mut bytes, format).unwrap();
        let bytes = bytes.into_inner();
        let error = read(&bytes, &small);
        assert!(error.contains("at most 6 pixels a side"), "{error}");
        let error = read(
            &bytes,
            &PictureLimits {
                longest_side: 7,
                ..small
            },
        );
        assert!(error.contains("of 3 bytes"), "{error}");
        let enough = PictureLimits {
            longest_side: 7,
            bytes: 105,
        };
        assert!(Picture::from_bytes(&bytes, Path::new("it"), &enough).is_ok());
    }
    let mut signed = Cursor::new(Vec::new());
    ::tiff::encoder::TiffEncoder::new(&mut signed)
        .unwrap()
        .write_image::<::tiff::encoder::colortype::GrayI16>(2, 1, &[-1, 1])
        .unwrap();
    let error = read(signed.get_ref(), LIMITS);
    assert!(
        error.contains("found Gray(16), signed") && error.contains("magick"),
        "{error}"
    );
}

#[test]
fn a_small_file_asks_for_no_gigabytes() {
    let slide = &PictureLimits::SLIDE;
    let file = case("gigabytes.webp");
    for error in [
        Picture::read(&file, slide).err(),
        PictureRows::open(&file, slide).err(),
        PictureHeader::read(&file, slide).err(),
    ] {
        let error = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(
            error.contains("gigabytes.webp: ") && error.contains("at most 512 MiB"),
            "{error}"
        );
    }
    assert_eq!(slide.of_file(1 << 20).bytes, 1 << 31);
    assert_eq!(slide.of_file(1 << 40), *slide);
    assert_eq!(LIMITS.of_file(1 << 40), *LIMITS);
}

/// The decoder would make the missing ones up.
#[test]
fn a_jpeg_of_more_pixels_than_its_bytes_can_hold_is_refused() {
    let mut bytes = encoded(ImageFormat::Jpeg);
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]);
    let rows = frame.unwrap() + 5;
    bytes[rows..rows + 4].copy_from_slice(&[0x40, 0, 0x10, 0]);
    let error = Picture::from_bytes(&bytes, Path::new("a.jpg"), LIMITS).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("a.jpg: ") && error.contains("4096×16384 pixels in"),
        "{error}"
    );
}

#[test]
fn a_part_of_a_webp_is_no_longer_than_the_file() {
    let mut bytes = encoded(ImageFormat::WebP);
    bytes.extend(b"EXIF\xf0\xff\xff\xff\0\0");
    let error = Picture::from_bytes(&bytes, Path::new("a.webp"), LIMITS).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("a.webp: ") && error.contains("a part of 4294967280 bytes"),
        "{error}"
    );
}

/// Luminance of 8 bits is what sets were always read with, whatever a version of `image` makes of it.
#[test]
fn grey_is_what_it_always_was() {
    let colours = [
        [255, 255, 255],
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [90, 160, 9],
        [0, 0, 0],
    ];
    let samples = Samples::Bytes(colours.concat());
    let grey = Samples::Bytes(vec![255, 54, 182, 18, 134, 0]);
    assert_eq!(samples.in_channels(0..18, 3, 1), grey);
    // Longer than what is turned at once.
    let long = Samples::Bytes(colours.concat().repeat(20_000));
    assert_eq!(long.in_channels(0..360_000, 3, 1).len(), 120_000);
    assert_eq!(long.in_channels(359_982..360_000, 3, 1), grey);
    let white = Samples::Floats(vec![1.0; 3]);
    assert!(white.in_channels(0..3, 3, 1).value(0) <= 1.0);
}

/// A small picture in one of the formats.
fn encoded(format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(9, 7, |x, y| Rgb([x as u8 * 20, y as u8 * 30, 99]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

proptest! {
    /// Damaged pictures give an image or an error that names the file, and never a panic.
    #[test]
    fn damage_is_an_error_or_an_image(
        format in prop::sample::select(vec![
            ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff, ImageFormat::Bmp, ImageFormat::WebP,
        ]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encoded(format);
        for (place, flip) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match Picture::from_bytes(&bytes, Path::new("damaged"), LIMITS) {
            Ok(picture) => prop_assert!(picture.size().iter().all(|side| *side <= 1 << 15)),
            Err(error) => prop_assert!(error.to_string().starts_with("damaged: ")),
        }
    }
}
