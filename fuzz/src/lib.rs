//! What the fuzz targets share: each gives its bytes to a reader of `gcnn_mutations`.

use std::cell::OnceCell;

use gcnn_mutations::readers::Reader;

/// Reads a file of these bytes; whether it is refused doesn't matter.
pub fn read(name: &str, bytes: &[u8]) {
    thread_local! {
        static READER: OnceCell<Reader> = const { OnceCell::new() };
    }
    READER.with(|reader| {
        let reader = reader.get_or_init(|| Reader::open(name).expect("valid files can be made"));
        let _ = reader.read(bytes);
    });
}
