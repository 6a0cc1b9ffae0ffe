//! Readers of pictures.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use gcnn_datasets::{ImageFolderConfig, ImageSource, Picture, PictureLimits, PictureRows, Split};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};

use super::{Parts, Trouble, of_file, words};
use crate::mutator::Frame;

/// Pictures that the crate `image` does not write.
const OTHERS: [&[u8]; 21] = [
    include_bytes!("../../seeds/lossy.webp"),
    include_bytes!("../../seeds/alpha.webp"),
    include_bytes!("../../seeds/moving.webp"),
    include_bytes!("../../seeds/progressive.jpg"),
    include_bytes!("../../seeds/cmyk.jpg"),
    include_bytes!("../../seeds/restarts.jpg"),
    include_bytes!("../../seeds/lzw.tif"),
    include_bytes!("../../seeds/zip.tif"),
    include_bytes!("../../seeds/packed.tif"),
    include_bytes!("../../seeds/jpeg.tif"),
    include_bytes!("../../seeds/fax.tif"),
    include_bytes!("../../seeds/bits.tif"),
    include_bytes!("../../seeds/tiles.tif"),
    include_bytes!("../../seeds/alpha.tif"),
    include_bytes!("../../seeds/cmyk.tif"),
    include_bytes!("../../seeds/floats.tif"),
    include_bytes!("../../seeds/bits.bmp"),
    include_bytes!("../../seeds/palette.bmp"),
    include_bytes!("../../seeds/alpha.bmp"),
    include_bytes!("../../seeds/palette.png"),
    include_bytes!("../../seeds/bits.png"),
];

/// Pictures of the kinds that are read: grey, with colours, of 16 bits, packed in each way that there is.
pub(super) fn pictures() -> Result<Vec<Vec<u8>>, Trouble> {
    let grey = GrayImage::from_fn(9, 7, |x, y| image::Luma([(x * 20 + y) as u8]));
    let colour = DynamicImage::from(RgbImage::from_fn(9, 7, |x, y| {
        image::Rgb([x as u8, y as u8, 99])
    }));
    let deep = DynamicImage::ImageLuma16(DynamicImage::from(grey.clone()).to_luma16());
    let grey = DynamicImage::from(grey);
    let clear = DynamicImage::from(colour.to_rgba8());
    let mut files: Vec<Vec<u8>> = OTHERS.map(<[u8]>::to_vec).into();
    for (picture, format) in [
        (&grey, ImageFormat::Png),
        (&colour, ImageFormat::Png),
        (&clear, ImageFormat::Png),
        (&deep, ImageFormat::Png),
        (&colour, ImageFormat::Jpeg),
        (&grey, ImageFormat::Jpeg),
        (&colour, ImageFormat::Tiff),
        (&deep, ImageFormat::Tiff),
        (&colour, ImageFormat::Bmp),
        (&clear, ImageFormat::WebP),
    ] {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format)?;
        files.push(file.into_inner());
    }
    Ok(files)
}

/// A picture in memory.
pub(super) fn picture() -> Result<Parts, Trouble> {
    let read = |bytes: &[u8]| {
        let name = Path::new("picture");
        let picture = Picture::from_bytes(bytes, name, &PictureLimits::DATASET).map_err(words)?;
        picture.in_channels(1);
        Ok(())
    };
    Ok((Frame::Picture, pictures()?, Box::new(read)))
}

/// A picture that is read some rows at a time, as a slide.
pub(super) fn rows(root: PathBuf) -> Result<Parts, Trouble> {
    let read = of_file(root.join("slide"), |path| {
        let mut rows = PictureRows::open(path, &PictureLimits::SLIDE).map_err(words)?;
        let [height, width] = rows.size();
        let (mut samples, mut found) = (rows.none(), 0);
        for _ in 0..height.div_ceil(3) {
            rows.read(3, &mut samples).map_err(words)?;
            found += samples.len();
            samples.forget(samples.len());
        }
        // Whatever the file, a slide is cut by what it says.
        assert_eq!(found, height * width * rows.channels());
        Ok(())
    });
    Ok((Frame::Picture, pictures()?, read))
}

/// A picture among others of a class.
pub(super) fn folder(root: PathBuf) -> Result<Parts, Trouble> {
    for split in ["train", "valid", "test"] {
        let class = root.join(split).join("a");
        fs::create_dir_all(&class)?;
        RgbImage::new(9, 7).save(class.join("0.png"))?;
    }
    let read = of_file(root.join("test/a/0.png"), move |_| {
        ImageFolderConfig::new(&root)
            .load_split(Split::Test)
            .map_err(words)
            .map(drop)
    });
    Ok((Frame::Picture, pictures()?, read))
}
