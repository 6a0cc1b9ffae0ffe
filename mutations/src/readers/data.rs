//! Readers of data: arrays, tables and lists.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use gcnn_datasets::gunzip::unpacked;
use gcnn_datasets::idx::{IdxArray, LabelledBytes};
use gcnn_datasets::image_folder::TargetColumns;
use gcnn_datasets::nbody::store;
use gcnn_datasets::npy::NpyArray;
use gcnn_datasets::{
    ImageFolderConfig, ImageSource, NBodySystem, NucleiConfig, NucleiSource, PcamConfig, Split,
    Trajectories, amat,
};
use hdf5_pure::FileBuilder;
use image::{GrayImage, RgbImage};

use super::{Parts, Trouble, of_file, words};
use crate::gzip::pack;
use crate::mutator::Frame;

/// Images or labels, beside labels or images that are whole.
pub(super) fn idx() -> Result<Parts, Trouble> {
    let mut seeds = Vec::new();
    for shape in [vec![3, 2, 4], vec![3]] {
        let bytes = (0..shape.iter().product())
            .map(|at: usize| at as u8)
            .collect();
        let mut file = Vec::new();
        IdxArray { shape, bytes }.write(&mut file)?;
        seeds.push(pack(&file));
        seeds.push(file);
    }
    let array = |file: &[u8], dimensions| {
        let name = Path::new("file-idx");
        let stream = unpacked(file).map_err(words)?;
        IdxArray::from_reader(stream, name, dimensions).map_err(words)
    };
    let (images, labels) = (array(&seeds[1], 3)?, array(&seeds[3], 1)?);
    let read = move |bytes: &[u8]| {
        let (images, labels) = match array(bytes, 3) {
            Ok(images) => (images, labels.clone()),
            // What are no images may be labels.
            Err(reason) => (images.clone(), array(bytes, 1).map_err(|_| reason)?),
        };
        let names = [Path::new("images"), Path::new("labels")];
        LabelledBytes::new(images, names[0], labels, names[1], 10)
            .map_err(words)
            .map(drop)
    };
    Ok((Frame::Idx, seeds, Box::new(read)))
}

pub(super) fn amat() -> Result<Parts, Trouble> {
    let plain = b"0 0.25 .5 1 3\n1 0 1e-3 0.125 0.0000\n0.5\t0.5 0 0 9.0\n".to_vec();
    let published =
        b"   0.0000000e+00   5.0000000e-01   1.0000000e+00   0.0000000e+00   7.0000000e+00\r\n"
            .to_vec();
    let seeds = vec![pack(&plain), plain, published];
    let read = |bytes: &[u8]| {
        let stream = unpacked(bytes).map_err(words)?;
        amat::from_reader(stream, Path::new("a.amat"), [1, 2, 2], 10)
            .map_err(words)
            .map(drop)
    };
    Ok((Frame::PackedText, seeds, Box::new(read)))
}

fn array(shape: &[usize]) -> Result<Vec<u8>, Trouble> {
    let mut file = Vec::new();
    let values = (0..shape.iter().product())
        .map(|at: usize| at as f64)
        .collect();
    let shape = shape.to_vec();
    NpyArray { shape, values }.write(&mut file)?;
    Ok(file)
}

/// A stream, of which nobody knows how long it is, and a file in memory.
pub(super) fn npy() -> Result<Parts, Trouble> {
    let seeds = vec![array(&[2, 3, 4])?, array(&[5])?, array(&[])?];
    let read = |bytes: &[u8]| {
        NpyArray::from_reader(Cursor::new(bytes), Path::new("a.npy"))
            .map_err(words)
            .map(drop)
    };
    Ok((Frame::Npy, seeds, Box::new(read)))
}

/// Positions of particles among whole files of velocities and masses.
pub(super) fn particles(root: PathBuf) -> Result<Parts, Trouble> {
    const NAME: &str = "gravity3";
    let vectors = |first: f64| (0..12).map(|at| [first, at as f64, 1.0]).collect();
    let simulations = Trajectories::new(2, 3, vectors(0.0), vectors(0.5), vec![1.0; 6])?;
    let system = NBodySystem::Gravity;
    store::write_files(&root, system, Split::Test, NAME, &simulations)?;
    let positions = root.join(format!("loc_test_{NAME}.npy"));
    let seeds = vec![fs::read(&positions)?];
    let read = of_file(positions, move |_| {
        store::read(&root, system, Split::Test, usize::MAX)
            .map_err(words)
            .map(drop)
    });
    Ok((Frame::Npy, seeds, read))
}

/// Labels in each form that the HDF5 library gives to data, old ones, whose headers have no sums, among them.
const LABELS: [&[u8]; 5] = [
    include_bytes!("../../seeds/fixed_y.h5"),
    include_bytes!("../../seeds/filtered_y.h5"),
    include_bytes!("../../seeds/older_y.h5"),
    include_bytes!("../../seeds/contiguous_y.h5"),
    include_bytes!("../../../datasets/src/pcam/fixtures/contiguous_y.h5"),
];

/// PCam's images (`x`) or labels (`y`), beside whole files of the other kind.
pub(super) fn hdf5(root: PathBuf, kind: &str) -> Result<Parts, Trouble> {
    const PATCH: usize = 96 * 96 * 3;
    // One patch is large enough; labels come in several chunks.
    let count = if kind == "x" { 1 } else { 4 };
    let file = |name: &str, row: [u64; 3], data: &[u8], packed: bool| {
        let mut builder = FileBuilder::new();
        let dataset = builder.create_dataset(name);
        dataset
            .with_u8_data(data)
            .with_shape(&[count as u64, row[0], row[1], row[2]]);
        if packed {
            dataset
                .with_chunks(&[2.min(count as u64), row[0], row[1], row[2]])
                .with_deflate(1);
        }
        builder.finish()
    };
    let pixels = vec![7; count * PATCH];
    let of = |kind: &str, packed| match kind {
        "x" => file("x", [96, 96, 3], &pixels, packed),
        _ => file("y", [1, 1, 1], &[0, 1, 0, 1][..count], packed),
    };
    let place = |kind| root.join(format!("camelyonpatch_level_2_split_test_{kind}.h5"));
    for other in ["x", "y"] {
        fs::write(place(other), of(other, false)?)?;
    }
    let mut seeds = vec![of(kind, true)?, of(kind, false)?];
    // Of what the HDF5 library writes, labels are small enough.
    if kind == "y" {
        seeds.extend(LABELS.map(<[u8]>::to_vec));
    }
    let is_labels = kind == "y";
    let read = of_file(place(kind), move |_| {
        let images = PcamConfig::new(&root)
            .load_split(Split::Test)
            .map_err(words)?
            .images;
        let mut image = vec![0.0; PATCH];
        let read = if is_labels { 0 } else { images.count() };
        (0..read)
            .try_for_each(|index| images.try_copy_image(index, &mut image))
            .map_err(words)
    });
    Ok((Frame::Hdf5, seeds, read))
}

pub(super) fn index_csv(root: PathBuf) -> Result<Parts, Trouble> {
    let tissue = RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8, y as u8, 200]));
    let labels = GrayImage::from_fn(40, 40, |x, y| image::Luma([u8::from(x.min(y) > 20)]));
    for name in ["1", "2", "3"] {
        tissue.save(root.join(format!("{name}.png")))?;
        labels.save(root.join(format!("{name}_labels.png")))?;
    }
    let seeds = [
        "image;stain\n1;purple\n",
        "image,stain\n1,purple\n2,purple\n3,pink\n",
        "stain,image\r\n\"purple, dark\",\"1\"\r\npink,2\r\npink,3\r\n",
    ];
    let read = of_file(root.join("index.csv"), move |_| {
        let config = NucleiConfig::new(NucleiSource::Folder).with_path(&root);
        let images = config.images().map_err(words)?;
        // The stains that it says are for training or testing.
        let stain = images.first().map(|first| first.image.stain.clone());
        let by_stain = config.with_test_stains(stain);
        by_stain.images().map_err(words).map(drop)
    });
    Ok((
        Frame::Text,
        seeds.map(|text| text.as_bytes().to_vec()).into(),
        read,
    ))
}

/// The table of a folder's pictures: read, dealt to the splits, and the pictures that it names decoded.
pub(super) fn labels_csv(root: PathBuf) -> Result<Parts, Trouble> {
    fs::create_dir(root.join("a"))?;
    for number in 0..8 {
        RgbImage::from_pixel(2, 2, image::Rgb([number, 0, 0]))
            .save(root.join(format!("a/p{number}.png")))?;
    }
    let line = |number: usize, rest: &str| format!("a/p{number}.png{rest}\n");
    let of = |head: &str, rest: fn(usize) -> String| {
        let lines = (0..8).map(|number| line(number, &rest(number)));
        format!("{head}\n{}", lines.collect::<String>())
    };
    let seeds = [
        of("file,class", |number| {
            format!(",{}", ["cat", "dog"][number % 2])
        }),
        of("file;class;group", |number| {
            format!(";\"c {}\";g{}", number % 2, number / 2)
        }),
        of("file\tclass\tsplit\tgroup", |number| {
            let split = ["train", "train", "valid", "test"][number / 2];
            format!("\tx\t{split}\t{number}")
        }),
        "class,file\r\n\"b, c\",\"./a/p0.png\"\r\nd,a/p1.png\r\nd,a/p2.png\r\n".into(),
        of("file;mass;is round;radius", |number| {
            format!(";{},5;{};", number * 3, ["yes", "no", ""][number % 3])
        }),
    ];
    let config = ImageFolderConfig::new(&root).with_labels("labels.csv");
    let targets = [
        None,
        Some(TargetColumns::numbers(["mass", "radius"])),
        Some(TargetColumns::labels(["is round"])),
    ];
    let read = of_file(root.join("labels.csv"), move |_| {
        // Where one of the three is there it is read; what is wrong with the first of them is said otherwise.
        let each = targets.each_ref().map(|target| {
            let mut config = config.clone();
            config.target = target.clone();
            // Where there are too few for three splits they are read as one.
            let all = || config.load_split(Split::All).map(drop);
            config.load().map(drop).or_else(|_| all()).map_err(words)
        });
        let [first, others @ ..] = each;
        match others.iter().any(Result::is_ok) {
            true => Ok(()),
            false => first,
        }
    });
    Ok((Frame::Text, seeds.map(String::into_bytes).into(), read))
}
