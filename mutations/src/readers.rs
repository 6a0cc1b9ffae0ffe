//! Every reader of files that others wrote, each with a few small valid files to begin from.
//!
//! A reader gets bytes. They lie in a temporary folder, beside whatever else belongs to such data, because that is how the
//! program meets them; commands that need no more than a file are called as the program calls them.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use gcnn::cli::Cli;
use gcnn_datasets::idx::IdxArray;
use gcnn_datasets::npy::NpyArray;
use gcnn_datasets::{ImageFolderConfig, NucleiConfig, NucleiSource, PcamConfig, Split, amat};
use gcnn_train::config::RunConfig;
use hdf5_pure::FileBuilder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use tempfile::TempDir;

use crate::mutator::Frame;

/// What went wrong, other than in the file that was read.
pub type Trouble = Box<dyn std::error::Error>;

/// The names of all readers.
pub const NAMES: [&str; 12] = [
    "run-file",
    "idx",
    "amat",
    "npy",
    "hdf5-images",
    "hdf5-labels",
    "picture",
    "predict",
    "index-csv",
    "weights",
    "checkpoint",
    "pytorch",
];

/// A reader that panics, takes too much memory or ends its process: what has to be found is found only if this is.
pub const FAILING: &str = "failing";

/// Reads the data, or says why not.
type Read = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// A reader.
pub struct Reader {
    /// One of [`NAMES`].
    pub name: &'static str,
    /// What its files hold together by.
    pub frame: Frame,
    /// Valid files.
    pub seeds: Vec<Vec<u8>>,
    read: Read,
    // Goes with the reader.
    _folder: TempDir,
}

impl Reader {
    /// Makes the valid files and the folder.
    pub fn open(name: &str) -> Result<Self, Trouble> {
        let name = NAMES
            .into_iter()
            .chain([FAILING])
            .find(|known| *known == name);
        let name = name.ok_or_else(|| format!("there are {}", NAMES.join(", ")))?;
        let folder = tempfile::tempdir()?;
        let root = folder.path().to_path_buf();
        let (frame, seeds, read) = match name {
            "run-file" => run_file(root),
            "idx" => idx(root)?,
            "amat" => amat_text(root)?,
            "npy" => npy(root)?,
            "hdf5-images" => hdf5(root, "x")?,
            "hdf5-labels" => hdf5(root, "y")?,
            "picture" => picture(root)?,
            "predict" => predict(root)?,
            "index-csv" => index_csv(root)?,
            "weights" => weights(root)?,
            "checkpoint" => checkpoint(root)?,
            FAILING => failing(),
            _ => pytorch(root),
        };
        Ok(Self {
            name,
            frame,
            seeds,
            read,
            _folder: folder,
        })
    }

    /// Reads a file of these bytes, or says why it is refused.
    pub fn read(&self, bytes: &[u8]) -> Result<(), String> {
        (self.read)(bytes)
    }
}

type Parts = (Frame, Vec<Vec<u8>>, Read);

/// A reader of one file at `path`.
fn of_file(path: PathBuf, read: impl Fn(&Path) -> Result<(), String> + 'static) -> Read {
    Box::new(move |bytes| {
        fs::write(&path, bytes).map_err(words)?;
        read(&path)
    })
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Runs a command of the program in this process.
fn gcnn(args: &[&str]) -> Result<(), String> {
    let args = std::iter::once("gcnn").chain(args.iter().copied());
    Cli::try_parse_from(args)
        .map_err(words)?
        .run()
        .map_err(words)
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .ok_or_else(|| "a folder's name is no text".into())
}

fn run_file(root: PathBuf) -> Parts {
    let seeds: [&[u8]; 5] = [
        include_bytes!("../../configs/quickstart.toml"),
        include_bytes!("../../configs/nbody/segnn.toml"),
        include_bytes!("../../configs/nbody/gravity.toml"),
        include_bytes!("../../configs/histopathology/nuclei-d4-densenet.toml"),
        include_bytes!("../../configs/finetune/pcam-from-nuclei.toml"),
    ];
    let read = of_file(root.join("run.toml"), |path| {
        let config = RunConfig::load(path, &[]).map_err(words)?;
        config.to_toml().map_err(words).map(drop)
    });
    (Frame::Text, seeds.map(<[u8]>::to_vec).into(), read)
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes)?;
    Ok(packer.finish()?)
}

fn idx(root: PathBuf) -> Result<Parts, Trouble> {
    let mut seeds = Vec::new();
    for shape in [vec![3, 4, 4], vec![6]] {
        let bytes = (0..shape.iter().product())
            .map(|at: usize| at as u8)
            .collect();
        let mut file = Vec::new();
        IdxArray { shape, bytes }.write(&mut file)?;
        seeds.push(packed(&file)?);
        seeds.push(file);
    }
    let read = of_file(root.join("images-idx"), |path| {
        let labels = IdxArray::read(path, 1);
        IdxArray::read(path, 3).or(labels).map_err(words).map(drop)
    });
    Ok((Frame::Plain, seeds, read))
}

fn amat_text(root: PathBuf) -> Result<Parts, Trouble> {
    let plain = b"0 0.25 .5 1 3\n1 0 1e-3 0.125 0.0000\n0.5\t0.5 0 0 9.0\n".to_vec();
    let seeds = vec![packed(&plain)?, plain];
    let read = of_file(root.join("a.amat"), |path| {
        amat::read(path, [1, 2, 2], 10).map_err(words).map(drop)
    });
    Ok((Frame::Plain, seeds, read))
}

fn npy(root: PathBuf) -> Result<Parts, Trouble> {
    let mut file = Vec::new();
    let values = (0..24).map(f64::from).collect();
    NpyArray {
        shape: vec![2, 3, 4],
        values,
    }
    .write(&mut file)?;
    let read = of_file(root.join("a.npy"), |path| {
        NpyArray::read(path).map_err(words).map(drop)
    });
    Ok((Frame::Plain, vec![file], read))
}

/// PCam's images (`x`) or labels (`y`), beside whole files of the other kind.
fn hdf5(root: PathBuf, kind: &str) -> Result<Parts, Trouble> {
    const COUNT: usize = 4;
    const PATCH: usize = 96 * 96 * 3;
    let file = |name: &str, row: [u64; 3], data: &[u8], packed: bool| {
        let mut builder = FileBuilder::new();
        let dataset = builder.create_dataset(name);
        dataset
            .with_u8_data(data)
            .with_shape(&[COUNT as u64, row[0], row[1], row[2]]);
        if packed {
            dataset
                .with_chunks(&[2, row[0], row[1], row[2]])
                .with_deflate(1);
        }
        builder.finish()
    };
    let pixels = vec![7; COUNT * PATCH];
    let of = |kind: &str, packed| match kind {
        "x" => file("x", [96, 96, 3], &pixels, packed),
        _ => file("y", [1, 1, 1], &[0, 1, 0, 1], packed),
    };
    let place = |kind| root.join(format!("camelyonpatch_level_2_split_test_{kind}.h5"));
    for other in ["x", "y"] {
        fs::write(place(other), of(other, false)?)?;
    }
    // Files as PCam's authors wrote them, whose headers have no sums that would catch the damage first.
    let older: &[u8] = match kind {
        "x" => include_bytes!("../../datasets/src/pcam/fixtures/contiguous_x.h5"),
        _ => include_bytes!("../../datasets/src/pcam/fixtures/contiguous_y.h5"),
    };
    let seeds = vec![of(kind, true)?, older.to_vec()];
    let read = of_file(place(kind), move |_| {
        let images = PcamConfig::new(&root)
            .load_split(Split::Test)
            .map_err(words)?
            .images;
        let mut image = vec![0.0; PATCH];
        (0..images.count())
            .try_for_each(|index| images.try_copy_image(index, &mut image))
            .map_err(words)
    });
    Ok((Frame::Plain, seeds, read))
}

/// Pictures of the kinds that are read: grey, with colours, of 16 bits, and as each format writes them.
fn pictures() -> Result<Vec<Vec<u8>>, Trouble> {
    let grey = GrayImage::from_fn(9, 7, |x, y| image::Luma([(x * 20 + y) as u8]));
    let colour = DynamicImage::from(RgbImage::from_fn(9, 7, |x, y| {
        image::Rgb([x as u8, y as u8, 99])
    }));
    let deep = DynamicImage::ImageLuma16(DynamicImage::from(grey.clone()).to_luma16());
    let grey = DynamicImage::from(grey);
    let clear = DynamicImage::from(colour.to_rgba8());
    let mut files = Vec::new();
    for (picture, format) in [
        (&grey, ImageFormat::Png),
        (&colour, ImageFormat::Png),
        (&clear, ImageFormat::Png),
        (&deep, ImageFormat::Png),
        (&colour, ImageFormat::Jpeg),
        (&grey, ImageFormat::Jpeg),
        (&colour, ImageFormat::Tiff),
        (&deep, ImageFormat::Tiff),
    ] {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format)?;
        files.push(file.into_inner());
    }
    Ok(files)
}

/// A picture among others of a class.
fn picture(root: PathBuf) -> Result<Parts, Trouble> {
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
    Ok((Frame::Png, pictures()?, read))
}

/// A picture that a trained network sees.
fn predict(root: PathBuf) -> Result<Parts, Trouble> {
    let run = trained(&root)?;
    let weights = run.join("best.safetensors");
    let read = of_file(root.join("picture.png"), move |path| {
        gcnn(&[
            "predict",
            text(&weights)?,
            text(path)?,
            "--json",
            "--device",
            "flex",
        ])
    });
    Ok((Frame::Png, pictures()?, read))
}

fn index_csv(root: PathBuf) -> Result<Parts, Trouble> {
    let tissue = RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8, y as u8, 200]));
    let labels = GrayImage::from_fn(40, 40, |x, y| image::Luma([u8::from(x.min(y) > 20)]));
    for name in ["1", "2", "3"] {
        tissue.save(root.join(format!("{name}.png")))?;
        labels.save(root.join(format!("{name}_labels.png")))?;
    }
    let seeds = [
        "image,stain\n1,purple\n2,purple\n3,pink\n",
        "stain,image\r\n\"purple, dark\",\"1\"\r\npink,2\r\npink,3\r\n",
    ];
    let read = of_file(root.join("index.csv"), move |_| {
        let config = NucleiConfig::new(NucleiSource::Folder).with_path(&root);
        config.images().map_err(words).map(drop)
    });
    Ok((
        Frame::Text,
        seeds.map(|text| text.as_bytes().to_vec()).into(),
        read,
    ))
}

/// Trains a tiny network and gives its run folder. Its files hold the seconds that it took, so that damage of one number falls
/// on nearly, not exactly, the same bytes in another process.
fn trained(root: &Path) -> Result<PathBuf, Trouble> {
    let file = root.join("tiny.toml");
    fs::write(
        &file,
        r#"
seed = 5
[dataset]
source = "built-in"
train_limit = 20
valid_limit = 10
test_limit = 10
[model]
group = "C4"
channels = [2, 2]
kernel_sizes = [5, 5, 3]
pool_after = [1, 2]
[training]
epochs = 1
batch_size = 10
"#,
    )?;
    let run = root.join("run");
    gcnn(&[
        "train",
        text(&file)?,
        "--output",
        text(&run)?,
        "--quiet",
        "--device",
        "flex",
    ])?;
    Ok(run)
}

fn weights(root: PathBuf) -> Result<Parts, Trouble> {
    let run = trained(&root)?;
    let (best, plain) = (run.join("best.safetensors"), root.join("plain.safetensors"));
    gcnn(&["export", text(&best)?, "--output", text(&plain)?])?;
    let seeds = vec![
        fs::read(&best)?,
        fs::read(&plain)?,
        fs::read(run.join("last.safetensors"))?,
    ];
    let picture = root.join("digit.png");
    GrayImage::new(28, 28).save(&picture)?;
    let read = of_file(root.join("weights.safetensors"), move |path| {
        gcnn(&[
            "predict",
            text(path)?,
            text(&picture)?,
            "--json",
            "--device",
            "flex",
        ])
    });
    Ok((Frame::Safetensors, seeds, read))
}

/// A run that goes on from a damaged checkpoint.
fn checkpoint(root: PathBuf) -> Result<Parts, Trouble> {
    let run = trained(&root)?;
    let latest = Path::new("checkpoint/latest.safetensors");
    let seeds = vec![fs::read(run.join(latest))?];
    // Going on writes to the folder: each time begins from the folder as it was.
    let mut files = Vec::new();
    for inner in ["", "checkpoint"] {
        for entry in fs::read_dir(run.join(inner))? {
            let path = entry?.path();
            if path.is_file() {
                let name = path.strip_prefix(&run)?.to_path_buf();
                files.push((name, fs::read(path)?));
            }
        }
    }
    let read = move |bytes: &[u8]| {
        fs::remove_dir_all(&run).map_err(words)?;
        fs::create_dir_all(run.join("checkpoint")).map_err(words)?;
        for (name, contents) in &files {
            fs::write(run.join(name), contents).map_err(words)?;
        }
        fs::write(run.join(latest), bytes).map_err(words)?;
        gcnn(&[
            "train",
            text(&run)?,
            "--resume",
            "--quiet",
            "--device",
            "flex",
        ])
    };
    Ok((Frame::Safetensors, seeds, Box::new(read)))
}

fn failing() -> Parts {
    let read = |bytes: &[u8]| match bytes.first() {
        Some(0..8) => panic!("as it should"),
        Some(8..12) => {
            // Used, so that it is taken.
            let taken = vec![1_u8; 16 << 30];
            Err(format!("{} bytes", std::hint::black_box(taken).len()))
        }
        Some(12..16) => std::process::abort(),
        Some(16..128) => Ok(()),
        _ => Err("refused".into()),
    };
    let seeds = (0..=255).map(|first| vec![first; 3]).collect();
    (Frame::Plain, seeds, Box::new(read))
}

fn pytorch(root: PathBuf) -> Parts {
    let seeds: [&[u8]; 2] = [
        include_bytes!("../../program/tests/fixtures/egnn.pt"),
        include_bytes!("../../program/tests/fixtures/nmp.pt"),
    ];
    let output = root.join("imported.safetensors");
    let read = of_file(root.join("checkpoint.pt"), move |path| {
        gcnn(&[
            "import",
            text(path)?,
            "--output",
            text(&output)?,
            "--device",
            "flex",
        ])
    });
    (Frame::Plain, seeds.map(<[u8]>::to_vec).into(), read)
}
