//! The carried networks: complete cards, files of the promised size, weights that fit.
#![cfg(all(feature = "flex", feature = "zoo"))]

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_models::file::{self, Header};
use gcnn_models::weights::count_trainable;
use gcnn_models::zoo::{self, Network, ZooError};

/// Bytes that one file may have, and all together.
const FILE: usize = 2_000_000;
const TOGETHER: usize = 6_000_000;

#[test]
fn every_network_loads_and_its_card_is_complete() {
    let device = Device::flex().autodiff();
    assert!(zoo::entries().len() > 0);
    for entry in zoo::entries() {
        let trained = zoo::load(entry.name, &device).expect(entry.name);
        let card = trained.card.expect("a card");
        assert_eq!(card.name, entry.name);
        assert_eq!(card.faults(), Vec::<String>::new(), "{}", entry.name);
        assert_eq!(zoo::card(entry.name).expect("the same card"), card);
        let parameters = match &trained.network {
            Network::Images(network) => count_trainable(&network.model),
            Network::Segmentation(network) => count_trainable(&network.model),
            Network::Particles(network) => count_trainable(&network.model),
        };
        assert_eq!(parameters, card.parameters, "{}", entry.name);
    }
}

#[test]
fn files_are_small_and_name_no_place_of_the_machine_that_made_them() {
    let sizes: Vec<usize> = zoo::entries().map(|entry| entry.bytes.len()).collect();
    assert!(sizes.iter().all(|bytes| *bytes <= FILE), "{sizes:?}");
    assert!(sizes.iter().sum::<usize>() <= TOGETHER, "{sizes:?}");
    for entry in zoo::entries() {
        let metadata = Header::read(entry.bytes).expect("metadata").into_texts();
        for (key, text) in &metadata {
            for place in [
                "path = \"/",
                "output = ",
                "/home/",
                "/root/",
                "/tmp/",
                "/work/",
                "C:\\",
            ] {
                assert!(!text.contains(place), "{} {key}: {text}", entry.name);
            }
        }
    }
}

#[test]
fn the_list_is_that_of_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/zoo");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".safetensors")?.to_string()))
        .collect();
    files.sort();
    let names: Vec<&str> = zoo::entries().map(|entry| entry.name).collect();
    assert_eq!(names, files);
}

#[test]
fn a_network_over_c4_classifies_turned_patches_alike() {
    let device = Device::flex();
    let tissue = zoo::classifier("nuclei-c4", &device).expect("a classifier");
    let values: Vec<f32> = (0..4 * 3 * 32 * 32)
        .map(|i| 0.5 + 0.5 * (i as f32 * 0.37).sin() * (i as f32 * 0.0113).cos())
        .collect();
    let patches = Tensor::<4>::from_data(TensorData::new(values, [4, 3, 32, 32]), &device);
    let turned = patches.clone().swap_dims(2, 3).flip([2]);
    let (logits, after) = (tissue.logits(patches), tissue.logits(turned));
    let error = (logits.clone() - after).abs().max().into_scalar::<f32>();
    let size = logits.abs().max().into_scalar::<f32>();
    assert!(size > 0.1 && error < 1e-4 * size, "{error} of {size}");
}

#[test]
fn other_names_and_other_kinds_are_refused() {
    let device = Device::flex();
    let error = zoo::load("nuclei_c4", &device).expect_err("a slip of the pen");
    assert!(
        error.to_string().contains("did you mean `nuclei-c4`?"),
        "{error}"
    );
    let error = zoo::load("", &device).expect_err("no name");
    assert!(matches!(error, ZooError::Unknown { nearest: None, .. }));
    let error = zoo::dynamics("nuclei-c4", &device).expect_err("it is for images");
    assert!(error.to_string().contains("classifies images"), "{error}");
}

#[test]
fn damaged_files_are_refused() {
    let device = Device::flex();
    let whole = zoo::find("nuclei-c4").expect("carried").bytes;
    for bytes in [&whole[..0], &whole[..100], &whole[..whole.len() - 4]] {
        assert!(zoo::Pretrained::read(bytes, &device).is_err());
    }
    // An export is told from what it was made of.
    let exported = [("gcnn.plain".to_string(), "{}".to_string())].into();
    let (arrays, _) = file::from_bytes(whole).expect("whole");
    let bytes = file::to_bytes(&arrays, exported).expect("bytes");
    let error = zoo::Pretrained::read(&bytes, &device).expect_err("an export");
    assert!(error.to_string().contains("an exported network"), "{error}");
    // Another network's arrays under this one's description.
    let (mut arrays, metadata) = file::from_bytes(whole).expect("whole");
    arrays.remove("lifting.weight");
    let bytes = file::to_bytes(&arrays, metadata).expect("bytes");
    let error = zoo::Pretrained::read(&bytes, &device).expect_err("an array is missing");
    assert!(error.to_string().contains("lifting.weight"), "{error}");
}
