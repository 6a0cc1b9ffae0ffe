#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gcnn_fuzz::read("hdf5-labels", bytes));
