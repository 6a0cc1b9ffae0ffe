//! How much memory reading takes: patches in files are not loaded, and no file can ask for more than it is worth.
//!
//! The allocator counts; tests take turns, so that what one of them takes is its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gcnn_datasets::{
    AudioFolderConfig, BatchLoader, BatchOptions, DatasetError, ImageFolderConfig, ImageSource,
    NucleiConfig, NucleiSource, PcamConfig, Picture, PictureLimits, SegmentationConfig,
    SegmentationSource, Split,
};
use hdf5_pure::FileBuilder;
use image::{GrayImage, RgbImage};

struct Counting;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn take(bytes: usize) {
    let now = TAKEN.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: every request goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static TURN: Mutex<()> = Mutex::new(());

const MIB: usize = 1 << 20;

/// Does something and says how many bytes more than before were in use at most.
fn most_taken<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = TAKEN.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let result = work();
    (result, MOST.load(Ordering::Relaxed).saturating_sub(before))
}

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const PATCH: usize = 96 * 96 * 3;

const CONTIGUOUS_X: &[u8] = include_bytes!("../src/pcam/fixtures/contiguous_x.h5");
const CONTIGUOUS_Y: &[u8] = include_bytes!("../src/pcam/fixtures/contiguous_y.h5");
const CHUNKED_Y: &[u8] = include_bytes!("../src/pcam/fixtures/chunked_y.h5");

fn write_pcam(folder: &Path, split: &str, x: &[u8], y: &[u8]) {
    for (kind, bytes) in [("x", x), ("y", y)] {
        let name = format!("camelyonpatch_level_2_split_{split}_{kind}.h5");
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// PCam's files with so many patches in the published chunks of 32, or in one piece.
fn pcam(folder: &Path, split: &str, count: usize, chunks: bool, deflate: bool) {
    let file = |name: &str, row: [u64; 3], data: &[u8]| {
        let mut builder = FileBuilder::new();
        let dataset = builder.create_dataset(name);
        let shape = [count as u64, row[0], row[1], row[2]];
        dataset.with_u8_data(data).with_shape(&shape);
        if chunks {
            dataset.with_chunks(&[32, row[0], row[1], row[2]]);
        }
        if deflate {
            dataset.with_deflate(1);
        }
        builder.finish().unwrap()
    };
    // Numbers that don't compress to nothing.
    let patches: Vec<u8> = (0..count * PATCH)
        .map(|place| (place as u32).wrapping_mul(2_654_435_761).rotate_left(8) as u8)
        .collect();
    let labels: Vec<u8> = (0..count).map(|patch| (patch % 2) as u8).collect();
    write_pcam(
        folder,
        split,
        &file("x", [96, 96, 3], &patches),
        &file("y", [1, 1, 1], &labels),
    );
}

/// An epoch over 40 MiB of patches takes a fraction of that, and no more over twice as many.
#[test]
fn an_epoch_takes_memory_for_its_batches_alone() {
    let _turn = turn();
    let epoch = |count: usize, chunks: bool, deflate: bool| {
        let folder = tempfile::tempdir().unwrap();
        for (split, count) in [("train", count), ("valid", 32), ("test", 32)] {
            pcam(folder.path(), split, count, chunks, deflate);
        }
        let (seen, most) = most_taken(|| {
            let config = PcamConfig::new(folder.path()).with_chunk_memory_mib(2);
            let splits = config.load().unwrap();
            let options = BatchOptions::new(4).with_shuffle(true);
            let batches = BatchLoader::new(splits.train.clone(), options).unwrap();
            batches.map(|batch| batch.labels.len()).sum::<usize>()
        });
        assert_eq!(seen, count);
        most
    };
    for (chunks, deflate) in [(true, true), (true, false), (false, false)] {
        let one = epoch(768, chunks, deflate);
        let two = epoch(1536, chunks, deflate);
        println!("chunks {chunks}, deflated {deflate}: {one} and {two} bytes");
        assert!(one < 14 * MIB, "{one} bytes for {} of patches", 768 * PATCH);
        assert!(
            two < one + 2 * MIB,
            "{two} bytes for twice as many, {one} before"
        );
    }
}

/// The place of little-endian numbers in a file, which has to be the only one.
fn place_of(file: &[u8], numbers: &[u64]) -> usize {
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let mut places = file.windows(bytes.len()).enumerate();
    let found = places.find(|(_, window)| *window == bytes);
    found.expect("the numbers are in the file").0
}

/// Headers that declare absurd shapes, pieces and chunks are refused by name, and cost nothing.
#[test]
fn absurd_declarations_cost_nothing() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let load = |x: &[u8], y: &[u8]| -> (Result<usize, DatasetError>, usize) {
        write_pcam(folder.path(), "test", x, y);
        most_taken(|| {
            let images = PcamConfig::new(folder.path())
                .load_split(Split::Test)?
                .images;
            let mut image = vec![0.0; PATCH];
            for index in 0..images.count() {
                images.try_copy_image(index, &mut image)?;
            }
            Ok(images.count())
        })
    };
    let (whole, most) = load(CONTIGUOUS_X, CONTIGUOUS_Y);
    assert_eq!(whole.unwrap(), 4);
    assert!(most < MIB, "{most}");

    let shape = place_of(CONTIGUOUS_X, &[4, 96, 96, 3]);
    let labels = place_of(CHUNKED_Y, &[192, 1, 1, 1]);
    for absurd in [u64::MAX, 1 << 62, 1 << 40, 1 << 24, 1 << 20, 5] {
        for axis in 0..4 {
            let mut x = CONTIGUOUS_X.to_vec();
            x[shape + 8 * axis..][..8].copy_from_slice(&absurd.to_le_bytes());
            let (result, most) = load(&x, CONTIGUOUS_Y);
            let error = result.unwrap_err().to_string();
            assert!(error.contains("split_test_x.h5: expected"), "{error}");
            assert!(
                most < 2 * MIB,
                "{most} bytes for {absurd} along axis {axis}"
            );

            let mut y = CHUNKED_Y.to_vec();
            y[labels + 8 * axis..][..8].copy_from_slice(&absurd.to_le_bytes());
            let (result, most) = load(CONTIGUOUS_X, &y);
            let error = result.unwrap_err().to_string();
            assert!(error.contains("split_test_y.h5: expected"), "{error}");
            assert!(
                most < 2 * MIB,
                "{most} bytes for {absurd} labels along axis {axis}"
            );
        }
    }
    // Cut anywhere: an error, or all four patches where what is missing isn't needed.
    for cut in (0..CONTIGUOUS_X.len()).step_by(997) {
        let (result, most) = load(&CONTIGUOUS_X[..cut], CONTIGUOUS_Y);
        let error = result.unwrap_err().to_string();
        assert!(
            error.contains("split_test_x.h5: expected"),
            "{cut}: {error}"
        );
        assert!(most < 2 * MIB, "{most} bytes for a file cut to {cut}");
    }
}

/// A clip whose header declares gigabytes of samples, or a window that is too large, is refused before memory is taken.
#[test]
fn absurd_clips_cost_nothing() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let samples: Vec<u8> = (0..200).collect();
    let of = |declared: u32| {
        let mut file = b"RIFF\xff\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(8_000u32.to_le_bytes());
        file.extend(8_000u32.to_le_bytes());
        file.extend(b"\x01\0\x08\0data");
        file.extend(declared.to_le_bytes());
        file.extend(&samples);
        file
    };
    for name in ["a_0.wav", "a_1.wav", "b_0.wav"] {
        fs::write(folder.path().join(name), of(200)).unwrap();
    }
    let config = AudioFolderConfig::new(folder.path())
        .with_pattern("{class}_{index}.wav")
        .with_window(8_000, 256);
    let load = |config: &AudioFolderConfig| most_taken(|| config.load_split(Split::All));
    let (whole, most) = load(&config);
    assert_eq!(whole.unwrap().images.count(), 3);
    assert!(most < MIB, "{most}");
    for declared in [201, 1 << 20, i32::MAX as u32, u32::MAX - 1, u32::MAX] {
        fs::write(folder.path().join("b_0.wav"), of(declared)).unwrap();
        let (result, most) = load(&config);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("b_0.wav: expected"), "{error}");
        assert!(most < MIB, "{most} bytes for {declared}");
    }
    let (result, most) = load(&config.with_window(8_000, 1 << 22).with_memory_limit_mib(40));
    assert!(
        result
            .unwrap_err()
            .to_string()
            .starts_with("memory_limit_mib")
    );
    assert!(most < MIB, "{most}");
}

/// The bytes of a PNG whose header declares other sides.
fn declaring(png: &[u8], [width, height]: [u32; 2]) -> Vec<u8> {
    let mut bytes = png.to_vec();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    bytes
}

/// A picture in a folder, or a tissue image, that declares more pixels than are taken is refused before they are.
#[test]
fn pictures_that_declare_too_much_cost_nothing() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let encoded = |format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        RgbImage::new(40, 40).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let png = encoded(image::ImageFormat::Png);
    let mut jpeg = encoded(image::ImageFormat::Jpeg);
    // The frame's header: marker, length, precision, height and width.
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xfa, 0xff, 0xfa]);
    let pictures = [
        ("1.png", declaring(&png, [u32::MAX / 2, 40])),
        ("1.png", declaring(&png, [1 << 16, 1 << 16])),
        ("1.jpg", jpeg),
    ];
    for (name, bytes) in &pictures {
        let data = folder.path().join("folder");
        for split in ["train", "valid", "test"] {
            let class = data.join(split).join("a");
            fs::create_dir_all(&class).unwrap();
            RgbImage::new(40, 40).save(class.join("0.png")).unwrap();
        }
        let file = data.join("valid/a").join(name);
        fs::write(&file, bytes).unwrap();
        let (result, most) = most_taken(|| ImageFolderConfig::new(&data).load());
        let error = result.unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        assert!(most < 2 * MIB, "{most} bytes for {name}");
        fs::remove_file(file).unwrap();
    }

    let data = folder.path().join("tissue");
    fs::create_dir_all(&data).unwrap();
    for (name, bytes) in &pictures[..2] {
        let labels = GrayImage::from_fn(40, 40, |x, _| image::Luma([u8::from(x > 20)]));
        labels.save(data.join("1_labels.png")).unwrap();
        fs::write(data.join("1.png"), bytes).unwrap();
        let config = NucleiConfig::new(NucleiSource::Folder).with_path(&data);
        let (result, most) = most_taken(|| config.load_split(Split::All));
        let error = result.unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        assert!(most < 2 * MIB, "{most} bytes for {name}");
        fs::write(data.join("1.png"), &png).unwrap();
        fs::write(data.join("1_labels.png"), bytes).unwrap();
        let (result, most) = most_taken(|| config.load_split(Split::All));
        let error = result.unwrap_err().to_string();
        assert!(error.contains("1_labels.png"), "{error}");
        assert!(most < 2 * MIB, "{most} bytes for labels");
    }
}

/// Images and masks that declare more together than is taken, or masks of another size, are refused before they are.
#[test]
fn scenes_that_declare_too_much_cost_nothing() {
    let _turn = turn();
    let folder = tempfile::tempdir().unwrap();
    let grey = || {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mask = GrayImage::new(40, 40);
        mask.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let config = SegmentationConfig::new(SegmentationSource::Folder).with_path(folder.path());
    let refused = |image: [u32; 2], mask: [u32; 2], expected: &str| {
        for number in 0..3 {
            let place = |end: &str| folder.path().join(format!("{number}{end}"));
            fs::write(place(".png"), declaring(&grey(), image)).unwrap();
            fs::write(place("_labels.png"), declaring(&grey(), mask)).unwrap();
        }
        let (result, most) = most_taken(|| config.load_split(Split::All));
        let error = result.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(most < 2 * MIB, "{most} bytes for {image:?} and {mask:?}");
    };
    let large = [1 << 15, 1 << 14];
    refused(large, large, "expected images of at most 8192 MiB together");
    refused(
        large,
        [40, 40],
        "0_labels.png: expected a mask of 16384 × 32768",
    );
    refused([40, 40], large, "0_labels.png: expected a mask of 40 × 40");
    refused([40, 40], [40, u32::MAX / 2], "at most 32768 pixels a side");
}

/// A colour profile and a text that unpack to a thousand times their size are not unpacked.
#[test]
fn what_lies_beside_the_pixels_of_a_png_costs_nothing() {
    let _turn = turn();
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = RgbImage::new(16, 16);
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut zlib, &vec![0; 64 * MIB]).unwrap();
    let packed = zlib.finish().unwrap();
    // Behind the header: 8 bytes of signature, 25 of header.
    let mut bytes = png[..33].to_vec();
    for kind in [b"iCCP", b"zTXt"] {
        let content = [&kind[..], b"x\0\0", &packed].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&content);
        bytes.extend((content.len() as u32 - 4).to_be_bytes());
        bytes.extend(&content);
        bytes.extend(sum.sum().to_be_bytes());
    }
    bytes.extend(&png[33..]);
    let name = Path::new("profile.png");
    let (read, most) = most_taken(|| Picture::from_bytes(&bytes, name, &PictureLimits::SLIDE));
    assert_eq!(read.unwrap().size(), [16, 16]);
    assert!(most < MIB, "{most} bytes");
}
