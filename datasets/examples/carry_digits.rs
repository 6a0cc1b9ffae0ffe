//! Makes the digits that this crate carries, `datasets/data/digits-*.gz`, from MNIST's four files.
//!
//! ```text
//! cargo run --release -p gcnn-datasets --example carry_digits -- MNIST_FOLDER datasets/data
//! ```
//!
//! Training and validation digits come from MNIST's training file, test digits from its test file: every so many-th
//! digit, so that the writers are mixed as they are there. They are stored upright, because that compresses twice as
//! well; the crate turns them when it loads them.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use gcnn_datasets::idx::{IdxArray, LabelledBytes};
use gcnn_datasets::rotated_mnist::{BUILT_IN_SIZES, CLASSES, SHAPE};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mnist, target] = &arguments[..] else {
        return Err("usage: carry_digits MNIST_FOLDER TARGET_FOLDER".into());
    };
    let (mnist, target) = (Path::new(mnist), Path::new(target));
    let read = |name: &str| {
        let files = ["images-idx3", "labels-idx1"]
            .map(|kind| mnist.join(format!("{name}-{kind}-ubyte.gz")));
        LabelledBytes::read(&files[0], &files[1], CLASSES)
    };
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    let mut take = |digits: &LabelledBytes, first: usize, count: usize, step: usize| {
        for index in (0..count).map(|number| first + number * step) {
            images.extend_from_slice(digits.image(index));
            labels.push(digits.labels[index]);
        }
    };
    let (train, test) = (read("train")?, read("t10k")?);
    take(
        &train,
        0,
        BUILT_IN_SIZES[0],
        train.count() / BUILT_IN_SIZES[0],
    );
    take(
        &train,
        7,
        BUILT_IN_SIZES[1],
        train.count() / BUILT_IN_SIZES[1],
    );
    take(
        &test,
        0,
        BUILT_IN_SIZES[2],
        test.count() / BUILT_IN_SIZES[2],
    );

    let count = labels.len();
    write(
        &target.join("digits-images-idx3-ubyte.gz"),
        IdxArray {
            shape: vec![count, SHAPE[1], SHAPE[2]],
            bytes: images,
        },
    )?;
    write(
        &target.join("digits-labels-idx1-ubyte.gz"),
        IdxArray {
            shape: vec![count],
            bytes: labels,
        },
    )
}

/// Gzip without name and time, so that the same digits give the same file.
fn write(path: &Path, array: IdxArray) -> Result<(), Box<dyn Error>> {
    let mut encoder = GzBuilder::new().write(File::create(path)?, Compression::best());
    array.write(&mut encoder)?;
    encoder.finish()?.flush()?;
    println!(
        "{}: {} bytes",
        path.display(),
        std::fs::metadata(path)?.len()
    );
    Ok(())
}
