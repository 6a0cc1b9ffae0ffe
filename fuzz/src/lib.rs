//! What the fuzz targets share: each gives its bytes to a reader of `gcnn_mutations`, and changes them as libFuzzer does or
//! as `gcnn_mutations` damages files of that format.

use std::cell::OnceCell;

use gcnn_mutations::mutator::damage;
use gcnn_mutations::random::Random;
use gcnn_mutations::readers::Reader;
pub use libfuzzer_sys;

/// A target for the reader of a name.
#[macro_export]
macro_rules! fuzz_reader {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::read($name, bytes));
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8],
                                              size: usize,
                                              most: usize,
                                              seed: u32| {
            $crate::change($name, data, size, most, seed)
        });
    };
}

/// Does something with the reader, which is opened once.
fn with<T>(name: &str, work: impl FnOnce(&Reader) -> T) -> T {
    thread_local! {
        static READER: OnceCell<Reader> = const { OnceCell::new() };
    }
    READER.with(|reader| {
        work(reader.get_or_init(|| {
            // libFuzzer ends the process at every panic, a decoder's too, which is caught and an error like others.
            gcnn_mutations::silence_decoders();
            Reader::open(name).expect("valid files can be made")
        }))
    })
}

/// Reads a file of these bytes; whether it is refused doesn't matter.
pub fn read(name: &str, bytes: &[u8]) {
    with(name, |reader| drop(reader.read(bytes)));
}

/// Changes `size` bytes of `data` to at most `most` others, and says to how many.
pub fn change(name: &str, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    if seed.is_multiple_of(2) {
        return libfuzzer_sys::fuzzer_mutate(data, size, most);
    }
    let damaged = with(name, |reader| {
        let mut random = Random::new(seed.into(), 0);
        let donor = random.one_of(&reader.seeds);
        damage(&mut random, &data[..size], &donor, reader.frame)
    });
    let size = damaged.len().min(most);
    data[..size].copy_from_slice(&damaged[..size]);
    size
}
