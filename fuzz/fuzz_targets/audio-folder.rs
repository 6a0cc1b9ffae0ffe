#![no_main]
gcnn_fuzz::fuzz_reader!("audio-folder");
