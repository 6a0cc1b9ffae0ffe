#![no_main]
gcnn_fuzz::fuzz_reader!("hdf5-labels");
