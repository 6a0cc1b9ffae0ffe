//! Tests of PCam's files: small ones as HDF5 1.8 writes them, ones made here, damaged ones, and a folder where it is.

use std::fs;

use flate2::{Compression, write::GzEncoder};
use hdf5_pure::FileBuilder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::images::ReadImages;
use crate::loader::{BatchLoader, BatchOptions};
use crate::testing::given;

/// Four patches and their labels in one piece each, and 192 labels in chunks, with the oldest headers and tables.
const CONTIGUOUS_X: &[u8] = include_bytes!("fixtures/contiguous_x.h5");
const CONTIGUOUS_Y: &[u8] = include_bytes!("fixtures/contiguous_y.h5");
const CHUNKED_Y: &[u8] = include_bytes!("fixtures/chunked_y.h5");

const PATCH: usize = 96 * 96 * 3;

fn write(folder: &Path, split: &str, [x, y]: [&[u8]; 2]) {
    fs::write(folder.join(file_name(split, "x")), x).unwrap();
    fs::write(folder.join(file_name(split, "y")), y).unwrap();
}

/// A file of `count` patches in chunks; patch i has i in all of its green, its row in red, its column in blue.
fn chunked(count: usize, chunk: u64, deflate: bool) -> [Vec<u8>; 2] {
    let patches: Vec<u8> = (0..count * PATCH)
        .map(|place| {
            let (patch, place) = (place / PATCH, place % PATCH);
            let (row, column) = (place / 288, place / 3 % 96);
            [row as u8, patch as u8, column as u8][place % 3]
        })
        .collect();
    let labels: Vec<u8> = (0..count).map(|patch| (patch % 3 == 0) as u8).collect();
    let file = |name: &str, data: &[u8], inner: [u64; 3]| {
        let mut builder = FileBuilder::new();
        let [height, width, channels] = inner;
        let dataset = builder.create_dataset(name);
        dataset
            .with_u8_data(data)
            .with_shape(&[count as u64, height, width, channels])
            .with_chunks(&[chunk, height, width, channels]);
        if deflate {
            dataset.with_shuffle().with_deflate(4);
        }
        builder.finish().unwrap()
    };
    [
        file("x", &patches, [96, 96, 3]),
        file("y", &labels, [1, 1, 1]),
    ]
}

fn sum(image: &[f32]) -> u64 {
    image
        .iter()
        .map(|value| (value * 255.0).round() as u64)
        .sum()
}

#[test]
fn files_in_one_piece_are_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "test", [CONTIGUOUS_X, CONTIGUOUS_Y]);
    let test = PcamConfig::new(folder.path())
        .load_split(Split::Test)
        .unwrap()
        .images;
    assert_eq!(test.labels(), [0, 1, 0, 1]);
    assert_eq!((test.shape(), test.is_lazy()), (SHAPE, true));
    assert_eq!(test.class_names().unwrap(), ["normal", "tumour"]);
    for index in 0..4 {
        let raw = &CONTIGUOUS_X[2048 + index * PATCH..2048 + (index + 1) * PATCH];
        let image = test.image(index);
        for (place, pixel) in raw.chunks_exact(3).enumerate() {
            let found = [0, 1, 2].map(|channel| image[channel * 9216 + place]);
            assert_eq!(
                found,
                [0, 1, 2].map(|channel| f32::from(pixel[channel]) / 255.0)
            );
        }
    }
}

#[test]
fn labels_in_chunks_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("y.h5");
    fs::write(&path, CHUNKED_Y).unwrap();
    let labels = file::read_labels(&path).unwrap();
    assert_eq!(labels.len(), 192);
    assert_eq!(labels.iter().filter(|label| **label == 1).count(), 96);
    assert_eq!(labels[..8], [1, 0, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn chunks_and_compression_are_read_lazily_and_in_windows() {
    for deflate in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        for (split, count) in [("train", 11), ("valid", 4), ("test", 5)] {
            let [x, y] = chunked(count, 4, deflate);
            write(folder.path(), split, [&x, &y]);
        }
        let config = PcamConfig::new(folder.path()).with_chunk_memory_mib(1);
        let splits = config.load().unwrap();
        assert_eq!(splits.train.labels(), [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0]);
        // Red and blue run from 0 to 95 in each patch, green from 0 to 10 over the patches.
        let mean = &splits.normalisation.mean;
        for (found, expected) in mean.iter().zip([47.5, 5.0, 47.5]) {
            assert!((found * 255.0 - expected).abs() < 1e-3, "{mean:?}");
        }
        let options = BatchOptions::new(3).with_shuffle(true).with_seed(5);
        let mut seen = Vec::new();
        for batch in BatchLoader::new(splits.train.clone(), options).unwrap() {
            for (index, image) in batch.indices.iter().zip(batch.pixels.chunks_exact(PATCH)) {
                assert_eq!(image[9216], *index as f32 / 255.0);
                assert_eq!(
                    [image[96 * 7], image[2 * 9216 + 33]],
                    [7.0 / 255.0, 33.0 / 255.0]
                );
                seen.push(*index);
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..11).collect::<Vec<u32>>());
        let all = config
            .with_limits([Some(2), Some(1), None])
            .with_train_fraction(0.5)
            .load_split(Split::All)
            .unwrap()
            .images;
        // Neither share nor limits: eleven, four and five.
        assert_eq!(all.count(), 20);
        assert_eq!(all.labels()[11..], [1, 0, 0, 1, 1, 0, 0, 1, 0]);
        assert_eq!(all.image(19)[9216], 4.0 / 255.0);
    }
}

#[test]
fn a_share_of_the_training_patches_is_whole_chunks() {
    let folder = tempfile::tempdir().unwrap();
    for (split, count) in [("train", 100), ("valid", 4), ("test", 5)] {
        let [x, y] = chunked(count, 4, true);
        write(folder.path(), split, [&x, &y]);
    }
    let green = |fraction| -> Vec<usize> {
        let config = PcamConfig::new(folder.path()).with_train_fraction(fraction);
        let splits = config.load().unwrap();
        assert_eq!([splits.valid.count(), splits.test.count()], [4, 5]);
        let train = config.load_split(Split::Train).unwrap().images;
        assert_eq!(train.labels(), splits.train.labels());
        let number = |index: usize| (train.image(index)[9216] * 255.0).round() as usize;
        (0..train.count()).map(number).collect()
    };
    let [quarter, half, all] = [0.25, 0.5, 1.0].map(green);
    // Stretches of 32 patches, and a last one of four.
    assert!([32, 4].contains(&quarter.len()) && [64, 36].contains(&half.len()));
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    assert!(quarter.iter().all(|patch| half.contains(patch)));
    let config = PcamConfig::new(folder.path()).with_train_fraction(f64::NAN);
    assert!(
        config
            .load()
            .unwrap_err()
            .to_string()
            .starts_with("train_fraction")
    );
}

#[test]
fn chunks_are_blocks_and_memory_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let [x, _] = chunked(20, 4, true);
    let path = folder.path().join("x.h5");
    fs::write(&path, x).unwrap();
    let images = PcamImages::open(&path, 1 << 20).unwrap();
    assert_eq!(images.locality(), [4, 4]);
    let contiguous = folder.path().join("contiguous.h5");
    fs::write(&contiguous, CONTIGUOUS_X).unwrap();
    assert_eq!(
        PcamImages::open(&contiguous, 1 << 20).unwrap().locality()[0],
        1
    );
}

#[test]
fn gzipped_files_are_unpacked_once() {
    let folder = tempfile::tempdir().unwrap();
    let [data, cache] = ["data", "cache"].map(|name| folder.path().join(name));
    fs::create_dir(&data).unwrap();
    for (kind, bytes) in [("x", CONTIGUOUS_X), ("y", CONTIGUOUS_Y)] {
        let packed = data.join(format!("{}.gz", file_name("valid", kind)));
        let mut encoder = GzEncoder::new(File::create(packed).unwrap(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap();
    }
    let config = PcamConfig::new(&data).with_cache(&cache);
    let valid = config.load_split(Split::Valid).unwrap().images;
    assert_eq!(valid.labels(), [0, 1, 0, 1]);
    let names = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!([names(&data), names(&cache)], [2, 2]);
    // Unpacked files are there: the packed ones aren't looked into again.
    fs::write(data.join(format!("{}.gz", file_name("valid", "y"))), b"x").unwrap();
    assert!(config.load_split(Split::Valid).is_ok());

    // Damage and too much of it leave nothing behind.
    let packed = data.join(format!("{}.gz", file_name("valid", "x")));
    let target = folder.path().join("target.h5");
    // Nor does what was left by a process that is gone.
    fs::write(folder.path().join(".target.h5.part-1"), b"half").unwrap();
    let error = unpack(&packed, &target, 1000).unwrap_err().to_string();
    assert!(
        error.contains("expected at most 1000 bytes when unpacked, found more"),
        "{error}"
    );
    let whole = fs::read(&packed).unwrap();
    fs::write(&packed, &whole[..whole.len() / 2]).unwrap();
    let error = unpack(&packed, &target, 1 << 20).unwrap_err().to_string();
    assert!(error.contains("intact gzip data"), "{error}");
    assert_eq!(names(folder.path()), 2);
}

#[test]
fn what_is_missing_or_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = PcamConfig::new(folder.path());
    let error = |config: &PcamConfig| config.load_split(Split::Train).unwrap_err().to_string();
    let found = error(&config);
    assert!(
        found.contains("split_train_x.h5 and the other files of PCam"),
        "{found}"
    );
    write(folder.path(), "train", [CONTIGUOUS_X, CHUNKED_Y]);
    let found = error(&config);
    let expected = "train_y.h5: expected 4 labels, one for each patch, found 192";
    assert!(found.contains(expected), "{found}");
    write(folder.path(), "train", [CONTIGUOUS_Y, CONTIGUOUS_Y]);
    assert!(error(&config).contains("train_x.h5: expected a dataset `x`, found no `x`, only `y`"));
    let [x, _] = chunked(2, 1, false);
    let mut labels = CONTIGUOUS_Y.to_vec();
    labels[2050] = 2;
    write(folder.path(), "train", [&x, &labels]);
    assert!(error(&config).contains("train_y.h5: expected labels 0 and 1, found 2"));
    fs::remove_file(folder.path().join(file_name("train", "y"))).unwrap();
    assert!(error(&config).contains("train_y.h5 is missing"));
    write(
        folder.path(),
        "train",
        [&CONTIGUOUS_X[..60_000], CONTIGUOUS_Y],
    );
    assert!(error(&config).contains("train_x.h5: expected"));
    assert!(error(&config.clone().with_chunk_memory_mib(0)).starts_with("chunk_memory_mib"));

    assert_eq!(
        toml::from_str::<PcamConfig>("").unwrap(),
        PcamConfig::default()
    );
    assert!(toml::from_str::<PcamConfig>("chunks = 1").is_err());
}

/// Made for this project: the table of chunks says that one is stored in 2³² − 1 bytes.
const CHUNK_SIZE_X: &[u8] = include_bytes!("fixtures/chunk_size_x.h5");

#[test]
fn stored_sizes_of_chunks_are_bounded_by_the_file_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    fs::write(&path, CHUNK_SIZE_X).unwrap();
    let error = PcamImages::open(&path, 1 << 20).unwrap_err().to_string();
    let size = CHUNK_SIZE_X.len();
    for part in [
        "x.h5: expected chunks of x within",
        &format!("within the {size} bytes of the file"),
        "stored in 4294967295 bytes",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// Found by damaging files: the patches are said to be a single value, without extents, in chunks.
const SINGLE_VALUE_X: &[u8] = include_bytes!("fixtures/single_value_x.h5");

#[test]
fn a_single_value_is_no_row_of_patches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.h5");
    fs::write(&path, SINGLE_VALUE_X).unwrap();
    let error = PcamImages::open(&path, 1 << 20).unwrap_err().to_string();
    assert!(
        error.contains("x.h5: expected x with a row for each patch, found a single value"),
        "{error}"
    );
}

/// Found by damaging files: the header of the list of chunks asks for 2⁶³ blocks, in a file of a dataset that can grow.
const EXTENSIBLE_Y: &[u8] = include_bytes!("fixtures/extensible_y.h5");

#[test]
fn a_list_of_chunks_of_any_length_is_refused_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("y.h5");
    fs::write(&path, EXTENSIBLE_Y).unwrap();
    let error = file::read_labels(&path).unwrap_err().to_string();
    assert!(
        error.contains("an index by an extensible array") && error.contains("h5repack"),
        "{error}"
    );
}

/// Found by damaging files: pages of the list of chunks have 2ⁿ entries with an n that makes the format's reader panic
/// where arithmetic is checked.
const PAGE_BITS_Y: &[u8] = include_bytes!("fixtures/page_bits_y.h5");

#[test]
fn a_reader_of_hdf5_that_panics_is_an_error_with_the_file_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("y.h5");
    fs::write(&path, PAGE_BITS_Y).unwrap();
    let error = file::read_labels(&path).unwrap_err().to_string();
    assert!(error.contains("y.h5: expected "), "{error}");
}

#[test]
fn a_dataset_that_is_not_there_is_named_with_those_that_are() {
    let read = |names: &[&str]| {
        let mut builder = FileBuilder::new();
        for name in names {
            let dataset = builder.create_dataset(name);
            dataset.with_u8_data(&[0, 1]).with_shape(&[2, 1, 1, 1]);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y.h5");
        fs::write(&path, builder.finish().unwrap()).unwrap();
        file::read_labels(&path)
    };
    assert_eq!(read(&["x", "y"]).unwrap(), [0, 1]);
    for (names, found) in [
        (&["labels", "x"][..], "found no `y`, only `labels`, `x`"),
        (&[], "found no `y`, and no other dataset"),
        (&["a", "b", "c", "d", "e", "f"], "and 2 more"),
    ] {
        let error = read(names).unwrap_err().to_string();
        assert!(
            error.contains("y.h5: expected a dataset `y`, ") && error.contains(found),
            "{error}"
        );
    }
}

#[test]
fn layouts_that_are_not_read_are_named_with_the_way_out() {
    // The message of the layout: version, class (in one piece), address 2048.
    let message = [3, 1, 0, 8, 0, 0, 0, 0, 0, 0];
    let place = CONTIGUOUS_Y
        .windows(message.len())
        .position(|window| window == message)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("y.h5");
    for (version, age) in [(5, "newer"), (1, "older")] {
        let mut bytes = CONTIGUOUS_Y.to_vec();
        bytes[place] = version;
        fs::write(&path, bytes).unwrap();
        let error = file::read_labels(&path).unwrap_err().to_string();
        for part in [
            "expected data in layout 3 or 4",
            "h5repack --low=0 --high=1",
            &format!("found layout {version}, which is {age} than this reader"),
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

/// A folder with a damaged file of images or labels, whole ones otherwise. Reads everything that it says it has.
fn read_damaged(folder: &TempDir, x: &[u8], y: &[u8]) -> Result<usize, DatasetError> {
    write(folder.path(), "test", [x, y]);
    let config = PcamConfig::new(folder.path()).with_chunk_memory_mib(1);
    let images = config.load_split(Split::Test)?.images;
    let mut image = vec![0.0; PATCH];
    for index in 0..images.count() {
        images.try_copy_image(index, &mut image)?;
    }
    Ok(images.count())
}

/// The file with some bytes of its beginning and end changed and perhaps its end cut off. Headers and tables are at the
/// beginning of old files and at the end of new ones.
fn damaged(whole: &[u8], flips: &[(usize, u8)], cut: Option<usize>) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let ends = bytes.len().min(6000);
    for (place, flip) in flips {
        let place = place % ends;
        let place = if place < ends / 2 {
            place
        } else {
            bytes.len() - ends + place
        };
        bytes[place] ^= flip;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut % whole.len());
    }
    bytes
}

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(512)))]

    /// Damaged files give patches or an error that names the file; never a panic, never memory without bounds.
    #[test]
    fn damage_is_an_error_or_patches(
        kind in 0..4,
        flips in prop::collection::vec((any::<usize>(), 1u8..=255), 1..5),
        cut in prop::option::weighted(0.2, any::<usize>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let read = match kind {
            0 => read_damaged(&folder, &damaged(CONTIGUOUS_X, &flips, cut), CONTIGUOUS_Y),
            1 => read_damaged(&folder, CONTIGUOUS_X, &damaged(CONTIGUOUS_Y, &flips, cut)),
            2 => read_damaged(&folder, CONTIGUOUS_X, &damaged(CHUNKED_Y, &flips, cut)),
            _ => {
                let [x, y] = chunked(3, 2, true);
                read_damaged(&folder, &damaged(&x, &flips, cut), &y)
            }
        };
        match read {
            Ok(count) => prop_assert!((1..=4).contains(&count)),
            Err(error) => prop_assert!(error.to_string().contains("camelyonpatch"), "{error}"),
        }
    }
}

#[test]
fn a_folder_in_the_published_layout_is_read() {
    let there = |data: PathBuf| data.join("pcam").is_dir().then_some(data);
    let Some(data) = given("pcam", there) else {
        return;
    };
    let splits = PcamConfig::new(data).load().unwrap();
    println!("{}, {:?}", splits.description, splits.normalisation);
    let parts = [&splits.train, &splits.valid, &splits.test];
    if parts.map(|part| part.count()) != [192, 48, 48] {
        println!("skipped: the folder has other files than the small ones whose sums are known");
        return;
    }
    let tumour = parts.map(|part| part.labels().iter().filter(|label| **label == 1).count());
    assert_eq!(tumour, [96, 24, 24]);
    // Sums of bytes, taken from the files by other means: deflated chunks, plain chunks, one piece.
    for (part, patch, expected) in [
        (0, 100, 5_784_163),
        (0, 191, 5_539_832),
        (1, 20, 4_338_133),
        (2, 5, 4_696_866),
        (2, 47, 4_953_525),
    ] {
        assert_eq!(sum(&parts[part].image(patch)), expected);
    }
    let start = std::time::Instant::now();
    let options = BatchOptions::new(32).with_shuffle(true);
    let batches = BatchLoader::new(splits.train.clone(), options).unwrap();
    let count: usize = batches.map(|batch| batch.labels.len()).sum();
    println!(
        "{count} patches of deflated chunks, shuffled, in {:.2?}",
        start.elapsed()
    );
}
