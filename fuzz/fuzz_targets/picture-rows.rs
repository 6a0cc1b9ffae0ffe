#![no_main]
gcnn_fuzz::fuzz_reader!("picture-rows");
