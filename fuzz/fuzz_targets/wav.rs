#![no_main]
gcnn_fuzz::fuzz_reader!("wav");
